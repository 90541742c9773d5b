"""Squares of a regular grid over an image of 8 bits: levels in each, spread smoothly between."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

LEAST_SHARE = 0.25  # a square cut by the image's edge to less of its width takes its neighbour's


def percentiles(
    image: npt.NDArray[np.uint8], square: int, shares: tuple[float, ...]
) -> npt.NDArray[np.float32]:
    """Percentiles of the pixels of each square.

    Parameters
    ----------
    image : array, shape (height, width)
    square : int
        Edge of a square in pixels; the first lies at the image's corner.
    shares : tuple of float
        In 0 to 1.

    Returns
    -------
    array, shape (len(shares), rows, columns)
    """
    found = _percentiles(image, square, np.asarray(shares, np.float64))
    for axis in (0, 1):
        rest = image.shape[axis] % square
        if 0 < rest < LEAST_SHARE * square and found.shape[axis + 1] > 1:
            view = np.moveaxis(found, axis + 1, 0)
            view[-1] = view[-2]
    return np.asarray(found, np.float32)


@nb.njit(cache=True, nogil=True)
def means(image, square):  # type: ignore[no-untyped-def]
    """Mean of the pixels of each square; every other row and column tells as much.

    Parameters
    ----------
    image : array of uint8, shape (height, width)
    square : int
        Edge of a square in pixels; the first lies at the image's corner.

    Returns
    -------
    array of float32, shape (rows, columns)
    """
    height, width = image.shape
    rows, columns = -(-height // square), -(-width // square)
    found = np.zeros((rows, columns), np.float32)
    for i in range(rows):
        for j in range(columns):
            total, n = 0, 0
            for y in range(i * square, min((i + 1) * square, height), 2):
                for x in range(j * square, min((j + 1) * square, width), 2):
                    total += image[y, x]
                    n += 1
            found[i, j] = total / max(n, 1)
    return found


@nb.njit(cache=True, nogil=True)
def _percentiles(image, square, shares):  # type: ignore[no-untyped-def]
    height, width = image.shape
    rows, columns = -(-height // square), -(-width // square)
    found = np.zeros((shares.size, rows, columns), np.float32)
    for i in range(rows):
        for j in range(columns):
            counts = np.zeros(256, np.int64)
            n = 0
            for y in range(i * square, min((i + 1) * square, height), 2):
                for x in range(j * square, min((j + 1) * square, width), 2):
                    counts[image[y, x]] += 1
                    n += 1
            for k in range(shares.size):
                wanted = shares[k] * n
                seen = 0
                for level in range(256):
                    if seen + counts[level] >= wanted:
                        within = (wanted - seen) / max(counts[level], 1)
                        found[k, i, j] = level - 0.5 + within
                        break
                    seen += counts[level]
    return found


@nb.njit(cache=True, nogil=True)
def spread(grid, square, top, left, height, width):  # type: ignore[no-untyped-def]
    """A grid's values at every pixel, bilinear between the centres of its squares.

    Parameters
    ----------
    grid : array of float32, shape (rows, columns)
    square : int
        Edge of a square in pixels.
    top, left : int
        Pixel of the grid's ground at which the result begins.
    height, width : int

    Returns
    -------
    array of float32, shape (height, width)
    """
    rows, columns = grid.shape
    out = np.empty((height, width), np.float32)
    before = np.empty(width, np.int64)
    share = np.empty(width, np.float32)
    for x in range(width):
        g = min(max((left + x + 0.5) / square - 0.5, 0.0), columns - 1.0)
        before[x] = min(int(g), max(columns - 2, 0))
        share[x] = g - before[x]
    after = np.minimum(before + 1, columns - 1)
    for y in range(height):
        g = min(max((top + y + 0.5) / square - 0.5, 0.0), rows - 1.0)
        i = min(int(g), max(rows - 2, 0))
        f = np.float32(g - i)
        line = grid[i] * (np.float32(1) - f) + grid[min(i + 1, rows - 1)] * f
        for x in range(width):
            a = line[before[x]]
            out[y, x] = a + (line[after[x]] - a) * share[x]
    return out


@nb.njit(cache=True, nogil=True)
def at_square(grid, y, x, square):  # type: ignore[no-untyped-def]
    """A grid's value at one pixel of its ground, as `spread` gives it."""
    rows, columns = grid.shape
    gy = min(max((y + 0.5) / square - 0.5, 0.0), rows - 1.0)
    gx = min(max((x + 0.5) / square - 0.5, 0.0), columns - 1.0)
    i, j = int(gy), int(gx)
    k, m = min(i + 1, rows - 1), min(j + 1, columns - 1)
    upper = grid[i, j] + (grid[i, m] - grid[i, j]) * (gx - j)
    lower = grid[k, j] + (grid[k, m] - grid[k, j]) * (gx - j)
    return upper + (lower - upper) * (gy - i)
