"""A job over its memory and one past its time come back with more, in a new allocation."""

import sys
from pathlib import Path

import pytest
from slurm_cluster import Cluster
from slurm_run import PROFILE, SOON, finish, start, torture

pytestmark = [pytest.mark.slurm, pytest.mark.slow, torture]
SNAKEFILE = """
rule all:
    input: "hungry.txt", "slow.txt"

rule hungry:
    output: "hungry.txt"
    resources: mem_mb=lambda wildcards, attempt: 600 * attempt, runtime=10
    shell: "{python} {folder}/hold.py && touch {{output}}"

rule slow:
    output: "slow.txt"
    resources: mem_mb=600, runtime=lambda wildcards, attempt: attempt
    shell: "test {{resources.runtime}} -gt 1 || sleep 300; touch {{output}}"
"""
HOLD = "import time; held = b'x' * 700_000_000; time.sleep(6)"


def test_more_memory_and_more_time(cluster: Cluster, tmp_path: Path) -> None:
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(SNAKEFILE.format(python=sys.executable, folder=tmp_path), encoding="utf-8")
    (tmp_path / "hold.py").write_text(HOLD, encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "-s", str(snakefile)]
    said = finish(start([*command, "--profile", str(PROFILE), *SOON], cluster, tmp_path))
    jobs = cluster.jobs(tmp_path).values()
    hungry = [(j["memory"], j["state"]) for j in jobs if "hungry" in j["comment"]]
    slow = [(j["limit"], j["state"]) for j in jobs if "slow" in j["comment"]]
    assert [memory for memory, _ in hungry] == ["600M", "1200M"], said
    assert [state == "COMPLETED" for _, state in hungry] == [False, True]
    assert slow == [("1:00", "TIMEOUT"), ("2:00", "COMPLETED")]
