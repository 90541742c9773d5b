"""Which observation of a patient an input of a rule means; what contradicts itself is said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.tables import FAILED, INADEQUATE, MEASURED, NOT_DETECTED
from liquidbiopsy.core.words import number, signed_day

MISSING, CONTRADICTORY, RECORDED = "missing", "contradictory", "recorded"
BEST_FIRST = (MEASURED, NOT_DETECTED, INADEQUATE, FAILED)
ANY = "any"
CONTROLS = ("control_high", "control_low", "isotype_control")
"""Targets of what is not the patient's own."""
BEFORE = re.compile(r"screening|diagnos|primary|pre|prior|before|histor|biopsy", re.IGNORECASE)
"""Labels of visits that may well lie before a baseline."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """What an input found."""

    state: str
    why: str = ""
    """What keeps it from being used, in words."""
    row: Row | None = None
    """The observation, or the event."""
    volume_ml: float | None = None
    exists: bool = True
    """Whether there is anything at all that the input could have meant."""


@dataclass(frozen=True)
class Patient:
    """A patient's rows of the sheets, and all statements about the specimens."""

    row: Row
    specimens: Mapping[str, Row]
    events: Sequence[Row]
    observations: Sequence[Row]


def find(spec: Mapping[str, Any], patient: Patient) -> Found:
    """The observation or event that an input of a rule means.

    Parameters
    ----------
    spec : mapping
        The input, with the defaults of rule.schema.yaml.
    patient : Patient
        Whose.
    """
    if "event" in spec:
        return _event(spec, patient.events)
    rows = [r for r in patient.observations if _meant(spec, r)]
    low, high = spec.get("from_day"), spec.get("to_day")
    rows = [r for r in rows if (low is None or r["day"] >= low)]
    rows = [r for r in rows if (high is None or r["day"] <= high)]
    if not rows:
        words = f"no specimen tells {spec['analyte']}{_window(low, high)}"
        return Found(MISSING, words, exists=False)
    visits = _by_specimen(rows)
    if "after_event" in spec:
        kind = spec["after_event"]
        days = [e["day"] for e in patient.events if e["kind"] == kind]
        if not days:
            return Found(MISSING, f"no {kind} is recorded that {spec['analyte']} could follow")
        visits = [r for r in visits if r["day"] > min(days)]
        if not visits:
            words = f"no {spec['analyte']} after the {kind} of day {signed_day(min(days))}"
            return Found(MISSING, words)
    chosen = _taken(spec, visits)
    return chosen if isinstance(chosen, Found) else _found(chosen, patient)


def _meant(spec: Mapping[str, Any], row: Row) -> bool:
    """Whether a statement is of the input's analyte and of its target."""
    if row["analyte"] != spec["analyte"] or row["target"] in CONTROLS:
        return False
    wanted = spec.get("target")
    return wanted == ANY or row["target"] == wanted


def _window(low: int | None, high: int | None) -> str:
    if low is None and high is None:
        return ""
    first = "the first day" if low is None else f"day {signed_day(low)}"
    return f" from {first}" + (" on" if high is None else f" to day {signed_day(high)}")


def _by_specimen(rows: Sequence[Row]) -> list[Row]:
    """One statement a specimen, the best of several libraries or targets, by day."""
    best: dict[str, Row] = {}
    for row in rows:
        other = best.get(row["specimen_id"])
        if other is None or _rank(row) < _rank(other):
            best[row["specimen_id"]] = row
    return sorted(best.values(), key=lambda r: (r["day"], r["specimen_id"]))


def _rank(row: Row) -> tuple[int, float]:
    return BEST_FIRST.index(row["status"]), -(row["value"] or 0.0)


def _taken(spec: Mapping[str, Any], visits: list[Row]) -> Row | Found:
    """The visit that is meant, or why there is none."""
    take, analyte = spec["take"], spec["analyte"]
    if take == "first_detected":
        detected = [r for r in visits if r["status"] == MEASURED]
        usable = [r for r in visits if r["status"] in (MEASURED, NOT_DETECTED)]
        return detected[0] if detected else (usable or visits)[-1]
    if take in ("first", "latest"):
        day = visits[0 if take == "first" else -1]["day"]
        return _only([r for r in visits if r["day"] == day], analyte)
    baseline = _baseline(spec, visits)
    if take == "baseline" or isinstance(baseline, Found):
        return baseline
    later = [r for r in visits if r["day"] > baseline["day"]]
    if not later:
        return Found(
            MISSING, f"no {analyte} after the baseline of day {signed_day(baseline['day'])}"
        )
    chosen = _only([r for r in later if r["day"] == later[0]["day"]], analyte)
    bounds = spec.get("days_after_baseline")
    if bounds and not isinstance(chosen, Found):
        days = chosen["day"] - baseline["day"]
        if not bounds["at_least"] <= days <= bounds["at_most"]:
            asked = f"{bounds['at_least']} to {bounds['at_most']} days"
            words = f"the first follow-up is {days} days after the baseline, the rule asks {asked}"
            return Found(MISSING, words, chosen)
    return chosen


def _only(visits: list[Row], analyte: str) -> Row | Found:
    """The one visit of a day."""
    if len(visits) == 1:
        return visits[0]
    names = ", ".join(r["specimen_id"] for r in visits)
    words = f"several specimens with {analyte} on day {signed_day(visits[0]['day'])} ({names})"
    return Found(CONTRADICTORY, f"{words}: which one counts is not said")


def _baseline(spec: Mapping[str, Any], visits: list[Row]) -> Row | Found:
    """The visit labelled as the baseline, where the sheet does not contradict itself."""
    labels = [label.lower() for label in spec["labels"]]
    named = [r for r in visits if _label(r) in labels]
    if not named:
        return Found(MISSING, f"no visit with {spec['analyte']} is labelled {' or '.join(labels)}")
    if len(named) > 1:
        names = ", ".join(f"{r['specimen_id']}, day {signed_day(r['day'])}" for r in named)
        return Found(CONTRADICTORY, f"the sheet names {len(named)} baselines ({names})")
    early = [r for r in visits if r["day"] < named[0]["day"] and _label(r)]
    early = [r for r in early if not BEFORE.search(_label(r))]
    if early:
        names = ", ".join(
            f"{r['specimen_id']}, {r['visit']}, day {signed_day(r['day'])}" for r in early
        )
        words = f"before the baseline of day {signed_day(named[0]['day'])} there is {names}"
        return Found(CONTRADICTORY, f"{words}: the sheet contradicts itself")
    return named[0]


def _label(row: Row) -> str:
    return (row["visit"] or "").strip().lower()


def _found(row: Row, patient: Patient) -> Found:
    """An observation with its specimen's volume, and what keeps it from being used."""
    specimen = patient.specimens.get(row["specimen_id"], {})
    volume, under = specimen.get("volume_ml"), row["denominator"]
    name, state = f"{row['analyte']} of {row['specimen_id']}", row["status"]
    if row["unit"] == "{cells}" and under is not None:
        if volume is not None and under != volume:
            words = f"{name} stands over {number(under)} ml, the sheet says {number(volume)} ml"
            return Found(CONTRADICTORY, words, row)
        volume = under
    why = f"{name} is {state.replace('_', ' ')}" if state != MEASURED else ""
    if state in (INADEQUATE, FAILED):
        why += f": {row['reason'] or 'no reason given'}"
    return Found(state, why, row, volume)


def _event(spec: Mapping[str, Any], events: Sequence[Row]) -> Found:
    kind = spec["event"]
    mine = sorted((e for e in events if e["kind"] == kind), key=lambda e: e["day"])
    if not mine:
        return Found(MISSING, f"no {kind} is recorded", exists=False)
    return Found(RECORDED, row=mine[0 if spec["take"] == "first" else -1])
