"""Basins of an image of 8 bits: watershed from the top, with shallow peaks merged, in one pass.

As `imaging.flood`, for images of few levels, where counting sorts the pixels and the cost is that
of looking at eight neighbours.

References
----------
.. [1] Vincent L, Soille P. Watersheds in digital spaces: an efficient algorithm based on immersion
       simulations. IEEE TPAMI 1991;13:583-598.
.. [2] Grimaud M. A new measure of contrast: the dynamics. Proc SPIE 1992;1769:292-305.
"""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(cache=True, nogil=True)
def _root(parent, i):  # type: ignore[no-untyped-def]
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@nb.njit(cache=True, nogil=True)
def basins(height, inside, depth, min_area):  # type: ignore[no-untyped-def]
    """Label the basins of an image.

    Parameters
    ----------
    height : array of uint8, shape (rows, columns)
        What is flooded, from 255 down.
    inside : array of uint8, the same shape
        Pixels that are not 0 belong to basins.
    depth : float
        Share of the lower peak, in [0, 1], by which the saddle must lie under it for two basins to
        stay apart.
    min_area : int
        Basins smaller than this when they meet are merged, in pixels.

    Returns
    -------
    labels : array of int32, the same shape
        0 outside, else 1 to count, in the order of their peaks, the highest first.
    count : int
    """
    rows, columns = height.shape
    wide = columns + 2
    starts = np.zeros(257, np.int64)
    for y in range(rows):
        for x in range(columns):
            if inside[y, x]:
                starts[256 - height[y, x]] += 1
    for level in range(256):
        starts[level + 1] += starts[level]
    total = starts[256]
    order = np.empty(total, np.int32)
    value = np.empty((rows + 2) * wide, np.uint8)
    for y in range(rows):
        for x in range(columns):
            if inside[y, x]:
                here = height[y, x]
                place = (y + 1) * wide + x + 1
                order[starts[255 - here]] = place
                starts[255 - here] += 1
                value[place] = here
    basin = np.zeros((rows + 2) * wide, np.int32)
    most = min(total, ((rows + 1) // 2) * ((columns + 1) // 2)) + 1
    parent = np.zeros(most, np.int32)
    peak = np.zeros(most, np.uint8)
    area = np.zeros(most, np.int32)
    steps = (-wide, -1, 1, wide, -wide - 1, -wide + 1, wide - 1, wide + 1)
    n = 0
    for place in order:
        here = value[place]
        best, last = 0, 0
        for step in steps:
            near = basin[place + step]
            if near == 0 or near == last:
                continue
            last = near
            other = near if parent[near] == near else _root(parent, near)
            if best == 0:
                best = other
            elif other != best:
                low, high = (other, best) if peak[other] < peak[best] else (best, other)
                shallow = peak[low] - here < depth * peak[low]
                if shallow or area[low] < min_area or area[high] < min_area:
                    parent[low] = high
                    area[high] += area[low]
                    best = high
        if best == 0:
            n += 1
            parent[n], peak[n], best = n, here, n
        basin[place] = best
        area[best] += 1
    names = np.zeros(n + 1, np.int32)
    count = 0
    for i in range(1, n + 1):
        if parent[i] == i:
            count += 1
            names[i] = count
    for place in order:
        basin[place] = names[_root(parent, basin[place])]
    return basin.reshape(rows + 2, wide)[1:-1, 1:-1], count
