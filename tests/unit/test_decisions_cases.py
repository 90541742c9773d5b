"""Every shipped rule: a table of cases with each of its outcomes, at the edges."""

from typing import Any

import pytest
from deciding import RULES, Made, broken, copies, decided, marrow, plasma, stained, tube

from liquidbiopsy.core.observations import Observation

MBC = {"setting": "metastatic"}
EBC = {"setting": "early"}
EBC_HER2_NEG = {**EBC, "her2": "negative"}
STIC = {**MBC, "er": "positive", "her2": "negative"}
HIGH = {"clinical_risk": "high"}
TRIPLE_NEGATIVE = {**EBC_HER2_NEG, "er": "negative", "pr": "negative"}
AMPLIFIED = copies("gene_copies", 9, "amplified")
ASKED = {"indeterminate", "not_applicable"}
AFTER = {"day": 21, "visit": "cycle1"}
TWO, FIVE = {"day": 730, "visit": "2 years"}, {"day": 1826, "visit": "5 years"}
Case = tuple[str, tuple[Made, ...], dict[str, Any]]
"""Outcome, specimens, the patient."""


def pair(before: int, after: int) -> tuple[Made, Made]:
    return tube(before), tube(after, **AFTER)


def late(two: int, five: int) -> tuple[Made, Made]:
    return tube(two, **TWO), tube(five, **FIVE)


def aspirates(before: int, after: int) -> tuple[Made, Made]:
    return marrow(before), marrow(after, 365, "one year")


def of_marrow(her2: int) -> Made:
    """Give a marrow whose cells a laboratory's own assay stained for HER2."""
    specimen, said = marrow(1)
    return specimen, [*said, Observation("dtc_her2_status", value=float(her2))]


SURGERY = {"events": ((10, "surgery"),), **EBC}
PROGRESSED = {"events": ((10, "surgery"), (130, "progression")), **EBC}
CASES: dict[str, list[Case]] = {
    "ctc_status": [
        ("negative", (tube(4),), MBC),
        ("positive", (tube(5),), MBC),
        ("indeterminate", (tube(5, ml=7.0),), MBC),
        ("indeterminate", (tube(4, ml=7.0),), MBC),
        ("negative", (tube(4, ml=15),), MBC),
        ("indeterminate", (tube(10, ml=15),), MBC),
        ("negative", (tube(0),), EBC),
        ("positive", (tube(1),), EBC),
        ("indeterminate", (tube(1, ml=15),), EBC),
        ("negative", (tube(0, ml=15),), EBC),
        ("indeterminate", (tube(1, ml=7.0),), EBC),
        ("indeterminate", (tube(9, ml=None),), MBC),
        ("indeterminate", (tube(9),), {}),
        ("indeterminate", (broken(),), MBC),
        ("indeterminate", (tube(9), broken(21, "cycle1")), MBC),
        ("indeterminate", (tube(9, status="inadequate", reason="lost"),), MBC),
        ("not_applicable", (tube(9),), {"setting": "dcis"}),
        ("not_applicable", (), MBC),
        ("not_applicable", (tube(60, target="control_high"),), MBC),
        ("negative", (tube(9), tube(4, **AFTER)), MBC),
    ],
    "ctc_stage_iv": [
        ("indolent", (tube(4),), MBC),
        ("aggressive", (tube(5),), MBC),
        ("indeterminate", (tube(5, ml=7.0),), MBC),
        ("indeterminate", (tube(5, ml=15),), MBC),
        ("not_applicable", (tube(5),), EBC),
        ("indeterminate", (tube(5, 21, "cycle1"),), MBC),
        ("indolent", (tube(4, ml=15),), MBC),
    ],
    "ctc_bins_2003": [
        ("none", (tube(0),), MBC),
        ("1_to_3", (tube(1),), MBC),
        ("1_to_3", (tube(3),), MBC),
        ("over_3", (tube(4),), MBC),
        ("over_3", (tube(50),), MBC),
        ("over_50", (tube(51),), MBC),
        ("indeterminate", (tube(51, ml=7.0),), MBC),
        ("indeterminate", (tube(1, ml=15),), MBC),
        ("none", (tube(0, ml=15),), MBC),
        ("not_applicable", (tube(51),), EBC),
    ],
    "ctc_change": [
        ("stays_below_5", pair(4, 4), MBC),
        ("falls_below_5", pair(5, 4), MBC),
        ("rises_to_5", pair(4, 5), MBC),
        ("stays_at_5", pair(5, 5), MBC),
        ("indeterminate", (tube(9),), MBC),
        ("indeterminate", (tube(9), tube(9, **AFTER, ml=7.0)), MBC),
        ("indeterminate", (tube(9), tube(9, **AFTER, ml=10)), MBC),
        ("indeterminate", (tube(9), broken(21, "cycle1"), tube(9, 42, "cycle2")), MBC),
        ("indeterminate", pair(9, 9), {}),
        ("not_applicable", pair(9, 9), EBC),
    ],
    "ctc_after_cycle1": [
        ("below_5", pair(9, 4), MBC),
        ("at_least_5", pair(0, 5), MBC),
        ("below_5", (tube(9), tube(4, 14, "c1")), MBC),
        ("indeterminate", (tube(9), tube(4, 13, "c1")), MBC),
        ("below_5", (tube(9), tube(4, 42, "c1")), MBC),
        ("indeterminate", (tube(9), tube(4, 43, "c1")), MBC),
        ("indeterminate", (tube(9), tube(9, **AFTER, ml=7.0)), MBC),
        ("indeterminate", (tube(9), tube(9, **AFTER, ml=8.0)), MBC),
        ("not_applicable", pair(9, 4), EBC),
    ],
    "s0500_arms": [
        ("arm_a", pair(4, 50), MBC),
        ("arm_a", (tube(4),), MBC),
        ("arm_b", pair(5, 4), MBC),
        ("arm_c", pair(5, 5), MBC),
        ("indeterminate", (tube(5),), MBC),
        ("indeterminate", (tube(5), tube(5, 90, "cycle4")), MBC),
        ("indeterminate", (tube(5), broken(21, "cycle1")), MBC),
        ("indeterminate", (tube(5, ml=7.0), tube(5, **AFTER)), MBC),
        ("indeterminate", (tube(5, ml=10), tube(5, **AFTER)), MBC),
        ("indeterminate", (tube(5), tube(5, **AFTER, ml=7.0)), MBC),
        ("indeterminate", (tube(5), tube(5, **AFTER, ml=10)), MBC),
        ("not_applicable", pair(5, 5), EBC),
    ],
    "treat_ctc": [
        ("positive", (tube(1, ml=15),), EBC_HER2_NEG),
        ("negative", (tube(0, ml=15),), EBC_HER2_NEG),
        ("indeterminate", (tube(1, ml=7.5),), EBC_HER2_NEG),
        ("indeterminate", (tube(0, ml=14.9),), EBC_HER2_NEG),
        ("indeterminate", (tube(1, ml=30),), EBC_HER2_NEG),
        ("indeterminate", (tube(1, ml=15),), EBC),
        ("not_applicable", (tube(1, ml=15),), {**EBC, "her2": "positive"}),
        ("not_applicable", (tube(1, ml=15),), MBC),
    ],
    "stic_ctc": [
        ("both_low", (tube(4),), {**STIC, "clinical_risk": "low"}),
        ("both_high", (tube(5),), {**STIC, "clinical_risk": "high"}),
        ("clinical_low_ctc_high", (tube(5),), {**STIC, "clinical_risk": "low"}),
        ("clinical_high_ctc_low", (tube(4),), {**STIC, "clinical_risk": "high"}),
        ("indeterminate", (tube(4),), STIC),
        ("indeterminate", (tube(5, ml=7.0),), {**STIC, "clinical_risk": "high"}),
        ("indeterminate", (tube(5, ml=9),), {**STIC, "clinical_risk": "high"}),
        ("indeterminate", (tube(5),), {**MBC, "er": "negative", "her2": "negative"}),
        ("not_applicable", (tube(5),), {**STIC, "er": "negative", "pr": "negative"}),
        ("not_applicable", (tube(5),), {**STIC, "her2": "positive"}),
        ("both_high", (tube(5),), {**STIC, "er": "negative", "pr": "positive", **HIGH}),
    ],
    "detect_router": [
        ("detect_v", (stained(3, 0),), {**MBC, "her2": "positive"}),
        ("detect_v", (), {**MBC, "her2": "positive"}),
        ("detect_iii", (stained(3, 1),), {**MBC, "her2": "negative"}),
        ("detect_iv", (stained(3, 0),), {**MBC, "her2": "negative"}),
        ("no_ctc", (stained(0, None),), {**MBC, "her2": "negative"}),
        ("indeterminate", (stained(3, 1),), MBC),
        ("indeterminate", (tube(3),), {**MBC, "her2": "negative"}),
        ("not_applicable", (stained(3, 1),), {**EBC, "her2": "negative"}),
        ("not_applicable", (), {**MBC, "her2": "negative"}),
    ],
    "ctc_her2": [
        ("her2_positive", (stained(3, 1),), MBC),
        ("her2_negative", (stained(3, 0),), MBC),
        ("no_ctc", (stained(0, None),), MBC),
        ("indeterminate", (stained(3, None),), MBC),
        ("not_applicable", (stained(3, 1),), EBC),
    ],
    "her2_discordance": [
        ("discordant_gain", (stained(3, 1),), {"her2": "negative"}),
        ("discordant_gain", (copies("gene_copies", 9, "amplified"),), {"her2": "negative"}),
        ("discordant_gain", (copies("cell_gene_copies", 5, "x", 1),), {"her2": "negative"}),
        ("discordant_gain", (stained(3, 0), AMPLIFIED), {"her2": "negative"}),
        ("concordant_positive", (stained(3, 1),), {"her2": "positive"}),
        ("concordant_negative", (stained(3, 0),), {"her2": "negative"}),
        ("concordant_negative", (copies("gene_copies", 2, "neutral"),), {"her2": "negative"}),
        ("discordant_loss", (stained(3, 0),), {"her2": "positive"}),
        ("discordant_loss", (copies("cell_gene_copies", 2, "neutral"),), {"her2": "positive"}),
        ("indeterminate", (copies("gene_copies", 2, "neutral"),), {"her2": "positive"}),
        ("indeterminate", (stained(3, 1),), {}),
        ("indeterminate", (stained(0, None),), {"her2": "negative"}),
        ("discordant_gain", (of_marrow(1),), {"her2": "negative"}),
        ("discordant_loss", (of_marrow(0),), {"her2": "positive"}),
        ("not_applicable", (marrow(1),), {"her2": "negative"}),
        ("not_applicable", (), {"her2": "negative"}),
    ],
    "late_recurrence_e5103": [
        ("positive_hr_positive", (tube(1, **FIVE),), {**EBC_HER2_NEG, "er": "positive"}),
        ("positive_hr_negative", (tube(1, **FIVE),), TRIPLE_NEGATIVE),
        ("negative", (tube(0, **FIVE),), EBC_HER2_NEG),
        ("indeterminate", (tube(1, **FIVE),), EBC_HER2_NEG),
        ("indeterminate", (tube(0, **FIVE, ml=7.0),), EBC_HER2_NEG),
        ("indeterminate", (tube(1, **FIVE, ml=10),), EBC_HER2_NEG),
        ("negative", (tube(0, 1643),), EBC_HER2_NEG),
        ("not_applicable", (tube(0, 1642),), EBC_HER2_NEG),
        ("negative", (tube(0, 2739),), EBC_HER2_NEG),
        ("not_applicable", (tube(0, 2740),), EBC_HER2_NEG),
        ("not_applicable", (tube(0, **FIVE),), {**EBC, "her2": "positive"}),
    ],
    "late_persistence_success_a": [
        ("persistent", late(1, 1), EBC),
        ("cleared", late(1, 0), EBC),
        ("acquired", late(0, 1), EBC),
        ("negative", late(0, 0), EBC),
        ("indeterminate", (tube(1, **TWO),), EBC),
        ("persistent", (tube(1, 548), tube(1, 2191)), EBC),
        ("persistent", (tube(1, 1095), tube(1, 1643)), EBC),
        ("not_applicable", (tube(1, 547), tube(1, 2192)), EBC),
        ("indeterminate", (tube(1, **TWO, ml=7.0), tube(1, **FIVE)), EBC),
        ("not_applicable", (tube(1),), EBC),
        ("not_applicable", late(1, 1), MBC),
    ],
    "dtc_status": [
        ("positive", (marrow(1),), EBC),
        ("negative", (marrow(0),), EBC),
        ("indeterminate", (marrow(1, status="inadequate"),), EBC),
        ("indeterminate", (marrow(1),), {}),
        ("not_applicable", (marrow(1),), {"setting": "dcis"}),
    ],
    "dtc_persistence": [
        ("persistent", aspirates(1, 1), EBC),
        ("cleared", aspirates(1, 0), EBC),
        ("acquired", aspirates(0, 1), EBC),
        ("negative", aspirates(0, 0), EBC),
        ("indeterminate", (marrow(1),), EBC),
        ("not_applicable", (), EBC),
    ],
    "dtc_clearance": [
        ("cleared", aspirates(1, 0), EBC),
        ("not_cleared", aspirates(1, 1), EBC),
        ("not_applicable", aspirates(0, 1), EBC),
        ("indeterminate", (marrow(1),), EBC),
    ],
    "dtc_dcis": [
        ("positive", (marrow(1),), {"setting": "dcis"}),
        ("negative", (marrow(0),), {"setting": "dcis"}),
        ("indeterminate", (marrow(0, status="inadequate"),), {"setting": "dcis"}),
        ("not_applicable", (marrow(1),), EBC),
    ],
    "subtype_paddy": [
        ("her2_positive", (), {**EBC, "her2": "positive"}),
        ("triple_negative", (), TRIPLE_NEGATIVE),
        ("luminal_b", (), {**EBC_HER2_NEG, "er": "positive", "grade": 3}),
        ("luminal_a", (), {**EBC_HER2_NEG, "pr": "positive", "grade": 2}),
        ("indeterminate", (), {**EBC_HER2_NEG, "er": "positive"}),
        ("indeterminate", (), EBC),
        ("indeterminate", (), {}),
        ("not_applicable", (), {**MBC, "her2": "positive"}),
    ],
    "molecular_residual_disease": [
        ("detected", (plasma("measured"),), SURGERY),
        ("detected_before_progression", (plasma("measured"),), PROGRESSED),
        ("detected_with_progression", (plasma("measured", 130),), PROGRESSED),
        ("not_detected", (plasma("not_detected"),), SURGERY),
        ("not_detected_with_progression", (plasma("not_detected"),), PROGRESSED),
        ("indeterminate", (plasma("inadequate"),), SURGERY),
        ("indeterminate", (plasma("measured"),), EBC),
        ("indeterminate", (plasma("measured", 10),), SURGERY),
        ("not_applicable", (), SURGERY),
        ("not_applicable", (plasma("measured"),), {**SURGERY, **MBC}),
    ],
}  # fmt: skip
LISTED = [(rule, *case) for rule, cases in CASES.items() for case in cases]
PLACES = [f"{rule}-{i}-{case[0]}" for rule, cases in CASES.items() for i, case in enumerate(cases)]


@pytest.mark.parametrize(("rule", "outcome", "made", "patient"), LISTED, ids=PLACES)
def test_outcome(rule: str, outcome: str, made: tuple[Made, ...], patient: dict[str, Any]) -> None:
    row = decided(rule, *made, **patient)
    assert row["outcome"] == outcome, row["reason"]
    assert row["reason"] and row["citation"].startswith("doi:10.") and row["caveat"]
    if outcome in ASKED:
        assert row["straddles"] is None and row["interval_note"] is None


@pytest.mark.parametrize("rule", RULES)
def test_every_outcome_has_a_case(rule: str) -> None:
    outcomes = {row["outcome"] for row in RULES[rule].body["table"]} | ASKED
    tried = {outcome for outcome, _, _ in CASES.get(rule, [])}
    assert outcomes <= tried


def _first_usable(rule: str) -> Case:
    return next(case for case in CASES[rule] if case[0] not in ASKED)


OF_SETTING = [n for n, r in RULES.items() if "setting" in r.body["applies_to"]]
OF_VOLUME = [n for n, r in RULES.items() if "volume_ml" in str(r.body["table"])]


@pytest.mark.parametrize("rule", OF_SETTING)
def test_unknown_setting_is_indeterminate(rule: str) -> None:
    _, made, patient = _first_usable(rule)
    row = decided(rule, *made, **{**patient, "setting": "unknown"})
    assert row["outcome"] == "indeterminate" and "Setting is unknown" in row["reason"]


@pytest.mark.parametrize("ml", [None, 3.0, 7.0, 7.4])
@pytest.mark.parametrize("rule", OF_VOLUME)
def test_no_count_is_rescaled(rule: str, ml: float | None) -> None:
    """Too little blood, or an unknown volume, decides nothing whatever the count."""
    _, made, patient = _first_usable(rule)
    for count in (0, 2, 50):
        own = [tube(count, s["day"], s["visit"], ml) for s, _ in made]
        row = decided(rule, *own, **patient)
        assert row["outcome"] == "indeterminate", row["reason"]


def test_rules_of_ctc_counts_ask_for_a_volume() -> None:
    """All but those that ask whether there is any CTC to tell HER2 of."""
    counted = {n for n, r in RULES.items() if "'ctc_count'" in str(r.body["inputs"])}
    assert counted - set(OF_VOLUME) == {"ctc_her2", "detect_router"}


@pytest.mark.parametrize("rule", ["ctc_status", "her2_discordance", "dtc_status"])
def test_what_no_specimen_tells_is_said(rule: str) -> None:
    """Also of an analyte that no assay here has, as HER2 on marrow cells."""
    row = decided(rule, setting="early", her2="negative")
    assert row["outcome"] == "not_applicable"
    told = [spec["analyte"] for spec in RULES[rule].body["inputs"].values()]
    assert row["reason"] == "; ".join(f"no specimen tells {name}" for name in told)
