"""Each environment of envs/ is complete by itself: a fresh one of wheels runs its stage's rules.

Not part of `make test`, as it installs gigabytes: `make test-envs`.
"""

import re
import subprocess
from pathlib import Path

import golden_run
import pytest
import repository
from by_stage import RAN
from fresh import asked_for, make_environment
from repository import CONDA_NAMES, ROOT

from liquidbiopsy.core.digest import imported_modules

STAGES = sorted({r.path("conda").stem for r in repository.all_rules() if "conda" in r.directives})
WHEELS = {conda: pip for pip, conda in CONDA_NAMES.items()}
ONLY_IMPORTED = {"reference_bins.py", "reference_gc.py"}
"""Scripts that the golden run has no job for: of whole genomes and cells that come as reads."""
IMPORT = """
import importlib, sys
scripts, *names = sys.argv[1:]
strange = [p for p in sys.path if p and not p.startswith((sys.prefix, sys.base_prefix))]
assert not strange, strange
assert not [p for p in sys.path if "-packages" in p and not p.startswith(sys.prefix)], sys.path
sys.path.insert(0, scripts)
for name in names:
    importlib.import_module(name)
print("imported", len(names))
"""

pytestmark = asked_for


def wheels(stage: str) -> list[str]:
    """What an environment lists, as pip names it, in the locked versions."""
    listed = repository.environment(ROOT / "envs" / f"{stage}.yaml")
    locked = repository.locked()
    names = [WHEELS.get(n, n) for n, version in listed.items() if n != "python" and version != "*"]
    assert names
    return [f"{name}=={locked[name]}" for name in names]


def scripts_of(stage: str) -> list[Path]:
    """Return the scripts of the rules that run in a stage's environment."""
    jobs = [rule for rule in repository.all_rules() if rule.is_job and "script" in rule.directives]
    return [rule.path("script") for rule in jobs if rule.path("conda").stem == stage]


def imports_behind(script: Path) -> set[str]:
    """Return all modules of the package behind a script, and what it imports from outside."""
    own = re.findall(r"^from (liquidbiopsy[\w.]*) import", script.read_text("utf-8"), re.M)
    assert own, f"{script.name} imports nothing of the package"
    return {*imported_modules(*own), *repository.third_party(script)}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_needs_nothing_but_its_list(stage: str, tmp_path: Path) -> None:
    """Its modules are imported, then its scripts run: the tables are those of the golden run."""
    python = make_environment(tmp_path / stage, wheels(stage))
    scripts = scripts_of(stage)
    assert scripts
    names = sorted({name for script in scripts for name in imports_behind(script)})
    command = [str(python), "-I", "-c", IMPORT, str(ROOT / "scripts"), *names]
    done = subprocess.run(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, f"{stage}:\n{done.stdout}"
    assert f"imported {len(names)}" in done.stdout
    made = golden_run.laboratory(tmp_path / "golden")
    made.finish_at_once(pythons={stage: str(python)})
    found = list(golden_run.changes(golden_run.written(), golden_run.digests(made.folder)))
    assert not found, "\n".join(found)
    ran = (made.folder / RAN).read_text("utf-8").splitlines()
    assert {line.split("\t")[0] for line in ran} == {s.name for s in scripts} - ONLY_IMPORTED


def test_an_environment_that_lacks_a_package_is_found(tmp_path: Path) -> None:
    """The same, with a package of the list left out, fails: the test can."""
    wanted = [w for w in wheels("copynumber") if w.split("==")[0] in ("numpy", "pyarrow")]
    python = make_environment(tmp_path / "less", wanted)
    names = sorted({n for script in scripts_of("copynumber") for n in imports_behind(script)})
    command = [str(python), "-I", "-c", IMPORT, str(ROOT / "scripts"), *names]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0 and "No module named" in done.stderr
