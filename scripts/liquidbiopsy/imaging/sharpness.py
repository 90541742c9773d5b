"""Whether a frame can be used: focus, saturation, and whether there is a picture at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]

WORKING_PIXEL_UM = 1.0
FINE_UM = (0.8, 1.6)
COARSE_UM = (2.4, 4.8)
ENOUGH_DETAIL = 0.02  # coarse detail over noise below which there is nothing to judge focus by


@dataclass(frozen=True)
class Exposure:
    """State of one channel of one frame."""

    saturated: float
    """Share of the pixels at the camera's limit, 0 to 1."""
    blank: bool
    """Whether all pixels are alike, or not a number."""


def exposure(image: npt.NDArray[Any], limit: float) -> Exposure:
    """Saturation of a channel whose camera is full at `limit` counts."""
    low, high = float(image.min()), float(image.max())
    blank = not np.isfinite(low) or not np.isfinite(high) or low == high
    saturated = float(np.count_nonzero(image >= limit)) / image.size if high >= limit else 0.0
    return Exposure(saturated, blank)


def focus(image: npt.NDArray[Any], pixel_size_um: float) -> float | None:
    """Share of a picture's detail that is fine, from 0 (blurred) towards 1.

    Detail is the variance of differences of Gaussians at the size of a nucleus' edge and at that
    of the nucleus, each less what noise puts there; so the measure hangs on the sharpness of the
    cells and not on their number or brightness.

    Parameters
    ----------
    image : array, shape (height, width)
    pixel_size_um : float

    Returns
    -------
    float or None
        None where there is too little in the picture to tell.

    References
    ----------
    Geusebroek JM et al. Robust autofocusing in microscopy. Cytometry 2000;39:1-9 (of measures by
    Gaussian derivatives at the scale of the detail).
    """
    picture, pixel = _shrunk(image, pixel_size_um)
    fine, fine_noise = _detail(picture, FINE_UM, pixel)
    picture, pixel = _shrunk(
        np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0), np.float32), pixel, 2
    )
    coarse, coarse_noise = _detail(picture, COARSE_UM, pixel)
    if coarse <= 0 or coarse < ENOUGH_DETAIL * coarse_noise:
        return None
    return max(fine, 0.0) / (max(fine, 0.0) + coarse)


def _shrunk(
    picture: npt.NDArray[Any], pixel_um: float, factor: int | None = None
) -> tuple[Picture, float]:
    """The picture with pixels near the working size, or of `factor` the size, and that size."""
    factor = factor or max(1, round(WORKING_PIXEL_UM / pixel_um))
    if picture.dtype != np.uint16 or factor == 1:  # shrunk counts of 8 bits would be rounded
        picture = np.asarray(picture, np.float32)
    if factor == 1:
        return picture, pixel_um
    size = (max(1, picture.shape[1] // factor), max(1, picture.shape[0] // factor))
    whole = picture[: size[1] * factor, : size[0] * factor]
    small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32), pixel_um * factor


def _detail(picture: Picture, band: tuple[float, float], pixel: float) -> tuple[float, float]:
    """Variance of one band of detail less its noise, and the noise."""
    small = cv2.GaussianBlur(picture, (0, 0), band[0] / pixel)
    large = cv2.GaussianBlur(picture, (0, 0), band[1] / pixel)
    difference = (small - large)[::2, ::2]
    noise = (float(np.median(np.abs(difference[::2, ::2]))) / 0.6745) ** 2
    return float(np.mean(difference * difference)) - noise, noise
