"""A run through which a node, the controller and Snakemake itself are lost, one after another."""

import shutil
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from slurm_cluster import Cluster
from slurm_run import finish, on_cluster, small_laboratory, start

pytestmark = [pytest.mark.slurm, pytest.mark.slow]
ENDINGS = (".parquet", ".html")


def test_what_is_lost_is_done_again(cluster: Cluster, tmp_path: Path) -> None:
    lab = small_laboratory(tmp_path / "lab")
    results = lab.folder / "results"
    first = start(on_cluster(lab), cluster, tmp_path)
    try:
        lost = cluster.wait_for("ctc_detect", "RUNNING")["nodes"]
        cluster.kill_node(lost)
        _until_again(cluster, lost)
        cluster.start_node(lost)
        cluster.wait_for("ctc_calls", "RUNNING", 240)
        cluster.stop_controller()
        time.sleep(3)
        cluster.start_controller()
        cluster.wait_for("report", "RUNNING", 240)
    finally:
        first.kill()
        first.communicate()
    for file in results.rglob("*.parquet"):
        pq.ParquetFile(file).read()  # none is half there
    done_before = (results / "ctc" / "P1_a" / "observations.parquet").stat().st_mtime_ns

    finish(start(on_cluster(lab, "--unlock"), cluster, tmp_path))
    said = finish(start(on_cluster(lab), cluster, tmp_path))
    assert "over all patients" in said  # the report was in flight: it may have ended meanwhile
    assert "finding events" not in said and "counting its cells" not in said
    observations = results / "ctc" / "P1_a" / "observations.parquet"
    assert observations.stat().st_mtime_ns == done_before
    found = lab.results(*ENDINGS)

    shutil.rmtree(results)
    shutil.rmtree(lab.folder / ".snakemake")
    lab.finish()  # on this machine, without a cluster
    assert found == lab.results(*ENDINGS)


def _until_again(cluster: Cluster, lost: str, seconds: float = 120) -> None:
    """Wait until the job of the lost node runs on the other one, under its own number."""
    deadline = time.monotonic() + seconds
    while True:
        jobs = [j for j in cluster.jobs().values() if "ctc_detect" in j["comment"]]
        if [j["state"] for j in jobs] == ["RUNNING"] and jobs[0]["nodes"] != lost:
            return
        assert time.monotonic() < deadline, cluster.jobs()
        time.sleep(0.2)
