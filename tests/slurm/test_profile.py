"""What Snakemake makes of profiles/slurm beside profiles/default; needs no Slurm."""

import re
from typing import Any

import pytest
import yaml
from repository import ROOT
from slurm_run import PROFILE

OURS = {"executor", "jobs", "retries", "latency-wait", "groups", "set-resources"}


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch) -> Any:
    from snakemake.cli import parse_args

    monkeypatch.chdir(ROOT)
    return parse_args(["--profile", str(PROFILE)])[1]


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


def test_rules_it_names_exist(arguments: Any) -> None:
    files = [ROOT / "workflow" / "rules", *(ROOT / "workflow" / "assays").iterdir()]
    rules = set()
    for folder in files:
        prefix = "" if folder.name == "rules" else folder.name
        for file in folder.glob("*.smk"):
            names = re.findall(r"^rule (\w+):", file.read_text(), re.M)
            rules |= {f"{prefix}{name}" for name in names}
    assert set(arguments.groups) | set(arguments.set_resources) <= rules
    assert set(arguments.groups.values()) == {"ctc_calls", "dtc_calls", "ctdna_calls"}
