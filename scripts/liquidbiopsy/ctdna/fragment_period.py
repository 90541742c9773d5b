"""The swing of fragment lengths with the turn of the helix around nucleosomes.

Below the nucleosome's length, fragments are commonest every 10.4 bases or so, where the minor
groove faces outwards [1]_ [2]_. The swing is measured as the amplitude of one wave of that period
on the logarithm of the counts, over a cubic trend, fitted as counts with Poisson error [3]_: unlike
the difference of peaks and valleys at fixed lengths it does not hang on the slope under them.

References
----------
.. [1] Lo YMD et al. Maternal plasma DNA sequencing reveals the genome-wide genetic and mutational
       profile of the fetus. Science Translational Medicine 2010;2:61ra91.
.. [2] Mouliere F et al. Enhanced detection of circulating tumor DNA by fragment size analysis.
       Science Translational Medicine 2018;10:eaat4921.
.. [3] McCullagh P, Nelder JA. Generalized Linear Models. 2nd edition, Chapman and Hall 1989,
       chapter 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
TREND = 3  # degree of the polynomial under the wave
ROUNDS, CLOSE = 50, 1e-8
FEWEST = 500
"""Fragments in the range from which a swing is told."""


@dataclass(frozen=True)
class Period:
    """One wave on the logarithm of the counts."""

    amplitude: float
    """Half of its height: 0.1 is 10 % more fragments at a crest than the trend has."""
    error: float
    """Standard error of the amplitude."""
    crest: float
    """Length of the crest nearest the middle of the range, in bases."""
    fragments: int
    """Fragments in the range."""


def period_of(
    lengths: npt.NDArray[np.int64], period: float, span: tuple[int, int]
) -> Period | None:
    """Fit a wave to the counts of fragments by length.

    Parameters
    ----------
    lengths : (n,) array of int64
        Fragments by length in bases.
    period : float
        Of the wave, in bases.
    span : (first, last)
        Lengths that are fitted, both counted in.

    Returns
    -------
    Period or None
        None where there are fewer than `FEWEST` fragments, or no fit is found.
    """
    length = np.arange(span[0], min(span[1] + 1, len(lengths)))
    count = lengths[length].astype(np.float64)
    if count.sum() < FEWEST:
        return None
    middle = (span[0] + span[1]) / 2
    centred = (length - middle) / (span[1] - span[0])
    turn = 2 * np.pi * (length - middle) / period
    wave = [np.cos(turn), np.sin(turn)]
    design = np.stack([centred**k for k in range(TREND + 1)] + wave, axis=1)
    fitted = _poisson(design, count)
    if fitted is None:
        return None
    (cosine, sine), covariance = fitted[0][-2:], fitted[1][-2:, -2:]
    amplitude = float(np.hypot(cosine, sine))
    slope = np.array([cosine, sine]) / max(amplitude, 1e-300)
    crest = middle + period * np.arctan2(sine, cosine) / (2 * np.pi)
    error = float(np.sqrt(slope @ covariance @ slope))
    return Period(amplitude, error, float(crest), int(count.sum()))


def _poisson(design: Values, count: Values) -> tuple[Values, Values] | None:
    """Coefficients of a log-linear Poisson model and their covariance, by weighted least squares.

    The covariance is widened where counts scatter more than Poisson counts do.
    """
    mean = count + 0.5
    before = np.full(design.shape[1], np.inf)
    for _ in range(ROUNDS):
        target = np.log(mean) + (count - mean) / mean
        information = design.T @ (design * mean[:, None])
        try:
            found = np.linalg.solve(information, design.T @ (mean * target)).astype(np.float64)
        except np.linalg.LinAlgError:
            return None
        mean = np.exp(np.clip(design @ found, -30, 30))
        if np.max(np.abs(found - before)) < CLOSE:
            scatter = ((count - mean) ** 2 / mean).sum() / (len(count) - design.shape[1])
            spread = np.linalg.inv(information).astype(np.float64) * max(1.0, float(scatter))
            return found, spread
        before = found
    return None
