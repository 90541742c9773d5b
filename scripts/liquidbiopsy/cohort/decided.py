"""What the statistics read of decisions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

COLUMNS = ("patient_id", "rule_id", "rule_version", "outcome", "day")


def decisions_of(files: Iterable[str | Path]) -> list[dict[str, Any]]:
    """The rows of several tables of decisions, in the columns that statistics need.

    A table without `day` is read as one of decisions known on the index date.
    """
    rows: list[dict[str, Any]] = []
    for path in files:
        with pq.ParquetFile(path) as file:
            names = [n for n in COLUMNS if n in file.schema_arrow.names]
            rows += file.read(columns=names).to_pylist()
    return rows
