"""A Slurm of its own for each file of tests: the fixture `cluster`, skipped where there is none."""

from collections.abc import Iterator

import pytest
from slurm_cluster import Cluster, NoSlurm


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes that wait for jobs; all that was started is ended, whatever happened."""
    cluster = None
    try:
        try:
            cluster = Cluster(tmp_path_factory.mktemp("cluster"))
            cluster.start()
        except NoSlurm as reason:
            pytest.skip(f"Slurm: {reason}")
        yield cluster
    finally:
        if cluster is not None:
            cluster.stop()
            assert cluster.mine() == []
