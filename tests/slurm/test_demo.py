"""The whole demo on a Slurm and on this machine: all four assays, the same bytes."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import forks
import pytest
from laboratory import results_in
from repository import ROOT
from slurm_cluster import Cluster
from slurm_run import ENDINGS, PROFILE, SOON, differing, finish, start, torture

pytestmark = [pytest.mark.slurm, pytest.mark.slow, torture]
WORKFLOW = ["-s", str(ROOT / "Snakefile")]
THERE = [sys.executable, "-m", "snakemake", *WORKFLOW, "--profile", str(PROFILE), *SOON]
SECONDS = 7200


def test_demo_is_the_same(cluster: Cluster, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        shutil.copytree(ROOT / "config", folder / "config")
    simulate = [sys.executable, "-m", "liquidbiopsy.simulate.demo", str(here / "demo")]
    subprocess.run(simulate, cwd=ROOT / "scripts", check=True, stdout=subprocess.DEVNULL)
    (there / "demo").symlink_to(here / "demo")
    run = start(THERE, cluster, there)
    # On this machine one process runs all scripts, one after the other.
    with ThreadPoolExecutor() as beside:
        local = beside.submit(forks.snakemake, [*WORKFLOW, "--cores", "1"], here, {}, SECONDS)
        finish(run, SECONDS)
    assert local.result().returncode == 0, local.result().stdout
    assert {job["state"] for job in cluster.jobs(there).values()} == {"COMPLETED"}
    found = results_in(there / "results", *ENDINGS)
    assert {name.split("/")[0] for name in found} >= {"ctc", "dtc", "ctdna", "scdna", "reports"}
    assert differing(found, results_in(here / "results", *ENDINGS)) == []
