"""Checksums of large files, computed once and remembered between jobs by size, times and inode.

A slide of gigabytes or a reference genome would otherwise be read whole in every job that names it.
A checksum is trusted only while nothing of the file's state has changed, its change time included,
which no program can set back; and it is remembered only of a file that has lain still for a while,
so that a second change within the resolution of a file system's clock cannot go unseen.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LARGE = 4 << 20
"""Bytes from which a checksum is remembered: reading less is as quick as asking."""
STILL_S = 10.0
"""Seconds since the last change: more than a file system's resolution and most clocks' lag."""
DIGITS = 64

_folders: list[Path] = []


@contextmanager
def remembering(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Remember checksums in `folder` while the block runs; jobs may share it at the same time.

    A folder that cannot be written is no error: checksums are then computed each time.
    """
    _folders.append(Path(folder).resolve())
    try:
        yield
    finally:
        _folders.pop()


def sha256_of_file(path: str | os.PathLike[str]) -> str:
    """Checksum of a file's bytes, remembered or computed.

    Raises
    ------
    OSError
        The file is not there or cannot be read.
    """
    with open(path, "rb") as handle:
        looked, before = time.time(), _state(handle.fileno())
        note = _note(path) if before["size"] >= LARGE else None
        if note and (known := _recalled(note, before)):
            return known
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        unchanged = _state(handle.fileno()) == before
    changed_s = max(before["mtime_ns"], before["ctime_ns"]) / 1e9
    if note and unchanged and changed_s < looked - STILL_S:
        _remember(note, before, digest)
    return digest


def _state(descriptor: int) -> dict[str, int]:
    """What changes with a file's bytes; not the device, which has no fixed number on NFS."""
    s = os.fstat(descriptor)
    state = {"size": s.st_size, "mtime_ns": s.st_mtime_ns, "ctime_ns": s.st_ctime_ns}
    return {**state, "inode": s.st_ino}


def _note(path: str | os.PathLike[str]) -> Path | None:
    """The file in which the checksum of `path` is remembered; None outside of `remembering`."""
    if not _folders:
        return None
    name = hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()
    return _folders[-1] / name[:2] / f"{name[2:]}.json"


def _recalled(note: Path, state: dict[str, int]) -> str | None:
    """The remembered checksum, where the file is still as it was."""
    try:
        said = json.loads(note.read_bytes())
        digest = said.pop("sha256")
        sound = said == state and len(bytes.fromhex(digest)) * 2 == DIGITS
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return str(digest) if sound else None


def _remember(note: Path, state: dict[str, int], digest: str) -> None:
    """Write a note under a name of its own and rename it: other jobs may do the same just now."""
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=note.parent, suffix=".part")
        try:
            with os.fdopen(handle, "w") as file:
                json.dump({**state, "sha256": digest}, file)
            os.replace(partial, note)
        except OSError:
            os.unlink(partial)
