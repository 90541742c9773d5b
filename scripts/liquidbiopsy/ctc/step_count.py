"""Step `count` of one specimen: cells and frame quality in, observations and quality out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import OBSERVATIONS, QUALITY
from liquidbiopsy.ctc.count import observe, quality_rows

Paths = Mapping[str, str]


def count_specimen(
    inputs: Paths,
    specimen: Mapping[str, Any],
    settings: Mapping[str, Any],
    reviews: Sequence[Mapping[str, Any]],
    code: str,
    outputs: Paths,
) -> None:
    """Write what a specimen says, and how good it is.

    Parameters
    ----------
    inputs : dict
        Paths of `cells`, `images` and `frames`.
    specimen : dict
        Its row of specimens.tsv.
    settings : dict
        `max_lost_frames`, `controls` and `markers`.
    reviews : list of dict
        Its rows of reviews.tsv.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `observations` and `quality`.
    """
    cells = read_table(inputs["cells"])
    images = read_table(inputs["images"]).to_pylist()
    files = {f"{name}.parquet": path for name, path in inputs.items()}
    made = Provenance(code, {**settings, "specimen": dict(specimen)}, checksums(files))
    rows = [o.row(specimen) for o in observe(cells, images, specimen, settings)]
    write_table(table_of(rows, OBSERVATIONS), outputs["observations"], OBSERVATIONS, made)
    own = quality_rows(cells, images, reviews, specimen["specimen_id"], settings)
    frames = read_table(inputs["frames"]).replace_schema_metadata(None)
    quality = pa.concat_tables([table_of(own, QUALITY), frames.cast(QUALITY.schema)])
    write_table(quality, outputs["quality"], QUALITY, made)
