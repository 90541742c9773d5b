"""What a breakpoint must bring: chosen by how many false ones a genome without changes may have.

The largest of all scaled differences between two parts of n bins of pure noise exceeds a level x
with a probability that boundary crossing gives: of one change by [1]_, of a stretch between two by
[2]_. For m rows that share their breakpoints the sum of m squares is followed as in [3]_; here with
its own drift, (x - m + 1) in place of x, which for one row is the formula of [1]_.

References
----------
.. [1] Siegmund D. Boundary crossing probabilities and statistical applications. Ann Stat
       1986;14:361-404, doi:10.1214/aos/1176349928.
.. [2] Siegmund D. Approximate tail probabilities for the maxima of some random fields. Ann Probab
       1988;16:487-501, doi:10.1214/aop/1176991769; as used by Olshen AB et al. Biostatistics
       2004;5:557-572, doi:10.1093/biostatistics/kxh008.
.. [3] Zhang NR, Siegmund DO, Ji H, Li JZ. Detecting simultaneous changepoints in multiple
       sequences. Biometrika 2010;97:631-645, doi:10.1093/biomet/asq025.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, ndtr

Values = npt.NDArray[np.float64]

POINTS = 129  # of the quadrature
HALVINGS = 40


def penalty(lengths: Iterable[int], rows: int, min_bins: int, false_breakpoints: float) -> float:
    """Loss of squares, in units of the noise, that a breakpoint must save.

    Parameters
    ----------
    lengths : iterable of int
        Bins of each contig.
    rows : int
        Samples or cells that share the breakpoints, from 1.
    min_bins : int
        Bins that a segment has at least.
    false_breakpoints : float
        How many may be expected in one genome without changes, over 0.

    Returns
    -------
    float
        Infinite where no contig has room for a breakpoint.
    """
    return _penalty(tuple(sorted(lengths)), rows, min_bins, false_breakpoints)


@lru_cache(maxsize=64)
def _penalty(lengths: tuple[int, ...], rows: int, min_bins: int, allowed: float) -> float:
    room = [n for n in lengths if n >= 2 * min_bins]
    if not room or rows < 1:
        return float("inf")
    spread = np.sqrt(2.0 * rows)
    low, high = rows + 2 * spread, rows + 20 * spread + 400
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if expected(room, rows, min_bins, middle) > allowed:
            low = middle
        else:
            high = middle
    return float(high)


def expected(lengths: Iterable[int], rows: int, min_bins: int, level: float) -> float:
    """Expected number of false breakpoints in noise, where each must save `level`.

    Parameters
    ----------
    lengths, rows, min_bins
        As in `penalty`.
    level : float
        In units of the noise; well over `rows`.
    """
    # two breakpoints save twice the level, of which the difference of the outer parts has its share
    both = 2 * level - rows
    return sum(
        one_change(n, rows, min_bins, level) + 2 * a_stretch(n, rows, min_bins, both)
        for n in lengths
    )


def one_change(n: int, rows: int, min_bins: int, level: float) -> float:
    """Chance that the best single breakpoint in n bins of noise saves more than `level`."""
    if n < 2 * min_bins:
        return 0.0
    first = np.log((min_bins - 0.5) / (n - min_bins + 0.5))
    logit = np.linspace(first, -first, POINTS)
    share = 1 / (1 + np.exp(-logit))
    drift = level - rows + 1
    steps = drift / np.sqrt(level * n * share * (1 - share))
    return float(_density(level, rows) * drift * np.trapezoid(overshoot(steps), logit))


def a_stretch(n: int, rows: int, min_bins: int, level: float) -> float:
    """Chance that the best stretch within n bins of noise differs from the rest by over `level`."""
    if n < 3 * min_bins:
        return 0.0
    low, high = np.log((min_bins - 0.5) / n), np.log(1 - 2 * min_bins / n)
    if not high > low:
        return 0.0
    where = np.linspace(low, high, POINTS)
    share = np.exp(where)
    drift = level - rows + 1
    steps = drift / np.sqrt(level * n * share * (1 - share))
    area = np.trapezoid(overshoot(steps) ** 2 / (share * (1 - share)), where)
    return float(_density(level, rows) * drift**2 / 2 * area)


def overshoot(x: Values) -> Values:
    """Siegmund's nu: what a walk in steps passes over a boundary, as a factor of 0 to 1.

    The approximation of Siegmund and Yakir, The statistics of gene mapping, 2007, p. 112.
    """
    x = np.maximum(x, 1e-6)
    density = np.exp(-(x**2) / 8) / np.sqrt(2 * np.pi)
    return np.asarray((2 / x) * (ndtr(x / 2) - 0.5) / ((x / 2) * ndtr(x / 2) + density))


def _density(x: float, rows: int) -> float:
    """Density of chi squared with `rows` degrees of freedom."""
    half = rows / 2
    return float(np.exp((half - 1) * np.log(x) - x / 2 - half * np.log(2) - gammaln(half)))
