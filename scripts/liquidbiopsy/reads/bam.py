"""BAM records as arrays, in chunks of bounded size: ISA-L inflates, numba finds the fields.

    with BamReader("reads.bam") as reader:
        for chunk in reader:
            use(chunk.pos, chunk.flag)
            reader.give_back(k)  # records from k on come again, at the head of the next chunk

A chunk holds the inflated bytes and where in them each record's name, CIGAR, bases, qualities and
tags begin; nothing is copied out of them. `data` is written over when the next chunk is asked for,
unless the reader is told to `keep` it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from types import TracebackType

import numpy as np

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads import bgzf
from liquidbiopsy.reads.chunks import LEAST, BamHeader, Chunk, DamagedRecord, borders, chunk_of

CHUNK = 8 << 20  # inflated bytes


class BamReader:
    """Chunks of a BAM file.

    Parameters
    ----------
    path : str
    chunk : int
        Inflated bytes of a chunk, about; more where a caller gives all of one back.
    name : str, optional
        The file as messages name it.
    keep : bool
        Whether chunks stay valid when the next one is asked for, as for work by several threads.

    Raises
    ------
    InputError
        The file cannot be read, is no BAM, is cut off or damaged: with the number of the record.
    """

    def __init__(
        self, path: str, chunk: int = CHUNK, name: str | None = None, keep: bool = False
    ) -> None:
        self.path, self.shown, self._keep = path, name or path, keep
        self._size, self._chunk = chunk, chunk
        self._blocks = bgzf.blocks(path)
        self._data = np.empty(chunk + (1 << 17), np.uint8)
        self._used = 0  # bytes in the buffer
        self._at = 0  # of them, those that are done with
        self._records = 0  # before the place `at`
        self._last: Chunk | None = None
        self.ended = False
        """Whether the chunk at hand reaches the end of the file."""
        self.header = self._header()

    def __enter__(self) -> BamReader:
        """Give the reader."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the file."""
        self.close()

    def close(self) -> None:
        """Let go of the file and of the buffer."""
        self._blocks.close()  # type: ignore[attr-defined]
        self._last, self._data = None, np.empty(0, np.uint8)

    def __iter__(self) -> Iterator[Chunk]:
        """Chunks until the end of the file."""
        while (chunk := self._next()) is not None:
            yield chunk

    def give_back(self, record: int) -> None:
        """Have the records of the last chunk come again from this one on.

        Where that is all of them the next chunk is twice as large.
        """
        last = self._last
        if last is None or record >= len(last):
            return
        self._at, self._records = int(last.start[record]), last.first + record
        self._size = 2 * max(self._used, self._size) if record == 0 else self._chunk

    def _next(self) -> Chunk | None:
        self._fill(self._size)
        used = self._used
        starts = np.empty(used // (LEAST + 4) + 1, np.int64)
        n, stop = borders(self._data, used, starts)
        if stop < 0:
            raise self._damaged(self._records + n)
        if n == 0:
            if used:
                self._cut(self._records)
            return None
        try:
            found = chunk_of(self._data, len(self.header.names), starts[:n].copy(), self._records)
        except DamagedRecord as error:
            raise self._damaged(self._records + error.record) from None
        if self.ended and stop < used:
            self._cut(self._records + n)
        self._last = found
        self._at, self._records = stop, self._records + n
        self._size = self._chunk
        return self._last

    def _fill(self, size: int) -> None:
        """Move what is left to the head of the buffer, and inflate up to so many bytes."""
        left = self._used - self._at
        data, room = self._data, max(size, left) + (1 << 17)  # one block more at the most
        if room > len(data) or (self._keep and self._last is not None):
            data = np.empty(room, np.uint8)
        data[:left] = self._data[self._at : self._used]
        self._last, self._data, self._used, self._at = None, data, left, 0
        while self._used < size and not self.ended:
            try:
                block = next(self._blocks, None)
            except InputError as error:
                near = f"{error.problem}; the last whole record is about number {self._near()}"
                raise InputError(self.shown, near, bgzf.REMEDY) from None
            if block is None:
                self.ended = True
                break
            self._data[self._used : self._used + len(block)] = np.frombuffer(block, np.uint8)
            self._used += len(block)

    def _near(self) -> int:
        if not hasattr(self, "header"):
            return 0
        starts = np.empty(self._used // (LEAST + 4) + 1, np.int64)
        return self._records + int(borders(self._data, self._used, starts)[0])

    def _header(self) -> BamHeader:
        self._fill(1)
        if self._used < 12 or bytes(self._data[:4]) != b"BAM\1":
            raise InputError(self.shown, "is not a BAM file", "give a BAM file")
        (length,) = struct.unpack("<i", self._take(4, 4))
        text = self._take(8, length).split(b"\0")[0].decode("utf-8", errors="replace")
        at = 8 + length
        (contigs,) = struct.unpack("<i", self._take(at, 4))
        at += 4
        names, lengths = [], []
        for _ in range(contigs):
            (size,) = struct.unpack("<i", self._take(at, 4))
            names.append(self._take(at + 4, size)[:-1].decode("ascii", errors="replace"))
            lengths.append(struct.unpack("<i", self._take(at + 4 + size, 4))[0])
            at += 8 + size
        self._at = at
        return BamHeader(text, tuple(names), tuple(lengths))

    def _take(self, at: int, size: int) -> bytes:
        """Bytes of the header, inflated as far as is needed."""
        if size < 0 or at + size > (1 << 30):
            raise InputError(self.shown, "its header is damaged", bgzf.REMEDY)
        if at + size > self._used:
            self._fill(at + size)
        if at + size > self._used:
            raise InputError(self.shown, "ends within its header", bgzf.REMEDY)
        return bytes(self._data[at : at + size])

    def _cut(self, record: int) -> None:
        raise InputError(self.shown, f"ends within record {record + 1}", bgzf.REMEDY)

    def _damaged(self, record: int) -> InputError:
        return InputError(self.shown, f"record {record + 1} is damaged", bgzf.REMEDY)
