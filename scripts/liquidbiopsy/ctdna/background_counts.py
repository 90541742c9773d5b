"""Errors and the bases they are held against, by kind, from piles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.background_fit import Values
from liquidbiopsy.ctdna.contexts import (
    BASES,
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
    """Shape (errors,): number of a looked at site times that of alternatives, and which it is."""
    counts: npt.NDArray[np.signedinteger[Any]]
    """Shape (errors, 4, 2, 2)."""
    depth: npt.NDArray[np.signedinteger[Any]]
    """Shape (looked at, 4, 2, 2): of every so-and-so-many-th site, 0 where it is left out."""
    context: Kinds
    """Trinucleotide, or place among the lengths of repeats, of each of them."""
    skipped: Kinds
    """Keys of what is left out there."""


@dataclass(frozen=True)
class Counts:
    """Errors of one or more piles; arrays of shape (276, 4, 2)."""

    errors: Values
    bases: Values
    substitutions: tuple[Found, ...]
    gaps: tuple[Found, ...]


def _step(pile: Pile) -> int:
    """Of so many sites one is looked at to see how far they differ."""
    return pile.sites // MOST_SITES + 1


def _looked_at(keys: Kinds, alternatives: int, step: int) -> tuple[npt.NDArray[np.bool_], Kinds]:
    """Which keys are of sites that are looked at, and theirs by the numbers of these."""
    site = keys // alternatives
    there = site % step == 0
    return there, site[there] // step * alternatives + keys[there] % alternatives


def _depth(pile: Pile, known: npt.NDArray[np.bool_], step: int) -> npt.NDArray[Any]:
    return np.where(known[::step, None, None, None], pile.depth[::step], 0)


def substitutions_of(pile: Pile, out: LeftOut) -> Found:
    """Substitutions of a pile by the strand that molecules were read from."""
    known = (pile.trinucleotide >= 0) & ~out.sites
    step = _step(pile)
    skipped = np.array(sorted(out.keys), np.int64)
    keys = pile.alt_site * 4 + pile.alt_base
    kept = known[pile.alt_site] & ~np.isin(keys, skipped)
    context = pile.trinucleotide[known]
    change = change_of(pile.trinucleotide[pile.alt_site[kept]], pile.alt_base[kept])
    counts = pile.alt_count[kept]
    errors = np.zeros((CHANGES, CLASS_COUNT, 2))
    bases = errors.copy()
    gone = skipped[known[skipped >> 2]] if skipped.size else skipped
    gone_change = change_of(pile.trinucleotide[gone >> 2], gone & 3)
    middle = np.arange(CHANGES) >> 4 & 3
    same = middle == (np.arange(CHANGES) & 3)
    for strand in range(2):
        to = np.arange(CHANGES) if strand == 0 else complement(np.arange(CHANGES))
        for group in range(CLASS_COUNT):
            for near in range(2):
                own = pile.depth[:, group, strand, near]
                by_context = np.bincount(context, weights=own[known], minlength=CHANGES // 4)
                looked = np.repeat(by_context, 4)
                looked -= np.bincount(gone_change, weights=own[gone >> 2], minlength=CHANGES)
                looked[same] = 0
                seen = np.bincount(
                    change, weights=counts[:, group, strand, near], minlength=CHANGES
                )
                bases[to, group, near] += looked
                errors[to, group, near] += seen
    there, keys = _looked_at(keys[kept], len(BASES), step)
    return Found(
        errors, bases, keys, counts[there], _depth(pile, known, step),
        pile.trinucleotide[::step].astype(np.int64), _looked_at(gone, len(BASES), step)[1],
    )  # fmt: skip


def expected_of(counts: Counts, rate: Values, group: int, near: int) -> tuple[Values, Values]:
    """Substitutions at each site, alternative and strand, and how many are expected.

    Returns
    -------
    seen, expected : array of float, shape (n,)
        Where something is expected.
    """
    seen, expected = [], []
    for found in counts.substitutions:
        change = np.maximum(found.context, 0)[:, None] * 4 + np.arange(4)
        for strand in range(2):
            kind = change if strand == 0 else complement(change)
            mean = found.depth[:, group, strand, near][:, None] * rate[kind]
            mean[(change >> 4 & 3) == (change & 3)] = 0
            x = np.zeros(found.depth.shape[0] * 4)
            x[found.keys] = found.counts[:, group, strand, near]
            kept = np.ones(x.size, bool)
            kept[found.skipped] = False
            use = kept.reshape(-1, 4) & (mean > 0)
            seen.append(x.reshape(-1, 4)[use])
            expected.append(mean[use])
    return np.concatenate(seen), np.concatenate(expected)


def gaps_of(pile: Pile, out: LeftOut) -> Found:
    """Insertions and deletions of a pile, by the length of the repeat behind their anchor."""
    known = (pile.trinucleotide >= 0) & ~out.sites
    step = _step(pile)
    context = np.searchsorted(TRACTS, pile.tract, side="right").astype(np.int8)
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
    for group, strand, near in np.ndindex(CLASS_COUNT, 2, 2):
        own = pile.depth[:, group, strand, near][known]
        bases[:, group, near] += np.bincount(context[known], weights=own, minlength=tracts)
    there, own_keys = _looked_at(np.array(keys, np.int64), len(INDELS), step)
    return Found(
        errors,
        np.tile(bases, (len(INDELS), 1, 1)),
        own_keys,
        np.array(counts, np.int32).reshape(-1, CLASS_COUNT, 2, 2)[there],
        _depth(pile, known, step),
        context[::step].astype(np.int64),
        np.zeros(0, np.int64),
    )


def gaps_expected(counts: Counts, rate: Values, group: int, near: int) -> tuple[Values, Values]:
    """Insertions and deletions at each site by kind, and how many are expected."""
    seen, expected = [], []
    tracts = len(TRACTS) + 1
    for found in counts.gaps:
        kind = np.arange(len(INDELS)) * tracts + found.context[:, None]
        mean = found.depth[:, group, :, near].sum(axis=1)[:, None] * rate[kind]
        x = np.zeros(found.depth.shape[0] * len(INDELS))
        np.add.at(x, found.keys, found.counts[:, group, :, near].sum(axis=1))
        seen.append(x.reshape(-1, len(INDELS))[mean > 0])
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
