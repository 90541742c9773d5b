"""Sex from the X and Y chromosomes of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bins import Profile

FEW = 5  # bins under which a chromosome tells nothing
PLACE = (
    0.75  # of the bins of Y, by their reads: more than half of Y is unknown or repeated sequence
)
FEMALE, MALE, UNKNOWN = "female", "male", "unknown"


def sex_of(profile: Profile, settings: Mapping[str, Any]) -> str:
    """`female`, `male`, or `unknown` where the sample does not tell.

    Y decides where reads were sought on it: a tumour may lose an X, but brings no Y. A few
    reads of a woman stray to repeats of Y, so that most of its bins are asked, not all its
    reads. Where Y has no bins, or not one read, X is asked.

    Parameters
    ----------
    profile : Profile
    settings : dict
        `male_y_ratio`: reads of a bin of Y over those of an autosome's, from which a sample is a
        man's. `male_x_log2`: log2 of X, against the autosomes, under which it is.
    """
    on_y, autosomal = profile.count[profile.bins.of("Y")], profile.count[profile.bins.autosomal]
    on_y, autosomal = on_y[np.isfinite(on_y)], autosomal[autosomal > 0]
    if on_y.size >= FEW and on_y.any() and autosomal.size:
        ratio = np.quantile(on_y, PLACE) / np.median(autosomal)
        return MALE if ratio >= settings["male_y_ratio"] else FEMALE
    known = profile.used & np.isfinite(profile.log2)
    x = profile.bins.of("X")
    on_x = profile.log2[x][known[x]]
    usual = profile.log2[known & profile.bins.autosomal]
    if on_x.size < FEW or usual.size < FEW:
        return UNKNOWN
    less = float(np.median(on_x) - np.median(usual))
    return MALE if less < settings["male_x_log2"] else FEMALE


def normal_copies(profile: Profile, sex: str) -> np.ndarray:
    """Copies in a normal cell, shape (n,): 2, 1 on the X and Y of a man; NaN where not known."""
    copies = np.full(len(profile.bins), np.nan)
    copies[profile.bins.autosomal] = 2.0
    copies[profile.bins.of("X")] = {FEMALE: 2.0, MALE: 1.0, UNKNOWN: np.nan}[sex]
    copies[profile.bins.of("Y")] = {FEMALE: np.nan, MALE: 1.0, UNKNOWN: np.nan}[sex]
    return copies
