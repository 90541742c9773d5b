"""What a run leaves behind: its results, the inputs and packages they name, when they were made."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq

from liquidbiopsy.core.digest import sha256_of_path

NOT_RESULTS = ("benchmarks", "logs", "references")
"""Folders of the results that hold notes and what is kept for the next run."""
DIGITS = 64


@dataclass(frozen=True)
class File:
    """A file by its bytes."""

    name: str
    """Path within the results, or the name that a table gives an input."""
    sha256: str
    size: int | None = None
    """Bytes; of an input, which is named by checksum alone, unknown."""


@dataclass(frozen=True)
class Left:
    """What a run has left."""

    outputs: tuple[File, ...]
    inputs: tuple[File, ...]
    """Raw inputs: what tables name that is itself no result."""
    packages: dict[str, str]
    started: datetime
    ended: datetime


def collect(results: Path, besides: Iterable[Path]) -> Left:
    """Read the results of a run that has come to its end.

    Parameters
    ----------
    results : Path
        The results' folder.
    besides : iterable of Path
        Files in it that are not results: the record itself.
    """
    apart = set(besides)
    found = [p for p in sorted(results.rglob("*")) if p.is_file() and p not in apart]
    kept = [p for p in found if not _is_left_out(p.relative_to(results).parts)]
    outputs = [
        File(p.relative_to(results).as_posix(), sha256_of_path(p), p.stat().st_size) for p in kept
    ]
    made = {file.sha256 for file in outputs}
    inputs: dict[str, str] = {}
    packages: dict[str, set[str]] = {}
    for path in kept:
        if path.suffix == ".parquet":
            said = pq.read_schema(path).metadata or {}
            for name, digest in json.loads(said.get(b"inputs_sha256", b"{}")).items():
                if digest not in made and len(digest) == DIGITS:  # less says why there is none
                    inputs.setdefault(digest, name)
            for name, version in json.loads(said.get(b"packages", b"{}")).items():
                packages.setdefault(name, set()).add(version)
    started, ended = times(results / "benchmarks")
    return Left(
        outputs=tuple(outputs),
        inputs=tuple(sorted((File(n, d) for d, n in inputs.items()), key=lambda f: f.name)),
        packages={name: ", ".join(sorted(v)) for name, v in sorted(packages.items())},
        started=started,
        ended=ended,
    )


def _is_left_out(parts: tuple[str, ...]) -> bool:
    return parts[0] in NOT_RESULTS or any(part.startswith(".") for part in parts)


def times(benchmarks: Path) -> tuple[datetime, datetime]:
    """When the first job of the results started and the last ended, as their benchmarks tell.

    A benchmark is written as its job ends, and holds how long it took; results that were kept from
    an earlier run count with the time of that run.
    """
    starts, ends = [], []
    for path in benchmarks.rglob("*.tsv"):
        ended = path.stat().st_mtime
        try:
            seconds = float(path.read_text("utf-8").splitlines()[1].split("\t")[0])
        except (ValueError, IndexError):
            seconds = 0.0
        starts.append(ended - seconds)
        ends.append(ended)
    now = datetime.now(UTC).timestamp()
    return _moment(min(starts, default=now)), _moment(max(ends, default=now))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
