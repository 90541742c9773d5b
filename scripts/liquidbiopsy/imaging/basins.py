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
        0 outside, else 1 to count, in the order of the basins' first pixels by rows.
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
    for y in range(rows):
        for x in range(columns):
            if inside[y, x]:
                level = 255 - height[y, x]
                order[starts[level]] = (y + 1) * wide + x + 1
                starts[level] += 1
    basin = np.zeros((rows + 2) * wide, np.int32)
    value = np.zeros((rows + 2) * wide, np.uint8)
    most = min(total, ((rows + 1) // 2) * ((columns + 1) // 2)) + 1
    parent = np.zeros(most, np.int32)
    peak = np.zeros(most, np.uint8)
    area = np.zeros(most, np.int32)
    steps = np.array([-wide - 1, -wide, -wide + 1, -1, 1, wide - 1, wide, wide + 1])
    n = 0
    for place in order:
        here = height[place // wide - 1, place % wide - 1]
        best, steepest = 0, -1
        for step in steps:
            near = basin[place + step]
            if near == 0:
                continue
            other = _root(parent, near)
            if best == 0:
                best, steepest = other, int(value[place + step])
                continue
            if other != best:
                low, high = (other, best) if peak[other] < peak[best] else (best, other)
                shallow = peak[low] - here < depth * peak[low]
                if shallow or area[low] < min_area or area[high] < min_area:
                    parent[low] = high
                    area[high] += area[low]
                    best, other = high, high
            if int(value[place + step]) > steepest:
                best, steepest = other, int(value[place + step])
        if best == 0:
            n += 1
            parent[n], peak[n], best = n, here, n
        basin[place], value[place] = best, here
        area[best] += 1
    labels = np.zeros((rows, columns), np.int32)
    names = np.zeros(n + 1, np.int32)
    count = 0
    for y in range(rows):
        for x in range(columns):
            near = basin[(y + 1) * wide + x + 1]
            if near:
                root = _root(parent, near)
                if names[root] == 0:
                    count += 1
                    names[root] = count
                labels[y, x] = names[root]
    return labels, count
