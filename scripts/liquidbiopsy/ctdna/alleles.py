"""Alleles other than single bases: insertions, deletions, runs of substitutions, both together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.contexts import NONE, Codes, coded, spelled, tracts
from liquidbiopsy.ctdna.delins import Joined, Key, joined_alleles
from liquidbiopsy.ctdna.pileup_kernel import count_stretches
from liquidbiopsy.ctdna.pileup_reads import Ints, Reads

LONGEST_GAP = 50  # bases; a longer insertion or deletion is no small one


@dataclass(frozen=True)
class Allele:
    """An insertion or deletion, left-aligned and anchored as in VCF, or a run of substitutions.

    One with substitutions beside it is trimmed of what its alleles share, and has no anchor.
    """

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
        """Whether it is an insertion or a deletion, alone or with substitutions."""
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


@dataclass(frozen=True)
class Gaps:
    """Insertions and deletions of reads."""

    alleles: list[Allele]
    told: Ints
    """Places, in the bases of the reads, of substitutions that are told as a part of one."""


def gap_alleles(
    reads: Reads,
    codes: Codes,
    chrom: str,
    low: int,
    settings: Mapping[str, Any],
    known: frozenset[Key] = frozenset(),
) -> Gaps:
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
    known : frozenset
        Known mutations: a single molecule tells those that are a gap and substitutions.
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
        return Gaps([], np.zeros(0, np.int64))
    stretches = np.array([(a[0] + low, last_base(codes, *a) + low) for a in number], np.int64)
    spelt = []
    for anchor, deleted, inserted in number:
        ref = spelled(codes[anchor : anchor + deleted + 1])
        spelt.append(((chrom, anchor + low, ref, ref[0] + inserted), anchor))
    joined = joined_alleles(reads, codes, chrom, low, numbers, stretches, settings, known)
    sound = np.array([gap.quality >= settings["min_base_q"] for gap in reads.gaps], bool)
    for k, found in enumerate(joined, len(number)):
        spelt.append((found.key, spelt[found.plain][1]))
        numbers[found.gaps] = k
        sound[found.gaps] &= found.sound
    stretches = np.concatenate([stretches, _stretches_of(joined)])
    counts = _counted(reads, numbers, sound, stretches, settings["ends"])
    told = np.array(sorted({place for found in joined for place in found.bases}), np.int64)
    return Gaps(_alleles(spelt, *counts, tracts(codes)), told)


def _stretches_of(joined: list[Joined]) -> Ints:
    return np.array([(j.first, j.last) for j in joined], np.int64).reshape(-1, 2)


def _counted(
    reads: Reads, numbers: Ints, sound: npt.NDArray[np.bool_], stretches: Ints, ends: int
) -> tuple[Any, Any, Any]:
    """Molecules that span each allele, and that have it."""
    owner = np.array([gap.read for gap in reads.gaps], np.int64)
    return count_stretches(
        reads.molecule, reads.start, reads.end, reads.span_start, reads.span_end, reads.group,
        reads.strand, reads.mapq, np.searchsorted(owner, np.arange(reads.n + 1)), numbers, sound,
        np.ascontiguousarray(stretches[:, 0]), np.ascontiguousarray(stretches[:, 1]), ends,
    )  # fmt: skip


def _alleles(
    spelt: list[tuple[Key, int]], spanning: Any, having: Any, mapq_sum: Any, lengths: Any
) -> list[Allele]:
    """Those that any molecule has."""
    found = []
    for k, (key, anchor) in enumerate(spelt):
        if having[k].sum():
            mean = mapq_sum[k, 1] / having[k].sum(), mapq_sum[k, 0] / spanning[k].sum()
            found.append(Allele(*key, having[k], spanning[k], *mean, int(lengths[anchor])))
    return found


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
