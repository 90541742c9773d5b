"""Fresh environments of wheels, for the tests that `make test-envs` runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import repository

asked_for = pytest.mark.skipif(
    not os.environ.get("LIQUIDBIOPSY_TEST_ENVS"),
    reason="builds an environment: run `make test-envs`",
)


def make_environment(folder: Path, wanted: list[str], locked: bool = True) -> Path:
    """Build a fresh environment of wheels, in the locked versions or not, and give its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    constraints = folder / "constraints.txt"
    pins = [f"{n}=={version}" for n, version in repository.locked().items() if locked]
    constraints.write_text("\n".join(pins) + "\n", encoding="utf-8")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--only-binary",
        ":all:",
    ]
    done = subprocess.run(
        [*pip, "--quiet", "--disable-pip-version-check", "-c", str(constraints), *wanted],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return python
