"""Platforms: how an image in the sheet becomes frames on a stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctc import layouts
from liquidbiopsy.imaging.files import Content
from liquidbiopsy.imaging.planes import Plane, naming, read_plane, read_window
from liquidbiopsy.imaging.stage import Stage

LARGEST_FRAME_PX = 6_000_000  # a larger plane is read as tiles
TILE_PX = 2048
TILE_OVERLAP_PX = 192


@dataclass(frozen=True)
class Frame:
    """One frame: its place on the stage, and where each channel is stored."""

    number: int
    planes: tuple[Plane, ...]
    window: tuple[int, int, int, int] | None = None
    """Top, left, bottom, right of a tile of a large plane."""


@dataclass(frozen=True)
class Slide:
    """An image as frames of equal size."""

    channels: tuple[str, ...]
    frames: tuple[Frame, ...]
    stage: Stage
    shape: tuple[int, int]
    missing: dict[int, str] = field(default_factory=dict)
    """Frames that should be there and are not usable, with the reason."""
    pixel_sizes_um: tuple[float | None, float | None] = (None, None)
    """What the file and what the settings say."""
    simulated: bool = False

    @property
    def tiled(self) -> bool:
        """Whether the frames are tiles of one large plane."""
        return any(f.window for f in self.frames)

    def read(self, frame: Frame) -> list[npt.NDArray[Any]]:
        """The channels of a frame, each of shape (height, width), in the order of `channels`.

        Raises
        ------
        InputError
            A file of the frame cannot be decoded, or has another size.
        """
        if frame.window:
            return [read_window(p, *frame.window) for p in frame.planes]
        arrays = [read_plane(p) for p in frame.planes]
        for plane, array in zip(frame.planes, arrays, strict=True):
            if array.shape != self.shape:
                size = f"{array.shape[1]} x {array.shape[0]}"
                expected = f"{self.shape[1]} x {self.shape[0]}"
                raise InputError(plane.file, f"is {size} pixels where others are {expected}")
        return arrays


def open_slide(image: str, platform: Mapping[str, Any], name: str) -> Slide:
    """Find the frames of an image.

    Parameters
    ----------
    image : str
        A file, a folder, or a path with `{channel}` in it, as ctc.tsv gives it.
    platform : dict
        Settings of the platform, defaults filled in.
    name : str
        The platform's name, for messages.

    Raises
    ------
    InputError
        The image is not what the platform describes, or cannot be read.
    """
    wanted = list(platform["channels"])
    layout = platform["layout"]
    with naming(image, "check the path in the sheet and who may read it"):
        if layout == "stack":
            found, first = layouts.stack(image, wanted, name)
        elif layout == "channels":
            found, first = layouts.channel_files(image, platform)
        else:
            files = layouts.numbered_files(image, platform.get("pattern"))
            unpack = layouts.blocks if layout == "blocks" else layouts.frame_files
            found, first = unpack(files, platform, name)
    kept = [i for i, c in enumerate(wanted) if c != layouts.SKIP]
    frames = {n: tuple(p[i] for i in kept) for n, p in found.items() if not isinstance(p, str)}
    missing = {n: p for n, p in found.items() if isinstance(p, str)}
    if not frames:
        reason = next(iter(missing.values()), "no frame was found")
        raise InputError(image, reason, "check the platform's layout and pattern")
    expected = max(platform.get("frames", 0), max(found) + 1)
    missing |= {n: "is missing" for n in range(expected) if n not in frames and n not in missing}
    return _on_stage(image, frames, missing, first, platform, [wanted[i] for i in kept])


def _on_stage(
    image: str,
    frames: dict[int, tuple[Plane, ...]],
    missing: dict[int, str],
    first: Content,
    platform: Mapping[str, Any],
    channels: list[str],
) -> Slide:
    """Lay the frames on the stage; a plane too large to be one frame becomes tiles."""
    given = platform.get("pixel_size_um")
    size = first.pixel_size_um or given
    if not size:
        remedy = "set pixel_size_um of the platform"
        raise InputError(image, "does not say its pixel size", remedy)
    height, width = first.shape
    simulated = "simulated" in first.description.lower()
    if height * width > LARGEST_FRAME_PX and len(frames) == 1:
        stage, tiles, shape = _tiles(next(iter(frames.values())), height, width, size)
        return Slide(
            tuple(channels), tiles, stage, shape, {}, (first.pixel_size_um, given), simulated
        )
    stage = Stage(
        width_px=width,
        height_px=height,
        pixel_size_um=size,
        overlap_px=platform["overlap_px"],
        columns=platform.get("columns", 0),
        serpentine=platform["order"] == "serpentine",
    )
    listed = tuple(Frame(n, frames[n]) for n in sorted(frames))
    return Slide(
        tuple(channels),
        listed,
        stage,
        (height, width),
        missing,
        (first.pixel_size_um, given),
        simulated,
    )


def _tiles(
    planes: tuple[Plane, ...], height: int, width: int, size: float
) -> tuple[Stage, tuple[Frame, ...], tuple[int, int]]:
    """A large plane as tiles of one size that overlap; the last of a row may overlap more."""
    high, wide = min(TILE_PX, height), min(TILE_PX, width)
    columns = max(1, -(-(width - TILE_OVERLAP_PX) // (wide - TILE_OVERLAP_PX)))
    rows = max(1, -(-(height - TILE_OVERLAP_PX) // (high - TILE_OVERLAP_PX)))
    frames = []
    for row in range(rows):
        for column in range(columns):
            top = row * (high - TILE_OVERLAP_PX)
            left = column * (wide - TILE_OVERLAP_PX)
            window = (top, left, min(top + high, height), min(left + wide, width))
            frames.append(Frame(row * columns + column, planes, window))
    stage = Stage(wide, high, size, TILE_OVERLAP_PX, columns)
    return stage, tuple(frames), (height, width)


def full_scale(dtype: np.dtype[Any], highest: float) -> float:
    """Count at which a camera of unknown depth is full, from the highest count of a slide.

    A 12-bit camera's files are 16 bits wide: where the highest count is just the largest that 10,
    12 or 14 bits hold, that is the limit.
    """
    if dtype.kind == "f":
        return float("inf")
    for bits in (10, 12, 14):
        if highest == 2**bits - 1 and dtype.itemsize > 1:
            return highest
    return float(np.iinfo(dtype).max)
