"""What a patient's timeline shows: a line an analyte, and of variants a line a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.tables import MEASURED
from liquidbiopsy.report.colours import CLONES
from liquidbiopsy.report.sections import Latest, latest_of, timeline_of
from liquidbiopsy.report.statements import Statement

MOST_TARGETS = 8


@dataclass(frozen=True)
class Line:
    """One analyte of an assay over the days."""

    key: str
    """Its identifier on the page."""
    title: str
    scale: str
    """`log` or `linear`."""
    statements: list[Statement]
    colours: dict[str, str] | None = None
    """Target -> its colour, where the analyte is of targets."""
    others: int = 0
    """Further targets, that are not drawn."""

    @property
    def latest(self) -> Latest:
        """The newest result, where there is one line alone."""
        return latest_of(self.statements)


def lines_of(
    statements: Sequence[Statement], assays: Mapping[str, Mapping[str, Any]]
) -> list[Line]:
    """Lines that have a statement, as the assays declare them.

    Of targets those that were measured at least once are drawn, the highest first, a few at most.
    """
    found = []
    for assay, declared in assays.items():
        for line in declared["timeline"]:
            mine = timeline_of(statements, assay, line["analyte"])
            key = f"{assay}-{line['analyte']}"
            found.append(Line(key, line["title"], line["scale"], mine))
        for line in declared["targets"]:
            found.append(_of_targets(statements, assay, line))
    return [line for line in found if line.statements]


def _of_targets(statements: Sequence[Statement], assay: str, line: Mapping[str, Any]) -> Line:
    mine = [
        s
        for s in statements
        if (s.row["assay"], s.row["analyte"]) == (assay, line["analyte"]) and s.row["target"]
    ]
    highest: dict[str, float] = {}
    for s in mine:
        if s.row["status"] == MEASURED:
            value = float(s.row["value"] or 0)
            highest[s.row["target"]] = max(value, highest.get(s.row["target"], 0.0))
    ranked = sorted(highest, key=lambda target: (-highest[target], target))
    drawn = sorted(ranked[:MOST_TARGETS])
    return Line(
        key=f"{assay}-{line['analyte']}",
        title=line["title"],
        scale=line["scale"],
        statements=[s for s in mine if s.row["target"] in drawn],
        colours=dict(zip(drawn, CLONES, strict=False)),
        others=len(ranked) - len(drawn),
    )
