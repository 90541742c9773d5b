"""Segments that cells of several specimens share, from the cells' own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import CONTIGS, Places, Values


@dataclass(frozen=True)
class Shared:
    """Segments in genome order, and what each cell has in them; m cells, k segments."""

    contigs: tuple[str, ...]
    contig: npt.NDArray[np.int16]
    """Index into `contigs`, shape (k,)."""
    start: Places
    end: Places
    values: Values
    """Copies or ratios, shape (m, k); NaN where a cell has no segment."""

    @property
    def length(self) -> Values:
        """Bases of each segment, shape (k,)."""
        return (self.end - self.start).astype(np.float64)


def shared_segments(
    cell: npt.NDArray[Any],
    chrom: Sequence[str],
    start: npt.NDArray[Any],
    end: npt.NDArray[Any],
    values: npt.NDArray[Any],
    cells: int,
    most: int,
) -> Shared:
    """Cut the genome where cells change.

    Parameters
    ----------
    cell : array of int, shape (r,)
        Index of each row's cell; rows are in any order, and a cell's do not overlap.
    chrom : sequence of str, shape (r,)
        Plain names of contigs.
    start, end : array of int, shape (r,)
        From 0, half-open.
    values : array of float, shape (r,)
        Copies or mean ratios; NaN where not known.
    cells : int
        How many cells there are, with or without rows.
    most : int
        Segments at most, contigs' first ones not counted. Where there are more, those places are
        kept that most cells change at; between them a cell has what it has in most of the bases.

    Returns
    -------
    Shared
        The same, whatever the order of rows and cells.
    """
    known = [name for name in CONTIGS if name in set(chrom)]
    contigs = (*known, *sorted(set(chrom) - set(known)))
    index = {name: k for k, name in enumerate(contigs)}
    contig = np.array([index[name] for name in chrom], np.int64)
    order = np.lexsort((start, contig, cell))
    own, on = np.asarray(cell)[order], contig[order]
    low, high = (np.asarray(x, np.int64)[order] for x in (start, end))
    value = np.asarray(values, np.float64)[order]
    begin, last = np.full(len(contigs), np.iinfo(np.int64).max), np.zeros(len(contigs), np.int64)
    np.minimum.at(begin, on, low)
    np.maximum.at(last, on, high)
    inner = np.zeros(own.size, np.bool_)
    inner[1:] = (own[1:] == own[:-1]) & (on[1:] == on[:-1]) & (value[1:] != value[:-1])
    places, times = np.unique(np.stack([on[inner], low[inner]]), axis=1, return_counts=True)
    if times.size > most:
        least = np.sort(times)[-most]
        often = times >= least if (times >= least).sum() <= most else times > least
        places = places[:, often]
    places = np.concatenate([np.stack([np.arange(len(contigs)), begin]), places], axis=1)
    places = np.unique(places, axis=1)
    ends = np.append(places[1, 1:], 0)
    closing = np.flatnonzero(np.append(np.diff(places[0]) != 0, True)[: places.shape[1]])
    ends[closing] = last[places[0, closing]]
    found = np.full((cells, places.shape[1]), np.nan)
    _laid(own, on, low, high, value, places[0], places[1], ends, found)
    return Shared(contigs, places[0].astype(np.int16), places[1], ends, found)


def normal_genome(shared: Shared, controls: Values | None = None) -> Places:
    """Copies of the patient's normal genome in each segment, shape (k,).

    Autosomes have two. X and Y are as most of the controls have them; without any, a man's where
    most cells have a Y, else a woman's.

    Parameters
    ----------
    shared : Shared
        With copies.
    controls : array of float, shape (c, k), optional
        Copies of normal cells in the same segments.
    """
    found = np.full(shared.contig.size, 2)
    sex = {name: shared.contig == k for k, name in enumerate(shared.contigs) if name in ("X", "Y")}
    if controls is not None and np.isfinite(controls).any():
        for own in sex.values():
            known = controls[:, own][np.isfinite(controls[:, own])]
            found[own] = round(float(np.median(known))) if known.size else 2
        return found
    if "Y" in sex:
        known = shared.values[:, sex["Y"]]
        known = known[np.isfinite(known)]
        male = bool(known.size) and float(np.median(known)) >= 1
        found[sex["Y"]] = int(male)
        if "X" in sex:
            found[sex["X"]] = 1 if male else 2
    return found


@nb.njit(cache=True, nogil=True)
def _laid(own, on, low, high, value, contig, start, end, out):  # type: ignore[no-untyped-def]
    """Give each cell in each segment, in `out`, the value of its row that covers most of it."""
    first = 0
    most = np.zeros(start.size)
    for i in range(own.size):
        if i == 0 or own[i] != own[i - 1]:
            first = 0
            most[:] = 0
        while first < start.size and (
            contig[first] < on[i] or (contig[first] == on[i] and end[first] <= low[i])
        ):
            first += 1
        s = first
        while s < start.size and contig[s] == on[i] and start[s] < high[i]:
            shared = min(end[s], high[i]) - max(start[s], low[i])
            if shared > most[s]:
                most[s], out[own[i], s] = shared, value[i]
            s += 1
