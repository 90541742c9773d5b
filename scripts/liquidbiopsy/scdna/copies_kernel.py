"""The likeliest whole numbers of copies along the genome of one cell."""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(cache=True, nogil=True)
def likeliest(y, weight, mean, contig, price, most):  # type: ignore[no-untyped-def]
    """States of least cost: squares off the states' means, and a price for each change.

    Parameters
    ----------
    y : array of float64, shape (n,)
        Values; those of weight 0 are passed by.
    weight : array of float64, shape (n,)
        One over the variance.
    mean : array of float64, shape (k,)
        Value that a bin has in each state.
    contig : array of int, shape (n,)
        A change between contigs costs nothing.
    price : array of float64, shape (n,)
        Of a change that begins at a bin, in squares.
    most : float
        Squares that one bin costs at most: a bin far off alone makes no segment.

    Returns
    -------
    array of int16, shape (n,)
    """
    n, k = y.size, mean.size
    cost = np.zeros(k)
    stays = np.ones((n, k), np.bool_)
    origin = np.zeros(n, np.int16)
    for i in range(n):
        if i > 0:
            best, state = np.inf, 0
            for s in range(k):
                if cost[s] < best:
                    best, state = cost[s], s
            origin[i] = state
            step = price[i] if contig[i] == contig[i - 1] else 0.0
            for s in range(k):
                if best + step < cost[s]:
                    cost[s] = best + step
                    stays[i, s] = False
                cost[s] -= best
        if weight[i] > 0:
            for s in range(k):
                off = y[i] - mean[s]
                cost[s] += min(off * off * weight[i], most)
    out = np.empty(n, np.int16)
    state = np.argmin(cost)
    for i in range(n - 1, -1, -1):
        out[i] = state
        if not stays[i, state]:
            state = origin[i]
    return out
