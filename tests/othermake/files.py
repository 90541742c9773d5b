"""Slides on disk, in the layouts that scanners leave behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from .slides import Slide


def write_stack(slide: Slide, path: Path, compression: str | None = None, ome: bool = True) -> Path:
    """One file, pages frame by frame with the channels in order; `ome` adds its description."""
    um = slide.settings.pixel_size_um
    metadata: dict[str, Any] = {
        "axes": "TCYX",
        "PhysicalSizeX": um,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": um,
        "PhysicalSizeYUnit": "µm",
        "Channel": {"Name": list(slide.channels)},
    }
    first = slide.frame(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    if ome:
        tifffile.imwrite(
            path,
            (plane for frame in slide.frames() for plane in frame),
            shape=(slide.n_frames, *first.shape),
            dtype=first.dtype,
            ome=True,
            photometric="minisblack",
            compression=compression,
            metadata=metadata,
        )
    else:
        _write_pages(path, [p for f in slide.frames() for p in f], compression)
    return path


def write_mosaic(
    slide: Slide, path: Path, tile: int = 256, compression: str | None = "zlib"
) -> Path:
    """The whole slide as one big tiled OME-TIFF, a page a channel."""
    um = slide.settings.pixel_size_um
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(
        path,
        slide.mosaic(),
        ome=True,
        photometric="minisblack",
        tile=(tile, tile),
        compression=compression,
        metadata={"axes": "CYX", "PhysicalSizeX": um, "PhysicalSizeY": um},
    )
    return path


def write_frames(
    slide: Slide, folder: Path, compression: str | None = None, name: str = "frame_{frame:04d}.tif"
) -> Path:
    """A folder with one multi-page TIFF a frame, its pages are the channels."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, frame in enumerate(slide.frames()):
        _write_pages(folder / name.format(frame=k), list(frame), compression)
    return folder


def write_blocks(slide: Slide, folder: Path, compression: str | None = None) -> Path:
    """A folder of Tile%06d.tif from 1: all frames of the first channel, then of the second …"""
    folder.mkdir(parents=True, exist_ok=True)
    for k, frame in enumerate(slide.frames()):
        for c, plane in enumerate(frame):
            number = c * slide.n_frames + k + 1
            _write_pages(folder / f"Tile{number:06d}.tif", [plane], compression)
    return folder


def write_channels(
    slide: Slide, folder: Path, name: str = "{channel}_{frame:03d}.tif", mosaic: bool = False
) -> Path:
    """One file a channel and frame; with `mosaic` one a channel, then `name` needs no frame."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = [slide.mosaic()] if mosaic else slide.frames()
    for k, frame in enumerate(frames):
        for channel, plane in zip(slide.channels, frame, strict=True):
            _write_pages(folder / name.format(channel=channel, frame=k), [plane], None)
    return folder


def _write_pages(
    path: Path, planes: list[NDArray[np.unsignedinteger]], compression: str | None
) -> None:
    """Plain pages without any description, as an instrument's own software writes them."""
    with tifffile.TiffWriter(path) as tif:
        for plane in planes:
            tif.write(
                plane,
                photometric="minisblack",
                compression=compression,
                metadata=None,
                contiguous=False,
            )
