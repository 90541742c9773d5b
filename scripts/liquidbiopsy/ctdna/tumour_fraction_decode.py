"""The copies of every bin by one solution: the most probable path through its states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Mask, Profile, Values
from liquidbiopsy.copynumber.hmm import most_probable, student
from liquidbiopsy.ctdna.tumour_fraction_bins import Track, independence, track_of
from liquidbiopsy.ctdna.tumour_fraction_climb import FRACTION, OFFSET, SCALE, SHARE
from liquidbiopsy.ctdna.tumour_fraction_search import Ground, Solution, parameters
from liquidbiopsy.ctdna.tumour_fraction_states import States, copies_at, level, states_of

NOT_KNOWN = -1  # copies of a bin that tells nothing


@dataclass(frozen=True)
class Copies:
    """Copies along a genome; arrays of shape (n,)."""

    copies: npt.NDArray[np.int64]
    """Of most cells of the tumour; -1 where the bin is not used."""
    average: Values
    """Mean over the tumour's cells: not whole where a subclone differs; NaN where not used."""
    subclonal: Mask
    """Whether only some of the tumour's cells have other copies than most bins."""
    expected: Values
    """log2 that these copies give; NaN where not used."""


def normal_genome(profile: Profile, normal: Values, offset: float) -> Copies:
    """Copies where no tumour is seen: those of normal cells."""
    own = profile.used & np.isfinite(normal) & np.isfinite(profile.log2)
    copies = np.where(own, np.nan_to_num(normal, nan=0.0), NOT_KNOWN).astype(np.int64)
    average = np.where(own, normal, np.nan)
    return Copies(copies, average, np.zeros(len(own), np.bool_), offset + np.log2(average / 2))


def decode(
    profile: Profile, normal: Values, solution: Solution, settings: Mapping[str, Any]
) -> Copies:
    """Copies of every bin that is used.

    Parameters
    ----------
    profile : Profile
    normal : array of float64, shape (n,)
        Copies in a normal cell; NaN where not known, and nothing is told there.
    solution : Solution
    settings : dict
        Those of `states_of` and `independence`, `dof`, `segment_length`.
    """
    n = len(profile.bins)
    found = Copies(
        np.full(n, NOT_KNOWN, np.int64), np.full(n, np.nan), np.zeros(n, np.bool_),
        np.full(n, np.nan),
    )  # fmt: skip
    length = settings["segment_length"]
    autosomes = track_of(profile, profile.bins.autosomal, length)
    ground = Ground(autosomes, independence(autosomes, settings), settings)
    held = np.array([True, False, True, False])  # at full resolution noise is another
    at, _, _ = ground.climb(
        ground.states(solution.usual, solution.subclones), parameters(solution), held
    )
    for sex_linked in (False, True):
        for copies in (1.0, 2.0):
            which = (profile.bins.autosomal != sex_linked) & (normal == copies)
            track = track_of(profile, which, length)
            if track.log2.size:
                usual = solution.usual * copies / 2
                states = states_of(usual, solution.subclones, settings)
                own = np.flatnonzero(which & profile.used & np.isfinite(profile.log2))
                _fill(found, own, track, states, at, copies, ground)
    return found


def _fill(
    found: Copies, own: npt.NDArray[np.int64], track: Track, states: States, at: Values,
    normal: float, ground: Ground,
) -> None:  # fmt: skip
    """Write the copies of the bins `own`."""
    carried = states.carried(at[SHARE])
    means = at[OFFSET] + np.log2(level(at[FRACTION], carried, normal))
    density = np.empty((own.size, carried.size))
    noise = track.noise * at[SCALE]
    student(track.log2, noise, means, float(ground.settings["dof"]), ground.power, density)
    path = most_probable(density, track.distance, states.jump, states.rate)
    most = np.where(states.shared & (at[SHARE] < 0.5), states.usual, states.copies)
    # half copies of the usual three on a man's X are rounded down
    found.copies[own] = np.floor(most)[path].astype(np.int64)
    found.average[own] = carried[path]
    found.subclonal[own] = states.shared[path]
    found.expected[own] = means[path]
    _amplified(found, own, track, path, states, at, normal, ground.settings["max_copies"])


def _amplified(
    found: Copies, own: npt.NDArray[np.int64], track: Track, path: npt.NDArray[np.int16],
    states: States, at: Values, normal: float, most: int,
) -> None:  # fmt: skip
    """Copies over the integer states, of each run of bins, by its median log2."""
    high = ~states.shared[path] & (states.copies[path] > most)
    edge = np.diff(track.contig, prepend=-1) != 0
    edge |= np.diff(high, prepend=False)
    for run in np.split(np.arange(own.size), np.flatnonzero(edge)):
        if run.size and high[run[0]]:
            log2 = np.median(track.log2[run], keepdims=True)
            copies = max(float(copies_at(log2, at[FRACTION], at[OFFSET], normal)[0]), float(most))
            found.copies[own[run]] = round(copies)
            found.average[own[run]] = copies
            found.expected[own[run]] = at[OFFSET] + np.log2(
                level(at[FRACTION], np.array([copies]), normal)
            )
