"""The workflow on the cluster of tests, with the profile that ships."""

import os
import subprocess
from pathlib import Path

import pytest
from laboratory import Laboratory
from repository import ROOT
from slurm_cluster import Cluster

PROFILE = ROOT / "profiles" / "slurm"
# A site would be asked less often.
SOON = ("--slurm-init-seconds-before-status-checks", "2", "--max-status-checks-per-second", "10")
ENDINGS = (".parquet", ".html")
torture = pytest.mark.skipif(
    not os.environ.get("LIQUIDBIOPSY_TORTURE"),
    reason="takes minutes of a Slurm of its own: `make torture` runs it",
)


def small_laboratory(folder: Path) -> Laboratory:
    """One patient with one specimen of blood; the same images wherever it is made."""
    lab = Laboratory(folder)
    lab.add("P1_a", lab.slide("a", layout="frames", columns=1, seed=1).image, "folder")
    lab.write()
    return lab


def on_cluster(lab: Laboratory, *arguments: str) -> list[str]:
    """The command that runs a laboratory's workflow with `--profile profiles/slurm`."""
    command = lab.command("--profile", str(PROFILE), *SOON, *arguments)
    place = command.index("--cores")
    return command[:place] + command[place + 2 :]


def start(command: list[str], cluster: Cluster, folder: Path) -> "subprocess.Popen[str]":
    """Snakemake as a user of the cluster starts it."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env=cluster.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: "subprocess.Popen[str]", seconds: float = 400) -> str:
    """What it said; it must succeed."""
    said, _ = process.communicate(timeout=seconds)
    assert process.returncode == 0, said
    return said
