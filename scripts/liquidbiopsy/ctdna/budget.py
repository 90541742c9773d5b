"""How small a probability must be, so that errors make no more false calls than are allowed.

P-values of counts are steps: where 1e-6 is asked for, a test may have 2e-7 as its next smaller
value, and a test that cannot reach it at all costs nothing. So the calls that errors are expected
to make at a threshold are added up, test by test, from the very distributions that the p-values
come from [1]_, and a threshold is taken as large as the budget allows. The same sum makes the false
discovery rate of discrete tests [2]_. Where variants are likelier beforehand (hotspots, the
patient's known mutations) p-values count as smaller by a factor, and all others pay for it [3]_.

References
----------
.. [1] Tarone RE. A modified Bonferroni method for discrete data. Biometrics 1990;46:515-522.
.. [2] Heyse JF. A false discovery rate procedure for categorical data. In: Recent Advances in
       Biostatistics. World Scientific 2011;43-58.
.. [3] Genovese CR, Roeder K, Wasserman L. False discovery control with p-value weighting.
       Biometrika 2006;93:509-524.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.model import Model
from liquidbiopsy.ctdna.pileup import Pile
from liquidbiopsy.ctdna.tails import MOST, Values, evidence_by_error, shared_factor

MEGABASE = 1e6
SITES = 1000  # of those without a weight, evenly taken, that stand for all
INDELS = ((1, 0), (0, 1))  # bases inserted and deleted of those that stand for all
ROOM = 64  # steps of evidence looked at first
LEFT = 1e-11  # probability of more evidence that is not looked at


@dataclass(frozen=True)
class Budget:
    """False calls that errors are expected to make, by the largest p-value that is called."""

    p: Values
    """P-values that tests can have, divided by their weights; sorted."""
    calls: Values
    """Expected number of tests whose p-value is each of these."""

    @cached_property
    def _expected(self) -> Values:
        return np.concatenate([[0.0], np.cumsum(self.calls)])

    def expected(self, p: npt.ArrayLike) -> Values:
        """False calls expected where p-values, divided by their weights, up to `p` are called."""
        at = np.searchsorted(self.p, np.asarray(p), side="right")
        return np.asarray(self._expected[at], np.float64)

    def threshold(self, calls: float) -> float:
        """Largest p-value, divided by its weight, up to which so many false calls are expected.

        Parameters
        ----------
        calls : float
            Expected number of false calls, > 0.
        """
        steps = int(np.searchsorted(self._expected, calls, side="right")) - 1
        if steps == self.p.size:
            return 1.0
        return float(self.p[steps - 1]) if steps else 0.0

    def q(self, p: Values) -> Values:
        """False discovery rates of p-values that were divided by their weights."""
        order = np.argsort(p, kind="stable")
        raw = self.expected(p[order]) / np.arange(1, p.size + 1)
        found = np.empty(p.size)
        found[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1)
        return found


@nb.njit(cache=True, nogil=True)
def _steps(n, a, b, nodes, shares):  # type: ignore[no-untyped-def]
    """P-values that tests can have, and the probability of each."""
    p, chance = [1.0], [0.0]
    for t in range(n.shape[0]):
        size = ROOM
        own = evidence_by_error(n[t], a[t], b[t], nodes, shares, size)
        while 1 - own.sum() > LEFT and size < MOST:
            size = min(2 * size, MOST)
            own = evidence_by_error(n[t], a[t], b[t], nodes, shares, size)
        tail = 0.0
        for evidence in range(size - 1, 0, -1):
            if own[evidence] > 0:
                tail += own[evidence]
                p.append(tail)
                chance.append(own[evidence])
    return np.array(p), np.array(chance)


def budget_of(pile: Pile, model: Model, settings: Mapping[str, Any]) -> Budget:
    """Add up what errors may do at the sites that are deep enough.

    Parameters
    ----------
    pile : Pile
    model : Model
        Hotspots and known mutations are what it left out where errors were counted.
    settings : dict
        `min_depth`, `prior_weight`.
    """
    deep, likely = deep_sites(pile, settings), model.out.sites
    parts = []
    for own, weight in ((deep & ~likely, 1.0), (deep & likely, settings["prior_weight"])):
        number = int(own.sum())
        if number:
            some = np.flatnonzero(own)[:: number // SITES + 1]
            p, chance = _of_sites(pile, model, some)
            parts.append((p / weight, chance * (number / some.size)))
    if not parts:
        return Budget(np.zeros(0), np.zeros(0))
    p, chance = (np.concatenate(v) for v in zip(*parts, strict=True))
    distinct, which = np.unique(p, return_inverse=True)
    calls = np.bincount(which.reshape(-1), weights=chance)
    return Budget(distinct, np.asarray(calls, np.float64))


def _of_sites(pile: Pile, model: Model, sites: npt.NDArray[np.int64]) -> tuple[Values, Values]:
    """Steps of all tests at some sites: three substitutions, an insertion and a deletion."""
    n = np.ascontiguousarray(pile.depth[sites], np.int64).reshape(sites.size, -1)
    others = sites * 4 + (pile.reference[sites] + np.arange(1, 4)[:, None]) % 4
    lengths, which = np.unique(pile.tract[sites], return_inverse=True)
    tests = [(*model.substitutions(pile, keys), model.shared(False)) for keys in others]
    for indel in INDELS:
        gaps = [model.gap(*indel, int(length)) for length in lengths]
        a, b = (np.array(v)[which.reshape(-1)] for v in zip(*gaps, strict=True))
        tests.append((a, b, model.shared(True)))
    found = []
    for a, b, shared in tests:
        x, y = (np.ascontiguousarray(v).reshape(sites.size, -1) for v in (a, b))
        nodes, shares = shared_factor(shared)
        found.append(_steps(n, x, y, nodes, shares))
    p, chance = (np.concatenate(v) for v in zip(*found, strict=True))
    return p, chance


def deep_sites(pile: Pile, settings: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Sites at which a variant may pass, shape (sites,)."""
    deep = pile.depth.sum(axis=(1, 2, 3), dtype=np.int32) >= settings["min_depth"]
    return np.asarray(deep & (pile.trinucleotide >= 0))
