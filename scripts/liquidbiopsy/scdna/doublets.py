"""Cells that are suspected to be two.

Two cells that were taken for one have the sum of their copies: on the scale of either, what only one
of them has lies halfway between whole numbers. Each cell is held against mixtures of two profiles of
its specimen, that of a normal cell always among them, and against what one cell can be: one of the
profiles with some segments changed, or a profile of its own. Two cells of one clone cannot be told
from one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from liquidbiopsy.copynumber.bins import Mask, Values
from liquidbiopsy.scdna.parents import Parents
from liquidbiopsy.scdna.ploidy_kernel import STEEP, STRAY, common

TRIED = 3  # of the best mixtures, and of the best single profiles
CHANGED = 0.03  # chance that a segment of a cell is not as in its clone
BREAKS = 0.2  # chance that a segment of an unknown clone differs from the one before
LEAST = 0.2  # share of the reads, at least, that either of two cells gave
TWO = 0.05  # chance that a cell is two
REACH = 60  # copies that a changed segment may have
FAR = 5.0  # standard deviations beyond which a segment has no say in a profile's scale


@dataclass(frozen=True)
class Doubt:
    """Whether a cell is two."""

    score: float
    """Log odds, to the base of 10, of two cells over one; NaN where nothing can be said."""
    parents: tuple[int, int]
    """The profiles of the two, (-1, -1) where no mixture comes near."""


def doubt_of(
    level: Values, variance: Values, own: Values, length: Values, parents: Parents
) -> Doubt:
    """Hold a cell against mixtures of two profiles.

    Parameters
    ----------
    level, variance : array of float, shape (k,)
        Ratios of segments and their variances; NaN where not known.
    own : array of float, shape (k,)
        Copies that the cell has by itself.
    length : array of float, shape (k,)
        Bins of each segment.
    parents : Parents
        Profiles that it may be of.
    """
    known = np.isfinite(level)
    if not known.any():
        return Doubt(float("nan"), (-1, -1))
    x, v, n = level[known], variance[known], length[known]
    copies = np.where(parents.copies > 0, parents.copies, 0.0)[:, known]
    two, pair = _of_two(x, v, n, copies)
    if pair[0] < 0:
        return Doubt(float("-inf"), pair)
    one = max(_of_a_clone(x, v, copies), _of_its_own(x, v, own[known]))
    odds = two + np.log(TWO) - one - np.log1p(-TWO)
    return Doubt(float(odds / np.log(10)), pair)


def sound(parents: Parents, length: Values) -> Parents:
    """Profiles that are not themselves mixtures of two that more cells have.

    Doublets of the same two clones have one profile, and would pass for a clone.
    """
    kept = [0]
    for k in range(1, len(parents.copies)):
        before = replace(parents, copies=parents.copies[kept], size=parents.size[kept])
        level, variance = parents.level[k], parents.variance[k]
        doubt = doubt_of(level, variance, parents.copies[k], length, before)
        if not doubt.score > 0:
            kept.append(k)
    return parents.some(np.array(kept))


def _of_two(x: Values, v: Values, n: Values, copies: Values) -> tuple[float, tuple[int, int]]:
    """Log likelihood of the best mixture, and which two it is of."""
    r = len(copies)
    w = 1 / v
    square = (copies * w) @ copies.T
    side = copies @ (w * x)
    mean = copies @ n / n.sum()
    a, b = np.triu_indices(r, 1)
    det = square[a, a] * square[b, b] - square[a, b] ** 2
    ok = det > 1e-9 * square[a, a] * square[b, b]
    safe = np.where(ok, det, 1.0)
    of_a = (side[a] * square[b, b] - side[b] * square[a, b]) / safe
    of_b = (side[b] * square[a, a] - side[a] * square[a, b]) / safe
    share = of_a * mean[a] / np.maximum(of_a * mean[a] + of_b * mean[b], 1e-9)
    ok &= (of_a > 0) & (of_b > 0) & (share >= LEAST) & (share <= 1 - LEAST)
    if not ok.any():
        return float("-inf"), (-1, -1)
    saved = np.where(ok, of_a * side[a] + of_b * side[b], -np.inf)
    best, pair = float("-inf"), (-1, -1)
    for k in np.argsort(-saved, kind="stable")[:TRIED]:
        if not ok[k]:
            break
        mixed = of_a[k] * copies[a[k]] + of_b[k] * copies[b[k]]
        fit = _normal(x, np.maximum(mixed, STRAY), v)
        found = float(np.log((1 - CHANGED) * fit + CHANGED * _anything(x)).sum())
        if found > best:
            best, pair = found, (int(a[k]), int(b[k]))
    return best - np.log(r * (r - 1) / 2) - 0.5 * np.log(x.size), pair


def _of_a_clone(x: Values, v: Values, copies: Values) -> float:
    """Log likelihood of the best profile, some segments changed to other whole numbers."""
    found = []
    for own in copies:
        scale = _scale(x, v, own)
        if scale > 0:
            fit = _normal(x, np.maximum(scale * own, STRAY), v)
            found.append(np.log((1 - CHANGED) * fit + CHANGED * _whole(x, v, scale)).sum())
    return float(max(found, default=-np.inf) - np.log(len(copies)))


def _of_its_own(x: Values, v: Values, own: Values) -> float:
    """Log likelihood of the copies that a cell has by itself, each change at its price."""
    scale = _scale(x, v, own)
    if not scale > 0:
        return float("-inf")
    prior = common(np.arange(REACH) * scale)
    prior /= prior.sum()
    changed = np.diff(own, prepend=-1) != 0
    price = np.log(BREAKS * prior[np.clip(own, 0, REACH - 1).astype(np.int64)])
    fit = _normal(x, np.maximum(scale * own, STRAY), v)
    told = np.log((1 - CHANGED) * fit + CHANGED * _anything(x))
    return float((told + np.where(changed, price, np.log1p(-BREAKS))).sum())


def _scale(x: Values, v: Values, copies: Values) -> float:
    """Ratio of one copy, by least squares without the segments that do not fit; 0 if none does."""
    kept = np.ones(x.shape, np.bool_)
    scale = 0.0
    for _ in range(3):
        low = float((copies[kept] ** 2 / v[kept]).sum())
        if not low > 0:
            return scale
        scale = float((copies[kept] * x[kept] / v[kept]).sum()) / low
        off = np.abs(x - scale * copies) / np.sqrt(v)
        kept = off <= max(FAR, 2 * float(np.median(off)))
    return scale


def _normal(x: Values, mean: Values, v: Values) -> Values:
    return np.asarray(np.exp(-0.5 * (x - mean) ** 2 / v) / np.sqrt(2 * np.pi * v))


def _anything(x: Values) -> Values:
    """Density of ratios of which nothing is known."""
    return np.asarray(common(x) * (STEEP - 1))


def _whole(x: Values, v: Values, scale: float) -> Values:
    """Density of ratios of some whole number of copies."""
    prior = common(np.arange(REACH) * scale)
    prior /= prior.sum()
    mean = np.maximum(np.arange(REACH) * scale, STRAY)
    return np.asarray(_normal(x[:, None], mean[None], v[:, None]) @ prior)
