"""Watershed by flooding from the top, with shallow peaks merged as the water falls.

Pixels are visited from the brightest to the dimmest. A pixel with no labelled neighbour starts a
basin; where two basins meet they are joined when the lower of their peaks stands less than a share
`depth` of its height above the saddle, or when one of them is still small; else they stay apart,
and the pixel goes to the side that rises more steeply. One pass over the foreground, no markers.

References
----------
.. [1] Vincent L, Soille P. Watersheds in digital spaces: an efficient algorithm based on immersion
       simulations. IEEE TPAMI 1991;13:583-598.
.. [2] Grimaud M. A new measure of contrast: the dynamics. Proc SPIE 1992;1769:292-305.
"""

from __future__ import annotations

import numba as nb
import numpy as np

LEVELS = 4096


@nb.njit(cache=True, nogil=True)
def pixels_above(image, level, noise, factor):  # type: ignore[no-untyped-def]
    """Pixels that stand more than `factor` noises above the level.

    Parameters
    ----------
    image : array of float32, shape (height, width)
    level, noise : array of float32, shape (rows, columns)
        Grids over the image, between whose squares' centres values are interpolated.
    factor : float

    Returns
    -------
    places : array of int64
        Their flat places, by rows.
    heights : array of float32
        Height of each above the level, in noises.
    """
    height, width = image.shape
    rows, columns = level.shape
    left = np.empty(width, np.int64)
    share = np.empty(width, np.float32)
    for x in range(width):
        g = min(max((x + 0.5) * columns / width - 0.5, 0.0), columns - 1.0)
        left[x] = min(int(g), max(columns - 2, 0))
        share[x] = g - left[x]
    right = np.minimum(left + 1, columns - 1)
    places = np.empty(height * width, np.int64)
    heights = np.empty(height * width, np.float32)
    n = 0
    for y in range(height):
        g = min(max((y + 0.5) * rows / height - 0.5, 0.0), rows - 1.0)
        i = min(int(g), max(rows - 2, 0))
        j, f = min(i + 1, rows - 1), np.float32(g - i)
        base = level[i] * (np.float32(1) - f) + level[j] * f
        spread = noise[i] * (np.float32(1) - f) + noise[j] * f
        for x in range(width):
            a, b, t = left[x], right[x], share[x]
            rise = image[y, x] - (base[a] + (base[b] - base[a]) * t)
            unit = spread[a] + (spread[b] - spread[a]) * t
            if rise > factor * unit:
                places[n], heights[n] = y * width + x, rise / unit
                n += 1
    return places[:n].copy(), heights[:n].copy()


@nb.njit(cache=True, nogil=True)
def descending(heights):  # type: ignore[no-untyped-def]
    """Indices that sort positive heights from high to low, by counting sort on their logarithm."""
    if heights.size == 0:
        return np.empty(0, np.int64)
    top = heights.max()
    bottom = max(heights.min(), top * np.float32(1e-4))
    scale = (LEVELS - 1) / max(np.log(top / bottom), 1e-6)
    level = np.empty(heights.size, np.int16)
    starts = np.zeros(LEVELS + 1, np.int64)
    for k in range(heights.size):
        q = LEVELS - 1 - int(np.log(max(heights[k], bottom) / bottom) * scale)
        level[k] = q
        starts[q + 1] += 1
    for q in range(LEVELS):
        starts[q + 1] += starts[q]
    order = np.empty(heights.size, np.int64)
    for k in range(heights.size):
        order[starts[level[k]]] = k
        starts[level[k]] += 1
    return order


@nb.njit(cache=True, nogil=True)
def _root(parent, i):  # type: ignore[no-untyped-def]
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@nb.njit(cache=True, nogil=True)
def flood(places, heights, order, shape, walls, depth, step, min_area):  # type: ignore[no-untyped-def]
    """Label the basins of an image that is given by its foreground pixels.

    Parameters
    ----------
    places : array of int64
        Flat places of the foreground pixels, by rows.
    heights : array of float32
        Their heights, > 0.
    order : array of int64
        Indices into them from high to low, as `descending` gives them.
    shape : (int, int)
        Height and width of the image.
    walls : array of int32, that shape, or of shape (1, 1)
        Basins never cross from one of its values to another; (1, 1) for no walls.
    depth : float
        Share of the lower peak's height, in [0, 1], by which the saddle must lie under it for two
        basins to stay apart.
    step : float
        Fall that is needed at the least, in the units of the heights; above their noise.
    min_area : int
        Basins smaller than this when they meet are merged, in pixels.

    Returns
    -------
    labels : array of int32, of the shape
        0 off the foreground, else 1 to count, in the order of the basins' first pixels by rows.
    count : int
    """
    height, width = shape
    walled = walls.size > 1
    basin = np.zeros((height, width), np.int32)
    value = np.zeros((height, width), np.float32)
    parent = np.zeros(order.size + 1, np.int32)
    peak = np.zeros(order.size + 1, np.float32)
    area = np.zeros(order.size + 1, np.int32)
    n = 0
    for k in order:
        y, x = places[k] // width, places[k] % width
        here = heights[k]
        best, steepest = 0, np.float32(-1)
        for yy in range(max(y - 1, 0), min(y + 2, height)):
            for xx in range(max(x - 1, 0), min(x + 2, width)):
                if basin[yy, xx] == 0 or (walled and walls[yy, xx] != walls[y, x]):
                    continue
                other = _root(parent, basin[yy, xx])
                if best != 0 and other != best:
                    low, high = (other, best) if peak[other] < peak[best] else (best, other)
                    shallow = peak[low] - here < max(depth * peak[low], step)
                    if shallow or area[low] < min_area or area[high] < min_area:
                        parent[low] = high
                        area[high] += area[low]
                        best, other = high, high
                if value[yy, xx] > steepest:
                    best, steepest = other, value[yy, xx]
        if best == 0:
            n += 1
            parent[n], peak[n], best = n, here, n
        basin[y, x], value[y, x] = best, here
        area[best] += 1
    names = np.zeros(n + 1, np.int32)
    count = 0
    for place in places:
        y, x = place // width, place % width
        root = _root(parent, basin[y, x])
        if names[root] == 0:
            count += 1
            names[root] = count
        basin[y, x] = names[root]
    return basin, count


NO_WALLS = np.zeros((1, 1), np.int32)
