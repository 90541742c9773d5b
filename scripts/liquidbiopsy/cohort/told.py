"""What the index says of the statistics, and of who was measured when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.cohort.curves_chart import curves_svgs
from liquidbiopsy.core.words import number, plain, signed_day

Row = Mapping[str, Any]

ENDPOINTS = {"pfs": "Progression-free survival", "os": "Overall survival"}
HEADS = ("Statistic", "Group", "Against", ">Patients", ">Events", ">Estimate", "95 % CI", ">p")
HEADS_OF_NOTE = (*HEADS, "Method, or why there is no number")


@dataclass(frozen=True)
class Curves:
    """The curves of one rule at one endpoint, and the numbers under them."""

    key: str
    title: str
    svgs: Mapping[str, str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class RuleTold:
    """All that the page says of one rule."""

    key: str
    title: str
    states: Sequence[Sequence[str]]
    curves: Sequence[Curves]


def rules_told(statistics: Iterable[Row], steps: Iterable[Row]) -> list[RuleTold]:
    """A section a rule, all patients together first.

    Parameters
    ----------
    statistics, steps : iterable of mapping
        Rows of statistics.parquet and of survival.parquet, in their order.
    """
    drawn: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for step in steps:
        drawn[_place(step)].append(step)
    by_rule: dict[tuple[Any, ...], dict[tuple[Any, ...], list[Row]]] = {}
    for row in statistics:
        rule = (row["rule_id"], row["rule_version"])
        by_rule.setdefault(rule, {}).setdefault(_place(row), []).append(row)
    found = []
    for k, (rule, places) in enumerate(by_rule.items()):
        name = "All patients" if rule[0] is None else f"{plain(rule[0])}, version {rule[1]}"
        states = [_cells(r) for rows in places.values() for r in rows if r["endpoint"] is None]
        curves = []
        for j, (place, rows) in enumerate(places.items()):
            if place[2] is None:
                continue
            endpoint, landmark = ENDPOINTS[place[2]], place[3]
            title = endpoint + (f", from {landmark}" if landmark else "")
            key, own = f"rule{k}-curves{j}", drawn[place]
            svgs = curves_svgs(own, key, endpoint) if own else {}
            curves.append(Curves(key, title, svgs, [_cells(r) for r in rows]))
        found.append(RuleTold(f"rule{k}", name, states, curves))
    return found


def measured_when(
    patients: Sequence[Row], specimens: Iterable[Row], assays: Sequence[str]
) -> list[tuple[str, list[str]]]:
    """Each patient with the days of the specimens of each assay."""
    days: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in specimens:
        days[row["patient_id"], row["assay"]].append(row["day"])
    return [
        (
            name,
            [", ".join(signed_day(d) for d in sorted(days[name, a])) or "–" for a in assays],
        )
        for name in sorted(p["patient_id"] for p in patients)
    ]


def _place(row: Row) -> tuple[Any, ...]:
    return row["rule_id"], row["rule_version"], row["endpoint"], row["landmark"]


def _cells(row: Row) -> list[str]:
    """A row of statistics as the page's table has it; see `HEADS_OF_NOTE`."""
    low, high = row["low"], row["high"]
    interval = "" if low is None and high is None else f"{_limit(low)} to {_limit(high)}"
    unit = {None: "", "/a": " a year", "d": " d"}.get(row["unit"], f" {row['unit']}")
    estimate = "–" if row["estimate"] is None else _told(row["estimate"]) + unit
    notes = "; ".join(filter(None, (row["reason"], row["method"])))
    counts = [number(row["n"]), number(row["events"])]
    p = "" if row["p_value"] is None else number(row["p_value"])
    groups = [plain(row[k]) if row[k] else "" for k in ("group", "reference")]
    return [plain(row["statistic"]), *groups, *counts, estimate, interval, p, notes]


def _limit(value: float | None) -> str:
    return "unknown" if value is None else _told(value)


def _told(value: float) -> str:
    """A number to three figures, since ratios are read to the second decimal."""
    return number(value) if value == round(value) or value < 0.1 else f"{value:.3g}"
