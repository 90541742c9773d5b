"""Alleles other than single bases: insertions, deletions and substitutions next to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.contexts import NONE, Codes, coded, spelled, tracts
from liquidbiopsy.ctdna.pileup_kernel import count_stretches
from liquidbiopsy.ctdna.pileup_reads import Ints, Reads

LONGEST_GAP = 50  # bases; a longer insertion or deletion is no small one


@dataclass(frozen=True)
class Allele:
    """An insertion or deletion, left-aligned and anchored as in VCF, or a run of substitutions."""

    chrom: str
    pos: int
    """First base of `ref`, from 0."""
    ref: str
    alt: str
    having: npt.NDArray[np.int32]
    """Shape (4, 2, 2): molecules that have it, by class, strand and nearness to an end."""
    spanning: npt.NDArray[np.int32]
    """Shape (4, 2, 2): molecules that would tell."""
    mapq: float
    """Mean mapping quality of those that have it."""
    mapq_spanning: float
    tract: int
    """Length of the repeat behind the anchor of an insertion or deletion, in bases."""

    @property
    def key(self) -> tuple[str, int, str, str]:
        """What tells it from others."""
        return self.chrom, self.pos, self.ref, self.alt

    @property
    def is_gap(self) -> bool:
        """Whether it is an insertion or a deletion."""
        return len(self.ref) != len(self.alt)


def left_aligned(codes: Codes, anchor: int, deleted: int, inserted: str) -> tuple[int, str]:
    """The leftmost place of an insertion or deletion.

    Parameters
    ----------
    codes : array of uint8
        Reference.
    anchor : int
        Index in `codes` of the base before it.
    deleted : int
        Bases deleted, 0 of an insertion.
    inserted : str
        Bases inserted, "" of a deletion.

    Returns
    -------
    (anchor, inserted)
        As they are there.
    """
    if deleted:
        while anchor > 0 and codes[anchor] == codes[anchor + deleted] != NONE:
            anchor -= 1
        return anchor, ""
    bases = coded(inserted).tolist()
    while anchor > 0 and codes[anchor] == bases[-1]:
        bases = [bases[-1], *bases[:-1]]
        anchor -= 1
    return anchor, spelled(bases)


def last_base(codes: Codes, anchor: int, deleted: int, inserted: str) -> int:
    """First base beyond the repeat that an allele could be shifted along: a read must reach it."""
    if deleted:
        q = anchor + 1 + deleted
        while q < codes.size - 1 and codes[q] == codes[q - deleted] != NONE:
            q += 1
        return q
    bases, i = coded(inserted), 0
    while anchor + 1 + i < codes.size - 1 and codes[anchor + 1 + i] == bases[i % bases.size]:
        i += 1
    return anchor + 1 + i


def gap_alleles(
    reads: Reads, codes: Codes, chrom: str, low: int, settings: Mapping[str, Any]
) -> list[Allele]:
    """Insertions and deletions of reads, counted.

    Parameters
    ----------
    reads : Reads
    codes : array of uint8
        Reference from `low` on.
    chrom, low
        Where that is.
    settings : dict
        `min_base_q` and `ends`.
    """
    number: dict[tuple[int, int, str], int] = {}
    numbers = np.full(len(reads.gaps), -1, np.int64)
    for g, gap in enumerate(reads.gaps):
        anchor = gap.anchor - low
        size = max(gap.deleted, len(gap.inserted))
        inside = anchor >= 0 and anchor + gap.deleted + 1 < codes.size
        if not inside or size > LONGEST_GAP or set(gap.inserted) - set("ACGT"):
            continue
        place, inserted = left_aligned(codes, anchor, gap.deleted, gap.inserted)
        if NONE not in codes[place : place + gap.deleted + 2]:
            numbers[g] = number.setdefault((place, gap.deleted, inserted), len(number))
    if not number:
        return []
    spanning, having, mapq_sum = _stretches(reads, number, numbers, codes, low, settings)
    lengths = tracts(codes)
    found = []
    for (anchor, deleted, inserted), k in number.items():
        if having[k].sum():
            ref = spelled(codes[anchor : anchor + deleted + 1])
            found.append(
                Allele(
                    chrom, anchor + low, ref, ref[0] + inserted, having[k], spanning[k],
                    mapq_sum[k, 1] / having[k].sum(), mapq_sum[k, 0] / spanning[k].sum(),
                    int(lengths[anchor]),
                )
            )  # fmt: skip
    return found


def _stretches(
    reads: Reads,
    number: Mapping[tuple[int, int, str], int],
    numbers: Ints,
    codes: Codes,
    low: int,
    settings: Mapping[str, Any],
) -> tuple[Any, Any, Any]:
    """Molecules that span each allele, and that have it."""
    first = np.array([anchor + low for anchor, _, _ in number], np.int64)
    last = np.array([last_base(codes, *allele) + low for allele in number], np.int64)
    owner = np.array([gap.read for gap in reads.gaps], np.int64)
    sound = np.array([gap.quality >= settings["min_base_q"] for gap in reads.gaps], bool)
    return count_stretches(
        reads.molecule, reads.start, reads.end, reads.span_start, reads.span_end, reads.group,
        reads.strand, reads.mapq, np.searchsorted(owner, np.arange(reads.n + 1)), numbers, sound,
        first, last, settings["ends"],
    )  # fmt: skip


def run_alleles(
    runs: Ints, counts: npt.NDArray[np.int32], codes: Codes, chrom: str, low: int
) -> list[Allele]:
    """Runs of substitutions on the same molecules, counted.

    Parameters
    ----------
    runs, counts : array
        As the kernel `count_bases` gives them; the first base of a run from the window's start.
    codes : array of uint8
        Reference of the window.
    chrom, low
        Where that is.
    """
    found = []
    distinct, which = np.unique(runs[:, :3], axis=0, return_inverse=True)
    which = which.reshape(-1)
    for k, (first, length, number) in enumerate(distinct.tolist()):
        own = runs[which == k]
        having = np.zeros((4, 2, 2), np.int32)
        np.add.at(having, (own[:, 3], own[:, 4], own[:, 5]), 1)
        bases = [number >> 2 * (length - 1 - i) & 3 for i in range(length)]
        covering = counts[first : first + length].sum(axis=1)
        found.append(
            Allele(
                chrom, first + low, spelled(codes[first : first + length]), spelled(bases), having,
                np.maximum(covering.min(axis=0), having).astype(np.int32),
                float(own[:, 6].mean()), float("nan"), 0,
            )
        )  # fmt: skip
    return found
