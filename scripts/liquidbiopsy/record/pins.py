"""Exact builds of the conda environments: `python -m liquidbiopsy.record.pins envs`.

Snakemake installs `<stage>.<platform>.pin.txt` in place of `<stage>.yaml`, and then leaves out what
the YAML file lists under `pip`: that goes into `<stage>.post-deploy.sh`, which it runs after. See
https://snakemake.readthedocs.io/en/stable/snakefiles/deployment.html.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.errors import UserError

DEPLOY = """#!/bin/sh
# Made by `make pins`: the wheels of the environment, in the versions that it was frozen with.
set -e
python -m pip install --no-deps --only-binary :all: {wheels}
"""


def write_pins(folder: Path) -> list[Path]:
    """Make each environment of a folder once, and write the builds that conda chose.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    UserError
        There is no conda, or it could not make an environment.
    """
    platform = json.loads(_conda("info", "--json"))["platform"]
    files: list[Path] = []
    for listed in sorted(folder.glob("*.yaml")):
        with tempfile.TemporaryDirectory() as temporary:
            made = str(Path(temporary, listed.stem))
            _conda("env", "create", "--quiet", "--yes", "--file", str(listed), "--prefix", made)
            explicit = _conda("list", "--explicit", "--md5", "--prefix", made)
            packages = json.loads(_conda("list", "--json", "--prefix", made))
        files.append(listed.with_name(f"{listed.stem}.{platform}.pin.txt"))
        write_text(files[-1], explicit)
        if wheels := _wheels(packages):
            files.append(listed.with_name(f"{listed.stem}.post-deploy.sh"))
            write_text(files[-1], DEPLOY.format(wheels=" ".join(wheels)))
    return files


def _wheels(packages: Sequence[Mapping[str, Any]]) -> list[str]:
    """What pip installed, with what that requires."""
    return sorted(f"{p['name']}=={p['version']}" for p in packages if p["channel"] == "pypi")


def _conda(*arguments: str) -> str:
    """What conda answers."""
    try:
        done = subprocess.run(["conda", *arguments], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise UserError("conda is not on PATH: activate it, see docs/environments.md") from None
    except subprocess.CalledProcessError as error:
        raise UserError(f"conda {' '.join(arguments)} failed:\n{error.stderr.strip()}") from None
    return done.stdout


def main(arguments: Sequence[str]) -> int:
    """Write the pins of a folder of environments; 1 where conda does not."""
    try:
        for path in write_pins(Path(arguments[0])):
            print(path)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
