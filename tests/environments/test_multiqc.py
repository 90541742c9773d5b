"""MultiQC itself, in an environment of its own, reads what the workflow writes for it.

Not part of `make test`: `make test-envs`.
"""

import json
import subprocess
from pathlib import Path

import pytest
import repository
from fresh import asked_for, make_environment
from reporting import ASSAYS, SETTINGS, TABLES, patient, write_patient
from repository import ROOT

from liquidbiopsy.cohort.quality import write_quality
from liquidbiopsy.cohort.run import write_cohort
from liquidbiopsy.report.patient import write_report

pytestmark = asked_for


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wanted = repository.environment(ROOT / "envs/multiqc.yaml")
    folder = tmp_path_factory.mktemp("multiqc") / "environment"
    listed = [f"{name}=={version}" for name, version in wanted.items()]
    return make_environment(folder, listed, locked=False).with_name("multiqc")


@pytest.fixture
def content(tmp_path: Path) -> Path:
    files, sheets = write_patient(tmp_path)
    write_report(files, tmp_path / "reports/P1", sheets, ASSAYS, TABLES, SETTINGS, "d" * 64)
    cohort, run = tmp_path / "cohort", tmp_path / "run"
    specimens = sheets["specimens"]
    rest = ([patient("P1")], specimens, ASSAYS, TABLES, SETTINGS, "d" * 64)
    write_cohort(tmp_path / "reports", cohort, run, *rest)
    write_quality(cohort, run / "quality.html", run / "multiqc", specimens, ASSAYS, SETTINGS)
    return run / "multiqc"


def collected(command: Path, content: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it strictly: what is not as documented is an error."""
    options = ["--strict", "--no-version-check", "--no-ai", "--module", "custom_content"]
    return subprocess.run(
        [str(command), *options, "--outdir", str(folder), str(content)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder.parent,
    )  # fmt: skip


def test_multiqc_reads_the_numbers(command: Path, content: Path, tmp_path: Path) -> None:
    done = collected(command, content, tmp_path / "collected")
    assert done.returncode == 0, done.stdout
    assert "liquidbiopsy_blood: Found 4 samples" in done.stdout
    page = (tmp_path / "collected/multiqc_report.html").read_text("utf-8")
    assert "Cells in blood" in page and "What came of the specimens" in page
    said = json.loads((tmp_path / "collected/multiqc_data/multiqc_data.json").read_text("utf-8"))
    values = json.dumps(said["report_saved_raw_data"])
    assert '"B1"' in values and "0.81" in values


def test_what_is_broken_is_refused(command: Path, content: Path, tmp_path: Path) -> None:
    for file in content.iterdir():
        file.write_text("{", encoding="utf-8")
    done = collected(command, content, tmp_path / "collected")
    assert not (tmp_path / "collected/multiqc_report.html").exists(), done.stdout
