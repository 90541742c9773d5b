"""Samples in bins with known truth, for the tests of copy numbers."""

import numpy as np

from liquidbiopsy.copynumber.bins import grid

SETTINGS = {
    **{"gc_span": 0.03, "gc_smooth_span": 0.3, "mappability_span": 0.667, "robust_rounds": 3},
    **{"count_outliers": 0.01, "gc_outliers": 0.001, "mappability_min": 0.9, "acgt_min": 0.9},
    **{"centromere_flank": 100000, "ratio_min": 0.1, "panel_spread_max": 3.0},
}
LENGTHS = {**{str(k): 60_000_000 for k in range(1, 23)}, "X": 60_000_000, "Y": 20_000_000}


def genome(seed=0, size=1_000_000, lengths=LENGTHS):
    """Bins with GC and mappability as a genome has them."""
    rng = np.random.default_rng(seed)
    bins = grid(lengths, size)
    gc = np.clip(rng.normal(0.42, 0.05, len(bins)), 0.33, 0.62)
    mappability = np.clip(1 - rng.exponential(0.03, len(bins)), 0, 1)
    return bins, gc, mappability


def bias(gc, mappability):
    """Share of its reads that a bin gives, by a curve that is none of those fitted."""
    return np.exp(-(((gc - 0.46) / 0.12) ** 2)) * (0.5 + 0.5 * mappability)


def reads(seed, bins, gc, mappability, depth=1000.0, copies=None, effect=1.0):
    """Counts of a man's or woman's sample; `copies` by contig, 2 where nothing is said."""
    own = copies or {"Y": 0}
    each = np.array([own.get(name, 2) for name in bins.contigs])[bins.contig]
    rate = depth * bias(gc, mappability) * each / 2 * effect
    return np.random.default_rng(seed).poisson(rate).astype(float)
