"""Ploidy of each cell: the scale on which its levels are whole numbers of copies.

Ratios tell copies up to a factor. Each ploidy of a grid is held against a cell's levels: on the
right one they lie on whole numbers, as Ginkgo [1]_ and CHISEL [2]_ look for; that finer scales fit
anything is weighed by how many numbers they offer, and that most genomes are near two copies, or
doubled, by a prior. Reads cannot tell a genome from the same twice: where a doubling left no odd
number, two copies are said. Cells whose levels agree share their evidence.

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
OTHER = 0.02  # weight of ploidies that are neither near two nor those of a doubling
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


def grid_of(settings: Mapping[str, Any]) -> Values:
    """Ploidies that are tried, shape (p,)."""
    low, high = settings["ploidy_min"], settings["ploidy_max"]
    return np.asarray(low + STEP * np.arange(int(round((high - low) / STEP)) + 1))


def evidence_of(levels: Levels, settings: Mapping[str, Any], broad: float) -> Values:
    """Log likelihood of each cell's levels by ploidy, shape (m, p).

    `broad`: bins from which a loss of all copies is unlikely.
    """
    ploidies = grid_of(settings)
    both = fits(
        levels.level, levels.variance, levels.bins, levels.first, ploidies, ODD, broad, GONE, LOOSE
    )
    return np.asarray(np.logaddexp(np.log1p(-MOST_EVEN) + both[0], np.log(MOST_EVEN) + both[1]))


def prior_of(ploidies: Values, doubled: float) -> Values:
    """Logarithm of how common ploidies are, up to a constant; `doubled` is the doublings' share."""
    near = np.exp(-0.5 * ((ploidies - 2) / 0.3) ** 2) / 0.3
    twice = np.exp(-0.5 * ((ploidies - 3.5) / 0.7) ** 2) / 0.7
    far = np.exp(-0.5 * ((ploidies - 4.5) / 1.5) ** 2) / 1.5
    return np.asarray(np.log((1 - doubled) * near + doubled * twice + OTHER * far + 1e-9))


def ploidies_of(evidence: Values, tumour: Mask, settings: Mapping[str, Any]) -> Ploidies:
    """The likeliest ploidy of each cell, the runner-up, and how sure it is.

    Parameters
    ----------
    evidence : array of float, shape (m, p)
        Log likelihoods, those of like cells added.
    tumour : array of bool, shape (m,)
        Cells given as normal are hardly ever doubled.
    settings : dict
        `ploidy_min`, `ploidy_max`, `doubled_share`.
    """
    ploidies = grid_of(settings)
    score = evidence + prior_of(ploidies, settings["doubled_share"])
    score[~tumour] = evidence[~tumour] + prior_of(ploidies, NORMAL_DOUBLED)
    best = score.argmax(axis=1)
    chance = np.exp(score - score.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    ploidy = ploidies[best]
    near = np.abs(ploidies[None] - ploidy[:, None]) <= APART
    others = np.where(near, -np.inf, score)
    peak = (others[:, 1:-1] >= others[:, :-2]) & (others[:, 1:-1] >= others[:, 2:])
    others[:, 1:-1][~peak] = -np.inf
    at = others.argmax(axis=1)
    second = np.where(np.isfinite(others.max(axis=1)), ploidies[at], np.nan)
    return Ploidies(ploidy, second, np.where(near, chance, 0.0).sum(axis=1))
