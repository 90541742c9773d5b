"""The golden run: its tables are as they were, or CHANGELOG.md says why not.

The rules run as in any run, their scripts one after the other in one process (`by_stage.py`).
"""

import re
import subprocess
import zipfile
from pathlib import Path

import golden_run
import pyarrow as pa
import pytest
from golden_run import CHANGELOG, DIGESTS, RENEW, table_digest
from laboratory import Laboratory

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    made = golden_run.laboratory(tmp_path_factory.mktemp("golden") / "run")
    made.finish_at_once()
    return made


def test_tables_are_as_they_were(golden: Laboratory) -> None:
    found = list(golden_run.changes(golden_run.written(), golden_run.digests(golden.folder)))
    assert not found, "\n".join([*found, RENEW])


def test_the_changelog_names_the_digests_and_a_reason() -> None:
    name = golden_run.name_of()
    assert len(golden_run.reason_of(name, CHANGELOG.read_text("utf-8"))) > 10, (
        f"{DIGESTS.name} has changed: write into CHANGELOG.md\n- Golden run `{name}`: the reason"
    )


def test_every_assay_says_something(golden: Laboratory) -> None:
    said = golden.read("reports", "G", "report.parquet").to_pylist()
    measured = {row["assay"] for row in said if row["status"] == "measured"}
    assert measured == {"ctc", "dtc", "ctdna", "scdna"}
    rest = {row["analyte"] for row in said if row["status"] not in ("measured", "not_detected")}
    assert rest <= {"cell_mutation_fraction"}, "hotspots of several codons"


def test_the_report_of_snakemake_builds_offline(golden: Laboratory) -> None:
    """Pages and tables stand in it by category, with a caption; nothing is fetched."""
    command = [*golden.command(), "--report", "report.zip"]
    blocked = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        ["env", *(f"{name}={value}" for name, value in blocked.items()), *command],
        cwd=golden.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    with zipfile.ZipFile(golden.folder / "report.zip") as archive:
        names = archive.namelist()
        text = archive.read("report/report.html").decode()
        held = [Path(name).name for name in names]
    for name in ("report.html", "index.html", "quality.html", "gallery.html", "excluded.tsv"):
        assert name in held
    for words in ("Patients", "Cohort", "Quality", "on one timeline", "failed or is inadequate"):
        assert words in text, words


# Digests, and what the test says of them, tried on small tables.

TABLE = pa.table({"name": ["a", "b"], "value": pa.array([0.1 + 0.2, None], pa.float64())})


def test_last_bits_and_metadata_do_not_count() -> None:
    other = TABLE.set_column(1, "value", pa.array([0.3 + 1e-13, None], pa.float64()))
    assert table_digest(other) == table_digest(TABLE)
    assert table_digest(TABLE.replace_schema_metadata({"code": "x"})) == table_digest(TABLE)


@pytest.mark.parametrize("value", [0.30001, float("nan"), None])
def test_a_value_counts(value: float | None) -> None:
    other = TABLE.set_column(1, "value", pa.array([value, None], pa.float64()))
    assert table_digest(other) != table_digest(TABLE)


def test_type_order_and_name_count() -> None:
    others = [
        TABLE.set_column(1, "value", TABLE["value"].cast(pa.float32())),
        TABLE.select(["value", "name"]),
        TABLE.rename_columns(["name", "other"]),
        TABLE.take([1, 0]),
    ]
    assert table_digest(TABLE) not in {table_digest(other) for other in others}


def test_changes_are_told() -> None:
    before, after = {"results/a": "1", "reads/b": "2"}, {"results/a": "3", "results/c": "4"}
    assert list(golden_run.changes(before, after)) == [
        "simulated input gone: reads/b", "table changed: results/a", "table new: results/c",
    ]  # fmt: skip


def test_a_reason_is_found() -> None:
    text = "### Changed\n\n- Golden run `0123456789`: the first\n"
    assert golden_run.reason_of("0123456789", text) == "the first"
    assert golden_run.reason_of("9876543210", text) == ""
    assert re.fullmatch("[0-9a-f]{10}", golden_run.name_of())
