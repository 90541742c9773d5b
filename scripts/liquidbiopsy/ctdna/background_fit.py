"""Rates of rare errors and how far sites differ in them: empirical Bayes for counts.

Errors of a kind are rare, so counts are taken as Poisson around rates that are gamma-distributed:
groups of kinds (all changes of C to T) around the mean of their class, the kinds of a group (each
between its own neighbours) around that of the group, and the sites of a kind around that. What few
errors do not tell of a kind is drawn from its group, of a group from its class, and how little is
known of each is kept beside it.

References
----------
.. [1] Robbins H. An empirical Bayes approach to statistics. Proc Third Berkeley Symp 1956;157-163.
.. [2] Gerstung M et al. Reliable detection of subclonal single-nucleotide variants in tumour cell
       populations. Nat Commun 2012;3:811 (beta-binomial errors by site and strand).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import gammaincc, gammaln

Values = npt.NDArray[np.float64]
Kinds = npt.NDArray[np.int64]

SHAPES = (0.1, 1e4)  # of a gamma distribution; at the upper end all are alike
PRIOR_SHAPE, PRIOR_SPREAD = 1.0, 1.0  # before any data: log-normal, as if rates differed twofold
PRIOR_SHAPE_KINDS = 4.0  # the same of the kinds of one group, which are more alike
VARIANT_SHARES = (0.0, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
LOG_RANGE = np.log(1e4)  # over which counts of variants are spread evenly by their logarithm
TINY = 1e-300
BINS_OF_LOG = 20  # bins in a unit of log, for sites where nothing was seen


@dataclass(frozen=True)
class Rates:
    """Rates of kinds of errors by stratum; strata are the last axes of all arrays.

    Attributes
    ----------
    group : array of int, shape (kinds,)
        Group of each kind.
    errors, bases : array of float, shape (kinds, strata)
        Errors seen, and the bases that were looked at.
    copies : array of float, shape (strata,)
        How often each error is counted: 2 where a change and its complement are one kind.
    before : array of float, shape (strata,)
        Rate expected before anything is seen; it weighs as much as one error.
    shape : array of float, shape (2, strata)
        Of the gamma distributions of rates among groups, and among the kinds of one.
    true : array of float, shape (strata,)
        Share of the errors seen that are errors, and no variants of a single molecule.
    """

    group: Kinds
    errors: Values
    bases: Values
    copies: Values
    before: Values
    shape: Values
    true: Values

    def of(self, kinds: Kinds, less: Any = 0.0, fewer: Any = 0.0) -> tuple[Values, Values]:
        """Rates of kinds, each drawn towards its group, and that towards the class [1]_.

        Parameters
        ----------
        kinds : array of int, shape (n,)
        less, fewer : array of float, shape (n, strata)
            Errors and bases of the kind that are not to count, nor in the means.

        Returns
        -------
        rate, uncertainty : array of float, shape (n, strata)
            The second is the squared coefficient of variation of what is known of the first.
        """
        own = self.group[kinds]
        errors, bases = self._grouped
        total, looked = (v.sum(axis=0) / self.copies for v in (self.errors, self.bases))
        total, less = (total - less + 1) * self.true, less * self.true
        mean = total / (looked - fewer + 1 / self.before)
        unsure = np.minimum(1 / (total * self.true), 1)
        for shape, x, n in (
            (self.shape[0], errors[own], bases[own]),
            (self.shape[1], self.errors[kinds], self.bases[kinds]),
        ):
            seen, expected = shape + x * self.true - less, mean * np.maximum(n - fewer, 0)
            drawn = shape / (shape + expected)  # how much the mean has to say
            mean, unsure = mean * seen / (shape + expected), 1 / seen + drawn**2 * unsure
        return mean, unsure

    @property
    def _grouped(self) -> tuple[Values, Values]:
        return grouped(self.errors, self.group), grouped(self.bases, self.group)


def grouped(values: Values, group: Kinds) -> Values:
    """Values of kinds added up by group, shape (groups, ...)."""
    found = np.zeros((int(group.max()) + 1, *values.shape[1:]))
    np.add.at(found, group, values)
    return found


def fitted_rates(
    errors: Values,
    bases: Values,
    group: Kinds,
    distinct: npt.NDArray[np.bool_],
    before: float,
    hidden: float = 0.0,
) -> Rates:
    """How rates of the kinds of one stratum lie around their means.

    Parameters
    ----------
    errors, bases : array of float, shape (kinds,)
        Errors seen, and the bases that were looked at.
    group : array of int, shape (kinds,)
        Group of each kind.
    distinct : array of bool, shape (kinds,)
        One kind of each pair that are one; all where there are no pairs.
    before : float
        Rate expected of the class before anything is seen.
    hidden : float
        Variants that are expected among what was seen once.
    """
    x, n, own = errors[distinct], bases[distinct], group[distinct]
    true = true_share(float(x.sum()), hidden)
    x = x * true
    mean = (x.sum() + 1) / (n.sum() + 1 / before)
    by_group = [grouped(v, own) for v in (x, n)]
    shape = fitted_shape(by_group[0], by_group[1] * mean)
    of_group = (shape + by_group[0]) / (shape / mean + by_group[1])
    within = fitted_shape(x, n * of_group[own], prior=PRIOR_SHAPE_KINDS)
    copies = np.array(distinct.size / distinct.sum())
    shapes = np.array([shape, within])
    return Rates(group, errors, bases, copies, np.array(before), shapes, np.array(true))


def true_share(seen: float, hidden: float) -> float:
    """Share of what was seen that is errors, where some of it is variants.

    Errors are as many as is expected, a posteriori, of a Poisson count of them and of `hidden`
    variants together, before which any number of errors was as likely.

    Examples
    --------
    >>> round(true_share(12, 0), 6), round(true_share(12, 9), 2), round(true_share(100, 1), 2)
    (1.0, 0.36, 0.99)
    """
    if hidden <= 0:
        return 1.0
    beyond = gammaincc(seen + 1, hidden)
    if beyond < TINY:
        return 1 / (seen + 1)
    share = gammaincc(seen + 2, hidden) / beyond - hidden / (seen + 1)
    return float(np.clip(share, 1 / (seen + 1), 1))


def fitted_shape(
    counts: Values, expected: Values, variants: bool = False, prior: float = PRIOR_SHAPE
) -> float:
    """Shape of the gamma distribution of rates, from counts and what is expected in the mean.

    Parameters
    ----------
    counts, expected : array of float, shape (n,)
        Counts >= 0, and their means > 0.
    variants : bool
        Whether some of the counts may be those of variants, which are no errors: these have any
        count, the smaller ones more often, in a share of the sites that is fitted too.
    prior : float
        The shape that is most probable before any data.

    Returns
    -------
    float
        The most probable one, 0.1 to 10,000; the reciprocal of it is the squared coefficient of
        variation of the rates.
    """
    expected, counts = expected[expected > 0], counts[expected > 0]
    some = counts > 0
    lone, weight = _binned(expected[~some])
    seen, mean = counts[some], expected[some]
    spread = 1 / (seen * LOG_RANGE)
    fixed = gammaln(seen + 1) - seen * np.log(mean)

    def cost(log_shape: float, share: float) -> float:
        a = np.exp(log_shape)
        none = -(weight * a * np.log1p(lone / a)).sum() + weight.sum() * np.log1p(-share)
        more = gammaln(a + seen) - gammaln(a) - seen * np.log(a) - (a + seen) * np.log1p(mean / a)
        more = np.log((1 - share) * np.exp(more - fixed) + share * spread + TINY)
        before = -0.5 * ((log_shape - np.log(prior)) / PRIOR_SPREAD) ** 2
        return float(-(none + more.sum() + before))

    bounds = (np.log(SHAPES[0]), np.log(SHAPES[1]))
    best = [
        minimize_scalar(cost, bounds=bounds, method="bounded", args=(share,))
        for share in (VARIANT_SHARES if variants else (0.0,))
    ]
    return float(np.exp(min(best, key=lambda found: found.fun).x))


def _binned(expected: Values) -> tuple[Values, Values]:
    """Means that differ little as one, with how many there are."""
    if not expected.size:
        return np.zeros(0), np.zeros(0)
    number = np.round(np.log(expected) * BINS_OF_LOG).astype(np.int64)
    number -= number.min()
    weight = np.bincount(number).astype(float)
    total = np.bincount(number, weights=expected)
    kept = weight > 0
    return total[kept] / weight[kept], weight[kept]


def beta_of(rate: Values, dispersion: Values) -> tuple[Values, Values]:
    """Both parameters of the beta distribution of a mean and a squared coefficient of variation.

    Examples
    --------
    >>> [float(round(x, 6)) for x in beta_of(np.array(0.01), np.array(0.5))]
    [1.97, 195.03]
    """
    rate = np.clip(rate, 1e-12, 0.5)
    total = np.maximum((1 - rate) / (rate * np.maximum(dispersion, 1e-9)) - 1, 1e-3)
    return rate * total, (1 - rate) * total
