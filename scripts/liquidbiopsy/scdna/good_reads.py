"""Which alignments of a cell count: primary ones, mapped well enough, that are no duplicates."""

from __future__ import annotations

from pysam import AlignedSegment

LEFT_OUT = 0x4 | 0x100 | 0x200 | 0x400 | 0x800
"""Unmapped, secondary, failed, duplicate and supplementary reads."""


def is_good(read: AlignedSegment, min_mapq: int) -> bool:
    """Whether a read counts, for the bases that it covers and those that it shows."""
    return not read.flag & LEFT_OUT and read.mapping_quality >= min_mapq
