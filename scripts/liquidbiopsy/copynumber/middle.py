"""What a panel's libraries have in common in each bin, and how far they lie around it.

Libraries differ in depth, and so in noise: each counts by the inverse of its variance.
"""

from __future__ import annotations

import numpy as np

from liquidbiopsy.copynumber.bins import Bins, Values
from liquidbiopsy.copynumber.noise import NORMAL, mad

CLIP = 2.0  # of its own noise: as far as a library may pull the middle of a bin
PRIOR = 4.0  # libraries' worth of the usual spread that each bin's own is drawn to
LEAST = 0.5  # share of the libraries that must know a bin


def library_noise(bins: Bins, log2: Values) -> Values:
    """Standard deviation within each library, from how neighbouring bins differ.

    Parameters
    ----------
    bins : Bins
    log2 : array of float, shape (n, libraries)

    Returns
    -------
    array of float, shape (libraries,)
        1 for all where it cannot be measured in one.
    """
    apart = [mad(bins, own, np.isfinite(own)) for own in np.ascontiguousarray(log2.T)]
    noise = np.array(apart) / (NORMAL * np.sqrt(2))
    return noise if np.all(noise > 0) else np.ones(len(apart))


def middle_of(log2: Values, noise: Values) -> Values:
    """Median of each bin, libraries weighted by their noise, with one step to Huber's estimate.

    The step takes in how far each library lies from the median, `CLIP` of its noise at the most: it
    has less noise than a median, and a library's own variant moves it little.

    Parameters
    ----------
    log2 : array of float, shape (n, libraries)
    noise : array of float, shape (libraries,)

    Returns
    -------
    array of float, shape (n,)
        NaN where less than half of the libraries know the bin.

    References
    ----------
    .. [1] Huber PJ. Robust estimation of a location parameter. Ann Math Stat 1964;35:73-101,
           doi:10.1214/aoms/1177703732
    """
    known = np.isfinite(log2)
    weight = np.where(known, 1 / noise**2, 0.0)
    total = weight.sum(axis=1)
    median = _weighted_median(np.where(known, log2, np.inf), weight, total)
    apart = np.where(known, log2 - median[:, None], 0.0)
    step = (weight * np.clip(apart, -CLIP * noise, CLIP * noise)).sum(axis=1)
    enough = known.sum(axis=1) >= max(LEAST * log2.shape[1], 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(enough, median + step / total, np.nan)


def spread_of(log2: Values, noise: Values, middle: Values) -> Values:
    """Standard deviation in each bin of a library of the panel's usual noise, shape (n,).

    Of few libraries, a bin's own spread is drawn towards that of all bins; of one library there is
    none, and it is 0.
    """
    apart = (log2 - middle[:, None]) / noise
    many = np.isfinite(apart).sum(axis=1) - 1
    own = np.nansum(apart**2, axis=1)
    told = (many > 0) & np.isfinite(middle)
    spread = np.where(np.isfinite(middle), 0.0, np.nan)
    if told.any():
        usual = float(np.median(own[told] / many[told]))
        drawn = (own[told] + PRIOR * usual) / (many[told] + PRIOR)
        spread[told] = np.sqrt(drawn / np.mean(1 / noise**2))
    return spread


def _weighted_median(values: Values, weight: Values, total: Values) -> Values:
    """Median along rows; in the middle between two where they part the weight in halves."""
    order = np.argsort(values, axis=1, kind="stable")
    sorted_values = np.take_along_axis(values, order, axis=1)
    reached = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1)
    half = total[:, None] / 2
    rows = np.arange(len(values))
    low = (reached >= half * (1 - 1e-9)).argmax(axis=1)
    high = (reached > half * (1 + 1e-9)).argmax(axis=1)
    with np.errstate(invalid="ignore"):
        return (sorted_values[rows, low] + sorted_values[rows, high]) / 2
