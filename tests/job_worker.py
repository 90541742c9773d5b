"""Run the scripts of jobs, one after the other, in the Python that this is started with.

It stands alone: an environment needs nothing for it but Python. Jobs come pickled on stdin, as
plain values; what came of each goes to stdout. Only the folder of the scripts is on the path beside
what the environment itself has.
"""

import os
import pickle
import sys
import traceback
from types import SimpleNamespace


class Named(list):
    """What Snakemake gives a script as `input`, `output` and so on: a list, some of it by name."""

    def __init__(self, items, names):
        super().__init__(items)
        self.__dict__.update(names)

    def items(self):
        return self.__dict__.items()

    def get(self, name, default=None):
        return self.__dict__.get(name, default)


def run(job):
    """Run a job's script; its own words where it fails, or None."""
    parts = {name: Named(*of) for name, of in job["parts"].items()}
    names = {"snakemake": SimpleNamespace(**parts, **job["plain"]), "__name__": "__main__"}
    with open(job["script"], encoding="utf-8") as handle:
        code = compile(handle.read(), job["script"], "exec")
    os.chdir(job["folder"])
    try:
        exec(code, names)
    except SystemExit as error:
        return f"{job['script']} ended with {error.code}" if error.code else None
    except BaseException:
        return traceback.format_exc()
    return None


def main(scripts):
    """Check that nothing of another environment is on the path, then run what comes."""
    own = (sys.prefix, sys.base_prefix)
    strange = [p for p in sys.path if p and not p.startswith(own)]
    strange += [p for p in sys.path if "-packages" in p and not p.startswith(sys.prefix)]
    assert not strange, strange
    sys.path.insert(0, scripts)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a script prints is no answer
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(run(job), answers)
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
