"""Bins that another program has counted or corrected: CNVkit's .cnr, or a plain table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bin_table import BinTable, read_bin_table
from liquidbiopsy.copynumber.bins import Mask, Profile, Values
from liquidbiopsy.copynumber.noise import mad, scaled
from liquidbiopsy.copynumber.normals import Normals
from liquidbiopsy.copynumber.profile import profile_of
from liquidbiopsy.core.errors import InputError, did_you_mean

NOTHING = -15.0  # log2 under which CNVkit itself takes a bin as without coverage
COUNT, RATIO, LOG2 = "count", "ratio", "log2"
KINDS = {
    LOG2: ("log2", "log2_ratio", "logr", "log2_tnratio_corrected"),  # the last is ichorCNA's
    RATIO: ("ratio", "corrected"),
    COUNT: ("count", "counts", "reads"),
}
"""What values are -> columns that hold them, the first that there is being taken."""


def read_ready(
    path: str,
    settings: Mapping[str, Any],
    column: str | None = None,
    build: str | None = None,
    normals: Normals | None = None,
) -> Profile:
    """A profile from a table of bins, tab-separated (plain or gzipped) or Parquet.

    Columns are `chrom` (or `chromosome`), `start` (from 0), `end`, and one of `log2`, `ratio` and
    `count`; of `gc`, `mappability` and `weight` those that there are. A log2 stays as it is.

    Parameters
    ----------
    path : str
    settings : dict
        As of `profile_of`.
    column : str, optional
        Column of the values, where a table has one a cell: counts where all are whole, log2 where
        some are below 0, else ratios.
    build, normals
        As of `profile_of`; used where the values are counts.

    Raises
    ------
    InputError
        The table cannot be read, a column is missing, a value is none, or bins overlap.
    """
    table = read_bin_table(path)
    kind, values = _values(table, column)
    gc, mappability = _share(table, "gc"), _share(table, "mappability", "map")
    if kind == COUNT:
        if (values < 0).any():
            raise InputError(path, f"row {_row(table, values < 0)}: a count below 0")
        count = np.nan_to_num(values)
        return profile_of(table.bins, count, gc, mappability, build, normals, settings)
    weight = table.column("weight")
    return _corrected(table, kind, values, gc, mappability, weight)


def _corrected(
    table: BinTable,
    kind: str,
    values: Values,
    gc: Values | None,
    mappability: Values | None,
    weight: str | None,
) -> Profile:
    """A profile whose values another program has corrected."""
    bins = table.bins
    if kind == RATIO:
        if (values < 0).any():
            raise InputError(table.file, f"row {_row(table, values < 0)}: a ratio below 0")
        with np.errstate(divide="ignore"):
            values = np.log2(values)
    weights = np.ones(len(bins)) if weight is None else table.numbers(weight)
    used = (values > NOTHING) & np.isfinite(values) & (weights > 0)
    log2 = np.where(used, values, np.nan)
    noise = np.where(used, 1 / np.sqrt(np.where(used, weights, 1.0)), np.nan)
    unknown = np.full(len(bins), np.nan)
    count = table.column(*KINDS[COUNT])
    return Profile(
        bins=bins,
        count=unknown if count is None else table.numbers(count),
        gc=unknown if gc is None else gc,
        mappability=unknown if mappability is None else mappability,
        corrected=np.exp2(log2),
        log2=log2,
        noise=scaled(bins, log2, used, noise) if mad(bins, log2, used) > 0 else noise,
        used=used,
    )


def _values(table: BinTable, column: str | None) -> tuple[str, Values]:
    """What the values are, and the values."""
    if column is not None:
        if column not in table.others:
            hint = did_you_mean(column, table.others)
            raise InputError(table.file, f"has no column {column}{hint}")
        values = table.numbers(column)
        known = values[np.isfinite(values)]
        if (known < 0).any():
            return LOG2, values
        return (COUNT if (known % 1 == 0).all() else RATIO), values
    for kind, names in KINDS.items():
        name = table.column(*names)
        if name is not None:
            return kind, table.numbers(name)
    raise InputError(table.file, "has no column log2, ratio or count", "name one so")


def _share(table: BinTable, *names: str) -> Values | None:
    """A column of shares of 0 to 1, where there is one; NaN where it is below 0."""
    name = table.column(*names)
    if name is None:
        return None
    values = table.numbers(name)
    if np.nanmax(values, initial=-math.inf) > 1:
        row = _row(table, values > 1)
        raise InputError(table.file, f"row {row}, column {name}: not a share of 0 to 1")
    return np.where(values < 0, np.nan, values)


def _row(table: BinTable, bad: Mask) -> int:
    """Row in the file, from 1, of the first bin that is bad."""
    return int(table.rows[int(np.argmax(bad))]) + 1
