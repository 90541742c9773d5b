"""Records of a BAM file as they lie in memory, for work that reads few of their fields."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads.bam import BamReader
from liquidbiopsy.reads.chunks import LEAST, borders

CHUNK = 1 << 19
"""Inflated bytes at a time: what a core's cache holds."""

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


class RecordStream(BamReader):
    """A BAM file in pieces of whole records, whose fields are not looked at.

    Parameters
    ----------
    path : str
    name : str, optional
        The file as messages name it.
    chunk : int
        Inflated bytes of a piece, about.

    Raises
    ------
    InputError
        As `BamReader`.
    """

    def __init__(self, path: str, name: str | None = None, chunk: int = CHUNK) -> None:
        super().__init__(path, chunk, name)

    def __enter__(self) -> RecordStream:
        """Give the stream."""
        return self

    def pieces(self) -> Iterator[tuple[Bytes, Places]]:
        """Inflated bytes, and places in them of the size fields of the records that are whole.

        Both are written over when the next piece is asked for.
        """
        starts = np.empty(0, np.int64)
        while True:
            self._fill(self._size)
            most = self._used // (LEAST + 4) + 1
            if len(starts) < most:
                starts = np.empty(most, np.int64)
            n, stop = borders(self._data, self._used, starts)
            if stop < 0:
                raise self._damaged(self._records + n)
            if self.ended and stop < self._used:
                self._cut(self._records + n)
            if not n and not self._used:
                return
            self._size = self._chunk if n else 2 * self._size  # one record alone is larger
            if n:
                yield self._data, starts[:n]
            self._at, self._records = stop, self._records + n

    def damaged(self, record: int) -> InputError:
        """The error of a record of the last piece that contradicts itself."""
        return self._damaged(self._records + record)
