"""The reads over a stretch of the reference as arrays, those of one molecule together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt
import pysam

from liquidbiopsy.ctdna.consensus_reads import LEFT_OUT, class_of
from liquidbiopsy.ctdna.contexts import CODE_OF

FORWARD, REVERSE = 0, 1
INSERTION, DELETION, SKIP, CLIP = 1, 2, 3, 4
MOST_SURE = 93  # quality of bases that have none
ALIGNED = (0, 7, 8)  # M = X
FAR = 5_000  # bases between two stretches over which reads are passed by, and not read

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


class Gap(NamedTuple):
    """An insertion or deletion that a read shows."""

    read: int
    anchor: int
    """Base of the reference before it, from 0."""
    deleted: int
    inserted: str
    quality: int
    """Lowest quality of the bases inserted and of the two beside it."""


@dataclass(frozen=True)
class Reads:
    """Reads over a stretch, sorted by molecule; arrays of one value a read where not said."""

    molecule: Ints
    """From 0; reads of one name are one molecule."""
    start: Ints
    """First aligned base of the reference, from 0."""
    end: Ints
    """One past the last."""
    span_start: Ints
    """First aligned base of the molecule, its mate joined where the two overlap or touch."""
    span_end: Ints
    group: Ints
    """Class of the molecule."""
    strand: Ints
    """Strand of the fragment: that of read 1."""
    mapq: Ints
    cigar_from: Ints
    """Shape (reads + 1,): where each read's operations begin in `cigar`."""
    cigar: Ints
    """Shape (operations, 2): operation and length."""
    bases_from: Ints
    """Shape (reads + 1,)."""
    bases: Bytes
    """Codes of all bases of all reads."""
    quals: Bytes
    gaps: tuple[Gap, ...]
    """Sorted by read."""

    @property
    def n(self) -> int:
        """Number of reads."""
        return int(self.start.size)


def strand_of(flag: int) -> int:
    """Strand of the fragment that a read is of."""
    reverse = bool(flag & 0x10)
    return int(reverse != bool(flag & 0x1 and flag & 0x80))


def counted(read: pysam.AlignedSegment, min_mapq: int) -> bool:
    """Whether a read counts: one of its kind, mapped well, not spliced."""
    if read.flag & LEFT_OUT or read.mapping_quality < min_mapq or not read.query_length:
        return False
    return read.cigartuples is not None


class Stream:
    """Reads that count, over one stretch after another, each decoded but once.

    Parameters
    ----------
    handle : AlignmentFile
        Sorted by coordinate and indexed; nothing else may read it meanwhile.
    min_mapq : int
    """

    def __init__(self, handle: pysam.AlignmentFile, min_mapq: int) -> None:
        self._handle, self._min_mapq = handle, min_mapq
        self._coming: Iterator[pysam.AlignedSegment] = iter(())
        self._next: pysam.AlignedSegment | None = None
        self._held: list[pysam.AlignedSegment] = []
        self._chrom, self._reached = "", 0

    def over(self, chrom: str, low: int, high: int) -> list[pysam.AlignedSegment]:
        """Reads over the stretch from `low` to before `high`, in the order of the file.

        Stretches of a contig must come in ascending order of both ends.
        """
        if low >= high:
            return []
        if chrom != self._chrom or low > self._reached + FAR:
            self._coming, self._held = iter(self._handle.fetch(chrom, low)), []
            self._next, self._chrom = next(self._coming, None), chrom
        self._held = [r for r in self._held if (r.reference_end or 0) > low]
        while self._next is not None and self._next.reference_start < high:
            read, self._next = self._next, next(self._coming, None)
            if counted(read, self._min_mapq) and (read.reference_end or 0) > low:
                self._held.append(read)
        self._reached = high
        return self._held


def gather(segments: Iterable[pysam.AlignedSegment]) -> Reads:
    """Reads as arrays, sorted by molecule.

    Parameters
    ----------
    segments : iterable of AlignedSegment
        Reads that count, in the order of the file.
    """
    number: dict[str, int] = {}
    fields, cigars, texts, quals, gaps = [], [], [], [], []
    for read in segments:
        cigar, text, quality = read.cigartuples or [], read.query_sequence, read.query_qualities
        if not text or len(cigar) > 2 and any(op == SKIP for op, _ in cigar):
            continue
        name, flag, start = read.query_name or "", read.flag, read.reference_start
        end = read.reference_end or start
        molecule = number.setdefault(name, len(number))
        fields.append((molecule, start, end, class_of(read), strand_of(flag), read.mapping_quality))
        cigars.append(cigar)
        texts.append(text)
        quals.append(bytes([MOST_SURE]) * len(text) if quality is None else quality.tobytes())
        gaps.append(_gaps(start, cigar, text, quals[-1]) if len(cigar) > 1 else ())
    table = np.array(fields, np.int64).reshape(-1, 6)
    order = np.argsort(table[:, 0], kind="stable").tolist()
    molecule, start, end, group, strand, mapq = np.ascontiguousarray(table[order].T)
    cigars, texts = [cigars[k] for k in order], [texts[k] for k in order]
    quals = [quals[k] for k in order]
    span_start, span_end = _spans(molecule, start, end)
    return Reads(
        molecule=molecule,
        start=start,
        end=end,
        span_start=span_start,
        span_end=span_end,
        group=group,
        strand=strand,
        mapq=mapq,
        cigar_from=_offsets([len(c) for c in cigars]),
        cigar=np.array([step for c in cigars for step in c], np.int64).reshape(-1, 2),
        bases_from=_offsets([len(t) for t in texts]),
        bases=CODE_OF[np.frombuffer("".join(texts).encode("ascii"), np.uint8)],
        quals=np.frombuffer(b"".join(quals), np.uint8),
        gaps=tuple(Gap(n, *gap) for n, k in enumerate(order) for gap in gaps[k]),
    )


def _offsets(lengths: list[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(np.array(lengths, np.int64))]).astype(np.int64)


@nb.njit(cache=True, nogil=True)
def _spans(molecule, start, end):  # type: ignore[no-untyped-def]
    """Ends of what each read's molecule covers without a break; the reads sorted by molecule."""
    low, high = start.copy(), end.copy()
    for k in range(1, start.size):  # reads of a molecule are in the order of their starts
        if molecule[k] == molecule[k - 1] and start[k] <= high[k - 1]:
            low[k], high[k] = low[k - 1], max(high[k], high[k - 1])
    for k in range(start.size - 2, -1, -1):
        if molecule[k] == molecule[k + 1] and low[k] == low[k + 1]:
            high[k] = high[k + 1]
    return low, high


def _gaps(start: int, cigar: Sequence[tuple[int, int]], text: str, quals: bytes) -> list[Any]:
    """Insertions and deletions within a read, as `Gap` but the read; none at its very ends."""
    found, at, here = [], 0, start
    for k, (op, length) in enumerate(cigar):
        inner = 0 < k < len(cigar) - 1 and at > 0
        if op in (INSERTION, DELETION) and inner and cigar[k - 1][0] in ALIGNED:
            more = length if op == INSERTION else 0
            near = quals[at - 1 : at + more + 1]
            inserted, gone = text[at : at + more].upper(), length - more
            found.append((here - 1, gone, inserted, min(near, default=0)))
        if op in ALIGNED or op == DELETION:
            here += length
        if op in ALIGNED or op in (INSERTION, CLIP):
            at += length
    return found
