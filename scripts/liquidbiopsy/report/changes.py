"""What changed between two results of one kind, in words."""

from __future__ import annotations

from typing import Any

from liquidbiopsy.core.tables import MEASURED
from liquidbiopsy.core.words import number
from liquidbiopsy.report.statements import Statement


def change(new: Statement, old: Statement | None) -> str:
    """How a usable result stands to the usable one before it.

    Two 95 % intervals that do not meet exclude that nothing changed; where they overlap, it stays
    open. Counts over other volumes are not held against each other, as no count is rescaled.

    Examples
    --------
    `lower, intervals apart`, `newly detected`, `not compared: counted in 3, before in 7.5`.
    """
    if old is None:
        return "first result"
    a, b = new.row, old.row
    found = (a["status"] == MEASURED, b["status"] == MEASURED)
    if found == (False, False):
        return "still not detected"
    if found == (True, False):
        return "newly detected"
    if found == (False, True):
        return "no longer detected"
    if a["value"] is None or b["value"] is None:
        return ""
    if _over_volume(a) and a["denominator"] != b["denominator"]:
        return f"not compared: counted in {_volume(a)}, before in {_volume(b)}"
    if a["value"] == b["value"]:
        return "the same"
    way = "higher" if a["value"] > b["value"] else "lower"
    if None in (a["ci_low"], a["ci_high"], b["ci_low"], b["ci_high"]):
        return way
    apart = a["ci_low"] > b["ci_high"] or b["ci_low"] > a["ci_high"]
    return f"{way}, intervals {'apart' if apart else 'overlap'}"


def _over_volume(row: Any) -> bool:
    """Whether the value is the raw count, whatever it was counted in."""
    return bool(row["count"] is not None and row["count"] == row["value"])


def _volume(row: Any) -> str:
    return "an unknown volume" if row["denominator"] is None else number(row["denominator"])
