"""A controller that is away for longer than Slurm's own commands wait for it."""

import sys
import time
from pathlib import Path

import pytest
from slurm_cluster import Cluster
from slurm_run import PROFILE, SOON, finish, start, torture, until

pytestmark = [pytest.mark.slurm, pytest.mark.slow, torture]
SNAKEFILE = """
rule slow:
    output: "slow.txt"
    resources: mem_mb=600, runtime=10
    shell: "touch started; sleep 20; touch {output}"
"""


def test_a_job_that_ends_meanwhile_is_seen(cluster: Cluster, tmp_path: Path) -> None:
    # With sacct installed and no accounts the plugin would ask it instead, for ever.
    cluster.command("which", '#!/bin/sh\n[ "$1" != sacct ] && command -v "$1"\n')
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(SNAKEFILE, encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "-s", str(snakefile), "--profile", str(PROFILE)]
    run = start([*command, *SOON[:2]], cluster, tmp_path)
    until((tmp_path / "started").exists, "the job has asked the controller for all it needs")
    cluster.stop_controller()
    time.sleep(75)
    cluster.start_controller()
    finish(run)
    assert [job["state"] for job in cluster.jobs(tmp_path).values()] == ["COMPLETED"]
