"""Decisions as a patient's page shows them: those that say something, and those not applicable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liquidbiopsy.core.words import plain
from liquidbiopsy.report.decisions import INDETERMINATE, NOT_APPLICABLE, outcome_words
from liquidbiopsy.report.statements import Statement

EVIDENCE = {
    "positive": "Positive trial",
    "negative": "Negative trial",
    "prognostic_only": "Prognostic only",
}
"""Evidence direction -> how the page says it."""


def decision_rows(
    decisions: Sequence[Mapping[str, Any]], statements: Sequence[Statement]
) -> dict[str, list[dict[str, Any]]]:
    """What the section of decisions shows.

    Parameters
    ----------
    decisions : sequence of mapping
        Rows of decisions.parquet.
    statements : sequence of Statement
        The patient's, so that each decision names the results that it used.

    Returns
    -------
    dict
        `told` (those with an outcome first, then the indeterminate) and `not_applicable`.
    """
    by_key: dict[tuple[str, str], Statement] = {}
    for statement in statements:
        row = statement.row
        by_key.setdefault((row["specimen_id"], row["analyte"]), statement)
    shown = [{**row, **_in_words(row, by_key)} for row in decisions]
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
