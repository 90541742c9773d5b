"""Rates of rare errors and how far sites differ in them: empirical Bayes for counts.

Errors of a kind are rare, so counts are taken as Poisson around rates that are gamma-distributed,
once among kinds (which draws each kind's rate to the mean of its class) and once among sites.

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
from scipy.special import gammaln

Values = npt.NDArray[np.float64]

SHAPES = (0.1, 1e4)  # of a gamma distribution; at the upper end all are alike
PRIOR_SHAPE, PRIOR_SPREAD = 1.0, 1.0  # before any data: log-normal, as if rates differed twofold
VARIANT_SHARES = (0.0, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
LOG_RANGE = np.log(1e4)  # over which counts of variants are spread evenly by their logarithm
TINY = 1e-300
BINS_OF_LOG = 20  # bins in a unit of log, for sites where nothing was seen


@dataclass(frozen=True)
class Among:
    """How rates of kinds lie around their mean; floats, or arrays of one shape."""

    errors: Any
    """Of all kinds, seen."""
    bases: Any
    before: Any
    """Rate expected before anything is seen; it weighs as much as one error."""
    shape: Any
    """Of the gamma distribution of rates among kinds."""

    def rate(self, errors: Any, bases: Any, less: Any = 0.0) -> tuple[Any, Any]:
        """Rate of a kind, drawn towards the mean by how little was seen of it [1]_.

        Parameters
        ----------
        errors, bases : float or array
            Of the kind.
        less : float or array
            Errors among `errors` that are not to count, and neither in the mean.

        Returns
        -------
        rate, uncertainty
            The second is the squared coefficient of variation of what is known of the first.
        """
        mean = (self.errors - less + 1) / (self.bases + 1 / self.before)
        seen = self.shape + errors - less
        return seen / (self.shape / mean + bases), 1 / seen


def among(errors: Values, bases: Values, before: float) -> Among:
    """How rates of kinds lie around their mean.

    Parameters
    ----------
    errors, bases : array of float, shape (kinds,)
        Errors seen, and the bases that were looked at.
    before : float
        Rate expected of the class before anything is seen.
    """
    mean = (errors.sum() + 1) / (bases.sum() + 1 / before)
    seen = bases > 0
    shape = fitted_shape(errors[seen], bases[seen] * mean)
    return Among(float(errors.sum()), float(bases.sum()), before, shape)


def fitted_shape(counts: Values, expected: Values, variants: bool = False) -> float:
    """Shape of the gamma distribution of rates, from counts and what is expected in the mean.

    Parameters
    ----------
    counts, expected : array of float, shape (n,)
        Counts >= 0, and their means > 0.
    variants : bool
        Whether some of the counts may be those of variants, which are no errors: these have any
        count, the smaller ones more often, in a share of the sites that is fitted too.

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
        prior = -0.5 * ((log_shape - np.log(PRIOR_SHAPE)) / PRIOR_SPREAD) ** 2
        return float(-(none + more.sum() + prior))

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
