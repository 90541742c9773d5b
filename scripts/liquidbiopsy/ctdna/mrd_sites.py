"""Bases of molecules site by site around known mutations: what the background is counted from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt
import pysam

from liquidbiopsy.ctdna.consensus_reads import CLASSES, LEFT_OUT, class_of
from liquidbiopsy.ctdna.contexts import CODE_OF, NONE
from liquidbiopsy.ctdna.mrd_targets import Target, blocks_of

REACH = 150  # bases on either side of a mutation whose errors count
MAX_BASES = 60_000  # of the genome that are looked at, spread over all mutations
ABSENT, DISAGREE = 255, 254

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sites:
    """Molecules over the sites around mutations."""

    bases: Counts
    """Shape (sites, classes, 4): molecules by the base they have, A C G T."""
    indels: Counts
    """Shape (classes,): insertions and deletions in reads."""
    aligned: Counts
    """Shape (classes,): aligned bases of these reads."""


def count_sites(
    bam: pysam.AlignmentFile, targets: Sequence[Target], min_mapq: int, min_base_q: int
) -> Sites:
    """Count the bases of molecules around the mutations, their own windows left out.

    Parameters
    ----------
    bam : pysam.AlignmentFile
        Coordinate-sorted and indexed.
    targets : list of Target
        The mutations.
    min_mapq, min_base_q : int
        Bounds on reads and bases, those that the mutations are counted with.
    """
    windows = list(_windows(bam, targets))
    step = -(-sum(end - start for _, start, end in windows) // MAX_BASES) or 1
    found = [_count(bam, window, min_mapq, min_base_q) for window in windows[::step]]
    kept = []
    for (chrom, start, _), one in zip(windows[::step], found, strict=True):
        own = np.ones(len(one.bases), bool)
        for target in targets:
            if target.mutation.chrom == chrom:
                own[max(target.start - start, 0) : max(target.end - start, 0)] = False
        kept.append(one.bases[own])
    none = np.zeros((0, len(CLASSES), NONE), np.int64)
    zero = np.zeros(len(CLASSES), np.int64)
    return Sites(
        np.concatenate([none, *kept]),
        sum((one.indels for one in found), zero),
        sum((one.aligned for one in found), zero),
    )


def _windows(bam: pysam.AlignmentFile, targets: Sequence[Target]) -> Iterator[tuple[str, int, int]]:
    """Stretches of the genome within reach of the mutations, joined where they meet."""
    last: tuple[str, int, int] | None = None
    for target in sorted(targets, key=lambda t: (t.mutation.chrom, t.start)):
        chrom = target.mutation.chrom
        start = max(target.start - REACH, 0)
        end = min(target.end + REACH, bam.get_reference_length(chrom))
        if last and last[0] == chrom and start <= last[2]:
            last = (chrom, last[1], max(end, last[2]))
            continue
        if last:
            yield last
        last = (chrom, start, end)
    if last:
        yield last


def _count(
    bam: pysam.AlignmentFile, window: tuple[str, int, int], min_mapq: int, min_base_q: int
) -> Sites:
    chrom, low, high = window
    names: dict[str, int] = {}
    molecule, classes, first = [], [], [0]
    blocks: list[tuple[int, int, int]] = []
    stretches: list[int] = [0]
    sequences, qualities = [], []
    indels = np.zeros(len(CLASSES), np.int64)
    aligned = np.zeros(len(CLASSES), np.int64)
    for read in bam.fetch(chrom, low, high):
        bases = read.query_sequence
        if read.flag & LEFT_OUT or read.mapping_quality < min_mapq or not bases:
            continue
        cls, mine = class_of(read), blocks_of(read)
        molecule.append(names.setdefault(read.query_name or "", len(names)))
        classes.append(cls)
        blocks += mine
        stretches.append(len(blocks))
        quals = read.query_qualities
        qualities.append(bytes([min_base_q]) * len(bases) if quals is None else bytes(quals))
        sequences.append(bases)
        first.append(first[-1] + len(bases))
        indels[cls] += sum(operation in (1, 2) for operation, _ in read.cigartuples or ())
        aligned[cls] += sum(end - start for start, end, _ in mine)
    counts = np.zeros((high - low, len(CLASSES), NONE), np.int64)
    if molecule:
        _tally(
            np.argsort(molecule, kind="stable"), np.array(molecule), np.array(classes),
            np.array(first), np.array(stretches), np.array(blocks),
            CODE_OF[np.frombuffer("".join(sequences).encode("ascii"), np.uint8)],
            np.frombuffer(b"".join(qualities), np.uint8), low, min_base_q, counts,
        )  # fmt: skip
    return Sites(counts, indels, aligned)


@nb.njit(cache=True, nogil=True)
def _tally(order, molecule, classes, first, parts, blocks, codes, quals, low, min_q, counts):  # type: ignore[no-untyped-def]
    """Add each molecule's bases to `counts`; a base on which its reads disagree counts not."""
    seen = np.full(counts.shape[0], ABSENT, np.uint8)
    touched = np.empty(counts.shape[0], np.int64)
    n = 0
    for at in range(order.size):
        read = order[at]
        for block in range(parts[read], parts[read + 1]):
            start, end, base = blocks[block]
            for p in range(max(start, low), min(end, low + seen.size)):
                place = first[read] + base + p - start
                code = codes[place]
                if code >= NONE or quals[place] < min_q:
                    continue
                site = p - low
                if seen[site] == ABSENT:
                    seen[site] = code
                    touched[n] = site
                    n += 1
                elif seen[site] != code:
                    seen[site] = DISAGREE
        if at + 1 == order.size or molecule[order[at + 1]] != molecule[read]:
            for t in range(n):
                site = touched[t]
                if seen[site] < NONE:
                    counts[site, classes[read], seen[site]] += 1
                seen[site] = ABSENT
            n = 0
