"""Image files: what is in them, and their planes, whole or by window.

Any trouble in reading becomes an `InputError` that names the file; what is read comes as it is
stored, a colour picture as the brightest of its colours.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
import tifffile

from liquidbiopsy.core.errors import InputError

Array = npt.NDArray[Any]
SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg")
MICROMETRES = {"nm": 1e-3, "µm": 1.0, "μm": 1.0, "um": 1.0, "micron": 1.0, "mm": 1e3}
LARGEST_PIXEL_UM = 5.0  # a coarser resolution tag is a printer's, not a microscope's


@dataclass(frozen=True)
class Plane:
    """One channel of one frame: where it is stored."""

    file: str
    page: int = 0
    """Index of the TIFF page; 0 elsewhere."""
    sample: int = -1
    """Index of the colour sample that is the channel; -1 where a page is one channel."""


@dataclass(frozen=True)
class Content:
    """What an image file holds."""

    planes: tuple[tuple[Plane, ...], ...]
    """Frames, each a tuple of channels where the file tells them apart, else of one plane."""
    channels: int
    """Channels a frame, where the file says so; 0 where it does not."""
    shape: tuple[int, int]
    pixel_size_um: float | None
    description: str


@contextmanager
def naming(file: str | Path, remedy: str = "copy it again from the scanner") -> Iterator[None]:
    """Turn whatever goes wrong in a decoder into an error that names the file."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:  # decoders raise whatever they like
        words = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(str(file), f"cannot be read as an image: {words}", remedy) from error


def inspect(file: str) -> Content:
    """What a TIFF, PNG or JPEG file holds, without decoding its pixels.

    Raises
    ------
    InputError
        The file is empty, truncated, or not an image that can be used.
    """
    path = Path(file)
    if not path.exists():
        raise InputError(file, "does not exist", "check the path in the sheet")
    with naming(file):
        if path.stat().st_size == 0:
            raise InputError(file, "is empty (0 bytes)", "copy it again from the scanner")
        if path.suffix.lower() in (".png", ".jpg", ".jpeg"):
            plane = Plane(file)
            return Content(((plane,),), 1, read_plane(plane).shape[:2], None, "")
        return _inspect_tiff(file)


def _inspect_tiff(file: str) -> Content:
    with tifffile.TiffFile(file) as tiff:
        series = [s for s in tiff.series if len(s.shape) >= 2]
        if not series:
            raise InputError(file, "has no image in it")
        largest = max(series, key=lambda s: _area(s))
        alike = [s for s in series if s.axes == largest.axes and s.shape == largest.shape]
        if not tiff.is_ome and len(alike) < len(series) and not tiff.is_svs:
            raise InputError(file, "has pages of different sizes", "export the channels alike")
        size = tiff.filehandle.size
        for s in alike:
            for page in s.pages:
                _check_complete(file, page, size)
        frames: list[tuple[Plane, ...]] = []
        channels = 0
        for s in alike:
            found, channels = _frames_of(file, s)
            frames += found
        page = largest.keyframe
        description = str(getattr(tiff.pages[0], "description", "") or "")
        return Content(
            planes=tuple(frames),
            channels=channels,
            shape=(page.imagelength, page.imagewidth),
            pixel_size_um=_pixel_size(tiff, page),
            description=description,
        )


def _area(series: tifffile.TiffPageSeries) -> int:
    return int(series.keyframe.imagelength * series.keyframe.imagewidth)


def _frames_of(file: str, series: tifffile.TiffPageSeries) -> tuple[list[tuple[Plane, ...]], int]:
    """Planes of one series by frame and channel, by its axes."""
    page = series.keyframe
    axes = "".join(a for a in series.axes if a not in "YXS")
    shape = [n for a, n in zip(series.axes, series.shape) if a not in "YXS"]
    if dict(zip(axes, shape)).get("Z", 1) > 1:
        problem = f"is a stack of {dict(zip(axes, shape))['Z']} focal planes"
        raise InputError(file, problem, "project it to one plane first")
    numbers = [p.index for p in series.pages]
    if page.samplesperpixel > 1:
        planes = [tuple(Plane(file, n, s) for s in range(page.samplesperpixel)) for n in numbers]
        return planes, 0 if len(numbers) == 1 else -1
    if "C" not in axes or len(numbers) != int(np.prod(shape)):
        return [(Plane(file, n),) for n in numbers], 0
    order = np.moveaxis(np.array(numbers).reshape(shape), axes.index("C"), -1)
    channels = order.shape[-1]
    return [
        tuple(Plane(file, int(n)) for n in row) for row in order.reshape(-1, channels)
    ], channels


def _check_complete(file: str, page: Any, size: int) -> None:
    """Raise where a page's data would lie beyond the end of the file."""
    if page is None:
        raise InputError(file, "a page is missing", "export it again")
    ends = [o + n for o, n in zip(page.dataoffsets, page.databytecounts)]
    if ends and max(ends) > size:
        problem = f"is truncated: {size} bytes where {max(ends)} are needed"
        raise InputError(file, problem, "copy it again from the scanner")


def _pixel_size(tiff: tifffile.TiffFile, page: Any) -> float | None:
    """Edge of a pixel in micrometres, as the file says; None where it does not."""
    if tiff.is_ome and tiff.ome_metadata:
        for element in ElementTree.fromstring(tiff.ome_metadata).iter():
            if element.tag.endswith("Pixels") and element.get("PhysicalSizeX"):
                unit = MICROMETRES.get(element.get("PhysicalSizeXUnit", "µm"))
                return float(element.get("PhysicalSizeX", 0)) * unit if unit else None
        return None
    tag = page.tags.get("XResolution")
    if tag is None or not tag.value[0]:
        return None
    length = tag.value[1] / tag.value[0]
    if tiff.is_imagej and tiff.imagej_metadata:
        unit = MICROMETRES.get(str(tiff.imagej_metadata.get("unit", "")).replace("\\u00B5", "µ"))
        return length * unit if unit else None
    unit_tag = page.tags.get("ResolutionUnit")
    per = {2: 25400.0, 3: 10000.0}.get(int(unit_tag.value) if unit_tag else 0)
    return length * per if per and length * per < LARGEST_PIXEL_UM else None


@lru_cache(maxsize=4)
def _open(file: str) -> tuple[tifffile.TiffFile, Lock]:
    return tifffile.TiffFile(file), Lock()


def read_plane(plane: Plane) -> Array:
    """A whole plane, shape (height, width).

    Raises
    ------
    InputError
        The file is truncated or cannot be decoded.
    """
    path = Path(plane.file)
    with naming(plane.file):
        if path.suffix.lower() in (".png", ".jpg", ".jpeg"):
            return _grey(_decode_picture(path), -1)
        tiff, lock = _open(plane.file)
        with lock:
            return _grey(_page(tiff, plane.page).asarray(maxworkers=1), plane.sample)


def read_window(plane: Plane, top: int, left: int, bottom: int, right: int) -> Array:
    """Part of a plane of a TIFF file, decoding no more of it than needed.

    A plane that is neither tiled nor stored plainly is decoded once into a temporary file.
    """
    with naming(plane.file):
        tiff, lock = _open(plane.file)
        with lock:
            page = _page(tiff, plane.page)
            if page.is_tiled:
                return _grey(_tiles(tiff, page, top, left, bottom, right), plane.sample)
        return _grey(_spooled(plane.file, plane.page)[..., top:bottom, left:right], plane.sample)


@lru_cache(maxsize=16)
def _spooled(file: str, number: int) -> Array:
    tiff, lock = _open(file)
    with lock:
        page = _page(tiff, number)
        if page.is_memmappable:
            return tifffile.memmap(file, page=number, mode="r")
        array = page.asarray(out="memmap", maxworkers=1)
        return array if array.ndim == 2 or page.planarconfig == 2 else np.moveaxis(array, -1, 0)


def _page(tiff: tifffile.TiffFile, number: int) -> Any:
    page = tiff.pages[number]
    return page.aspage() if hasattr(page, "aspage") else page


def _tiles(
    tiff: tifffile.TiffFile, page: Any, top: int, left: int, bottom: int, right: int
) -> Array:
    """The tiles that a window touches, put together and cut."""
    high, wide = page.tilelength, page.tilewidth
    across = -(-page.imagewidth // wide)
    down = -(-page.imagelength // high)
    planar = page.planarconfig == 2 and page.samplesperpixel > 1
    samples = page.samplesperpixel
    out = np.zeros((bottom - top, right - left, samples), page.dtype)
    for layer in range(samples if planar else 1):
        for i in range(top // high, -(-bottom // high)):
            for j in range(left // wide, -(-right // wide)):
                index = layer * across * down + i * across + j
                data = None
                if page.databytecounts[index]:
                    tiff.filehandle.seek(page.dataoffsets[index])
                    data = tiff.filehandle.read(page.databytecounts[index])
                tile, _, _ = page.decode(data, index, jpegtables=page.jpegtables)
                if tile is None:
                    continue
                tile = tile[0]
                y0, x0 = max(top, i * high), max(left, j * wide)
                y1 = min(bottom, i * high + tile.shape[0])
                x1 = min(right, j * wide + tile.shape[1])
                part = tile[y0 - i * high : y1 - i * high, x0 - j * wide : x1 - j * wide]
                channel = slice(layer, layer + 1) if planar else slice(None)
                out[y0 - top : y1 - top, x0 - left : x1 - left, channel] = part
    return out[..., 0] if samples == 1 else np.moveaxis(out, -1, 0)


def _decode_picture(path: Path) -> Array:
    """A PNG or JPEG file; one that ends too early is refused, which decoders let pass."""
    data = path.read_bytes()
    if path.suffix.lower() == ".png":
        complete, decode = b"IEND" in data[-32:], imagecodecs.png_decode
    else:
        complete, decode = b"\xff\xd9" in data[-4096:], imagecodecs.jpeg_decode
    if not data:
        raise InputError(str(path), "is empty (0 bytes)", "copy it again from the scanner")
    if not complete:
        raise InputError(str(path), "is truncated: its end is missing", "copy it again")
    array = decode(data)
    return array if array.ndim == 2 else np.moveaxis(array, -1, 0)


def _grey(array: Array, sample: int) -> Array:
    """One channel of an array of shape (height, width) or (samples, height, width)."""
    if array.ndim == 2:
        return array
    if array.ndim == 3 and array.shape[0] > 4 and array.shape[-1] <= 4:
        array = np.moveaxis(array, -1, 0)
    if sample >= 0:
        return array[sample]
    return array[:3].max(axis=0)


def natural_key(name: str) -> list[Any]:
    """Sort key that puts `Tile2` before `Tile10`."""
    return [(1, int(t), "") if t.isdigit() else (0, 0, t.lower()) for t in re.split(r"(\d+)", name)]
