"""The workflow on the cluster of tests, with the profile that ships."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from laboratory import Laboratory
from repository import ROOT
from slurm_cluster import Cluster, NoSlurm

PROFILE = ROOT / "profiles" / "slurm"
# A site would be asked less often.
SOON = ("--slurm-init-seconds-before-status-checks", "2", "--max-status-checks-per-second", "10")
Kind = TypeVar("Kind", bound=Cluster)
ENDINGS = (".parquet", ".html")
torture = pytest.mark.skipif(
    not os.environ.get("LIQUIDBIOPSY_TORTURE"),
    reason="takes minutes of a Slurm of its own: `make torture` runs it",
)


@contextmanager
def running(kind: type[Kind], folder: Path) -> Iterator[Kind]:
    """Two nodes that wait for jobs; all that was started is ended, whatever happened."""
    cluster = None
    try:
        try:
            cluster = kind(folder)
            cluster.start()
        except NoSlurm as reason:
            pytest.skip(f"Slurm: {reason}")
        yield cluster
    finally:
        if cluster is not None:
            cluster.stop()
            assert cluster.mine() == []


def small_laboratory(folder: Path, specimens: str = "a") -> Laboratory:
    """One patient with a specimen of blood a letter; the same images wherever it is made."""
    lab = Laboratory(folder)
    for seed, name in enumerate(specimens, 1):
        lab.add(
            f"P1_{name}", lab.slide(name, layout="frames", columns=1, seed=seed).image, "folder"
        )
    lab.write()
    return lab


def on_cluster(lab: Laboratory, *arguments: str) -> list[str]:
    """The command that runs a laboratory's workflow with `--profile profiles/slurm`."""
    command = lab.command("--profile", str(PROFILE), *SOON, *arguments)
    place = command.index("--cores")
    return command[:place] + command[place + 2 :]


def start(command: list[str], cluster: Cluster, folder: Path) -> "subprocess.Popen[str]":
    """Snakemake as a user of the cluster starts it; it ends with this process, even if killed."""
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *command],
        cwd=folder,
        env=cluster.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: "subprocess.Popen[str]", seconds: float = 900) -> str:
    """What it said; it must succeed."""
    try:
        said, _ = process.communicate(timeout=seconds)
    finally:
        process.kill()
    assert process.returncode == 0, said
    return said


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """Names of files that are not the same in two sets of results, or in one of them alone."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def until(happened: Callable[[], bool], what: str, seconds: float = 300) -> None:
    """Wait until something has happened."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.5)
