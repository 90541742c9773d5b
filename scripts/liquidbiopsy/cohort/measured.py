"""How well every specimen of a run came out: each metric over its items, and what was lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from liquidbiopsy.core.tables import PROBLEMS
from liquidbiopsy.report.quality import FRAMES, FRAMES_LOST, SIMULATED

COLUMNS = ["specimen_id", "item", "metric", "value", "unit", "limit", "passed"]
BY_METRIC = ["specimen_id", "metric"]
BY_ITEM = ["specimen_id", "item"]
MERGE = {
    "items": "sum", "values": "sum", "total": "sum", "low": "min", "high": "max", "unit": "first",
    "limit_low": "min", "limit_high": "max", "bounded": "sum", "outside": "sum",
}  # fmt: skip
"""Column of what is known of a metric -> how it is put together from the batches of a table."""


@dataclass(frozen=True)
class Measured:
    """One metric over the items of a specimen: its frames, tiles, libraries or cells."""

    metric: str
    unit: str | None
    items: int
    """Items that it was measured of."""
    values: int
    """Items that have a value."""
    total: float | None
    """Sum of the values, in `unit`, as `low` and `high` are."""
    low: float | None
    high: float | None
    limit_low: float | None
    """Least and greatest limit that the items were held against; None where there is none."""
    limit_high: float | None
    bounded: int
    """Items that were held against a bound."""
    outside: int
    """Items that did not meet it."""

    @property
    def mean(self) -> float | None:
        """Mean over the items that have a value."""
        return self.total / self.values if self.values and self.total is not None else None


@dataclass
class Specimen:
    """What is known of the quality of one specimen."""

    metrics: dict[str, Measured] = field(default_factory=dict)
    checked: int = 0
    """Items that some bound was held against."""
    failed: int = 0
    """Items that did not meet one."""
    statements: int = 0
    problems: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    """(status, reason) -> statements that failed or are inadequate for it."""

    @property
    def status(self) -> str:
        """`failed` or `inadequate`, where a statement is; blank where none is."""
        found = {status for status, _ in self.problems}
        return next((status for status in PROBLEMS if status in found), "")

    @property
    def simulated(self) -> bool:
        """Whether the data say that they are."""
        said = self.metrics.get(SIMULATED)
        return said is not None and (said.high or 0) > 0

    @property
    def of(self) -> float:
        """Frames that there should be, or items that a bound was held against."""
        frames = self.metrics.get(FRAMES)
        return (frames.total or 0.0) if frames else float(self.checked)

    @property
    def lost(self) -> float:
        """Frames lost, or items that did not meet a bound."""
        lost = self.metrics.get(FRAMES_LOST)
        return (lost.total or 0.0) if lost else float(self.failed)

    @property
    def outside(self) -> list[str]:
        """Metrics that some item did not meet."""
        return [name for name, m in self.metrics.items() if m.outside]


def read_measured(report: Path, quality: Path | None) -> dict[str, Specimen]:
    """Every specimen that a table speaks of; batches are read one by one.

    Parameters
    ----------
    report, quality : Path
        `report.parquet` and `quality.parquet` over all patients; None where no assay has a table
        of quality.

    Returns
    -------
    dict
        specimen_id -> what is known of it.
    """
    specimens: dict[str, Specimen] = defaultdict(Specimen)
    if quality is not None:
        _add_quality(specimens, quality)
    with pq.ParquetFile(report) as file:
        for batch in file.iter_batches(columns=["specimen_id", "status", "reason"]):
            told = pa.table(batch).group_by(["specimen_id", "status", "reason"])
            for row in told.aggregate([([], "count_all")]).to_pylist():
                specimen = specimens[row["specimen_id"]]
                specimen.statements += row["count_all"]
                if row["status"] in PROBLEMS:
                    key = (row["status"], row["reason"] or "")
                    specimen.problems[key] += row["count_all"]
    return dict(specimens)


def _add_quality(specimens: dict[str, Specimen], path: Path) -> None:
    """Add the metrics and the counts of items of a table of quality."""
    parts: list[pa.Table] = []
    for table in _whole_items(path):
        parts.append(_of_metrics(table))
        for row in _of_items(table).to_pylist():
            specimen = specimens[row["specimen_id"]]
            specimen.checked += row["checked"]
            specimen.failed += row["failed"]
    if not parts:
        return
    grouped = pa.concat_tables(parts).group_by(BY_METRIC, use_threads=False)
    merged = grouped.aggregate(list(MERGE.items()))
    names = {f"{name}_{how}": name for name, how in MERGE.items()}
    merged = merged.rename_columns([names.get(name, name) for name in merged.column_names])
    for row in merged.sort_by("metric").to_pylist():
        specimen = specimens[row.pop("specimen_id")]
        specimen.metrics[row["metric"]] = Measured(**row)


def _whole_items(path: Path) -> Iterator[pa.Table]:
    """The rows in parts that do not cut an item in two; the rows of an item follow each other."""
    kept: pa.Table | None = None
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=COLUMNS):
            table = pa.table(batch) if kept is None else pa.concat_tables([kept, pa.table(batch)])
            if not table.num_rows:
                continue
            last = table.slice(table.num_rows - 1).select(BY_ITEM).to_pylist()[0]
            of_last = pc.and_(*(pc.equal(table[name], last[name]) for name in BY_ITEM))
            kept = table.filter(of_last)
            yield table.filter(pc.invert(of_last))
    if kept is not None:
        yield kept


def _of_metrics(table: pa.Table) -> pa.Table:
    """Each metric of each specimen, in the columns of `MERGE`."""
    failed = pc.equal(table["passed"], False).cast(pa.int64())
    grouped = table.append_column("failed", failed).group_by(BY_METRIC, use_threads=False)
    asked = {
        "items": ("metric", "count"), "values": ("value", "count"), "total": ("value", "sum"),
        "low": ("value", "min"), "high": ("value", "max"), "unit": ("unit", "first"),
        "limit_low": ("limit", "min"), "limit_high": ("limit", "max"),
        "bounded": ("passed", "count"), "outside": ("failed", "sum"),
    }  # fmt: skip
    found = grouped.aggregate(list(asked.values()))
    columns = {name: found["_".join(how)] for name, how in asked.items()}
    columns["outside"] = pc.fill_null(columns["outside"], 0)  # where nothing was bounded
    return pa.table({**{name: found[name] for name in BY_METRIC}, **columns})


def _of_items(table: pa.Table) -> pa.Table:
    """How many items of each specimen were held against a bound, and how many did not meet one."""
    bounded = table.filter(pc.is_valid(table["passed"]))
    items = bounded.group_by(BY_ITEM).aggregate([("passed", "min")])
    failed = pc.invert(items["passed_min"]).cast(pa.int64())
    of_specimens = items.append_column("failed", failed).group_by("specimen_id")
    found = of_specimens.aggregate([("item", "count"), ("failed", "sum")])
    return found.rename_columns(
        [{"item_count": "checked", "failed_sum": "failed"}.get(n, n) for n in found.column_names]
    )
