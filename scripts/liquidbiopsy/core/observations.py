"""Observations: what a specimen says, one statement a row, in the same form for every assay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from liquidbiopsy.core.intervals import exact_poisson
from liquidbiopsy.core.tables import FAILED, MEASURED


@dataclass(frozen=True)
class Observation:
    """One statement; docs/tables.md describes the fields."""

    analyte: str
    status: str = MEASURED
    target: str | None = None
    value: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    lod: float | None = None
    unit: str | None = None
    ci_method: str | None = None
    count: float | None = None
    denominator: float | None = None
    reason: str | None = None
    source_table: str | None = None
    source_id: str | None = None

    def row(self, specimen: Mapping[str, Any]) -> dict[str, Any]:
        """The statement with the specimen it is about (a row of specimens.tsv)."""
        keys = ("patient_id", "specimen_id", "assay", "visit", "day")
        return {**{k: specimen[k] for k in keys}, **asdict(self)}


def count_over_volume(
    analyte: str,
    count: int,
    volume_ml: float | None,
    *,
    status: str = MEASURED,
    reason: str | None = None,
    target: str | None = None,
) -> Observation:
    """A count of cells beside the volume it stands over; the count is never rescaled.

    `value` is the raw count, since published cut-offs are counts in a stated volume.
    """
    low, high = exact_poisson(count)
    return Observation(
        analyte=analyte,
        target=target,
        status=status,
        value=float(count),
        ci_low=low,
        ci_high=high,
        unit="{cells}",
        ci_method="exact_poisson",
        count=float(count),
        denominator=volume_ml,
        reason=reason,
        source_table="cells",
    )


def failed(analyte: str, reason: str, target: str | None = None) -> Observation:
    """A statement that could not be made, and why."""
    return Observation(analyte=analyte, target=target, status=FAILED, reason=reason)
