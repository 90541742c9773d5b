"""Whole numbers of copies along each cell's genome, its scale being known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Places, Values
from liquidbiopsy.copynumber.segment_noise import joint_variance
from liquidbiopsy.scdna import joint
from liquidbiopsy.scdna.copies_kernel import likeliest
from liquidbiopsy.scdna.ploidy_kernel import STRAY

Whole = npt.NDArray[np.int16]
ROUNDS = 2  # of finding copies, and with them scale, noise and how usual changes are
NUMBERS = 20  # of copies, that a change may be to
CHEAPEST = 4.0  # price of a change at least, in squares


@dataclass(frozen=True)
class Copies:
    """Copies of cells; c cells, u used bins."""

    copies: Whole
    """Shape (c, u)."""
    scale: Values
    """Copies at a ratio of 1, shape (c,)."""
    noise: Values
    """Standard deviation of y in a bin of weight 1 about the cell's own segments, shape (c,)."""


def copies_of(rows: joint.Rows, first: Places, noise: Values, scales: Values) -> Copies:
    """The likeliest path of each cell, for which a change costs less where cells share it.

    Parameters
    ----------
    rows : joint.Rows
        Cells; of the settings `min_bins`, `false_breakpoints` and `copies_max` are read.
    first : array of int, shape (k,)
        First used bins of shared segments.
    noise : array of float, shape (c,)
        Of y in a bin of weight 1.
    scales : array of float, shape (c,)
        Copies at a ratio of 1, nearly.

    Returns
    -------
    Copies
    """
    settings, contig = rows.settings, rows.contig
    price = joint.prices(contig, first, settings)
    most = 2 * price.max() / (settings["min_bins"] - 0.5)
    found = np.empty((rows.cells.size, contig.size), np.int16)
    scales, noise = scales.copy(), noise.copy()
    for turn in range(ROUNDS):
        if turn > 0:
            price = usual_prices(found, price)
        for places, steady in rows:
            for k, place in enumerate(places):
                y, weight = steady.y[k], steady.weight[k]
                states = means_of(float(scales[place]), y, int(settings["copies_max"]))
                row = likeliest(y, weight / noise[place] ** 2, states, contig, price, most)
                scales[place] = scale_of(y, weight, row, float(scales[place]))
                noise[place] = max(noise_about(y, weight, row, contig), float(steady.noise[k]))
                found[place] = row
    return Copies(found, scales, noise)


def usual_prices(copies: Whole, price: Values) -> Values:
    """Prices of a change at each bin, less where many cells have one; shape (u,).

    A change at a place where a share f of the cells has one is as likely as that, and may be to any
    of some numbers of copies: in squares, 2 log((1 - f) / f) and twice the logarithm of these.
    """
    many = (copies[:, 1:] != copies[:, :-1]).sum(axis=0, dtype=np.int64)
    share = (np.append(0, many) + 0.5) / (len(copies) + 1)
    usual = 2 * np.log((1 - share) / share) + 2 * np.log(NUMBERS)
    return np.minimum(price, np.maximum(usual, CHEAPEST))


def means_of(scale: float, y: Values, most: int) -> Values:
    """Values of y at 0, 1, 2 ... copies, up to the most that a cell has."""
    top = int(min(np.ceil(scale * (y.max() / 2) ** 2) + 1, most))
    ratio = np.arange(top + 1) / scale
    ratio[0] = STRAY
    return np.asarray(2 * np.sqrt(ratio))


def scale_of(y: Values, weight: Values, copies: Whole, scale: float) -> float:
    """Copies at a ratio of 1 by least squares, the numbers being known; as it is where none is."""
    root = np.sqrt(np.maximum(copies, 0))
    low = float((weight * root**2).sum())
    top = float((weight * y * root).sum())
    return (2 * low / top) ** 2 if top > 0 and low > 0 else scale


def noise_about(y: Values, weight: Values, copies: Whole, contig: npt.NDArray[Any]) -> float:
    """Standard deviation of a bin of weight 1 about a cell's own segments."""
    changed = (np.diff(copies, prepend=-2) != 0) | (np.diff(contig, prepend=-1) != 0)
    return float(np.sqrt(joint_variance(y, weight, np.flatnonzero(changed))))
