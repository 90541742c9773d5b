"""Run Snakemake with the scripts of some stages in a Python of their own.

The scripts of other stages run in this Python. In either, a process runs the scripts of a Python
one after the other (`job_worker.py`), which spares each job to import its packages anew; there are
as many such processes as jobs run at once. Snakemake is used as it is but for how it starts a
script.
"""

import os
import pickle
import subprocess
import sys
from collections import defaultdict
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


IDLE: "defaultdict[tuple[str, str], list[subprocess.Popen[bytes]]]" = defaultdict(list)
"""Processes that wait for a job, by Python and folder of scripts."""


def worker(python: str, scripts: str) -> "subprocess.Popen[bytes]":
    """Start a process that runs the scripts of a Python; it ends when this one does."""
    kept = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    command = [python, "-I", str(WORKER), scripts]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=kept)


def end() -> None:
    """End the processes that wait."""
    for process in [process for of in IDLE.values() for process in of]:
        process.communicate()
    IDLE.clear()


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
    job["folder"] = os.getcwd()
    place = pythons.get(stage, sys.executable), str(script.parent)
    try:
        process = IDLE[place].pop()
    except IndexError:
        process = worker(*place)
    with benchmarked(process.pid, self.bench_record):
        pickle.dump(job, process.stdin, protocol=4)
        process.stdin.flush()
        failed = pickle.load(process.stdout)
    IDLE[place].append(process)
    if stage in pythons:
        with open(RAN, "a", encoding="utf-8") as handle:
            handle.write(f"{script.name}\t{stage}\n")
    if failed:
        raise RuntimeError(failed)


def main(pythons: dict[str, str] | None, arguments: list[str]) -> None:
    """Run Snakemake, which ends the process; without `pythons`, its jobs run as they always do."""
    if pythons is not None:
        PythonScript.execute_script = lambda self, fname, edit=False: execute(self, pythons)
    cli.main(arguments)
