"""Every rule can be watched and timed, and its environment holds what its script imports."""

from pathlib import Path

import pytest
import repository
from repository import CONDA_NAMES, ROOT, Rule

NEEDED = ("conda", "envmodules", "log", "benchmark", "threads", "resources")
JOBS = [rule for rule in repository.all_rules() if rule.is_job]


def problems(rule: Rule, scripts: Path, root: Path = ROOT) -> list[str]:
    """Return all that is wrong with a rule, in words."""
    found = [f"{rule} has no {name}:" for name in NEEDED if name not in rule.directives]
    if "run" in rule.directives:
        found.append(f"{rule} uses run:, which no environment covers; use script:")
    for directive in ("conda", "script"):
        if directive in rule.directives and not rule.path(directive).is_file():
            found.append(f"{rule}: {rule.path(directive).name} of {directive}: does not exist")
    if found or "script" not in rule.directives:
        return found
    environment = rule.path("conda")
    if environment.parent != root / "envs" or rule.path("script").parent != scripts:
        return [f"{rule}: environments belong in envs/, scripts in scripts/"]
    if f'"liquidbiopsy/{environment.stem}"' not in rule.directives["envmodules"]:
        found.append(f"{rule}: its module is not that of {environment.name}")
    listed = repository.environment(environment)
    for module in sorted(repository.third_party(rule.path("script"), scripts)):
        name = repository.distribution(module)
        if CONDA_NAMES.get(name, name) not in listed:
            found.append(f"{rule} imports {module}, {environment.name} has no {name}")
    return found


def test_there_are_rules() -> None:
    assert JOBS, "no rule with a script or shell was found"


@pytest.mark.parametrize("rule", JOBS, ids=str)
def test_rule_is_complete(rule: Rule) -> None:
    assert not problems(rule, ROOT / "scripts")


def test_every_environment_is_used() -> None:
    used = {rule.path("conda").name for rule in JOBS if "conda" in rule.directives}
    there = {file.name for file in (ROOT / "envs").glob("*.yaml")}
    assert there == {*used, "multiqc.yaml"}, "MultiQC is a command beside the workflow"


def test_every_entry_script_belongs_to_a_rule() -> None:
    used = {rule.path("script").name for rule in JOBS if "script" in rule.directives}
    assert {file.name for file in (ROOT / "scripts").glob("*.py")} == used


# The checks above, tried on a small workflow with known faults.

GOOD = """
rule count:
    input:
        "a.txt",
    output:
        "b.txt",
    log:
        "count.log",
    benchmark:
        "count.tsv"
    threads: 1
    resources:
        mem_mb=100,
    conda:
        "../envs/toy.yaml"
    envmodules:
        "liquidbiopsy/toy",
    script:
        "../scripts/toy_count.py"


rule all:
    input:
        "b.txt",
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Make a workflow of one job whose script reaches yaml and numpy through the package."""
    package = tmp_path / "scripts" / "liquidbiopsy" / "core"
    for folder in (tmp_path / "workflow", tmp_path / "envs", package):
        folder.mkdir(parents=True)
    (tmp_path / "scripts/toy_count.py").write_text("from liquidbiopsy.core import table\n")
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("import yaml\n")
    (package / "table.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "from . import deep\n"
        "if TYPE_CHECKING:\n    import pandas\n"
    )
    (package / "deep.py").write_text("def f():\n    import numpy.linalg\n")
    (tmp_path / "envs/toy.yaml").write_text("dependencies: [numpy =2.4.6, pyyaml =6.0.3]\n")
    (tmp_path / "workflow/toy.smk").write_text(GOOD)
    return tmp_path


def toy_problems(toy: Path) -> list[str]:
    (rule,) = [rule for rule in repository.all_rules(toy) if rule.is_job]
    return problems(rule, toy / "scripts", toy)


def test_toy_without_fault_passes(toy: Path) -> None:
    assert [rule.name for rule in repository.all_rules(toy)] == ["count", "all"]
    assert toy_problems(toy) == []


@pytest.mark.parametrize("directive", NEEDED)
def test_toy_without_a_directive_is_found(toy: Path, directive: str) -> None:
    file = toy / "workflow/toy.smk"
    file.write_text(GOOD.replace(f"    {directive}:", f"    # {directive}"))
    assert any(f"no {directive}:" in problem for problem in toy_problems(toy))


@pytest.mark.parametrize(("left", "module"), [("numpy =2.4.6", "yaml"), ("pyyaml =6.0.3", "numpy")])
def test_toy_environment_without_an_import_is_found(toy: Path, left: str, module: str) -> None:
    (toy / "envs/toy.yaml").write_text(f"dependencies: [{left}]\n")
    (problem,) = toy_problems(toy)
    assert f"imports {module}," in problem


def test_toy_with_the_module_of_another_stage_is_found(toy: Path) -> None:
    file = toy / "workflow/toy.smk"
    file.write_text(GOOD.replace("liquidbiopsy/toy", "liquidbiopsy/other"))
    assert toy_problems(toy) == ["toy.smk: count: its module is not that of toy.yaml"]


def test_toy_without_its_script_is_found(toy: Path) -> None:
    (toy / "scripts/toy_count.py").unlink()
    assert "does not exist" in toy_problems(toy)[0]
