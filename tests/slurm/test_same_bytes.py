"""The same results from a Slurm as from this machine, on another number of cores, elsewhere."""

from pathlib import Path

import pytest
from slurm_cluster import Cluster
from slurm_run import ENDINGS, finish, on_cluster, small_laboratory, start

pytestmark = [pytest.mark.slurm, pytest.mark.slow]


def test_slurm_gives_the_bytes_of_a_local_run(cluster: Cluster, tmp_path: Path) -> None:
    there = small_laboratory(tmp_path / "there")
    here = small_laboratory(tmp_path / "here")
    finish(start(on_cluster(there), cluster, tmp_path))
    here.finish(cores=1)
    jobs = [job["comment"].split("_wildcards_")[0] for job in cluster.jobs().values()]
    assert "rule_ctc_detect" in jobs and "rule_report" in jobs
    found, expected = there.results(*ENDINGS), here.results(*ENDINGS)
    assert {f"reports/P1/report{ending}" for ending in ENDINGS} < set(found)
    assert set(found) == set(expected)
    assert [name for name in found if found[name] != expected[name]] == []
