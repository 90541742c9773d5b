"""Run Snakemake with the scripts of some stages in a Python of their own.

    python tests/by_stage.py '{"reads": "/path/to/python"}' ARGUMENTS OF SNAKEMAKE

The scripts of other stages run in this Python. In either, one process runs all scripts of a Python
one after the other (`job_worker.py`), which spares each job to import its packages anew. Snakemake
is used as it is but for how it starts a script.
"""

import json
import os
import pickle
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import repository
from snakemake import cli
from snakemake.benchmark import benchmarked
from snakemake.script import PythonScript

WORKER = Path(__file__).with_name("job_worker.py")
PARTS = ("input", "output", "params", "log", "wildcards")
RAN = ".snakemake/ran_in_stages.tsv"
"""In the working directory: script and stage of each job that ran in a stage's own Python."""


@cache
def stages() -> dict[str, str]:
    """Name of each script -> the stage that its rule runs in."""
    jobs = [rule for rule in repository.all_rules() if "script" in rule.directives]
    return {rule.path("script").name: rule.path("conda").stem for rule in jobs}


@cache
def worker(python: str, scripts: str) -> "subprocess.Popen[bytes]":
    """Start the process that runs the scripts of a Python; it ends when this one does."""
    kept = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    command = [python, "-I", str(WORKER), scripts]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=kept)


def plain(value: Any) -> Any:
    """A value as any Python can read it: what Snakemake adds to it is left out."""
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, dict):
        return {plain(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    raise TypeError(f"{value!r} is no plain value")


def execute(self: PythonScript, pythons: dict[str, str]) -> None:
    """Have a job's script run by the worker of its stage."""
    script = Path(self.path.get_path_or_uri(secret_free=True)).resolve()
    stage = stages().get(script.name, "")
    parts = {}
    for name in PARTS:
        part = getattr(self, name)
        parts[name] = (plain(list(part)), {k: plain(v) for k, v in part.items()})
    job = {"script": str(script), "parts": parts, "plain": {"threads": int(self.threads)}}
    process = worker(pythons.get(stage, sys.executable), str(script.parent))
    with benchmarked(process.pid, self.bench_record):
        pickle.dump(job, process.stdin, protocol=4)
        process.stdin.flush()
        failed = pickle.load(process.stdout)
    if stage in pythons:
        with open(RAN, "a", encoding="utf-8") as handle:
            handle.write(f"{script.name}\t{stage}\n")
    if failed:
        raise RuntimeError(failed)


def main(pythons: dict[str, str], arguments: list[str]) -> None:
    """Run Snakemake, which ends the process with its own exit code."""
    PythonScript.execute_script = lambda self, fname, edit=False: execute(self, pythons)
    cli.main(arguments)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
