"""Hidden Markov models over copy states along a genome, for plasma and single cells alike.

States change at a rate of their own: after a distance d (in usual lengths of a segment) a state k
is left with probability 1 - exp(-d rate[k]), for any state j with probability jump[j]. Each contig
begins anew, with `jump`. Because the state that comes does not depend on the one that goes, a pass
takes time in proportion to the states, not to their square [1]_.

Densities are Student's t, which a few bins far off do not move [2]_. They may be raised to a power
under 1, where neighbouring bins are not independent and tell less than they seem to.

References
----------
.. [1] Rabiner LR. A tutorial on hidden Markov models. Proc IEEE 1989;77:257-286 (scaled passes).
.. [2] Ha G et al. Integrative analysis of genome-wide loss of heterozygosity and monoallelic
       expression at nucleotide resolution. Genome Res 2012;22:1995-2007.
"""

from __future__ import annotations

from math import exp, lgamma, log, pi

import numba as nb
import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

FIRST = -1.0  # distance of the first bin of a contig: there is nothing before it


def distances(contig: npt.NDArray[np.int16], place: Values, length: float) -> Values:
    """Distance of each bin from the one before, in usual lengths of a segment.

    Parameters
    ----------
    contig : array of int16, shape (n,)
        Contig of each bin, in genome order.
    place : array of float64, shape (n,)
        Middle of each bin, in bases.
    length : float
        Usual length of a segment, in bases, > 0.

    Returns
    -------
    array of float64, shape (n,)
        -1 where a contig begins.
    """
    if not contig.size:
        return np.empty(0)
    found = np.diff(place, prepend=place[0]) / length
    found[np.diff(contig, prepend=contig[0] - 1) != 0] = FIRST
    return found


@nb.njit(cache=True, nogil=True)
def student(x, scale, means, dof, power, density):  # type: ignore[no-untyped-def]
    """Density of each bin in each state, to a power and without its constant, into `density`.

    Parameters
    ----------
    x : array of float64, shape (n,)
        Values; where NaN, all states are alike.
    scale : array of float64, shape (n,)
        Scale of the t distribution, > 0.
    means : array of float64, shape (states,)
    dof : float
        Degrees of freedom, > 0.
    power : float
        0 to 1; 1 where bins are independent.
    density : array of float64, shape (n, states)
    """
    slope = -0.5 * (dof + 1) * power
    for t in range(x.size):
        for k in range(means.size):
            if np.isnan(x[t]):
                density[t, k] = 1.0
                continue
            z = (x[t] - means[k]) / scale[t]
            density[t, k] = exp(slope * log(1 + z * z / dof))


@nb.njit(cache=True, nogil=True)
def student_constant(x, scale, dof, power):  # type: ignore[no-untyped-def]
    """Sum over bins of the log of what `student` leaves out."""
    each = lgamma(0.5 * (dof + 1)) - lgamma(0.5 * dof) - 0.5 * log(dof * pi)
    total = 0.0
    for t in range(x.size):
        if not np.isnan(x[t]):
            total += each - log(scale[t])
    return power * total


@nb.njit(cache=True, nogil=True)
def forward(density, distance, jump, rate, filtered, norm):  # type: ignore[no-untyped-def]
    """Log-likelihood of a chain.

    Parameters
    ----------
    density : array of float64, shape (n, states)
        Of each bin in each state; no row may be all 0.
    distance : array of float64, shape (n,)
        As `distances` gives it.
    jump, rate : array of float64, shape (states,)
        Probabilities of coming to each state, which add to 1, and rates of leaving, > 0.
    filtered, norm : array of float64, shapes (n, states) and (n,)
        Written: probability of each state given the bins so far, and what it was divided by.
    """
    bins, states = density.shape
    stay = np.zeros(states)
    last = np.nan
    total = 0.0
    for t in range(bins):
        left = 1.0
        if distance[t] >= 0:
            if distance[t] != last:
                for k in range(states):
                    stay[k] = exp(-distance[t] * rate[k])
                last = distance[t]
            left = 0.0
            for k in range(states):
                left += (1 - stay[k]) * filtered[t - 1, k]
        sum_ = 0.0
        for k in range(states):
            p = left * jump[k]
            if distance[t] >= 0:
                p += stay[k] * filtered[t - 1, k]
            p *= density[t, k]
            filtered[t, k] = p
            sum_ += p
        for k in range(states):
            filtered[t, k] /= sum_
        norm[t] = sum_
        total += log(sum_)
    return total


@nb.njit(cache=True, nogil=True)
def forward_backward(density, distance, jump, rate, filtered, norm):  # type: ignore[no-untyped-def]
    """Log-likelihood of a chain, and in `filtered` the probability of each state given all bins.

    Parameters are those of `forward`.
    """
    bins, states = density.shape
    total = forward(density, distance, jump, rate, filtered, norm)
    stay = np.zeros(states)
    ahead = np.ones(states)  # likelihood of the bins to come, by state, over that of all
    last = np.nan
    for t in range(bins - 1, -1, -1):
        arrive = 0.0
        for k in range(states):
            here = ahead[k] * density[t, k] / norm[t]
            filtered[t, k] *= ahead[k]
            ahead[k] = here
            arrive += jump[k] * here
        if distance[t] < 0:
            ahead[:] = 1.0  # the contig before knows nothing of this one
            continue
        if distance[t] != last:
            for k in range(states):
                stay[k] = exp(-distance[t] * rate[k])
            last = distance[t]
        for k in range(states):
            ahead[k] = stay[k] * ahead[k] + (1 - stay[k]) * arrive
    return total


@nb.njit(cache=True, nogil=True)
def most_probable(density, distance, jump, rate):  # type: ignore[no-untyped-def]
    """The most probable path through a chain (Viterbi).

    Parameters are those of `forward`.

    Returns
    -------
    array of int16, shape (n,)
        States.
    """
    bins, states = density.shape
    before = np.zeros((bins, states), np.int16)
    path = np.zeros(bins, np.int16)
    score, fresh = np.zeros(states), np.zeros(states)
    tiny = 1e-300
    for t in range(bins):
        best, leaving = 0, -np.inf
        for k in range(states):
            if distance[t] < 0:
                left = score[k]
            else:
                left = score[k] + log(max(1 - exp(-distance[t] * rate[k]), tiny))
            if left > leaving:
                best, leaving = k, left
        for k in range(states):
            fresh[k], before[t, k] = leaving + log(max(jump[k], tiny)), best
            if distance[t] >= 0:
                # a state that is left for itself is stayed in
                gone = 1 - exp(-distance[t] * rate[k])
                same = score[k] + log(max(1 - gone * (1 - jump[k]), tiny))
                if same >= fresh[k]:
                    fresh[k], before[t, k] = same, k
            fresh[k] += log(max(density[t, k], tiny))
        score[:] = fresh
    state = int(np.argmax(score))
    for t in range(bins - 1, -1, -1):
        path[t] = state
        state = before[t, state]
    return path
