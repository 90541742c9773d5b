"""Cells whose levels agree: of one clone, or as good as that."""

from __future__ import annotations

import numpy as np

from liquidbiopsy.copynumber.bins import Places, Values

REFERENCES = 200  # cells, spread over all, that each cell is held against
FRIENDS = 20  # cells at most that lend their evidence
FAR = 4.5  # standard deviations by which no segment may differ
APART = 1.5  # mean of the squares of those of all segments; 1 is chance
BLOCK = 256  # cells at a time


def references_of(m: int) -> Places:
    """Cells that all are held against: the same for each, so that time is linear in cells."""
    return np.unique(np.linspace(0, m - 1, min(REFERENCES, m)).round().astype(np.int64))


def friends_of(level: Values, variance: Values) -> list[Places]:
    """Of each cell, the references whose levels agree with its own, the nearest first.

    Parameters
    ----------
    level, variance : array of float, shape (m, k)
        Ratios of shared segments, 1 at each cell's mean, and their variances; NaN where a cell
        does not know one.

    Returns
    -------
    list of array of int
        Indices into `references_of(m)`; a cell itself is not among its own.
    """
    m = len(level)
    others = references_of(m)
    found = []
    for low in range(0, m, BLOCK):
        own = np.arange(low, min(low + BLOCK, m))
        mean, worst = _apart(level[own], variance[own], level[others], variance[others])
        mean[(worst > FAR**2) | (own[:, None] == others[None])] = np.inf
        order = np.argsort(mean, axis=1, kind="stable")[:, :FRIENDS]
        found += [near[row[near] <= APART] for row, near in zip(mean, order, strict=True)]
    return found


def _apart(level: Values, variance: Values, to: Values, and_of: Values) -> tuple[Values, Values]:
    """Mean and largest square of the distances in standard deviations; shape (own, others)."""
    mean, worst = np.zeros((len(level), len(to))), np.zeros((len(level), len(to)))
    known = np.zeros_like(mean)
    for k in range(level.shape[1]):
        off = (level[:, k, None] - to[None, :, k]) ** 2
        off /= variance[:, k, None] + and_of[None, :, k]
        have = np.isfinite(off)
        off = np.where(have, off, 0.0)
        mean += off
        known += have
        np.maximum(worst, off, out=worst)
    return mean / np.maximum(known, 1), worst
