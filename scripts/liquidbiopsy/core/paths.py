"""Paths in sheets, which may stand for several files."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable


def expand_path(path: str) -> list[str]:
    """The path, or, where it has a `{name}` in it, all files that fit it."""
    if not re.search(r"\{\w+\}", path):
        return [path]
    parts = re.split(r"\{\w+\}", path)
    return sorted(glob.glob("*".join(glob.escape(part) for part in parts)))


def existing(paths: Iterable[str | None]) -> list[str]:
    """Paths that can be read, each once, in order; the rest is for the steps to report."""
    return sorted({path for path in paths if path and readable(path)})


def readable(path: str) -> bool:
    """Whether there is a file or folder that may be read."""
    return os.access(path, os.R_OK)


def real_paths(paths: Iterable[str]) -> dict[str, str]:
    """What `os.path.realpath` says of each path; a folder that many share is looked at once."""
    folders: dict[str, str] = {}
    found = {}
    for path in set(paths):
        folder, name = os.path.split(path)
        if name in ("", ".", "..") or os.path.islink(path):
            found[path] = os.path.realpath(path)
            continue
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        found[path] = os.path.join(folders[folder], name)
    return found
