"""Decisions as a patient's page shows them: those that say something, and those not applicable."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from liquidbiopsy.core.rules import Rule
from liquidbiopsy.core.words import plain
from liquidbiopsy.report.decisions import INDETERMINATE, NOT_APPLICABLE, outcome_words
from liquidbiopsy.report.statements import Statement

ANALYTES = ("count", "fraction", "status", "copies", "evaluated")
"""Last words of the names of analytes."""
EVIDENCE = {
    "positive": "Positive trial",
    "negative": "Negative trial",
    "prognostic_only": "Prognostic only",
}
"""Evidence direction -> how the page says it."""


def decision_rows(
    decisions: Sequence[Mapping[str, Any]],
    statements: Sequence[Statement],
    rules: Sequence[Rule] = (),
) -> dict[str, list[dict[str, Any]]]:
    """What the section of decisions shows.

    Parameters
    ----------
    decisions : sequence of mapping
        Rows of decisions.parquet.
    statements : sequence of Statement
        The patient's, so that each decision names the results that it used.
    rules : sequence of Rule
        Those applied; they say which outcomes lie beyond a cut-off (`beyond`).

    Returns
    -------
    dict
        `told` (those with an outcome first, then the indeterminate) and `not_applicable`.
    """
    by_key: dict[tuple[str, str], Statement] = {}
    for statement in statements:
        row = statement.row
        by_key.setdefault((row["specimen_id"], row["analyte"]), statement)
    titles = {s.row["analyte"]: s.title for s in statements}
    beyond = {(rule.body["id"], word) for rule in rules for word in rule.body.get("beyond", ())}
    shown = [
        {
            **row,
            **_in_words(row, by_key),
            "reason": _named(row["reason"], titles),
            "interval_note": _named(row["interval_note"], titles),
            "beyond": (row["rule_id"], row["outcome"]) in beyond,
            "known": row["outcome"] not in (INDETERMINATE, NOT_APPLICABLE),
        }
        for row in decisions
    ]
    told = [row for row in shown if row["outcome"] != NOT_APPLICABLE]
    return {
        "told": sorted(told, key=lambda r: (r["outcome"] == INDETERMINATE, r["rule_id"])),
        "not_applicable": [row for row in shown if row["outcome"] == NOT_APPLICABLE],
    }


def _in_words(
    row: Mapping[str, Any], by_key: Mapping[tuple[str, str], Statement]
) -> dict[str, Any]:
    used = []
    for one in row["inputs"] or []:
        found = by_key.get((one["specimen_id"], one["analyte"]))
        title = found.title if found else plain(one["analyte"])
        used.append(f"{one['specimen_id']}: {title}")
    return {
        "verdict": outcome_words(row["outcome"]),
        "direction": EVIDENCE.get(row["evidence"] or "", ""),
        "used": used,
    }


def _named(words: str | None, titles: Mapping[str, str]) -> str | None:
    """A sentence with the names that people have for analytes."""
    if not words:
        return words
    name = re.compile(r"(?<![\w.-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w-])")

    def readable(found: re.Match[str]) -> str:
        known = found[0] in titles or found[0].rpartition("_")[2] in ANALYTES
        return titles.get(found[0], plain(found[0])) if known else found[0]

    said = name.sub(readable, words)
    return said[:1].upper() + said[1:]


def cutoffs(
    rules: Sequence[Rule],
    patient: Mapping[str, Any],
    analyte: str,
    statements: Sequence[Statement],
) -> list[float]:
    """Counts from which a rule for the newest visit says `positive` of such a patient.

    A cut-off stands for a raw count: results that are scaled, as those per million, have none here.
    """
    if any(s.row["value"] != s.row["count"] for s in statements if s.row["value"] is not None):
        return []
    found = set()
    for body in (rule.body for rule in rules):
        names = {
            name
            for name, spec in body["inputs"].items()
            if spec.get("analyte") == analyte and spec["take"] == "latest"
        }
        for row in body["table"] if _is_for(body["applies_to"], patient) else ():
            when = row["when"]
            if row["outcome"] == "positive" and _is_for(when, patient):
                bounds = (when[n] for n in names if isinstance(when.get(n), Mapping))
                found |= {float(b["at_least"]) for b in bounds if "at_least" in b}
    return sorted(found)


def _is_for(conditions: Mapping[str, Any], patient: Mapping[str, Any]) -> bool:
    """Whether conditions that name the setting hold for it."""
    wanted = conditions.get("setting", patient["setting"])
    return patient["setting"] in (wanted if isinstance(wanted, list) else [wanted])
