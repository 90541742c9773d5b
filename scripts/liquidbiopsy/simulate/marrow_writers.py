"""Write a simulated marrow slide as scanners do, its truth beside it.

Each file says that its data are simulated: TIFF in ImageDescription or the OME-XML, PNG in a text
chunk, JPEG in its comment, tables in their first line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import pandas as pd
import tifffile
from PIL import Image as PillowImage
from PIL import PngImagePlugin

from liquidbiopsy.simulate.marrow import MarrowSlide, simulate_marrow
from liquidbiopsy.simulate.marrow_parameters import MarrowParameters
from liquidbiopsy.simulate.parameters import SIMULATED
from liquidbiopsy.simulate.writers import write_table

JPEG_QUALITY = 90
TILE_PX = 240
REDUCED = 8


@dataclass(frozen=True)
class WrittenMarrow:
    """What was written."""

    image: Path
    truth: pd.DataFrame
    nuclei: int
    """Nuclei on the slide."""


def write_marrow(image: Path, p: MarrowParameters) -> WrittenMarrow:
    """Simulate a slide and write it; the ending says how: .svs, .ome.tif, .tif, .png or .jpg.

    The truth is written beside it as `<stem>.truth.tsv` and `<stem>.nuclei.tsv`.

    Raises
    ------
    ValueError
        For another ending.
    """
    slide = simulate_marrow(p)
    image.parent.mkdir(parents=True, exist_ok=True)
    write_picture(image, slide, p)
    stem = image.name.split(".")[0]
    write_table(image.with_name(f"{stem}.truth.tsv"), slide.truth)
    places = pd.DataFrame(np.round(slide.nuclei, 1), columns=["x_px", "y_px"])
    write_table(image.with_name(f"{stem}.nuclei.tsv"), places)
    return WrittenMarrow(image, slide.truth, len(slide.nuclei))


def write_picture(image: Path, slide: MarrowSlide, p: MarrowParameters) -> None:
    """Write the picture alone.

    Raises
    ------
    ValueError
        For an ending that is not known.
    """
    name, picture = image.name.lower(), slide.picture
    per_cm = 1e4 / p.pixel_size_um
    size: dict[str, Any] = {"resolution": (per_cm, per_cm), "resolutionunit": "CENTIMETER"}
    if name.endswith(".svs"):
        _write_svs(image, slide, p)
    elif name.endswith(".ome.tif"):
        said = {
            "axes": "YXS", "PhysicalSizeX": p.pixel_size_um, "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": p.pixel_size_um, "PhysicalSizeYUnit": "µm", "Description": SIMULATED,
            "UUID": str(uuid5(NAMESPACE_URL, repr(p))),  # else a clock's: same slide, same bytes
        }  # fmt: skip
        tifffile.imwrite(
            image, picture, ome=True, photometric="rgb", tile=(256, 256), compression="zlib",
            metadata=said,
        )  # fmt: skip
    elif name.endswith(".tif"):
        tifffile.imwrite(
            image, picture, photometric="rgb", tile=(256, 256), compression="lzw",
            description=SIMULATED, metadata=None, **size,
        )  # fmt: skip
    elif name.endswith(".png"):
        told = PngImagePlugin.PngInfo()
        told.add_text("Description", SIMULATED)
        PillowImage.fromarray(picture).save(image, pnginfo=told)
    elif name.endswith(".jpg"):
        PillowImage.fromarray(picture).save(image, quality=JPEG_QUALITY, comment=SIMULATED)
    else:
        raise ValueError(f"{image.name}: write .svs, .ome.tif, .tif, .png or .jpg")


def _write_svs(image: Path, slide: MarrowSlide, p: MarrowParameters) -> None:
    """Write a file as an Aperio scanner does: tiles in JPEG, and a reduced level."""
    height, width = slide.picture.shape[:2]
    head = (
        f"Aperio Image Library v12.0.15\n{width}x{height} [0,0 {width}x{height}] (240x240) JPEG/RGB"
    )
    said = f"{head} Q={JPEG_QUALITY}|AppMag = 20|MPP = {p.pixel_size_um:.4f}|{SIMULATED}"
    options: dict[str, Any] = {
        "photometric": "rgb", "tile": (TILE_PX, TILE_PX), "compression": "jpeg",
        "compressionargs": {"level": JPEG_QUALITY}, "metadata": None,
    }  # fmt: skip
    with tifffile.TiffWriter(image, bigtiff=slide.picture.nbytes > 2**31) as file:
        file.write(slide.picture, description=said, **options)
        if min(height, width) > TILE_PX * REDUCED:
            file.write(slide.picture[::REDUCED, ::REDUCED], description=head, **options)
