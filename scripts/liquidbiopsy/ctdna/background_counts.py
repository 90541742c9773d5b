"""Errors and the bases they are held against, by kind, from piles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.background_fit import Values
from liquidbiopsy.ctdna.contexts import (
    CHANGES,
    INDEL_KINDS,
    INDELS,
    TRACTS,
    Kinds,
    change_of,
    complement,
    indel_kind,
)
from liquidbiopsy.ctdna.pileup import Pile

if TYPE_CHECKING:
    from liquidbiopsy.ctdna.background import LeftOut

CLASS_COUNT = 4
MOST_SITES = 300_000  # sites by which it is judged how far sites differ
RARE = 0.05  # share of the molecules up to which a variant counts among the rare ones
SURE = 0.5  # of the variants of one molecule that are expected, those that are reckoned with


@dataclass(frozen=True)
class Found:
    """Errors of one pile; arrays of shape (kinds, 4, 2)."""

    errors: Values
    bases: Values
    keys: Kinds
    """Shape (errors,): site times the number of alternatives, and which of these it is."""
    counts: npt.NDArray[np.int32]
    """Shape (errors, 4, 2, 2)."""
    depth: npt.NDArray[np.int32]
    """Shape (sites, 4, 2, 2), 0 at sites that are left out."""
    context: Kinds
    """Trinucleotide, or place among the lengths of repeats, of each site."""
    skipped: Kinds
    """Keys of what is left out."""


@dataclass(frozen=True)
class Counts:
    """Errors of one or more piles; arrays of shape (276, 4, 2)."""

    errors: Values
    bases: Values
    substitutions: tuple[Found, ...]
    gaps: tuple[Found, ...]


def substitutions_of(pile: Pile, out: LeftOut) -> Found:
    """Substitutions of a pile by the strand that molecules were read from."""
    known = (pile.trinucleotide >= 0) & ~out.sites
    depth = np.where(known[:, None, None, None], pile.depth, 0)
    skipped = np.array(sorted(out.keys), np.int64)
    keys = pile.alt_site * 4 + pile.alt_base
    kept = known[pile.alt_site] & ~np.isin(keys, skipped)
    context = pile.trinucleotide.astype(np.int64)
    change = change_of(context[pile.alt_site[kept]], pile.alt_base[kept])
    counts = pile.alt_count[kept]
    errors = np.zeros((CHANGES, CLASS_COUNT, 2))
    bases = errors.copy()
    gone = skipped[known[skipped >> 2]] if skipped.size else skipped
    gone_change = change_of(context[gone >> 2], gone & 3)
    middle = np.arange(CHANGES) >> 4 & 3
    same = middle == (np.arange(CHANGES) & 3)
    for strand in range(2):
        to = np.arange(CHANGES) if strand == 0 else complement(np.arange(CHANGES))
        for group in range(CLASS_COUNT):
            for near in range(2):
                own = depth[:, group, strand, near]
                by_context = np.bincount(context[known], weights=own[known], minlength=CHANGES // 4)
                looked = np.repeat(by_context, 4)
                looked -= np.bincount(gone_change, weights=own[gone >> 2], minlength=CHANGES)
                looked[same] = 0
                seen = np.bincount(
                    change, weights=counts[:, group, strand, near], minlength=CHANGES
                )
                bases[to, group, near] += looked
                errors[to, group, near] += seen
    return Found(errors, bases, keys[kept], counts, depth, context, gone)


def expected_of(counts: Counts, rate: Values, group: int, near: int) -> tuple[Values, Values]:
    """Substitutions at each site, alternative and strand, and how many are expected.

    Returns
    -------
    seen, expected : array of float, shape (n,)
        Where something is expected.
    """
    seen, expected = [], []
    for found in counts.substitutions:
        step = found.depth.shape[0] // MOST_SITES + 1
        context = found.context[::step]
        change = np.maximum(context, 0)[:, None] * 4 + np.arange(4)
        for strand in range(2):
            kind = change if strand == 0 else complement(change)
            mean = found.depth[::step, group, strand, near][:, None] * rate[kind]
            mean[(change >> 4 & 3) == (change & 3)] = 0
            x = np.zeros(found.depth.shape[0] * 4)
            x[found.keys] = found.counts[:, group, strand, near]
            full = x.reshape(-1, 4)[::step]
            kept = np.ones(x.size, bool)
            kept[found.skipped] = False
            use = kept.reshape(-1, 4)[::step] & (mean > 0)
            seen.append(full[use])
            expected.append(mean[use])
    return np.concatenate(seen), np.concatenate(expected)


def gaps_of(pile: Pile, out: LeftOut) -> Found:
    """Insertions and deletions of a pile, by the length of the repeat behind their anchor."""
    known = (pile.trinucleotide >= 0) & ~out.sites
    depth = np.where(known[:, None, None, None], pile.depth, 0)
    context = np.searchsorted(TRACTS, pile.tract, side="right").astype(np.int64)
    keys, counts = [], []
    errors = np.zeros((INDEL_KINDS, CLASS_COUNT, 2))
    tracts = len(TRACTS) + 1
    for allele in pile.alleles:
        site = pile.site(allele.chrom, allele.pos)
        if not allele.is_gap or site is None or not known[site] or allele.key in out.gaps:
            continue
        kind = indel_kind(len(allele.alt) - 1, len(allele.ref) - 1, allele.tract)
        errors[kind] += allele.having.sum(axis=1)
        keys.append(site * len(INDELS) + kind // tracts)
        counts.append(allele.having)
    bases = np.zeros((tracts, CLASS_COUNT, 2))
    np.add.at(bases, context, depth.sum(axis=2))
    return Found(
        errors,
        np.tile(bases, (len(INDELS), 1, 1)),
        np.array(keys, np.int64),
        np.array(counts, np.int32).reshape(-1, CLASS_COUNT, 2, 2),
        depth,
        context,
        np.zeros(0, np.int64),
    )


def gaps_expected(counts: Counts, rate: Values, group: int, near: int) -> tuple[Values, Values]:
    """Insertions and deletions at each site by kind, and how many are expected."""
    seen, expected = [], []
    tracts = len(TRACTS) + 1
    for found in counts.gaps:
        step = found.depth.shape[0] // MOST_SITES + 1
        kind = np.arange(len(INDELS)) * tracts + found.context[::step][:, None]
        mean = found.depth[::step, group, :, near].sum(axis=1)[:, None] * rate[kind]
        x = np.zeros(found.depth.shape[0] * len(INDELS))
        np.add.at(x, found.keys, found.counts[:, group, :, near].sum(axis=1))
        full = x.reshape(-1, len(INDELS))[::step]
        seen.append(full[mean > 0])
        expected.append(mean[mean > 0])
    return np.concatenate(seen), np.concatenate(expected)


def hidden_variants(pile: Pile, out: LeftOut) -> Values:
    """Variants that one molecule alone has, and which therefore are among the errors.

    As many variants are expected at each order of magnitude of their share. Then 1 / x of them are
    on x molecules, of all as of those of one class, and those that were found, on two molecules or
    more, tell how many are on one: a stratum has its part of these.

    Returns
    -------
    array of float, shape (4, 2)
        By class and nearness to an end.
    """
    found = np.isin(pile.alt_site * 4 + pile.alt_base, np.array(sorted(out.keys), np.int64))
    seen, there = (
        v.sum(axis=(2, 3)) for v in (pile.alt_count[found], pile.depth[pile.alt_site[found]])
    )
    by_class = np.zeros(CLASS_COUNT)
    for group in range(CLASS_COUNT):
        most = RARE * there[:, group]
        several = (seen[:, group] >= 2) & (seen[:, group] <= most)
        if several.any():
            steps = np.arange(2, max(int(most[several].mean()), 2) + 1)
            by_class[group] = SURE * several.sum() / (1 / steps).sum()
    strata = pile.depth.sum(axis=(0, 2))
    return np.asarray(by_class[:, None] * strata / max(int(strata.sum()), 1), np.float64)
