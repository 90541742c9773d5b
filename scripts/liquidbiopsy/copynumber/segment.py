"""Segmentation of log2 ratios into levels: of one sample, of rows together, of rows with a hint.

Outliers are drawn in, the noise is measured with what neighbouring bins share, and breakpoints are
those of least squares at a price. The price follows from how many false breakpoints a genome
without changes may have. Rows that are segmented together add up their evidence, so that a
breakpoint that is weak in each is found where many have it; each can then be segmented by itself,
paying less for a breakpoint at a place where the rows together have one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri

from liquidbiopsy.copynumber.bins import Places, Profile, Values
from liquidbiopsy.copynumber.segment_kernel import cheapest, common_rest
from liquidbiopsy.copynumber.segment_noise import (
    joint_variance,
    row_noises,
    row_variances,
    rows_drawn_in,
)
from liquidbiopsy.copynumber.segment_penalty import penalty
from liquidbiopsy.copynumber.segments import Breakpoints, Segments, known, segments_of

PASSES = 4  # that segmenting with a new measure of noise is repeated at most
ENOUGH = 1.02  # a noise larger by less than this factor is the same


def segment(
    log2: Values, weight: Values, contig: npt.NDArray[Any], settings: Mapping[str, Any]
) -> Breakpoints:
    """Breakpoints of one sample, or of several rows that share them.

    Parameters
    ----------
    log2 : array of float64, shape (n,) or (m, n)
        Of a sample in its bins, or of m samples or cells; NaN where nothing is known.
    weight : array of float64, shape (n,) or that of `log2`
        One over the variance of a bin, up to a factor; bins without weight are not used.
    contig : array of int, shape (n,)
        Which contig each bin is of; those of one follow one another.
    settings : dict
        min_bins, false_breakpoints, outlier_sd.

    Returns
    -------
    Breakpoints
        For all rows the same, with the noise of each. A row with too little data has no say.
    """
    y, w = known(np.atleast_2d(log2), weight)
    used = np.flatnonzero((w > 0).any(axis=0))
    if not used.size:
        return Breakpoints(used, np.full(y.shape[0], np.nan))
    if used.size < y.shape[1]:
        y, w = y[:, used], w[:, used]
    of = np.asarray(contig, np.int64)[used]
    first, noise = _segmented(np.ascontiguousarray(y), np.ascontiguousarray(w), of, settings, None)
    return Breakpoints(used[first], noise)


def segment_rows(
    log2: Values,
    weight: Values,
    contig: npt.NDArray[Any],
    shared: Breakpoints,
    settings: Mapping[str, Any],
) -> list[Breakpoints]:
    """Breakpoints of each row by itself, where one at a shared place is believed more readily.

    A place out of K that the rows share need only stand out among those K, not among all bins: it
    must save the chi squared quantile of half of `false_breakpoints` / K; the other half is left
    for all other places.

    Parameters
    ----------
    log2, weight, contig, settings
        As in `segment`.
    shared : Breakpoints
        What `segment` found for all rows.

    Returns
    -------
    list of Breakpoints
        Of each row; its own contigs' first bins and breakpoints alone.
    """
    rows, weights = known(np.atleast_2d(log2), weight)
    contig = np.asarray(contig, np.int64)
    hint = np.zeros(rows.shape[1], np.bool_)
    hint[shared.first] = True
    found = []
    for y, w in zip(rows, weights, strict=True):
        used = np.flatnonzero(w > 0)
        if not used.size:
            found.append(Breakpoints(used, np.full(1, np.nan)))
            continue
        places = np.searchsorted(used, np.flatnonzero(hint))
        own = np.zeros(used.size, np.bool_)
        own[places[places < used.size]] = True
        first, noise = _segmented(y[None, used], w[None, used], contig[used], settings, own)
        found.append(Breakpoints(used[first], noise))
    return found


def segment_profile(profile: Profile, settings: Mapping[str, Any]) -> Segments:
    """Segments of one sample, bins weighted by the noise that is expected of them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(profile.used, 1 / profile.noise**2, 0.0)
    found = segment(profile.log2, weight, profile.bins.contig, settings)
    return segments_of(profile.bins, profile.log2, weight, found, settings)


def _segmented(
    y: Values, w: Values, contig: npt.NDArray[Any], settings: Mapping[str, Any], hint: Any
) -> tuple[Places, Values]:
    """First bins of segments, and the noise of each row; every bin is known to some row."""
    min_bins = int(settings["min_bins"])
    starts = np.flatnonzero(np.diff(contig, prepend=contig[0] - 1))
    noise = row_noises(y, w, contig)
    told = np.isfinite(noise)
    if not told.any():
        return starts, np.full(y.shape[0], np.nan)
    y = rows_drawn_in(y, w, contig, noise, float(settings["outlier_sd"]), min_bins)
    variance = np.where(told, noise**2, 1.0)
    lengths = np.diff(np.append(starts, y.shape[1]))
    allowed = float(settings["false_breakpoints"]) / (1 if hint is None else 2)
    of = [int(length) for length in lengths]
    of_all, of_one = (penalty(of, m, min_bins, allowed) for m in (int(told.sum()), 1))
    shared = 1.0
    for _ in range(PASSES):
        scaled = np.where(told, 1 / variance, 0.0)[:, None] * w
        price = np.full(y.shape[1], of_all + (shared - 1) * of_one)
        if hint is not None:
            chance = min(allowed / max(int(hint.sum()) - starts.size, 1), 0.5)
            price[hint] = min(of_one, float(chdtri(1, chance)))
        first = cheapest(y, scaled, starts, price, min_bins)
        larger = np.maximum(row_variances(y, scaled, first), 1.0)
        before, shared = shared, max(shared, _shared_variance(y, scaled, first))
        if larger.max() < ENOUGH and shared < ENOUGH * before:
            break
        variance = variance * larger
    return first, np.where(told, np.sqrt(variance), np.nan)


def _shared_variance(y: Values, w: Values, first: Places) -> float:
    """By how much more the sum of all rows varies than if each were by itself, from 1."""
    if y.shape[0] == 1:
        return 1.0
    rest, used = common_rest(y, w, first)
    return max(1.0, float(joint_variance(rest, used, first)))
