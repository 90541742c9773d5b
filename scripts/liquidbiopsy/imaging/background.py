"""Background and noise of a frame on a coarse grid, robust to the cells that lie on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numba as nb
import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, median_filter, percentile_filter

SAMPLES_ALONG = 10  # pixels looked at along each edge of a square
PAIR_SHARE = 10  # pixels are paired over this part of a square's edge: past grain, short of slopes
FEW_ZEROS = 0.05  # share of a square that dead pixels may take
BEYOND = 6  # spreads under the background beside them at which zeros are no picture at all
GOLDEN = 0.6180339887  # its multiples fill the unit interval evenly
QUARTILE, PAIR_MEDIAN = 0.6745, 0.9539  # of a normal distribution, and of differences of two


@dataclass(frozen=True)
class Surface:
    """Background level and noise on the squares of a grid over one frame and channel."""

    level: npt.NDArray[np.float32]
    """Background in counts, shape (rows, columns) of the grid."""
    noise: npt.NDArray[np.float32]
    """Robust standard deviation of the background in counts, the same shape."""
    square_px: int
    """Edge of a square in pixels."""


def measure_surface(image: npt.NDArray[np.generic], square_px: int, floor: float) -> Surface:
    """Background and noise of an image, each square by itself.

    Parameters
    ----------
    image : array, shape (height, width)
        Counts.
    square_px : int
        Edge of the squares in pixels.
    floor : float
        Smallest noise that is believed, in counts; guards against images without any.
    """
    rows = max(1, round(image.shape[0] / square_px))
    columns = max(1, round(image.shape[1] / square_px))
    whole = np.float32(image.dtype.kind in "iu")
    lag = max(1, square_px // PAIR_SHARE)
    level, noise, zeros = _squares(image, rows, columns, lag, whole)
    level, noise = _without_border(level, noise, zeros, floor)
    return Surface(level, np.maximum(noise, np.float32(floor)), square_px)


@nb.njit(cache=True, nogil=True)
def _squares(image, rows, columns, lag, whole):  # type: ignore[no-untyped-def]
    """Level and noise of each square by clipping what stands above its background.

    Light that slopes within a square widens the lower half of its values but not the differences
    of near pixels; cells widen the differences but not the lower half: the smaller one is noise.
    Whole counts (`whole` is 1) are spread evenly over their width, so that the median of a camera
    with little noise does not jump from one count to the next. Told as well is the share of zeros
    among such counts.
    """
    height, width = image.shape
    level = np.empty((rows, columns), np.float32)
    noise = np.empty((rows, columns), np.float32)
    zeros = np.zeros((rows, columns), np.float32)
    sample = np.empty(SAMPLES_ALONG * SAMPLES_ALONG, np.float32)
    pairs = np.empty(SAMPLES_ALONG * SAMPLES_ALONG, np.float32)
    for i in range(rows):
        top, bottom = i * height // rows, (i + 1) * height // rows
        for j in range(columns):
            left, right = j * width // columns, (j + 1) * width // columns
            step_y = -(-(bottom - top) // SAMPLES_ALONG)
            step_x = -(-(right - left) // SAMPLES_ALONG)
            n = 0
            for y in range(top, bottom, step_y):
                for x in range(left, right, step_x):
                    if n < sample.size:
                        other = x + lag if x + lag < width else x - lag
                        spread = whole * np.float32((n * GOLDEN) % 1 - 0.5)
                        here = np.float32(image[y, x]) + spread
                        spread = whole * np.float32(((n + 0.5) * GOLDEN * GOLDEN) % 1 - 0.5)
                        sample[n] = here
                        pairs[n] = abs(here - np.float32(image[y, max(other, 0)]) - spread)
                        zeros[i, j] += whole > 0 and image[y, x] == 0
                        n += 1
            level[i, j], below = _clipped(np.sort(sample[:n]))
            between = np.sort(pairs[:n])[n // 2] / np.float32(PAIR_MEDIAN)
            noise[i, j] = min(below, between)
            zeros[i, j] /= n
    return level, noise, zeros


def _without_border(
    level: npt.NDArray[np.float32],
    noise: npt.NDArray[np.float32],
    zeros: npt.NDArray[np.float32],
    floor: float,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Give squares that no picture was put into the background beside them.

    A stitched scan is zero around its picture, and cells at its edge would stand on the mixture of
    both. Where a camera's background itself is zero, squares with some zeros are the most.
    """
    clear = zeros <= FEW_ZEROS
    if clear.all() or clear.sum() < (~clear & (zeros < 1)).sum():
        return level, noise
    near = tuple(distance_transform_edt(~clear, return_distances=False, return_indices=True))
    beside, around = level[near], noise[near]
    void = ~clear & (beside > BEYOND * np.maximum(around, np.float32(floor)))
    return np.where(void, beside, level), np.where(void, around, noise)


@nb.njit(cache=True, nogil=True)
def _clipped(values):  # type: ignore[no-untyped-def]
    """Median and lower-half deviation of sorted values, what lies far above clipped away."""
    n = values.size
    middle, spread = values[n // 2], np.float32(0)
    for _ in range(4):
        middle = values[n // 2]
        # the median distance below the median: blind to cells, which only stand above it
        spread = np.float32((middle - values[n // 4]) / QUARTILE)
        bound = middle + 2.5 * spread
        kept = n
        while kept > 8 and values[kept - 1] > bound:
            kept -= 1
        if kept == n:
            break
        n = kept
    return middle, spread


def smooth_surface(surface: Surface, illumination: npt.NDArray[np.float32] | None) -> Surface:
    """Lift out squares that cells cover, and even out the rest.

    Parameters
    ----------
    surface : Surface
        As measured.
    illumination : array of the grid's shape, optional
        Background of the slide's frames at each place; only what differs from it is smoothed, so
        that uneven light keeps its shape.
    """
    base = np.zeros_like(surface.level)
    if illumination is not None and illumination.min() > 0:
        # the lamp may be brighter or dimmer in this frame than over the slide
        base = illumination * np.float32(np.median(surface.level / illumination))
    rest = surface.level - base
    noise = median_filter(surface.noise, size=5, mode="nearest")
    low = percentile_filter(rest, 30, size=5, mode="nearest")
    middle = median_filter(rest, size=5, mode="nearest")
    unevenness = median_filter(np.abs(rest - middle), size=5, mode="nearest")
    # a square that cells cover stands out of its surroundings more than these are uneven
    rest = np.where(rest > low + 3 * noise + 4 * unevenness, low, rest)
    return Surface((base + rest).astype(np.float32), noise, surface.square_px)


def finer(grid: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The grid with four squares for each along both edges, between them by cubic interpolation."""
    size = (grid.shape[1] * 4, grid.shape[0] * 4)
    return np.asarray(cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC), np.float32)


@nb.njit(cache=True, nogil=True)
def at(grid, y, x, height, width):  # type: ignore[no-untyped-def]
    """Value of a grid at a pixel, bilinear between the centres of its squares."""
    rows, columns = grid.shape
    gy = (y + 0.5) * rows / height - 0.5
    gx = (x + 0.5) * columns / width - 0.5
    gy = min(max(gy, 0.0), rows - 1.0)
    gx = min(max(gx, 0.0), columns - 1.0)
    i, j = int(gy), int(gx)
    i1, j1 = min(i + 1, rows - 1), min(j + 1, columns - 1)
    fy, fx = gy - i, gx - j
    upper = grid[i, j] * (1 - fx) + grid[i, j1] * fx
    lower = grid[i1, j] * (1 - fx) + grid[i1, j1] * fx
    return upper * (1 - fy) + lower * fy


@nb.njit(cache=True, nogil=True)
def both_at(first, second, y, x, height, width):  # type: ignore[no-untyped-def]
    """Values of two grids of one shape at a pixel, as `at` gives them."""
    rows, columns = first.shape
    gy = min(max((y + 0.5) * rows / height - 0.5, 0.0), rows - 1.0)
    gx = min(max((x + 0.5) * columns / width - 0.5, 0.0), columns - 1.0)
    i, j = int(gy), int(gx)
    i1, j1 = min(i + 1, rows - 1), min(j + 1, columns - 1)
    fy, fx = gy - i, gx - j
    a, b, c, d = (1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx
    return (
        first[i, j] * a + first[i, j1] * b + first[i1, j] * c + first[i1, j1] * d,
        second[i, j] * a + second[i, j1] * b + second[i1, j] * c + second[i1, j1] * d,
    )
