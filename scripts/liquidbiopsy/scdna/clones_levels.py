"""Whether what parts two clones is in the ratios, or came with the rounding to whole copies.

Where the noise of a level reaches to the next number of copies, as after MDA, or a level lies
between two numbers for all cells alike, as a bias of the run makes it, cells of one clone fall into
two groups that differ by a whole copy. So groups are held against the ratios themselves: along the
difference of two clones cells lie in two heaps, those of one clone in one, whatever their noise;
that is asked by the likelihood of one normal distribution and of two [1]_. A cell does not count in
the difference that it is held against, and its scale is fitted: a mistaken ploidy parts no clone.

References
----------
.. [1] McLachlan GJ. On bootstrapping the likelihood ratio test statistic for the number of
       components in a normal mixture. Appl Stat 1987;36:318-324, doi:10.2307/2347790 (why the gain
       of a second heap has no chi-square distribution, so that it is asked for in nats here).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from liquidbiopsy.copynumber.bins import Mask, Places, Values

LEAST = 0.5  # copies by which clones differ in a segment
RELATIVE = 0.15  # the same of the copies, where there are many
FAR = 3.0  # standard deviations beyond which being farther off does not count
TINY = 3  # bins under which a segment has no say
ROUNDS = 4  # of assigning, and of joining
STEPS = 40  # of fitting two heaps
SMALL = 1e-9


@dataclass(frozen=True)
class Levels:
    """Mean ratios of cells; m cells, k segments."""

    ratio: Values
    """Shape (m, k), 1 at the cell's median; NaN where not known."""
    bins: Values
    """Used bins behind each, shape (m, k)."""
    noise: Values
    """Standard deviation of the copies of one bin, where there are two, shape (m,)."""

    def of(self, cells: Places) -> Levels:
        """Those of some cells."""
        return Levels(self.ratio[cells], self.bins[cells], self.noise[cells])


def held(of: Places, profiles: Values, levels: Levels, least: float) -> Places:
    """Groups of cells of which each is told from the others by the ratios.

    Parameters
    ----------
    of : array of int, shape (m,)
        Group of each cell, 0 to g - 1.
    profiles : array of float, shape (g, k)
        Copies; NaN where not known.
    levels : Levels
    least : float
        Nats that two heaps must save over one.

    Returns
    -------
    array of int, shape (m,)
        Groups by the numbers they had; some are gone.
    """
    of, middle = of.copy(), {g: profiles[g] for g in np.unique(of).tolist()}
    while len(middle) > 1:
        copies, error = _fitted(of, middle, levels)
        for _ in range(ROUNDS):
            before = of.copy()
            middle = {g: _median(copies[of == g], middle[g]) for g in np.unique(of).tolist()}
            of = _assigned(of, middle, levels)
            copies, error = _fitted(of, middle, levels)
            if (of == before).all():
                break
        middle = {g: _median(copies[of == g], middle[g]) for g in np.unique(of).tolist()}
        worst, pair = least, (-1, -1)
        for g in middle:
            for other in _nearest(g, of, middle, error):
                gain = heaps(*_along(of, g, other, middle, levels, error))
                if gain < worst:
                    worst, pair = gain, (g, other)
        if pair[0] < 0:
            break
        small, large = sorted(pair, key=lambda g: (int((of == g).sum()), -g))
        of[of == small] = large
        del middle[small]
    return of


def _fitted(of: Places, middle: dict[int, Values], levels: Levels) -> tuple[Values, Values]:
    """Copies of each cell on the scale of its group, and their variances; shape (m, k)."""
    own = np.stack([middle[g] for g in of.tolist()])
    copies = levels.ratio * scales(levels, own)[:, None]
    return copies, variances(levels, copies, own)


def scales(levels: Levels, profile: Values) -> Values:
    """Copies at a ratio of 1 by which cells are nearest to profiles, shape (m,).

    `profile` has the shape of the cells or of one of them.
    """
    profile = np.broadcast_to(profile, levels.ratio.shape)
    known = np.isfinite(levels.ratio) & np.isfinite(profile) & (levels.bins >= TINY)
    ratio = np.where(known, levels.ratio, 0.0)
    # levels vary as the copies do, of which there are two of most
    weight = levels.bins * known / np.maximum(np.nan_to_num(profile), 1.0)
    low = (weight * ratio**2).sum(axis=1)
    top = (weight * ratio * np.nan_to_num(profile)).sum(axis=1)
    return np.where((low > 0) & (top > 0), top / np.maximum(low, SMALL), 1.0)


def variances(levels: Levels, copies: Values, own: Values) -> Values:
    """Variances of the levels, by what cells and segments are off their profiles; (m, k).

    That of reads alone is too little: amplification is uneven over many bins.
    """
    white = levels.noise[:, None] ** 2 * np.maximum(np.nan_to_num(own), 0.5) / 2
    white = white / np.maximum(levels.bins, 1)
    known = np.isfinite(copies) & np.isfinite(own) & (levels.bins >= TINY)
    square = np.where(known, (copies - own) ** 2 / np.maximum(white, SMALL), 0.0)
    weight = np.sqrt(levels.bins) * known
    total = np.maximum(weight.sum(axis=1), SMALL)
    of_cell = np.maximum((weight * np.minimum(square, 100.0)).sum(axis=1) / total, 1.0)
    rest = np.minimum(square / of_cell[:, None], FAR**2)
    of_segment = np.maximum(rest.sum(axis=0) / np.maximum(known.sum(axis=0), 1), 1.0)
    return np.where(known, white * of_cell[:, None] * of_segment, np.inf)


def _assigned(of: Places, middle: dict[int, Values], levels: Levels) -> Places:
    """The nearest group of each cell, in the segments by which groups differ."""
    names = list(middle)
    profiles = np.stack([middle[g] for g in names])
    _, error = _fitted(of, middle, levels)
    part = _differ(profiles.max(axis=0), profiles.min(axis=0))
    nats = np.empty((len(of), len(names)))
    for k, g in enumerate(names):
        copies = levels.ratio * scales(levels, middle[g])[:, None]
        square = np.minimum((copies - middle[g]) ** 2 / error, FAR**2)
        share = max(float((of == g).mean()), SMALL)
        nats[:, k] = 0.5 * np.nansum(square[:, part], axis=1) - np.log(share)
    return np.array(names)[nats.argmin(axis=1)]


def _nearest(g: int, of: Places, middle: dict[int, Values], error: Values) -> list[int]:
    """The group that is the hardest to tell from one."""
    usual = np.median(error[of == g], axis=0)
    apart = {}
    for other in middle:
        if other != g:
            off = middle[g] - middle[other]
            part = _differ(middle[g], middle[other])
            apart[other] = float(np.nansum((off**2 / usual)[part]))
    return sorted(apart, key=lambda other: apart[other])[:2]


def _differ(one: Values, other: Values) -> Mask:
    """Segments in which two profiles differ."""
    with np.errstate(invalid="ignore"):
        least = np.maximum(LEAST, RELATIVE * np.minimum(one, other))
        found: Mask = np.abs(one - other) >= least
    return found


def _along(
    of: Places,
    g: int,
    other: int,
    middle: dict[int, Values],
    levels: Levels,
    error: Values,
) -> tuple[Values, Values, Mask]:
    """Where cells of two groups lie along their difference, -1/2 to 1/2, by means without each.

    Returns
    -------
    place : array of float, shape (c,)
    variance : array of float, shape (c,)
    second : array of bool, shape (c,)
        Whether a cell is of `g`.
    """
    own = np.flatnonzero((of == g) | (of == other))
    second = of[own] == g
    both = np.where(np.isfinite(middle[g] + middle[other]), (middle[g] + middle[other]) / 2, np.nan)
    part = levels.of(own)
    copies = (
        part.ratio
        * scales(part, np.where(_differ(middle[g], middle[other]), np.nan, both))[:, None]
    )
    known = np.isfinite(copies)
    value, sums, count = np.where(known, copies, 0.0), {}, {}
    for side in (False, True):
        sums[side] = value[second == side].sum(axis=0)
        count[side] = known[second == side].sum(axis=0).astype(np.float64)
    mean = {}
    for side in (False, True):
        in_it = (second == side)[:, None] & known
        top = sums[side] - np.where(in_it, value, 0.0)
        low = count[side] - in_it
        mean[side] = np.divide(top, low, out=np.full(top.shape, np.nan), where=low > 0)
    use = _differ(mean[True], mean[False]) & known & np.isfinite(error[own])
    gap = np.where(use, mean[True] - mean[False], 0.0)
    centre = np.where(use, (mean[True] + mean[False]) / 2, 0.0)
    weight = np.where(use, 1 / error[own], 0.0)
    length = (gap**2 * weight).sum(axis=1)
    place = (gap * (value - centre) * weight).sum(axis=1) / np.maximum(length, SMALL)
    seen = length > 0
    return place[seen], 1 / length[seen], second[seen]


def heaps(place: Values, variance: Values, second: Mask) -> float:
    """Nats that two heaps save over one, spread as the cells' variances are up to a factor.

    Parameters
    ----------
    place, variance : arrays of float, shape (c,)
    second : array of bool, shape (c,)
        Cells that the second heap is begun with.
    """
    if place.size < 2 or second.all() or not second.any():
        return 0.0
    weight = 1 / variance
    mean = np.average(place, weights=weight)
    one = max(float((weight * (place - mean) ** 2).mean()), 1.0)
    alone = -0.5 * float((np.log(one) + weight * (place - mean) ** 2 / one).sum())
    share = np.where(second, 0.99, 0.01)
    best = -np.inf
    for _ in range(STEPS):
        part = float(np.clip(share.mean(), 1 / (2 * place.size), 1 - 1 / (2 * place.size)))
        low = float((weight * (1 - share) * place).sum() / (weight * (1 - share)).sum())
        high = float((weight * share * place).sum() / (weight * share).sum())
        off = (1 - share) * (place - low) ** 2 + share * (place - high) ** 2
        spread = max(float((weight * off).mean()), 1.0)
        left = np.log(1 - part) - 0.5 * weight * (place - low) ** 2 / spread
        right = np.log(part) - 0.5 * weight * (place - high) ** 2 / spread
        total = float(np.logaddexp(left, right).sum()) - 0.5 * place.size * np.log(spread)
        share = np.exp(right - np.logaddexp(left, right))
        if total <= best + 1e-6:
            break
        best = total
    return max(best, total) - alone if high > low else 0.0


def _median(copies: Values, before: Values) -> Values:
    """Median of cells' copies, shape (k,); as before where none knows."""
    known = np.isfinite(copies)
    if known.all():
        return np.asarray(np.median(copies, axis=0))
    found = before.copy()
    some = known.any(axis=0)
    found[some] = np.nanmedian(copies[:, some], axis=0)
    return found
