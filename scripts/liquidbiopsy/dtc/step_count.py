"""Step `count` of one specimen: cells, slides and tiles in, observations and quality out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.reviews import review_quality
from liquidbiopsy.core.tables import OBSERVATIONS, QUALITY
from liquidbiopsy.dtc.count import Isotype, judge_isotype, mnc_evaluated, observe
from liquidbiopsy.dtc.tables import ISOTYPE, STAINED

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
        Paths of `cells`, `slides` and `tiles`.
    specimen : dict
        Its row of specimens.tsv.
    settings : dict
        `min_mnc` and the section `isotype`.
    reviews : list of dict
        Its rows of reviews.tsv.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `observations` and `quality`.
    """
    cells = read_table(inputs["cells"])
    slides = read_table(inputs["slides"]).to_pylist()
    files = {f"{name}.parquet": path for name, path in inputs.items()}
    made = Provenance(code, {**settings, "specimen": dict(specimen)}, checksums(files))
    rows = [o.row(specimen) for o in observe(cells, slides, settings)]
    write_table(table_of(rows, OBSERVATIONS), outputs["observations"], OBSERVATIONS, made)
    controls = [s for s in slides if s["role"] == ISOTYPE]
    isotype = judge_isotype(cells, controls, settings["isotype"])
    own = _quality(slides, isotype, settings["min_mnc"]) + review_quality(cells, reviews)
    own = [{"specimen_id": specimen["specimen_id"], **row} for row in own]
    tiles = read_table(inputs["tiles"]).replace_schema_metadata(None)
    quality = pa.concat_tables([table_of(own, QUALITY), tiles.cast(QUALITY.schema)])
    write_table(quality, outputs["quality"], QUALITY, made)


def _quality(
    slides: Sequence[Mapping[str, Any]], isotype: Isotype, min_mnc: int
) -> list[dict[str, Any]]:
    """Quality rows of the specimen as a whole, beside those of its slides and tiles."""
    read = [s for s in slides if s["role"] == STAINED and s["mnc"] is not None]
    total = mnc_evaluated(read).value if read else None
    cells = {"item": "specimen", "metric": "mnc_evaluated", "value": total, "unit": "{cells}"}
    clear = None if isotype.clear is None else float(isotype.clear)
    return [
        {**cells, "limit": float(min_mnc), "passed": total is not None and total >= min_mnc},
        {
            "item": ISOTYPE,
            "metric": "isotype_clear",
            "value": clear,
            "unit": "1",
            "passed": isotype.clear,
        },
    ]
