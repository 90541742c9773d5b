"""Planes of image files, whole or by window: one channel of one frame, as numbers.

Any trouble in reading becomes an `InputError` that names the file and no other path; what is read
comes as it is stored, a colour picture as the brightest of its colours.
"""

from __future__ import annotations

import tempfile
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
PICTURES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class Plane:
    """One channel of one frame: where it is stored."""

    file: str
    page: int = 0
    """Index of the TIFF page; 0 elsewhere."""
    sample: int = -1
    """Index of the colour sample that is the channel; -1 where a page is one channel."""


@contextmanager
def naming(file: str | Path, remedy: str = "copy it again from the scanner") -> Iterator[None]:
    """Turn whatever goes wrong in a decoder into an error that names the file."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:  # decoders raise whatever they like
        said = getattr(error, "strerror", None) or str(error)  # that of the system names a path
        words = " ".join(said.split())[:200] or type(error).__name__
        raise InputError(str(file), f"cannot be read as an image: {words}", remedy) from error


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
        if path.suffix.lower() in PICTURES:
            return _grey(plane, decode_picture(path))
        tiff, lock = _open(plane.file)
        with lock:
            page = _page(tiff, plane.page)
            return _grey(plane, _samples_first(page.asarray(maxworkers=1), page))


def read_window(plane: Plane, top: int, left: int, bottom: int, right: int) -> Array:
    """Part of a plane, decoding no more of it than needed.

    A TIFF plane that is neither tiled nor stored plainly is decoded once into a temporary file; a
    PNG or JPEG is decoded once and kept.
    """
    with naming(plane.file):
        if Path(plane.file).suffix.lower() in PICTURES:
            return _picture(plane)[top:bottom, left:right]
        tiff, lock = _open(plane.file)
        with lock:
            page = _page(tiff, plane.page)
            if page.is_tiled:
                return _grey(plane, _tiles(tiff, page, top, left, bottom, right))
        stored = _stored_plainly(plane.file, plane.page)
        return _grey(plane, np.array(stored.open()[..., top:bottom, left:right]))


@lru_cache(maxsize=16)
def _picture(plane: Plane) -> Array:
    return read_plane(plane)


@dataclass(frozen=True)
class _Plain:
    """A plane as plain numbers in a file; mapped anew for each window, so that memory is freed."""

    file: Any
    """Path, or an open temporary file that goes when it is forgotten."""
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int
    page: Any

    def open(self) -> Array:
        """The plane, not yet read, of shape (height, width) or (samples, height, width)."""
        array = np.memmap(self.file, self.dtype, "r", self.offset, self.shape)
        return _samples_first(array, self.page)


@lru_cache(maxsize=16)
def _stored_plainly(file: str, number: int) -> _Plain:
    """A TIFF plane as plain numbers: where it stands, or strip by strip in a temporary file."""
    tiff, lock = _open(file)
    with lock:
        page = _page(tiff, number)
        dtype = np.dtype(page.dtype).newbyteorder(tiff.byteorder)
        if page.is_memmappable:
            return _Plain(file, dtype, page.shape, page.dataoffsets[0], page)
        spool = tempfile.NamedTemporaryFile(prefix="liquidbiopsy-", suffix=".raw")  # noqa: SIM115
        for index, (offset, size) in enumerate(
            zip(page.dataoffsets, page.databytecounts, strict=True)
        ):
            tiff.filehandle.seek(offset)
            strip, _, _ = page.decode(tiff.filehandle.read(size), index, jpegtables=page.jpegtables)
            spool.write(np.ascontiguousarray(strip).tobytes())
        spool.flush()
        return _Plain(spool, np.dtype(page.dtype), page.shape, 0, page)


def _samples_first(array: Array, page: Any) -> Array:
    """An array of shape (height, width) or (samples, height, width)."""
    return np.moveaxis(array, -1, 0) if array.ndim == 3 and page.planarconfig == 1 else array


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


def decode_picture(path: Path) -> Array:
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


def _grey(plane: Plane, array: Array) -> Array:
    """The plane's channel in an array of shape (height, width) or (samples, height, width)."""
    if array.dtype.kind not in "uif":
        raise InputError(plane.file, f"holds values of type {array.dtype}", "export it in grey")
    if array.ndim == 3:
        if plane.sample < 0 and len(array) > 2:
            array = array[:3].max(axis=0)
        else:  # the second of two is transparency
            array = array[max(plane.sample, 0)]
    kind = np.dtype(np.float32) if array.dtype == np.float16 else array.dtype.newbyteorder("=")
    return array.astype(kind, copy=False)
