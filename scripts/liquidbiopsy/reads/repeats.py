"""Whether the copies of molecules are among the pairs of a file, by the ends that pairs share.

Two fragments may begin and end at the same places by chance, and the deeper a file the more do.
From the lengths of all fragments and from how many begin at each place it follows how many
distinct pairs of ends there should be; copies add pairs, but no ends.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liquidbiopsy.reads.bam import CHUNK, BamReader
from liquidbiopsy.reads.chunks import (
    DUPLICATE,
    FAILED_QC,
    FIRST,
    MATE_UNMAPPED,
    PAIRED,
    SECONDARY,
    SUPPLEMENTARY,
    UNMAPPED,
    Chunk,
)
from liquidbiopsy.reads.fields import tag_at

NOT_COUNTED = UNMAPPED | MATE_UNMAPPED | SECONDARY | FAILED_QC | SUPPLEMENTARY
LONGEST = 2000  # bases of a fragment; pairs further apart are not looked at


@dataclass(frozen=True)
class Repeats:
    """What the ends of a file's pairs say."""

    pairs: int
    """Pairs that were looked at: mapped on one contig, no more than 2,000 bases apart."""
    distinct: int
    """Distinct pairs of ends among them."""
    expected: float
    """As many as there would be if no two pairs came of one molecule."""
    flagged: int
    """Reads flagged as duplicates."""
    consensus: bool
    """Whether the first read is a consensus read (tag cD)."""

    @property
    def share(self) -> float:
        """Distinct pairs of ends over those expected: 1 without copies; 1 of no pairs."""
        return self.distinct / self.expected if self.expected else 1.0


def repeats_of(bam: str, chunk: int = CHUNK) -> Repeats:
    """Look at the ends of a BAM file's pairs.

    Parameters
    ----------
    bam : str
        Sorted by place.
    chunk : int
        Bytes worked on at a time; nothing hangs on it.

    Raises
    ------
    InputError
        It is damaged; the record is named.
    """
    lengths, depths = np.zeros(LONGEST + 1, np.int64), Counter[int]()
    pairs = flagged = 0
    consensus = False
    held = np.empty((2, 0), np.int64)  # pairs at the last place, where more may lie

    def add(found: npt.NDArray[np.int64]) -> None:
        lengths[:] += np.bincount(np.unique(found, axis=1)[1], minlength=LONGEST + 1)
        depths.update(np.unique(found[0], return_counts=True)[1].tolist())

    with BamReader(bam, chunk) as reader:
        for piece in reader:
            if not piece.first:
                at = tag_at(piece.data, piece.tags[0], piece.end[0], ord("c"), ord("D"))
                consensus = bool(at >= 0)
            flagged += int((piece.flag & DUPLICATE > 0).sum())
            found = np.concatenate([held, _ends(piece)], axis=1)
            pairs += found.shape[1] - held.shape[1]
            whole = found[0] < found[0, -1:]
            held = found[:, ~whole]
            add(found[:, whole])
    add(held)
    return Repeats(pairs, int(lengths.sum()), _expected(lengths, depths), flagged, consensus)


def _ends(chunk: Chunk) -> npt.NDArray[np.int64]:
    """Place and length of a chunk's pairs, shape (2, pairs); each is seen at its left read."""
    flag, size = chunk.flag, chunk.tlen.astype(np.int64)
    left = (size > 0) | ((size == 0) & (flag & FIRST > 0))
    good = (flag & PAIRED > 0) & (flag & NOT_COUNTED == 0) & left & (size <= LONGEST)
    good &= chunk.tid == chunk.mate_tid
    place = chunk.tid[good].astype(np.int64) << 32 | chunk.pos[good]
    return np.stack([place, size[good]])


def _expected(lengths: npt.NDArray[np.int64], depths: Counter[int]) -> float:
    """Distinct pairs of ends where lengths are drawn anew for each pair that begins at a place."""
    if not lengths.sum():
        return 0.0
    share = lengths[lengths > 0] / lengths.sum()
    return float(sum(n * (1 - (1 - share) ** depth).sum() for depth, n in sorted(depths.items())))
