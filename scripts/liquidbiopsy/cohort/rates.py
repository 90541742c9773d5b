"""Events per person-year with exact Poisson limits, and the exact comparison of two such rates.

`scipy.stats.poisson_means_test` is not used: on rare events over unequal follow-up its p is far
from the exact conditional one.

References
----------
.. [1] Przyborowski J, Wilenski H. Homogeneity of results in testing samples from Poisson series.
       Biometrika 1940;31:313-323.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.rates import confint_poisson, test_poisson_2indep

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.intervals import LEVEL

DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Rate:
    """Events per person-year, with the exact 95 % interval."""

    events: int
    years: float
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class RateRatio:
    """The first rate over the second, with exact conditional interval and p [1]_."""

    ratio: float
    low: float
    high: float
    p: float


def rate(events: int, years: float) -> Rate:
    """The rate of a group.

    Parameters
    ----------
    events : int
        Events seen, >= 0.
    years : float
        Years that all patients of the group were followed, together, > 0.

    Raises
    ------
    UserError
        There is no follow-up.
    """
    _followed(years)
    low, high = confint_poisson(events, years, method="exact-c", alpha=1 - LEVEL)
    return Rate(events, years, events / years, 0.0 if events == 0 else float(low), float(high))


def rate_ratio(events: int, years: float, other_events: int, other_years: float) -> RateRatio:
    """Compare the rate of a group with that of another.

    Given all events, those of the first group are binomial; the limits of their share are
    Clopper-Pearson's, and those of the ratio follow.

    Parameters
    ----------
    events, years : int, float
        Of the first group, see `rate`.
    other_events, other_years : int, float
        Of the second.

    Raises
    ------
    UserError
        There is no event in either, or no follow-up in one.
    """
    _followed(years)
    _followed(other_years)
    both = events + other_events
    if both == 0:
        raise UserError("no event in either group")
    p = test_poisson_2indep(events, years, other_events, other_years, method="exact-cond").pvalue
    low, high = proportion_confint(events, both, alpha=1 - LEVEL, method="beta")
    scale = other_years / years
    found = _odds(events / both), _odds(float(low)), _odds(float(high))
    ratio, least, most = (odds * scale for odds in found)
    return RateRatio(ratio, least, most, min(1.0, float(p)))


def _odds(share: float) -> float:
    return math.inf if share >= 1 else share / (1 - share)


def _followed(years: float) -> None:
    if years <= 0:
        raise UserError("no patient was followed for a day")
