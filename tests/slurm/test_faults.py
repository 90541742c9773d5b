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
# Jobs of an undisturbed run, each with a rule that tells of its end.
JOBS = Counter(ctc_detect=2, ctc_calls=2, report=1, statistics=1, cohort=1, record=1)
LAST = {"ctc_calls": "ctc_gallery"}


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


def test_snakemake_is_killed_twice(
    cluster: Cluster, lab: Laboratory, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    allowed = JOBS.copy()
    for name in ("ctc_calls", "report"):
        before = cluster.jobs(tmp_path)
        run = start(on_cluster(lab), cluster, tmp_path)
        cluster.wait_for(tmp_path, name)
        run.kill()
        said, _ = run.communicate()
        submitted = _count({n: j for n, j in cluster.jobs(tmp_path).items() if n not in before})
        ended = Counter(re.findall(r"Finished jobid: \d+ \(Rule: (\w+)\)", said))
        in_flight = {kind: n - ended[LAST.get(kind, kind)] for kind, n in submitted.items()}
        assert in_flight[name] >= 1
        allowed.update(in_flight)
        for file in (lab.folder / "results").rglob("*.parquet"):
            pq.ParquetFile(file).read()  # none is half there
        finish(start(on_cluster(lab, "--unlock"), cluster, tmp_path))
    finish(start(on_cluster(lab), cluster, tmp_path))
    assert _count(cluster.jobs(tmp_path)) <= allowed
    assert not list(lab.folder.rglob("*.part"))
    assert differing(lab.results(*ENDINGS), expected) == []


def _count(jobs: dict[str, dict[str, str]]) -> "Counter[str]":
    """How many jobs of Slurm there were of each kind."""
    kinds = "|".join(JOBS)
    return Counter(re.match(f"rule_({kinds})", job["comment"])[1] for job in jobs.values())
