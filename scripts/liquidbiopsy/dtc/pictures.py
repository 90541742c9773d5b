"""Small pictures of stained cells: in colour, and each stain alone in grey."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

SMALL, LARGEST = 64, 128  # crops below the one are enlarged, above the other reduced, in pixels
DENSEST = 120  # hundredths of optical density that are drawn black


def cell_pictures(crop: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """The pictures of one cell as PNG files: colour, cytokeratin, haematoxylin.

    Parameters
    ----------
    crop : dict
        Its row of the crops table.
    """
    shape = (crop["height"], crop["width"])
    colour = np.frombuffer(crop["colour"], np.uint8).reshape(*shape, 3)
    pictures = [("colour", _png(colour))]
    for stain in ("cytokeratin", "haematoxylin"):
        density = np.frombuffer(crop[stain], np.uint8).reshape(shape).astype(float)
        grey = 255 * (1 - np.minimum(density / DENSEST, 1))
        pictures.append((stain, _png(grey.round().astype(np.uint8))))
    return pictures


def scale_of(crop: Mapping[str, Any]) -> float:
    """Edge of one pixel of the crop's pictures in um."""
    edge = max(crop["height"], crop["width"])
    return float(crop["pixel_size_um"] * edge / max(_size(crop["height"], crop["width"])))


def _size(height: int, width: int) -> tuple[int, int]:
    """Width and height of a picture: a multiple where it is small, reduced where large."""
    edge = max(height, width)
    factor = -(-SMALL // edge) if edge < SMALL else min(1.0, LARGEST / edge)
    return max(1, round(width * factor)), max(1, round(height * factor))


def _png(pixels: Any) -> bytes:
    out = io.BytesIO()
    image = Image.fromarray(pixels)
    image.resize(_size(*pixels.shape[:2]), Image.Resampling.BICUBIC).save(
        out, "PNG", compress_level=9
    )
    return out.getvalue()
