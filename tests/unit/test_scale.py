"""What every job of a cluster pays again stays cheap: imports, checks of sheets, looks at files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from repository import ROOT

from benchmarks.scale import CELLS, SETTINGS, VISITS, write_run
from liquidbiopsy.core import run as runs
from liquidbiopsy.core import sheets
from liquidbiopsy.core.paths import real_paths
from liquidbiopsy.core.sizes import megabytes

HEAVY = {"altair", "cv2", "jinja2", "lifelines", "numba", "pybwa", "pysam", "scipy", "tifffile"}
RULES = (
    *("core.run", "core.digest", "core.lazily", "core.pages", "core.sizes", "report.inputs"),
    *("ctc.choices", "dtc.choices", "ctdna.choices", "ctdna.genome_choices", "ctdna.libraries"),
    *("scdna.choices", "reads.hotspots", "cohort.multiqc"),
)
"""Modules that the Snakefile and the rule files import."""
WITHOUT_STATISTICS = (
    *("scdna_profiles", "scdna_clones", "scdna_count", "ctdna_copies", "ctdna_fragments"),
    *("ctdna_variants", "ctdna_mrd"),
)
"""Scripts that `scipy.stats`, a second of imports, was taken out of."""


def imported(modules: list[str]) -> set[str]:
    """Names of all modules that are there once `modules` are imported, in a process of its own."""
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "scripts", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_rules_import_nothing_heavy():
    named = {
        line.split()[1].removeprefix("liquidbiopsy.")
        for file in (ROOT / "Snakefile", *(ROOT / "workflow").rglob("*.smk"))
        for line in file.read_text().splitlines()
        if line.startswith("from liquidbiopsy.")
    }
    assert named - {"core.errors"} == set(RULES)
    assert not HEAVY & imported([f"liquidbiopsy.{name}" for name in RULES])


def test_scripts_import_no_statistics_for_one_quantile():
    lines = [
        line
        for script in WITHOUT_STATISTICS
        for line in (ROOT / "scripts" / f"{script}.py").read_text().splitlines()
    ]
    modules = {line.split()[1] for line in lines if line.startswith("from liquidbiopsy.")}
    assert len(modules) > len(WITHOUT_STATISTICS)
    assert "scipy.stats" not in imported(sorted(modules))


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """Return a function that makes a run of so many patients and reads it from its folder."""

    def read(patients: int, **options: bool) -> runs.Run:
        folder = tmp_path / str(patients)
        if not folder.exists():
            folder.mkdir()
            write_run(folder, patients, present=True)
        monkeypatch.chdir(folder)
        return runs.read_run(yaml.safe_load(Path("run.yaml").read_text()), ROOT, **options)

    return read


def test_parsing_grows_with_the_rows_and_not_faster(made_up):
    """Calls of Python functions, which are the same on each machine, of more patients."""

    def calls(patients: int) -> int:
        counted = 0

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal counted
            counted += event in ("call", "c_call")

        made_up(patients)  # what is done once
        sys.setprofile(count)
        try:
            made_up(patients)
        finally:
            sys.setprofile(None)
        return counted

    assert calls(25) - calls(5) < 4.2 * (calls(10) - calls(5))


def test_a_value_is_checked_once_however_often_it_stands(made_up, monkeypatch):
    seen: list[str] = []
    convert = sheets.convert
    monkeypatch.setattr(sheets, "convert", lambda v, c: seen.append(v) or convert(v, c))
    made_up(50)
    assert len(seen) < 50  # days and volumes; text that is sound is not converted


def test_jobs_of_a_cluster_look_at_no_files_but_their_own(made_up, monkeypatch):
    made_up(3)
    looks: list[str] = []
    for name in ("islink", "realpath"):
        known = getattr(os.path, name)
        monkeypatch.setattr(os.path, name, lambda p, known=known, **o: looks.append(p) or known(p))
    access = os.access
    monkeypatch.setattr(os, "access", lambda p, mode: looks.append(p) or access(p, mode))
    run = made_up(3, look=False)
    raw = [look for look in looks if str(look).startswith("raw/")]
    assert raw == []
    (file,) = run.specimens["ctc"]["P000000_ctc_0"].inputs
    assert [look for look in looks if str(look).startswith("raw/")] == [file]
    made_up(3)
    assert len(looks) > 3 * len(VISITS) * CELLS


def test_specimens_of_a_patient_are_found_without_a_scan(made_up):
    run = made_up(5)
    own = run.specimens_of("P000003")
    assert len(own) == len(SETTINGS["assays"]) * len(VISITS)
    assert own is not run.specimens_of("P000003")  # a copy: nobody changes the index
    assert "_by_patient" in vars(run)


def test_real_paths_are_those_of_the_system(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").touch()
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "folder/other").symlink_to("file")
    (tmp_path / "broken").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)
    paths = [
        *("folder/file", "link/file", "folder/other", "link/other", "broken", "broken/x", "none"),
        *("link/../folder/file", "folder/.", "folder/..", "folder/", "./link", "/", "", "none/x/"),
        str(tmp_path / "link/file"),
    ]
    assert real_paths(paths) == {path: os.path.realpath(path) for path in paths}


class Stored(str):
    """A file in a storage, as Snakemake flags it."""

    is_storage = True


class Files(list):
    size_mb = 7.9


def test_sizes_of_inputs(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * (3 << 19))
    (tmp_path / "b").write_bytes(b"x" * (3 << 19))
    files = [str(tmp_path / "a"), str(tmp_path / "b")]
    assert megabytes(files) == 3
    assert megabytes(files[:1]) == 1
    assert megabytes([]) == 0
    assert megabytes(Files([Stored("s3://bucket/a")])) == 7
    with pytest.raises(FileNotFoundError) as error:
        megabytes([*files, str(tmp_path / "c")])
    assert error.value.filename == str(tmp_path / "c")  # by which Snakemake knows it
