"""Colour pictures of any depth, with or without transparency, as red, green and blue of 8 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.imaging.brightfield import Picture


def in_colour(array: npt.NDArray[Any], file: str) -> Picture:
    """A picture as red, green and blue of 8 bits; what is transparent is white.

    Parameters
    ----------
    array : array of uint8 or uint16, shape (height, width, samples)
        Three samples a pixel, or four of which the last is opacity. Of 16 bits the upper 8
        are kept.
    file : str
        For messages.

    Raises
    ------
    InputError
        It has fewer samples, or values of another type.
    """
    if array.shape[-1] < 3:
        raise InputError(file, "is greyscale: a stained slide needs colour", "export it in RGB")
    if array.dtype == np.uint16:
        array = (array >> 8).astype(np.uint8)
    if array.dtype != np.uint8:
        problem = f"holds values of type {array.dtype}"
        raise InputError(file, problem, "export it in RGB with 8 or 16 bit a colour")
    if array.shape[-1] == 3:
        return array
    opacity = array[..., 3:4].astype(np.uint16)
    if opacity.min() == 255:
        return np.ascontiguousarray(array[..., :3])
    mixed = array[..., :3] * opacity + 255 * (255 - opacity)
    return np.asarray((mixed + 127) // 255, np.uint8)
