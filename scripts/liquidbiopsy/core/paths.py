"""Paths in sheets, which may stand for several files."""

from __future__ import annotations

import glob
import re


def expand_path(path: str) -> list[str]:
    """The path, or, where it has a `{name}` in it, all files that fit it."""
    if not re.search(r"\{\w+\}", path):
        return [path]
    parts = re.split(r"\{\w+\}", path)
    return sorted(glob.glob("*".join(glob.escape(part) for part in parts)))
