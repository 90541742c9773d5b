"""Ready tables of bins with a column a cell, and cells that came in different ways put together."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from liquidbiopsy.copynumber.bin_table import BinTable, read_bin_table
from liquidbiopsy.copynumber.bins import Bins, Values, same_bins
from liquidbiopsy.copynumber.ready import COUNT, KINDS, LOG2, NOTHING, RATIO
from liquidbiopsy.core.errors import InputError, UserError, did_you_mean

log = logging.getLogger(__name__)
COPIES = "copies"
MOST_COPIES = 8  # median of a cell's copies, at most: more is no ploidy that is looked for
IN_RUNS = 0.9  # of the bins as the bin before: reads so few are that by chance in half of them
ENOUGH_BINS = 50  # to tell that
FOREIGN = re.compile("[^A-Za-z0-9_-]")
REMEDY = "give a column of each cell by its cell_id, or for one cell log2, ratio or count"


@dataclass(frozen=True)
class Loaded:
    """A cell in bins, as counts or as ratios."""

    bins: Bins
    count: Values | None
    """Reads, shape (n,), NaN where not known; None where ratios are given."""
    ratio: Values | None
    """Ratios, shape (n,), NaN where not known; None where counts are given."""
    source: str
    """File, as messages name it."""


@dataclass(frozen=True)
class Gathered:
    """Cells over the same bins; m cells, n bins."""

    bins: Bins
    count: Values
    """Shape (m, n), NaN throughout in a cell of ratios, and in one that could not be read."""
    ratio: Values
    """Shape (m, n), NaN throughout in a cell of counts."""
    failed: dict[str, str]
    """Cells that are not to be had, and why."""


def read_cells(path: str, cells: Sequence[str]) -> dict[str, Loaded | str]:
    """Cells of a table with a row a bin, tab-separated (plain or gzipped) or Parquet.

    Each cell has a column of its name (`T1.c2` is that of `T1_c2`); a table of one cell may have
    log2, ratio or count instead. All columns hold the same: log2 where any is below 0, counts where
    all are whole, else ratios. Whole numbers that are small and stay the same over long runs are
    copies, as of Ginkgo's SegCopy: they are ratios once divided by their mean, and ploidies are
    looked for anew.

    Parameters
    ----------
    path : str
    cells : sequence of str
        Names of the cells that are in it.

    Returns
    -------
    dict
        Each cell, or why it is not to be had: the table has no column of it, or a value is none.

    Raises
    ------
    InputError
        The table cannot be read.
    """
    table = read_bin_table(path)
    if len(cells) == 1 and cells[0] not in table.others:
        kind, values = _standard(table, cells[0])
        kind = COPIES if kind == COUNT and _kind([values]) == COPIES else kind
        _tell(path, kind)
        return {cells[0]: _loaded(table, kind, values)}
    values_of: dict[str, Values] = {}
    found: dict[str, Loaded | str] = {}
    for cell in cells:
        try:
            values_of[cell] = _column(table, cell)
        except InputError as error:
            found[cell] = str(error)
    kind = _kind(list(values_of.values()))
    _tell(path, kind)
    for cell, values in values_of.items():
        try:
            found[cell] = _loaded(table, kind, values)
        except InputError as error:
            found[cell] = str(error)
    return found


def gather(cells: Sequence[str], loaded: Mapping[str, Loaded | str]) -> Gathered:
    """Put cells over the same bins together; those of other bins than most fail.

    Parameters
    ----------
    cells : sequence of str
        Names of all cells, in order.
    loaded : dict
        Each cell, or why it is not to be had.

    Raises
    ------
    UserError
        No cell is to be had.
    """
    there = [(name, own) for name in cells if isinstance(own := loaded[name], Loaded)]
    if not there:
        reasons = sorted({str(loaded[name]) for name in cells})
        raise UserError("no cell could be read: " + "; ".join(reasons))
    kinds: list[tuple[Bins, list[str]]] = []
    for name, own in there:
        group = next((names for bins, names in kinds if same_bins(bins, own.bins)), None)
        if group is None:
            kinds.append((own.bins, [name]))
        else:
            group.append(name)
    bins, usual = max(kinds, key=lambda kind: len(kind[1]))
    failed = {name: str(loaded[name]) for name in cells if not isinstance(loaded[name], Loaded)}
    count, ratio = (np.full((len(cells), len(bins)), np.nan) for _ in range(2))
    for k, name in enumerate(cells):
        one = loaded[name]
        if not isinstance(one, Loaded):
            continue
        if name not in usual:
            failed[name] = (
                f"{one.source}: has other bins than most of the specimen's cells, as {usual[0]}; "
                "give all cells of a specimen in bins of one size and build"
            )
        elif one.count is not None:
            count[k] = one.count
        elif one.ratio is not None:
            ratio[k] = one.ratio
    return Gathered(bins, count, ratio, failed)


def _column(table: BinTable, cell: str) -> Values:
    """The column of a cell; in one's name `_` stands for what a cell_id cannot have."""
    alike = [name for name in table.others if FOREIGN.sub("_", name) == cell]
    if cell in table.others:
        alike = [cell]
    if not alike:
        problem = f"has no column {cell}{did_you_mean(cell, table.others)}"
        raise InputError(table.file, problem, REMEDY)
    if len(alike) > 1:
        problem = f"the columns {alike[0]!r} and {alike[1]!r} may both be the cell {cell}"
        raise InputError(table.file, problem, "rename one of them")
    return table.numbers(alike[0])


def _standard(table: BinTable, cell: str) -> tuple[str, Values]:
    for kind, names in KINDS.items():
        name = table.column(*names)
        if name is not None:
            return kind, table.numbers(name)
    problem = f"has neither a column {cell} nor log2, ratio or count"
    raise InputError(table.file, problem, REMEDY)


def _kind(columns: Sequence[Values]) -> str:
    """What the values of a table are."""
    if any((values < 0).any() for values in columns):
        return LOG2
    known = [values[np.isfinite(values)] for values in columns]
    if not all((values % 1 == 0).all() for values in known):
        return RATIO
    alike = sum(_like_copies(values) for values in known)
    return COPIES if 2 * alike > len(known) else COUNT


def _tell(path: str, kind: str) -> None:
    if kind == COPIES:
        log.warning(
            "%s: small whole numbers in long runs, which are taken for copies and not for reads: "
            "ratios once divided by each cell's mean",
            path,
        )


def _like_copies(values: Values) -> bool:
    """Whether whole numbers are small, and hardly change from bin to bin."""
    if values.size < ENOUGH_BINS or not 1 <= np.median(values) <= MOST_COPIES:
        return False
    return float((np.diff(values) == 0).mean()) >= IN_RUNS


def _loaded(table: BinTable, kind: str, values: Values) -> Loaded:
    values = np.where(np.isfinite(values), values, np.nan)
    if kind != LOG2 and (values < 0).any():
        row = int(table.rows[int(np.argmax(values < 0))]) + 1
        raise InputError(table.file, f"row {row}: a {kind} below 0")
    if kind == COUNT:
        return Loaded(table.bins, values, None, table.file)
    if kind == COPIES:
        usual = float(np.nanmean(values)) if np.isfinite(values).any() else 0.0
        values = values / usual if usual > 0 else values
    if kind == LOG2:
        values = np.where(values > NOTHING, np.exp2(values), 0.0) + 0 * values
    return Loaded(table.bins, None, values, table.file)
