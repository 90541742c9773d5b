"""What the report of a patient is made from, as its rule asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from liquidbiopsy.core.digest import sha256_of_path
from liquidbiopsy.core.rules import rule_paths

if TYPE_CHECKING:
    from liquidbiopsy.core.run import Run

OBSERVATIONS, THUMBNAILS = "observations.parquet", "thumbnails.parquet"


def declared_tables(run: Run) -> list[str]:
    """Names of the detail tables that any assay of the run adds to a report."""
    return sorted({name for assay in run.assays.values() for name in assay.tables})


def patient_files(run: Run, patient_id: str) -> list[str]:
    """Files that a patient's report reads, specimen by specimen."""
    files = []
    for row in run.specimens_of(patient_id):
        assay = run.assays[row["assay"]]
        names = [OBSERVATIONS, *(f"{table}.parquet" for table in assay.tables)]
        names += [THUMBNAILS] if assay.pictures else []
        folder = f"{run.config['results']}/{row['assay']}/{row['specimen_id']}"
        files += [f"{folder}/{name}" for name in names]
    return files


def declarations(run: Run) -> dict[str, dict[str, Any]]:
    """What each assay of the run declares for reports, as plain values."""
    return {
        name: {
            "title": assay.title,
            "tables": list(assay.tables),
            "pictures": assay.pictures,
            "calls": list(assay.calls),
            "timeline": [dict(line) for line in assay.timeline],
            "charts": [dict(chart) for chart in assay.charts],
        }
        for name, assay in run.assays.items()
    }


def decision_rules(run: Run) -> dict[str, Any]:
    """The decision rules that the settings list, and a checksum for each of their files.

    It is a parameter of the report: an edited rule makes reports anew, and nothing before them.
    """
    listed = list(run.config["rules"])
    return {"listed": listed, "sha256": [sha256_of_path(path) for path in rule_paths(listed)]}


def patient_sheets(run: Run, patient_id: str) -> dict[str, Any]:
    """A patient's rows of the sheets, as plain values."""
    return {
        "patient": _plain(run.patients[patient_id]),
        "specimens": [_plain(row) for row in run.specimens_of(patient_id)],
        "events": [_plain(row) for row in run.events.get(patient_id, [])],
    }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return dict(row)
