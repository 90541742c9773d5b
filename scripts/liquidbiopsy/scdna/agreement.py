"""Agreement of a clone's copies with the copy number of the same patient's plasma.

Neighbouring bins tell much the same, so that their number says little of how sure a correlation
is. It is held against those with the plasma's bins turned around the genome, which keeps what
neighbours share: the share of turns that agree as well is its probability by chance [1]_.

References
----------
.. [1] Davison AC, Hinkley DV. Bootstrap methods and their application. Cambridge University Press
       1997, chapter 4.
"""

from __future__ import annotations

import numpy as np

from liquidbiopsy.copynumber.bins import Mask, Values

FEWEST = 50  # bins that a correlation is made of
TURNS = 1000  # at most, evenly spaced
LEAST = 0.1  # copies taken where there are none, so that they have a logarithm

Row = dict[str, float | int | str | None]


def log2_of(copies: Values, used: Mask) -> Values:
    """log2 of copies over their mean, as a plasma sample has them; NaN where not known.

    Parameters
    ----------
    copies : array of float, shape (n,)
        Of a clone in bins; under 0 or NaN where not known.
    used : array of bool, shape (n,)
        Bins that the mean is taken over.
    """
    known = np.isfinite(copies) & (copies >= 0)
    own = used & known
    mean = float(copies[own].mean()) if own.any() else float("nan")
    with np.errstate(invalid="ignore"):
        return np.where(known, np.log2(np.maximum(copies, LEAST) / (mean or np.nan)), np.nan)


def agreement(clone: Values, plasma: Values, used: Mask | None = None) -> Row:
    """Correlation of a clone's profile with the plasma's over the same bins.

    Parameters
    ----------
    clone, plasma : array of float, shape (n,)
        log2 in the same bins, in genome order; NaN where not known.
    used : array of bool, shape (n,), optional
        Bins that count; all that both know where None.

    Returns
    -------
    dict
        `bins` that were used; `pearson` and `spearman`, -1 to 1; `slope` of the plasma's log2 over
        the clone's; `p_value` of Pearson's by turns of the genome; and `reason` where there is none
        of these.

    Raises
    ------
    ValueError
        Where the two are not of the same bins.
    """
    if clone.shape != plasma.shape:
        raise ValueError(f"{clone.size} bins of a clone, {plasma.size} of plasma")
    own = np.isfinite(clone) & np.isfinite(plasma)
    own = own if used is None else own & used
    x, y = clone[own], plasma[own]
    found: Row = {"bins": int(x.size), "pearson": None, "spearman": None}
    found |= {"slope": None, "p_value": None, "reason": None}
    if x.size < FEWEST:
        return found | {"reason": f"{x.size} bins that both know, fewer than {FEWEST}"}
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        flat = "the clone's copies" if np.ptp(x) == 0 else "the plasma's copies"
        return found | {"reason": f"{flat} are the same in all bins"}
    x, y = x - x.mean(), y - y.mean()
    square = float(x @ x)
    pearson = float(x @ y) / np.sqrt(square * float(y @ y))
    ranks = np.corrcoef(_ranks(x), _ranks(y))[0, 1]
    turns = np.unique(np.linspace(1, x.size - 1, min(TURNS, x.size - 1)).round().astype(np.int64))
    chance = np.array([x @ np.roll(y, k) for k in turns]) >= float(x @ y) * (1 - 1e-9)
    return found | {
        "pearson": float(np.clip(pearson, -1, 1)),
        "spearman": float(ranks),
        "slope": float(x @ y) / square,
        "p_value": float(1 + chance.sum()) / (1 + turns.size),
    }


def _ranks(values: Values) -> Values:
    """Rank of each value, from 1; of equal ones the mean of theirs."""
    _, place, many = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(many) - (many - 1) / 2)[place], np.float64)
