"""Snakemake imported once: each run of it is a fork of one process that waits for them.

The import takes three quarters of what a dry run does. Nothing of the package is imported before
the fork: a run finds its code, its environment and its folder as it would in a process of its own.
"""

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import traceback
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

TIMEOUT_S = 500


@cache
def server() -> "subprocess.Popen[str]":
    """Start the process that forks; it ends with this one."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, __file__], env=own, text=True, stdin=pipe, stdout=pipe
    )
    atexit.register(process.communicate)
    return process


def snakemake(
    arguments: list[str],
    folder: Path,
    pythons: dict[str, str] | None = None,
    seconds: int = TIMEOUT_S,
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake from a folder; `pythons` are as in `by_stage`, or None for jobs as they are."""
    with NamedTemporaryFile(dir=folder, suffix=".said") as said:
        run = {"arguments": arguments, "folder": str(folder), "said": said.name}
        run |= {"environment": dict(os.environ), "pythons": pythons, "seconds": seconds}
        process = server()
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(run) + "\n")
        process.stdin.flush()
        code = int(process.stdout.readline())
        return subprocess.CompletedProcess(arguments, code, Path(said.name).read_text("utf-8"))


def serve() -> None:
    """Fork for each line of stdin, and write the exit code of what was run."""
    import by_stage  # with Snakemake: by this process alone
    import jsonschema  # noqa: F401 - what every run imports later on
    import pyarrow.parquet  # noqa: F401
    import smart_open  # noqa: F401

    by_stage.cli.get_argument_parser()  # looks for Snakemake's plugins
    gc.freeze()  # a run need not look through what was imported
    assert not [name for name in sys.modules if name.startswith("liquidbiopsy")]
    for line in sys.stdin:
        run = json.loads(line)
        if run["pythons"] is not None:  # a worker outlives the run, and serves the next one
            scripts = Path(run["arguments"][run["arguments"].index("-s") + 1]).parent / "scripts"
            waiting = by_stage.IDLE[sys.executable, str(scripts)]
            if not waiting:
                waiting.append(by_stage.worker(sys.executable, str(scripts)))
        child = os.fork()
        if not child:
            _run(run, by_stage)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code < 0:  # ended amid a job, perhaps: its worker has an answer that nobody awaits
            by_stage.end()
        print(code, flush=True)
    by_stage.end()


def _run(run: dict[str, Any], by_stage: Any) -> None:
    """Become the process of one run."""
    code = 1
    try:
        signal.alarm(run["seconds"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(run["said"], os.O_WRONLY | os.O_APPEND), 1)
        os.dup2(1, 2)
        os.chdir(run["folder"])
        os.environ.clear()
        os.environ.update(run["environment"])
        sys.path[:0] = filter(None, run["environment"].get("PYTHONPATH", "").split(os.pathsep))
        by_stage.main(run["pythons"], run["arguments"])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
