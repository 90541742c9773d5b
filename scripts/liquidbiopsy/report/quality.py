"""How well specimens came out, in a line each: what was lost of them, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from liquidbiopsy.core.words import number, plain
from liquidbiopsy.report.statements import unit_words

SIMULATED, FRAMES, FRAMES_LOST = "simulated", "frames", "frames_lost"
IN_COLUMNS = (SIMULATED, FRAMES, FRAMES_LOST)
NAMED = 6
"""Simulated specimens are named where they are not more than this."""
FEW = 3
"""A metric with no more items than this is shown by value, one with more by how many failed."""
COLUMNS = ("specimen_id", "item", "metric", "value", "unit", "limit", "passed")


@dataclass
class Check:
    """One metric over the items of a specimen."""

    metric: str
    unit: str | None
    limit: float | None
    items: int = 0
    failed: int = 0
    bounded: bool = False
    """Whether a bound was held against it."""
    total: float = 0.0
    """Sum of the values."""
    first: list[tuple[str, float | None]] = field(default_factory=list)
    """The first `FEW` items and their values, those that failed before the others."""

    @property
    def words(self) -> str:
        """The metric in a clause: `Focus: 12 of 96 below the bound of 0.12`."""
        unit = unit_words(self.unit)
        bound = "" if self.limit is None else f" (bound {number(self.limit)} {unit}".rstrip() + ")"
        if self.items <= FEW:
            shown = ", ".join(f"{number(value)} {unit}".rstrip() for _, value in self.first)
            return f"{plain(self.metric)} {shown}{bound}"
        return f"{plain(self.metric)}: {self.failed} of {self.items} out of bounds{bound}"


@dataclass
class Summary:
    """The quality of one specimen."""

    specimen_id: str
    assay: str
    checks: dict[str, Check] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)
    """Items that some bound was held against."""
    lost: set[str] = field(default_factory=set)
    """Items that did not meet it."""
    images_named: set[str] = field(default_factory=set)
    """Items that frames were counted of."""

    @property
    def simulated(self) -> bool:
        """Whether the data say that they are."""
        return SIMULATED in self.checks and self.checks[SIMULATED].total > 0

    @property
    def images(self) -> int | None:
        """Images, where the assay counts frames."""
        return self.checks[FRAMES].items if FRAMES in self.checks else None

    @property
    def frames(self) -> float:
        """Frames that there should be, or items checked where the assay has no frames."""
        return self.checks[FRAMES].total if FRAMES in self.checks else len(self.checked)

    @property
    def frames_lost(self) -> float:
        """Frames lost, or items that did not meet a bound."""
        return self.checks[FRAMES_LOST].total if FRAMES_LOST in self.checks else len(self.lost)

    @property
    def flags(self) -> list[Check]:
        """Metrics that did not meet their bound somewhere, the most often first."""
        found = [c for c in self._told() if c.failed]
        return sorted(found, key=lambda c: (-c.failed, c.metric))

    @property
    def facts(self) -> list[Check]:
        """Metrics without a bound of the specimen or of its few images, not those of a frame."""
        wholes = {self.specimen_id, *self.images_named}
        found = [c for c in self._told() if not c.bounded and c.items <= FEW]
        return [c for c in found if all(item in wholes for item, _ in c.first)]

    def _told(self) -> list[Check]:
        """Metrics that have no column of their own, by name."""
        return [c for name, c in sorted(self.checks.items()) if name not in IN_COLUMNS]


def summarise(path: str | Path) -> dict[str, Summary]:
    """Each specimen's quality, from a report's `quality.parquet`, read a batch at a time."""
    summaries: dict[str, Summary] = {}
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["assay", *COLUMNS]):
            columns = batch.to_pydict()
            rows = zip(columns["assay"], *(columns[name] for name in COLUMNS), strict=True)
            for assay, specimen, *measured in rows:
                if specimen not in summaries:
                    summaries[specimen] = Summary(specimen, assay)
                _add(summaries[specimen], *measured)
    return summaries


def _add(
    summary: Summary,
    item: str,
    metric: str,
    value: float | None,
    unit: str | None,
    limit: float | None,
    passed: bool | None,
) -> None:
    """Add one row of quality to the summary of its specimen."""
    check = summary.checks.setdefault(metric, Check(metric, unit, limit))
    check.items += 1
    check.total += value or 0.0
    if passed is False:
        check.failed += 1
        summary.lost.add(item)
        check.first.insert(min(check.failed - 1, FEW), (item, value))
    else:
        check.first.append((item, value))
    del check.first[FEW:]
    if passed is not None:
        check.bounded = True
        summary.checked.add(item)
    if metric == FRAMES:
        summary.images_named.add(item)


def simulated_words(summaries: Sequence[Summary]) -> str:
    """What a page's banner says of simulated specimens; blank where there is none."""
    return told_simulated([s.specimen_id for s in summaries if s.simulated], len(summaries))


def told_simulated(simulated: Sequence[str], specimens: int) -> str:
    """The same, of the names of simulated specimens and the number of all."""
    if not simulated:
        return ""
    if len(simulated) == specimens:
        return "the specimens on this page were made by a simulator, none is from a person"
    which = ", ".join(sorted(simulated)) if len(simulated) <= NAMED else str(len(simulated))
    return f"{which} of {specimens} specimens were made by a simulator"
