"""The summary of a patient's page: what changed, what is beyond a cut-off, what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.report.change import Change, change
from liquidbiopsy.report.decisions import INDETERMINATE
from liquidbiopsy.report.quality import Summary
from liquidbiopsy.report.sections import Latest, Marker, latest_markers, latest_of
from liquidbiopsy.report.statements import Statement
from liquidbiopsy.report.timeline import Panel

MOST_TARGETS, MOST_PROBLEMS = 2, 3
"""Targets of one analyte, and failures, that the summary shows; the sections below have all."""
PARTIAL = 0.25
"""Share of a specimen's frames, or cells, from which the summary tells that they were lost;
one that lost all has failed."""


@dataclass(frozen=True)
class Line:
    """The newest result of one kind against the one before it."""

    title: str
    of: str
    """What is told of a target; blank where the title says it."""
    latest: Latest
    change: Change | None
    """None where there is nothing to compare."""


def overview(
    panels: Sequence[Panel],
    markers: Sequence[Marker],
    decided: Mapping[str, Sequence[Mapping[str, Any]]],
    problems: Sequence[Mapping[str, Any]],
    specimens: Sequence[Mapping[str, Any]],
    assays: Mapping[str, Mapping[str, Any]],
    quality: Sequence[Summary],
) -> dict[str, Any]:
    """What the summary says.

    Parameters
    ----------
    panels : sequence of Panel
        Those of the timeline.
    markers : sequence of Marker
        By day.
    decided : mapping
        See `decision_rows`.
    problems : sequence of mapping
        What failed or was inadequate, by day.
    specimens : sequence of mapping
        Rows of specimens.tsv.
    assays : mapping
        Assay -> what it declares.
    quality : sequence of Summary
        Of each specimen.
    """
    told = decided["told"]
    lines = [line for panel in panels for line in _lines(panel)]
    newest_first = sorted(problems, key=lambda p: -p["statement"].row["day"])
    measured = {s["assay"] for s in specimens}
    return {
        "lines": lines,
        "more_targets": sum(_targets(panel) - len(_targets_told(panel)) for panel in panels),
        "markers": latest_markers(markers),
        "beyond": [row for row in told if row["beyond"]],
        "within": [row for row in told if row["known"] and not row["beyond"]],
        "open": [row for row in told if row["outcome"] == INDETERMINATE],
        "problems": newest_first[:MOST_PROBLEMS],
        "more_problems": len(problems) - MOST_PROBLEMS,
        "partial": [q for q in quality if PARTIAL * q.frames <= q.frames_lost < q.frames],
        "not_taken": [a["title"] for name, a in assays.items() if name not in measured],
    }


def _lines(panel: Panel) -> list[Line]:
    """The lines of one panel: of the analyte itself, and of its first targets."""
    found = []
    for name in [*(n for n in panel.series if not n), *_targets_told(panel)]:
        latest = latest_of(panel.series[name])
        title, of = (name, panel.title) if name else (panel.title, "")
        found.append(Line(title, of, latest, _changed(latest.statement, latest.before)))
    return found


def _targets_told(panel: Panel) -> list[str]:
    """The targets of a panel that the summary tells of: those with the highest values."""
    return [name for name in panel.series if name][:MOST_TARGETS]


def _targets(panel: Panel) -> int:
    """How many targets a panel has, drawn or not."""
    return len([name for name in panel.series if name]) + panel.left_out


def _changed(new: Statement | None, old: Statement | None) -> Change | None:
    return change(new, old) if new and old else None
