"""Step `classify` of one specimen: its stained objects in, cells with their calls out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liquidbiopsy.core.parquet import read_table, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.dtc.classify import classify
from liquidbiopsy.dtc.tables import CELLS


def classify_specimen(
    inputs: Mapping[str, str],
    gates: Sequence[Mapping[str, str]],
    reviews: Sequence[Mapping[str, Any]],
    code: str,
    output: str,
) -> None:
    """Call the stained objects of a specimen; `inputs` has `objects`."""
    cells = classify(read_table(inputs["objects"]), gates, reviews)
    settings = {"gates": list(gates), "reviews": list(reviews)}
    made = Provenance(code, settings, checksums({"objects.parquet": inputs["objects"]}))
    write_table(cells, output, CELLS, made)
