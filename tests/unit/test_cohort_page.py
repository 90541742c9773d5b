"""The index of the cohort with its statistics, and the tables behind it."""

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from reporting import ASSAYS, MARKUP, PROVENANCE, SETTINGS, TABLES, patient, read, specimen
from repository import ROOT

from liquidbiopsy.cohort.choices import Choices
from liquidbiopsy.cohort.curves_chart import _ticks, curves_svgs
from liquidbiopsy.cohort.decided import decisions_of
from liquidbiopsy.cohort.kinds import STATISTICS, SURVIVAL
from liquidbiopsy.cohort.run import write_cohort
from liquidbiopsy.cohort.statistics import write_statistics
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.tables import DECISIONS
from liquidbiopsy.report.patient import write_report

CODE = "d" * 64
NAMES = [f"P{k:02d}" for k in range(24)]


def patients() -> list[dict[str, Any]]:
    return [
        {**patient(name), "pfs_days": 60 + 30 * k, "pfs_event": int(k % 3 > 0), "grade": 1 + k % 3}
        for k, name in enumerate(NAMES)
    ]


def decisions() -> list[dict[str, Any]]:
    fixed = {"rule_id": "ctc_status", "rule_version": "1", "rule_sha256": "e" * 64}
    outcomes = [MARKUP if k % 2 else "below_5" for k in range(24)]
    return [
        {**fixed, "patient_id": p, "outcome": o, "day": 0}
        for p, o in zip(NAMES, outcomes, strict=True)
    ]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a cohort of patients that a rule tells apart."""
    folder = tmp_path_factory.mktemp("results")
    rows = [specimen(f"B{k}", 7 * k, patient_id="P00") for k in range(3)]
    arguments = (patients(), rows, decisions(), Choices(), folder / "cohort", PROVENANCE)
    (folder / "cohort").mkdir()
    write_statistics(*arguments)
    for row in patients():
        sheets = {"patient": row, "specimens": [], "events": []}
        place = folder / "reports" / row["patient_id"]
        write_report([], place, sheets, ASSAYS, TABLES, SETTINGS, CODE)
    places = (folder / "reports", folder / "cohort", folder / "run")
    write_cohort(*places, patients(), rows, ASSAYS, TABLES, SETTINGS, CODE)
    return folder / "cohort"


def test_tables_have_their_columns(cohort: Path) -> None:
    for kind in (STATISTICS, SURVIVAL):
        table = read(cohort / f"{kind.name}.parquet")
        assert table.schema.equals(kind.schema) and table.num_rows
        assert table.schema.metadata[b"notice"] == b"research use only"
        assert all(f.metadata[b"description"] and f.metadata[b"unit"] for f in table.schema)


def test_same_patients_give_the_same_bytes(cohort: Path, tmp_path: Path) -> None:
    arguments = (patients()[::-1], [], decisions()[::-1], Choices(), tmp_path, PROVENANCE)
    write_statistics(*arguments)
    for kind in (STATISTICS, SURVIVAL):
        name = f"{kind.name}.parquet"
        assert (tmp_path / name).read_bytes() == (cohort / name).read_bytes()


def test_page_shows_curves_and_the_numbers_under_them(cohort: Path) -> None:
    page = (cohort / "index.html").read_text()
    assert "Ctc_status" not in page and "CTC status, version 1" in page
    assert page.count("<svg") == 4, "all patients, and by the rule; wide and narrow"
    assert 'id="rule0-curves0"' in page and "All patients: Progression-free survival" in page
    rows = pq.read_table(cohort / "statistics.parquet").to_pylist()
    tests = [r for r in rows if r["statistic"] == "log_rank" and r["endpoint"] == "pfs"]
    assert len(tests) == 1 and tests[0]["p_value"] is not None
    assert page.count('<th scope="row">Log rank</th>') == 1
    assert "Cox, Efron, adjusted for grade" in page
    assert "follow-up unknown" in page, "nobody's overall survival is known"


def test_page_keeps_to_the_policy(cohort: Path) -> None:
    page = (cohort / "index.html").read_text()
    assert "<script" not in page and not re.search(r"https?:|//\w", page)
    assert "<img" not in page, "an outcome with markup in it stays text"
    identifiers = re.findall(r'\sid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    links = set(re.findall(r'href="([^#"]+)"', page)) - {"../run/quality.html"}
    assert all((cohort / link).is_file() for link in links)


def test_page_says_who_was_measured_when(cohort: Path) -> None:
    page = (cohort / "index.html").read_text()
    section = page[page.index('id="measured"') :]
    row = re.search(r"<tr><th[^>]*><a[^>]*>P00<.*?</tr>", section, re.S)
    assert row and '<td class="wide">0, 7, 14</td><td class="wide">–</td>' in row[0]


def test_decisions_are_read_with_and_without_a_day(tmp_path: Path) -> None:
    rows = decisions()[:2]
    for name in ("a", "b"):
        table = table_of(rows, DECISIONS)
        write_table(table, tmp_path / f"{name}.parquet", DECISIONS, PROVENANCE)
    found = decisions_of(sorted(tmp_path.glob("*.parquet")))
    assert len(found) == 4 and found[1]["outcome"] == MARKUP and "citation" not in found[0]
    assert decisions_of([]) == []


def test_settings_of_the_schema_are_the_defaults() -> None:
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    properties = schema["properties"]["cohort"]["properties"]
    assert Choices.of({k: p["default"] for k, p in properties.items()}) == Choices()


def test_curve_is_where_its_numbers_are() -> None:
    """Days 0 to 100 over 782 pixels from 64 on, shares over 240 from 10 on, none rounded away."""
    base = {"group": "above_5", "ci_low": None, "ci_high": None}
    steps = [
        {**base, "day": 0.0, "survival": 1.0},
        {**base, "day": 50.0, "survival": 0.75, "ci_low": 0.5, "ci_high": 0.875},
        {**base, "day": 100.0, "survival": 0.0},
    ]
    drawn = curves_svgs(steps, "k", "Overall survival")
    broad = drawn["broad"]
    assert 'd="M64 10H455V70H846V250" stroke=' in broad
    assert 'd="M64 10H455V40H846V250V250V130H455V10H64z"' in broad, "band: above, then back below"
    assert ">Above 5</text>" in broad and ">60</text>" in broad and 'id="k-broad-t"' in broad
    assert "1 curve: Above 5" in drawn["narrow"] and 'width="340"' in drawn["narrow"]
    many = [{**steps[0], "group": f"g{k}", "day": d} for k in range(8) for d in (0.0, 9.0)]
    assert curves_svgs(many, "k", "x")["broad"].count('fill-opacity="0.12"') == 8


@pytest.mark.parametrize(("last", "ticks"), [(1, [0, 1]), (7, [0, 2, 4, 6]), (1900, 4)])
def test_days_have_round_ticks(last: float, ticks: list[float] | int) -> None:
    found = _ticks(last, 4)
    assert found == ticks if isinstance(ticks, list) else len(found) == ticks
