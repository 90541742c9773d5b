"""Local regression (LOESS) of one variable on another, robust where asked, evaluated on a grid.

A polynomial is fitted around each place of the grid to the share of points that lie nearest,
weighted by the tricube of their distance; between places of the grid lines are drawn. Robust
rounds give points far off the curve less weight, by Tukey's bisquare of six times the median
absolute residual.

References
----------
.. [1] Cleveland WS. Robust locally weighted regression and smoothing scatterplots. J Am Stat Assoc
       1979;74:829-836, doi:10.1080/01621459.1979.10481038
"""

from __future__ import annotations

import numba as nb
import numpy as np

from liquidbiopsy.copynumber.bins import Values

FLAT = 1e-10  # determinant, of scaled places, under which points cannot hold a curve


@nb.njit(cache=True, nogil=True)
def _local(x, y, weight, low, high, at, reach, degree):  # type: ignore[no-untyped-def]
    """Value at a place of the polynomial through the points from `low` to before `high`."""
    s0 = s1 = s2 = s3 = s4 = t0 = t1 = t2 = 0.0
    for k in range(low, high):
        u = (x[k] - at) / reach
        a = abs(u)
        if a >= 1.0:
            continue
        w = 1.0 - a * a * a
        w = w * w * w * weight[k]
        v = u * u
        s0 += w
        s1 += w * u
        s2 += w * v
        t0 += w * y[k]
        t1 += w * u * y[k]
        if degree > 1:
            s3 += w * v * u
            s4 += w * v * v
            t2 += w * v * y[k]
    if s0 <= 0.0:
        return np.nan
    s1, s2, t0, t1 = s1 / s0, s2 / s0, t0 / s0, t1 / s0
    if degree > 1:
        s3, s4, t2 = s3 / s0, s4 / s0, t2 / s0
        c0, c1, c2 = s2 * s4 - s3 * s3, s2 * s3 - s1 * s4, s1 * s3 - s2 * s2
        whole = c0 + s1 * c1 + s2 * c2
        if whole > FLAT:
            return (t0 * c0 + t1 * c1 + t2 * c2) / whole
    across = s2 - s1 * s1
    if across > FLAT:
        return (t0 * s2 - t1 * s1) / across
    return t0


@nb.njit(cache=True, nogil=True)
def _curve(x, y, weight, grid, near, degree, out):  # type: ignore[no-untyped-def]
    """The fit at the places of a rising grid, from the `near` nearest of the rising `x`."""
    low, n = 0, x.size
    for g in range(grid.size):
        at = grid[g]
        while low + near < n and x[low + near] - at < at - x[low]:
            low += 1
        high = low + near
        reach = max(at - x[low], x[high - 1] - at) * 1.0001 + 1e-12
        while high < n and x[high] - at < reach:  # points of one place are taken all
            high += 1
        first = low
        while first > 0 and at - x[first - 1] < reach:
            first -= 1
        out[g] = _local(x, y, weight, first, high, at, reach, degree)


@nb.njit(cache=True, nogil=True)
def fit(x, y, grid, share, degree, rounds):  # type: ignore[no-untyped-def]
    """Local regression at the places of a grid.

    Parameters
    ----------
    x, y : array of float, shape (n,)
        Points, by rising `x`.
    grid : array of float, shape (m,)
        Places, rising; m of 2 or more.
    share : float
        Share of the points, 0 to 1, that each fit rests on.
    degree : int
        1 or 2.
    rounds : int
        Robust rounds after the first.

    Returns
    -------
    array of float, shape (m,)
        NaN where no point is near, or all that are lie far off the curve.
    """
    out = np.full(grid.size, np.nan)
    n = x.size
    if n == 0:
        return out
    near = min(n, max(int(share * n + 1e-5), degree + 2))
    weight = np.ones(n)
    _curve(x, y, weight, grid, near, degree, out)
    for _ in range(rounds):
        known = np.isfinite(out)
        if not known.any():
            break
        left = np.abs(y - np.interp(x, grid[known], out[known]))
        scale = 6.0 * np.median(left)
        if scale <= 0.0:
            break
        for k in range(n):
            u = left[k] / scale
            weight[k] = (1.0 - u * u) ** 2 if u < 1.0 else 0.0
        _curve(x, y, weight, grid, near, degree, out)
    return out


def between(grid: Values, values: Values, at: Values) -> Values:
    """A curve at places of any order; NaN beyond the grid, as at its end where it is not known."""
    known = np.isfinite(values)
    if not known.any():
        return np.full(at.shape, np.nan)
    found: Values = np.interp(at, grid[known], values[known])
    return np.where((at >= grid[0]) & (at <= grid[-1]), found, np.nan)
