"""Exact 95 % intervals for counts and for proportions.

References
----------
.. [1] Garwood F. Fiducial limits for the Poisson distribution. Biometrika 1936;28:437-442.
.. [2] Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of
       the binomial. Biometrika 1934;26:404-413.
"""

from __future__ import annotations

from scipy.special import betaincinv, chdtri

LEVEL = 0.95


def exact_poisson(count: float, level: float = LEVEL) -> tuple[float, float]:
    """Exact (Garwood) interval of a Poisson count [1]_.

    Parameters
    ----------
    count : float
        Events seen, >= 0.
    level : float
        Coverage, in (0, 1).

    Returns
    -------
    (low, high) : tuple of float
        In events.

    Examples
    --------
    >>> tuple(round(x, 2) for x in exact_poisson(5))
    (1.62, 11.67)
    """
    if count < 0:
        raise ValueError(f"a count cannot be negative: {count}")
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(chdtri(2 * count, 1 - tail)) / 2
    return low, float(chdtri(2 * count + 2, tail)) / 2


def clopper_pearson(count: float, total: float, level: float = LEVEL) -> tuple[float, float]:
    """Exact interval of a binomial proportion [2]_.

    Parameters
    ----------
    count, total : float
        Successes and trials, 0 <= count <= total, total > 0.
    level : float
        Coverage, in (0, 1).

    Returns
    -------
    (low, high) : tuple of float
        Proportions in [0, 1].

    Examples
    --------
    >>> tuple(round(x, 3) for x in clopper_pearson(14, 52))
    (0.156, 0.41)
    """
    if not 0 <= count <= total or total <= 0:
        raise ValueError(f"{count} of {total} is not a proportion")
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(betaincinv(count, total - count + 1, tail))
    high = 1.0 if count == total else float(betaincinv(count + 1, total - count, 1 - tail))
    return low, high
