"""The page over all patients: an index with their latest results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from liquidbiopsy import __version__
from liquidbiopsy.cohort.told import HEADS_OF_NOTE, RuleTold, measured_when
from liquidbiopsy.core.pages import render
from liquidbiopsy.core.tables import PROBLEMS
from liquidbiopsy.report.quality import Summary, simulated_words
from liquidbiopsy.report.sections import latest_markers, latest_of, markers, timeline_of
from liquidbiopsy.report.statements import Statement, state

TEMPLATES = Path(__file__).with_name("templates")


def index_page(
    patients: Sequence[Mapping[str, Any]],
    specimens: Sequence[Mapping[str, Any]],
    observations: Iterable[Mapping[str, Any]],
    quality: Mapping[str, Summary],
    assays: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
    rules: Sequence[RuleTold] = (),
) -> str:
    """A row a patient: who, the newest usable results, markers, what came to nothing.

    Parameters
    ----------
    patients, specimens : sequence of mapping
        Rows of the sheets.
    observations : iterable of mapping
        Rows of report.parquet, by patient and day.
    quality : mapping
        specimen_id -> its summary.
    assays : mapping
        Assay -> what it declares.
    settings : mapping
        The settings' `report`.
    rules : sequence of RuleTold
        What there is to say of the statistics.
    """
    volumes = {s["specimen_id"]: s["volume_ml"] for s in specimens}
    statements: dict[str, list[Statement]] = defaultdict(list)
    for row in observations:
        volume = volumes.get(row["specimen_id"])
        statements[row["patient_id"]].append(state(row, volume, assays[row["assay"]]))
    lines = [(name, line) for name, assay in assays.items() for line in assay["timeline"]]
    counts: dict[str, int] = defaultdict(int)
    for specimen in specimens:
        counts[specimen["patient_id"]] += 1
    rows = []
    for patient in sorted(patients, key=lambda p: p["patient_id"]):
        mine = statements[patient["patient_id"]]
        latest = [latest_of(timeline_of(mine, name, line["analyte"])) for name, line in lines]
        rows.append(
            {
                **patient,
                "specimens": counts[patient["patient_id"]],
                "latest": latest,
                "markers": _latest_markers(mine),
                "flags": _flags(mine),
            }
        )
    return render(
        TEMPLATES,
        "index.html.j2",
        version=__version__,
        simulated=simulated_words(_of_all(specimens, quality)),
        facility=settings["facility"],
        titles=[line["title"] for _, line in lines],
        patients=rows,
        specimens=len(specimens),
        assays=[assay["title"] for assay in assays.values()],
        measured=measured_when(patients, specimens, list(assays)),
        rules=rules,
        heads_of_statistics=HEADS_OF_NOTE,
    )


def _of_all(
    specimens: Sequence[Mapping[str, Any]], quality: Mapping[str, Summary]
) -> list[Summary]:
    """A summary for each specimen, also for one that has no row of quality."""
    return [quality.get(s["specimen_id"], Summary(s["specimen_id"], s["assay"])) for s in specimens]


def _latest_markers(statements: Sequence[Statement]) -> list[str]:
    """The newest usable verdict on each marker."""
    newest = [m for m, _ in latest_markers(markers(statements))]
    return [f"{m.name} {m.verdict.lower()}" + (f" ({m.cells})" if m.cells else "") for m in newest]


def _flags(statements: Sequence[Statement]) -> list[str]:
    """How many specimens failed or were inadequate."""
    flags = []
    for status in PROBLEMS:
        affected = {s.row["specimen_id"] for s in statements if s.row["status"] == status}
        if affected:
            flags.append(f"{len(affected)} {status}")
    return flags
