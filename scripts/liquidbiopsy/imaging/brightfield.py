"""Stained slides in transmitted light: optical density, and how much of each stain a pixel holds.

References
----------
.. [1] Ruifrok AC, Johnston DA. Quantification of histochemical staining by color deconvolution.
       Anal Quant Cytol Histol 2001;23:291-299.
"""

from __future__ import annotations

import cv2
import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.imaging.stain_vectors import unmixing

Picture = npt.NDArray[np.uint8]
"""Red, green and blue, shape (height, width, 3)."""

LEVELS_PER_OD = 110  # a stain image of 8 bits holds densities from ZERO / -110 to 2.17
ZERO = 16  # level of density 0: noise below it must not be cut off
_BITS = 8  # of the tables' numbers that are parts of a level
_HALF = 1 << (_BITS - 1)


def densities(white: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Optical density of each of the 256 intensities, by colour, shape (3, 256).

    Parameters
    ----------
    white : array, shape (3,)
        Intensity of clear glass in red, green and blue, over 0 to 255.
    """
    light = np.maximum(np.arange(256), 1)[None, :]
    return np.asarray(-np.log10(light / np.asarray(white, float)[:, None]), np.float32)


def optical_density(picture: Picture, white: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Optical density by colour, of the picture's shape; 0 is clear glass."""
    return np.asarray(_looked_up(picture, densities(white)), np.float32)


@nb.njit(cache=True, nogil=True)
def _looked_up(picture, tables):  # type: ignore[no-untyped-def]
    out = np.empty(picture.shape, np.float32)
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            for c in range(3):
                out[y, x, c] = tables[c, picture[y, x, c]]
    return out


def separation_tables(
    white: npt.ArrayLike, haematoxylin: npt.ArrayLike, stain: npt.ArrayLike
) -> npt.NDArray[np.int32]:
    """Tables for `separate`, shape (6, 256): what each colour's intensity adds to each stain."""
    matrix, tables = unmixing(haematoxylin, stain), densities(white)
    parts = [matrix[s, c] * tables[c] * LEVELS_PER_OD + ZERO / 3 for s in (0, 1) for c in range(3)]
    return np.asarray(np.round(np.stack(parts) * 2**_BITS), np.int32)


def reduced(picture: Picture, factor: int) -> Picture:
    """A picture with each `factor` by `factor` pixels averaged, without what is over at its end."""
    height, width = picture.shape[0] // factor, picture.shape[1] // factor
    if factor == 1:
        return picture
    whole = picture[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


@nb.njit(cache=True, nogil=True)
def separate(picture, tables):  # type: ignore[no-untyped-def]
    """Both stains of a picture as images of 8 bits.

    Parameters
    ----------
    picture : array of uint8, shape (height, width, 3)
    tables : array of int32, shape (6, 256)
        As `separation_tables` gives them.

    Returns
    -------
    haematoxylin, stain : array of uint8, shape (height, width)
        `ZERO + LEVELS_PER_OD * density`, cut off at 0 and 255.
    """
    height, width = picture.shape[0], picture.shape[1]
    nuclear = np.empty((height, width), np.uint8)
    stained = np.empty((height, width), np.uint8)
    for y in range(height):
        for x in range(width):
            red, green, blue = picture[y, x, 0], picture[y, x, 1], picture[y, x, 2]
            first = tables[0, red] + tables[1, green] + tables[2, blue]
            second = tables[3, red] + tables[4, green] + tables[5, blue]
            nuclear[y, x] = min(max((first + _HALF) >> _BITS, 0), 255)
            stained[y, x] = min(max((second + _HALF) >> _BITS, 0), 255)
    return nuclear, stained
