"""Mean ratios of cells in segments that the patient's cells share, from the cells' bins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from liquidbiopsy.copynumber.bins import Mask, Places, Values
from liquidbiopsy.scdna.clones_levels import Levels
from liquidbiopsy.scdna.shared_segments import Shared

Ratios = Mapping[int, Values]


def levels_of(
    cells: Sequence[Mapping[str, Any]], shared: Shared, tables: Mapping[str, pa.Table]
) -> Levels:
    """Levels of a patient's cells.

    Parameters
    ----------
    cells : sequence of dict
        With specimen_id, cell_id and noise.
    shared : Shared
    tables : dict of Table
        Tables `bins` by specimen; cells without a column are known nowhere.
    """
    found = empty(len(cells), shared)
    for specimen, table in tables.items():
        own = {k: c["cell_id"] for k, c in enumerate(cells) if c["specimen_id"] == specimen}
        known = set(table.column_names)
        rows = {k: np.asarray(table[name]) for k, name in own.items() if name in known}
        if rows:
            start, end = (table[name].to_numpy() for name in ("start", "end"))
            used = np.asarray(table["used"])
            fill(found, shared, table["chrom"].to_pylist(), start, end, used, rows)
    noise = [np.nan if c["noise"] is None else c["noise"] for c in cells]
    return Levels(found.ratio, found.bins, np.array(noise, np.float64))


def empty(cells: int, shared: Shared) -> Levels:
    """Levels that are known nowhere."""
    shape = (cells, shared.contig.size)
    return Levels(np.full(shape, np.nan), np.zeros(shape, np.float32), np.full(cells, np.nan))


def fill(
    levels: Levels,
    shared: Shared,
    chrom: Sequence[str],
    start: Places,
    end: Places,
    used: Mask,
    rows: Ratios,
) -> None:
    """Write the levels of some cells, in place.

    A bin counts in the segment that its middle lies in.

    Parameters
    ----------
    levels : Levels
    shared : Shared
    chrom, start, end, used : sequences, shape (n,)
        Bins in genome order.
    rows : dict of array of float, shape (n,)
        Ratios by the number of the cell; NaN where not known.
    """
    place = {name: k for k, name in enumerate(shared.contigs)}
    contig = np.array([place.get(name, -1) for name in chrom], np.int64)
    middle = (np.asarray(start) + np.asarray(end)) // 2
    at = np.full(middle.size, -1)
    for k in range(len(shared.contigs)):
        own, on = np.flatnonzero((contig == k) & used), np.flatnonzero(shared.contig == k)
        if own.size and on.size:
            found = np.searchsorted(shared.start[on], middle[own], side="right") - 1
            inside = (found >= 0) & (middle[own] < shared.end[on[np.maximum(found, 0)]])
            at[own[inside]] = on[found[inside]]
    bins = np.flatnonzero(at >= 0)
    for cell, ratio in rows.items():
        known = bins[np.isfinite(ratio[bins])]
        count = np.bincount(at[known], minlength=shared.contig.size)
        sums = np.bincount(at[known], ratio[known], minlength=shared.contig.size)
        levels.bins[cell] = count
        levels.ratio[cell] = np.divide(
            sums, count, out=np.full(count.shape, np.nan), where=count > 0
        )
