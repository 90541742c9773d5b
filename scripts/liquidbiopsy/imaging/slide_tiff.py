"""Slides in TIFF files: SVS, OME-TIFF, and plain ones, tiled or not."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any

import numpy as np
import tifffile

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.imaging.brightfield import Picture
from liquidbiopsy.imaging.colour import in_colour
from liquidbiopsy.imaging.files import Content, check_complete, inspect
from liquidbiopsy.imaging.planes import naming, read_window

CACHE_BYTES = 256_000_000  # of decoded tiles: a row of them across a large slide
GREY, PALETTE, SEPARATED = (0, 1), 3, 5  # what TIFF calls grey, a colour table, and inks
LEAST_TILE_PX = 16


class TiffSlide:
    """A slide in a TIFF file; of what is tiled, each tile is decoded about once.

    Raises
    ------
    InputError
        The file is truncated, has no colour, or is no TIFF.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        content = inspect(file, slide=True)
        self.height, self.width = content.shape
        self.pixel_size_um = content.pixel_size_um
        self.simulated = "simulated" in content.description.lower()
        self._planes = _colours(file, content)
        self._tiff = tifffile.TiffFile(file)
        page: Any = self._tiff.pages[self._planes[0].page]
        self._page = page.aspage() if hasattr(page, "aspage") else page
        if self._page.photometric in (PALETTE, SEPARATED):
            kind = "a table of colours" if self._page.photometric == PALETTE else "inks"
            raise InputError(file, f"stores {kind}", "export it in RGB")
        one_page = len({plane.page for plane in self._planes}) == 1
        self._tiled = one_page and self._page.is_tiled and self._page.planarconfig == 1
        check_complete(file, self._page)
        self._lock = Lock()
        self._cache: OrderedDict[int, Picture] = OrderedDict()
        self._cached = 0

    def read(self, top: int, left: int, bottom: int, right: int) -> Picture:
        """A window; see `WholeSlide`."""
        with naming(self.file):
            if not self._tiled:
                window = (top, left, bottom, right)
                planes = [read_window(plane, *window) for plane in self._planes]
                return in_colour(np.stack(planes, axis=-1), self.file)
            return self._read_tiles(top, left, bottom, right)

    def _read_tiles(self, top: int, left: int, bottom: int, right: int) -> Picture:
        high, wide = self._page.tilelength, self._page.tilewidth
        across = -(-self.width // wide)
        out = np.empty((bottom - top, right - left, 3), np.uint8)
        for i in range(top // high, -(-bottom // high)):
            for j in range(left // wide, -(-right // wide)):
                y0, x0 = max(top, i * high), max(left, j * wide)
                y1, x1 = min(bottom, (i + 1) * high), min(right, (j + 1) * wide)
                tile = self._tile(i * across + j, i, j)
                part = tile[y0 - i * high : y1 - i * high, x0 - j * wide : x1 - j * wide]
                out[y0 - top : y1 - top, x0 - left : x1 - left] = part
        return out

    def _tile(self, index: int, row: int, column: int) -> Picture:
        """One tile, from the cache or decoded, which is done outside the lock."""
        with self._lock:
            if index in self._cache:
                self._cache.move_to_end(index)
                return self._cache[index]
            size = self._page.databytecounts[index]
            if size:
                self._tiff.filehandle.seek(self._page.dataoffsets[index])
                data = self._tiff.filehandle.read(size)
        tile = self._decoded(data, index, row, column) if size else self._white()
        with self._lock:
            if index not in self._cache:
                self._cache[index] = tile
                self._cached += tile.nbytes
                while self._cached > CACHE_BYTES and len(self._cache) > 1:
                    self._cached -= self._cache.popitem(last=False)[1].nbytes
        return tile

    def _decoded(self, data: bytes, index: int, row: int, column: int) -> Picture:
        try:
            tile, _, _ = self._page.decode(data, index, jpegtables=self._page.jpegtables)
        except Exception as error:  # decoders raise whatever they like
            problem = f"its tile in row {row}, column {column} cannot be decoded"
            raise InputError(self.file, problem, "copy it again from the scanner") from error
        return in_colour(tile[0], self.file) if tile is not None else self._white()

    def _white(self) -> Picture:
        """A tile that the scanner has left out: nothing was there."""
        return np.full((self._page.tilelength, self._page.tilewidth, 3), 255, np.uint8)

    def close(self) -> None:
        """Close the file and forget its tiles."""
        self._tiff.close()
        self._cache.clear()


def _colours(file: str, content: Content) -> tuple[Any, ...]:
    """Where red, green and blue of the first frame are stored."""
    first = content.planes[0]
    if len(first) < 3 and len(content.planes) == 3 and content.channels <= 0:
        first = tuple(frame[0] for frame in content.planes)  # three pages: a colour each
    if len(first) < 3:
        raise InputError(file, "is greyscale: a stained slide needs colour", "export it in RGB")
    return first[:3]
