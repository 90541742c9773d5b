"""Results beyond the cut-off of a rule: named on the page's first screen, lines in its charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.rules import PATIENT, Rule
from liquidbiopsy.core.tables import MEASURED
from liquidbiopsy.report.decisions import NOT_APPLICABLE
from liquidbiopsy.report.statements import Statement

LOWER_BOUNDS = ("at_least", "above")


@dataclass(frozen=True)
class Cutoff:
    """A bound of rules that are for the patient."""

    value: float
    titles: tuple[str, ...]
    """What these rules tell."""


def outside_of(told: Sequence[Mapping[str, Any]], rules: Sequence[Rule]) -> list[Mapping[str, Any]]:
    """Of the decisions that say something, those whose outcome its rule calls outside."""
    outside = {rule.body["id"]: rule.body["outside"] for rule in rules}
    return [row for row in told if row["outcome"] in outside.get(row["rule_id"], ())]


def cutoffs_of(
    statements: Sequence[Statement],
    rules: Sequence[Rule],
    decisions: Sequence[Mapping[str, Any]],
    patient: Mapping[str, Any],
) -> list[Cutoff]:
    """Lower bounds, of one analyte, of the outcomes that rules call outside.

    Rules hold bounds against raw counts; where a chart shows something else (cells per million),
    a bound is no place in it, and there are none.

    Parameters
    ----------
    statements : sequence of Statement
        All of one analyte, with which the chart is drawn.
    rules : sequence of Rule
    decisions : sequence of mapping
        The patient's rows of decisions.parquet.
    patient : mapping
        The row of patients.tsv.
    """
    rows = [s.row for s in statements]
    measured = [row for row in rows if row["status"] == MEASURED]
    if any(row["count"] is not None and not _is_count(row) for row in measured):
        return []
    applied = {d["rule_id"] for d in decisions if d["outcome"] != NOT_APPLICABLE}
    analytes = {row["analyte"] for row in rows}
    found: dict[float, dict[str, None]] = {}
    for rule in rules:
        if rule.body["id"] in applied:
            for value in _bounds(rule.body, analytes, patient):
                found.setdefault(value, {})[rule.body["title"]] = None
    return [Cutoff(value, tuple(titles)) for value, titles in sorted(found.items())]


def _is_count(row: Mapping[str, Any]) -> bool:
    return bool(row["value"] == row["count"] and (row["unit"] or "{").startswith("{"))


def _bounds(
    body: Mapping[str, Any], analytes: set[str], patient: Mapping[str, Any]
) -> Iterator[float]:
    mine = {name for name, spec in body["inputs"].items() if spec.get("analyte") in analytes}
    for row in body["table"]:
        when = row["when"]
        if row["outcome"] not in body["outside"] or not _of_patient(when, patient):
            continue
        for name in mine & set(when):
            if isinstance(when[name], Mapping):
                yield from (float(b) for k, b in when[name].items() if k in LOWER_BOUNDS)


def _of_patient(when: Mapping[str, Any], patient: Mapping[str, Any]) -> bool:
    """Whether the conditions on the patient hold, as far as they are in the sheet."""
    for name in set(when) & set(PATIENT) & set(patient):
        listed = when[name] if isinstance(when[name], list) else [when[name]]
        if patient[name] not in listed and not isinstance(when[name], Mapping):
            return False
    return True
