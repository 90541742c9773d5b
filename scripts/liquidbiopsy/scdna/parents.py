"""Profiles that a specimen's cells have, for the search of doublets."""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from liquidbiopsy.copynumber.bins import Places, Values
from liquidbiopsy.scdna.alike import references_of
from liquidbiopsy.scdna.doublets_kernel import scale_of

SHORTEST = 5  # bins of a segment that has a say
DIFFERENT = 0.01  # share of the genome by which profiles differ that are not put together
USUAL = 3.0  # the same as times the distance to the nearest other cell, where cells are noisy
MOST_DIFFERENT = 0.1
MOST = 12  # profiles
LOW = 0.05  # ratio under which noise is no smaller
NARROW = 0.2  # the same of what levels are off by
MIDDLE = 0.455  # median of the square of a standard normal


@dataclass(frozen=True)
class Parents:
    """Profiles of a specimen; r of them over k segments."""

    copies: Values
    """Shape (r, k); the first is that of a normal cell."""
    level: Values
    """Mean ratios of the cells that have it, shape (r, k); NaN where not known."""
    variance: Values
    """Of `level`."""
    members: tuple[Places, ...]
    """Those cells; none of the normal profile, which is known beforehand."""

    def some(self, own: Places) -> Parents:
        """Some of the profiles."""
        rest = self.level[own], self.variance[own], tuple(self.members[k] for k in own)
        return Parents(self.copies[own], *rest)

    def but(self, cell: int, copies: Values) -> tuple[Values, Places]:
        """Profiles as all cells but one have them: a cell is none of the two that it may be.

        Parameters
        ----------
        cell : int
        copies : array of float, shape (m, k)
            Of all cells.

        Returns
        -------
        profiles : array of float, shape (r, k)
        cells : array of int, shape (r,)
            A cell that has each, -1 of the normal one.
        """
        found, cells = [self.copies[0]], [-1]
        for profile, members in zip(self.copies[1:], self.members[1:], strict=True):
            others = members[members != cell]
            if others.size:
                found.append(profile if others.size == members.size else _usual(copies[others]))
                cells.append(int(others[0]))
        return np.array(found), np.array(cells)


def parents_of(
    copies: Values, level: Values, variance: Values, length: Values, told: Values
) -> Parents:
    """Profiles of cells that are alike, those of the most cells first, after the normal one.

    Cells differ where their levels do as well as their copies: a level between two whole numbers
    is rounded up in some cells and down in others.

    Parameters
    ----------
    copies : array of float, shape (m, k)
        Copies of cells in segments.
    level, variance : array of float, shape (m, k)
        Their ratios, of a mean of 1, and the variances of those.
    length : array of float, shape (k,)
        Bins of each segment.
    told : array of float, shape (m, k)
        Share by which levels are off whatever their noise.
    """
    some = references_of(len(copies))
    groups = np.ones(some.size, np.int64)
    if some.size > 1:
        whole = level / scales_of(copies, level, variance)[:, None]
        apart = _apart(copies[some], whole[some], length)
        nearest = np.min(apart + 2 * np.eye(some.size), axis=1)
        least = max(DIFFERENT, MOST_DIFFERENT / some.size)  # few cells do not tell what is usual
        limit = float(np.clip(USUAL * np.median(nearest), least, MOST_DIFFERENT))
        joined = linkage(squareform(apart, checks=False), "average")
        groups = fcluster(joined, limit, "distance")
    members = [some[groups == g] for g in np.unique(groups)]
    members.sort(key=lambda cells: (-cells.size, cells[0]))
    members = members[:MOST]
    normal = np.full(copies.shape[1], 2.0)
    found, levels, variances = [normal], [normal * np.nan], [normal * np.nan]
    for cells in members:
        mean = np.mean(level[cells], axis=0)
        floor = (told[cells] * np.maximum(level[cells], NARROW)) ** 2
        found.append(_usual(copies[cells]))
        levels.append(mean)
        own = np.mean(variance[cells] - floor, axis=0) / cells.size
        variances.append(own + np.mean(floor, axis=0))
    return Parents(
        copies=np.array(found),
        level=np.array(levels),
        variance=np.array(variances),
        members=(np.empty(0, np.int64), *members),
    )


def _apart(copies: Values, level: Values, length: Values) -> Values:
    """Share of the genome in which two cells differ, shape (m, m); `level` in copies."""
    apart = np.zeros((len(copies), len(copies)))
    for k, part in enumerate(length / length.sum()):
        off = np.abs(copies[:, k, None] - copies[None, :, k])
        apart += part * ((off > 0) & (np.abs(level[:, k, None] - level[None, :, k]) > off / 2))
    return apart


def _usual(copies: Values) -> Values:
    """Copies that most of some cells have."""
    return np.asarray(np.median(copies, axis=0).round())


def scales_of(copies: Values, level: Values, variance: Values) -> Values:
    """Ratio of one copy of each cell, shape (m,); NaN where nothing is known of it.

    Parameters are those of `parents_of`.
    """
    found = np.full(len(level), np.nan)
    for k, known in enumerate(np.isfinite(level)):
        scale = scale_of(level[k, known], variance[k, known], copies[k, known])
        found[k] = scale if scale > 0 else np.nan
    return found


def shared_error(copies: Values, level: Values, variance: Values) -> Values:
    """Share by which a segment's levels are off whole copies in the other cells, shape (m, k).

    More than their noise: bias that cells of a run share. It says nothing of one cell or two.
    Parameters are those of `parents_of`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        right = copies * scales_of(copies, level, variance)[:, None]
        excess = (level / right - 1) ** 2 / MIDDLE - variance / right**2
    excess[~np.isfinite(excess)] = np.nan
    some = references_of(len(copies))
    found = np.tile(_of_most(excess[some]), (len(level), 1))
    for cell in some:
        found[cell] = _of_most(excess[some[some != cell]])
    return found


def _of_most(square: Values) -> Values:
    """Root of the median of cells' squares in each segment, shape (k,); 0 where none is known."""
    found, known = np.zeros(square.shape[1]), np.isfinite(square).any(axis=0)
    found[known] = np.sqrt(np.maximum(np.nanmedian(square[:, known], axis=0), 0))
    return found


@nb.njit(cache=True, nogil=True)
def segment_levels(y, weight, first, last, told):  # type: ignore[no-untyped-def]
    """Ratio of each segment of a cell without its end bins, and its variance; NaN where too short.

    Parameters
    ----------
    y, weight : arrays of float64, shape (u,)
        `weight` is one over the variance of y.
    first, last : arrays of int64, shape (k,)
        First bins of segments, and one past their last.
    told : float
        Share by which levels are off whatever their noise.
    """
    k = first.size
    level, variance = np.full(k, np.nan), np.full(k, np.nan)
    for s in range(k):
        stop = last[s]
        if stop - first[s] < SHORTEST:
            continue
        top = low = 0.0
        for i in range(first[s] + 1, stop - 1):
            top += weight[i] * y[i]
            low += weight[i]
        if low > 0:
            level[s] = (top / low / 2) ** 2
            variance[s] = max(level[s], LOW) / low + (told * max(level[s], NARROW)) ** 2
    return level, variance
