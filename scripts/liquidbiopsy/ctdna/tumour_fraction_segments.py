"""Segments of a tumour's genome: runs of bins of one state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from liquidbiopsy.copynumber.bins import Profile
from liquidbiopsy.ctdna.tumour_fraction import Estimate
from liquidbiopsy.ctdna.tumour_fraction_states import copies_at

WIDE = 1.96  # standard errors on both sides that hold 95 %
MEDIAN = 1.2533  # standard error of a median over that of a mean


@dataclass(frozen=True)
class Segment:
    """A run of used bins of one state on one contig; unused bins between them belong to it."""

    contig: str
    start: int
    """First base of the first bin that is used, from 0."""
    end: int
    """One past the last base of the last."""
    bins: int
    """Bins that are used."""
    log2: float
    """Median of these."""
    copies: int
    """Copies in most of the tumour's cells."""
    average: float
    """Copies that the median log2 stands for, over all cells of the tumour; NaN if not detected."""
    copies_low: float
    """95 % interval of `average`, from the error of the median and the interval of the fraction."""
    copies_high: float
    subclonal: bool
    """Whether only some of the tumour's cells have other copies than most bins."""


def segments_of(estimate: Estimate, profile: Profile) -> list[Segment]:
    """Segments in genome order.

    Parameters
    ----------
    estimate : Estimate
        Of that profile.
    profile : Profile
    """
    genome, bins = estimate.genome, profile.bins
    own = np.flatnonzero(genome.copies >= 0)
    if not own.size:
        return []
    state = np.stack([bins.contig[own], genome.copies[own], genome.subclonal[own]])
    # the same copies may be had by all cells in one run and by some in the next
    changes = (np.diff(state) != 0).any(axis=0) | (np.diff(genome.average[own]) != 0)
    runs = np.split(own, np.flatnonzero(changes) + 1)
    return [_segment(estimate, profile, run) for run in runs]


def _segment(estimate: Estimate, profile: Profile, run: np.ndarray) -> Segment:
    """One segment, of the bins `run`."""
    bins, log2 = profile.bins, profile.log2[run]
    middle = float(np.median(log2))
    weight = 1 / np.mean(profile.noise[run] ** -2.0)
    error = MEDIAN * float(np.sqrt(weight / (run.size * estimate.independence)))
    normal = float(estimate.normal[run[0]])

    def at(value: float, fraction: float) -> float:
        return float(copies_at(np.array(value), fraction, estimate.offset, normal))

    ends = [
        at(middle + sign * WIDE * error, fraction)
        for sign in (-1, 1)
        for fraction in (estimate.fraction_low, estimate.fraction_high)
    ]
    return Segment(
        contig=bins.contigs[bins.contig[run[0]]],
        start=int(bins.start[run[0]]),
        end=int(bins.end[run[-1]]),
        bins=int(run.size),
        log2=middle,
        copies=int(estimate.genome.copies[run[0]]),
        average=at(middle, estimate.fraction),
        copies_low=min(ends),
        copies_high=max(ends),
        subclonal=bool(estimate.genome.subclonal[run[0]]),
    )
