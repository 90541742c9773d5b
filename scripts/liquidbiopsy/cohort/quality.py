"""The quality of a run on one page: what failed first, then each assay's specimens by metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liquidbiopsy import __version__
from liquidbiopsy.cohort.measured import Measured, Specimen, read_measured
from liquidbiopsy.cohort.multiqc import write_multiqc
from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.pages import render
from liquidbiopsy.core.tables import PROBLEMS
from liquidbiopsy.core.words import number, plain
from liquidbiopsy.report.quality import FRAMES, FRAMES_LOST, SIMULATED, told_simulated
from liquidbiopsy.report.statements import unit_words, with_unit

TEMPLATES = Path(__file__).with_name("templates")
WIDE = 10
"""Measurements without a limit in one table: what fits a page."""
IN_COLUMNS = (SIMULATED, FRAMES, FRAMES_LOST)
"""Metrics that the page tells elsewhere than in a column of their own."""
OUTSIDE = "outside"
RANKS = (*PROBLEMS, OUTSIDE, "")
"""What a specimen comes to, the worst first: a status, a metric outside its limit, neither."""


@dataclass(frozen=True)
class Cell:
    """One metric of one specimen in words."""

    text: str
    outside: str = ""
    """How many items are outside the limit, or blank."""


@dataclass(frozen=True)
class Head:
    """A column: a metric and the limit that all specimens share, in words."""

    metric: str
    limit: str


@dataclass(frozen=True)
class Row:
    """A specimen on the page."""

    sheet: Mapping[str, Any]
    """Its row of specimens.tsv."""
    known: Specimen
    rank: str
    cells: Sequence[Cell]
    """A cell for each head of `Section.heads`."""
    others: Sequence[Cell]
    """A cell for each head of `Section.others`."""
    lost: Cell
    reasons: Sequence[str]
    """Why it failed or is inadequate."""


@dataclass(frozen=True)
class Section:
    """An assay: its specimens by the metrics that have a limit, and by those that have none."""

    name: str
    title: str
    pictures: bool
    heads: Sequence[Head]
    others: Sequence[Head]
    rows: Sequence[Row]

    def count(self, rank: str) -> int:
        """How many specimens come to this."""
        return sum(row.rank == rank for row in self.rows)

    @property
    def lost(self) -> float:
        """Frames, or items, lost of all its specimens."""
        return sum(row.known.lost for row in self.rows)

    @property
    def of(self) -> float:
        """Frames, or items, of all its specimens."""
        return sum(row.known.of for row in self.rows)


def write_quality(
    cohort: Path,
    page: Path,
    multiqc: Path,
    specimens: Sequence[Mapping[str, Any]],
    assays: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> None:
    """Write the page, and the same numbers for MultiQC.

    Parameters
    ----------
    cohort : Path
        Folder with `report.parquet` and, where an assay has one, `quality.parquet`.
    page, multiqc : Path
        Where the page goes; folder for the files that MultiQC reads.
    specimens : sequence of mapping
        Rows of specimens.tsv.
    assays : mapping
        Assay -> what it declares: `title`, `tables`, `pictures`.
    settings : mapping
        The settings' `report`.
    """
    tables = {table for declared in assays.values() for table in declared["tables"]}
    quality = cohort / "quality.parquet" if "quality" in tables else None
    known = read_measured(cohort / "report.parquet", quality)
    of_all = {s["specimen_id"]: known.get(s["specimen_id"], Specimen()) for s in specimens}
    write_text(page, quality_page(specimens, of_all, assays, settings))
    write_multiqc(multiqc, specimens, of_all, assays)


def quality_page(
    specimens: Sequence[Mapping[str, Any]],
    known: Mapping[str, Specimen],
    assays: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> str:
    """The page over all specimens; see `write_quality`."""
    sections = [section(name, assays[name], specimens, known) for name in assays]
    rows = [row for part in sections for row in part.rows]
    bad = sorted((r for r in rows if r.rank in PROBLEMS), key=lambda r: RANKS.index(r.rank))
    return render(
        TEMPLATES,
        "quality.html.j2",
        version=__version__,
        simulated=told_simulated(
            [name for name, of in known.items() if of.simulated], len(specimens)
        ),
        facility=settings["facility"],
        sections=sections,
        specimens=len(specimens),
        patients=len({row["patient_id"] for row in specimens}),
        counts={rank: sum(row.rank == rank for row in rows) for rank in RANKS},
        bad=bad,
        wide=WIDE,
        titles={name: declared["title"] for name, declared in assays.items()},
    )


def section(
    name: str,
    declared: Mapping[str, Any],
    specimens: Sequence[Mapping[str, Any]],
    known: Mapping[str, Specimen],
) -> Section:
    """One assay of the page; specimens and metrics with something amiss come first."""
    mine = [(s, known[s["specimen_id"]]) for s in specimens if s["assay"] == name]
    bounded = {m.metric for _, of in mine for m in of.metrics.values() if m.bounded}
    seen = {metric for _, of in mine for metric in of.metrics}
    amiss = {metric for _, of in mine for metric in of.outside}
    metrics = sorted(bounded.difference(IN_COLUMNS), key=lambda m: (m not in amiss, m))
    others = sorted(seen - bounded.union(IN_COLUMNS))
    heads = [_head(metric, [of for _, of in mine]) for metric in metrics]
    rows = [
        Row(
            sheet=sheet,
            known=of,
            rank=of.status or (OUTSIDE if of.outside else ""),
            cells=[_cell(of.metrics.get(h.metric), bool(h.limit)) for h in heads],
            others=[_cell(of.metrics.get(metric), True) for metric in others],
            lost=_lost(of),
            reasons=list(told_problems(of)),
        )
        for sheet, of in mine
    ]
    rows.sort(key=lambda row: (RANKS.index(row.rank), row.sheet["specimen_id"]))
    titles = [Head(metric, "") for metric in others]
    return Section(name, declared["title"], declared["pictures"], heads, titles, rows)


def _head(metric: str, known: Sequence[Specimen]) -> Head:
    """The column of a metric, with its limit where all specimens have the same."""
    found = [of.metrics[metric] for of in known if metric in of.metrics]
    limits = {limit for m in found for limit in (m.limit_low, m.limit_high)}
    units = {m.unit for m in found}
    if len(limits) != 1 or len(units) != 1 or None in limits:
        return Head(metric, "")
    return Head(metric, with_unit(limits.pop(), units.pop()))


def _cell(measured: Measured | None, limit_is_told: bool) -> Cell:
    """A metric in words: its value, or the range over its items; the limit where no head has it."""
    if measured is None:
        return Cell("")
    m = measured
    if m.bounded and m.limit_low is None and {m.low, m.high} <= {0.0, 1.0}:  # whether, not how much
        return Cell("Yes" if m.low else "No" if not m.high else "Not all", _outside(m))
    text = number(m.low) if m.low == m.high else f"{number(m.low)} to {number(m.high)}"
    text = f"{text} {unit_words(m.unit)}".rstrip()
    if not limit_is_told and m.limit_low is not None:
        text += f" (limit {'–'.join(dict.fromkeys(map(number, (m.limit_low, m.limit_high))))})"
    return Cell(text, _outside(m))


def _lost(of: Specimen) -> Cell:
    """Frames or items lost of those that there are."""
    if not of.of:
        return Cell("")
    frames = of.metrics.get(FRAMES_LOST)
    return Cell(f"{number(of.lost)} of {number(of.of)}", _outside(frames) if frames else "")


def _outside(measured: Measured) -> str:
    if not measured.outside:
        return ""
    if measured.bounded == 1:
        return OUTSIDE
    return f"{measured.outside} of {number(float(measured.bounded))} {OUTSIDE}"


def told_problems(known: Specimen) -> Iterator[str]:
    """Reasons in words, the failed first, with how many statements each is of."""
    problems = sorted(known.problems.items(), key=lambda p: (PROBLEMS.index(p[0][0]), -p[1], p[0]))
    for (status, reason), count in problems:
        told = plain(status) if status != known.status else ""
        if count < known.statements:
            share = f"{count} of {known.statements} statements"
            told = f"{told}, {share}" if told else share
        yield ": ".join(part for part in (told, reason) if part) or "No reason is given"
