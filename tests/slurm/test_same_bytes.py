"""The same results from a Slurm as from this machine, on another number of cores, elsewhere."""

from pathlib import Path

import pytest
from slurm_cluster import Cluster
from slurm_run import ENDINGS, differing, finish, on_cluster, small_laboratory, start

pytestmark = [pytest.mark.slurm, pytest.mark.slow]
# Without the record of the run, which has its times and is one more job.
ALL = ("results/reports/P1/report.html", "results/cohort/index.html")


def test_slurm_gives_the_bytes_of_a_local_run(cluster: Cluster, tmp_path: Path) -> None:
    there = small_laboratory(tmp_path / "there")
    here = small_laboratory(tmp_path / "here")
    run = start(on_cluster(there, *ALL), cluster, tmp_path)
    here.finish_at_once(*ALL)
    finish(run)
    jobs = [(job["comment"], job["state"]) for job in cluster.jobs(tmp_path).values()]
    assert ("rule_ctc_detect_wildcards_P1_a", "COMPLETED") in jobs
    assert ("rule_cohort", "COMPLETED") in jobs
    found = there.results(*ENDINGS)
    assert {"reports/P1/report.parquet", "reports/P1/report.html", "cohort/index.html"} < set(found)
    assert differing(found, here.results(*ENDINGS)) == []
