"""Known mutations as the pileup writes alleles, so that they are found again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from liquidbiopsy.ctdna.alleles import left_aligned
from liquidbiopsy.ctdna.contexts import NONE, coded, spelled
from liquidbiopsy.ctdna.mutations import Genome, Mutation

FURTHER = 200  # bases before a mutation over which a repeat is followed

Key = tuple[str, int, str, str]
"""Contig, position from 0, reference and other allele."""


def known_keys(mutations: Iterable[Mutation], genome: Genome) -> frozenset[Key]:
    """Known mutations by place and alleles: trimmed, left-aligned, anchored as in VCF."""
    return frozenset(_key(mutation, genome) for mutation in mutations)


def _key(mutation: Mutation, genome: Genome) -> Key:
    pos, ref, alt = mutation.pos - 1, mutation.ref, mutation.alt
    while min(len(ref), len(alt)) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while min(len(ref), len(alt)) > 1 and ref[0] == alt[0]:
        pos, ref, alt = pos + 1, ref[1:], alt[1:]
    if len(ref) == len(alt) or ref[0] != alt[0] or min(len(ref), len(alt)) > 1:
        return mutation.chrom, pos, ref, alt
    low = max(0, pos - FURTHER)
    high = min(genome.contigs[mutation.chrom], pos + len(ref) + 1)
    codes = coded(genome.fetch(mutation.chrom, low, high))
    known = np.flatnonzero(codes == NONE)
    before = known[known < pos - low]
    cut = int(before[-1]) + 1 if before.size else 0  # not over bases that are not known
    anchor, inserted = left_aligned(codes[cut:], pos - low - cut, len(ref) - 1, alt[1:])
    anchor += cut
    gone = spelled(codes[anchor : anchor + len(ref)])
    return mutation.chrom, anchor + low, gone, gone[0] + inserted


def is_known(key: Key, known: frozenset[Key]) -> bool:
    """Whether an allele is known, or a run of substitutions each of which is."""
    chrom, pos, ref, alt = key
    if key in known or len(ref) != len(alt):
        return key in known
    parts = [(chrom, pos + i, r, a) for i, (r, a) in enumerate(zip(ref, alt, strict=True))]
    return all(part in known for part in parts if part[2] != part[3])


def parts_of(known: Sequence[Key] | frozenset[Key]) -> frozenset[Key]:
    """Known mutations, and the single substitutions that runs of them are made of."""
    parts = set(known)
    for chrom, pos, ref, alt in known:
        if len(ref) == len(alt) > 1:
            parts |= {
                (chrom, pos + i, r, a)
                for i, (r, a) in enumerate(zip(ref, alt, strict=True))
                if r != a
            }
    return frozenset(parts)
