"""How likely a cell's levels are of one cell, and of two."""

from __future__ import annotations

import numba as nb
import numpy as np

from liquidbiopsy.scdna.ploidy_kernel import STEEP, STRAY, common

CHANGED = 0.03  # chance that a segment of a cell is not as in its clone
BREAKS = 0.2  # chance that a segment of an unknown clone differs from the one before
LEAST = 0.2  # share of the reads, at least, that either of two cells gave
REACH = 60  # copies that a changed segment may have
FAR = 5.0  # standard deviations beyond which a segment has no say in a profile's scale
ROUNDS = 3  # of finding that scale


@nb.njit(cache=True, nogil=True)
def _normal(x, mean, v):  # type: ignore[no-untyped-def]
    return np.exp(-0.5 * (x - mean) ** 2 / v) / np.sqrt(2 * np.pi * v)


@nb.njit(cache=True, nogil=True)
def mixture(x, v, length, copies):  # type: ignore[no-untyped-def]
    """Log likelihood of the best mixture of two profiles, and which they are.

    Parameters
    ----------
    x, v : arrays of float64, shape (k,)
        Ratios and their variances.
    length : array of float64, shape (k,)
        Bins of each segment.
    copies : array of float64, shape (r, k)

    Returns
    -------
    float, int, int
        -infinity, -1 and -1 where none gives both a share of the reads.
    """
    r, k = copies.shape
    square, side, mean = np.zeros((r, r)), np.zeros(r), np.zeros(r)
    for a in range(r):
        for s in range(k):
            side[a] += copies[a, s] * x[s] / v[s]
            mean[a] += copies[a, s] * length[s]
        for b in range(a + 1):
            for s in range(k):
                square[a, b] += copies[a, s] * copies[b, s] / v[s]
            square[b, a] = square[a, b]
    best, first, second = -np.inf, -1, -1
    for a in range(r):
        for b in range(a + 1, r):
            whole = square[a, a] * square[b, b]
            det = whole - square[a, b] ** 2
            if det <= 1e-9 * whole:
                continue
            of_a = (side[a] * square[b, b] - side[b] * square[a, b]) / det
            of_b = (side[b] * square[a, a] - side[a] * square[a, b]) / det
            if of_a <= 0 or of_b <= 0:
                continue
            share = of_a * mean[a] / (of_a * mean[a] + of_b * mean[b])
            if share < LEAST or share > 1 - LEAST:
                continue
            found = 0.0
            for s in range(k):
                mixed = max(of_a * copies[a, s] + of_b * copies[b, s], STRAY)
                fit = _normal(x[s], mixed, v[s])
                found += np.log((1 - CHANGED) * fit + CHANGED * common(x[s]) * (STEEP - 1))
            if found > best:
                best, first, second = found, a, b
    return best - np.log(r * (r - 1) / 2) - 0.5 * np.log(k), first, second


@nb.njit(cache=True, nogil=True)
def scale_of(x, v, copies):  # type: ignore[no-untyped-def]
    """Ratio of one copy, by least squares without the segments that do not fit; 0 if none does."""
    k = x.size
    kept, off = np.ones(k, np.bool_), np.empty(k)
    scale = 0.0
    for _ in range(ROUNDS):
        top = low = 0.0
        for s in range(k):
            if kept[s]:
                top += copies[s] * x[s] / v[s]
                low += copies[s] * copies[s] / v[s]
        if low <= 0:
            break
        scale = top / low
        for s in range(k):
            off[s] = abs(x[s] - scale * copies[s]) / np.sqrt(v[s])
        limit = max(FAR, 2 * np.median(off))
        for s in range(k):
            kept[s] = off[s] <= limit
    return scale


@nb.njit(cache=True, nogil=True)
def of_a_clone(x, v, copies):  # type: ignore[no-untyped-def]
    """Log likelihood of the best profile, some segments changed to other whole numbers.

    Parameters are those of `mixture`.
    """
    r, k = copies.shape
    best = -np.inf
    for a in range(r):
        scale = scale_of(x, v, copies[a])
        if scale <= 0:
            continue
        total = 0.0
        for c in range(REACH):
            total += common(c * scale)
        found = 0.0
        for s in range(k):
            other = 0.0
            low = max(0, int(x[s] / scale) - 3)
            for c in range(low, min(low + 8, REACH)):
                mean = c * scale if c > 0 else STRAY
                other += common(c * scale) / total * _normal(x[s], mean, v[s])
            fit = _normal(x[s], max(scale * copies[a, s], STRAY), v[s])
            found += np.log((1 - CHANGED) * fit + CHANGED * other + 1e-300)
        best = max(best, found)
    return best - np.log(r)


@nb.njit(cache=True, nogil=True)
def of_its_own(x, v, copies):  # type: ignore[no-untyped-def]
    """Log likelihood of a profile that no other cell has, each change at its price.

    Parameters
    ----------
    x, v
        As of `mixture`.
    copies : array of float64, shape (k,)
        Of this cell.
    """
    scale = scale_of(x, v, copies)
    if scale <= 0:
        return -np.inf
    total = 0.0
    for c in range(REACH):
        total += common(c * scale)
    found = 0.0
    for s in range(x.size):
        fit = _normal(x[s], max(scale * copies[s], STRAY), v[s])
        found += np.log((1 - CHANGED) * fit + CHANGED * common(x[s]) * (STEEP - 1))
        if s == 0 or copies[s] != copies[s - 1]:
            found += np.log(BREAKS * common(copies[s] * scale) / total)
        else:
            found += np.log(1 - BREAKS)
    return found
