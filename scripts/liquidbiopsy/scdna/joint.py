"""Breakpoints that a specimen's cells share, and each cell's levels between them.

Twice the square root of a ratio has the same variance at any number of copies where reads, and what
amplification makes of them, vary as their mean does [1]_; so cells are segmented on that scale, and
losses and amplifications are as noisy as all else.

References
----------
.. [1] Anscombe FJ. The transformation of Poisson, binomial and negative-binomial data. Biometrika
       1948;35:246-254, doi:10.1093/biomet/35.3-4.246.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt
from scipy.special import chdtri

from liquidbiopsy.copynumber.bins import Places, Values
from liquidbiopsy.copynumber.segment import segment
from liquidbiopsy.copynumber.segment_noise import neighbour_noise, rows_drawn_in
from liquidbiopsy.copynumber.segment_penalty import penalty
from liquidbiopsy.scdna.matrix import Matrix

BLOCK = 1000  # cells that are segmented together
KEPT = 80_000_000  # values of cells in bins, 16 bytes each, held on the scale of steady variance
LEAST = 0.01  # noise taken where there is none, of a ratio that was smoothed before


@dataclass(frozen=True)
class Steady:
    """Some cells on the scale of steady variance, in the used bins; c cells, u bins."""

    y: Values
    """Twice the square root of ratios, outliers drawn in; 0 where not known; shape (c, u)."""
    weight: Values
    """One over the variance up to a factor, about 1; 0 where not known; shape (c, u)."""
    noise: Values
    """Standard deviation of y in a bin of weight 1, from neighbours; shape (c,)."""
    contig: npt.NDArray[np.int16]
    """Contig of each bin, shape (u,)."""


def steady_of(matrix: Matrix, cells: Places, settings: Mapping[str, Any]) -> Steady:
    """Cells of a matrix on the scale of steady variance.

    `settings` are `min_bins` and `outlier_sd`.
    """
    used = np.flatnonzero(matrix.used)
    contig = matrix.bins.contig[used]
    y, weight = np.zeros((len(cells), used.size)), np.zeros((len(cells), used.size))
    noise = np.empty(len(cells))
    for k, cell in enumerate(cells):
        ratio = matrix.ratio[cell, used]
        known = np.isfinite(ratio)
        y[k, known] = 2 * np.sqrt(np.maximum(ratio[known], 0))
        weight[k, known] = 1
        noise[k] = max(neighbour_noise(y[k], weight[k], contig), LEAST)
        if np.isfinite(matrix.count[cell]).any() and noise[k] < np.inf:
            each = 1 / matrix.expected(cell)[used]
            usual = float(np.median(each[known]))
            share = min(usual / noise[k] ** 2, 1.0)
            weight[k, known] = 1 / (1 - share + share * each[known] / usual)
            part = noise[k] ** 2 / weight[k, known] / 4
            y[k, known] = 2 * np.sqrt(np.maximum(ratio[known], 0) + part)
    y = rows_drawn_in(y, weight, contig, noise, settings["outlier_sd"], settings["min_bins"])
    return Steady(y, weight, noise, contig)


class Rows:
    """Cells of a matrix on the scale of steady variance, some at a time.

    Of very many cells each block is made when it is asked for, so that memory does not grow with
    them; it takes two thirds more time.
    """

    def __init__(self, matrix: Matrix, cells: Places, settings: Mapping[str, Any]) -> None:
        self.matrix, self.cells, self.settings = matrix, cells, settings
        few = cells.size * int(matrix.used.sum()) <= KEPT
        self._kept = list(self._made()) if few else None

    def __iter__(self) -> Iterator[tuple[Places, Steady]]:
        """Places among `cells`, and the cells there, block by block."""
        return self._made() if self._kept is None else iter(self._kept)

    def _made(self) -> Iterator[tuple[Places, Steady]]:
        for low in range(0, self.cells.size, BLOCK):
            block = np.arange(low, min(low + BLOCK, self.cells.size))
            yield block, steady_of(self.matrix, self.cells[block], self.settings)

    @property
    def contig(self) -> npt.NDArray[np.int16]:
        """Contig of each used bin, shape (u,)."""
        return self.matrix.bins.contig[self.matrix.used]

    def some(self, places: Places) -> Steady:
        """Few of the cells, by their places among `cells`."""
        return steady_of(self.matrix, self.cells[places], self.settings)


def shared_breakpoints(rows: Rows) -> tuple[Places, Values]:
    """First used bins of the segments that cells share, and each cell's noise.

    What any block of cells has counts, so that time is linear.

    Returns
    -------
    first : array of int64, shape (k,)
        Among the used bins, ascending; contigs' first bins are among them.
    noise : array of float64, shape (c,)
        Standard deviation of y in a bin of weight 1, with what neighbours share.
    """
    found: list[Places] = []
    noise = []
    for _, steady in rows:
        block = segment(steady.y, steady.weight, steady.contig, rows.settings)
        found.append(block.first)
        noise.append(np.maximum(np.nan_to_num(block.noise), steady.noise))
    return np.unique(np.concatenate(found)), np.concatenate(noise)


def prices(contig: npt.NDArray[Any], first: Places, settings: Mapping[str, Any]) -> Values:
    """What a change of copies in one cell must save at each bin, in squares; shape (u,).

    Where the cells share a breakpoint it is less: one out of few places, not of all bins.
    """
    starts = np.flatnonzero(np.diff(contig, prepend=-1))
    lengths = np.diff(np.append(starts, contig.size))
    allowed = float(settings["false_breakpoints"])
    full = penalty([int(n) for n in lengths], 1, int(settings["min_bins"]), allowed)
    own = np.setdiff1d(first, starts)
    found = np.full(contig.size, min(full, 1e6))
    found[own] = min(full, float(chdtri(1, min(allowed / max(own.size, 1), 0.5))))
    return found


@nb.njit(cache=True, nogil=True)
def merged(y, weight, first, price):  # type: ignore[no-untyped-def]
    """First bins of one cell's segments, of which neighbours differ.

    Parameters
    ----------
    y, weight : arrays of float64, shape (u,)
        `weight` is one over the variance; 0 where not known.
    first : array of int64, shape (k,)
        First bins of segments.
    price : float
        What a breakpoint saves at least, in squares.

    Returns
    -------
    array of int64, shape (segments,)
    """
    k = first.size
    begin, mean, total = np.empty(k, np.int64), np.empty(k), np.empty(k)
    count = 0
    for s in range(k):
        stop = first[s + 1] if s + 1 < k else y.size
        top = low = 0.0
        for i in range(first[s], stop):
            top += weight[i] * y[i]
            low += weight[i]
        if low > 0:
            begin[count], mean[count], total[count] = first[s], top / low, low
            count += 1
    while count > 1:
        least, at = np.inf, -1
        for s in range(count - 1):
            saved = (mean[s + 1] - mean[s]) ** 2 / (1 / total[s] + 1 / total[s + 1])
            if saved < least:
                least, at = saved, s
        if least >= price:
            break
        both = total[at] + total[at + 1]
        mean[at] = (mean[at] * total[at] + mean[at + 1] * total[at + 1]) / both
        total[at] = both
        for s in range(at + 1, count - 1):
            begin[s], mean[s], total[s] = begin[s + 1], mean[s + 1], total[s + 1]
        count -= 1
    return begin[:count].copy()


@nb.njit(cache=True, nogil=True)
def levels(y, weight, first, shortest):  # type: ignore[no-untyped-def]
    """Means of a cell's segments, without the bins at their ends, which a breakpoint may part.

    Parameters
    ----------
    y, weight, first
        As in `merged`.
    shortest : int
        Bins, at least, of a segment that has a level.

    Returns
    -------
    mean, total, bins : arrays of float64, shape (levels,)
        Means, sums of the weights, and bins with weight.
    """
    k = first.size
    mean, total, bins = np.empty(k), np.empty(k), np.empty(k)
    count = 0
    for s in range(k):
        stop = first[s + 1] if s + 1 < k else y.size
        if stop - first[s] < shortest:
            continue
        top = low = known = 0.0
        for i in range(first[s] + 1, stop - 1):
            top += weight[i] * y[i]
            low += weight[i]
            known += weight[i] > 0
        if low > 0:
            mean[count], total[count], bins[count] = top / low, low, known
            count += 1
    return mean[:count].copy(), total[:count].copy(), bins[:count].copy()
