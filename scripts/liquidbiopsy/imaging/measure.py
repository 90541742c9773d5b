"""What is measured of labelled pixels: shape, and light in each channel; one pass over the pixels.

Regions are given as lists of pixels (`places`, flat and by rows) with the index of the event that
each belongs to (`owners`, from 0), so that the cost grows with the cells and not with the frame.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.imaging.background import at, both_at

SECTORS = 8
WEAKER_SECTORS = 30  # percentile: what seven in ten sectors exceed, a cell has all round

Places = npt.NDArray[np.int64]
Owners = npt.NDArray[np.int32]
Values = npt.NDArray[np.float64]


class Light(NamedTuple):
    """Light of a channel in each region, background taken off; arrays of one value a region."""

    mean: Values
    max: Values
    sum: Values
    sd: Values
    snr: Values
    """Mean of height over background, each pixel in its own noise."""


class Shape(NamedTuple):
    """Shape of each region in pixels; arrays of one value a region, NaN where it is empty."""

    area: Values
    y: Values
    x: Values
    eccentricity: Values
    p2a: Values
    """Perimeter² / (4π area), the perimeter by Crofton's formula over rows and columns."""
    edge: npt.NDArray[np.bool_]
    """Whether the region touches the edge of the frame."""


@nb.njit(cache=True, nogil=True)
def _light(places, owners, n, image, level, noise, gain):  # type: ignore[no-untyped-def]
    height, width = image.shape
    count, top = np.zeros(n), np.full(n, -np.inf)
    total, squares, snr = np.zeros(n), np.zeros(n), np.zeros(n)
    for k in range(places.size):
        y, x = places[k] // width, places[k] % width
        base, unit = both_at(level, noise, y, x, height, width)
        rise = image[y, x] - base
        snr[owners[k]] += rise / unit
        if gain.size > 1:
            rise /= at(gain, y, x, height, width)
        count[owners[k]] += 1
        total[owners[k]] += rise
        squares[owners[k]] += rise * rise
        top[owners[k]] = max(top[owners[k]], rise)
    return count, total, squares, top, snr


def measure_light(
    places: Places,
    owners: Owners,
    n: int,
    image: npt.NDArray[np.generic],
    level: npt.NDArray[np.float32],
    noise: npt.NDArray[np.float32],
    gain: npt.NDArray[np.float32],
) -> Light:
    """Light of one channel in `n` regions.

    Parameters
    ----------
    places, owners : array of int, shape (pixels,)
        Pixels of the regions and the region of each.
    n : int
        Number of regions.
    image : array, shape (height, width)
        The channel in counts.
    level, noise : array, shape (rows, columns)
        Background and its robust standard deviation, on a coarse grid.
    gain : array, shape (rows, columns), or (1, 1) for even light
        Relative illumination.

    Returns
    -------
    Light
        NaN where a region is empty.
    """
    count, total, squares, top, snr = _light(places, owners, n, image, level, noise, gain)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        spread = np.sqrt(np.maximum(squares / count - mean**2, 0))
        top = np.where(count > 0, top, np.nan)
        return Light(mean, top, np.where(count > 0, total, np.nan), spread, snr / count)


@nb.njit(cache=True, nogil=True)
def _moments(places, owners, n, labels):  # type: ignore[no-untyped-def]
    height, width = labels.shape
    sums = np.zeros((n, 7))
    edge = np.zeros(n, np.bool_)
    for k in range(places.size):
        y, x, i = places[k] // width, places[k] % width, owners[k]
        own = labels[y, x]
        sums[i, 0] += 1
        sums[i, 1] += y
        sums[i, 2] += x
        sums[i, 3] += y * y
        sums[i, 4] += x * x
        sums[i, 5] += y * x
        if y == 0 or x == 0 or y == height - 1 or x == width - 1:
            edge[i] = True
        sums[i, 6] += y == 0 or labels[y - 1, x] != own
        sums[i, 6] += x == 0 or labels[y, x - 1] != own
        sums[i, 6] += y == height - 1 or labels[y + 1, x] != own
        sums[i, 6] += x == width - 1 or labels[y, x + 1] != own
    return sums, edge


@nb.njit(cache=True, nogil=True)
def _sectors(places, owners, ys, xs, image, level, noise):  # type: ignore[no-untyped-def]
    height, width = image.shape
    total = np.zeros((ys.size, SECTORS))
    count = np.zeros((ys.size, SECTORS))
    for k in range(places.size):
        y, x, i = places[k] // width, places[k] % width, owners[k]
        angle = np.arctan2(y - ys[i], x - xs[i]) / (2 * np.pi) + 0.5
        sector = min(int(angle * SECTORS), SECTORS - 1)
        base, unit = both_at(level, noise, y, x, height, width)
        total[i, sector] += (image[y, x] - base) / unit
        count[i, sector] += 1
    return total, count


def all_round_snr(
    places: Places,
    owners: Owners,
    shape: Shape,
    image: npt.NDArray[np.generic],
    surface_level: npt.NDArray[np.float32],
    surface_noise: npt.NDArray[np.float32],
    *,
    membrane: bool = False,
) -> Values:
    """Height over background, in noises, that a region has all round and not on one side.

    The 30th percentile over eight sectors around the region's centre: a stain of the cell itself,
    be it a ring or a disc, is in all of them, the glow of bright neighbours in some. A sector
    counts with the mean of its pixels, or, for a stain that may be of the `membrane` alone, with
    their upper quartile, which is much the same for a ring as for a disc of equal brightness.

    Returns
    -------
    array of float, one a region; NaN where it is empty.
    """
    light = (image, surface_level, surface_noise)
    if membrane:
        return _weaker_sectors(*_upper_quartiles(places, owners, shape.y, shape.x, *light))
    return _weaker_sectors(*_sectors(places, owners, shape.y, shape.x, *light))


@nb.njit(cache=True, nogil=True)
def _upper_quartiles(places, owners, ys, xs, image, level, noise):  # type: ignore[no-untyped-def]
    """Upper quartile of each sector, and 1 where it has pixels."""
    height, width = image.shape
    cell = np.empty(places.size, np.int64)
    starts = np.zeros(ys.size * SECTORS + 1, np.int64)
    for k in range(places.size):
        y, x, i = places[k] // width, places[k] % width, owners[k]
        angle = np.arctan2(y - ys[i], x - xs[i]) / (2 * np.pi) + 0.5
        cell[k] = i * SECTORS + min(int(angle * SECTORS), SECTORS - 1)
        starts[cell[k] + 1] += 1
    for c in range(starts.size - 1):
        starts[c + 1] += starts[c]
    values = np.empty(places.size)
    free = starts[:-1].copy()
    for k in range(places.size):
        y, x = places[k] // width, places[k] % width
        base, unit = both_at(level, noise, y, x, height, width)
        values[free[cell[k]]] = (image[y, x] - base) / unit
        free[cell[k]] += 1
    quartile = np.zeros((ys.size, SECTORS))
    some = np.zeros((ys.size, SECTORS))
    for c in range(starts.size - 1):
        if starts[c + 1] > starts[c]:
            ordered = np.sort(values[starts[c] : starts[c + 1]])
            quartile[c // SECTORS, c % SECTORS] = ordered[(3 * ordered.size) // 4]
            some[c // SECTORS, c % SECTORS] = 1
    return quartile, some


@nb.njit(cache=True, nogil=True)
def _weaker_sectors(total, count):  # type: ignore[no-untyped-def]
    """Percentile of each region's sector means, between ranks by linear interpolation."""
    found = np.full(len(total), np.nan)
    for i in range(len(total)):
        means = np.sort(total[i][count[i] > 0] / count[i][count[i] > 0])
        if means.size:
            rank = (means.size - 1) * WEAKER_SECTORS / 100
            low = int(rank)
            high = min(low + 1, means.size - 1)
            found[i] = means[low] + (rank - low) * (means[high] - means[low])
    return found


def measure_shape(places: Places, owners: Owners, n: int, labels: npt.NDArray[np.int32]) -> Shape:
    """Shape of `n` regions, whose pixels are those of equal value in `labels`."""
    sums, edge = _moments(places, owners, n, labels)
    area, sy, sx, syy, sxx, syx, sides = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        y, x = sy / area, sx / area
        # a pixel is a square, not a point: its own second moment is 1/12
        vy, vx = syy / area - y * y + 1 / 12, sxx / area - x * x + 1 / 12
        vyx = syx / area - y * x
        root = np.sqrt(((vy - vx) / 2) ** 2 + vyx**2)
        major, minor = (vy + vx) / 2 + root, (vy + vx) / 2 - root
        eccentricity = np.sqrt(np.clip(1 - minor / major, 0, 1))
        perimeter = sides * np.pi / 4
        return Shape(area, y, x, eccentricity, perimeter**2 / (4 * np.pi * area), edge)


@nb.njit(cache=True, nogil=True)
def paint(labels, places, values):  # type: ignore[no-untyped-def]
    """Set the pixels of a label image at flat places."""
    flat = labels.ravel()
    for k in range(places.size):
        flat[places[k]] = values[k]


@nb.njit(cache=True, nogil=True)
def united(a, b):  # type: ignore[no-untyped-def]
    """Two lists of places by rows as one, what is in both told once."""
    both = np.empty(a.size + b.size, np.int64)
    i, j, n = 0, 0, 0
    while i < a.size or j < b.size:
        if j == b.size or (i < a.size and a[i] <= b[j]):
            both[n] = a[i]
            if j < b.size and a[i] == b[j]:
                j += 1
            i += 1
        else:
            both[n] = b[j]
            j += 1
        n += 1
    return both[:n].copy()


@nb.njit(cache=True, nogil=True)
def rim_of(places, labels, steps):  # type: ignore[no-untyped-def]
    """Grow labelled regions outwards, never into each other.

    Parameters
    ----------
    places : array of int64
        Flat places of the labelled pixels.
    labels : array of int32, shape (height, width)
    steps : int
        How far to grow, in pixels, alternately to four and to eight neighbours.

    Returns
    -------
    rim, owners : array
        Flat places of the pixels gained, by rows, and the label of each less one.
    """
    height, width = labels.shape
    grown = labels.copy()
    front = places
    gained = np.empty(0, np.int64)
    for step in range(steps):
        # first counted, then filled: each front pixel gains at most eight
        fresh = np.empty(front.size * (8 if step % 2 else 4), np.int64)
        n = 0
        for k in range(front.size):
            y, x = front[k] // width, front[k] % width
            own = grown[y, x]
            for yy in range(max(y - 1, 0), min(y + 2, height)):
                for xx in range(max(x - 1, 0), min(x + 2, width)):
                    corner = yy != y and xx != x
                    if grown[yy, xx] == 0 and (step % 2 == 1 or not corner):
                        grown[yy, xx] = own
                        fresh[n] = yy * width + xx
                        n += 1
        front = fresh[:n].copy()
        gained = np.concatenate((gained, front))
    gained.sort()
    flat = grown.ravel()
    owners = np.empty(gained.size, np.int32)
    for k in range(gained.size):
        owners[k] = flat[gained[k]] - 1
    return gained, owners
