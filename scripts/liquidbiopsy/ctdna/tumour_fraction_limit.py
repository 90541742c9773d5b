"""The smallest tumour fraction that would have been detected in a sample.

A genome as stated in the settings (a share of it gained or lost by one copy, in segments of one
length) is laid over what the sample's own bins are off their fit. These are turned round the
genome by many steps, so that noise and waves stay as they are but meet other segments. The limit is
the fraction at which the log-likelihood ratio passes the threshold of detection with the stated
power, the ratio taken as normally distributed over the turns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from liquidbiopsy.copynumber.bins import Values
from liquidbiopsy.copynumber.hmm import forward, student
from liquidbiopsy.ctdna.tumour_fraction_bins import Track, independence, wave_height
from liquidbiopsy.ctdna.tumour_fraction_search import Ground
from liquidbiopsy.ctdna.tumour_fraction_states import States, level

TURNS = 16
HALVINGS = 8


def is_detected(
    log_ratio: float, fraction: float, height: float, track: Track, settings: Mapping[str, Any]
) -> bool:
    """Whether a tumour is detected.

    Parameters
    ----------
    log_ratio : float
        Log of the likelihood with a tumour over that without.
    fraction : float
        Share of tumour DNA.
    height : float
        How far the altered bins are from the others, in log2 (`Solution.height`). Laid over waves,
        a solution has it near their standard deviation; that of a tumour stands out of them.
    track : Track
    settings : dict
        `min_log_ratio`, `min_fraction`, `min_height` (over that of waves), `max_wave`.
    """
    return (
        log_ratio >= settings["min_log_ratio"]
        and fraction >= settings["min_fraction"]
        and height >= settings["min_height"] * wave_height(track, settings)
    )


def limit_of_detection(ground: Ground, residual: Values, scale: float) -> float:
    """Tumour fraction that is detected with the stated power; 1 where none is.

    Parameters
    ----------
    ground : Ground
        Its settings: `min_log_ratio`, `min_fraction`, `lod_power`, `lod_altered` (share of the
        genome), `lod_segment` (bases).
    residual : array of float64, shape (n,)
        log2 of the bins less what is expected of them.
    scale : float
        Factor of the expected noise.
    """
    settings = ground.settings
    copies = typical(ground, settings["lod_altered"], settings["lod_segment"])
    turned = [np.roll(residual, k * residual.size // TURNS) for k in range(TURNS)]
    states = ground.states(2.0, False)
    low, high = settings["min_fraction"], 1.0

    def passes(fraction: float) -> bool:
        signal = np.log2(level(fraction, copies))
        shown = [replace(ground.track, log2=signal + r) for r in turned]
        ratios = [_log_ratio(ground, states, track, fraction, scale) for track in shown]
        least = np.mean(ratios) - ndtri(settings["lod_power"]) * np.std(ratios, ddof=1)
        height = abs(float(np.log2(level(fraction, np.array(1.0)))))
        seen = [is_detected(least, fraction, height, track, settings) for track in shown]
        return bool(np.mean(seen) >= settings["lod_power"])

    if passes(low):
        return float(low)
    if not passes(high - 1e-3):
        return 1.0
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if passes(middle) else (middle, high)
    return float(high)


def typical(ground: Ground, altered: float, length: float) -> Values:
    """Copies of a genome with a share of it altered, by turns gained and lost.

    Parameters
    ----------
    ground : Ground
    altered : float
        Share of the bins, 0 to 1.
    length : float
        Of an altered segment, in bases.

    Returns
    -------
    array of float64, shape (n,)
    """
    track = ground.track
    steps = np.diff(track.place, prepend=0.0)
    steps[np.diff(track.contig, prepend=-1) != 0] = 0.0
    along = np.cumsum(np.maximum(steps, 0.0))
    number, within = np.divmod(along, length / max(altered, 1e-6))
    change = np.where(number % 2 == 0, 1.0, -1.0)
    return 2.0 + change * (within < length)


def _log_ratio(
    ground: Ground, states: States, track: Track, fraction: float, scale: float
) -> float:
    """Log of the likelihood with a tumour, at the true fraction, over that without."""
    x, noise, dof = track.log2, track.noise * scale, float(ground.settings["dof"])
    power = independence(track, ground.settings)
    filtered, norms = np.empty((x.size, states.copies.size)), np.empty(x.size)
    density, flat = np.empty_like(filtered), np.empty((x.size, 1))
    student(x, noise, np.log2(level(fraction, states.copies)), dof, power, density)
    student(x, noise, np.array([np.median(x)]), dof, power, flat)
    tumour = forward(density, track.distance, states.jump, states.rate, filtered, norms)
    return float(tumour - np.log(flat).sum())
