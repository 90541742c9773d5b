"""Nuclei in an image of haematoxylin: found by their own height, touching ones split by shape.

Each pixel's height over the background is taken as a share of the highest near it, so that dim and
dark nuclei count alike; what stands above half of that, smoothed, is flooded from the top, so that
nuclei that touch part where the shape narrows or the stain between them falls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.imaging.basins import basins
from liquidbiopsy.imaging.brightfield import LEVELS_PER_OD

SMOOTH, REACH, SHAPE = 0.05, 0.375, 0.12  # blur, how far "near" is, blur of the shape: shares of a
CONTRAST = 0.5  # nucleus' diameter; share of the own height at which a nucleus ends
PART = 0.12  # of the area of a usual nucleus, over the saddle to its neighbour
DEPTH = 0.05  # share of the lower peak by which the shape must narrow between two nuclei
SOFT = (64, 192)  # relative height, of 255, between which an edge is soft

Stain = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Nuclear:
    """How nuclei are found at one pixel size."""

    diameter: float
    """Usual diameter in pixels."""
    least: float
    """Height over the background that a nucleus has at least, in levels of a stain image."""
    min_area: int
    """Smallest nucleus in pixels."""
    depth: float = DEPTH

    @property
    def min_part(self) -> int:
        """Smallest part of touching nuclei that may stand alone, in pixels."""
        return max(4, round(PART * np.pi / 4 * self.diameter**2))

    @classmethod
    def of(cls, diameter_um: float, od: float, min_um2: float, pixel_um: float) -> Nuclear:
        """The same in micrometres and optical density, for pixels of `pixel_um`."""
        area = max(4, round(min_um2 / pixel_um**2))
        return cls(diameter_um / pixel_um, od * LEVELS_PER_OD, area)


class Found(NamedTuple):
    """Nuclei of one image; arrays of one value a nucleus."""

    labels: npt.NDArray[np.int32]
    """0 off nuclei, else 1 to n."""
    relative: Stain
    """Height as a share of the highest near it, 255 for all of it; 0 under `least`."""
    y: npt.NDArray[np.float32]
    x: npt.NDArray[np.float32]
    area: npt.NDArray[np.int32]
    """Pixels."""
    height: npt.NDArray[np.float32]
    """Mean height over the background in levels of a stain image."""


def find_nuclei(image: Stain, level: npt.NDArray[np.float32], how: Nuclear) -> Found:
    """Nuclei of a stain image.

    Parameters
    ----------
    image : array of uint8, shape (height, width)
        Haematoxylin, as `separate` gives it.
    level : array of float32, the same shape
        Its background.
    how : Nuclear
    """
    smooth = _blurred(image, SMOOTH * how.diameter)
    reach = max(1, round(REACH * how.diameter))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    highest = cv2.dilate(smooth, disc)
    relative, inside = _relative(smooth, highest, level, np.float32(how.least))
    shape = _blurred(inside, SHAPE * how.diameter)
    labels, count = basins(shape, inside, how.depth, how.min_part)
    return Found(labels, relative, *_measured(labels, count, smooth, level))


def _blurred(image: Stain, sigma: float) -> Stain:
    if sigma < 0.2:
        return image
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


@nb.njit(cache=True, nogil=True)
def _relative(smooth, highest, level, least):  # type: ignore[no-untyped-def]
    """Height of each pixel as a share of the highest near it, and the same where over half."""
    rows, columns = smooth.shape
    relative = np.zeros((rows, columns), np.uint8)
    inside = np.zeros((rows, columns), np.uint8)
    for y in range(rows):
        for x in range(columns):
            base = level[y, x]
            top = highest[y, x] - base
            if top >= least:
                share = max(smooth[y, x] - base, np.float32(0)) / top
                relative[y, x] = np.uint8(min(share, np.float32(1)) * np.float32(255))
                if share > CONTRAST and share * top >= least:
                    inside[y, x] = relative[y, x]
    return relative, inside


@nb.njit(cache=True, nogil=True)
def _measured(labels, count, smooth, level):  # type: ignore[no-untyped-def]
    """Centre, area and mean height of each nucleus."""
    y_sum = np.zeros(count, np.float64)
    x_sum = np.zeros(count, np.float64)
    heights = np.zeros(count, np.float64)
    area = np.zeros(count, np.int32)
    for y in range(labels.shape[0]):
        for x in range(labels.shape[1]):
            k = labels[y, x] - 1
            if k >= 0:
                y_sum[k] += y
                x_sum[k] += x
                heights[k] += smooth[y, x] - level[y, x]
                area[k] += 1
    whole = np.maximum(area, 1)
    return (
        (y_sum / whole).astype(np.float32),
        (x_sum / whole).astype(np.float32),
        area,
        (heights / whole).astype(np.float32),
    )


@nb.njit(cache=True, nogil=True)
def edges(relative, square):  # type: ignore[no-untyped-def]
    """How soft the edges of nuclei are, square by square.

    Parameters
    ----------
    relative : array of uint8, shape (height, width)
        As `find_nuclei` gives it.
    square : int
        Edge of a square in pixels.

    Returns
    -------
    soft, length : array of int32, shape (rows, columns)
        Pixels at heights between a quarter and three quarters, and pairs of neighbours between
        which half the height is crossed: their ratio is the width of an edge in pixels.
    """
    height, width = relative.shape
    rows, columns = -(-height // square), -(-width // square)
    soft = np.zeros((rows, columns), np.int32)
    length = np.zeros((rows, columns), np.int32)
    for y in range(0, height, 2):  # every other row tells as much
        for x in range(width):
            here = relative[y, x]
            i, j = y // square, x // square
            if SOFT[0] <= here < SOFT[1]:
                soft[i, j] += 1
            over = here >= 128
            if x + 1 < width and over != (relative[y, x + 1] >= 128):
                length[i, j] += 1
            if y + 1 < height and over != (relative[y + 1, x] >= 128):
                length[i, j] += 1
    return soft, length
