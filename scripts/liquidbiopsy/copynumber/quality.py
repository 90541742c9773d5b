"""How well the bins of a sample came out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from liquidbiopsy.copynumber.bins import Mask, Profile, Values
from liquidbiopsy.copynumber.noise import mad

CLASSES = 10  # of GC, with as many bins in each
FEW = 50  # bins under which no bias is measured


@dataclass(frozen=True)
class Quality:
    """Measurements of a profile; NaN where there is too little to measure."""

    reads: float
    """Reads in bins."""
    reads_per_bin: float
    """Median over the autosomal bins that are used."""
    bins: int
    """Bins there are."""
    used: int
    """Bins that are used."""
    mad: float
    """Median absolute difference of log2 between neighbours."""
    gc_correlation_before: float
    """Pearson's correlation of GC with log2 of the count, over the autosomes."""
    gc_correlation_after: float
    """The same with the corrected log2."""
    gc_bias_before: float
    """Standard deviation, between ten classes of GC, of the medians of log2 of the count."""
    gc_bias_after: float
    """The same of the corrected log2."""


def quality(profile: Profile) -> Quality:
    """Measure a profile."""
    own = profile.used & profile.bins.autosomal
    raw = np.full(len(profile.bins), np.nan)
    np.log2(profile.count, out=raw, where=profile.count > 0)
    before, after = (_gc_bias(profile.gc, values, own) for values in (raw, profile.log2))
    return Quality(
        reads=float(np.nansum(profile.count)),
        reads_per_bin=float(np.median(profile.count[own])) if own.any() else float("nan"),
        bins=len(profile.bins),
        used=int(profile.used.sum()),
        mad=mad(profile.bins, profile.log2, profile.used),
        gc_correlation_before=before[0],
        gc_correlation_after=after[0],
        gc_bias_before=before[1],
        gc_bias_after=after[1],
    )


def _gc_bias(gc: Values, values: Values, own: Mask) -> tuple[float, float]:
    """Correlation with GC, and spread of the medians of its classes."""
    own = own & np.isfinite(gc) & np.isfinite(values)
    x, y = gc[own], values[own]
    if x.size < FEW or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan"), float("nan")
    order = np.argsort(x, kind="stable")
    medians = [np.median(part) for part in np.array_split(y[order], CLASSES)]
    return float(np.corrcoef(x, y)[0, 1]), float(np.std(medians))
