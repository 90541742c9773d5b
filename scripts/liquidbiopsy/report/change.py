"""What changed from one visit to the next, with an interval where there is a method for one.

References
----------
.. [1] Przyborowski J, Wilenski H. Homogeneity of results in testing samples from Poisson series.
       Biometrika 1940;31:313-323. The newer of two counts is binomial given their sum.
.. [2] Cornfield J. A statistical problem arising from retrospective studies. Proc Third Berkeley
       Symposium 1956;4:135-148. The exact interval of an odds ratio, given the margins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scipy.stats.contingency import odds_ratio

from liquidbiopsy.core.intervals import LEVEL, clopper_pearson
from liquidbiopsy.core.tables import MEASURED
from liquidbiopsy.core.words import number, plain
from liquidbiopsy.report.statements import Statement

POISSON, BINOMIAL = "exact_poisson", "clopper_pearson"


@dataclass(frozen=True)
class Change:
    """A result against the one before it."""

    direction: str
    """`Higher`, `Lower`, `The same`, or what became of it where there are not two numbers."""
    words: str = ""
    """The ratio with its interval, or why there is none."""
    excludes: bool | None = None
    """Whether the interval excludes no change; None where there is no interval of the change."""


def change(new: Statement, old: Statement) -> Change:
    """Compare a usable result with the usable one before it."""
    if MEASURED not in (new.row["status"], old.row["status"]):
        return Change("Not detected, as before")
    if new.row["status"] != old.row["status"]:
        words = (plain(s.row["status"]) for s in (new, old))
        return Change(f"{next(words)}, {next(words).lower()} before")
    now, then = new.row["value"], old.row["value"]
    if now is None or then is None:
        return Change("Not comparable")
    direction = "The same" if now == then else "Higher" if now > then else "Lower"
    methods = {_method(new.row), _method(old.row)}
    if methods == {POISSON}:
        return _of(direction, "Ratio", *rate_ratio(new.row, old.row))
    if methods == {BINOMIAL}:
        return _of(direction, "Odds ratio", *_odds_ratio(new.row, old.row))
    ends = [s.row[end] for s in (new, old) for end in ("ci_low", "ci_high")]
    if None in ends:
        return Change(direction, "No interval for this kind of result")
    apart = ends[0] > ends[3] or ends[1] < ends[2]
    said = "do not overlap" if apart else "overlap"
    return Change(direction, f"The two intervals {said}")


def rate_ratio(new: Mapping[str, Any], old: Mapping[str, Any]) -> tuple[float, float, float]:
    """Ratio of two rates of counts, each over its own denominator, with its exact interval [1]_.

    Returns
    -------
    ratio, low, high : float
        Without unit; NaN where both counts are 0 has the interval from 0 to infinity.
    """
    (a, of_a), (b, of_b) = ((row["count"], row["denominator"]) for row in (new, old))
    per = of_b / of_a
    if a + b == 0:
        return math.nan, 0.0, math.inf
    low, high = clopper_pearson(a, a + b)
    return _odds(a / (a + b)) * per, _odds(low) * per, _odds(high) * per


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else math.inf


def _odds_ratio(new: Mapping[str, Any], old: Mapping[str, Any]) -> tuple[float, float, float]:
    """Odds ratio of two proportions with its exact interval [2]_."""
    table = [[round(r["count"]), round(r["denominator"] - r["count"])] for r in (new, old)]
    found = odds_ratio(table)
    ends = found.confidence_interval(LEVEL)
    return float(found.statistic), float(ends.low), float(ends.high)


def _method(row: Mapping[str, Any]) -> str | None:
    """How a change of such results is judged: by counts over denominators, where both are known."""
    told = row["count"] is not None and bool(row["denominator"])
    method: str | None = row["ci_method"] if told else None
    return method if method in (POISSON, BINOMIAL) else None


def _of(direction: str, name: str, ratio: float, low: float, high: float) -> Change:
    if math.isnan(ratio):
        return Change(direction, "Nothing counted at either visit", False)
    excludes = low > 1 or high < 1
    return Change(direction, f"{name} {number(ratio)} ({number(low)}–{number(high)})", excludes)
