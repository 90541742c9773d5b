"""Profiles that a specimen's cells have, for the search of doublets."""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from liquidbiopsy.copynumber.bins import Places, Values
from liquidbiopsy.scdna.alike import references_of

SHORTEST = 5  # bins of a segment that has a say
DIFFERENT = 0.01  # share of the genome by which profiles differ that are not put together
USUAL = 3.0  # the same as times the distance to the nearest other cell, where cells are noisy
MOST_DIFFERENT = 0.1
MOST = 12  # profiles
LOW = 0.05  # ratio under which noise is no smaller
NARROW = 0.2  # the same of what levels are off by


@dataclass(frozen=True)
class Parents:
    """Profiles of a specimen; r of them over k segments."""

    copies: Values
    """Shape (r, k); the first is that of a normal cell."""
    size: Places
    """How many of the cells looked at have it, shape (r,)."""
    level: Values
    """Mean ratios of those cells, shape (r, k); NaN where not known."""
    variance: Values
    """Of `level`."""
    cell: Places
    """A cell that has it, -1 of the normal one; shape (r,)."""

    def some(self, own: Places) -> Parents:
        """Some of the profiles."""
        rest = self.size[own], self.level[own], self.variance[own], self.cell[own]
        return Parents(self.copies[own], *rest)

    def but(self, cell: int) -> Parents:
        """All but the profile that this cell alone has."""
        return self.some(np.flatnonzero((self.cell != cell) | (self.size > 1)))


def parents_of(
    copies: Values, level: Values, variance: Values, length: Values, told: float
) -> Parents:
    """Profiles of cells that are alike, those of the most cells first, after the normal one.

    Parameters
    ----------
    copies : array of float, shape (m, k)
        Copies of cells in segments.
    level, variance : array of float, shape (m, k)
        Their ratios, of a mean of 1, and the variances of those.
    length : array of float, shape (k,)
        Bins of each segment.
    told : float
        Share by which levels are off whatever their noise.
    """
    some = references_of(len(copies))
    own = copies[some]
    groups = np.ones(some.size, np.int64)
    if some.size > 1:
        apart = np.zeros((some.size, some.size))
        for k, part in enumerate(length / length.sum()):
            apart += part * (own[:, k, None] != own[None, :, k])
        nearest = np.min(apart + 2 * np.eye(some.size), axis=1)
        limit = float(np.clip(USUAL * np.median(nearest), DIFFERENT, MOST_DIFFERENT))
        joined = linkage(squareform(apart, checks=False), "average")
        groups = fcluster(joined, limit, "distance")
    members = [some[groups == g] for g in np.unique(groups)]
    members.sort(key=lambda cells: (-cells.size, cells[0]))
    members = members[:MOST]
    normal = np.full(copies.shape[1], 2.0)
    found, levels, variances = [normal], [normal * np.nan], [normal * np.nan]
    for cells in members:
        mean = np.mean(level[cells], axis=0)
        floor = (told * np.maximum(mean, NARROW)) ** 2
        found.append(np.median(copies[cells], axis=0).round())
        levels.append(mean)
        variances.append(np.mean(variance[cells] - floor, axis=0) / cells.size + floor)
    return Parents(
        copies=np.array(found),
        size=np.array([len(copies), *(cells.size for cells in members)]),
        level=np.array(levels),
        variance=np.array(variances),
        cell=np.array([-1, *(int(cells[0]) for cells in members)]),
    )


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
