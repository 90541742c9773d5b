"""Tumour fraction, ploidy and copies from the bins of a plasma sample.

A hidden Markov model over copy states with Student-t emissions, climbed from a grid of starts, as
ichorCNA has it [1]_. Here the likelihood allows for waves that correction leaves
(`tumour_fraction_bins`), states far from the usual copies are rarer and shorter
(`tumour_fraction_states`), and a tumour is detected only where the likelihood with it is so many
times that without.

References
----------
.. [1] Adalsteinsson VA et al. Scalable whole-exome sequencing of cell-free DNA reveals high
       concordance with metastatic tumors. Nat Commun 2017;8:1324.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bins import Profile, Values
from liquidbiopsy.core.words import number
from liquidbiopsy.ctdna.tumour_fraction_bins import independence, pooled, track_of
from liquidbiopsy.ctdna.tumour_fraction_decode import Copies, decode, normal_genome
from liquidbiopsy.ctdna.tumour_fraction_interval import fraction_interval, ploidy_interval
from liquidbiopsy.ctdna.tumour_fraction_limit import is_detected, limit_of_detection
from liquidbiopsy.ctdna.tumour_fraction_search import (
    Ground,
    Solution,
    chosen,
    no_tumour,
    residuals,
    solutions,
)
from liquidbiopsy.ctdna.tumour_fraction_sex import normal_copies, sex_of

MEASURED, NOT_DETECTED, INADEQUATE = "measured", "not_detected", "inadequate"
NAN = float("nan")


@dataclass(frozen=True)
class Estimate:
    """What a sample tells of its tumour; NaN where nothing is known."""

    status: str
    """`measured`, `not_detected` or `inadequate`."""
    sex: str
    """`female`, `male` or `unknown`."""
    normal: Values
    """Copies in a normal cell, shape (n,)."""
    genome: Copies
    """Copies of every bin: those of normal cells where no tumour was detected."""
    reason: str = ""
    """Why it is inadequate."""
    fraction: float = NAN
    """Share of tumour DNA, 0 to 1; NaN unless measured, as the next five are."""
    fraction_low: float = NAN
    """Profile-likelihood interval of it, near the chosen solution."""
    fraction_high: float = NAN
    ploidy: float = NAN
    """Mean copies of a tumour cell over the autosomes' used bins."""
    ploidy_low: float = NAN
    """Profile-likelihood interval of it, near the chosen solution."""
    ploidy_high: float = NAN
    offset: float = NAN
    """log2 of a bin of two copies."""
    limit: float = NAN
    """Limit of detection of the fraction, in this sample and for the genome the settings state."""
    log_ratio: float = NAN
    """Log of the likelihood with a tumour over that without, waves allowed for."""
    independence: float = NAN
    """How much a bin tells over what it would tell were neighbours independent, up to 1."""
    chosen: Solution | None = None
    """The solution that was taken, detected or not."""
    solutions: tuple[Solution, ...] = ()
    """All of them, best score first."""


def estimate(profile: Profile, settings: Mapping[str, Any]) -> Estimate:
    """Tumour fraction, ploidy and copies of a sample.

    A tumour is detected where the log-likelihood ratio is at least `min_log_ratio` and the fraction
    at least `min_fraction`.

    Parameters
    ----------
    profile : Profile
        Of n bins. The autosomes are fitted; X and Y get their copies by that.
    settings : dict
        The section `wgs` of the assay's settings.

    Returns
    -------
    Estimate
        `inadequate`, with the reason, where fewer autosomal bins than `min_bins` are used, where
        the middle one has fewer reads than `min_reads`, or where noise would hide even a sample of
        tumour DNA alone.
    """
    sex = sex_of(profile, settings)
    normal = normal_copies(profile, sex)
    whole = track_of(profile, profile.bins.autosomal, settings["segment_length"])
    reason = _too_few(profile, whole.log2.size, settings)
    if reason:
        nothing = normal_genome(profile, np.full(len(profile.bins), NAN), NAN)
        return Estimate(INADEQUATE, sex, normal, nothing, reason)
    track = pooled(whole, settings["search_bins"], settings["segment_length"])
    ground = Ground(track, independence(track, settings), settings)
    found = solutions(ground)
    best = chosen(found, settings["near_equal"])
    without = no_tumour(ground)
    ratio = best.log_likelihood - without.log_likelihood
    seen = is_detected(ratio, best.fraction, best.height, track, settings)
    taken = best if seen else without
    limit = limit_of_detection(ground, residuals(ground, taken), taken.scale)
    known: dict[str, Any] = {
        "offset": taken.offset, "limit": limit, "log_ratio": ratio,
        "independence": ground.power, "chosen": best, "solutions": tuple(found),
    }  # fmt: skip
    if not seen:
        genome = normal_genome(profile, normal, taken.offset)
        status, reason = NOT_DETECTED, ""
        if limit >= 1:
            status = INADEQUATE
            reason = (
                "so noisy that a sample of tumour DNA alone could be missed: more reads are needed"
            )
        return Estimate(status, sex, normal, genome, reason, **known)
    low, high = fraction_interval(ground, best)
    least, most = ploidy_interval(ground, best)
    return Estimate(
        MEASURED, sex, normal, decode(profile, normal, best, settings),
        fraction=best.fraction, fraction_low=low, fraction_high=high,
        ploidy=best.ploidy, ploidy_low=least, ploidy_high=most, **known,
    )  # fmt: skip


def _too_few(profile: Profile, bins: int, settings: Mapping[str, Any]) -> str:
    """Why nothing can be told of bins so few, or of so few reads; blank where there are enough.

    Noise is told by the middle difference of neighbours. Where bins have a read or two, most
    differ by none, and it comes out as nothing: a wave is a tumour then, and the limit far too low.
    """
    if bins < settings["min_bins"]:
        return (
            f"{bins} autosomal bins can be used and {settings['min_bins']} are needed: "
            "see the number of reads, the build and the size of the bins"
        )
    own = profile.count[profile.bins.autosomal & profile.used]
    own = own[np.isfinite(own)]  # ready ratios have no counts
    middle = float(np.median(own)) if own.size else math.inf
    if middle >= settings["min_reads"]:
        return ""
    return (
        f"{number(middle)} reads in the middle bin, of {number(settings['min_reads'])} at least: "
        "more reads are needed, or larger bins"
    )
