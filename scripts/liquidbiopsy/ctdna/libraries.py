"""The libraries of a specimen as the steps after alignment are given them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from liquidbiopsy.core.names import shown_names
from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.core.tables import FAILED


def paired_with_files(
    rows: Iterable[Mapping[str, Any]], consensus: Iterable[str], libraries: Iterable[str]
) -> list[dict[str, Any]]:
    """Rows of a specimen's libraries, each with its `consensus` BAM and its `library` table."""
    return [
        {"row": dict(row), "consensus": bam, "library": table}
        for row, bam, table in zip(rows, consensus, libraries, strict=True)
    ]


def source_of(row: Mapping[str, Any]) -> str:
    """The file that a library is read from as messages name it: by the sheet, no path of a machine.

    Of FASTQ files that of the first reads.
    """
    files = [row.get(name) for name in ("bam", "fq1", "wig", "bins")]
    given = next((str(file) for file in files if file), row["library_id"])
    return shown_names([given])[given]


def failure_of(library: Mapping[str, Any]) -> str | None:
    """Why a library could not be read in an earlier step; None where it could."""
    (row,) = read_table(library["library"]).to_pylist()
    return row["reason"] or "it could not be read" if row["status"] == FAILED else None
