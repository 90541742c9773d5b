"""The whole demo on a Slurm and on this machine: all four assays, the same bytes."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from laboratory import results_in
from repository import ROOT
from slurm_cluster import Cluster
from slurm_run import ENDINGS, PROFILE, SOON, differing, finish, start, torture

pytestmark = [pytest.mark.slurm, pytest.mark.slow, torture]
WORKFLOW = ["-s", str(ROOT / "Snakefile")]
# On this machine one process runs all scripts, one after the other.
HERE = [sys.executable, str(ROOT / "tests" / "by_stage.py"), json.dumps({}), *WORKFLOW]
THERE = [sys.executable, "-m", "snakemake", *WORKFLOW, "--profile", str(PROFILE), *SOON]
SECONDS = 7200


def test_demo_is_the_same(cluster: Cluster, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        shutil.copytree(ROOT / "config", folder / "config")
    simulate = [sys.executable, "-m", "liquidbiopsy.simulate.demo", str(here / "demo")]
    subprocess.run(simulate, cwd=ROOT / "scripts", check=True, stdout=subprocess.DEVNULL)
    (there / "demo").symlink_to(here / "demo")
    runs = [start([*HERE, "--cores", "1"], cluster, here), start(THERE, cluster, there)]
    with ThreadPoolExecutor() as both:
        list(both.map(lambda run: finish(run, SECONDS), runs))
    assert {job["state"] for job in cluster.jobs(there).values()} == {"COMPLETED"}
    found = results_in(there / "results", *ENDINGS)
    assert {name.split("/")[0] for name in found} >= {"ctc", "dtc", "ctdna", "scdna", "reports"}
    assert differing(found, results_in(here / "results", *ENDINGS)) == []
