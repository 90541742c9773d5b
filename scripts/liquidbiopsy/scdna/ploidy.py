"""Ploidy of each cell: the scale on which its levels are whole numbers of copies.

Ratios tell copies up to a factor. Each ploidy of a grid is held against a cell's levels: on the
right one they lie on whole numbers, as Ginkgo [1]_ and CHISEL [2]_ look for; that finer scales fit
anything is weighed by how many numbers they offer, and that most genomes are near two copies, or
doubled, by a prior. Levels may be off by waves of a size that is not known, as where GC was not
corrected, or a finer scale would take many small differences for copies. Reads cannot tell a genome
from the same twice: where a doubling left no odd number, two copies are said. Cells whose levels
agree share their evidence.

References
----------
.. [1] Garvin T et al. Interactive analysis and assessment of single-cell copy-number variations.
       Nat Methods 2015;12:1058-1060, doi:10.1038/nmeth.3578.
.. [2] Zaccaria S, Raphael BJ. Characterizing allele- and haplotype-specific copy numbers in single
       cells with CHISEL. Nat Biotechnol 2021;39:207-214, doi:10.1038/s41587-020-0661-6.
.. [3] Bielski CM et al. Genome doubling shapes the evolution and prognosis of advanced cancers. Nat
       Genet 2018;50:1189-1195, doi:10.1038/s41588-018-0165-1 (how common, and at which ploidy).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bins import Mask, Values
from liquidbiopsy.scdna.ploidy_kernel import fits

STEP = 0.02  # of the grid, in copies
APART = 0.25  # copies by which ploidies differ that are two solutions
ODD = 0.1  # share of odd numbers where a doubling left most even
MOST_EVEN = 0.3  # how often it did
GONE = 1e-3  # how likely a broad loss of all copies is, next to a narrow one
LOOSE = 0.02  # share of segments on no whole number
WAVY = 0.1  # how often levels are off by waves
WAVES = (0.03, 0.06, 0.1)  # of a level, by which they then are: all sizes as likely
OTHER = 0.1  # share of the doubled genomes whose ploidy is far from the usual
OFF = 0.1  # of the mean, by which a level is a change
LITTLE = 0.02  # share of the genome off the mean that is no change
LEAST = 0.2  # ratio under which waves are no smaller
CELLS = 2.0  # cells' worth of the prior share of doublings
ROUNDS = 5  # of learning it from the cells
NORMAL_DOUBLED = 0.005  # share of doubled genomes among cells given as normal


@dataclass(frozen=True)
class Levels:
    """Levels of cells, one cell after the other."""

    level: Values
    """Ratio, 1 at the cell's mean, shape (levels,)."""
    variance: Values
    bins: Values
    first: Any
    """Where each cell's begin, and the end; shape (m + 1,)."""


@dataclass(frozen=True)
class Ploidies:
    """Ploidy of cells; arrays of shape (m,)."""

    ploidy: Values
    """Mean copies where ratios have a mean of 1."""
    second: Values
    """That of the runner-up; NaN where there is none worth a word."""
    confidence: Values
    """Share of the probability that the ploidy has, 0 to 1."""
    margin: Values
    """Nats by which levels alone fit it better than any other; about 0 where they do not tell it
    from another, as a genome without odd numbers from its double."""


def grid_of(settings: Mapping[str, Any]) -> Values:
    """Ploidies that are tried, shape (p,)."""
    low, high = settings["ploidy_min"], settings["ploidy_max"]
    return np.asarray(low + STEP * np.arange(int(round((high - low) / STEP)) + 1))


def evidence_of(levels: Levels, settings: Mapping[str, Any], broad: float) -> Values:
    """Log likelihood of each cell's levels by ploidy, shape (m, p).

    `broad`: bins from which a loss of all copies is unlikely.
    """
    found = np.log1p(-WAVY) + _evidence(levels, levels.variance, settings, broad)
    for wave in WAVES:
        variance = levels.variance + (wave * np.maximum(levels.level, LEAST)) ** 2
        one = np.log(WAVY / len(WAVES)) + _evidence(levels, variance, settings, broad)
        found = np.logaddexp(found, one)
    return np.asarray(found)


def _evidence(
    levels: Levels, variance: Values, settings: Mapping[str, Any], broad: float
) -> Values:
    """The same where levels are off by no more than their variance."""
    ploidies = grid_of(settings)
    both = fits(
        levels.level, variance, levels.bins, levels.first, ploidies, ODD, broad, GONE, LOOSE
    )
    return np.asarray(np.logaddexp(np.log1p(-MOST_EVEN) + both[0], np.log(MOST_EVEN) + both[1]))


def changed_of(levels: Levels) -> Mask:
    """Cells of which more than little lies off the mean, shape (m,)."""
    off = np.abs(levels.level - 1) > OFF
    first = levels.first
    share = [
        float(levels.bins[a:b] @ off[a:b]) / max(float(levels.bins[a:b].sum()), 1.0)
        for a, b in zip(first[:-1], first[1:], strict=True)
    ]
    return np.array(share) > LITTLE


def searched(levels: Levels, tumour: Mask, settings: Mapping[str, Any], broad: float) -> Ploidies:
    """Ploidies of cells by their levels; parameters as of `evidence_of` and `ploidies_of`.

    Of a cell of two copies throughout, waves tell no more than one level: not that it is doubled,
    and not that it is not.
    """
    evidence, changed = evidence_of(levels, settings, broad), changed_of(levels)
    found = ploidies_of(evidence, tumour, changed, settings)
    flat = np.flatnonzero(_of_two(levels, found.ploidy))
    if not flat.size:
        return found
    parts = [slice(levels.first[k], levels.first[k + 1]) for k in flat]
    one = Levels(
        np.ones(flat.size),
        np.array([levels.variance[part].min() for part in parts]),
        np.array([levels.bins[part].sum() for part in parts]),
        np.arange(flat.size + 1),
    )
    evidence[flat], changed[flat] = evidence_of(one, settings, broad), False
    return ploidies_of(evidence, tumour, changed, settings)


def _of_two(levels: Levels, ploidy: Values) -> Mask:
    """Cells of several levels of which all but little are two copies, shape (m,)."""
    many = np.diff(levels.first)
    other = np.rint(levels.level * np.repeat(ploidy, many)) != 2
    share = [
        float(levels.bins[a:b] @ other[a:b]) / max(float(levels.bins[a:b].sum()), 1.0)
        for a, b in zip(levels.first[:-1], levels.first[1:], strict=True)
    ]
    return (many > 1) & (np.array(share) <= LITTLE)


def priors_of(ploidies: Values, doubled: float) -> tuple[Values, Values]:
    """How common ploidies are in genomes that were not doubled, and in those that were; (p,)."""
    near = np.exp(-0.5 * ((ploidies - 2) / 0.3) ** 2) / 0.3
    twice = np.exp(-0.5 * ((ploidies - 3.5) / 0.7) ** 2) / 0.7
    far = np.exp(-0.5 * ((ploidies - 4.5) / 1.5) ** 2) / 1.5
    return (1 - doubled) * near + 1e-9, doubled * ((1 - OTHER) * twice + OTHER * far)


def ploidies_of(
    evidence: Values, tumour: Mask, changed: Mask, settings: Mapping[str, Any]
) -> Ploidies:
    """The likeliest ploidy of each cell, the runner-up, and how sure it is.

    Cells of a specimen come from one tumour: how many of those with changes were doubled is learnt
    from those of which it shows.

    Parameters
    ----------
    evidence : array of float, shape (m, p)
        Log likelihoods.
    tumour : array of bool, shape (m,)
        Cells given as normal are hardly ever doubled.
    changed : array of bool, shape (m,)
        Cells with changes; of the others nothing is learnt, and nothing learnt is used for them.
    settings : dict
        `ploidy_min`, `ploidy_max`, `doubled_share`.
    """
    ploidies = grid_of(settings)
    likely = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    prior = float(settings["doubled_share"])
    share = np.full(len(evidence), prior)
    share[~tumour] = NORMAL_DOUBLED
    learnt = tumour & changed
    for _ in range(ROUNDS if learnt.any() else 0):
        once, twice = priors_of(ploidies, float(share[learnt][0]))
        of_twice = (likely[learnt] * twice).sum(axis=1)
        of_twice /= of_twice + (likely[learnt] * once).sum(axis=1)
        share[learnt] = (CELLS * prior + of_twice.sum()) / (CELLS + learnt.sum())
    ploidy = ploidies[_chance(likely, ploidies, share).argmax(axis=1)]
    # Cells of one clone are in doubt for one reason: together they are no surer by much.
    share[learnt] = np.maximum(share[learnt], prior / 2)
    chance = _chance(likely, ploidies, share)
    near = np.abs(ploidies[None] - ploidy[:, None]) <= APART
    others = np.where(near, 0.0, chance)
    peak = (others[:, 1:-1] >= others[:, :-2]) & (others[:, 1:-1] >= others[:, 2:])
    others[:, 1:-1][~peak] = 0.0
    second = np.where(others.max(axis=1) > 0, ploidies[others.argmax(axis=1)], np.nan)
    best = [np.where(there, evidence, -np.inf).max(axis=1) for there in (near, ~near)]
    return Ploidies(ploidy, second, np.where(near, chance, 0.0).sum(axis=1), best[0] - best[1])


def _chance(likely: Values, ploidies: Values, share: Values) -> Values:
    """Probability of each ploidy in cells of which such a share was doubled, shape (m, p)."""
    chance = np.empty(likely.shape)
    for k, doubled in enumerate(share):
        chance[k] = likely[k] * np.add(*priors_of(ploidies, float(doubled)))
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))
