"""The cohort: the patients' tables in one, an index, what was excluded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from liquidbiopsy.cohort.pages import index_page
from liquidbiopsy.cohort.told import rules_told
from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import DECISIONS, FAILED, INADEQUATE, OBSERVATIONS
from liquidbiopsy.report.quality import summarise
from liquidbiopsy.report.sections import marker_of
from liquidbiopsy.report.unite import Part, unite

REPORT, QUALITY = "report.parquet", "quality"
STATISTICS, SURVIVAL = "statistics.parquet", "survival.parquet"
EXCLUDED = ("specimen_id", "patient_id", "assay", "analyte", "status", "reason")


def write_cohort(
    reports: Path,
    cohort: Path,
    run: Path,
    patients: Sequence[Mapping[str, Any]],
    specimens: Sequence[Mapping[str, Any]],
    assays: Mapping[str, Mapping[str, Any]],
    tables: Sequence[str],
    settings: Mapping[str, Any],
    code: str,
) -> None:
    """Write the tables over all patients, the index and `excluded.tsv`.

    Parameters
    ----------
    reports : Path
        Folder with a folder for each patient.
    cohort, run : Path
        Where the tables and the index go; where `excluded.tsv` goes.
    patients, specimens : sequence of mapping
        Rows of the sheets.
    assays : mapping
        Assay -> what it declares: `title`, `tables`, `timeline`.
    tables : sequence of str
        Detail tables that every report has.
    settings : mapping
        The settings' `report`.
    code : str
        Digest of the code, for the provenance.
    """
    names = sorted(p["patient_id"] for p in patients)
    for table in (OBSERVATIONS.name, DECISIONS.name, *tables):
        file = REPORT if table == OBSERVATIONS.name else f"{table}.parquet"
        files = {name: reports / name / file for name in names}
        provenance = Provenance(code, None, checksums(files))
        declaring = [assay for assay, declared in assays.items() if table in declared["tables"]]
        unite(table, [Part(f) for f in files.values()], cohort / file, provenance, declaring)
    quality = summarise(cohort / f"{QUALITY}.parquet") if QUALITY in tables else {}
    told = [row for row in rows_of(cohort / REPORT) if _is_told(row, assays)]
    write_text(run / "excluded.tsv", excluded(told))
    sections = rules_told(*(_rows_if_there(cohort / name) for name in (STATISTICS, SURVIVAL)))
    index = index_page(patients, specimens, told, quality, assays, settings, sections)
    write_text(cohort / "index.html", index)


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a table, read a batch at a time."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            yield from batch.to_pylist()


def _rows_if_there(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a table that a laboratory's own workflow may leave out."""
    return rows_of(path) if path.is_file() else iter(())


def excluded(observations: Iterable[Mapping[str, Any]]) -> str:
    """Every failed or inadequate statement with its reason, as tab-separated text."""
    lines = ["\t".join(EXCLUDED)]
    for row in observations:
        if row["status"] in (FAILED, INADEQUATE):
            lines.append("\t".join(" ".join((row[name] or "").split()) for name in EXCLUDED))
    return "\n".join(lines) + "\n"


def _is_told(row: Mapping[str, Any], assays: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a page over all patients has something to say of a statement."""
    drawn = [line["analyte"] for line in assays[row["assay"]]["timeline"]]
    on_timeline = row["target"] is None and row["analyte"] in drawn
    return on_timeline or marker_of(row) is not None or row["status"] in (FAILED, INADEQUATE)
