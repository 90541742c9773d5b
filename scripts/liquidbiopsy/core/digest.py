"""Checksums: of bytes, of files and folders, of settings, and of the code a step runs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from liquidbiopsy.core.imports import names_imported
from liquidbiopsy.core.packages import packages_digest
from liquidbiopsy.core.remembered import sha256_of_file

PACKAGE = Path(__file__).resolve().parent.parent
JOINT = "+"
"""Between the checksum of the code and that of the packages it imports."""


def sha256_of_settings(settings: Any) -> str:
    """Checksum of plain settings (dict, list, text, numbers), whatever the order of their keys."""
    plain = json.dumps(settings, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(plain.encode()).hexdigest()


def sha256_of_path(path: str | Path) -> str:
    """Checksum of a file, or of a folder's files with their names, in name order.

    Raises
    ------
    OSError
        The file is not there or cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        listing = "\n".join(f"{sha256_of_path(p)}  {p.name}" for p in files)
        return hashlib.sha256(listing.encode()).hexdigest()
    return sha256_of_file(path)


def state_of_folders(paths: Iterable[str | Path]) -> str:
    """Names, sizes and times of the files in folders, as a checksum; blank where there is none.

    Snakemake looks at a folder's own time, which does not change when a file in it is replaced.
    """
    digest = hashlib.sha256()
    folders = [p for p in map(Path, paths) if p.is_dir()]
    for folder in folders:
        try:
            for entry in sorted(os.scandir(folder), key=lambda e: e.name):
                if entry.is_file() and not entry.name.startswith("."):
                    state = entry.stat()
                    digest.update(f"{entry.name}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
        except OSError as error:  # what cannot be read is for the step itself to report
            digest.update(f"{error.strerror}\n".encode())
    return digest.hexdigest() if folders else ""


@cache
def code_digest(*modules: str) -> str:
    """Checksum of the package files that `modules` import, and one of the packages they import.

    A rule takes it as a parameter, so that editing the code reruns just the steps whose code
    changed, and another version of a package those that import it.

    Parameters
    ----------
    modules : str
        Dotted names within the package, such as ``"liquidbiopsy.ctc.detect"``.

    Raises
    ------
    ModuleNotFoundError
        A module of that name is not in the package.
    """
    digest = hashlib.sha256()
    outside: set[str] = set()
    for name in sorted(imported_modules(*modules)):
        digest.update(name.encode() + b"\0" + _content(name) + b"\0")
        outside.update(named.split(".")[0] for named in _named(name))
    return digest.hexdigest() + JOINT + packages_digest(outside)


def code_of(digest: str) -> str:
    """The part of a `code_digest` that is of the code alone."""
    return digest.partition(JOINT)[0]


def imported_modules(*modules: str) -> set[str]:
    """The package's modules that `modules` import, directly or through others."""
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(_imports(name))
    return seen


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Modules of this package named in the import statements of one module."""
    above = module.rsplit(".", 1)[0]
    ours = [n for n in (above, *_named(module)) if n.split(".")[0] == PACKAGE.name and n != module]
    return tuple(n for n in ours if n == above or _exists(n))


@cache
def _named(module: str) -> tuple[str, ...]:
    """All names in the import statements of one module."""
    return names_imported(_content(module))


@cache
def _content(module: str) -> bytes:
    return _file_of(module).read_bytes()


def _file_of(module: str) -> Path:
    base = PACKAGE.parent.joinpath(*module.split("."))
    file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    if not file.is_file():
        raise ModuleNotFoundError(f"{module} is not a module of {PACKAGE.name}")
    return file


@cache
def _exists(module: str) -> bool:
    base = PACKAGE.parent.joinpath(*module.split("."))
    return base.with_suffix(".py").is_file() or (base / "__init__.py").is_file()
