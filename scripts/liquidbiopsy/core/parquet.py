"""Parquet files by the contract: columns cast to their schema, rows sorted, provenance inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from liquidbiopsy.core.atomic import atomic_path
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.core.tables import Table


def table_of(rows: Iterable[Mapping[str, Any]], kind: Table) -> pa.Table:
    """Rows as an Arrow table of the given kind; keys that are absent become null."""
    listed = list(rows)
    columns = {
        f.name: pa.array([row.get(f.name) for row in listed], type=f.type) for f in kind.schema
    }
    return pa.table(columns, schema=kind.schema)


def write_table(table: pa.Table, path: str | Path, kind: Table, provenance: Provenance) -> None:
    """Sort, cast to the schema of `kind` and write, atomically.

    Raises
    ------
    ValueError
        A column is missing, or one that must not be null has nulls.
    """
    missing = [n for n in kind.schema.names if n not in table.column_names]
    if missing:
        raise ValueError(f"{kind.name}: no column {', '.join(missing)}")
    for f in kind.schema:
        if not f.nullable and table[f.name].null_count:
            raise ValueError(f"{kind.name}: nulls in {f.name}")
    table = table.select(kind.schema.names).cast(kind.schema)
    if kind.order and table.num_rows:
        keys = [(n, "ascending") for n in kind.order]
        table = table.sort_by(keys)
    table = table.replace_schema_metadata(provenance.metadata())
    with atomic_path(path) as partial:
        pq.write_table(table.combine_chunks(), partial, compression="zstd")


def read_table(path: str | Path) -> pa.Table:
    """A Parquet file as an Arrow table, with its metadata."""
    return pq.read_table(path, partitioning=None)
