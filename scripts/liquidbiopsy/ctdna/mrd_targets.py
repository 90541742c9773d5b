"""Where a known mutation shows in a read, and what the read says there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pysam

from liquidbiopsy.ctdna.consensus_reads import LEFT_OUT
from liquidbiopsy.ctdna.mutations import Genome, Mutation

WILD, MUTATED, OTHER = 0, 1, 2
"""What a molecule has at a mutation: the genome's bases, the mutated ones, or neither."""
FLANK = 100  # bases on either side in which a repeat may move an insertion or deletion
MATCHED = (0, 7, 8)  # CIGAR operations that align a base to a base
READS_ASKED = 100  # reads without MD tag at a place, after which no more are asked

Blocks = list[tuple[int, int, int]]
"""Aligned stretches of a read: first base of the genome, one past its last, first of the read."""


@dataclass(frozen=True)
class Target:
    """A mutation as reads show it: the bases between two that every informative read aligns."""

    mutation: Mutation
    start: int
    """First base of the window, from 0."""
    end: int
    """One past its last base."""
    wild: str
    """Bases of the window without the mutation; N where they are not known."""
    mutated: str
    """With it."""

    @property
    def is_indel(self) -> bool:
        """Whether it changes the length."""
        return len(self.wild) != len(self.mutated)


class TaggedGenome:
    """Bases of the genome as the MD tags of a BAM's reads tell them."""

    def __init__(self, bam: pysam.AlignmentFile) -> None:
        self._bam = bam
        self._contigs = dict(zip(bam.references, bam.lengths, strict=True))

    @property
    def contigs(self) -> Mapping[str, int]:
        """Lengths of the contigs, by name."""
        return self._contigs

    def fetch(self, chrom: str, start: int, end: int) -> str:
        """Upper-case bases; N where no read with an MD tag lies."""
        bases = np.full(end - start, ord("N"), np.uint8)
        without = 0
        for read in self._bam.fetch(chrom, start, end):
            if without >= READS_ASKED:
                break
            at = read.reference_start
            low, high = max(start, at), min(end, read.reference_end or at)
            there = bases[low - start : high - start]
            if read.flag & LEFT_OUT or not (there == ord("N")).any():
                continue
            sequence = _by_md(read)
            if sequence is None:
                without += 1
                continue
            there[:] = bytearray(sequence[low - at : high - at], "ascii")
        return bases.tobytes().decode()


def _by_md(read: pysam.AlignedSegment) -> str | None:
    """Bases of the reference under a read; None where it has no MD, or one that does not fit it."""
    try:
        return read.get_reference_sequence().upper() if read.has_tag("MD") else None
    except (AssertionError, IndexError, ValueError):  # another program clipped it, and left the tag
        return None


def target_of(mutation: Mutation, genome: Genome) -> Target:
    """The window of a mutation.

    Parameters
    ----------
    mutation : Mutation
        Its alleles as the file has them.
    genome : Genome
        Tells how far a repeat reaches.

    Returns
    -------
    Target
        Of substitutions just their bases; of an insertion or deletion all the places to which a
        repeat could move it, and a base on either side, so that it does not matter where the
        aligner has put it.
    """
    start, wild, mutated = mutation.pos - 1, mutation.ref, mutation.alt
    if len(wild) == len(mutated):
        return Target(mutation, start, start + len(wild), wild, mutated)
    while min(len(wild), len(mutated)) and wild[-1] == mutated[-1]:
        wild, mutated = wild[:-1], mutated[:-1]
    while min(len(wild), len(mutated)) and wild[0] == mutated[0]:
        wild, mutated, start = wild[1:], mutated[1:], start + 1
    end = start + len(wild)
    low = max(start - FLANK, 0)
    high = min(end + FLANK, genome.contigs[mutation.chrom])
    around = genome.fetch(mutation.chrom, low, high)
    before, after = around[: start - low], around[end - low :]
    left, right = 1, 1
    if not (wild and mutated):
        unit = wild or mutated
        left += _repeats(unit[::-1], before[::-1])
        right += _repeats(unit, after)
    left, right = min(left, len(before)), min(right, len(after))
    head, tail = before[len(before) - left :], after[:right]
    return Target(
        mutation, start - left, end + right, head + wild + tail, head + mutated + tail
    )  # fmt: skip


def _repeats(unit: str, onward: str) -> int:
    """Bases for which a sequence goes on as the unit does over and over."""
    run = 0
    while run < len(onward) and onward[run] == unit[run % len(unit)]:
        run += 1
    return run


def blocks_of(read: pysam.AlignedSegment) -> Blocks:
    """Aligned stretches of a read, in the order of the genome."""
    cigar = read.cigartuples or []
    place, base, found = read.reference_start, 0, []
    for operation, length in cigar:
        if operation in MATCHED:
            found.append((place, place + length, base))
        if operation in (0, 2, 3, 7, 8):
            place += length
        if operation in (0, 1, 4, 7, 8):
            base += length
    return found


def state_in(
    target: Target, blocks: Blocks, bases: str, qualities: Sequence[int], min_q: int
) -> int | None:
    """What a read says of a mutation.

    Parameters
    ----------
    target : Target
        The mutation.
    blocks : list of tuple
        Aligned stretches of the read.
    bases, qualities : sequence
        Of the read, soft-clipped ones included.
    min_q : int
        Quality, at least, of every base in the window; of an insertion or deletion, of their
        mean, as a window in a repeat has many.

    Returns
    -------
    int or None
        WILD, MUTATED or OTHER; None where the read does not span the window, or is not sure.
    """
    first = _place(blocks, target.start)
    last = first if target.end == target.start + 1 else _place(blocks, target.end - 1)
    if first is None or last is None:
        return None
    seen = bases[first : last + 1]
    if "N" in seen:
        return None
    window = qualities[first : last + 1]
    sure = sum(window) / len(window) if target.is_indel else min(window)
    if sure < min_q:
        return None
    if _reads_as(seen, target.mutated):
        return MUTATED
    return WILD if _reads_as(seen, target.wild) else OTHER


def _place(blocks: Blocks, position: int) -> int | None:
    for start, end, base in blocks:
        if start <= position < end:
            return base + position - start
    return None


def _reads_as(seen: str, wanted: str) -> bool:
    """Whether bases are the wanted ones; N among the wanted agrees with all."""
    if seen == wanted:
        return True
    return (
        "N" in wanted
        and len(seen) == len(wanted)
        and all(w in (s, "N") for s, w in zip(seen, wanted, strict=True))
    )
