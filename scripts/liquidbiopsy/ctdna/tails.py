"""Probability of as much evidence by error alone, each stratum with a beta-binomial of its own.

A molecule of a class that seldom errs tells more than one of a class that often does. Each counts
by a whole number, the logarithm of how much likelier it is by a variant of one in a thousand than
by error, and the evidence of an allele is their sum. Its distribution by error is the convolution
of those of the strata, term by term: exact. Where all strata err alike this is the probability of
as many molecules or more.

A site that errs more than others of its kind may do so in all classes of molecules. Such a factor
is gamma-distributed with a mean of 1, and the distribution is the mean over it, by Gauss-Laguerre
quadrature of as many nodes as are exact for the products of up to nine molecules.
"""

from __future__ import annotations

from functools import cache
from math import lgamma
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt
from scipy.special import gamma, roots_genlaguerre

Values = npt.NDArray[np.float64]

RARE = 1e-3  # share of molecules in a variant that is worth finding
HEAVIEST = 10
SAFE = 1e-11  # a tail larger than this is one minus the lower terms
FURTHER = 100  # terms beyond the evidence that are added up where it is smaller
MOST = 1500  # more evidence is taken for this much: its probability is smaller still
LEAST_P = 1e-300
SMALL = 50.0
NODES = 5  # of the factor that all strata share
EVEN = 1e-3  # squared coefficient of variation up to which it is taken as 1


@cache
def shared_factor(dispersion: float) -> tuple[Values, Values]:
    """Nodes and weights of a gamma-distributed factor of mean 1.

    Parameters
    ----------
    dispersion : float
        Its squared coefficient of variation, >= 0.

    Examples
    --------
    >>> x, w = shared_factor(0.5)
    >>> [float(round((w * x**k).sum(), 6)) for k in (0, 1, 2, 3)]
    [1.0, 1.0, 1.5, 3.0]
    """
    if dispersion <= EVEN:
        return np.ones(1), np.ones(1)
    shape = 1 / dispersion
    x, w = roots_genlaguerre(NODES, shape - 1)
    return np.asarray(x / shape, np.float64), np.asarray(w / gamma(shape), np.float64)


@nb.njit(cache=True, nogil=True)
def weights_of(a, b):  # type: ignore[no-untyped-def]
    """What a molecule of each stratum counts, 1 to 10."""
    found = np.empty(a.size, np.int64)
    for s in range(a.size):
        rate = a[s] / (a[s] + b[s])
        found[s] = min(max(int(np.log(1 + RARE / rate) + 0.5), 1), HEAVIEST)
    return found


@nb.njit(cache=True, nogil=True)
def log_none(n, a, b):  # type: ignore[no-untyped-def]
    """Logarithm of the probability of none of n in a beta-binomial: the sum of log(1 - a/(a+b+i)).

    The logarithms of gamma functions of a large b differ by too little to be told apart in floating
    point; there the sum is taken by the formula of Euler and Maclaurin.
    """
    if b < SMALL:
        return lgamma(b + n) + lgamma(a + b) - lgamma(b) - lgamma(a + b + n)
    total, sign = 0.0, 1.0
    for x in (float(n), 0.0):
        low, high = b + x, a + b + x
        own = np.log1p(-a / high)
        total += sign * (low * own - a * np.log(high) - own / 2 + a / (low * high) / 12)
        total -= sign * (2 / low**3 - 2 / high**3) / 720
        sign = -1.0
    return total


@nb.njit(cache=True, nogil=True)
def _terms(n, a, b, size):  # type: ignore[no-untyped-def]
    """Probabilities of 0 to size - 1 of one beta-binomial."""
    found = np.zeros(size)
    log_term = log_none(n, a, b)
    found[0] = np.exp(log_term)
    for j in range(min(size - 1, n)):
        log_term += np.log((n - j) * (a + j) / ((j + 1) * (b + n - j - 1)))
        found[j + 1] = np.exp(log_term)
    return found


@nb.njit(cache=True, nogil=True)
def _added(total, own, weight, last):  # type: ignore[no-untyped-def]
    """The distribution of a sum, and of it with further molecules; both up to `last`."""
    new = np.zeros(total.size)
    for i in range(last + 1):
        if total[i] > 0:
            for j in range((last - i) // weight + 1):
                new[i + j * weight] += total[i] * own[j]
    return new


@nb.njit(cache=True, nogil=True)
def evidence_by_error(n, a, b, nodes, shares, size):  # type: ignore[no-untyped-def]
    """Probabilities that the evidence is 0 to size - 1 by error alone.

    Parameters
    ----------
    n : array of int64, shape (strata,)
        Molecules.
    a, b : array of float64, shape (strata,)
        Of the beta distribution of each stratum's error rate.
    nodes, shares : array of float64, shape (nodes,)
        Of the factor of all rates, as `shared_factor` gives them.
    size : int
    """
    weights = weights_of(a, b)
    found = np.zeros(size)
    for k in range(nodes.size):
        total = np.zeros(size)
        total[0] = 1.0
        for s in range(n.size):
            if n[s] > 0:
                beyond = max((a[s] + b[s]) / nodes[k] - a[s], a[s])  # a mean of a half at most
                own = _terms(n[s], a[s], beyond, (size - 1) // weights[s] + 1)
                total = _added(total, own, weights[s], size - 1)
        found += shares[k] * total
    return found


@nb.njit(cache=True, nogil=True)
def _tail(evidence, n, a, b, nodes, shares):  # type: ignore[no-untyped-def]
    if evidence <= 0:
        return 1.0
    evidence = min(evidence, MOST)
    above = 1.0 - evidence_by_error(n, a, b, nodes, shares, evidence).sum()
    if above > SAFE:
        return min(above, 1.0)
    beyond = evidence_by_error(n, a, b, nodes, shares, evidence + FURTHER)
    return max(beyond[evidence:].sum(), LEAST_P)


@nb.njit(cache=True, nogil=True)
def _tails(counts, n, a, b, nodes, shares):  # type: ignore[no-untyped-def]
    found = np.ones(counts.shape[0])
    for t in range(counts.shape[0]):
        evidence = (counts[t] * weights_of(a[t], b[t])).sum()
        found[t] = _tail(evidence, n[t], a[t], b[t], nodes, shares)
    return found


def tails(
    counts: npt.ArrayLike,
    n: npt.ArrayLike,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    shared: float = 0.0,
) -> Values:
    """Probability of at least so much evidence by chance, of each test.

    Parameters
    ----------
    counts, n : array of int, shape (tests, ...)
        Molecules that differ, and all, of each stratum.
    a, b : array of float, shape (tests, ...)
        Parameters of the beta distribution of each stratum's error rate.
    shared : float
        Squared coefficient of variation of a factor that all strata of a test share.

    Returns
    -------
    array of float, shape (tests,)
        At least 1e-300.
    """
    x, m = (_rows(v, np.int64) for v in (counts, n))
    y, z = (_rows(v, np.float64) for v in (a, b))
    return np.asarray(_tails(x, m, y, z, *shared_factor(shared)), np.float64)


def _rows(values: npt.ArrayLike, kind: Any) -> npt.NDArray[Any]:
    given: npt.NDArray[Any] = np.ascontiguousarray(values, kind)
    return given.reshape(given.shape[0], -1)


@nb.njit(cache=True, nogil=True)
def _needed(n, a, b, nodes, shares, p, least):  # type: ignore[no-untyped-def]
    """Least evidence whose probability by error is at most `p`, of at least so many molecules."""
    weights = weights_of(a, b)
    heaviest = 1
    for s in range(n.size):
        if n[s] > 0:
            heaviest = max(heaviest, weights[s])
    low = max(1, (least - 1) * heaviest + 1)  # fewer molecules do not make so much
    high = low
    while _tail(high, n, a, b, nodes, shares) > p and high < MOST:
        low, high = high + 1, min(2 * high, MOST)
    while low < high:  # the tail falls as the evidence grows
        middle = (low + high) // 2
        if _tail(middle, n, a, b, nodes, shares) > p:
            low = middle + 1
        else:
            high = middle
    return low


@nb.njit(cache=True, nogil=True)
def _power(share, by_weight, needed):  # type: ignore[no-untyped-def]
    """Probability that a variant of a share of the molecules gives as much evidence as needed."""
    total = np.zeros(needed)
    total[0] = 1.0
    for weight in range(1, by_weight.size):
        n = by_weight[weight]
        if n > 0:
            own = np.zeros((needed - 1) // weight + 1)
            log_term = n * np.log1p(-share)
            own[0] = np.exp(log_term)
            for j in range(min(own.size - 1, n)):
                log_term += np.log((n - j) * share / ((j + 1) * (1 - share)))
                own[j + 1] = np.exp(log_term)
            total = _added(total, own, weight, needed - 1)
    return 1.0 - total.sum()


@nb.njit(cache=True, nogil=True)
def _share_detected(  # type: ignore[no-untyped-def]
    n, a, b, nodes, shares, p, least, probability
):  # fmt: skip
    needed = _needed(n, a, b, nodes, shares, p, least)
    weights = weights_of(a, b)
    by_weight = np.zeros(HEAVIEST + 1, np.int64)
    for s in range(n.size):
        by_weight[weights[s]] += n[s]
    most = 0
    for weight in range(1, HEAVIEST + 1):
        most += weight * by_weight[weight]
    if most < needed:
        return -1.0
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        if _power(middle, by_weight, needed) < probability:
            low = middle
        else:
            high = middle
    return high


def share_detected(
    n: npt.ArrayLike,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    shared: float,
    p: float,
    least: int,
    probability: float,
) -> float | None:
    """Share of molecules at which a variant is called with a probability; None where none is.

    Parameters
    ----------
    n, a, b : array, shape (strata,)
        Of one test, as of `tails`; so is `shared`.
    p : float
        Largest probability by error that is called.
    least : int
        Fewest molecules that are called.
    probability : float
        Of being called.
    """
    strata = np.ascontiguousarray(n, np.int64).ravel()
    first, second = (np.ascontiguousarray(v, np.float64).ravel() for v in (a, b))
    factor = shared_factor(shared)
    found = float(_share_detected(strata, first, second, *factor, p, least, probability))
    return None if found < 0 else found
