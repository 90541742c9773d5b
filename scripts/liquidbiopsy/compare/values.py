"""What differs in the rows of two tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from liquidbiopsy.core.words import number

KEY = ("analyte", "target", "source_id")
SAID = ("status", "value", "ci_low", "ci_high", "lod", "unit", "ci_method", "count", "denominator")
"""What a statement says, in the order in which a difference is told."""
ABSENT = "–"
SHOWN = 4
"""Columns that are named of a table's difference."""


def statement_changes(a: pa.Table, b: pa.Table) -> Iterator[tuple[Mapping[str, Any], str, str]]:
    """Statements that differ: what it is about, and what each side says.

    Parameters
    ----------
    a, b : pa.Table
        Observations of one specimen.

    Yields
    ------
    row, of_a, of_b
        A row of the statement on either side, and the fields that differ in words.
    """
    one, other = _by_key(a), _by_key(b)
    for key in sorted({*one, *other}):
        was, now = one.get(key, []), other.get(key, [])
        for i in range(max(len(was), len(now))):
            left, right = (rows[i] if i < len(rows) else None for rows in (was, now))
            if left is None or right is None:
                yield left or right or {}, _told(left), _told(right)
            elif fields := [f for f in left if repr(left[f]) != repr(right.get(f))]:
                first = sorted(fields, key=lambda f: SAID.index(f) if f in SAID else len(SAID))
                yield right, _named(left, first), _named(right, first)


def _by_key(table: pa.Table) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    found: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in table.to_pylist():
        found[tuple(row.get(k) or "" for k in KEY)].append(row)
    return found


def _told(row: Mapping[str, Any] | None) -> str:
    """A whole statement in a few words."""
    if row is None:
        return ABSENT
    return row["status"] + (f" {number(row['value'])}" if row["value"] is not None else "")


def _named(row: Mapping[str, Any], fields: list[str]) -> str:
    """The first fields with their values."""
    words = [f"{f} {_plain(row.get(f))}" for f in fields[:SHOWN]]
    return ", ".join(words) + (", …" if len(fields) > SHOWN else "")


def _plain(value: Any) -> str:
    """A value to the digits that tell it from another."""
    if value is None:
        return ABSENT
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def table_change(a: pa.Table, b: pa.Table) -> tuple[str, str] | None:
    """What each side of a table has that the other has not, in words; None where they are equal."""
    mine = [n for n in a.column_names if n not in b.column_names]
    yours = [n for n in b.column_names if n not in a.column_names]
    both = [n for n in a.column_names if n in b.column_names]
    if a.num_rows != b.num_rows:
        sides = [f"{t.num_rows} row{'s' if t.num_rows != 1 else ''}" for t in (a, b)]
    else:
        differing = {n: rows for n in both if (rows := _differing(a[n], b[n])).any()}
        if not differing and not mine and not yours:
            return None
        rows = np.logical_or.reduce(list(differing.values())) if differing else np.zeros(0, bool)
        columns = ", ".join([*differing][:SHOWN]) + (", …" if len(differing) > SHOWN else "")
        changed = f", {rows.sum()} differ in {columns}" if differing else ""
        sides = [f"{a.num_rows} rows", f"{b.num_rows} rows{changed}"]
    extra = [f", and columns {', '.join(names)}" if names else "" for names in (mine, yours)]
    return sides[0] + extra[0], sides[1] + extra[1]


def _differing(a: pa.ChunkedArray, b: pa.ChunkedArray) -> np.ndarray:
    """Which rows of a column differ; two that are not a number are equal."""
    if a.type == b.type and a.equals(b):
        return np.zeros(len(a), bool)
    pairs = zip(a.to_pylist(), b.to_pylist(), strict=True)
    return np.array([repr(x) != repr(y) for x, y in pairs], bool)
