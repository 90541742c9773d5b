"""What decisions say beside their outcome: intervals, what was used, sheets that contradict."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from deciding import RULES, broken, copies, decided, marrow, plasma, stained, tube
from reporting import ASSAYS, MARKUP, PROVENANCE, SETTINGS, TABLES, patient, read, write_patient

from liquidbiopsy.cohort.run import write_cohort
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.rules import read_rules
from liquidbiopsy.core.tables import DECISIONS, OBSERVATIONS
from liquidbiopsy.report.decisions import decide
from liquidbiopsy.report.patient import write_report

MBC = {"setting": "metastatic"}
EBC = {"setting": "early"}
FOLLOWED = {"day": 21, "visit": "cycle1"}


@pytest.mark.parametrize(
    ("count", "straddles"), [(0, False), (1, True), (4, True), (5, True), (10, True), (11, False)]
)
def test_interval_against_the_cutoff(count: int, straddles: bool) -> None:
    """Garwood's limits: 0 gives up to 3.69, 1 up to 5.57, 10 from 4.80, 11 from 5.49."""
    row = decided("ctc_status", tube(count), **MBC)
    assert row["straddles"] is straddles
    assert ("does not straddle" in row["interval_note"]) is not straddles


def test_interval_names_what_else_lies_in_it() -> None:
    row = decided("ctc_status", tube(6), **MBC)
    assert row["interval_note"] == (
        "CTC: 95 % CI 2.2 to 13.1 straddles a cut-off; within it lies also: Negative"
    )
    bins = decided("ctc_bins_2003", tube(52), **MBC)
    assert bins["straddles"] and "Over 3" in bins["interval_note"]


def test_interval_of_each_visit() -> None:
    row = decided("ctc_change", tube(40), tube(3, **FOLLOWED), **MBC)
    first, second = row["interval_note"].split("; F")
    assert "does not straddle" in first and "Stays at 5" in second and row["straddles"]


def test_interval_of_marrow_is_of_the_count() -> None:
    row = decided("dtc_status", marrow(6), **EBC)
    assert "DTC: 95 % CI 2.2 to 13.1" in row["interval_note"] and row["straddles"] is False


def test_status_without_a_cutoff_has_no_interval() -> None:
    row = decided("her2_discordance", stained(3, 1), her2="negative")
    assert row["straddles"] is None and row["interval_note"] is None


def test_observations_used_and_their_day() -> None:
    row = decided("ctc_change", tube(9), tube(4, **FOLLOWED), tube(0, 42, "cycle2"), **MBC)
    assert row["inputs"] == [
        {"specimen_id": "ctc_baseline_0", "analyte": "ctc_count"},
        {"specimen_id": "ctc_cycle1_21", "analyte": "ctc_count"},
    ]
    assert (
        row["day"] == 21
        and "CTC count 9 in 7.5 ml (ctc_baseline_0, baseline, day 0)" in row["reason"]
    )
    nothing = decided("ctc_status", tube(9), setting="dcis")
    assert nothing["inputs"] == [] and nothing["day"] is None
    assert nothing["reason"] == "Setting is dcis, the rule is for early or metastatic"


def test_a_visit_that_decides_nothing_is_not_used() -> None:
    row = decided("s0500_arms", tube(4), tube(9, **FOLLOWED), **MBC)
    assert [i["specimen_id"] for i in row["inputs"]] == ["ctc_baseline_0"]


WHY = {
    "unknown setting": (("ctc_status", tube(9)), {}, "Setting is unknown"),
    "no volume": (("ctc_status", tube(9, ml=None)), MBC, "volume of ctc_baseline_0 is not given"),
    "too little blood": (("ctc_status", tube(9, ml=7.0)), MBC, "stands for 7.5 ml of blood"),
    "failed": (("ctc_status", broken()), MBC, "is failed: slide.tif is not there"),
    "inadequate": (
        ("ctc_status", tube(9, status="inadequate", reason="frames lost")),
        MBC,
        "is inadequate: frames lost",
    ),
    "no follow-up": (("ctc_change", tube(9)), MBC, "no ctc_count after the baseline of day 0"),
    "not retested": (("s0500_arms", tube(9)), MBC, "not retested after the first cycle"),
    "late follow-up": (
        ("ctc_after_cycle1", tube(9), tube(9, 90, "cycle4")),
        MBC,
        "is 90 days after the baseline, the rule asks 14 to 42 days",
    ),
    "no baseline": (("ctc_change", tube(9, **FOLLOWED)), MBC, "is labelled baseline"),
    "two baselines": (
        ("ctc_change", tube(9), tube(3, 3, "baseline"), tube(0, **FOLLOWED)),
        MBC,
        "the sheet names 2 baselines (ctc_baseline_0, day 0, ctc_baseline_3, day 3)",
    ),
    "follow-up before baseline": (
        ("ctc_change", tube(9), tube(3, -5, "cycle1"), tube(0, 42, "cycle2")),
        MBC,
        "before the baseline of day 0 there is ctc_cycle1_-5, cycle1, day −5: the sheet",
    ),
    "two baselines of one day": (
        ("ctc_stage_iv", tube(9), broken(0, "Baseline", 10.0)),
        MBC,
        "the sheet names 2 baselines",
    ),
    "no baseline count, two visits of no label": (
        ("ctc_change", tube(9, 0, None), tube(3, 21, None)),
        MBC,
        "no visit with ctc_count is labelled baseline",
    ),
    "marrow at two baselines": (
        ("dtc_clearance", marrow(1), marrow(0, 90, "baseline")),
        EBC,
        "the sheet names 2 baselines (dtc_diagnosis_0, day 0, dtc_baseline_90, day 90)",
    ),
    "marrow of a follow-up before the baseline": (
        ("dtc_persistence", marrow(1, 0), marrow(0, -30, "one year")),
        EBC,
        "before the baseline of day 0 there is dtc_one year_-30, one year, day −30",
    ),
    "no volume at the follow-up": (
        ("ctc_change", tube(9), tube(3, 21, "cycle1", None)),
        MBC,
        "volume of ctc_cycle1_21 is not given",
    ),
    "two tubes of a day": (
        ("ctc_change", tube(9), tube(3, 21, "cycle1"), tube(0, 21, "cycle1 again")),
        MBC,
        "several specimens with ctc_count on day 21",
    ),
    "no surgery": (("molecular_residual_disease", plasma("measured")), EBC, "no surgery is"),
    "plasma too poor": (
        ("molecular_residual_disease", plasma("inadequate")),
        {**EBC, "events": ((10, "surgery"),)},
        "is inadequate: few",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WHY)
def test_indeterminate_says_why(case: str) -> None:
    (rule, *made), row, words = WHY[case]
    found = decided(rule, *made, **row)
    assert found["outcome"] == "indeterminate" and words in found["reason"]


WHOM = {
    "bound": ({"grade": {"at_least": 2}}, "Grade is 1, the rule is for at least 2"),
    "list": ({"grade": [2, 3]}, "Grade is 1, the rule is for 2 or 3"),
    "any of": ({"any_of": [{"grade": 2}, {"her2": "positive"}]}, "none of those whom the rule is"),
}


@pytest.mark.parametrize("case", WHOM)
def test_not_applicable_says_whom_the_rule_is_for(case: str) -> None:
    applies_to, words = WHOM[case]
    rule = replace(RULES["ctc_status"], body={**RULES["ctc_status"].body, "applies_to": applies_to})
    patient_row = {"patient_id": "P1", "grade": 1, "her2": "negative"}
    (found,) = decide(patient_row, [], [], [], [rule])
    assert found["outcome"] == "not_applicable" and words in found["reason"]


def test_volume_that_the_sheet_denies() -> None:
    specimen, said = tube(9)
    found = decided("ctc_status", ({**specimen, "volume_ml": 10.0}, said), **MBC)
    assert found["outcome"] == "indeterminate"
    assert "stands over 7.5 ml, the sheet says 10 ml" in found["reason"]


@pytest.mark.parametrize("label", ["screening", "diagnosis", "Pre-treatment", None])
def test_visits_that_may_precede_a_baseline(label: str | None) -> None:
    row = decided("ctc_change", tube(9), tube(3, -9, label), tube(4, **FOLLOWED), **MBC)
    assert row["outcome"] == "falls_below_5"


def test_controls_are_never_the_patient() -> None:
    specimen, said = tube(60, target="control_high")
    said += tube(0)[1]
    assert decided("ctc_status", (specimen, said), **MBC)["outcome"] == "negative"
    slide, own = marrow(0)
    own += [*marrow(4)[1]]
    control = (slide, [own[0], _of_target(own[1], "isotype_control")])
    assert decided("dtc_status", control, **EBC)["outcome"] == "negative"


def _of_target(said, target):  # type: ignore[no-untyped-def]
    return type(said)(**{**vars(said), "target": target})


def test_an_optional_input_that_failed_is_told() -> None:
    row = decided("her2_discordance", stained(0, None), copies("gene_copies", 9, "amplified"),
                  her2="negative")  # fmt: skip
    assert row["outcome"] == "discordant_gain"
    assert "no tumour cell to grade" in row["reason"]


def test_lead_time() -> None:
    events = ((10, "surgery"), (130, "progression"), (200, "progression"))
    early, late = plasma("not_detected", 20, name="A"), plasma("measured", 40, name="B")
    row = decided("molecular_residual_disease", early, late, events=events, **EBC)
    assert (
        row["lead_time_days"] == 90 and row["day"] == 40 and row["inputs"][0]["specimen_id"] == "B"
    )
    assert "progression on day 130" in row["reason"].lower()
    none = decided("molecular_residual_disease", early, events=events, **EBC)
    assert none["lead_time_days"] is None and "limit of detection" in none["reason"]


def test_events_before_the_index_date_are_told_with_their_day() -> None:
    """A surgery before day 0 is usual; a progression before detection has no lead."""
    events = ((-40, "surgery"), (-5, "progression"))
    row = decided("molecular_residual_disease", plasma("measured", 30), events=events, **EBC)
    assert row["outcome"] == "detected_with_progression" and row["lead_time_days"] == -35
    assert "progression on day −5" in row["reason"].lower()
    row = decided("molecular_residual_disease", plasma("measured", -41), events=events, **EBC)
    assert row["outcome"] == "indeterminate" and "after the surgery of day −40" in row["reason"]


def test_s0500_adds_up() -> None:
    """The 595 of the trial: 276 in arm A, 165 in B, 123 in C, 31 not retested."""
    made = {"arm_a": (tube(4),), "arm_b": (tube(5), tube(4, **FOLLOWED)),
            "arm_c": (tube(5), tube(5, **FOLLOWED)), "indeterminate": (tube(5),)}  # fmt: skip
    words = " ".join(decided("s0500_arms", *one, **MBC)["reason"] for one in made.values())
    told = [int(n) for n in re.findall(r"\b(\d+) (?:in|of) (?:the trial|595)", words)]
    assert sorted(told) == [31, 123, 165, 276] and sum(told) == 595


@pytest.mark.parametrize("rule", RULES)
def test_rules_report_and_never_advise(rule: str) -> None:
    words = yaml.safe_dump(dict(RULES[rule].body)).lower()
    advice = (
        "should",
        "recommend",
        "must be treated",
        "switch therapy",
        "give ",
        "start ",
        "stop ",
    )
    assert not [word for word in advice if word in words]


def test_negative_trials_are_negative() -> None:
    negative = {n for n, r in RULES.items() if r.body["evidence"] == "negative"}
    assert negative == {"s0500_arms", "treat_ctc"}
    for name in negative:
        assert "negative" in RULES[name].body["caveat"]


def test_ctdna_is_never_negative() -> None:
    outcomes = {r["outcome"] for r in RULES["molecular_residual_disease"].body["table"]}
    assert not [o for o in outcomes if o.startswith("negative")]


def test_report_and_cohort_have_decisions(tmp_path: Path) -> None:
    files, sheets = write_patient(tmp_path)
    sheets["patient"] |= {"setting": "early", "her2": "negative", "er": "positive", "grade": 3}
    folder, rules = tmp_path / "reports/P1", read_rules(["shipped"])
    write_report(files, folder, sheets, ASSAYS, TABLES, SETTINGS, "c", rules)
    table = read(folder / "decisions.parquet")
    assert table.schema.equals(DECISIONS.schema) and table.num_rows == len(rules)
    rows = {row["rule_id"]: row for row in table.to_pylist()}
    assert rows["subtype_paddy"]["outcome"] == "luminal_b"
    assert rows["ctc_status"]["rule_sha256"] == RULES["ctc_status"].sha256
    page = (folder / "report.html").read_text("utf-8")
    assert "Luminal B" in page and RULES["subtype_paddy"].body["caveat"] in page
    assert "doi:10.1016/j.ejca.2021.06.028" in page and "Prognostic only" in page
    places = (tmp_path / "reports", tmp_path / "cohort", tmp_path / "run")
    write_cohort(*places, [sheets["patient"]], sheets["specimens"], ASSAYS, TABLES, SETTINGS, "c")
    whole = read(tmp_path / "cohort/decisions.parquet")
    assert whole.schema.equals(DECISIONS.schema) and whole.to_pylist() == table.to_pylist()


def test_no_rules_no_section(tmp_path: Path) -> None:
    sheets = {"patient": patient("P2"), "specimens": [], "events": []}
    write_report([], tmp_path, sheets, ASSAYS, TABLES, SETTINGS, "c")
    assert read(tmp_path / "decisions.parquet").num_rows == 0
    assert 'id="decisions"' not in (tmp_path / "report.html").read_text("utf-8")


def test_markup_in_a_visit_stays_text(tmp_path: Path) -> None:
    specimen, said = tube(9, 0, MARKUP)
    file = tmp_path / "blood" / "B1" / "observations.parquet"
    file.parent.mkdir(parents=True)
    specimen |= {"specimen_id": "B1", "assay": "blood"}
    rows = table_of([s.row(specimen) for s in said], OBSERVATIONS)
    write_table(rows, file, OBSERVATIONS, PROVENANCE)
    sheets = {"patient": {**patient("P1"), **MBC}, "specimens": [specimen], "events": []}
    out = tmp_path / "out"
    write_report([str(file)], out, sheets, ASSAYS, TABLES, SETTINGS, "c", [RULES["ctc_status"]])
    (row,) = read(out / "decisions.parquet").to_pylist()
    assert row["outcome"] == "positive" and MARKUP in row["reason"]
    page = (out / "report.html").read_text("utf-8")
    shown = page[page.index('id="decisions"') :]
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
