"""The log of a rule: all that its script says goes there, and its errors in the user's words."""

from __future__ import annotations

import errno
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.remembered import remembering

STDERR = 2
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
CHECKSUMS = Path(".snakemake", "checksums")
"""Beside Snakemake's own notes on the files of a working directory."""


@contextmanager
def log_to(path: str | os.PathLike[str]) -> Iterator[None]:
    """Send prints, warnings, logging and what C libraries write on stderr to the file at `path`.

    A `UserError`, or a full disk, is written as its message alone, any other error with its
    traceback. As every script runs in it, checksums of large files are remembered in it, for the
    jobs that follow.

    Raises
    ------
    SystemExit
        With status 1, in place of any error of the block.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with (
        open(path, "w", encoding="utf-8", buffering=1) as handle,
        _stderr_into(handle.fileno()),
        redirect_stderr(handle),
        redirect_stdout(handle),
        _logging_into(handle),
        remembering(CHECKSUMS),
    ):
        try:
            yield
        except UserError as error:
            print(error, file=handle)
            sys.exit(1)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                print(f"{error}; make room where the results go, and run again", file=handle)
            else:
                traceback.print_exc(file=handle)
            sys.exit(1)


@contextmanager
def _stderr_into(descriptor: int) -> Iterator[None]:
    """Let the process's own stderr go to another file, for code that is not Python."""
    kept = os.dup(STDERR)
    os.dup2(descriptor, STDERR)
    try:
        yield
    finally:
        os.dup2(kept, STDERR)
        os.close(kept)


@contextmanager
def _logging_into(handle: TextIO) -> Iterator[None]:
    """Let records from INFO on, and warnings, go to `handle`."""
    root = logging.getLogger()
    level, handler = root.level, logging.StreamHandler(handle)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.setLevel(level)
        root.removeHandler(handler)
