"""requirements.lock, envs/ and the Makefile agree, and hold what the code imports."""

import re
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
import repository
import yaml
from packaging.requirements import Requirement
from repository import CONDA_NAMES, ROOT

MULTIQC = ROOT / "envs/multiqc.yaml"  # a command of no rule
ENVIRONMENTS = sorted(file for file in (ROOT / "envs").glob("*.yaml") if file != MULTIQC)

# Snakemake declares it, has no wheel of it and never imports it (see the Makefile).
LEFT_OUT = {"connection-pool"}


@pytest.fixture(scope="module")
def lock_text() -> str:
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def direct_dependencies() -> set[str]:
    text = (ROOT / "requirements.in").read_text(encoding="utf-8")
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return {repository.normalised(line) for line in lines if line}


def test_every_locked_package_is_pinned_once_with_hashes(lock_text: str) -> None:
    entries = re.split(r"^(?=[A-Za-z])", lock_text, flags=re.M)[1:]
    assert len(entries) > 20
    without = [e for e in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", e)]
    assert not without, without
    names = [re.split(r"==| ", entry)[0] for entry in entries]
    assert len(names) == len(set(names)), "a package is pinned twice"
    assert all(re.match(r"[A-Za-z0-9._-]+==[\w.]+", entry) for entry in entries)


def test_lock_names_no_address_and_no_option(lock_text: str) -> None:
    assert not re.search(r"://|^\s*-[^-]|^--|@ ", lock_text, re.M)


def test_makefile_installs_wheels_by_hash_and_nothing_else() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    installs = [line for line in makefile.splitlines() if "-r requirements.lock" in line]
    assert len(installs) == 1
    for option in ("--only-binary :all:", "--require-hashes", "--no-deps"):
        assert option in installs[0]
    resolver = next(line for line in makefile.splitlines() if "pip compile" in line)
    assert "--only-binary :all:" in resolver and "--generate-hashes" in resolver


def test_direct_dependencies_are_locked() -> None:
    assert direct_dependencies() <= repository.locked().keys()


def test_lock_holds_all_that_its_packages_require() -> None:
    """`--no-deps` installs no more than the lock says, so the lock must be whole."""
    locked, missing = repository.locked(), []
    for installed in distributions():
        if repository.normalised(installed.name) not in locked:
            continue
        for text in installed.requires or []:
            need = Requirement(text)
            name = repository.normalised(need.name)
            if name in LEFT_OUT or (need.marker and not need.marker.evaluate({"extra": ""})):
                continue
            if not need.specifier.contains(locked.get(name, "0"), prereleases=True):
                missing.append(f"{installed.name} needs {text}, the lock has {locked.get(name)}")
    assert not missing, "\n".join(missing)


def test_what_is_installed_is_what_is_locked() -> None:
    if (ROOT / ".venv").resolve() != Path(sys.prefix).resolve():
        pytest.skip("not run from .venv")
    installed = {repository.normalised(d.name): d.version for d in distributions()}
    locked = repository.locked()
    other = {n: v for n, v in installed.items() if n in locked and v != locked[n]}
    assert not other, "installed in other versions than requirements.lock says"
    absent = direct_dependencies() - installed.keys()
    assert not absent, f"not installed: {absent}"


@pytest.mark.parametrize("file", ENVIRONMENTS, ids=lambda file: file.name)
def test_environment_has_the_locked_versions(file: Path) -> None:
    """Conda-forge's versions have three numbers: the fourth of a wheel counts its rebuilds."""
    locked = repository.locked()
    expected = {CONDA_NAMES.get(name, name): version for name, version in locked.items()}
    packages = repository.environment(file)
    assert packages.pop("python") == "3.11"
    by_version = {name: v for name, v in packages.items() if v != "*"}  # `*` pins a build alone
    wrong = {
        name: f"{version}, locked: {expected.get(name)}"
        for name, version in by_version.items()
        if name not in expected or version != ".".join(expected[name].split(".")[:3])
    }
    assert not wrong


@pytest.mark.parametrize("file", ENVIRONMENTS, ids=lambda file: file.name)
def test_environment_uses_conda_forge_alone(file: Path) -> None:
    channels = yaml.safe_load(file.read_text(encoding="utf-8"))["channels"]
    assert channels == ["conda-forge", "nodefaults"]


def test_multiqc_stays_apart() -> None:
    """It is under the GPL: a command, in an environment of its own."""
    assert list(repository.environment(MULTIQC)) == ["multiqc"]
    assert "multiqc" not in repository.locked()
    files = [*(ROOT / "scripts").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    importing = re.compile(r"^\s*(import|from) multiqc", re.M)
    assert not [file for file in files if importing.search(file.read_text("utf-8"))]


def test_there_are_environments() -> None:
    assert ENVIRONMENTS


def test_package_imports_direct_dependencies_alone() -> None:
    """What the code imports stands in requirements.in, not only behind something else."""
    modules = sorted((ROOT / "scripts").rglob("*.py"))
    assert modules
    imported = {name for file in modules for name in repository.third_party(file)}
    undeclared = {repository.distribution(name) for name in imported} - direct_dependencies()
    assert not undeclared
