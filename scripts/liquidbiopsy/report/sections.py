"""The sections of a patient's page: which statements each shows, in which order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from liquidbiopsy.core.tables import FAILED, PROBLEMS
from liquidbiopsy.core.words import number, plain
from liquidbiopsy.report.statements import Statement

OUTCOMES = {"pfs": "Progression-free survival", "os": "Overall survival"}
HAPPENED = {"pfs": "progression", "os": "death"}


@dataclass(frozen=True)
class Latest:
    """The newest result of an analyte, the one before it, and what came to nothing since."""

    statement: Statement | None
    before: Statement | None
    newer_problem: Statement | None


@dataclass(frozen=True)
class Marker:
    """What is said of one marker on the cells of one specimen."""

    name: str
    statement: Statement
    """The status by the rule that its target names."""
    positive: Statement | None
    """How many cells are positive."""

    @property
    def verdict(self) -> str:
        """The status in a word."""
        if not self.statement.usable or self.statement.row["value"] is None:
            return plain(self.statement.row["status"])
        return "Positive" if self.statement.row["value"] else "Negative"

    @property
    def cells(self) -> str:
        """How many of the cells are positive: `2 of 7`, or blank."""
        row = self.statement.row
        if row["count"] is None or row["denominator"] is None:
            return ""
        return f"{number(row['count'])} of {number(row['denominator'])} cells"


def facts(patient: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the sheet says of the patient; blank fields are left out."""
    names = {"er": "Oestrogen receptor", "pr": "Progesterone receptor", "her2": "HER2, primary"}
    found = []
    for key, value in patient.items():
        stem = key.split("_")[0]
        if value is None or key == "patient_id" or key in ("pfs_event", "os_event"):
            continue
        if stem in OUTCOMES:
            happened = {1: HAPPENED[stem], 0: f"no {HAPPENED[stem]}"}.get(patient[f"{stem}_event"])
            words = f"{value} days" + (f", {happened}" if happened else "")
            found.append((OUTCOMES[stem], words))
        else:
            words = value if isinstance(value, str) else number(value)
            found.append((names.get(key, plain(key)), plain(words)))
    return found


def timeline_of(
    statements: Sequence[Statement], assay: str, analyte: str, targets: bool = False
) -> list[Statement]:
    """Statements of one analyte about the patient's own specimens, by day.

    With `targets` those of each target as well, as of a variant.
    """
    return [
        s
        for s in statements
        if (s.row["assay"], s.row["analyte"]) == (assay, analyte)
        and (targets or s.row["target"] is None)
    ]


def latest_of(statements: Sequence[Statement]) -> Latest:
    """The newest usable statement of one analyte, and its neighbours in time."""
    usable = [s for s in statements if s.usable]
    newest = statements[-1] if statements else None
    return Latest(
        statement=usable[-1] if usable else None,
        before=usable[-2] if len(usable) > 1 else None,
        newer_problem=newest if newest and not newest.usable else None,
    )


def problems(statements: Sequence[Statement]) -> list[dict[str, Any]]:
    """What failed or was inadequate; statements of a specimen that share a reason are one row."""

    def key(s: Statement) -> tuple[Any, ...]:
        return (s.row["day"], s.row["specimen_id"], s.row["status"], s.row["reason"] or "")

    wrong = sorted((s for s in statements if not s.usable), key=key)
    rows = []
    for _, same in groupby(wrong, key=key):
        group = list(same)
        names = [_with_target(s) for s in group]
        rows.append({"statement": group[0], "what": ", ".join(dict.fromkeys(names))})
    return rows


def _with_target(s: Statement) -> str:
    return f"{s.title} ({s.row['target']})" if s.row["target"] else s.title


def specimen_rows(
    specimens: Sequence[Mapping[str, Any]],
    statements: Sequence[Statement],
    assays: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Each specimen by day with the first result that its assay puts on the timeline."""
    rows = []
    for specimen in specimens:
        assay = assays[specimen["assay"]]
        mine = [s for s in statements if s.row["specimen_id"] == specimen["specimen_id"]]
        lines = [line["analyte"] for line in assay["timeline"]]
        heads = [s for s in mine if s.row["analyte"] in lines] or mine
        found = {s.row["status"] for s in heads}
        status = next((w for w in PROBLEMS if w in found), heads[0].row["status"] if heads else "")
        rows.append({**specimen, "assay_title": assay["title"], "heads": heads, "status": status})
    return rows


def marker_of(row: Mapping[str, Any]) -> str | None:
    """The marker that an observation gives the status of: `<assay>_<marker>_status`."""
    match = re.fullmatch(f"{row['assay']}_(.+)_status", row["analyte"])
    return match[1] if match else None


def markers(statements: Sequence[Statement]) -> list[Marker]:
    """The status of each marker, each with its `<assay>_<marker>_positive_count`."""
    by_name = {(s.row["specimen_id"], s.row["analyte"]): s for s in statements}
    found = []
    for s in statements:
        name = marker_of(s.row)
        if name is not None:
            count = f"{s.row['assay']}_{name}_positive_count"
            found.append(Marker(plain(name), s, by_name.get((s.row["specimen_id"], count))))
    return found


def latest_markers(found: Sequence[Marker]) -> list[tuple[Marker, Marker | None]]:
    """The newest usable status of each marker, and the one before it."""
    by_name: dict[str, list[Marker]] = {}
    for marker in found:
        if marker.statement.usable:
            by_name.setdefault(marker.name, []).append(marker)
    return [(m[-1], m[-2] if len(m) > 1 else None) for _, m in sorted(by_name.items())]


@dataclass(frozen=True)
class Further:
    """Statements of one assay that no other section shows: a column each, a row a specimen."""

    assay: str
    """Its title."""
    titles: list[str]
    rows: list[dict[str, Any]]


def further(
    statements: Sequence[Statement],
    shown: Sequence[Statement],
    assays: Mapping[str, Mapping[str, Any]],
) -> list[Further]:
    """Statements without target that no other section shows, by assay."""
    seen = {id(s) for s in shown}
    found = []
    for name, assay in assays.items():
        rest = [
            s
            for s in statements
            if s.row["assay"] == name
            and id(s) not in seen
            and s.row["target"] is None
            and s.row["status"] != FAILED
        ]
        rows: dict[str, dict[str, Any]] = {}
        for s in rest:
            row = rows.setdefault(s.row["specimen_id"], {"statement": s, "cells": {}})
            row["cells"][s.title] = s
        if rows:
            titles = list(dict.fromkeys(s.title for s in rest))
            found.append(Further(assay["title"], titles, list(rows.values())))
    return found


def targeted(statements: Sequence[Statement], shown: Sequence[Statement]) -> list[Statement]:
    """Statements about a target that no other section shows."""
    seen = {id(s) for s in shown}
    return [s for s in statements if id(s) not in seen and s.row["target"] is not None]
