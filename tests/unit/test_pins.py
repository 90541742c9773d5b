"""`make pins`, with a conda that only says what conda would: the real one has not been tried."""

import stat
from pathlib import Path

import pytest

from liquidbiopsy.record.pins import main

CONDA = """#!/bin/sh
case "$*" in
    "info --json") echo '{"platform": "linux-64"}';;
    *broken.yaml*) echo "no such package" >&2; exit 1;;
    "env create"*) ;;
    *--explicit*) printf '@EXPLICIT\\nchannel/linux-64/numpy-2.4.6-py311_0.conda#0123\\n';;
    *reads*) echo '[{"name": "numpy", "version": "2.4.6", "channel": "conda-forge"},
        {"name": "pysam", "version": "0.24.1", "channel": "pypi"}]';;
    *) echo '[{"name": "numpy", "version": "2.4.6", "channel": "conda-forge"}]';;
esac
"""


@pytest.fixture
def envs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    conda = tmp_path / "bin" / "conda"
    conda.parent.mkdir()
    conda.write_text(CONDA)
    conda.chmod(conda.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{conda.parent}:/usr/bin:/bin")
    envs = tmp_path / "envs"
    envs.mkdir()
    for stage in ("copynumber", "reads"):
        (envs / f"{stage}.yaml").write_text("dependencies: []\n")
    return envs


def test_builds_and_wheels_are_written(envs: Path) -> None:
    assert main([str(envs)]) == 0
    made = {path.name for path in envs.iterdir() if path.suffix != ".yaml"}
    pins = {"copynumber.linux-64.pin.txt", "reads.linux-64.pin.txt"}
    assert made == pins | {"reads.post-deploy.sh"}, "a script only for wheels"
    assert (envs / "reads.linux-64.pin.txt").read_text().startswith("@EXPLICIT\n")
    script = (envs / "reads.post-deploy.sh").read_text()
    assert script.splitlines()[-1].endswith(" pysam==0.24.1") and "numpy" not in script


def test_what_conda_says_of_a_failure_is_told(
    envs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (envs / "broken.yaml").write_text("dependencies: []\n")
    assert main([str(envs)]) == 1
    assert "no such package" in capsys.readouterr().err


def test_without_conda_the_remedy_is_told(
    envs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(envs))
    assert main([str(envs)]) == 1
    assert "conda is not on PATH" in capsys.readouterr().err
