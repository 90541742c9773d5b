"""How well levels lie on whole numbers of copies, for each ploidy that they may have."""

from __future__ import annotations

import math

import numba as nb
import numpy as np

NEAR = 3  # numbers of copies to each side of a level that have a say
STEEP = 3.0  # how fast levels off the mean become rare
STRAY = 0.02  # ratio that is left where there is no copy
BLURRED = 2.0  # bins of a segment whose breakpoints are too near to each other to have a level
MOST_LOOSE = 0.5


@nb.njit(cache=True, nogil=True)
def common(level):  # type: ignore[no-untyped-def]
    """How common a ratio is, up to a factor: the same whatever the ploidy."""
    return (1.0 + 2.0 * np.abs(level - 1.0)) ** -STEEP


@nb.njit(cache=True, nogil=True)
def fits(level, variance, bins, first, ploidies, odd, broad, gone, loose):  # type: ignore[no-untyped-def]
    """Log likelihood of each cell's levels by ploidy.

    Parameters
    ----------
    level, variance, bins : arrays of float64, shape (levels,)
        Ratios of all cells' segments, 1 at the cell's mean; their variances; bins of each.
    first : array of int64, shape (m + 1,)
        Where each cell's levels begin, and the end.
    ploidies : array of float64, shape (p,)
        Copies at a ratio of 1, ascending.
    odd : float
        Share of odd numbers of copies after a doubling that left most of them even.
    broad, gone : float
        Bins from which a loss of all copies is only so likely.
    loose : float
        Share of the segments that lie on no whole number. Of narrow ones it is more, by the bins of
        each: they were cut out where bias of a few bins is greatest, and cells of a run share it.

    Returns
    -------
    array of float64, shape (2, m, p)
        Where odd and even numbers are alike, and where odd ones are few.
    """
    m = first.size - 1
    out = np.zeros((2, m, ploidies.size))
    for p in range(ploidies.size):
        ploidy = ploidies[p]
        total = even = 0.0
        for c in range(int(20 * ploidy)):
            prior = common(c / ploidy)
            total += prior
            even += prior * (odd if c % 2 else 1.0 - odd)
        for cell in range(m):
            plain = few = 0.0
            for k in range(first[cell], first[cell + 1]):
                low = max(0, int(math.floor(level[k] * ploidy)) - NEAR + 1)
                sum_plain = sum_even = 0.0
                for c in range(low, low + 2 * NEAR):
                    off = level[k] - (c / ploidy if c > 0 else STRAY)
                    density = common(c / ploidy) * math.exp(-0.5 * off * off / variance[k])
                    if c == 0 and bins[k] >= broad:
                        density *= gone
                    sum_plain += density
                    sum_even += density * (odd if c % 2 else 1.0 - odd)
                own = min(max(loose, BLURRED / bins[k]), MOST_LOOSE)
                height = (1.0 - own) / math.sqrt(2 * math.pi * variance[k])
                stray = own * common(level[k]) * (STEEP - 1)
                plain += math.log(height * sum_plain / total + stray)
                few += math.log(height * sum_even / even + stray)
            out[0, cell, p] = plain
            out[1, cell, p] = few
    return out
