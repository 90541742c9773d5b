"""The whole demo on a Slurm and on this machine: all four assays, the same bytes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from laboratory import results_in
from repository import ROOT
from slurm_cluster import Cluster
from slurm_run import ENDINGS, PROFILE, SOON, differing, finish, start, torture

pytestmark = [pytest.mark.slurm, pytest.mark.slow, torture]
SNAKEMAKE = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile")]


def test_demo_is_the_same(cluster: Cluster, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        shutil.copytree(ROOT / "config", folder / "config")
    simulate = [sys.executable, "-m", "liquidbiopsy.simulate.demo", str(here / "demo")]
    subprocess.run(simulate, cwd=ROOT / "scripts", check=True, stdout=subprocess.DEVNULL)
    (there / "demo").symlink_to(here / "demo")
    subprocess.run([*SNAKEMAKE, "--cores", "2"], cwd=here, check=True, stderr=subprocess.DEVNULL)
    finish(start([*SNAKEMAKE, "--profile", str(PROFILE), *SOON], cluster, there), seconds=7200)
    found = results_in(there / "results", *ENDINGS)
    assert {name.split("/")[0] for name in found} >= {"ctc", "dtc", "ctdna", "scdna", "reports"}
    assert differing(found, results_in(here / "results", *ENDINGS)) == []
