"""Bins as the tumour-fraction model sees them, and how far neighbours tell the same.

What correction leaves behind is in waves over many megabases, alike in neighbouring bins. Means of
blocks then vary more than independent bins would have them. How much more is measured between
blocks side by side, by a median: most neighbours are of one copy state, in tumours too. The
likelihood is raised to the reciprocal of that, so that a wave does not pass for a gain [1]_.

References
----------
.. [1] Varin C, Reid N, Firth D. An overview of composite likelihood methods. Stat Sin
       2011;21:5-42 (likelihoods of dependent data, scaled).
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

BLOCKS = (5e6, 10e6)  # bases over which neighbours are held against each other
LONG = 20e6  # bases over which waves are as high as they get
FEWEST = 12  # neighbouring blocks from which a spread can be told
SMALLEST = 3  # bins in a block, at least
NORMAL_MAD = 0.6745  # median absolute value of a standard normal variable


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


def independence(track: Track, settings: Mapping[str, Any]) -> float:
    """How much a bin tells over what it would tell were neighbours independent.

    Parameters
    ----------
    track : Track
    settings : dict
        `max_wave`: the standard deviation (log2), at most, of what is laid to waves and not to the
        tumour.

    Returns
    -------
    float
        Above 0 and at most 1; 1 where there are too few bins to tell.
    """
    worst = 1.0
    for length in BLOCKS:
        means, bins, noise = _blocks(track, length)
        steps = np.concatenate([np.diff(m) for m in means])
        if steps.size >= FEWEST:
            most = 1 + bins * (settings["max_wave"] / noise) ** 2
            worst = max(worst, min(_robust_variance(steps) / 2 * bins, most))
    return 1 / worst


def wave_height(track: Track, settings: Mapping[str, Any]) -> float:
    """Standard deviation (log2) of what lies over megabases, besides noise.

    By the median distance of blocks of 20 Mb from their median: more than half of a tumour's genome
    altered looks like waves, so that no more than `max_wave` is given.

    Parameters
    ----------
    track : Track
    settings : dict
        `max_wave`.
    """
    means, bins, noise = _blocks(track, LONG)
    levels = np.concatenate(means)
    if levels.size < FEWEST:
        return float(settings["max_wave"])
    beyond = _robust_variance(levels - np.median(levels)) - 1 / bins
    return min(noise * sqrt(max(beyond, 0.0)), float(settings["max_wave"]))


def _blocks(track: Track, length: float) -> tuple[list[Values], int, float]:
    """Means of blocks by contig, in units of a bin's noise, the bins of each, and that noise."""
    z = track.log2 / (track.noise * track.scale)
    bins = max(round(length / _bin_size(track)), SMALLEST)
    means = [_block_means(z[track.contig == k], bins) for k in np.unique(track.contig)]
    return means, bins, float(np.median(track.noise)) * track.scale


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
