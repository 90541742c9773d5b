"""The laboratory's own assay of docs/extending.md, run as the page has it."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from repository import ROOT

PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")
FILE = re.compile(r"^`(lab/[\w./]+)`: .*?```\w+\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHEETS = {
    "lab/patients.tsv": "patient_id\nP01\n",
    "lab/specimens.tsv": (
        "specimen_id\tpatient_id\tassay\tday\nT1\tP01\tcfdna\t0\nT2\tP01\tcfdna\t21\n"
        "T3\tP01\tcfdna\t42\n"
    ),
    "lab/cfdna.tsv": "specimen_id\tdna_ng\tplasma_ml\nT1\t30\t4\nT2\t0.4\t4\nT3\t\t4\n",
}


def settings() -> dict[str, Any]:
    """The settings as the page's last block has them, with the sheets."""
    sheets = {name: f"lab/{name}.tsv" for name in ("patients", "specimens")}
    return {"sheets": sheets, **yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE, re.S)[-1])}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the workflow has run on the page's assay."""
    folder = tmp_path_factory.mktemp("laboratory")
    files = dict(FILE.findall(PAGE)) | SHEETS | {"run.yaml": yaml.safe_dump(settings())}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "1"]
    command += ["--directory", str(folder), "--configfile", str(folder / "run.yaml")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_page_has_every_file_it_lists() -> None:
    listed = re.findall(r"^  ([\w.]+) ", PAGE.split("lab/cfdna/\n")[1].split("```")[0], re.M)
    assert {f"lab/cfdna/{name}" for name in listed} == set(dict(FILE.findall(PAGE)))


def test_its_rows_are_in_the_report(folder: Path) -> None:
    report = pd.read_parquet(folder / "results/reports/P01/report.parquet")
    assert report["analyte"].unique().tolist() == ["cfdna_yield"]
    assert report["status"].tolist() == ["measured", "not_detected", "failed"]
    assert report["value"].iloc[0] == 7.5
    assert report["lod"].iloc[1] == 0.5
    assert report["reason"].iloc[2] == "no reading of the fluorometer"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("reports/P01/report.html", "Cell-free DNA"),
        ("cohort/index.html", "Cell-free DNA"),
        ("run/excluded.tsv", "no reading of the fluorometer"),
    ],
)
def test_it_is_on_the_pages(folder: Path, page: str, words: str) -> None:
    assert words in (folder / "results" / page).read_text("utf-8")
