"""Random numbers inside compiled loops: a stream is an array of one number, its state.

Quicker to compile than numpy's generators, and every read pair can have a stream of its own.
"""

from __future__ import annotations

import numpy as np
from numba import njit

STEP = np.uint64(0x9E3779B97F4A7C15)
FIRST_MIX, SECOND_MIX = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
UNIT = 1.0 / 2**32


@njit(cache=True, nogil=True)
def bits(state):  # type: ignore[no-untyped-def]
    """The next 64 bits (SplitMix64: Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195)."""
    state[0] += STEP
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * FIRST_MIX
    z = (z ^ (z >> np.uint64(27))) * SECOND_MIX
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True)
def uniform(state):  # type: ignore[no-untyped-def]
    """A number from 0 to 1, 1 excluded."""
    return (bits(state) >> np.uint64(32)) * UNIT


@njit(cache=True, nogil=True)
def poisson(state, mean):  # type: ignore[no-untyped-def]
    """A Poisson number of a small mean: how many uniforms until their product falls below."""
    if mean <= 0.0:
        return np.int64(0)
    limit, product, count = np.exp(-mean), uniform(state), np.int64(0)
    while product > limit:
        product *= uniform(state)
        count += 1
    return count


@njit(cache=True, nogil=True)
def binomial(state, tries, chance):  # type: ignore[no-untyped-def]
    """Successes among a few tries."""
    count = np.int64(0)
    for _ in range(tries):
        if uniform(state) < chance:
            count += 1
    return count
