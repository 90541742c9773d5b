"""Write a simulated slide to disk in the layouts that scanners use, and its truth beside it.

Each file says that its data are simulated: TIFF in ImageDescription or the OME-XML, PNG in a text
chunk, JPEG in its comment, tables in their first line, folders in a README.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tifffile
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import PngImagePlugin

from liquidbiopsy.simulate.parameters import SIMULATED, SlideParameters
from liquidbiopsy.simulate.slides import SimulatedSlide

LAYOUTS = ("frames", "blocks", "stack", "channels")
JPEG_QUALITY = 95

Counts = NDArray[np.unsignedinteger]


@dataclass(frozen=True)
class WrittenSlide:
    """What was written."""

    folder: Path
    """Folder with the images, truth.tsv, frames.tsv and README.md."""
    image: str
    """What a sheet's `image` column says: a file, a folder, or a path with `{channel}` in it."""
    truth: pd.DataFrame
    """The objects: see `SimulatedSlide.truth`."""
    frames: pd.DataFrame
    """The frames: see `liquidbiopsy.simulate.slides.Frame`."""
    parameters: SlideParameters
    """What it was made from."""


def _resolution(p: SlideParameters) -> dict[str, Any]:
    """Return the arguments of tifffile that give the pixel size, in pixels per cm."""
    per_cm = 1e4 / p.pixel_size_um
    return {"resolution": (per_cm, per_cm), "resolutionunit": "CENTIMETER"}


def write_image(path: Path, plane: Counts, p: SlideParameters, note: str = "") -> None:
    """Write one channel of one frame; the ending says the format: tif, png, jpg.

    Raises
    ------
    ValueError
        For another ending, or more than 8 bits in a JPEG.
    """
    text = f"{SIMULATED}{note}"
    ending = path.suffix.lower()
    if ending in (".tif", ".tiff"):
        tifffile.imwrite(path, plane, description=text, metadata=None, **_resolution(p))
    elif ending == ".png":
        info = PngImagePlugin.PngInfo()
        info.add_text("Description", text)
        PillowImage.fromarray(plane).save(path, pnginfo=info, compress_level=1)
    elif ending in (".jpg", ".jpeg"):
        if plane.dtype != np.uint8:
            raise ValueError(f"{path.name}: a JPEG holds 8 bits, not {p.bit_depth}")
        PillowImage.fromarray(plane).save(path, quality=JPEG_QUALITY, comment=text.encode())
    else:
        raise ValueError(f"{path.name}: no writer for files that end in {ending!r}")


def _write_frames(slide: SimulatedSlide, folder: Path, compression: str | None) -> None:
    """CellTracks-like: `Frame_001.tif` and so on, whose pages are the channels."""
    p = slide.parameters
    for number, image in enumerate(slide.images(), start=1):
        path = folder / f"Frame_{number:03d}.tif"
        with tifffile.TiffWriter(path) as tif:
            for channel, plane in zip(p.channels, image, strict=True):
                tif.write(
                    plane,
                    description=f"{SIMULATED}; channel {channel.name}",
                    metadata=None,
                    compression=compression,
                    compressionargs={"level": 1} if compression else None,
                    **_resolution(p),
                )


def _write_blocks(slide: SimulatedSlide, folder: Path, image_format: str) -> None:
    """HDSCA-like: one file a frame and channel, all frames of a channel in one run of numbers."""
    p = slide.parameters
    for frame, image in enumerate(slide.images()):
        for index, (channel, plane) in enumerate(zip(p.channels, image, strict=True)):
            path = folder / f"Tile{index * p.frames + frame + 1:06d}.{image_format}"
            write_image(path, plane, p, f"; channel {channel.name}")


def _tiles(image: Counts, tile: int) -> Iterator[Counts]:
    """Yield the square tiles of the pages of one frame, padded with zeros."""
    for plane in image:
        for y in range(0, plane.shape[0], tile):
            for x in range(0, plane.shape[1], tile):
                part = plane[y : y + tile, x : x + tile]
                pad = ((0, tile - part.shape[0]), (0, tile - part.shape[1]))
                yield np.pad(part, pad)


def _write_stack(slide: SimulatedSlide, path: Path, compression: str | None, tile: int) -> None:
    """OME-TIFF: one image, time standing for the frame, so that pages are frame-major."""
    p = slide.parameters
    position = [frame for frame in slide.frames for _ in p.channels]
    metadata = {
        "axes": "TCYX",
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, repr(p))),
        "Name": path.name.split(".")[0],
        "Description": SIMULATED,
        "PhysicalSizeX": p.pixel_size_um,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": p.pixel_size_um,
        "PhysicalSizeYUnit": "µm",
        "SignificantBits": p.bit_depth,
        "Channel": {"Name": [channel.name for channel in p.channels]},
        "Plane": {
            "PositionX": [round(f.x_px * p.pixel_size_um, 3) for f in position],
            "PositionY": [round(f.y_px * p.pixel_size_um, 3) for f in position],
            "PositionXUnit": ["µm"] * len(position),
            "PositionYUnit": ["µm"] * len(position),
        },
    }
    pages: Iterator[Counts]
    if tile:
        pages = (part for image in slide.images() for part in _tiles(image, tile))
    else:
        pages = (plane for image in slide.images() for plane in image)
    tifffile.imwrite(
        path,
        pages,
        shape=(p.frames, len(p.channels), p.frame_height_px, p.frame_width_px),
        dtype=np.uint8 if p.bit_depth == 8 else np.uint16,
        ome=True,
        photometric="minisblack",
        tile=(tile, tile) if tile else None,
        compression=compression,
        compressionargs={"level": 1} if compression else None,
        metadata=metadata,
        **_resolution(p),
    )


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a truth table, tab-separated, its first line a comment that it is simulated."""
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write(f"# {SIMULATED}\n")
        table.to_csv(out, sep="\t", index=False, float_format="%.3f", lineterminator="\n")


def read_truth(path: Path) -> pd.DataFrame:
    """Read a table that `write_table` wrote."""
    return pd.read_csv(path, sep="\t", comment="#", dtype={"frames": str, "object_id": str})


def write_slide(
    folder: Path,
    parameters: SlideParameters,
    layout: str = "frames",
    image_format: str | None = None,
    compression: str | None = None,
    tile: int = 0,
) -> WrittenSlide:
    """Simulate a slide and write its images, its truth and a README.

    Parameters
    ----------
    folder : Path
        Where to; made if missing.
    parameters : SlideParameters
        What to simulate.
    layout : str
        `frames`, `blocks`, `stack` or `channels`, as a platform's `layout`.
    image_format : str, optional
        Ending of the files of `blocks` (default jpg at 8 bit, else tif) and `channels` (png).
    compression : str, optional
        Of the TIFFs of `frames` and `stack`, as tifffile names it, such as `zlib`.
    tile : int
        Side of the tiles of a `stack`, pixels, a multiple of 16; 0 for none.

    Raises
    ------
    ValueError
        For an unknown layout, or several frames in `channels`.
    FileExistsError
        Where the folder holds images already: they would mix.
    """
    folder = Path(folder)
    if layout not in LAYOUTS:
        raise ValueError(f"layout is {layout!r}, must be one of {', '.join(LAYOUTS)}")
    if layout == "channels" and parameters.frames > 1:
        raise ValueError("layout 'channels' holds one frame: set columns and rows to 1")
    slide = SimulatedSlide(parameters)
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    if any(images.iterdir()):
        raise FileExistsError(f"{images} is not empty: remove it or simulate elsewhere")
    # First of all, so that a folder left half made says what it is as well.
    (folder / "README.md").write_text(
        f"# {SIMULATED}\n\nimages/ holds the frames (layout `{layout}`), truth.tsv every object "
        "on the slide,\nframes.tsv where each frame lies and how far it is out of focus.\n",
        encoding="utf-8",
    )
    image = str(images)
    if layout == "frames":
        _write_frames(slide, images, compression)
    elif layout == "blocks":
        default = "jpg" if parameters.bit_depth == 8 else "tif"
        _write_blocks(slide, images, image_format or default)
    elif layout == "stack":
        image = str(images / "slide.ome.tif")
        _write_stack(slide, Path(image), compression, tile)
    else:
        image = str(images / f"{{channel}}.{image_format or 'png'}")
        for channel, plane in zip(parameters.channels, next(slide.images()), strict=True):
            write_image(Path(image.format(channel=channel.name)), plane, parameters)
    truth, frames = slide.truth(), slide.frame_table()
    write_table(folder / "truth.tsv", truth)
    write_table(folder / "frames.tsv", frames)
    return WrittenSlide(folder, image, truth, frames, parameters)
