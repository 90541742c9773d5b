"""Statistics over the patients by any decision's outcome: two tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from liquidbiopsy.cohort.agreement import kappa, mcnemar_exact, proportion, transitions
from liquidbiopsy.cohort.choices import Choices
from liquidbiopsy.cohort.comparisons import compared, curves
from liquidbiopsy.cohort.followup import (
    ENDPOINTS,
    FollowUp,
    Rule,
    Verdict,
    follow_up,
    verdicts,
    visit_days,
)
from liquidbiopsy.cohort.kinds import STATISTICS, SURVIVAL
from liquidbiopsy.cohort.survival import Curve
from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.provenance import Provenance

Row = dict[str, Any]
Said = Mapping[str, Sequence[Verdict]]


def write_statistics(
    patients: Sequence[Mapping[str, Any]],
    specimens: Sequence[Mapping[str, Any]],
    decisions: Sequence[Mapping[str, Any]],
    choices: Choices,
    folder: Path,
    provenance: Provenance,
) -> None:
    """Write statistics.parquet and survival.parquet.

    Parameters
    ----------
    patients, specimens : sequence of mapping
        Rows of the sheets.
    decisions : sequence of mapping
        Rows of decisions.parquet: patient_id, rule_id, rule_version, outcome, and day where it is
        known. None at all is well: then there is what can be said of all patients together.
    choices : Choices
        Settings.
    folder : Path
        Where the tables go.
    provenance : Provenance
        What they are made from.
    """
    statistics, steps = computed(patients, specimens, decisions, choices)
    for rows, kind in ((statistics, STATISTICS), (steps, SURVIVAL)):
        write_table(table_of(rows, kind), folder / f"{kind.name}.parquet", kind, provenance)


def computed(
    patients: Sequence[Mapping[str, Any]],
    specimens: Sequence[Mapping[str, Any]],
    decisions: Sequence[Mapping[str, Any]],
    choices: Choices,
) -> tuple[list[Row], list[Row]]:
    """Rows of both tables; see `write_statistics`."""
    by_rule = verdicts(decisions)
    statistics: list[Row] = []
    steps: list[Row] = []
    starts = _starts(patients, specimens, choices)
    for rule, said in [((None, None), None), *by_rule.items()]:
        named = dict(zip(("rule_id", "rule_version"), rule, strict=True))
        if said is not None:
            statistics += [{**named, **row} for row in _states(said)]
        for endpoint in ENDPOINTS:
            for word, start in starts.items():
                if said is None and start is not None:
                    continue
                people = follow_up(patients, endpoint, said, start)
                keys = {**named, "endpoint": endpoint, "landmark": word or None}
                drawn = curves(people, choices)
                statistics += [{**keys, **row} for row in _of(people, drawn, choices)]
                steps += [{**keys, **row} for row in _steps(drawn)]
    return statistics + list(_between(by_rule)), steps


def _starts(
    patients: Sequence[Mapping[str, Any]],
    specimens: Sequence[Mapping[str, Any]],
    choices: Choices,
) -> dict[str, Mapping[str, int] | None]:
    """Words for each landmark -> its day for each patient; first none at all."""
    found: dict[str, Mapping[str, int] | None] = {"": None}
    for at in choices.landmarks:
        if isinstance(at, int):
            found[f"day {at}"] = {p["patient_id"]: at for p in patients}
        else:
            found[f"visit {at}"] = visit_days(specimens, at)
    return found


def _of(people: FollowUp, drawn: Mapping[str, Curve], choices: Choices) -> Iterator[Row]:
    for reason, n in people.left_out.items():
        yield {"statistic": "left_out", "n": n, "reason": reason}
    yield from compared(people, drawn, choices)


def _steps(drawn: Mapping[str, Curve]) -> Iterator[Row]:
    for name, curve in drawn.items():
        columns = (curve.days, curve.at_risk, curve.events, curve.survival, curve.low, curve.high)
        for day, at_risk, events, survival, low, high in zip(*columns, strict=True):
            yield {
                "group": name,
                "day": float(day),
                "at_risk": int(at_risk),
                "events": int(events),
                "survival": float(survival),
                "ci_low": None if low != low else float(low),
                "ci_high": None if high != high else float(high),
            }


def _states(said: Said) -> Iterator[Row]:
    """How many patients have each outcome first, and what became of it at the last decision."""
    first = {p: v[0].outcome for p, v in said.items() if v}
    for outcome, n in sorted(Counter(first.values()).items()):
        share = proportion(n, len(first))
        numbers = {"estimate": share.value, "low": share.low, "high": share.high}
        base = {"statistic": "share_of_outcome", "group": outcome, "method": "Clopper-Pearson"}
        yield {**base, "n": len(first), "events": n, **numbers}
    again = [v for v in said.values() if len(v) > 1]
    if again:
        pair = [v[0].outcome for v in again], [v[-1].outcome for v in again]
        yield from _square(*pair, "transition", None)


def _between(by_rule: Mapping[Rule, Said]) -> Iterator[Row]:
    """Agreement of two rules that speak of the same states, by each patient's first outcome."""
    firsts = {r: {p: v[0].outcome for p, v in said.items() if v} for r, said in by_rule.items()}
    for a, b in combinations(firsts, 2):
        both = sorted(firsts[a].keys() & firsts[b].keys())
        same = set(firsts[a].values()) == set(firsts[b].values())
        if not both or not same or len(set(firsts[a].values())) < 2:
            continue
        pair = [firsts[a][p] for p in both], [firsts[b][p] for p in both]
        for row in _square(*pair, "agreement", b[0]):
            yield {"rule_id": a[0], "rule_version": a[1], **row}


def _square(
    first: Sequence[str], second: Sequence[str], what: str, reference: str | None
) -> Iterator[Row]:
    """A table of two states of the same patients, with its tests."""
    table = transitions(first, second)
    n = int(table.counts.sum())
    base: Row = {"n": n, "reference": reference}
    for i, a in enumerate(table.states):
        for j, b in enumerate(table.states):
            count = int(table.counts[i, j])
            share = proportion(count, n)
            numbers = {"estimate": share.value, "low": share.low, "high": share.high}
            group = {"group": f"{a} → {b}", "events": count}
            yield {**base, **group, "statistic": what, "method": "Clopper-Pearson", **numbers}
    row = {**base, "statistic": "mcnemar", "method": "McNemar's exact"}
    try:
        yield {**row, "p_value": mcnemar_exact(table.counts)}
    except UserError as error:
        yield {**row, "reason": str(error)}
    row = {**base, "statistic": "kappa", "method": "Cohen's kappa"}
    try:
        found = kappa(table.counts)
        yield {**row, "estimate": found.value, "low": found.low, "high": found.high}
    except UserError as error:
        yield {**row, "reason": str(error)}
