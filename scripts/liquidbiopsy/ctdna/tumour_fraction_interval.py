"""Profile-likelihood intervals of tumour fraction and ploidy.

An interval holds all values at which the likelihood, greatest over all other parameters, is within
what the level of confidence allows of its maximum [1]_. It is of one solution: others, of quite
another fraction and ploidy, may be nearly as likely (`Estimate.solutions`).

References
----------
.. [1] Venzon DJ, Moolgavkar SH. A method for computing profile-likelihood-based confidence
       intervals. J R Stat Soc C 1988;37:87-94.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import sqrt

import numpy as np
from scipy.special import gammaincinv

from liquidbiopsy.copynumber.bins import Values
from liquidbiopsy.ctdna.tumour_fraction_climb import BOUNDS, FRACTION
from liquidbiopsy.ctdna.tumour_fraction_search import Ground, Solution, parameters

STEP = 0.01  # of fraction or ploidy, at first
EXACT = 1e-4
BISECTIONS = 12

Cost = Callable[[float, Values], tuple[float, Values]]


def fraction_interval(ground: Ground, solution: Solution) -> tuple[float, float]:
    """Profile-likelihood interval of the tumour fraction, near one solution.

    Parameters
    ----------
    ground : Ground
        Its settings: `confidence`.
    solution : Solution
    """
    states = ground.states(solution.usual, solution.subclones)
    held = np.array([True, False, False, False])

    def cost(value: float, start: Values) -> tuple[float, Values]:
        start = start.copy()
        start[FRACTION] = value
        at, likelihood, _ = ground.climb(states, start, held)
        return solution.log_likelihood - likelihood, at

    low, high = BOUNDS[FRACTION]
    return _interval(cost, solution.fraction, low, high, parameters(solution), ground)


def ploidy_interval(ground: Ground, solution: Solution) -> tuple[float, float]:
    """Profile-likelihood interval of the ploidy, near one solution.

    The profile is over the ploidy that the offset stands for, which the likelihood knows; the
    interval is moved by what that differs from the mean copies.
    """
    states = ground.states(solution.usual, solution.subclones)
    held = np.array([False, True, False, False])
    centre = 2 + 2 * (2.0**-solution.offset - 1) / solution.fraction

    def cost(value: float, start: Values) -> tuple[float, Values]:
        at, likelihood, _ = ground.climb(states, start, held, ploidy=value)
        return solution.log_likelihood - likelihood, at

    moved = solution.ploidy - centre
    low, high = _interval(cost, centre, centre - 4, centre + 4, parameters(solution), ground)
    return max(low + moved, 0.0), high + moved


def _interval(
    cost: Cost, centre: float, lowest: float, highest: float, start: Values, ground: Ground
) -> tuple[float, float]:
    """Where the log-likelihood has fallen by what the level of confidence allows, on both sides."""
    drop = float(gammaincinv(0.5, ground.settings["confidence"]))  # half a quantile of chi-square
    side = partial(_side, cost, centre, drop, start)
    return side(lowest), side(highest)


def _side(cost: Cost, centre: float, drop: float, start: Values, end: float) -> float:
    """The side of an interval towards `end`; `end` itself where it is not crossed before."""
    near, step, at = centre, STEP if end > centre else -STEP, start
    while True:
        far = near + step
        if (far - end) * step >= 0:
            far = end
        lost, there = cost(far, at)
        if lost >= drop:
            break
        if far == end:
            return end
        # the loss is about a parabola: go a bit beyond where that crosses
        near, at = far, there
        ahead = abs(far - centre) * (1.1 * sqrt(drop / max(lost, drop / 100)) - 1)
        step = max(ahead, EXACT) * (1 if step > 0 else -1)
    for _ in range(BISECTIONS):
        middle = (near + far) / 2
        lost, there = cost(middle, at)
        if lost < drop:
            near, at = middle, there
        else:
            far = middle
        if abs(far - near) < EXACT:
            break
    return (near + far) / 2
