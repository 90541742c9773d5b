"""From counts in bins to a profile: bins that tell something, corrected, less the normals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bins import Bins, Mask, Profile, Values
from liquidbiopsy.copynumber.correct import correct, dead
from liquidbiopsy.copynumber.noise import scaled
from liquidbiopsy.copynumber.normals import Normals
from liquidbiopsy.copynumber.regions import in_centromeres

HALF_A_READ = 0.5
"""Taken where a bin has no read by chance, so that it has a logarithm."""


def profile_of(
    bins: Bins,
    count: Values,
    gc: Values | None,
    mappability: Values | None,
    build: str | None,
    normals: Normals | None,
    settings: Mapping[str, Any],
    acgt: Values | None = None,
) -> Profile:
    """The profile of a sample.

    A bin is used where its GC and mappability are known and high enough, it is in no centromere,
    it has not too few reads for its GC (`ratio_min`), and the panel knows it. Its noise is that of
    a Poisson count and of the panel, brought to the height that neighbouring bins show.

    Parameters
    ----------
    bins : Bins
    count : array of float, shape (n,)
        Reads.
    gc, mappability : array of float, shape (n,), or None
        0 to 1, NaN where not known; None where nothing is corrected for it.
    build : str or None
        Build of the genome, whose centromeres are left out.
    normals : Normals or None
    settings : dict
        Those of `correct`, and `mappability_min`, `acgt_min`, `centromere_flank`, `ratio_min`,
        `panel_spread_max`.
    acgt : array of float, shape (n,), optional
        Share of known bases, 0 to 1.

    Returns
    -------
    Profile
        Without any bin used where there are no reads.

    Raises
    ------
    InputError
        The panel is of other bins.
    """
    sound = sound_bins(bins, gc, build, settings, acgt)
    fitted = sound & bins.autosomal if (sound & bins.autosomal).any() else sound
    corrected, expected = correct(count, gc, mappability, fitted, settings)
    with np.errstate(invalid="ignore"):
        if mappability is not None:
            sound = sound & (mappability >= settings["mappability_min"])
        used = sound & np.isfinite(corrected) & ~dead(count, sound)
        used &= (corrected >= settings["ratio_min"]) | (count == 0)
        log2 = np.log2(np.maximum(count, HALF_A_READ) / expected)
        noise = 1 / (math.log(2) * np.sqrt(expected))
        if normals is not None:
            usual, spread = normals.on(bins)
            log2 = log2 - usual
            noise = np.hypot(noise, spread)
            used &= np.isfinite(usual)
            if used.any():
                used &= spread <= settings["panel_spread_max"] * np.median(spread[used])
    log2[~used] = np.nan
    unknown = np.full(len(bins), np.nan)
    return Profile(
        bins=bins,
        count=np.asarray(count, np.float64),
        gc=unknown if gc is None else gc,
        mappability=unknown if mappability is None else mappability,
        corrected=corrected,
        log2=log2,
        noise=np.where(used, scaled(bins, log2, used, noise), np.nan),
        used=used,
    )


def sound_bins(
    bins: Bins,
    gc: Values | None,
    build: str | None,
    settings: Mapping[str, Any],
    acgt: Values | None = None,
) -> Mask:
    """Bins of known sequence out of centromeres, whatever their mappability: shape (n,).

    Parameters are those of `profile_of`.
    """
    sound = ~in_centromeres(bins, build, settings["centromere_flank"])
    if gc is not None:
        sound &= np.isfinite(gc)
    if acgt is not None:
        sound &= np.nan_to_num(acgt) >= settings["acgt_min"]
    return sound
