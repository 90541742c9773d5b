"""What is left of GC once copies are known to differ: a curve within segments.

Where the parts of a genome that are gained or lost have a GC content of their own, a curve over all
bins takes part of the copies for GC. Within a segment copies are the same, and what still follows
GC there is bias: one smooth curve a cell is fitted to all its segments at once, each about its own
mean, and taken out.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from liquidbiopsy.copynumber.bins import Places, Values

DEGREE = 4  # of the curve, a polynomial
EMPTY = 0.3  # mean of y under which a segment has no copies, and tells nothing of bias
FURTHEST = 0.5  # share by which the curve may raise or lower a bin


def basis_of(gc: Values) -> Values:
    """Chebyshev polynomials of GC between its 1st and 99th percentile, flat beyond; (u, DEGREE)."""
    low, high = np.quantile(gc, [0.01, 0.99])
    if not high > low:
        return np.zeros((gc.size, DEGREE))
    x = np.clip(2 * (gc - low) / (high - low) - 1, -1, 1)
    return np.stack([np.cos(k * np.arccos(x)) for k in range(1, DEGREE + 1)], axis=1)


@nb.njit(cache=True, nogil=True)
def trend_of(y, weight, first, basis):  # type: ignore[no-untyped-def]
    """Factor by which bins lie over their segments for their GC alone, about 1; shape (u,).

    Parameters
    ----------
    y, weight : arrays of float64, shape (u,)
        A cell's values, and one over their variance; 0 where not known.
    first : array of int64, shape (k,)
        First bins of segments.
    basis : array of float64, shape (u, d)
        Curves that the factor is made of.
    """
    u, d = basis.shape
    square, side = np.zeros((d, d)), np.zeros(d)
    middle, part, whole = np.zeros(d), np.zeros(d), 0.0
    for s in range(first.size):
        stop = first[s + 1] if s + 1 < first.size else u
        top = low = 0.0
        middle[:] = 0.0
        for i in range(first[s], stop):
            top += weight[i] * y[i]
            low += weight[i]
            for a in range(d):
                middle[a] += weight[i] * basis[i, a]
        if low <= 0 or top < EMPTY * low:
            continue
        mean = top / low
        for i in range(first[s], stop):
            if weight[i] <= 0:
                continue
            own = weight[i] * mean * mean
            off = y[i] / mean - 1.0
            whole += own
            for a in range(d):
                apart = basis[i, a] - middle[a] / low
                part[a] += own * basis[i, a]
                side[a] += own * apart * off
                for b in range(a + 1):
                    square[a, b] += own * apart * (basis[i, b] - middle[b] / low)
    out = np.ones(u)
    if whole <= 0:
        return out
    for a in range(d):
        square[a, a] += 1e-6 * whole
        for b in range(a):
            square[b, a] = square[a, b]
    found = np.linalg.solve(square, side)
    for i in range(u):
        off = 0.0
        for a in range(d):
            off += found[a] * (basis[i, a] - part[a] / whole)
        out[i] = 1.0 + min(max(off, -FURTHEST), FURTHEST)
    return out


def take_out(
    ratio: Values, used: Places, y: Values, weight: Values, first: Places, gc: Values
) -> None:
    """Take the trend out of cells' ratios, in place.

    Parameters
    ----------
    ratio : array of float, shape (c, n)
    used : array of int, shape (u,)
        Bins that y is of.
    y, weight : arrays of float, shape (c, u)
        As of `joint.steady_of`.
    first : array of int, shape (k,)
        First used bins of segments.
    gc : array of float, shape (n,)
    """
    basis = basis_of(gc[used])
    for row, own, w in zip(ratio, y, weight, strict=True):
        row[used] /= trend_of(own, w, first, basis) ** 2
