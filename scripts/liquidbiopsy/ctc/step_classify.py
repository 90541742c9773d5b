"""Step `classify` of one specimen: its events in, cells with their calls out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liquidbiopsy.core.parquet import read_table, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.ctc.classify import cells_table, classify


def classify_specimen(
    inputs: Mapping[str, str],
    gates: Sequence[Mapping[str, str]],
    markers: Mapping[str, Mapping[str, Any]],
    reviews: Sequence[Mapping[str, Any]],
    code: str,
    output: str,
) -> None:
    """Call the events of a specimen; `inputs` has `objects`."""
    objects = read_table(inputs["objects"])
    suffix = "_snr"
    present = [n.removesuffix(suffix) for n in objects.column_names if n.endswith(suffix)]
    cells = classify(objects, gates, markers, reviews)
    settings = {"gates": list(gates), "markers": dict(markers), "reviews": list(reviews)}
    made = Provenance(code, settings, checksums({"objects.parquet": inputs["objects"]}))
    write_table(cells, output, cells_table(present), made)
