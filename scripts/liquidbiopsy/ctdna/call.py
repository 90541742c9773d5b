"""Calling: where there is more of an allele than errors would make.

Every base that is not the reference's, insertion, deletion and run of substitutions is held against
the errors of its kind, class by class, strand by strand, near the ends and away from them. What is
tested counts for the false discovery rate whether or not anything was seen: three substitutions,
an insertion and a deletion at each site.

References
----------
.. [1] Benjamini Y, Hochberg Y. Controlling the false discovery rate. J R Stat Soc B
       1995;57:289-300.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.alleles import Allele
from liquidbiopsy.ctdna.background_fit import Values
from liquidbiopsy.ctdna.contexts import BASES
from liquidbiopsy.ctdna.model import Model
from liquidbiopsy.ctdna.pileup import Pile
from liquidbiopsy.ctdna.runs import Together, together
from liquidbiopsy.ctdna.tails import share_detected, tails

TESTED = 5  # at each site: three substitutions, an insertion, a deletion
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
    error_rate: float
    """Mean over the molecules."""
    p: float
    q: float

    @property
    def key(self) -> tuple[str, int, str, str]:
        """What tells it from others."""
        return self.chrom, self.pos, self.ref, self.alt


@dataclass(frozen=True)
class Evaluated:
    """All that was tested in a library."""

    evidence: list[Evidence]
    """Those of at least one molecule that may be shown, by place and alleles."""
    number: int
    """How many were tested, seen or not."""
    threshold: float
    """Largest p-value that is called, of one test more."""
    significant: tuple[list[int], list[tuple[str, int, str, str]]]
    """Substitutions (site * 4 + base) and gaps that are no errors."""
    p_values: Values
    """Of all substitutions of at least one molecule."""


def evaluate(
    pile: Pile, model: Model, settings: Mapping[str, Any], wanted: frozenset[Any] = frozenset()
) -> Evaluated:
    """Evidence every allele of a pile.

    Parameters
    ----------
    pile : Pile
    model : Model
    settings : dict
        `min_molecules`, `max_q`, `max_p`.
    wanted : frozenset of (str, int, str, str)
        Alleles that are told whatever their p-value: the known mutations.
    """
    known = pile.trinucleotide >= 0
    covered = known & (pile.depth.sum(axis=(1, 2, 3)) > 0)
    number = max(1, TESTED * int(covered.sum()))
    joined = together(pile, settings["min_molecules"])
    p_sub = _substitution_p(pile, model, joined)
    gaps = [a for a in pile.alleles if a.is_gap]
    gap_beta = [model.allele(pile, a) for a in gaps]
    p_gap = _p([a.having for a in gaps], [a.spanning for a in gaps], gap_beta)
    run_beta = [model.allele(pile, a) for a in joined.runs]
    p_run = _p([a.having for a in joined.runs], [a.spanning for a in joined.runs], run_beta)
    p = np.concatenate([p_sub, p_gap, p_run])
    q = benjamini_hochberg(p, number)
    called = int((q <= settings["max_q"]).sum())
    threshold = min(settings["max_q"] * (called + 1) / number, settings["max_p"])
    sure = (p <= threshold) | (p <= SUSPECT)
    n, m = p_sub.size, p_sub.size + p_gap.size
    sure_gaps = [a.key for a, found in zip(gaps, sure[n:m], strict=True) if found]
    sure_runs = [members for members, found in zip(joined.members, sure[m:], strict=True) if found]
    keys = pile.alt_site * 4 + pile.alt_base
    significant = (np.concatenate([keys[sure[:n]], *sure_runs]).tolist(), sure_gaps)
    found = _shown(pile, model, joined, p[:n], q[:n], settings, wanted)
    for alleles, betas, first in ((gaps, gap_beta, n), (joined.runs, run_beta, m)):
        for k, (allele, beta) in enumerate(zip(alleles, betas, strict=True)):
            found.append(_evidence(allele, beta, p[first + k], q[first + k]))
    found = [t for t in found if _tell(t, settings) or t.key in wanted]
    found.sort(key=lambda t: t.key)
    return Evaluated(found, number, threshold, significant, p_sub)


def benjamini_hochberg(p: Values, number: int) -> Values:
    """False discovery rates [1]_ of p-values, `number` tests in all: the others had p = 1."""
    order = np.argsort(p, kind="stable")
    raw = p[order] * number / np.arange(1, p.size + 1)
    found = np.empty(p.size)
    found[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1)
    return found


def limit_of_detection(
    spanning: Stratum, a: Values, b: Values, threshold: float, least: int
) -> float | None:
    """Share of molecules that would be called with a probability of 95 %; None where none would.

    Parameters
    ----------
    spanning : array of int, shape (4, 2, 2)
        Molecules that would tell.
    a, b : array of float, shape (4, 2, 2)
        Beta distributions of their error rates.
    threshold : float
        Largest p-value that is called.
    least : int
        Fewest molecules that are called.
    """
    return share_detected(spanning, a, b, threshold, least, DETECTED)


def _substitution_p(pile: Pile, model: Model, joined: Together) -> Values:
    """P-values of the substitutions seen, in the order of the pile; 1 of those within a run."""
    keys = pile.alt_site * 4 + pile.alt_base
    p = np.ones(keys.size)
    tested = np.flatnonzero((pile.trinucleotide[pile.alt_site] >= 0) & ~joined.absorbed)
    for low in range(0, tested.size, CHUNK):
        own = tested[low : low + CHUNK]
        a, b = model.substitutions(pile, keys[own])
        p[own] = tails(pile.alt_count[own], pile.depth[pile.alt_site[own]], a, b)
    return p


def _p(having: list[Any], spanning: list[Any], betas: list[tuple[Values, Values]]) -> Values:
    """P-values of alleles one by one."""
    found = [
        tails(x[None], n[None], a[None], b[None])[0]
        for x, n, (a, b) in zip(having, spanning, betas, strict=True)
    ]
    return np.array(found, np.float64)


def _tell(found: Evidence, settings: Mapping[str, Any]) -> bool:
    return found.q <= SHOWN and int(found.having.sum()) >= settings["min_molecules"]


def _shown(
    pile: Pile,
    model: Model,
    joined: Together,
    p: Values,
    q: Values,
    settings: Mapping[str, Any],
    wanted: frozenset[Any],
) -> list[Evidence]:
    """Substitutions that may be told."""
    keys = pile.alt_site * 4 + pile.alt_base
    asked = set()
    for chrom, pos, ref, alt in wanted:
        site = pile.site(chrom, pos)
        if site is not None and len(ref) == len(alt) == 1:
            asked.add(site * 4 + BASES.find(alt))
    told = (q <= SHOWN) & (pile.alt_count.sum(axis=(1, 2, 3)) >= settings["min_molecules"])
    told |= np.isin(keys, np.array(sorted(asked), np.int64))
    told &= (pile.trinucleotide[pile.alt_site] >= 0) & ~joined.absorbed
    found = []
    for k in np.flatnonzero(told):
        site = int(pile.alt_site[k])
        chrom, pos = pile.place(site)
        a, b = (v[0] for v in model.substitutions(pile, keys[k : k + 1]))
        allele = Allele(
            chrom, pos, BASES[pile.reference[site]], BASES[pile.alt_base[k]], pile.alt_count[k],
            pile.depth[site], float(pile.alt_mapq[k]), float(pile.mapq[site]), 0,
        )  # fmt: skip
        found.append(_evidence(allele, (a, b), p[k], q[k]))
    return found


def _evidence(allele: Allele, beta: tuple[Values, Values], p: float, q: float) -> Evidence:
    a, b = beta
    n = allele.spanning
    rate = float((n * a / (a + b)).sum() / max(int(n.sum()), 1))
    return Evidence(
        allele.chrom, allele.pos, allele.ref, allele.alt, allele.having.astype(np.int64),
        n.astype(np.int64), allele.mapq, allele.mapq_spanning, a, b, rate, float(p), float(q),
    )  # fmt: skip
