"""The cohort: tables over all patients, its index, and what was excluded."""

import csv
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet  # noqa: F401  (pa.parquet)
import pytest
from reporting import ASSAYS, MARKUP, PROVENANCE, SETTINGS, TABLES, patient, read, write_patient

from liquidbiopsy.cohort.run import write_cohort
from liquidbiopsy.core.tables import OBSERVATIONS, QUALITY
from liquidbiopsy.report.patient import write_report
from liquidbiopsy.report.summary import main
from liquidbiopsy.report.unite import ROWS, Part, unite

CODE = "d" * 64


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a cohort of one patient with specimens and one without."""
    results = tmp_path_factory.mktemp("results")
    files, sheets = write_patient(results)
    empty = {"patient": patient("P2"), "specimens": [], "events": []}
    reports = results / "reports"
    write_report(files, reports / "P1", sheets, ASSAYS, TABLES, SETTINGS, CODE)
    write_report([], reports / "P2", empty, ASSAYS, TABLES, SETTINGS, CODE)
    patients, places = [patient("P2"), patient("P1")], (results / "cohort", results / "run")
    write_cohort(reports, *places, patients, sheets["specimens"], ASSAYS, TABLES, SETTINGS, CODE)
    return results


def test_tables_are_those_of_all_patients(results: Path) -> None:
    for name in ("report", *TABLES):
        whole = read(results / "cohort" / f"{name}.parquet")
        parts = [read(results / "reports" / p / f"{name}.parquet") for p in ("P1", "P2")]
        assert whole.num_rows == sum(part.num_rows for part in parts) > 0
        assert whole.to_pylist() == parts[0].to_pylist()
    assert read(results / "cohort/report.parquet").schema.equals(OBSERVATIONS.schema)
    quality = read(results / "cohort/quality.parquet").schema
    assert quality.names == ["assay", *QUALITY.schema.names]
    assert not quality.field("specimen_id").nullable


def test_table_says_which_patients_it_came_from(results: Path) -> None:
    said = read(results / "cohort/cells.parquet").schema.metadata[b"inputs_sha256"]
    assert re.fullmatch(rb'\{"P1": "[0-9a-f]{64}", "P2": "[0-9a-f]{64}"\}', said)


def test_index_leads_to_each_report(results: Path) -> None:
    page = (results / "cohort/index.html").read_text()
    links = re.findall(r'href="(\.\.[^"]*)"', page)
    assert "../reports/P1/report.html" in links
    assert "../run/quality.html" in links, "which the rule `quality` writes"
    others = set(links) - {"../run/quality.html"}
    assert all((results / "cohort" / link).is_file() for link in others)
    row = re.search(r"<tr><th[^>]*><a[^>]*>P1<.*?</tr>", page, re.S)[0]
    assert "0 in 7.5 ml (95 % CI 0–3.7), day 21" in row, "the newest usable one"
    assert "HER2 positive (2 of 5 cells)" in row and "1 failed, 1 inadequate" in row
    assert page.index(">P1<") < page.index(">P2<")


def test_excluded_lists_what_failed(results: Path) -> None:
    with open(results / "run/excluded.tsv", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [(r["specimen_id"], r["patient_id"], r["assay"], r["status"]) for r in rows] == [
        ("B3", "P1", "blood", "inadequate"),
        ("B4", "P1", "blood", "failed"),
    ]
    assert rows[1]["analyte"] == "blood_count" and rows[1]["reason"] == "b4.tif is not there"
    assert rows[0]["reason"] == f"8 of 12 frames out of focus {MARKUP}"


def test_index_keeps_to_the_policy(results: Path) -> None:
    page = (results / "cohort/index.html").read_text()
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page
    assert "<script" not in page and not re.search(r"https?:|//\w", page)
    assert "Research use only" in page and "Simulated data: B1 of 5" in page


def test_summary_for_the_terminal(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(results)]) == 0
    shown = capsys.readouterr().out
    assert f"{results}/reports/P1/report.html" in shown and "HER2 positive" in shown
    assert shown.splitlines()[0].split()[:2] == ["patient", "day"]


def test_summary_without_a_cohort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert "cohort/report.parquet is not there" in capsys.readouterr().err


def test_cohort_without_patients(tmp_path: Path) -> None:
    places = (tmp_path / "cohort", tmp_path / "run")
    write_cohort(tmp_path, *places, [], [], ASSAYS, TABLES, SETTINGS, CODE)
    assert read(tmp_path / "cohort/report.parquet").schema.equals(OBSERVATIONS.schema)
    assert (tmp_path / "run/excluded.tsv").read_text().count("\n") == 1


def test_row_groups_stay_bounded(tmp_path: Path) -> None:
    """Memory follows the row group: many small tables share one, a large one is split."""
    sizes = [10] * 50 + [5 * ROWS // 2] + [10] * 50
    parts = []
    for i, size in enumerate(sizes):
        parts.append(Part(tmp_path / f"{i}.parquet", "own"))
        pa.parquet.write_table(pa.table({"x": pa.array([i] * size)}), parts[-1].path)
    unite("t", parts, tmp_path / "t.parquet", PROVENANCE, [])
    with pa.parquet.ParquetFile(tmp_path / "t.parquet") as file:
        groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        assert sum(groups) == sum(sizes)
        assert len(groups) <= 4 and max(groups) <= 2 * ROWS
