"""A node, the controller and Snakemake itself are lost in the middle of a run."""

import re
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from laboratory import Laboratory
from slurm_cluster import Cluster
from slurm_run import (
    ENDINGS,
    differing,
    finish,
    on_cluster,
    small_laboratory,
    start,
    torture,
    until,
)

pytestmark = [pytest.mark.slurm, pytest.mark.slow, torture]
# Jobs of an undisturbed run.
JOBS = Counter(ctc_detect=2, ctc_calls=2, report=1, statistics=1, cohort=1, quality=1, record=1)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Results of a run on this machine, without a cluster."""
    lab = small_laboratory(tmp_path_factory.mktemp("local") / "lab", "ab")
    lab.finish(cores=1)
    return lab.results(*ENDINGS)


@pytest.fixture
def lab(tmp_path: Path) -> Laboratory:
    return small_laboratory(tmp_path / "lab", "ab")


def test_jobs_of_a_killed_node_run_again(
    cluster: Cluster, lab: Laboratory, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    run = start(on_cluster(lab), cluster, tmp_path)
    nodes = cluster.wait_for(tmp_path, "ctc_detect_wildcards_P1_a", "ctc_detect_wildcards_P1_b")
    assert len(set(nodes.values())) == 2
    (on_lost, lost), (elsewhere, _) = nodes.items()
    cluster.kill_node(lost)
    until(lambda: cluster.restarts(on_lost) == 1, "Slurm has started the lost job again")
    cluster.start_node(lost)
    finish(run)
    jobs = cluster.jobs(tmp_path)
    assert {job["state"] for job in jobs.values()} == {"COMPLETED"}
    assert [n for n in jobs if cluster.restarts(n)] == [on_lost]
    assert _count(jobs) == JOBS
    assert differing(lab.results(*ENDINGS), expected) == []


def test_a_controller_is_restarted(
    cluster: Cluster, lab: Laboratory, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    run = start(on_cluster(lab), cluster, tmp_path)
    cluster.wait_for(tmp_path, "ctc_detect_wildcards_P1_a", "ctc_detect_wildcards_P1_b")
    cluster.stop_controller()
    time.sleep(5)
    cluster.start_controller()
    finish(run)
    jobs = cluster.jobs(tmp_path)
    assert {job["state"] for job in jobs.values()} == {"COMPLETED"}
    assert _count(jobs) == JOBS
    assert differing(lab.results(*ENDINGS), expected) == []


def test_snakemake_is_killed(cluster: Cluster, tmp_path: Path) -> None:
    lab, here = small_laboratory(tmp_path / "lab"), small_laboratory(tmp_path / "here")
    wanted = [f"results/ctc/P1_a/{name}" for name in ("observations.parquet", "gallery.html")]
    run = start(on_cluster(lab, *wanted), cluster, tmp_path)
    cluster.wait_for(tmp_path, "ctc_calls")
    run.kill()
    run.communicate()
    for file in (lab.folder / "results").rglob("*.parquet"):
        pq.ParquetFile(file).read()  # none is half there
    lab.finish("--unlock")
    finish(start(on_cluster(lab, *wanted), cluster, tmp_path))
    # What was in flight is done again, what was done is not.
    assert _count(cluster.jobs(tmp_path)) == Counter(ctc_detect=1, ctc_calls=2)
    here.finish(*wanted, cores=1)
    found = lab.results(*ENDINGS)
    assert "ctc/P1_a/observations.parquet" in found
    assert differing(found, here.results(*ENDINGS)) == []


def _count(jobs: dict[str, dict[str, str]]) -> "Counter[str]":
    """How many jobs of Slurm there were of each kind."""
    kinds = "|".join(JOBS)
    return Counter(re.match(f"rule_({kinds})", job["comment"])[1] for job in jobs.values())
