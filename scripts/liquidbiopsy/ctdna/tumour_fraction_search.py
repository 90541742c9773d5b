"""Every start climbed, alike ends joined, and the solution chosen.

Copies by depth alone are not unique: half the fraction with twice the steps, or one more copy
everywhere, fit nearly as well [1]_. All solutions are kept. The one of highest score is chosen, or
the simplest of those that are nearly as good: without subclones, and nearest to two copies.

References
----------
.. [1] Carter SL et al. Absolute quantification of somatic DNA alterations in human cancer. Nat
       Biotechnol 2012;30:413-421.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bins import Values
from liquidbiopsy.ctdna.tumour_fraction_bins import Track
from liquidbiopsy.ctdna.tumour_fraction_climb import FRACTION, OFFSET, SCALE, SHARE, climb
from liquidbiopsy.ctdna.tumour_fraction_states import States, level, states_of

FEW_ROUNDS, ROUNDS = 6, 100
COARSE, FINE = 0.05, 1e-3  # gain of log-likelihood at which climbing ends
ALIKE = (
    0.004,
    0.01,
    0.05,
)  # of fraction, offset and subclone's share: within these is one solution
FREE = np.zeros(4, np.bool_)


@dataclass(frozen=True)
class Solution:
    """One way to explain a sample."""

    usual: float
    """Copies of most bins that it started from: 2, 3 or 4."""
    subclones: bool
    """Whether some states are of a part of the tumour's cells."""
    fraction: float
    """Share of tumour DNA, 0 to 1."""
    ploidy: float
    """Mean copies of a tumour cell over the autosomes' used bins."""
    share: float
    """Share of the tumour's cells that carry the subclone; NaN without subclones."""
    subclonal: float
    """Share of the bins that are in subclonal states."""
    height: float
    """Median, over the bins with other copies than `usual`, of how far their log2 is expected from
    that of the others."""
    offset: float
    """log2 of a bin of two copies."""
    scale: float
    """Factor of the expected noise."""
    log_likelihood: float
    score: float
    """`log_likelihood` and the log of the prior probability of `usual`."""


@dataclass(frozen=True)
class Ground:
    """What a search stands on."""

    track: Track
    power: float
    """How much a bin tells (`independence`)."""
    settings: Mapping[str, Any]

    def climb(
        self, states: States, start: Values, held: Any = FREE, ploidy: float = np.nan,
        rounds: int = ROUNDS, tolerance: float = FINE,
    ) -> tuple[Values, float, Values]:  # fmt: skip
        """Parameters of greatest likelihood near a start, that likelihood, and the posterior."""
        t, s = self.track, states
        return climb(
            t.log2, t.noise, t.distance, s.copies, s.shared, s.usual, s.jump, s.rate, start, held,
            ploidy, float(self.settings["dof"]), self.power, rounds, tolerance,
        )  # fmt: skip

    def states(self, usual: float, subclones: bool) -> States:
        """Copy states."""
        return states_of(usual, subclones, self.settings)


def solutions(ground: Ground) -> list[Solution]:
    """All solutions that the grid of starts leads to, best score first.

    Parameters
    ----------
    ground : Ground
        Its settings: `ploidy_starts` and, as long, `ploidy_odds`, `normal_starts`, `subclones`.
    """
    settings = ground.settings
    odds = np.array(settings["ploidy_odds"], np.float64)
    found = []
    for usual, prior in zip(settings["ploidy_starts"], np.log(odds / odds.sum()), strict=True):
        for subclones in (False, True) if settings["subclones"] else (False,):
            states = ground.states(usual, subclones)
            for end in _ends(ground, states):
                found.append(_solution(ground, states, end, float(prior)))
    return sorted(found, key=lambda s: (-s.score, s.subclones, s.usual))


def _ends(ground: Ground, states: States) -> list[Values]:
    """Where the starts of one kind lead to, each once."""
    starts = []
    for normal in ground.settings["normal_starts"]:
        fraction = 1 - normal
        offset = -log(max(1 + fraction * (states.usual - 2) / 2, 1e-3), 2)
        starts.append(np.array([fraction, offset, 0.5, ground.track.scale]))
    for rounds, tolerance in ((FEW_ROUNDS, COARSE), (ROUNDS, FINE)):
        ends = [ground.climb(states, s, rounds=rounds, tolerance=tolerance)[0] for s in starts]
        starts = []
        for end in ends:
            if not any(np.all(np.abs(end[:3] - s[:3]) < ALIKE) for s in starts):
                starts.append(end)
    return starts


def _solution(ground: Ground, states: States, at: Values, prior: float) -> Solution:
    """What parameters mean."""
    _, likelihood, posterior = ground.climb(states, at, rounds=1)
    occupied = posterior.mean(axis=0)
    carried = states.carried(at[SHARE])
    high = np.log2(level(at[FRACTION], np.append(carried, states.usual)))
    subclones = bool(states.shared.any())
    return Solution(
        usual=states.usual,
        subclones=subclones,
        fraction=float(at[FRACTION]),
        ploidy=float(occupied @ carried),
        share=float(at[SHARE]) if subclones else float("nan"),
        subclonal=float(occupied[states.shared].sum()),
        height=_middle(np.abs(high[:-1] - high[-1]), occupied * (carried != states.usual)),
        offset=float(at[OFFSET]),
        scale=float(at[SCALE]),
        log_likelihood=likelihood,
        score=likelihood + prior,
    )


def _middle(values: Values, weight: Values) -> float:
    """Median of values of some weight each; 0 where there is no weight."""
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)]) if total[-1] > 0 else 0.0


def chosen(found: list[Solution], near: float) -> Solution:
    """The simplest of the solutions whose score is within `near` of the best."""
    good = [s for s in found if s.score >= found[0].score - near]
    return min(good, key=lambda s: (s.subclones, abs(s.usual - 2), -s.score))


def parameters(solution: Solution) -> Values:
    """Parameters of a solution, as `climb` takes them."""
    share = solution.share if solution.subclones else 0.5
    return np.array([solution.fraction, solution.offset, share, solution.scale])


def no_tumour(ground: Ground) -> Solution:
    """The sample explained without a tumour: all bins have two copies."""
    two = States(2.0, np.array([2.0]), np.zeros(1, np.bool_), np.ones(1), np.ones(1))
    start = np.array([0.0, float(np.median(ground.track.log2)), 0.5, ground.track.scale])
    held = np.array([True, False, True, False])
    return _solution(ground, two, ground.climb(two, start, held)[0], 0.0)


def residuals(ground: Ground, solution: Solution) -> Values:
    """log2 of the bins less what a solution expects of their likeliest states, shape (n,)."""
    states = ground.states(solution.usual, solution.subclones)
    at = parameters(solution)
    _, _, posterior = ground.climb(states, at, rounds=1)
    means = np.log2(level(at[FRACTION], states.carried(at[SHARE])))
    found: Values = ground.track.log2 - at[OFFSET] - means[posterior.argmax(axis=1)]
    return found
