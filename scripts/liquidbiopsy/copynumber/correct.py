"""Correction of read counts for GC and mappability, as HMMcopy and ichorCNA do it.

What a bin is expected to have is a curve over GC: a local regression of the counts to few
neighbours, smoothed by a second. Counts over that curve make a second one, over mappability. Bins
of the most and the fewest reads are left out, and those of low mappability from the first curve.
In a small genome the neighbours are more than their share, and where the curve comes near 0 nothing
is told.

References
----------
.. [1] Ha G et al. Integrative analysis of genome-wide loss of heterozygosity and monoallelic
       expression at nucleotide resolution reveals disrupted pathways in triple-negative breast
       cancer. Genome Res 2012;22:1995-2007, doi:10.1101/gr.137570.112 (HMMcopy).
.. [2] Adalsteinsson VA et al. Scalable whole-exome sequencing of cell-free DNA reveals high
       concordance with metastatic tumors. Nat Commun 2017;8:1324,
       doi:10.1038/s41467-017-00965-y (ichorCNA).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from liquidbiopsy.copynumber import loess
from liquidbiopsy.copynumber.bins import Mask, Places, Values

GC_STEP = 0.001
MAPPABILITY_PLACES = 51
SKEWED = 20  # reads a bin under which few reads are many, and robust rounds would leave them out
ENOUGH = 100  # reads that the ratio behind a median rests on
FEWEST = 30  # bins that a parabola rests on at least: of fewer, noise and gains bend it down to 0
LOWEST = 0.1  # of the curve's median: where fewer reads are expected, ratios tell nothing


def correct(
    count: Values,
    gc: Values | None,
    mappability: Values | None,
    keep: Mask,
    settings: Mapping[str, Any],
) -> tuple[Values, Values]:
    """Counts over what is expected of their GC and mappability.

    Parameters
    ----------
    count : array of float, shape (n,)
    gc, mappability : array of float, shape (n,), or None
        0 to 1, NaN where not known.
    keep : array of bool, shape (n,)
        Bins that the curves are fitted to, that over GC only to those of `mappability_min` or more.
    settings : dict
        `gc_span`, `gc_smooth_span`, `mappability_span`, `robust_rounds`, `count_outliers`,
        `gc_outliers`, `mappability_min`.

    Returns
    -------
    corrected : array of float, shape (n,)
        Median 1 over `keep` of that mappability; NaN where GC or mappability is not known or GC is
        beyond that of the fit, where the curve is near 0, and everywhere where there are no reads.
    expected : array of float, shape (n,)
        Reads in a bin where `corrected` is 1.
    """
    corrected, expected = correct_many(count[None], gc, mappability, keep, settings)
    return corrected[0], expected[0]


def correct_many(
    counts: Values,
    gc: Values | None,
    mappability: Values | None,
    keep: Mask,
    settings: Mapping[str, Any],
) -> tuple[Values, Values]:
    """The same of many samples over the same bins: arrays of shape (samples, n)."""
    corrected = np.full(counts.shape, np.nan)
    expected = np.full(counts.shape, np.nan)
    for track in (gc, mappability):
        if track is not None:
            keep = keep & np.isfinite(track)
    unique = keep if mappability is None else keep & (mappability >= settings["mappability_min"])
    by_gc, by_mappability = _rising(gc, unique), _rising(mappability, keep)
    for row, count in enumerate(counts):
        alive = ~dead(count, unique)
        fitted = unique & alive
        if not count[fitted].any():
            continue
        rounds = settings["robust_rounds"] if np.median(count[fitted]) >= SKEWED else 0
        usual = np.full(count.shape, count[fitted].mean())
        if gc is not None:
            usual = _of_gc(count, gc, by_gc[fitted[by_gc]], rounds, settings)
            usual[~(usual > max(LOWEST * float(np.nanmedian(usual[fitted])), 0.0))] = np.nan
        if mappability is not None:
            own = by_mappability[alive[by_mappability]]
            usual *= _of_mappability(count / usual, mappability, own, rounds, settings)
            usual[~(usual > 0)] = np.nan
        usual *= _middle(count[fitted], usual[fitted])
        expected[row] = usual
        corrected[row] = count / usual
    return corrected, expected


def dead(count: Values, keep: Mask) -> Mask:
    """Bins without reads where chance alone leaves none empty, shape (n,)."""
    reads = count[keep]
    usual = float(np.median(reads)) if reads.size else 0.0
    return (count == 0) & (usual > math.log(max(reads.size, 1)))


def _rising(track: Values | None, keep: Mask) -> Places:
    """Kept bins by rising values of a track."""
    if track is None:
        return np.empty(0, np.int64)
    own = np.flatnonzero(keep)
    return own[np.argsort(track[own], kind="stable")]


def _inside(values: Values, share: float) -> Mask:
    """Values without a share of the lowest and of the highest."""
    low = np.quantile(values, share, method="lower")
    high = np.quantile(values, 1 - share, method="higher")
    return (values >= low) & (values <= high)


def _of_gc(
    count: Values, gc: Values, own: Places, rounds: int, settings: Mapping[str, Any]
) -> Values:
    """Expected reads by GC; `own` are the bins to fit, by rising GC."""
    chosen = _inside(count[own], settings["count_outliers"])
    chosen &= _inside(gc[own], settings["gc_outliers"])
    own = own[chosen]
    x, y = gc[own], count[own]
    grid = np.arange(math.ceil(x[0] / GC_STEP), math.floor(x[-1] / GC_STEP) + 1) * GC_STEP
    grid = np.unique(np.concatenate([[x[0]], grid, [x[-1]]]))
    rough = loess.fit(x, y, grid, max(settings["gc_span"], FEWEST / x.size), 2, rounds)
    known = np.isfinite(rough)
    smooth = np.full(grid.size, np.nan)
    smooth[known] = loess.fit(
        grid[known], rough[known], grid[known], settings["gc_smooth_span"], 2, 0
    )
    return loess.between(grid, smooth, gc)


def _of_mappability(
    ratio: Values, mappability: Values, own: Places, rounds: int, settings: Mapping[str, Any]
) -> Values:
    """Expected ratio by mappability; `own` are the bins to fit, by rising mappability."""
    own = own[np.isfinite(ratio[own])]
    if not own.size:
        return np.full(ratio.shape, np.nan)
    own = own[_inside(ratio[own], settings["count_outliers"])]
    x, y = mappability[own], ratio[own]
    grid = np.linspace(x[0], x[-1], MAPPABILITY_PLACES) if x[-1] > x[0] else x[:1].copy()
    curve = loess.fit(x, y, grid, settings["mappability_span"], 1, rounds)
    return loess.between(grid, curve, np.clip(mappability, x[0], x[-1]))


def _middle(count: Values, expected: Values) -> float:
    """Median of count over expected; where reads are few, of as many bins together as it takes."""
    known = np.isfinite(expected)
    count, expected = count[known], expected[known]
    if not count.size or not expected.sum() > 0:
        return math.nan
    together = min(math.ceil(ENOUGH / expected.mean()), count.size)
    first = np.arange(0, count.size - together + 1, together)
    ratios = np.add.reduceat(count, first) / np.add.reduceat(expected, first)
    return float(np.median(ratios))
