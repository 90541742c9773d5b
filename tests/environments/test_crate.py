"""The record of a run keeps to its profile, as the profile's own validator judges.

Not part of `make test`: `make test-envs`.
"""

import json
import subprocess
from pathlib import Path

import pytest
import repository
from fresh import asked_for, make_environment
from reporting import write_patient

from liquidbiopsy.record.crate import write_record

HERE = Path(__file__).parent
CRATE = "ro-crate-metadata.json"

pytestmark = asked_for


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lines = (HERE / "validator.txt").read_text("utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    wanted.append(f"rocrate=={repository.locked()['rocrate']}")
    return make_environment(tmp_path_factory.mktemp("validator") / "environment", wanted)


@pytest.fixture
def crate(tmp_path: Path) -> Path:
    write_patient(tmp_path)
    (tmp_path / "run").mkdir()
    settings = {"assays": {"blood": {"gates": "portable", "n": [1]}}}
    write_record(tmp_path / "run" / CRATE, settings, "9.20.0")
    return tmp_path / "run" / CRATE


def judged(python: Path, crate: Path) -> subprocess.CompletedProcess[str]:
    command = [str(python), str(HERE / "validate_crate.py"), str(crate.parent)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_the_record_is_a_workflow_run_crate(python: Path, crate: Path) -> None:
    done = judged(python, crate)
    assert done.returncode == 0, done.stdout


def test_a_record_without_its_workflow_is_refused(python: Path, crate: Path) -> None:
    said = json.loads(crate.read_text("utf-8"))
    for entity in said["@graph"]:
        entity.pop("mainEntity", None)
    crate.write_text(json.dumps(said), encoding="utf-8")
    done = judged(python, crate)
    assert done.returncode == 1 and "workflow" in done.stdout.lower()
