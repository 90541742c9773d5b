"""The quality of a run: what failed first, each assay's specimens by metric, MultiQC's files."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from reporting import ASSAYS, MARKUP, PROVENANCE, SETTINGS, TABLES, patient, specimen, write_patient

from liquidbiopsy.cohort.measured import Specimen, read_measured
from liquidbiopsy.cohort.multiqc import multiqc_files
from liquidbiopsy.cohort.quality import told_problems, write_quality
from liquidbiopsy.cohort.run import write_cohort
from liquidbiopsy.core.observations import count_over_volume, failed
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.tables import OBSERVATIONS, QUALITY
from liquidbiopsy.report.patient import write_report
from liquidbiopsy.report.unite import Part, unite

ROW = re.compile(r'<tr><th scope="row" class="id[^>]*>(?:<a[^>]*>)?(\w+)<(.*?)</tr>', re.S)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("results")
    files, sheets = write_patient(results)
    write_report(files, results / "reports/P1", sheets, ASSAYS, TABLES, SETTINGS, "d" * 64)
    places = (results / "cohort", results / "run")
    rest = ([patient("P1")], sheets["specimens"], ASSAYS, TABLES, SETTINGS, "d" * 64)
    write_cohort(results / "reports", *places, *rest)
    (results / "run/multiqc").mkdir()
    (results / "run/multiqc/liquidbiopsy_former_mqc.json").write_text("{}")
    write(results, sheets["specimens"])
    return results


def write(results: Path, specimens: list[dict[str, Any]]) -> None:
    run = results / "run"
    write_quality(
        results / "cohort", run / "quality.html", run / "multiqc", specimens, ASSAYS, SETTINGS
    )


@pytest.fixture(scope="module")
def page(results: Path) -> str:
    return (results / "run/quality.html").read_text("utf-8")


def part(page: str, key: str) -> dict[str, str]:
    """The rows of the first table of a section, by specimen."""
    section = page.split(f'<section aria-labelledby="{key}">')[1].split("</section>")[0]
    return dict(ROW.findall(section.split("<details>")[0]))


def test_failed_come_first_with_their_reasons(page: str) -> None:
    rows = part(page, "amiss")
    assert list(rows) == ["B4", "B3"]
    assert "b4.tif is not there" in rows["B4"] and "8 of 12 frames out of focus" in rows["B3"]
    assert "1 failed, 1 inadequate, 1 more with a measurement outside" in page
    assert MARKUP not in page and "&lt;script&gt;" in rows["B3"]


def test_each_assay_has_its_specimens_by_metric(page: str) -> None:
    rows = part(page, "assay-blood")
    assert list(rows) == ["B4", "B3", "B1", "B2"], "what is amiss first"
    assert '<td class="n">4 of 12</td>' in rows["B1"], "frames lost"
    assert re.search(r'<td class="n out">.*0\.05 to 0\.4<br><strong>4 of 12 outside', rows["B1"])
    assert "outside" not in rows["B2"] and "Adequate" in rows["B2"]
    assert '<th scope="col" class="n">Focus<span class="limit">limit 0.12</span>' in page
    assert list(part(page, "assay-plasma")) == ["D1"]
    without = page.split("<summary>")[1]
    assert "without a limit" in without and "Kappa" in without and "0.81" in without


def test_page_leads_to_reports_and_galleries(results: Path, page: str) -> None:
    links = set(re.findall(r'href="(\.\.[^"#]*)"', page))
    assert links >= {"../reports/P1/report.html", "../blood/B1/gallery.html"}
    assert "../plasma/D1/gallery.html" not in links
    made = [link for link in links if "gallery" not in link]
    assert all((results / "run" / link).is_file() for link in made)


def test_page_keeps_to_the_policy(page: str) -> None:
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page
    assert "<script" not in page and not re.search(r"https?:|//\w", page)
    assert "Research use only" in page and "Simulated data: B1 of 5" in page


def test_page_can_be_heard(page: str) -> None:
    """Headings without a gap, a caption for each table, a scope for each header, no bare colour."""
    levels = [int(n) for n in re.findall(r"<h(\d)", page)]
    assert levels[0] == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    assert page.count("<table") == page.count("<caption")
    assert not re.findall(r"<th(?! scope)(?!ead)", page)
    assert all("outside" in cell for cell in re.findall(r'<td class="n out">(.*?)</td>', page))


def test_a_cohort_without_quality_has_its_page(tmp_path: Path) -> None:
    assays = {"plasma": {**ASSAYS["plasma"], "tables": ["variants"]}}
    row = specimen("D1", 0, assay="plasma")
    (tmp_path / "cohort").mkdir()
    statements = table_of([failed("fraction", "no file").row(row)], OBSERVATIONS)
    write_table(statements, tmp_path / "cohort/report.parquet", OBSERVATIONS, PROVENANCE)
    page, multiqc = tmp_path / "quality.html", tmp_path / "multiqc"
    write_quality(tmp_path / "cohort", page, multiqc, [row], assays, SETTINGS)
    assert "<li>no file</li>" in page.read_text("utf-8")
    content = json.loads((multiqc / "liquidbiopsy_plasma_mqc.json").read_text("utf-8"))
    assert content["data"] == {"D1": {"status": "Failed"}}


def test_reasons_in_words() -> None:
    known = Specimen(statements=5)
    known.problems.update({("inadequate", "few cells"): 3, ("failed", "no file"): 1})
    assert list(told_problems(known)) == [
        "1 of 5 statements: no file",
        "Inadequate, 3 of 5 statements: few cells",
    ]


def many(folder: Path, specimens: int, frames: int) -> list[dict[str, Any]]:
    """A cohort's tables of many specimens, every tenth of which failed."""
    rows = [specimen(f"S{i:04}", 0) for i in range(specimens)]
    statements = [
        failed("blood_count", "no file") if i % 10 == 0 else count_over_volume("blood_count", i, 7)
        for i in range(specimens)
    ]
    told = [s.row(row) for s, row in zip(statements, rows, strict=True)]
    names = [r["specimen_id"] for r in rows for _ in range(frames)]
    n, each = len(names), range(frames)
    quality = pa.table(
        {
            "specimen_id": names,
            "item": [f"frame {i // 4:03}" for i in each] * specimens,
            "metric": [("focus", "glare", "hue", "light")[i % 4] for i in each] * specimens,
            "value": pa.array([0.2] * n, pa.float64()),
            "unit": ["1"] * n,
            "limit": pa.array([0.1] * n, pa.float64()),
            "passed": [i != 1 for i in each] * specimens,
        }
    )
    cohort = folder / "cohort"
    write_table(table_of(told, OBSERVATIONS), cohort / "report.parquet", OBSERVATIONS, PROVENANCE)
    write_table(quality, folder / "quality.parquet", QUALITY, PROVENANCE)
    parts = [Part(folder / "quality.parquet", "blood")]
    unite("quality", parts, cohort / "quality.parquet", PROVENANCE, ["blood"])
    return rows


def test_a_thousand_specimens_fit_on_a_page(tmp_path: Path) -> None:
    rows = many(tmp_path, 1000, 200)
    start = time.process_time()
    write(tmp_path, rows)
    assert time.process_time() - start < 10
    page = tmp_path / "run/quality.html"
    assert page.stat().st_size < 2_000_000
    assert len(part(page.read_text("utf-8"), "assay-blood")) == 1000


def test_items_are_counted_once(tmp_path: Path) -> None:
    """An item whose rows are in two batches of the table counts as one."""
    many(tmp_path, 450, 150)  # 67,500 rows: a batch has 65,536, which cuts an item
    known = read_measured(tmp_path / "cohort/report.parquet", tmp_path / "cohort/quality.parquet")
    assert {(of.checked, of.failed) for of in known.values()} == {(38, 1)}
    assert {of.metrics["glare"].outside for of in known.values()} == {1}
    assert {of.metrics["focus"].items for of in known.values()} == {38}


def contents(results: Path) -> dict[str, Any]:
    files = sorted((results / "run/multiqc").iterdir())
    return {path.name: json.loads(path.read_text("utf-8")) for path in files}


def test_multiqc_has_a_file_an_assay(results: Path) -> None:
    assert set(contents(results)) == set(multiqc_files(list(ASSAYS))), "the former one is removed"


@pytest.mark.parametrize("name", multiqc_files(list(ASSAYS)))
def test_multiqc_file_is_as_documented(results: Path, name: str) -> None:
    """Keys, kinds of plots and names as in MultiQC's documentation of custom content."""
    content = contents(results)[name]
    assert re.fullmatch(r"\w+_mqc\.json", name)
    known = {"id", "parent_id", "parent_name", "parent_description", "section_name", "description"}
    assert set(content) <= known | {"plot_type", "pconfig", "headers", "categories", "data"}
    assert content["plot_type"] in ("table", "bargraph")
    assert content["pconfig"]["id"] != content["id"]
    assert all(isinstance(of, dict) for of in content["data"].values())
    for values in content["data"].values():
        assert all(isinstance(v, (str, int, float)) for v in values.values())
        assert set(values) <= set(content.get("headers", content.get("categories", {})))


def test_multiqc_has_the_numbers_of_the_page(results: Path) -> None:
    blood = contents(results)["liquidbiopsy_blood_mqc.json"]
    said = {"status": "Adequate", "outside": 4, "kappa": 0.81}
    focus = pytest.approx((4 * 0.05 + 8 * 0.4) / 12)
    assert blood["data"]["B1"] == {**said, "focus": focus}
    assert blood["headers"]["kappa"]["hidden"] and not blood["headers"]["focus"]["hidden"]
    status = contents(results)["liquidbiopsy_status_mqc.json"]["data"]
    assert status["Cells in blood"] == {"failed": 1, "inadequate": 1, "adequate": 2}


def test_bytes_are_the_same_again(results: Path, tmp_path: Path) -> None:
    _, sheets = write_patient(tmp_path)
    before = {p.name: p.read_bytes() for p in (results / "run/multiqc").iterdir()}
    before["page"] = (results / "run/quality.html").read_bytes()
    write(results, sheets["specimens"])
    after = {p.name: p.read_bytes() for p in (results / "run/multiqc").iterdir()}
    assert {**after, "page": (results / "run/quality.html").read_bytes()} == before
