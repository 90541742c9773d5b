"""Noise of bins, from how neighbours differ: what a change of copies adds, it adds but once."""

from __future__ import annotations

import numpy as np

from liquidbiopsy.copynumber.bins import Bins, Mask, Places, Values

FEW = 10  # neighbours under which nothing is measured
NORMAL = 0.6744897501960817
"""Median absolute value of a standard normal variable."""


def neighbours(bins: Bins, used: Mask) -> tuple[Places, Places]:
    """Pairs of bins of which each follows the other among those used on a contig.

    Returns
    -------
    left, right : array of int, shape (pairs,)
    """
    own = np.flatnonzero(used)
    same = bins.contig[own[1:]] == bins.contig[own[:-1]]
    return own[:-1][same], own[1:][same]


def mad(bins: Bins, log2: Values, used: Mask) -> float:
    """Median absolute difference of log2 between neighbours; NaN where they are too few."""
    left, right = neighbours(bins, used)
    if left.size < FEW:
        return float("nan")
    return float(np.median(np.abs(log2[right] - log2[left])))


def scaled(bins: Bins, log2: Values, used: Mask, noise: Values) -> Values:
    """Expected noise, shape (n,), brought to the height that neighbours show.

    Parameters
    ----------
    bins : Bins
    log2, noise : array of float, shape (n,)
        `noise` is the standard deviation of log2, right but for a factor.
    used : array of bool, shape (n,)
    """
    left, right = neighbours(bins, used)
    if left.size < FEW:
        return noise
    apart = np.abs(log2[right] - log2[left]) / np.hypot(noise[left], noise[right])
    factor = float(np.median(apart)) / NORMAL
    return noise * factor if factor > 0 else noise
