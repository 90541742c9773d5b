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
DIFFERENT = 0.03  # share of the genome by which profiles differ that are not put together
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
    alone: Places
    """The one cell that has it, -1 where there are more; shape (r,)."""

    def some(self, own: Places) -> Parents:
        """Some of the profiles."""
        rest = self.size[own], self.level[own], self.variance[own], self.alone[own]
        return Parents(self.copies[own], *rest)


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
        joined = linkage(squareform(apart, checks=False), "average")
        groups = fcluster(joined, DIFFERENT, "distance")
    members = [some[groups == g] for g in np.unique(groups)]
    members.sort(key=lambda cells: (-cells.size, cells[0]))
    members = members[:MOST]
    nothing = np.full((1, copies.shape[1]), np.nan)
    levels, variances = [nothing[0]], [nothing[0]]
    for cells in members:
        mean = np.mean(level[cells], axis=0)
        floor = (told * np.maximum(mean, NARROW)) ** 2
        levels.append(mean)
        variances.append(np.mean(variance[cells] - floor, axis=0) / cells.size + floor)
    return Parents(
        copies=np.array(
            [
                np.full(copies.shape[1], 2.0),
                *(np.median(copies[c], axis=0).round() for c in members),
            ]
        ),
        size=np.array([len(copies), *(c.size for c in members)]),
        level=np.array(levels),
        variance=np.array(variances),
        alone=np.array([-1, *(int(c[0]) if c.size == 1 else -1 for c in members)]),
    )


@nb.njit(cache=True, nogil=True)
def segment_levels(y, weight, first, told):  # type: ignore[no-untyped-def]
    """Ratio of each segment of a cell without its end bins, and its variance; NaN where too short.

    Parameters
    ----------
    y, weight : arrays of float64, shape (u,)
        `weight` is one over the variance of y.
    first : array of int64, shape (k,)
        First bins of segments.
    told : float
        Share by which levels are off whatever their noise.
    """
    k = first.size
    level, variance = np.full(k, np.nan), np.full(k, np.nan)
    for s in range(k):
        stop = first[s + 1] if s + 1 < k else y.size
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
