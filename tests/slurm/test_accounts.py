"""A site that keeps accounts: jobs are asked for by `sacct`, and what they used is told."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_accounts import ACCOUNT, ClusterWithAccounts
from slurm_run import (
    ENDINGS,
    PROFILE,
    SOON,
    differing,
    finish,
    on_cluster,
    running,
    small_laboratory,
    start,
    torture,
)

pytestmark = [pytest.mark.slurm, pytest.mark.slow, torture]
REPORT = "results/reports/P1/report.html"
SITE = f"default-resources: [slurm_account={ACCOUNT}]\n"
SNAKEFILE = """
rule hungry:
    output: "hungry.txt"
    resources: mem_mb=lambda wildcards, attempt: 600 * attempt, runtime=10
    shell: "{python} {folder}/hold.py && touch {{output}}"
"""
HOLD = "import time; held = b'x' * 700_000_000; time.sleep(6)"


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterWithAccounts]:
    """A cluster with accounts, on which nobody may ask `squeue`."""
    with running(ClusterWithAccounts, tmp_path_factory.mktemp("accounts")) as started:
        started.command("squeue", "#!/bin/sh\necho asked >> $(dirname $0)/squeue.asked\nexit 1\n")
        yield started


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A profile of the site, as docs/clusters.md has it."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "config.yaml").write_text(SITE, encoding="utf-8")
    return folder


def efficiency(folder: Path) -> list[dict[str, str]]:
    """The rows of the one efficiency report of a run."""
    (report,) = (folder / "results/run/slurm_efficiency").glob("*.csv")
    with open(report, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_specimen_and_its_report(
    accounts: ClusterWithAccounts, site: Path, tmp_path: Path
) -> None:
    there, here = small_laboratory(tmp_path / "there"), small_laboratory(tmp_path / "here")
    command = on_cluster(there, "--profile", str(site), REPORT)
    finish(start(command, accounts, there.folder))
    here.finish_at_once(REPORT)
    jobs = accounts.accounted(there.folder)
    assert {(job["account"], job["state"]) for job in jobs} == {(ACCOUNT, "COMPLETED")}
    assert "rule_ctc_detect_wildcards_P1_a" in {job["comment"] for job in jobs}
    rows = efficiency(there.folder)
    assert {row["RuleName"] for row in rows} == {job["comment"] for job in jobs}
    assert all(float(row["MaxRSS_MB"]) > 50 for row in rows)
    assert differing(there.results(*ENDINGS), here.results(*ENDINGS)) == []
    assert not (accounts.folder / "bin/squeue.asked").exists()


def test_a_job_over_its_memory_comes_back_with_more(
    accounts: ClusterWithAccounts, site: Path, tmp_path: Path
) -> None:
    (tmp_path / "Snakefile").write_text(
        SNAKEFILE.format(python=sys.executable, folder=tmp_path), encoding="utf-8"
    )
    (tmp_path / "hold.py").write_text(HOLD, encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--profile", str(PROFILE), *SOON]
    finish(start([*command, "--profile", str(site)], accounts, tmp_path))
    jobs = accounts.accounted(tmp_path)
    assert [job["memory"] for job in jobs] == ["600M", "1200M"]
    assert [job["state"] == "COMPLETED" for job in jobs] == [False, True]
