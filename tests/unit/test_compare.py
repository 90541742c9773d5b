"""What differs between two result sets, and why: small made results, each with one change."""

import dataclasses
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reporting import CELLS, specimen

from liquidbiopsy.compare.__main__ import main
from liquidbiopsy.compare.differences import compare
from liquidbiopsy.core.digest import sha256_of_path
from liquidbiopsy.core.observations import Observation, count_over_volume
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.core.tables import OBSERVATIONS

SLIDE, BED = "a" * 64, "b" * 64
EVIL = '<script>alert(1)</script> & "quotes"'


@dataclasses.dataclass(frozen=True)
class Making:
    """What one result set is made from."""

    slides: dict[str, str] = dataclasses.field(default_factory=lambda: {"slide.tif": SLIDE})
    cells: int = 3
    gates: str = "portable"
    volume_ml: float = 7.5
    detect_code: str = "1" * 64
    report: str = "Core facility"
    quantity: float = 0.5


def make(results: Path, m: Making, patients: tuple[str, ...] = ("P1", "P2")) -> Path:
    """Two patients of a blood specimen each; P1's follows `m`, all the others the default."""
    for patient in patients:
        of = m if patient == "P1" else Making()
        row = specimen(f"{patient}_a", 0, patient_id=patient)
        folder = results / "blood" / row["specimen_id"]
        found = [
            {"specimen_id": row["specimen_id"], "cell_id": str(i), "call": "t", "auto_call": "t"}
            for i in range(of.cells)
        ]
        detected = Provenance(of.detect_code, {"threshold": 4}, of.slides)
        write_table(table_of(found, CELLS), folder / "objects.parquet", CELLS, detected)
        objects = {"objects.parquet": sha256_of_path(folder / "objects.parquet")}
        called = Provenance("2" * 64, {"gates": of.gates}, objects)
        write_table(table_of(found, CELLS), folder / "cells.parquet", CELLS, called)
        said = [
            count_over_volume("blood_count", of.cells, of.volume_ml).row(row),
            Observation("fraction", target="ERBB2", value=of.quantity).row(row),
        ]
        counted = Provenance(
            "3" * 64,
            {"volume_ml": of.volume_ml},
            {"cells.parquet": sha256_of_path(folder / "cells.parquet"), "panel": BED},
        )
        path = folder / "observations.parquet"
        write_table(table_of(said, OBSERVATIONS), path, OBSERVATIONS, counted)
        reported = Provenance("4" * 64, of.report, {"observations.parquet": sha256_of_path(path)})
        table = read_table(path)
        for place in (f"reports/{patient}", "cohort"):
            write_table(table, results / place / "report.parquet", OBSERVATIONS, reported)
    return results


@pytest.fixture
def a(tmp_path: Path) -> Path:
    return make(tmp_path / "a", Making())


def differences(a: Path, b: Path) -> list[tuple[str, ...]]:
    """Patient, assay, subject and causes of each difference."""
    found = compare(a, b).differences
    return [(d.patient, d.assay, d.subject, ", ".join(map(str, d.causes))) for d in found]


def test_nothing_differs(a: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    b = make(tmp_path / "b", Making())
    assert compare(a, b).differences == ()
    assert main([str(a), str(b)]) == 0
    said = capsys.readouterr().out
    assert "Nothing differs: 2 patients, 2 specimens and 9 tables compared." in said


CHANGES: dict[str, tuple[Making, list[tuple[str, str]]]] = {
    "input": (
        Making(slides={"slide.tif": "f" * 64}, cells=4),
        [
            ("blood_count", "input: slide.tif"),
            ("table cells", "input: slide.tif"),
            ("table objects", "input: slide.tif"),
        ],
    ),
    "another input": (
        Making(slides={"slide.tif": SLIDE, "more.tif": SLIDE}, cells=4),
        [
            ("blood_count", "input: more.tif (only in B)"),
            ("table cells", "input: more.tif (only in B)"),
            ("table objects", "input: more.tif (only in B)"),
        ],
    ),
    "an input that could not be read": (
        Making(slides={"slide.tif": "unreadable"}),
        [("", "input: slide.tif (unreadable in one)")],
    ),
    "code": (
        Making(detect_code="9" * 64, cells=2),
        [
            ("blood_count", "code: of objects"),
            ("table cells", "code: of objects"),
            ("table objects", "code: of objects"),
        ],
    ),
    "a setting without effect": (Making(gates="strict"), [("", "setting: of cells")]),
    "a setting of the last step": (
        Making(volume_ml=4.0),
        [("blood_count", "setting: of observations")],
    ),
    "nothing that is told": (
        Making(quantity=0.25),
        [
            (
                "fraction ERBB2",
                "unknown: settings, inputs, code and packages are the same",
            )
        ],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_told_with_its_cause(a: Path, tmp_path: Path, change: str) -> None:
    made, expected = CHANGES[change]
    b = make(tmp_path / "b", made)
    assert differences(a, b) == [("P1", "blood", *told) for told in expected]
    assert main([str(a), str(b)]) == 1


def test_each_side_is_told(a: Path, tmp_path: Path) -> None:
    b = make(tmp_path / "b", Making(cells=4, volume_ml=4.0))
    first, *others = compare(a, b).differences
    assert first.a.startswith("value 3, ") and first.b.startswith("value 4, ")
    assert {(d.subject, d.a, d.b) for d in others} == {
        ("table cells", "3 rows", "4 rows"),
        ("table objects", "3 rows", "4 rows"),
    }


def test_a_changed_setting_of_the_report(a: Path, tmp_path: Path) -> None:
    b = make(tmp_path / "b", Making(report="Another"))
    assert differences(a, b) == [("P1", "report", "", "setting: of report")]
    (told,) = compare(a, b).differences
    assert not told.of_values


def test_packages_and_versions(a: Path, tmp_path: Path) -> None:
    b = make(tmp_path / "b", Making())
    for path in (b / "blood" / "P1_a").glob("*.parquet"):
        kept = pq.read_table(path, partitioning=None)
        said = dict(kept.schema.metadata)
        said[b"packages"] = said[b"packages"].replace(b'"numpy": "', b'"numpy": "9')
        said[b"workflow_version"] = b"99"
        pq.write_table(kept.replace_schema_metadata(said), path)
    (told,) = differences(a, b)
    assert re.search(r"code: workflow version \S+ → 99, package: numpy (\S+) → 9\1$", told[3])


def test_missing_patients_specimens_and_tables(a: Path, tmp_path: Path) -> None:
    b = make(tmp_path / "b", Making())
    (b / "blood/P1_a/cells.parquet").unlink()
    shutil.rmtree(b / "reports/P2")
    shutil.rmtree(b / "blood/P2_a")
    assert differences(a, b) == [
        ("P1", "blood", "table cells", "missing: only in A"),
        ("P2", "blood", "", "missing: only in A"),
        ("P2", "report", "", "missing: only in A"),
    ]
    assert [d[3] for d in differences(b, a)] == ["missing: only in B"] * 3


def test_values_that_are_no_numbers_and_columns(a: Path, tmp_path: Path) -> None:
    b = make(tmp_path / "b", Making())
    own = pa.table({"x": [float("nan"), None, 1.0], "y": [[1], None, [2]]})
    for results in (a, b):
        pq.write_table(own, results / "blood/P1_a/own.parquet")
    assert differences(a, b) == []
    changed = own.set_column(1, "y", pa.array([[1], [], [3]])).append_column("z", [[0, 0, 0]])
    pq.write_table(changed, b / "blood/P1_a/own.parquet")
    (told,) = compare(a, b).differences
    assert told.a == "3 rows" and told.b == "3 rows, 2 differ in y, and columns z"


def test_a_file_without_provenance_is_followed_past(a: Path, tmp_path: Path) -> None:
    """A BAM says nothing of itself: the table that its step wrote beside it does."""
    b = tmp_path / "b"
    shutil.copytree(a, b)
    for results, text, code in ((a, "one", "5" * 64), (b, "two", "6" * 64)):
        folder = results / "blood/P1_a/libraries/L1"
        folder.mkdir(parents=True)
        (folder / "reads.bam").write_text(text)
        made = Provenance(code, None, {"L1.fq": "0" * 64})
        write_table(table_of([], CELLS), folder / "aligned.parquet", CELLS, made)
        reads = {"L1/reads.bam": sha256_of_path(folder / "reads.bam")}
        path = folder / "consensus.parquet"
        write_table(table_of([], CELLS), path, CELLS, Provenance("7" * 64, None, reads))
    assert differences(a, b) == [("P1", "blood", "", "code: of aligned")]


def test_the_page(a: Path, tmp_path: Path) -> None:
    b = make(tmp_path / "b", Making(slides={EVIL: SLIDE}, cells=4))
    page = tmp_path / "out" / "differences.html"
    assert main([str(a), str(b), "--html", str(page)]) == 1
    text = page.read_text("utf-8")
    assert "<script" not in text and not re.search(r"https?:|//\w", text.replace(str(tmp_path), ""))
    assert "&lt;script&gt;" in text and "Research use only" in text
    assert ">P1<" in text and ">P2<" not in text and "table objects" in text
    assert main([str(a), str(a), "--html", str(page)]) == 0
    assert "Nothing differs" in page.read_text("utf-8")


def no_folder(a: Path) -> Path:
    return a / "nowhere"


def empty(a: Path) -> Path:
    (a.parent / "empty").mkdir()
    return a.parent / "empty"


def not_parquet(a: Path) -> Path:
    shutil.copytree(a, a.parent / "broken")
    (a.parent / "broken/blood/P1_a/cells.parquet").write_text("nothing")
    return a.parent / "broken"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (no_folder, "nowhere: is not a folder"),
        (empty, "empty: holds no results"),
        (not_parquet, "cells.parquet: is not a Parquet file"),
    ],
    ids=["no folder", "empty", "not parquet"],
)
def test_what_is_no_results_is_refused(
    a: Path, spoil: Callable[[Path], Path], message: str, capsys: Any
) -> None:
    assert main([str(a), str(spoil(a))]) == 2
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said


def decide(results: Path, cells: int, rule: str, settings: str = "Core facility") -> Path:
    """Decisions of P1, and of the cohort, on a specimen of so many cells, by a rule."""
    rows = [{"specimen_id": "P1_a", "cell_id": str(cells), "call": rule, "auto_call": "t"}]
    observed = results / "blood" / "P1_a" / "observations.parquet"
    of_report = {"blood/P1_a/observations.parquet": sha256_of_path(observed), "rules/ctc": rule}
    mine = results / "reports" / "P1" / "decisions.parquet"
    write_table(table_of(rows, CELLS), mine, CELLS, Provenance("5" * 64, settings, of_report))
    of_cohort = Provenance("6" * 64, None, {"P1": sha256_of_path(mine)})
    write_table(table_of(rows, CELLS), results / "cohort" / "decisions.parquet", CELLS, of_cohort)
    return results


@pytest.mark.parametrize(
    ("made", "rule", "cause"),
    [
        (Making(gates="strict", cells=4), SLIDE, "setting: of cells"),
        (Making(), BED, "input: rules/ctc"),
        (Making(volume_ml=4.0), BED, "setting: of observations, input: rules/ctc"),
    ],
)
def test_a_decision_is_followed_to_the_specimen_and_to_the_rule(
    a: Path, tmp_path: Path, made: Making, rule: str, cause: str
) -> None:
    decide(a, 3, SLIDE)
    b = decide(make(tmp_path / "b", made), made.cells, rule)
    told = {d for d in differences(a, b) if d[2] == "table decisions"}
    causes = cause.split(", ")
    for of_whom in (("P1", "report"), ("", "cohort")):
        (mine,) = [d for d in told if d[:2] == of_whom]
        assert sorted(mine[3].split(", ")) == sorted(causes)
