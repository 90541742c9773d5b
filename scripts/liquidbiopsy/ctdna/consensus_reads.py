"""Reads that each are a molecule, as variants and known mutations look at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pysam

from liquidbiopsy.core.errors import InputError

SINGLE, PAIR, FAMILY, DUPLEX = range(4)
CLASSES = ("single", "pair", "family", "duplex")
"""Molecules read once, twice, more often, and from both strands."""

LEFT_OUT = 0x4 | 0x100 | 0x200 | 0x400 | 0x800
"""Flags of reads that do not count: unmapped, secondary, failed, duplicate, supplementary."""


@contextmanager
def open_bam(file: str) -> Iterator[pysam.AlignmentFile]:
    """Open an indexed BAM; what goes wrong while it is read names the file.

    Raises
    ------
    InputError
        It, or its index, cannot be read, then or while it is in use.
    """
    try:
        with pysam.AlignmentFile(file) as bam:
            bam.check_index()
            yield bam
    except (OSError, ValueError) as error:
        problem = f"cannot be read as an indexed BAM ({error})"
        raise InputError(file, problem, "index it with samtools index") from error


def class_of(read: pysam.AlignedSegment) -> int:
    """Class of a molecule by the tags cD, aD and bD of its read; without tags it was read once."""
    if not read.has_tag("cD"):
        return SINGLE
    if read.has_tag("aD") and read.has_tag("bD") and read.get_tag("aD") and read.get_tag("bD"):
        return DUPLEX
    depth = int(read.get_tag("cD"))
    return SINGLE if depth < 2 else PAIR if depth == 2 else FAMILY
