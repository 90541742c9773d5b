"""Levels of each cell for the search of its ploidy, with those of cells that are alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bins import Places, Values
from liquidbiopsy.scdna import joint
from liquidbiopsy.scdna.alike import friends_of, references_of
from liquidbiopsy.scdna.ploidy import Levels
from liquidbiopsy.scdna.wander import wander

SHORTEST = 5  # bins of a segment whose level counts
LOW = 0.05  # ratio under which noise is no smaller
NARROW = 0.2  # the same of what levels are off by


def pooled_levels(rows: joint.Rows, first: Places, noise: Values) -> tuple[Levels, Values]:
    """Levels of each cell, averaged with those of cells that are alike.

    What friends add is less noise; how many numbers of copies a ploidy offers is weighed once.

    Parameters
    ----------
    rows : joint.Rows
        Cells; of the settings `level_error` is read here.
    first : array of int, shape (k,)
        First used bins of shared segments.
    noise : array of float, shape (c,)
        Of y in a bin of weight 1.

    Returns
    -------
    levels : Levels
    mean : array of float, shape (c,)
        Ratio that is 1 in the levels.
    """
    told = float(rows.settings["level_error"])
    contig, n = _without_y(rows)
    first = first[first < n]
    price = float(joint.prices(contig, first, rows.settings).min())
    shared, spread, mean = _on_shared(rows, first, noise, n, price)
    friends = friends_of(shared, spread)
    others = references_of(rows.cells.size)
    lent_y, lent_w = _scaled(rows.some(others), noise[others], mean[others], n)
    found = []
    for places, steady in rows:
        y, weight = _scaled(steady, noise[places], mean[places], n)
        for own_y, own_w, place in zip(y, weight, places, strict=True):
            near = friends[place]
            total = own_w + lent_w[near].sum(axis=0)
            summed = own_w * own_y + (lent_w[near] * lent_y[near]).sum(axis=0)
            row = np.divide(summed, total, out=np.zeros(n), where=total > 0)
            begin = joint.merged(row, total, first, price)
            off = wander(row, total, begin)
            root, sums, bins = joint.levels(row, total, begin, SHORTEST)
            if not root.size:
                root, sums, bins = joint.levels(row, total, begin, 1)
            ratio = (root / 2) ** 2
            noisy = np.maximum(ratio, LOW) * off / sums
            found.append((ratio, noisy + (told * np.maximum(ratio, NARROW)) ** 2, bins))
    ends = np.cumsum([0, *(ratio.size for ratio, _, _ in found)])
    level, error, bins = (np.concatenate(part) for part in zip(*found, strict=True))
    return Levels(level, error, bins, ends), mean


def _without_y(rows: joint.Rows) -> tuple[Any, int]:
    """Contigs of the used bins that come before Y, and how many there are; all, were there none."""
    bins = rows.matrix.bins
    used = np.flatnonzero(rows.matrix.used)
    n = int(np.searchsorted(used, bins.of("Y").start)) if "Y" in bins.contigs else used.size
    n = n if n else used.size
    return rows.contig[:n], n


def _on_shared(
    rows: joint.Rows, first: Places, noise: Values, n: int, price: float
) -> tuple[Values, Values, Values]:
    """Levels of cells on the same segments, 1 at the mean, their variances, and the means."""
    shape = (rows.cells.size, first.size)
    level, variance, mean = np.empty(shape), np.empty(shape), np.empty(shape[0])
    for places, steady in rows:
        for k, place in enumerate(places):
            y, weight = steady.y[k, :n], steady.weight[k, :n] / noise[place] ** 2
            total = np.add.reduceat(weight, first)
            summed = np.add.reduceat(weight * y, first)
            bins = np.add.reduceat((weight > 0).astype(np.float64), first)
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = (summed / total / 2) ** 2
                mean[place] = np.nansum(ratio * bins) / bins.sum()
                off = wander(y, weight, joint.merged(y, weight, first, price))
                level[place] = ratio / mean[place]
                variance[place] = np.maximum(level[place], LOW) * off / total / mean[place]
    told = float(rows.settings["level_error"])
    return level, variance + (told * np.maximum(level, NARROW)) ** 2, mean


def _scaled(steady: joint.Steady, noise: Values, mean: Values, n: int) -> tuple[Values, Values]:
    """Values y of ratios over their mean, and one over its variance."""
    y = steady.y[:, :n] / np.sqrt(mean)[:, None]
    return y, steady.weight[:, :n] * (mean / noise**2)[:, None]
