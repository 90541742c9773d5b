"""A Slurm of its own for each file of tests: the fixture `cluster`, skipped where there is none."""

from collections.abc import Iterator

import pytest
from slurm_cluster import Cluster
from slurm_run import running


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes that wait for jobs."""
    with running(Cluster, tmp_path_factory.mktemp("cluster")) as started:
        yield started
