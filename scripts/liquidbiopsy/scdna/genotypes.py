"""Whether single cells have mutations at hotspots, with alleles in mind that amplification lost.

A base of a cell that is not mutated shows errors of reading, and now and then one of the first
cycles of amplification, which many of its reads may have. One that has a mutation of one allele
shows both alleles in shares that amplification leaves to chance, or, where one was lost, the other
alone: so a cell without a read of a mutation may have it. Both are weighed for each cell; a
mutation that another cell of the specimen has for sure is likelier beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, logsumexp

Values = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

LONE, SHARED = 0.01, 0.5
"""Probability of a mutation beforehand: at a hotspot, and at one that another cell has for sure."""
SURE = 0.95  # posterior by which another cell has it for sure
HOMOZYGOUS = 0.3  # share of mutations that both alleles have, or the one that is left
SPREAD = 200.0  # of errors of reading from site to site: reads by which their rate is known
BALANCE = 2.0  # of both alleles' shares, Beta(2, 2)
EARLY = (1.0, 3.0)  # of the share of reads with an error of amplification, Beta(1, 3)
FEWEST = 3  # reads with a change that is called
MOST = 2000  # reads, beyond which more tell nothing


@dataclass(frozen=True)
class Called:
    """One base change over all cells; arrays of shape (m,)."""

    posterior: Values
    """Probability that a cell has it, 0 to 1."""
    mutated: npt.NDArray[np.bool_]
    detectable: Values
    """Probability with which a mutation of one allele would have been called, 0 to 1."""


def called(alt: Whole, reads: Whole, dropout: Values, settings: Mapping[str, Any]) -> Called:
    """Call one base change in all cells.

    Parameters
    ----------
    alt, reads : array of int, shape (m,)
        Fragments with the change, and all.
    dropout : array of float, shape (m,)
        Share of heterozygous sites of which a cell has lost one allele, 0 to 1.
    settings : dict
        `error` (share of reads with a given wrong base), `early_error` (probability of one of
        amplification's first cycles), `posterior_min`.
    """
    alt, reads = _bounded(alt, reads)
    odds = np.array(
        [log_odds(k, n, d, settings) for k, n, d in zip(alt, reads, dropout, strict=True)]
    )
    lone = _posterior(odds, LONE)
    enough = alt >= FEWEST
    sure = (lone >= SURE) & enough
    others = sure.sum() - sure > 0
    posterior = np.where(others, _posterior(odds, SHARED), lone)
    mutated = (posterior >= settings["posterior_min"]) & enough
    detectable = np.array(
        [
            seen_by_chance(int(n), round(float(d), 3), bool(o), _key(settings))
            for n, d, o in zip(reads, dropout, others, strict=True)
        ]
    )
    return Called(posterior, mutated, detectable)


def log_odds(alt: int, reads: int, dropout: float, settings: Mapping[str, Any]) -> float:
    """Logarithm of the likelihood with a mutation over that without."""
    return float(_log_odds(np.array([alt]), reads, dropout, _key(settings))[0])


@cache
def seen_by_chance(reads: int, dropout: float, shared: bool, key: tuple[float, ...]) -> float:
    """Probability that a mutation of one allele would be called in a cell with so many reads."""
    error, _, least = key
    if reads < FEWEST:
        return 0.0
    alt = np.arange(reads + 1)
    prior = SHARED if shared else LONE
    enough = (_posterior(_log_odds(alt, reads, dropout, key), prior) >= least) & (alt >= FEWEST)
    chance = np.exp(_of_one_allele(alt, reads, dropout, error))
    return float(np.clip(chance[enough].sum(), 0, 1))


def _key(settings: Mapping[str, Any]) -> tuple[float, ...]:
    names = ("error", "early_error", "posterior_min")
    return tuple(float(settings[name]) for name in names)


def _log_odds(alt: Whole, reads: int, dropout: float, key: Sequence[float]) -> Values:
    error, early = key[0], key[1]
    wrong = log_error(alt, reads, error)
    none = np.logaddexp(
        np.log1p(-early) + wrong, np.log(early) + log_beta_binomial(alt, reads, *EARLY)
    )
    one = _of_one_allele(alt, reads, dropout, error)
    both = log_error(reads - alt, reads, error)
    some = np.logaddexp(np.log1p(-HOMOZYGOUS) + one, np.log(HOMOZYGOUS) + both)
    return np.asarray(some - none, np.float64)


def _of_one_allele(alt: Whole, reads: int, dropout: float, error: float) -> Values:
    """Logarithm of the probability of what is seen where one of two alleles has the mutation."""
    lost = np.log(max(dropout, 1e-9) / 2)
    ways = (
        lost + log_error(alt, reads, error),
        lost + log_error(reads - alt, reads, error),
        np.log1p(-min(dropout, 1 - 1e-9)) + log_beta_binomial(alt, reads, BALANCE, BALANCE),
    )
    return np.asarray(logsumexp(np.stack(ways), axis=0), np.float64)


def log_beta_binomial(
    hits: Whole | Values, trials: int | Whole | Values, a: float | Values, b: float | Values
) -> Values:
    """Logarithm of the probability of so many hits of so many trials, `a` and `b` over 0.

    As `scipy.stats.betabinom.logpmf` to the last bit, where `0 <= hits <= trials`; to import
    `scipy.stats` takes a second, in each job.
    """
    ways = -np.log(trials + 1) - betaln(trials - hits + 1, hits + 1)
    return np.asarray(ways + betaln(hits + a, trials - hits + b) - betaln(a, b), np.float64)


def log_error(wrong: Whole, reads: int | Whole, error: float) -> Values:
    """Logarithm of the probability of so many errors of reading."""
    return log_beta_binomial(wrong, reads, error * SPREAD, (1 - error) * SPREAD)


def _posterior(odds: Values, prior: float) -> Values:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds + np.log(prior / (1 - prior)), -700, 700))))


def _bounded(alt: Whole, reads: Whole) -> tuple[Whole, Whole]:
    """Reads in the same shares, and not too many of them."""
    scale = np.minimum(1.0, MOST / np.maximum(reads, 1))
    few = np.round(reads * scale).astype(np.int64)
    return np.minimum(np.round(alt * scale).astype(np.int64), few), few
