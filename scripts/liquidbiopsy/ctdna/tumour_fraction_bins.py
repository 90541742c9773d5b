"""Bins as the tumour-fraction model sees them, and how far neighbours tell the same.

What correction leaves behind is in waves over many megabases, alike in neighbouring bins. Means of
blocks then vary more than independent bins would have them. How much more is measured between
blocks side by side, by a median: most neighbours are of one copy state, in tumours too. The
likelihood is raised to the reciprocal of that, so that a wave does not pass for a gain [1]_.

References
----------
.. [1] Varin C, Reid N, Firth D. An overview of composite likelihood methods. Stat Sin
       2011;21:5-42 (likelihoods of dependent data, scaled).
.. [2] Rousseeuw PJ, Croux C. Alternatives to the median absolute deviation. J Am Stat Assoc
       1993;88:1273-1283 (Qn).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Mask, Profile, Values
from liquidbiopsy.copynumber.hmm import distances

BLOCKS = (5e6, 10e6, 20e6)  # bases over which waves are looked for
ARM = 40e6  # about as many as an arm of a chromosome has
FEWEST = 12  # neighbouring blocks from which a spread can be told
SMALLEST = 3  # bins in a block, at least
NORMAL_MAD = 0.6745  # median absolute value of a standard normal variable
NORMAL_QUARTER = 0.3186  # its first quartile


@dataclass(frozen=True)
class Track:
    """Bins that tell something, in genome order; arrays of shape (n,)."""

    log2: Values
    noise: Values
    """Expected standard deviation of `log2`, up to a factor."""
    contig: npt.NDArray[np.int16]
    place: Values
    """Middle, in bases."""
    distance: Values
    """As `copynumber.hmm.distances` gives it."""
    scale: float
    """Factor of `noise`, as the differences of neighbours tell it."""


def track_of(profile: Profile, which: Mask, length: float) -> Track:
    """Bins of a profile that are used and among `which`.

    Parameters
    ----------
    profile : Profile
    which : array of bool, shape (n,)
    length : float
        Usual length of a segment, in bases.
    """
    own = which & profile.used & np.isfinite(profile.log2)
    log2, noise = profile.log2[own], profile.noise[own]
    known = np.isfinite(noise) & (noise > 0)
    usual = float(np.median(noise[known])) if known.any() else 1.0
    place = (profile.bins.start[own] + profile.bins.end[own]) / 2
    noise = np.where(known, noise, usual)
    return _track(log2, noise, profile.bins.contig[own], place, length)


def _track(
    log2: Values, noise: Values, contig: npt.NDArray[np.int16], place: Values, length: float
) -> Track:
    """A track with the scale of its noise."""
    steps = np.diff(log2 / noise)[np.diff(contig) == 0]
    spread = _robust_variance(steps) / 2 if steps.size else 0.0
    distance = distances(contig, place, length)
    return Track(log2, noise, contig, place, distance, float(np.sqrt(spread)) or 1.0)


def pooled(track: Track, most: int, length: float) -> Track:
    """Neighbouring bins of a contig as one, so that no more than about `most` are left.

    Parameters
    ----------
    track : Track
    most : int
    length : float
        Usual length of a segment, in bases.

    Returns
    -------
    Track
        The same where it has no more than `most` bins. Ratios are averaged, not their logs, which
        are skewed where a bin has few reads.
    """
    size = -(-track.log2.size // most)
    if size <= 1:
        return track
    first = np.flatnonzero(np.diff(track.contig, prepend=track.contig[0] - 1))
    within = np.arange(track.log2.size) - np.repeat(first, np.diff([*first, track.log2.size]))
    starts = np.flatnonzero(within % size == 0)
    weight = track.noise**-2
    total = np.add.reduceat(weight, starts)
    capped = np.minimum(track.log2, np.quantile(track.log2, 0.999))
    ratio = np.add.reduceat(weight * 2.0**capped, starts) / total
    counts = np.diff([*starts, track.log2.size])
    place = np.add.reduceat(track.place, starts) / counts
    log2 = np.log2(np.maximum(ratio, 1e-6))
    return _track(log2, total**-0.5, track.contig[starts], place, length)


def independence(track: Track, settings: Mapping[str, Any]) -> tuple[float, float]:
    """How much a bin tells over what it would tell were all bins independent.

    Parameters
    ----------
    track : Track
    settings : dict
        `max_wave`: the standard deviation (log2), at most, of what is laid to waves and not to the
        tumour.

    Returns
    -------
    near, far : float
        Above 0 and at most 1; 1 where there are too few bins to tell. The first allows for waves
        that change from block to block, and holds for finding copies. The second also allows for
        those as long as an arm, which nothing but their height tells from gains and losses: it
        holds for whether there is a tumour at all.
    """
    if track.log2.size < 2:
        return 1.0, 1.0
    z = track.log2 / (track.noise * track.scale)
    noise, size = float(np.median(track.noise)) * track.scale, _bin_size(track)
    near, far = 1.0, 1.0
    for length in BLOCKS:
        bins = max(round(length / size), SMALLEST)
        means = [_block_means(z[track.contig == k], bins) for k in np.unique(track.contig)]
        steps, levels = np.concatenate([np.diff(m) for m in means]), np.concatenate(means)
        if steps.size < FEWEST:
            continue
        most = 1 + bins * (settings["max_wave"] / noise) ** 2
        near = max(near, min(_robust_variance(steps) / 2 * bins, most))
        long = max(ARM / length, 1.0)
        far = 1 + long * (min(_clustered_variance(levels) * bins, most) - 1)
    return 1 / near, 1 / max(near, far)


def _clustered_variance(levels: Values) -> float:
    """Variance within the clusters that values may lie in; exact where they are normal.

    By the first quartile of the differences of all pairs [2]_: so many pairs are of one copy state
    in most tumours, while waves are of all heights.
    """
    above = np.triu_indices(levels.size, 1)
    apart = np.abs(levels[above[0]] - levels[above[1]])
    return float((np.quantile(apart, 0.25) / (sqrt(2) * NORMAL_QUARTER)) ** 2)


def _bin_size(track: Track) -> float:
    """Usual distance of neighbouring bins, in bases."""
    steps = np.diff(track.place)[np.diff(track.contig) == 0]
    return float(np.median(steps)) if steps.size else 1e6


def _block_means(values: Values, size: int) -> Values:
    """Means of whole blocks of so many values."""
    whole = values.size // size * size
    return values[:whole].reshape(-1, size).mean(axis=1)


def _robust_variance(steps: Values) -> float:
    """Variance about 0 by the median; exact where the values are normal."""
    return float((np.median(np.abs(steps)) / NORMAL_MAD) ** 2)
