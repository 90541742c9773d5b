"""With `--sdm env-modules` each job runs by the Python of its stage's module."""

import os
import sys
from pathlib import Path

import pytest
from laboratory import Laboratory

# What a cluster's `module` does, as far as it matters here: a folder is put first on the path.
MODULE = """
module() {{
    case $1 in
        load) PATH="{folder}/$2:$PATH"; export PATH;;
    esac
}}
export -f module
"""
PYTHON = """#!/bin/sh
case $1 in
    -c) ;;
    *) echo "{stage}" >> "{said}";;
esac
exec "{python}" "$@"
"""


@pytest.mark.slow
def test_jobs_run_in_the_module_of_their_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules, said = tmp_path / "modules", tmp_path / "said"
    for stage in ("report", "statistics"):
        python = modules / "liquidbiopsy" / stage / "python"
        python.parent.mkdir(parents=True)
        python.write_text(PYTHON.format(stage=stage, said=said, python=sys.executable))
        python.chmod(0o755)
    profile = tmp_path / "profile.sh"
    profile.write_text(MODULE.format(folder=modules))
    monkeypatch.setenv("BASH_ENV", str(profile))
    monkeypatch.setenv("PATH", os.environ["PATH"])
    laboratory = Laboratory(tmp_path / "laboratory")
    laboratory.add_patient("A01")  # without specimens: an empty report
    laboratory.finish("results/cohort/statistics.parquet", "--sdm", "env-modules")
    assert said.read_text().split() == ["report", "statistics"]
