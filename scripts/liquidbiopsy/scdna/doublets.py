"""Cells that are suspected to be two.

Two cells that were taken for one have the sum of their copies: on the scale of either, what only
one of them has lies halfway between whole numbers. Each cell is held against mixtures of two
profiles of its specimen, that of a normal cell always among them, and against what one cell can be:
one of the profiles with some segments changed, or a profile of its own. Two cells of one clone
cannot be told from one by their copies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from liquidbiopsy.copynumber.bins import Places, Values
from liquidbiopsy.scdna import joint
from liquidbiopsy.scdna.copies import Whole
from liquidbiopsy.scdna.doublets_kernel import mixture, of_a_clone, of_its_own
from liquidbiopsy.scdna.parents import (
    NARROW,
    Parents,
    parents_of,
    segment_levels,
    shared_error,
)
from liquidbiopsy.scdna.wander import wander

TWO = 0.05  # chance that a cell is two
NONE = (-1, -1)


@dataclass(frozen=True)
class Doubt:
    """Whether cells are two; c of them."""

    score: Values
    """Log odds, to the base of 10, of two cells over one, shape (c,): -infinity where no mixture
    comes near, NaN where nothing can be said."""
    cells: list[tuple[int, int]]
    """Of each, two cells of the profiles that it would be a mixture of, by their places; -1 is a
    normal cell. (-1, -1) where there is no mixture."""


def doublets_of(rows: joint.Rows, first: Places, noise: Values, copies: Whole) -> Doubt:
    """Hold each cell against mixtures of two profiles of the specimen.

    Parameters
    ----------
    rows : joint.Rows
        Cells; of the settings `level_error` is read here.
    first : array of int, shape (k,)
        First used bins of shared segments.
    noise : array of float, shape (c,)
        Of y in a bin of weight 1.
    copies : array of int, shape (c, u)
        Copies in used bins.

    Returns
    -------
    Doubt
    """
    told = float(rows.settings["level_error"])
    base = rows.matrix.base[rows.matrix.used]
    last = np.append(first[1:], base.size)
    kept = base[first]
    first, last = first[kept], last[kept]
    level, variance = _levels(rows, first, last, noise, told)
    length = (last - first).astype(np.float64)
    own = copies[:, (first + last) // 2].astype(np.float64)
    return doubt_of(level, variance, own, length, told)


def doubt_of(level: Values, variance: Values, own: Values, length: Values, told: float) -> Doubt:
    """Hold the levels of each cell against mixtures of two profiles that the others have.

    Parameters
    ----------
    level, variance : array of float, shape (c, k)
        Ratios of the cells' segments and their variances; NaN where not known.
    own : array of float, shape (c, k)
        Copies.
    length : array of float, shape (k,)
        Bins of each segment.
    told : float
        Share by which levels are off whatever their noise.
    """
    shared = shared_error(own, level, variance)
    variance = variance + (shared * np.maximum(level, NARROW)) ** 2
    parents = sound(parents_of(own, level, variance, length, np.hypot(told, shared)), length)
    score, cells = np.full(len(level), np.nan), []
    for k in range(len(level)):
        profiles, of = parents.but(k, own)
        score[k], pair = odds_of(level[k], variance[k], own[k], length, profiles)
        cells.append(NONE if pair == NONE else (int(of[pair[0]]), int(of[pair[1]])))
    return Doubt(score, cells)


def odds_of(
    level: Values, variance: Values, own: Values, length: Values, profiles: Values
) -> tuple[float, tuple[int, int]]:
    """Log odds, to the base of 10, of two cells over one, and which profiles the two would have.

    Parameters
    ----------
    level, variance : array of float, shape (k,)
        Ratios of a cell's segments and their variances; NaN where not known.
    own : array of float, shape (k,)
        Copies that the cell has by itself.
    length : array of float, shape (k,)
        Bins of each segment.
    profiles : array of float, shape (r, k)
        Copies of the profiles that it may be of.
    """
    known = np.isfinite(level)
    if not known.any() or len(profiles) < 2:
        return float("nan"), NONE
    x, v, copies = level[known], variance[known], np.ascontiguousarray(profiles[:, known])
    two, a, b = mixture(x, v, length[known], copies)
    if a < 0:
        return float("-inf"), NONE
    one = max(of_a_clone(x, v, copies), of_its_own(x, v, own[known]))
    odds = two + np.log(TWO) - one - np.log1p(-TWO)
    return float(odds / np.log(10)), (int(a), int(b))


def sound(parents: Parents, length: Values) -> Parents:
    """Profiles that are not themselves mixtures of two that more cells have.

    Doublets of the same two clones have one profile, and would pass for a clone.
    """
    kept = [0]
    for k in range(1, len(parents.copies)):
        of = (parents.level[k], parents.variance[k], parents.copies[k])
        if not odds_of(*of, length, parents.copies[kept])[0] > 0:
            kept.append(k)
    return parents.some(np.array(kept))


def _levels(
    rows: joint.Rows, first: Places, last: Places, noise: Values, told: float
) -> tuple[Values, Values]:
    """Levels of cells on the same segments, 1 at the mean, and their variances."""
    shape, n = (rows.cells.size, first.size), int(last[-1])
    level, variance = np.full(shape, np.nan), np.full(shape, np.nan)
    price = float(joint.prices(rows.contig[:n], first, rows.settings).min())
    for places, steady in rows:
        for k, place in enumerate(places):
            y, weight = steady.y[k, :n], steady.weight[k, :n] / noise[place] ** 2
            weight = weight / wander(y, weight, joint.merged(y, weight, first, price))
            own, its = segment_levels(y, weight, first, last, told)
            known = np.isfinite(own)
            if known.any():
                mean = np.average(own[known], weights=(last - first)[known])
                level[place], variance[place] = own / mean, its / mean**2
    return level, variance
