"""One plasma library: its molecules in, its variants, errors and coverage out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from liquidbiopsy.ctdna.background import Background, LeftOut, counts_of, estimate
from liquidbiopsy.ctdna.background_counts import Counts, hidden_variants
from liquidbiopsy.ctdna.call import Evaluated, Tested, evaluate, significant, tested
from liquidbiopsy.ctdna.filters import LEAST_IN_NORMAL, InNormal, read_once
from liquidbiopsy.ctdna.known import Key, parts_of
from liquidbiopsy.ctdna.model import Model
from liquidbiopsy.ctdna.normals import SiteErrors, site_errors, variant_like
from liquidbiopsy.ctdna.pileup import Pile
from liquidbiopsy.ctdna.tails import tails
from liquidbiopsy.reads.hotspots import Codon

ROUNDS = 8


@dataclass(frozen=True)
class Normals:
    """A panel of normals over the regions of a library."""

    counts: Counts
    sites: SiteErrors


@dataclass(frozen=True)
class Called:
    """What was found in a library."""

    pile: Pile
    model: Model
    evaluated: Evaluated

    @property
    def background(self) -> Background:
        """Its error rates."""
        return self.model.background

    def alleles_at(self) -> Counter[tuple[str, int]]:
        """Alleles called at each position."""
        called = (e for e in self.evaluated.evidence if e.p <= e.threshold)
        return Counter((e.chrom, e.pos) for e in called)


def call_library(
    pile: Pile,
    kept_out: Sequence[Codon],
    known: frozenset[Key],
    normals: Normals | None,
    settings: Mapping[str, Any],
) -> Called:
    """Estimate a library's errors and hold its alleles against them.

    Without a panel of normals this is done several times: what was significant is no error the next
    time, until nothing changes.

    Parameters
    ----------
    pile : Pile
    kept_out : list of Codon
        Hotspots: what lies in them does not count as an error.
    known : frozenset
        Known mutations, neither.
    normals : Normals or None
    settings : dict
        The section `variants`.
    """
    first = left_out(pile, kept_out, known)
    model, found = _told_apart(pile, first, normals, settings["min_molecules"])
    return Called(pile, model, evaluate(pile, model, found, settings, known))


def _told_apart(
    pile: Pile, first: LeftOut, normals: Normals | None, least: int
) -> tuple[Model, Tested]:
    """Errors and variants of a library: the errors as rates, and both held against them."""
    out = first
    for _ in range(ROUNDS):
        own = counts_of([pile], out)
        background = estimate(own, normals.counts if normals else None, hidden_variants(pile, out))
        model = Model(background, out, normals.sites if normals else None)
        found = tested(pile, model, least)
        before, out = out, first.more(*significant(pile, found, least))
        if (out.keys, out.gaps) == (before.keys, before.gaps) or normals is not None:
            break
    return model, found


def left_out(pile: Pile, codons: Sequence[Codon], known: frozenset[Key]) -> LeftOut:
    """What is not counted as an error: what looks like a variant, hotspots, known mutations."""
    sites = np.zeros(pile.sites, bool)
    places = [(c.chrom, p) for c in codons for p in range(c.start, c.end)]
    places += [(chrom, pos + i) for chrom, pos, ref, _ in parts_of(known) for i in range(len(ref))]
    for chrom, position in places:
        site = pile.site(chrom, position)
        if site is not None:
            sites[site] = True
    keys, gaps = variant_like(pile)
    return LeftOut(sites, frozenset(keys), frozenset(gaps))


def normals_of(piles: Sequence[Pile]) -> Normals:
    """A panel of normals, variants of each person left out.

    Germline variants show by their share. What else is more than errors of its kind do, clonal
    haematopoiesis or a site that errs, is left out of the rates; what one person alone has of that
    is a variant, and no error at its site either.
    """
    first = [left_out(pile, (), frozenset()) for pile in piles]
    out = [
        _told_apart(pile, own, None, LEAST_IN_NORMAL)[0].out
        for pile, own in zip(piles, first, strict=True)
    ]
    keys = Counter(key for own in out for key in own.keys)
    gaps = Counter(gap for own in out for gap in own.gaps)
    lone = len(piles) > 1
    of_one = [
        before.more(
            (key for key in own.keys if lone and keys[key] == 1),
            (gap for gap in own.gaps if lone and gaps[gap] == 1),
        )
        for before, own in zip(first, out, strict=True)
    ]
    return Normals(counts_of(list(piles), out), site_errors(piles, of_one))


def in_normal(normal: Called, key: Key) -> InNormal | None:
    """What a matched normal, over the same regions, has of an allele; None outside of them."""
    chrom, pos, ref, alt = key
    pile, model = normal.pile, normal.model
    site = pile.site(chrom, pos)
    if site is None:
        return None
    having, spanning, beta = np.zeros((4, 2, 2), np.int32), pile.depth[site], None
    same = [a for a in pile.alleles if a.key == key]
    if same:
        having, spanning, beta = same[0].having, same[0].spanning, model.allele(pile, same[0])
    elif len(ref) == len(alt) == 1:
        having = pile.count(site, "ACGT".index(alt))
        if pile.trinucleotide[site] >= 0:
            keys = np.array([site * 4 + "ACGT".index(alt)], np.int64)
            beta = tuple(v[0] for v in model.substitutions(pile, keys))
    count, total = int(having.sum()), int(spanning.sum())
    if beta is None:
        return InNormal(count, total, 1.0)
    a, b = beta
    shared = model.shared(len(ref) != len(alt))
    p = tails(having[None], spanning[None], a[None], b[None], shared)[0]
    return InNormal(count, total, float(p), read_once(having, spanning))
