"""What Snakemake makes of profiles/slurm beside profiles/default; needs no Slurm."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from repository import ROOT, all_rules
from slurm_cluster import CONF
from slurm_run import PROFILE

OURS = {"executor", "jobs", "retries", "latency-wait", "groups", "set-resources"}


def parsed(*profiles: Path) -> Any:
    from snakemake.cli import parse_args

    return parse_args([word for profile in profiles for word in ("--profile", str(profile))])[1]


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(ROOT)
    return parsed(PROFILE)


def test_the_default_profile_takes_nothing_away(arguments: Any) -> None:
    assert arguments.executor == "slurm"
    assert arguments.latency_wait == 60
    assert arguments.retries == 2
    assert arguments.keep_going and arguments.rerun_incomplete
    default = yaml.safe_load((ROOT / "profiles" / "default" / "config.yaml").read_text())
    assert not OURS & set(default)


def test_what_is_the_sites_is_left_to_it() -> None:
    words = (PROFILE / "config.yaml").read_text()
    own = set(re.findall(r"^([a-z-]+):", words, re.M))
    assert own >= OURS
    assert not {"default-resources", "slurm-partition", "slurm-account"} & own
    assert not re.search(r"slurm_(account|partition)|gpu", words)


def test_a_profile_of_the_site_is_read_beside_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    own = "default-resources: [slurm_account=lab, slurm_partition=short]"
    (tmp_path / "config.yaml").write_text(own)
    both = parsed(tmp_path, PROFILE)
    assert both.executor == "slurm" and both.slurm_requeue and both.keep_going
    assert {"slurm_account", "slurm_partition"} <= set(both.default_resources.keys())


def test_rules_it_names_exist(arguments: Any) -> None:
    files = [ROOT / "workflow" / "rules", *(ROOT / "workflow" / "assays").iterdir()]
    rules = set()
    for folder in files:
        prefix = "" if folder.name == "rules" else folder.name
        for file in folder.glob("*.smk"):
            names = re.findall(r"^rule (\w+):", file.read_text(), re.M)
            rules |= {f"{prefix}{name}" for name in names}
    assert set(arguments.groups) | set(arguments.set_resources) <= rules
    assert set(arguments.groups.values()) == {
        f"{assay}_calls" for assay in ("ctc", "dtc", "ctdna", "scdna")
    }


def test_nodes_of_the_tests_have_the_processors_that_rules_ask_for() -> None:
    # Slurm refuses a job that no node could ever take, here as at a site.
    asked = {int(rule.directives["threads"]) for rule in all_rules() if rule.is_job}
    assert max(asked) == min(int(n) for n in re.findall(r"CPUs=(\d+)", CONF))
    told = (ROOT / "docs" / "clusters.md").read_text(encoding="utf-8")
    assert f"Up to {max(asked)} (" in told and "--max-threads" in told
