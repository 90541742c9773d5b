"""Decisions: each rule applied to one patient, what it rests on, and what is uncertain in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.intervals import exact_poisson
from liquidbiopsy.core.rules import ANY_OF, LEAD_TIME, OF_EVENT, OF_INPUT, PATIENT, Rule
from liquidbiopsy.core.tables import MEASURED
from liquidbiopsy.core.words import number, plain, signed_day
from liquidbiopsy.report.conditions import Facts, holds
from liquidbiopsy.report.visits import ANY, MISSING, RECORDED, Found, Patient, find

INDETERMINATE, NOT_APPLICABLE = "indeterminate", "not_applicable"


@dataclass(frozen=True)
class Verdict:
    """What a rule's table says."""

    outcome: str
    says: str = ""
    """The sentence of its row, or why there is none."""


def decide(
    patient: Mapping[str, Any],
    specimens: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
    observations: Sequence[Mapping[str, Any]],
    rules: Sequence[Rule],
) -> list[dict[str, Any]]:
    """Apply rules to a patient.

    Parameters
    ----------
    patient : mapping
        The row of patients.tsv.
    specimens, events : sequence of mapping
        The patient's rows of specimens.tsv and of events.tsv.
    observations : sequence of mapping
        The patient's rows of report.parquet.
    rules : sequence of Rule
        Rules to apply.

    Returns
    -------
    list of dict
        A row of the table `decisions` for each rule, in their order.
    """
    whose = Patient(patient, {s["specimen_id"]: s for s in specimens}, events, observations)
    return [_decision(rule, whose) for rule in rules]


def _decision(rule: Rule, patient: Patient) -> dict[str, Any]:
    body = rule.body
    found = {name: find(spec, patient) for name, spec in body["inputs"].items()}
    facts = _facts(body, found, patient)
    verdict = _verdict(body, found, facts)
    read = {name.split(".")[0] for name in facts.read}
    read |= set(body.get(LEAD_TIME, {}).values()) if LEAD_TIME in read else set()
    used = {n: f for n, f in found.items() if n in read and f.row is not None}
    rests = {n: f for n, f in used.items() if f.state != RECORDED}
    straddles, note = None, None
    if verdict.outcome not in (INDETERMINATE, NOT_APPLICABLE):
        straddles, note = _interval(body, rests, facts, verdict)
    reasons = [verdict.says, *(_words(body["inputs"][n], f) for n, f in used.items())]
    failing = verdict.outcome == INDETERMINATE
    for name, one in found.items():
        spec = body["inputs"][name]
        tried = one.row is not None and spec["optional"]
        reasons += [one.why] if name in read and (tried or (failing and "analyte" in spec)) else []
    lead = facts.values.get(LEAD_TIME)
    days = [f.row["day"] for f in rests.values() if f.row is not None]
    return {
        "patient_id": patient.row["patient_id"],
        "rule_id": body["id"],
        "rule_version": body["version"],
        "rule_sha256": rule.sha256,
        "title": body["title"],
        "outcome": verdict.outcome,
        "reason": "; ".join(dict.fromkeys(r.rstrip(".") for r in reasons if r)) or None,
        "inputs": [
            {"specimen_id": f.row["specimen_id"], "analyte": f.row["analyte"]}
            for f in rests.values()
            if f.row is not None
        ],
        "day": max(days) if days else None,
        "lead_time_days": lead if LEAD_TIME in read else None,
        "straddles": straddles,
        "interval_note": note,
        "evidence": body["evidence"],
        "citation": "; ".join(f"doi:{doi}" for doi in body["citations"]),
        "caveat": body["caveat"],
    }


def _facts(body: Mapping[str, Any], found: Mapping[str, Found], patient: Patient) -> Facts:
    facts = Facts()
    known = {name: patient.row.get(name) for name in PATIENT}
    known["hormone_receptor"] = _hormone_receptor(patient.row)
    for name, value in known.items():
        facts.values[name] = value if value in PATIENT[name] else None
        facts.why[name] = f"{plain(name)} is unknown"
    for name, one in found.items():
        spec = body["inputs"][name]
        parts = OF_EVENT if "event" in spec else OF_INPUT
        own = [name, *(f"{name}.{part}" for part in parts)]
        values = {name: _number(one), **{f"{name}.{p}": _part(one, p) for p in parts}}
        facts.values |= values
        facts.why |= {fact: one.why or _unknown(fact, one) for fact in own}
        if spec["optional"]:
            facts.optional |= {fact for fact in own if not fact.endswith(".state")}
    if LEAD_TIME in body:
        ends = [found[body[LEAD_TIME][end]] for end in ("from", "to")]
        days = [e.row["day"] for e in ends if e.row and e.state in (MEASURED, RECORDED)]
        facts.values[LEAD_TIME] = days[1] - days[0] if len(days) == len(ends) else None
        facts.why[LEAD_TIME] = "; ".join(e.why for e in ends if e.why)
    return facts


def _hormone_receptor(row: Mapping[str, Any]) -> str | None:
    """Positive where either receptor is, negative where both are."""
    both = {row.get("er"), row.get("pr")}
    if "positive" in both:
        return "positive"
    return "negative" if both == {"negative"} else None


def _number(found: Found) -> float | None:
    """What bounds are held against: the raw count of what was counted, else the value."""
    if found.state == RECORDED and found.row is not None:
        return float(found.row["day"])
    if found.state != MEASURED or found.row is None:
        return None
    counted = found.row["ci_method"] == "exact_poisson" and found.row["count"] is not None
    value: float | None = found.row["count"] if counted else found.row["value"]
    return value


def _part(found: Found, part: str) -> Any:
    if part == "state":
        return found.state
    if found.row is None or found.state not in (MEASURED, RECORDED):
        usable = part in ("volume_ml", "lod", "reason", "day") and found.state != "contradictory"
        if found.row is None or found.state == MISSING or not usable:
            return None
    return found.volume_ml if part == "volume_ml" else found.row[part]


def _unknown(fact: str, found: Found) -> str:
    """Why a fact of an observation that can be used is unknown."""
    part = fact.partition(".")[2] or "value"
    words = "volume" if part == "volume_ml" else part
    where = "" if found.row is None else f" of {found.row.get('specimen_id', 'the event')}"
    return f"the {words}{where} is not given"


def _verdict(body: Mapping[str, Any], found: Mapping[str, Found], facts: Facts) -> Verdict:
    """The outcome by who the rule is for, by what there is, and then by the table."""
    open_facts: list[str] = []
    fits = holds(body["applies_to"], facts, open_facts)
    if fits is False:
        name = next(n for n in body["applies_to"] if _fails(body["applies_to"], n, facts))
        return Verdict(NOT_APPLICABLE, _whom(name, body["applies_to"][name], facts))
    verdict = table_verdict(body, facts)
    if fits is None:
        verdict = Verdict(INDETERMINATE, _why(open_facts, facts))
    observed = [f for n, f in found.items() if "analyte" in body["inputs"][n]]
    if verdict.outcome == INDETERMINATE and observed and not any(f.exists for f in observed):
        return Verdict(NOT_APPLICABLE, "; ".join(dict.fromkeys(f.why for f in observed)))
    return verdict


def table_verdict(body: Mapping[str, Any], facts: Facts) -> Verdict:
    """The first row that holds; indeterminate where what is unknown would decide on it."""
    for row in body["table"]:
        unknown: list[str] = []
        truth = holds(row["when"], facts, unknown)
        if truth:
            return Verdict(row["outcome"], row.get("says", ""))
        if truth is None:
            return Verdict(INDETERMINATE, _why(unknown, facts))
    return Verdict(INDETERMINATE, "no row of the rule's table fits what was found")


def _whom(name: str, asked: Any, facts: Facts) -> str:
    """Whom a rule is for, where the patient is another."""
    if name == ANY_OF:
        return "the patient is none of those whom the rule is for"
    if isinstance(asked, Mapping):
        wanted = " and ".join(f"{k.replace('_', ' ')} {number(v)}" for k, v in asked.items())
    else:
        wanted = " or ".join(map(str, asked)) if isinstance(asked, list) else str(asked)
    return f"{plain(name)} is {facts.values[name]}, the rule is for {wanted}"


def _fails(when: Mapping[str, Any], name: str, facts: Facts) -> bool:
    return holds({name: when[name]}, facts, []) is False


def _why(unknown: Sequence[str], facts: Facts) -> str:
    words = [facts.why.get(name) or f"{name} is unknown" for name in unknown]
    return "; ".join(dict.fromkeys(words))


def _interval(
    body: Mapping[str, Any], used: Mapping[str, Found], facts: Facts, verdict: Verdict
) -> tuple[bool | None, str | None]:
    """Whether the outcome would be another one at an end of an input's 95 % interval."""
    notes, straddles = [], None
    for name, found in used.items():
        limits = _limits(found)
        if limits is None or name not in facts.read or facts.values[name] is None:
            continue
        ends = [table_verdict(body, facts.replaced(name, limit)).outcome for limit in limits]
        span = f"{plain(name)}: 95 % CI {number(limits[0])} to {number(limits[1])}"
        others = dict.fromkeys(end for end in ends if end != verdict.outcome)
        straddles = bool(straddles) or bool(others)
        if others:
            told = " and ".join(map(outcome_words, others))
            notes.append(f"{span} straddles a cut-off; within it lies also: {told}")
        else:
            notes.append(f"{span} does not straddle a cut-off")
    return straddles, "; ".join(notes) or None


def outcome_words(outcome: str) -> str:
    """An outcome as pages write it.

    Examples
    --------
    >>> outcome_words("luminal_b"), outcome_words("detect_iii"), outcome_words("stays_at_5")
    ('Luminal B', 'DETECT III', 'Stays at 5')
    """
    return re.sub(r" (?:[abc]|i{1,3}|iv|v)$", lambda found: found[0].upper(), plain(outcome))


def _limits(found: Found) -> tuple[float, float] | None:
    """The 95 % interval of the number that conditions are held against."""
    row = found.row
    if row is None or found.state != MEASURED:
        return None
    if row["ci_method"] == "exact_poisson" and row["count"] is not None:
        return exact_poisson(row["count"])
    if row["ci_low"] is None or row["ci_high"] is None:
        return None
    return row["ci_low"], row["ci_high"]


def _words(spec: Mapping[str, Any], found: Found) -> str:
    """One observation or event that a decision rests on: `CTC count 6 in 7.5 ml (A, day 0)`."""
    if found.row is None:
        return ""
    day = f"day {signed_day(found.row['day'])}"
    if found.state == RECORDED:
        return f"{plain(spec['event'])} on {day}"
    value = _number(found)
    shown = found.state.replace("_", " ") if value is None else number(value)
    if value in (0, 1) and found.row["analyte"].endswith("_status"):
        shown = "positive" if value else "negative"
    if found.state == "not_detected" and found.row["lod"] is not None:
        shown += f" (limit of detection {number(found.row['lod'])})"
    elif found.row["unit"] == "{cells}" and found.volume_ml is not None and value is not None:
        shown += f" in {number(found.volume_ml)} ml"
    visit = f"{found.row['visit']}, " if found.row["visit"] else ""
    target = f" of {found.row['target']}" if spec.get("target") and spec["target"] != ANY else ""
    return f"{plain(spec['analyte'])}{target} {shown} ({found.row['specimen_id']}, {visit}{day})"
