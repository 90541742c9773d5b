"""Pictures that detection keeps: each object's surroundings, and the slide as a whole."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from liquidbiopsy.dtc.ground import Tile
from liquidbiopsy.dtc.objects import Finding
from liquidbiopsy.dtc.scale import Scale, whole_factor
from liquidbiopsy.imaging.brightfield import Picture, optical_density, reduced
from liquidbiopsy.imaging.slides import WholeSlide

CROP_UM = 0.4  # pixel size of a picture, about, at the finest


def worth_a_picture(objects: Sequence[Mapping[str, Any]], most: int) -> list[Mapping[str, Any]]:
    """The objects whose pictures are kept: with nuclei first, then those with the most stain."""

    def rank(found: Mapping[str, Any]) -> tuple[Any, ...]:
        amount = (found["stain_mean_od"] or 0.0) * (found["nucleus_area_um2"] or 0.0)
        return (found["nuclei"] or 0) > 0, amount, found["cell_id"]

    return sorted(objects, key=rank, reverse=True)[:most]


def crop(
    slide: WholeSlide, found: Mapping[str, Any], finding: Finding, scale: Scale, size_um: float
) -> dict[str, Any]:
    """An object's row of the crops table: colour, stain and haematoxylin around its centre."""
    edge = max(8, round(size_um / scale.pixel_size_um))
    top, left = round(found["y_px"] - edge / 2), round(found["x_px"] - edge / 2)
    picture = np.full((edge, edge, 3), np.round(finding.white), np.uint8)
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(slide.height, top + edge), min(slide.width, left + edge)
    picture[y0 - top : y1 - top, x0 - left : x1 - left] = slide.read(y0, x0, y1, x1)
    factor = whole_factor(CROP_UM, scale.pixel_size_um)
    picture = reduced(picture, factor)
    amounts = optical_density(picture, finding.white) @ finding.unmixing[:2].T
    return {
        "specimen_id": found["specimen_id"],
        "cell_id": found["cell_id"],
        "height": picture.shape[0],
        "width": picture.shape[1],
        "pixel_size_um": scale.pixel_size_um * factor,
        "colour": picture.tobytes(),
        "cytokeratin": _hundredths(amounts[..., 1]),
        "haematoxylin": _hundredths(amounts[..., 0]),
    }


def _hundredths(density: npt.NDArray[np.float32]) -> bytes:
    return np.clip(np.round(density * 100), 0, 255).astype(np.uint8).tobytes()


def overview(tiles: Sequence[Tile], scale: Scale, height: int, width: int, step: float) -> bytes:
    """JPEG file of a slide, put together from its tiles.

    Parameters
    ----------
    tiles : sequence of Tile
    scale : Scale
    height, width : int
        Of the slide in pixels.
    step : float
        Pixels of the slide in one of the overview.
    """
    out = np.full((max(1, round(height / step)), max(1, round(width / step)), 3), 255, np.uint8)
    for tile in tiles:
        top = round(tile.ground.first[0] * scale.square_full / step)
        left = round(tile.ground.first[1] * scale.square_full / step)
        bottom = min(out.shape[0], round(tile.ground.end[0] * scale.square_full / step))
        right = min(out.shape[1], round(tile.ground.end[1] * scale.square_full / step))
        if bottom > top and right > left:
            part: Picture = np.asarray(
                cv2.resize(tile.picture, (right - left, bottom - top)), np.uint8
            )
            out[top:bottom, left:right] = part
    file = io.BytesIO()
    Image.fromarray(out).save(file, "JPEG", quality=85)
    return file.getvalue()
