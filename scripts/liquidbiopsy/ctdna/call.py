"""Calling: where there is more of an allele than errors would make.

Every base that is not the reference's, insertion, deletion and run of substitutions is held against
the errors of its kind, class by class, strand by strand, near the ends and away from them. What is
tested counts whether or not anything was seen: three substitutions, an insertion and a deletion at
each site, of each what errors alone may do (`budget`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.alleles import Allele
from liquidbiopsy.ctdna.background_fit import Values
from liquidbiopsy.ctdna.budget import MEGABASE, budget_of, deep_sites
from liquidbiopsy.ctdna.contexts import BASES
from liquidbiopsy.ctdna.model import Model
from liquidbiopsy.ctdna.pileup import Pile
from liquidbiopsy.ctdna.runs import Together, together
from liquidbiopsy.ctdna.tails import share_detected, tails

CHUNK = 50_000  # tests that are worked on at a time
SHOWN = 0.25  # false discovery rate up to which an allele is told, with the filter `q`
SUSPECT = 1e-4  # p-value up to which an allele is not counted among the errors, called or not
DETECTED = 0.95  # probability with which a limit of detection is detected

Stratum = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Evidence:
    """One allele and what it was held against; arrays of shape (4, 2, 2)."""

    chrom: str
    pos: int
    """From 0."""
    ref: str
    alt: str
    having: Stratum
    spanning: Stratum
    mapq: float
    mapq_all: float
    a: Values
    b: Values
    shared: float
    """Squared coefficient of variation of the factor that all these rates share."""
    error_rate: float
    """Mean over the molecules."""
    p: float
    q: float
    limit: float
    """Largest p-value within the budget of false calls there."""
    threshold: float
    """Largest p-value that would be called there, of one more: within the budget and `max_q`."""

    @property
    def key(self) -> tuple[str, int, str, str]:
        """What tells it from others."""
        return self.chrom, self.pos, self.ref, self.alt


@dataclass(frozen=True)
class Tested:
    """P-values of all that was seen: substitutions in the pile's order, then other alleles."""

    joined: Together
    others: list[Allele]
    """Insertions and deletions, then runs of substitutions."""
    betas: list[tuple[Values, Values]]
    """Error rates of these."""
    p: Values
    counts: Stratum
    """Molecules that have each."""

    @property
    def substitutions(self) -> Values:
        """P-values of substitutions; 1 of those within a run."""
        return self.p[: self.p.size - len(self.others)]


@dataclass(frozen=True)
class Evaluated:
    """What a library has, and how sure that is."""

    evidence: list[Evidence]
    """What may be shown, by place and alleles."""
    threshold: float
    """Largest p-value that would be called, of one more, where the weight is 1."""
    p_values: Values
    """Of all substitutions of at least one molecule."""


def tested(pile: Pile, model: Model, least: int) -> Tested:
    """Hold every allele of a pile against the errors of its kind.

    Parameters
    ----------
    pile : Pile
    model : Model
    least : int
        Molecules from which on a run of substitutions is looked at.
    """
    joined = together(pile, least)
    others = [*(a for a in pile.alleles if a.is_gap), *joined.runs]
    betas = [model.allele(pile, a) for a in others]
    p = np.concatenate([_substitution_p(pile, model, joined), _p(model, others, betas)])
    of_others = np.array([int(a.having.sum()) for a in others], np.int64)
    counts = np.concatenate([pile.alt_count.sum(axis=(1, 2, 3)), of_others])
    return Tested(joined, others, betas, p, counts)


def significant(
    pile: Pile, found: Tested, least: int
) -> tuple[list[int], list[tuple[str, int, str, str]]]:
    """Substitutions (site * 4 + base) and gaps of `least` molecules that are no errors.

    What is seen once is an error, however rare its kind: else rates would fall round by round.
    """
    sure = (found.p <= SUSPECT) & (found.counts >= max(least, 2))
    n = found.substitutions.size
    keys = (pile.alt_site * 4 + pile.alt_base)[sure[:n]].tolist()
    chosen = [a for a, is_sure in zip(found.others, sure[n:], strict=True) if is_sure]
    members = dict(zip((a.key for a in found.joined.runs), found.joined.members, strict=True))
    for allele in chosen:
        keys += [] if allele.is_gap else members[allele.key].tolist()
    return keys, [a.key for a in chosen if a.is_gap]


def evaluate(
    pile: Pile,
    model: Model,
    found: Tested,
    settings: Mapping[str, Any],
    wanted: frozenset[Any] = frozenset(),
) -> Evaluated:
    """Evidence of the alleles that may be shown.

    Parameters
    ----------
    pile : Pile
    model : Model
    found : Tested
    settings : dict
        `min_molecules`, `min_depth`, `max_q`, `max_false_per_mb`, `prior_weight`.
    wanted : frozenset of (str, int, str, str)
        Alleles that are told whatever their p-value: the known mutations.
    """
    weight = np.where(_likely(pile, model, found.others), settings["prior_weight"], 1.0)
    budget = budget_of(pile, model, settings)
    deep = int(deep_sites(pile, settings).sum())
    limit = budget.threshold(settings["max_false_per_mb"] * deep / MEGABASE)
    q = budget.q(found.p / weight)
    called = int((q <= settings["max_q"]).sum())
    threshold = min(limit, budget.threshold(settings["max_q"] * (called + 1)))
    n = found.substitutions.size
    told = (q <= SHOWN) & (found.counts >= settings["min_molecules"])
    told[:n] |= np.isin(pile.alt_site * 4 + pile.alt_base, _asked(pile, wanted))
    told[:n] &= (pile.trinucleotide[pile.alt_site] >= 0) & ~found.joined.absorbed
    told[n:] |= np.array([a.key in wanted for a in found.others], bool)
    evidence = []
    for k in np.flatnonzero(told).tolist():
        if k < n:
            allele, beta = _substitution(pile, model, k)
        else:
            allele, beta = found.others[k - n], found.betas[k - n]
        bounds = (weight[k] * limit, weight[k] * threshold)
        shared = model.shared(allele.is_gap)
        evidence.append(_evidence(allele, beta, shared, found.p[k], q[k], *bounds))
    evidence.sort(key=lambda e: e.key)
    return Evaluated(evidence, threshold, found.substitutions)


def limit_of_detection(
    spanning: Stratum, a: Values, b: Values, shared: float, threshold: float, least: int
) -> float | None:
    """Share of molecules that would be called with a probability of 95 %; None where none would.

    Parameters
    ----------
    spanning : array of int, shape (4, 2, 2)
        Molecules that would tell.
    a, b : array of float, shape (4, 2, 2)
        Beta distributions of their error rates.
    shared : float
        Squared coefficient of variation of the factor that these share.
    threshold : float
        Largest p-value that is called.
    least : int
        Fewest molecules that are called.
    """
    return share_detected(spanning, a, b, shared, threshold, least, DETECTED)


def _substitution_p(pile: Pile, model: Model, joined: Together) -> Values:
    """P-values of the substitutions seen, in the order of the pile; 1 of those within a run."""
    keys = pile.alt_site * 4 + pile.alt_base
    p = np.ones(keys.size)
    tested = np.flatnonzero((pile.trinucleotide[pile.alt_site] >= 0) & ~joined.absorbed)
    for low in range(0, tested.size, CHUNK):
        own = tested[low : low + CHUNK]
        a, b = model.substitutions(pile, keys[own])
        depth = pile.depth[pile.alt_site[own]]
        p[own] = tails(pile.alt_count[own], depth, a, b, model.shared(False))
    return p


def _p(model: Model, alleles: Sequence[Allele], betas: Sequence[tuple[Values, Values]]) -> Values:
    """P-values of alleles one by one."""
    found = [
        tails(t.having[None], t.spanning[None], a[None], b[None], model.shared(t.is_gap))[0]
        for t, (a, b) in zip(alleles, betas, strict=True)
    ]
    return np.array(found, np.float64)


def _likely(pile: Pile, model: Model, others: Sequence[Allele]) -> npt.NDArray[np.bool_]:
    """Whether each substitution seen, and each other allele, changes what is likely to be."""

    def hit(allele: Allele) -> bool:
        span = range(allele.pos, allele.pos + len(allele.ref) + int(allele.is_gap))
        sites = (pile.site(allele.chrom, position) for position in span)
        return any(site is not None and model.out.sites[site] for site in sites)

    of_others = np.array([hit(a) for a in others], bool)
    return np.concatenate([model.out.sites[pile.alt_site], of_others])


def _asked(pile: Pile, wanted: frozenset[Any]) -> Stratum:
    """Substitutions (site * 4 + base) that are to be told."""
    found = set()
    for chrom, pos, ref, alt in wanted:
        site = pile.site(chrom, pos)
        if site is not None and len(ref) == len(alt) == 1:
            found.add(site * 4 + BASES.find(alt))
    return np.array(sorted(found), np.int64)


def _substitution(pile: Pile, model: Model, k: int) -> tuple[Allele, tuple[Values, Values]]:
    """A substitution that was seen, as an allele, with its error rates."""
    site, base = int(pile.alt_site[k]), int(pile.alt_base[k])
    chrom, pos = pile.place(site)
    a, b = model.substitutions(pile, np.array([site * 4 + base], np.int64))
    allele = Allele(
        chrom, pos, BASES[pile.reference[site]], BASES[base], pile.alt_count[k],
        pile.depth[site], float(pile.alt_mapq[k]), float(pile.mapq[site]), 0,
    )  # fmt: skip
    return allele, (a[0], b[0])


def _evidence(
    allele: Allele, beta: tuple[Values, Values], shared: float, *figures: float
) -> Evidence:
    """An allele with its p, q, limit and threshold."""
    a, b = beta
    n = allele.spanning
    rate = float((n * a / (a + b)).sum() / max(int(n.sum()), 1))
    return Evidence(
        allele.chrom, allele.pos, allele.ref, allele.alt, allele.having.astype(np.int64),
        n.astype(np.int64), allele.mapq, allele.mapq_spanning, a, b, shared, rate,
        *map(float, figures),
    )  # fmt: skip
