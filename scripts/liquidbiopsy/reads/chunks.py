"""Records of a BAM file in memory, as arrays: what a chunk is, and how its fields are found.

References
----------
.. [1] The SAM/BAM Format Specification Working Group. Sequence Alignment/Map Format Specification,
       section 4.2. https://samtools.github.io/hts-specs/SAMv1.pdf
"""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

PAIRED, PROPER, UNMAPPED, MATE_UNMAPPED = 0x1, 0x2, 0x4, 0x8
REVERSE, MATE_REVERSE, FIRST, SECOND = 0x10, 0x20, 0x40, 0x80
SECONDARY, FAILED_QC, DUPLICATE, SUPPLEMENTARY = 0x100, 0x200, 0x400, 0x800
LEAST = 33  # bytes of a record after its size: fixed fields and an empty name

Whole = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BamHeader:
    """Text and contigs of a BAM file."""

    text: str
    names: tuple[str, ...]
    lengths: tuple[int, ...]

    @property
    def contigs(self) -> dict[str, int]:
        """Name of each contig -> its length, in their order."""
        return dict(zip(self.names, self.lengths, strict=True))

    def lines(self, kind: str) -> list[dict[str, str]]:
        """Header lines of a kind (`HD`, `RG`) as key -> value."""
        found = [line for line in self.text.split("\n") if line.startswith(f"@{kind}\t")]
        return [dict(part.split(":", 1) for part in line.split("\t")[1:]) for line in found]


@dataclass(frozen=True)
class Chunk:
    """Consecutive records of a BAM file; all arrays are of shape (records,) but `data`."""

    first: int
    """Number of its first record in the file, from 0."""
    data: npt.NDArray[np.uint8]
    """The inflated bytes that the places point into."""
    start: Places
    """Place of a record's size field."""
    end: Places
    """One past its last byte."""
    tid: Whole
    pos: Whole
    """Leftmost aligned base, from 0; -1 unplaced."""
    mapq: Whole
    flag: Whole
    mate_tid: Whole
    mate_pos: Whole
    tlen: Whole
    n_cigar: Whole
    length: Whole
    """Bases of its sequence."""
    name: Places
    cigar: Places
    seq: Places
    """Two bases a byte, the first in the high half: 1 A, 2 C, 4 G, 8 T, 15 N."""
    qual: Places
    tags: Places

    def __len__(self) -> int:
        """Records."""
        return len(self.start)

    def name_of(self, record: int) -> str:
        """Name of a record."""
        return bytes(self.data[self.name[record] : self.cigar[record] - 1]).decode("ascii")


class DamagedRecord(ValueError):
    """A record that is not whole, or contradicts itself; `record` counts from 0 in the chunk."""

    def __init__(self, record: int) -> None:
        self.record = record
        super().__init__(f"record {record + 1} is damaged")


@nb.njit(cache=True, nogil=True, inline="always")
def int32_at(data, at):  # type: ignore[no-untyped-def]
    """Little-endian int32 at a place, which need not be aligned."""
    i = np.uint64(at)
    return np.int32(
        np.uint32(data[i])
        | (np.uint32(data[i + np.uint64(1)]) << np.uint32(8))
        | (np.uint32(data[i + np.uint64(2)]) << np.uint32(16))
        | (np.uint32(data[i + np.uint64(3)]) << np.uint32(24))
    )


@nb.njit(cache=True, nogil=True)
def borders(data, used, starts):  # type: ignore[no-untyped-def]
    """Places of the records that are all there, and one past the last; -place of a bad one."""
    n, at = 0, 0
    while at + 4 <= used:
        size = int32_at(data, at)
        if size < LEAST:
            return n, -1 - at
        if at + 4 + size > used:
            break
        starts[n] = at
        n += 1
        at += 4 + size
    return n, at


@nb.njit(cache=True, nogil=True)
def fields_of(data, starts, contigs, whole, places):  # type: ignore[no-untyped-def]
    """Fields of each record; the index of the first that contradicts itself, or -1."""
    for i in range(starts.size):
        at = starts[i]
        end = at + 4 + int32_at(data, at)
        tid, pos = int32_at(data, at + 4), int32_at(data, at + 8)
        name = at + 36
        packed, more = int32_at(data, at + 12), int32_at(data, at + 16)
        n_cigar, length = more & 0xFFFF, int32_at(data, at + 20)
        cigar = name + (packed & 0xFF)
        seq = cigar + 4 * n_cigar
        qual = seq + (np.int64(length) + 1) // 2
        tags = qual + length
        mate_tid = int32_at(data, at + 24)
        bad = length < 0 or tags > end or tid < -1 or tid >= contigs
        if bad or mate_tid < -1 or mate_tid >= contigs or pos < -1 or data[cigar - 1] != 0:
            return i
        whole[0, i], whole[1, i], whole[2, i] = tid, pos, (packed >> 8) & 0xFF
        whole[3, i] = (more >> 16) & 0xFFFF
        whole[4, i], whole[5, i] = mate_tid, int32_at(data, at + 28)
        whole[6, i], whole[7, i], whole[8, i] = int32_at(data, at + 32), n_cigar, length
        places[0, i], places[1, i], places[2, i] = name, cigar, seq
        places[3, i], places[4, i], places[5, i] = qual, tags, end
    return -1


def chunk_of(
    data: npt.NDArray[np.uint8],
    contigs: int,
    starts: Places | None = None,
    first: int = 0,
) -> Chunk:
    """Whole records in memory, as a BAM file holds them, as a chunk.

    Parameters
    ----------
    data : array of uint8
    contigs : int
        Of the header that they belong to.
    starts : array of int64, optional
        Places of the records; found where it is not given, and the records then fill `data`.
    first : int
        Number of the first record in its file.

    Raises
    ------
    DamagedRecord
        A record is not whole, or contradicts itself.
    """
    if starts is None:
        found = np.empty(len(data) // (LEAST + 4) + 1, np.int64)
        n, stop = borders(data, len(data), found)
        if stop != len(data):
            raise DamagedRecord(n)
        starts = found[:n]
    n = len(starts)
    whole, places = np.empty((9, n), np.int32), np.empty((6, n), np.int64)
    bad = fields_of(data, starts, contigs, whole, places)
    if bad >= 0:
        raise DamagedRecord(int(bad))
    name, cigar, seq, qual, tags, end = places
    return Chunk(
        first=first, data=data, start=starts, end=end, tid=whole[0], pos=whole[1], mapq=whole[2],
        flag=whole[3], mate_tid=whole[4], mate_pos=whole[5], tlen=whole[6], n_cigar=whole[7],
        length=whole[8], name=name, cigar=cigar, seq=seq, qual=qual, tags=tags,
    )  # fmt: skip
