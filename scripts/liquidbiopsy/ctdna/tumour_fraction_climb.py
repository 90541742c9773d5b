"""Expectation maximisation of tumour fraction, offset, subclone and noise from one start.

Each round takes the probability of each state in each bin, and then one Gauss-Newton step towards
the parameters that fit best with these; bins far from their state count less, as Student's t has
it [1]_.

References
----------
.. [1] Lange KL, Little RJA, Taylor JMG. Robust statistical modeling using the t distribution.
       J Am Stat Assoc 1989;84:881-896.
"""

from __future__ import annotations

from math import log, sqrt

import numba as nb
import numpy as np

from liquidbiopsy.copynumber.hmm import forward_backward, student, student_constant
from liquidbiopsy.ctdna.tumour_fraction_states import LEAST

FRACTION, OFFSET, SHARE, SCALE = 0, 1, 2, 3  # places of the parameters
BOUNDS = ((0.001, 0.999), (-6.0, 6.0), (0.15, 0.85), (1e-3, 1e3))
STEPS = (0.1, 0.3, 0.1)  # at most, in one round
LN2 = log(2.0)


@nb.njit(cache=True, nogil=True)
def climb(  # type: ignore[no-untyped-def]
    x, noise, distance, copies, shared, usual, jump, rate, start, held, ploidy, dof, power, rounds,
    tolerance,
):  # fmt: skip
    """Parameters of greatest likelihood near a start.

    Parameters
    ----------
    x, noise, distance : array of float64, shape (n,)
        log2 of bins, its expected noise, and how far the bin before is (`hmm.distances`).
    copies, shared, usual, jump, rate
        A `States`.
    start : array of float64, shape (4,)
        Fraction, offset (log2), share of cells in which the shared states are, and scale of
        the noise.
    held : array of bool, shape (4,)
        Which of these are not to move.
    ploidy : float
        Holds the offset where a genome of so many copies in the mean lies at log2 0; NaN for none.
    dof, power : float
        Of Student's t, as in `hmm.student`.
    rounds : int
        At most.
    tolerance : float
        Gain of log-likelihood under which it ends.

    Returns
    -------
    parameters : array of float64, shape (4,)
    log_likelihood : float
    posterior : array of float64, shape (n, states)
        Probability of each state in each bin.
    """
    n, states = x.size, copies.size
    found = start.copy()
    posterior, density = np.empty((n, states)), np.empty((n, states))
    norm, scale = np.empty(n), np.empty(n)
    means, carried = np.empty(states), np.empty(states)
    weight, pull = np.empty(states), np.empty(states)
    old = -np.inf
    reached = -np.inf
    for _ in range(rounds):
        f = found[0]
        tied = not np.isnan(ploidy)
        if tied:
            found[1] = -np.log2(max(1 + f * (ploidy - 2) / 2, LEAST))
        for k in range(states):
            carried[k] = copies[k]
            if shared[k]:
                carried[k] = found[2] * copies[k] + (1 - found[2]) * usual
            means[k] = found[1] + np.log2(max(1 + f * (carried[k] - 2) / 2, LEAST))
        for t in range(n):
            scale[t] = noise[t] * found[3]
        student(x, scale, means, dof, power, density)
        reached = forward_backward(density, distance, jump, rate, posterior, norm)
        reached += student_constant(x, scale, dof, power)
        if reached - old < tolerance:
            break
        old = reached
        weight[:], pull[:], spread = 0.0, 0.0, 0.0
        for t in range(n):
            for k in range(states):
                p = posterior[t, k]
                if p < 1e-9:
                    continue
                z = (x[t] - means[k]) / scale[t]
                w = (dof + 1) / (dof + z * z) * p
                weight[k] += w / (scale[t] * scale[t])
                pull[k] += w * z / scale[t]
                spread += w * z * z
        bend, slope, along = np.zeros((3, 3)), np.zeros(3), np.zeros(3)
        for k in range(states):
            lies = max(1 + f * (carried[k] - 2) / 2, LEAST)
            along[0] = (carried[k] - 2) / (2 * lies * LN2) if lies > LEAST else 0.0
            along[1] = 1.0
            along[2] = f * (copies[k] - usual) / (2 * lies * LN2) if shared[k] else 0.0
            if tied:
                centre = max(1 + f * (ploidy - 2) / 2, LEAST)
                along[0] -= (ploidy - 2) / (2 * centre * LN2)
                along[1] = 0.0
            for i in range(3):
                if held[i]:
                    along[i] = 0.0
            for i in range(3):
                slope[i] += along[i] * pull[k]
                for j in range(3):
                    bend[i, j] += along[i] * along[j] * weight[k]
        for i in range(3):
            bend[i, i] = bend[i, i] * 1.0001 + 1e-9
        step = np.linalg.solve(bend, slope)
        for i in range(3):
            move = min(max(step[i], -STEPS[i]), STEPS[i])
            if not held[i]:
                found[i] = min(max(found[i] + move, BOUNDS[i][0]), BOUNDS[i][1])
        if not held[3]:
            found[3] = min(max(found[3] * sqrt(spread / n), BOUNDS[3][0]), BOUNDS[3][1])
    return found, reached, posterior
