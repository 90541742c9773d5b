"""Tables of many specimens in one: the union of their columns, row group by row group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from liquidbiopsy.core.atomic import atomic_path
from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.core.tables import DECISIONS, SHARED_TABLES, Table, column, text

ROWS = 1 << 16
ASSAY = column("assay", text, "Assay whose table the row is from", nullable=False)


@dataclass(frozen=True)
class Part:
    """A table file, and the assay that a row is from where the file itself does not say."""

    path: Path
    assay: str | None = None


def unite(
    name: str,
    parts: Sequence[Part],
    path: str | Path,
    provenance: Provenance,
    assays: Iterable[str],
) -> None:
    """Write the rows of all parts as one table, in memory that does not grow with them.

    Parameters
    ----------
    name : str
        Name of the table.
    parts : sequence of Part
        Files in the order that their rows shall have.
    path : path
        Where the table goes.
    provenance : Provenance
        What it is made from.
    assays : iterable of str
        Assays that declare the table; where there is no part, their columns are the header.

    Raises
    ------
    UserError
        Two parts have a column of the same name and of types that do not go together.
    """
    known = [(p, pq.read_metadata(p.path)) for p in parts]
    schemas = [_schema_of(footer, name) for _, footer in known]
    filled = [s for s, (_, footer) in zip(schemas, known, strict=True) if footer.num_rows]
    schema = union_of(schemas or [known_schema(name, assays)], name, needed=filled)
    schema = schema.with_metadata(provenance.metadata())
    with (
        atomic_path(path) as partial,
        pq.ParquetWriter(partial, schema, compression="zstd") as writer,
    ):
        for group in _grouped(_batches(known, schema)):
            writer.write_table(group.combine_chunks(), row_group_size=2 * ROWS)


def union_of(
    schemas: Sequence[pa.Schema], name: str, needed: Sequence[pa.Schema] = ()
) -> pa.Schema:
    """All columns in order of first appearance, with the description and unit given there.

    A column that one of `needed`, the schemas of tables with rows, lacks may be null in the union.
    """
    fields: dict[str, pa.Field] = {}
    for schema in schemas:
        for f in schema:
            fields[f.name] = _merged(fields[f.name], f, name) if f.name in fields else f
    everywhere = [n for n in fields if all(n in s.names for s in needed)]
    return pa.schema([f if n in everywhere else f.with_nullable(True) for n, f in fields.items()])


def known_schema(name: str, assays: Iterable[str]) -> pa.Schema:
    """Columns of a table that no specimen has: the shared ones, or those its assays describe."""
    shared = {t.name: t for t in SHARED_TABLES}
    if name in shared:
        return _with_assay(shared[name].schema, name)
    described = []
    for assay in assays:
        try:
            module = import_module(f"liquidbiopsy.{assay}.tables")
        except ModuleNotFoundError:  # a laboratory's own assay need not have one
            continue
        listed = (*vars(module).values(), *getattr(module, "TABLES", ()))
        described += [t for t in listed if isinstance(t, Table) and t.name == name]
    if not described:
        specimen = column("specimen_id", text, "Specimen", nullable=False)
        return pa.schema([ASSAY, specimen])
    return union_of([_with_assay(t.schema, name) for t in described], name)


def _schema_of(footer: pq.FileMetaData, name: str) -> pa.Schema:
    """The columns of a file, with `assay` in front where it has none."""
    return _with_assay(footer.schema.to_arrow_schema().remove_metadata(), name)


def _with_assay(schema: pa.Schema, name: str) -> pa.Schema:
    """A decision is no assay's: it may rest on several."""
    known = ASSAY.name in schema.names or name == DECISIONS.name
    return schema if known else schema.insert(0, ASSAY)


def _merged(a: pa.Field, b: pa.Field, name: str) -> pa.Field:
    """One field for a column that two tables have."""
    try:
        both = pa.unify_schemas([pa.schema([a]), pa.schema([b])], promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        message = f"table '{name}': column '{a.name}' is {a.type} in one assay, {b.type} in another"
        raise UserError(f"{message}; rename one of them") from error
    merged = pa.field(a.name, both.field(0).type, a.nullable or b.nullable, a.metadata)
    return merged if a.metadata else merged.with_metadata(b.metadata)


def _batches(
    known: Iterable[tuple[Part, pq.FileMetaData]], schema: pa.Schema
) -> Iterator[pa.Table]:
    """The rows of all parts in the columns of `schema`, a batch at a time."""
    for part, footer in known:
        if not footer.num_rows:
            continue
        with pq.ParquetFile(part.path, metadata=footer) as file:
            for batch in file.iter_batches(ROWS):
                columns = [_column(batch, f, part) for f in schema]
                yield pa.table(columns, schema=schema)


def _column(batch: pa.RecordBatch, f: pa.Field, part: Part) -> pa.Array:
    if f.name in batch.schema.names:
        return batch.column(f.name).cast(f.type)
    if f.name == ASSAY.name:
        return pa.repeat(pa.scalar(part.assay, f.type), batch.num_rows)
    return pa.nulls(batch.num_rows, f.type)


def _grouped(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Small tables put together, so that a row group has `ROWS` rows or more."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(t.num_rows for t in waiting) >= ROWS:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)
