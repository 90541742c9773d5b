"""What a result file says of how it was made, and which file of a result set has which bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from liquidbiopsy.core.errors import InputError

VERSIONS = ("workflow_version", "schema_version")


@dataclass(frozen=True)
class Made:
    """The provenance in a Parquet file's metadata; blank or empty where it says nothing."""

    code: str
    settings: str
    inputs: Mapping[str, str]
    """Name of each input -> its sha256."""
    packages: Mapping[str, str]
    versions: tuple[str, ...]
    """Of the workflow and of its tables."""


def made_of(path: Path) -> Made:
    """Read the provenance of a Parquet file.

    Raises
    ------
    InputError
        It is no Parquet file, or its metadata is not what the workflow writes.
    """
    try:
        said = pq.read_schema(path).metadata or {}
        plain = {key.decode(): value.decode() for key, value in said.items()}
        inputs, packages = (json.loads(plain.get(k, "{}")) for k in ("inputs_sha256", "packages"))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _unreadable(path) from error
    return Made(
        code=plain.get("code_sha256", ""),
        settings=plain.get("settings_sha256", ""),
        inputs={str(k): str(v) for k, v in inputs.items()},
        packages={str(k): str(v) for k, v in packages.items()},
        versions=tuple(plain.get(key, "") for key in VERSIONS),
    )


def rows_of(path: Path) -> pa.Table:
    """The rows of a Parquet file without their metadata.

    Raises
    ------
    InputError
        It is no Parquet file.
    """
    try:
        return pq.read_table(path, partitioning=None).replace_schema_metadata(None)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> InputError:
    return InputError(str(path), "is not a Parquet file of the workflow", "run the workflow again")


@dataclass(frozen=True)
class Folders:
    """Folders of one result set in which the files behind a specimen stand."""

    root: Path
    places: tuple[str, ...]
    """Relative to the root, the specimen's own first."""

    def files(self) -> Iterator[Path]:
        """Every file in the folders, in name order."""
        for place in self.places:
            found = sorted(p for p in (self.root / place).rglob("*") if p.is_file())
            yield from (p for p in found if not p.name.startswith("."))

    @cached_property
    def by_digest(self) -> dict[str, str]:
        """Checksum -> file with these bytes, relative to the root; of several, the first."""
        found: dict[str, str] = {}
        for path in self.files():
            with open(path, "rb") as handle:
                digest = hashlib.file_digest(handle, "sha256").hexdigest()
            found.setdefault(digest, path.relative_to(self.root).as_posix())
        return found
