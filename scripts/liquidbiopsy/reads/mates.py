"""What two alignments of one template say of each other: flags, mate fields and tags.

BWA-MEM in process gives pairs without the flags that say which read is which and whether a pair is
proper; BAM files from elsewhere may lack the tags MC and MQ, which sorting by template needs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pysam import AlignedSegment

PAIRED, PROPER, UNMAPPED, MATE_UNMAPPED = 0x1, 0x2, 0x4, 0x8
REVERSE, MATE_REVERSE, FIRST, SECOND = 0x10, 0x20, 0x40, 0x80
MATE = PAIRED | MATE_UNMAPPED | MATE_REVERSE | FIRST | SECOND

# BWA-MEM's own bounds on the insert size, from its quartiles and from its mean (bwamem_pair.c)
SURE_MAPQ, FEWEST_PAIRS = 20, 10
OUTLIERS, MAPPING, DEVIATIONS = 2.0, 3.0, 4.0
WITHOUT_ESTIMATE = (1, 1000)
"""Insert sizes of proper pairs where a batch has too few to tell."""

Pair = tuple[AlignedSegment, AlignedSegment]


def join(first: AlignedSegment, second: AlignedSegment) -> None:
    """Set what each primary alignment of a pair says of its mate.

    An unmapped read takes the place of its mapped mate, as BWA and samtools have it. Whether the
    pair is proper stays as it is, unless one of its reads is unmapped.
    """
    unmapped = first.is_unmapped, second.is_unmapped
    if unmapped == (True, True):
        for read in (first, second):
            read.reference_id = read.reference_start = -1
    elif unmapped[0]:
        _take_place(first, second)
    elif unmapped[1]:
        _take_place(second, first)
    length = 0
    if not any(unmapped) and first.reference_id == second.reference_id:
        length = _length(first, second)
    _of_mate(first, second, FIRST, length)
    _of_mate(second, first, SECOND, -length)


def _take_place(unmapped: AlignedSegment, mapped: AlignedSegment) -> None:
    unmapped.reference_id = mapped.reference_id
    unmapped.reference_start = mapped.reference_start


def _length(first: AlignedSegment, second: AlignedSegment) -> int:
    """Signed length of the template between the aligned 5' ends, of the first read."""
    one, other = _aligned_5(first), _aligned_5(second)
    return other - one + (1 if other > one else -1 if other < one else 0)


def _aligned_5(read: AlignedSegment) -> int:
    """Place of the first base, in the read's own direction, that is aligned."""
    end = read.reference_end
    return end - 1 if read.is_reverse and end is not None else read.reference_start


def _of_mate(read: AlignedSegment, mate: AlignedSegment, which: int, length: int) -> None:
    flag = (read.flag & ~MATE) | PAIRED | which
    mate_flag = mate.flag
    if mate_flag & REVERSE:
        flag |= MATE_REVERSE
    if mate_flag & UNMAPPED:
        flag |= MATE_UNMAPPED
    if (flag | mate_flag) & UNMAPPED:
        flag &= ~PROPER
    read.flag = flag
    read.next_reference_id = mate.reference_id
    read.next_reference_start = mate.reference_start
    read.template_length = length
    if mate_flag & UNMAPPED:
        read.set_tag("MC", None)
        read.set_tag("MQ", None)
    else:
        read.set_tag("MC", mate.cigarstring, "Z")
        read.set_tag("MQ", mate.mapping_quality, "i")


def lone(read: AlignedSegment) -> None:
    """Set the fields of a read of a pair whose mate is not there, as of an unmapped mate."""
    read.flag = (read.flag & ~(PROPER | MATE_REVERSE)) | MATE_UNMAPPED
    read.next_reference_id, read.next_reference_start = read.reference_id, read.reference_start
    read.template_length = 0
    read.set_tag("MC", None)
    read.set_tag("MQ", None)


def inward(first: AlignedSegment, second: AlignedSegment) -> int:
    """Length of a template whose reads face each other on one contig; 0 of all others."""
    both = first.flag | second.flag
    if both & UNMAPPED or first.reference_id != second.reference_id:
        return 0
    if first.is_reverse == second.is_reverse:
        return 0
    length = second.template_length if first.is_reverse else first.template_length
    return max(length, 0)


def mark_proper(pairs: Sequence[Pair]) -> None:
    """Set the flag of proper pairs by the insert sizes of these very pairs, as BWA-MEM does.

    Parameters
    ----------
    pairs : list of pairs of AlignedSegment
        Joined; a batch of fixed size, so that the outcome hangs on nothing else.
    """
    lengths = [inward(first, second) for first, second in pairs]
    sure = [
        length
        for length, (first, second) in zip(lengths, pairs, strict=True)
        if length and min(first.mapping_quality, second.mapping_quality) >= SURE_MAPQ
    ]
    low, high = proper_lengths(np.array(sure, np.int64))
    for length, pair in zip(lengths, pairs, strict=True):
        if low <= length <= high:
            for read in pair:
                read.flag |= PROPER


def proper_lengths(lengths: np.ndarray) -> tuple[int, int]:
    """Shortest and longest insert of a proper pair, by BWA-MEM's rule (`mem_pestat`).

    Parameters
    ----------
    lengths : (n,) array of int64
        Inserts of pairs that face each other and are mapped well, in bases.
    """
    if len(lengths) < FEWEST_PAIRS:
        return WITHOUT_ESTIMATE
    ordered = np.sort(lengths)
    q25, q75 = (int(ordered[int(share * len(ordered) + 0.499)]) for share in (0.25, 0.75))
    spread = q75 - q25
    usual = ordered[(ordered >= q25 - OUTLIERS * spread) & (ordered <= q75 + OUTLIERS * spread)]
    mean, deviation = float(usual.mean()), float(usual.std())
    low = min(q25 - MAPPING * spread, mean - DEVIATIONS * deviation)
    high = max(q75 + MAPPING * spread, mean + DEVIATIONS * deviation)
    return max(1, round(low)), round(high)
