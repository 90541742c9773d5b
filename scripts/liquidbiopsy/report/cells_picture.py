"""Copies of single cells as a picture: rows of cells, columns of parts of the genome."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from liquidbiopsy.report.colours import MOST_COPIES, in_order
from liquidbiopsy.report.vector import Grid

UNKNOWN = MOST_COPIES + 1
"""Number of a place of which no copies are known; others are copies, at most `MOST_COPIES`."""
MOST_ROWS = 400
BY_TIE = (2, 1, 3, 0, 4, 5, 6, UNKNOWN)
"""What a row of several cells shows where they are divided: the first of these."""

Y, NORMAL = "Y", "normal_cell"

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Laid:
    """Segments on one axis over all contigs, in bases."""

    row: Whole
    """Row of the cell of each segment."""
    start: Whole
    end: Whole
    copies: Grid
    contigs: dict[str, tuple[int, int]]
    """Contig -> where it begins on the axis, and where it ends."""

    @property
    def length(self) -> int:
        """Bases of all contigs."""
        return max((end for _, end in self.contigs.values()), default=0)


def laid_out(segments: pd.DataFrame, cells: pd.DataFrame) -> Laid:
    """Put the segments of some cells on one axis.

    Parameters
    ----------
    segments : DataFrame
        `specimen_id`, `cell_id`, `chrom`, `start`, `end` and `copies`, also of other cells.
    cells : DataFrame
        `specimen_id`, `cell_id` and, where it is known, `role`; their order is that of the rows.

    Returns
    -------
    Laid
        Without Y where the patient has none, by the normal cells or, without such, by all.
    """
    keys = ["specimen_id", "cell_id"]
    rows = cells[keys].astype(object).assign(row=np.arange(len(cells)))
    own = segments.astype({key: object for key in keys}).merge(rows, on=keys, how="inner")
    own = own[own["end"] > own["start"]]
    if _without_y(own, cells):
        own = own[own["chrom"].astype(str) != Y]
    chrom = own["chrom"].astype(str)
    ends = own["end"].groupby(chrom, sort=False).max()
    contigs, at = {}, 0
    for name in in_order(ends.index):
        contigs[name] = (at, at + int(ends[name]))
        at += int(ends[name])
    offset = chrom.map({name: begins for name, (begins, _) in contigs.items()})
    offset = offset.to_numpy(np.int64)
    copies = own["copies"].to_numpy(float)
    whole = np.clip(np.floor(np.nan_to_num(copies, nan=0.0) + 0.5), 0, MOST_COPIES)
    numbers = np.where(np.isnan(copies), UNKNOWN, whole).astype(np.uint8)
    start, end = own["start"].to_numpy(np.int64), own["end"].to_numpy(np.int64)
    return Laid(own["row"].to_numpy(np.int64), offset + start, offset + end, numbers, contigs)


def _without_y(own: pd.DataFrame, cells: pd.DataFrame) -> bool:
    """Whether the cells that tell the sex have no Y; `own` are segments with their cell's row."""
    of_y = own[own["chrom"].astype(str) == Y]
    if "role" in cells:
        normal = np.flatnonzero(cells["role"] == NORMAL)
        of_normal = of_y[of_y["row"].isin(normal)]
        of_y = of_y if of_normal.empty else of_normal
    length = (of_y["end"] - of_y["start"]).to_numpy(float)
    copies = of_y["copies"].to_numpy(float)
    known = np.isfinite(copies)
    return bool(known.any()) and float(np.average(copies[known], weights=length[known])) < 0.5


def picture(laid: Laid, rows: int, columns: int) -> Grid:
    """The number of copies of each cell in each column, at the column's middle.

    A segment of other copies than two that has no middle is drawn a column wide, so that a focal
    amplification is seen.

    Returns
    -------
    array of uint8, shape (rows, columns)
    """
    grid = np.full((rows, columns), UNKNOWN, np.uint8)
    scale = laid.length / columns if columns else 1.0
    first = np.clip(np.ceil(laid.start / scale - 0.5), 0, columns).astype(np.int64)
    last = np.clip(np.ceil(laid.end / scale - 0.5), 0, columns).astype(np.int64)
    narrow = (last <= first) & (laid.copies != 2) & (laid.copies != UNKNOWN)
    middle = np.clip((laid.start + laid.end) / 2 // scale, 0, columns - 1).astype(np.int64)
    first, last = np.where(narrow, middle, first), np.where(narrow, middle + 1, last)
    for some in (~narrow, narrow):  # the narrow ones over the others
        width = np.maximum(last[some] - first[some], 0)
        begins = np.cumsum(width) - width
        base = laid.row[some] * columns + first[some] - begins
        places = np.repeat(base, width) + np.arange(int(width.sum()))
        grid.reshape(-1)[places] = np.repeat(laid.copies[some], width)
    return grid


def row_starts(clones: npt.NDArray[Any], most: int = MOST_ROWS) -> tuple[Whole, int, bool]:
    """First cell of each row that is drawn, where cells are more than there is room for.

    Parameters
    ----------
    clones : array of int, shape (m,)
        Number of the clone of each cell in the order of the rows; m > 0.
    most : int
        Rows that there is room for.

    Returns
    -------
    tuple
        The first cells; the most cells of a row; whether the cells of a row are of one clone, as
        they are unless clones change too often.
    """
    each = math.ceil(clones.size / most)
    place = np.arange(clones.size)
    turns = np.ones(clones.size, np.bool_)
    turns[1:] = clones[1:] != clones[:-1]
    begins = np.maximum.accumulate(np.where(turns, place, 0))
    starts = np.flatnonzero((place - begins) % each == 0)
    if each == 1 or starts.size <= 1.5 * most:
        return starts, each, True
    return place[::each], each, False


def most_common(grid: Grid, starts: Whole, numbers: int = UNKNOWN + 1) -> Grid:
    """In each column the most common number of the cells of each row; `grid` has a row a cell."""
    if starts.size == len(grid):
        return grid
    order = [*BY_TIE, *range(len(BY_TIE), numbers)]
    count = np.stack([np.add.reduceat((grid == n).astype(np.int32), starts, axis=0) for n in order])
    return np.array(order, np.uint8)[count.argmax(axis=0)]
