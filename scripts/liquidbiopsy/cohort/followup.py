"""Who is in which group, and how long each patient was followed from there.

A decision is known on a day. A patient who had the event before that day cannot be in its group,
and one who is in it has lived until then by design, so time is counted from that day, never from
the index date. A landmark does the same with one day, or one visit, for all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from liquidbiopsy.cohort.survival import landmark

ENDPOINTS = ("pfs", "os")
UNUSABLE = ("not_applicable", "indeterminate")
ALL = "all patients"

Row = Mapping[str, Any]
Rule = tuple[str | None, str | None]
Starts = Mapping[str, int]


@dataclass(frozen=True)
class Verdict:
    """What a rule says of a patient, and the day it could be known."""

    outcome: str
    day: int


@dataclass(frozen=True)
class FollowUp:
    """Patients of known group and known follow-up."""

    patients: tuple[Row, ...]
    groups: tuple[str, ...]
    days: np.ndarray
    """(n,) days from the decision or the landmark, > 0."""
    events: np.ndarray
    """(n,) of int: 1 event, 0 censored."""
    left_out: Mapping[str, int]
    """Reason -> how many patients are left out for it."""

    @property
    def names(self) -> list[str]:
        """The groups there are, the largest first, equal ones by name."""
        sizes = Counter(self.groups)
        return sorted(sizes, key=lambda g: (-sizes[g], g))

    def of(self, *groups: str) -> FollowUp:
        """The patients of some groups alone."""
        kept = np.array([g in groups for g in self.groups], bool)
        return self.where(kept)

    def where(self, kept: np.ndarray) -> FollowUp:
        """Some of the patients, by an (n,) bool array."""
        chosen = np.flatnonzero(kept)
        return FollowUp(
            tuple(self.patients[i] for i in chosen),
            tuple(self.groups[i] for i in chosen),
            self.days[chosen],
            self.events[chosen],
            self.left_out,
        )


def verdicts(decisions: Iterable[Row]) -> dict[Rule, dict[str, list[Verdict]]]:
    """The usable outcomes of each rule and patient, by day.

    A decision without a day counts as known on the index date. A day on which a rule says two
    things of a patient is left out: there is nothing to choose one by.
    """
    said: dict[Rule, dict[str, dict[int, set[str]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(set))
    )
    for row in decisions:
        if row["outcome"] not in UNUSABLE:
            rule = (row["rule_id"], row["rule_version"])
            said[rule][row["patient_id"]][row.get("day") or 0].add(row["outcome"])
    return {
        rule: {
            patient: [Verdict(min(o), day) for day, o in sorted(days.items()) if len(o) == 1]
            for patient, days in said[rule].items()
        }
        for rule in sorted(said, key=str)
    }


def visit_days(specimens: Iterable[Row], visit: str) -> dict[str, int]:
    """The first day on which each patient has a specimen of a visit."""
    days: dict[str, int] = {}
    for row in specimens:
        if row["visit"] == visit:
            known = days.get(row["patient_id"], row["day"])
            days[row["patient_id"]] = min(known, row["day"])
    return days


def follow_up(
    patients: Sequence[Row],
    endpoint: str,
    said: Mapping[str, Sequence[Verdict]] | None = None,
    starts: Starts | None = None,
) -> FollowUp:
    """Groups and times of the patients at one endpoint.

    Parameters
    ----------
    patients : sequence of mapping
        Rows of patients.tsv.
    endpoint : str
        One of `ENDPOINTS`.
    said : mapping, optional
        Patient -> verdicts by day. Without it, all patients are one group.
    starts : mapping, optional
        Patient -> day of the landmark; the group is then the newest verdict until that day.
        Without it, time runs from each patient's first verdict, or from the index date.
    """
    left_out: Counter[str] = Counter()
    kept, groups, days, begins = [], [], [], []
    for row in sorted(patients, key=lambda p: p["patient_id"]):
        name = row["patient_id"]
        at = None if starts is None else starts.get(name)
        if starts is not None and at is None:
            left_out["no such visit"] += 1
            continue
        verdict = Verdict(ALL, 0) if said is None else _chosen(said.get(name, ()), at)
        if verdict is None:
            left_out["no usable outcome"] += 1
        elif row[f"{endpoint}_days"] is None or row[f"{endpoint}_event"] is None:
            left_out["follow-up unknown"] += 1
        else:
            kept.append(row)
            groups.append(verdict.outcome)
            days.append(row[f"{endpoint}_days"])
            begins.append(verdict.day if at is None else at)
    at_risk, remaining = landmark(days, begins)
    events = np.array([row[f"{endpoint}_event"] for row in kept], int)
    left_out["not followed beyond that day"] += int((~at_risk).sum())
    whole = FollowUp(tuple(kept), tuple(groups), remaining, events, +left_out)
    return whole.where(at_risk)


def _chosen(verdicts: Sequence[Verdict], until: int | None) -> Verdict | None:
    """The first verdict, or the newest one until a day."""
    if until is None:
        return verdicts[0] if verdicts else None
    known = [v for v in verdicts if v.day <= until]
    return known[-1] if known else None
