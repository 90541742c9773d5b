"""A page's first screen: what changed, what lies beyond a cut-off; and the timeline's lines."""

import re
from typing import Any

import pytest
from deciding import RULES

from liquidbiopsy.report.changes import change
from liquidbiopsy.report.event_labels import place_labels
from liquidbiopsy.report.lines import MOST_TARGETS, lines_of
from liquidbiopsy.report.outside import cutoffs_of, outside_of
from liquidbiopsy.report.statements import Statement, state
from liquidbiopsy.report.timeline import Panel, timeline_svgs

ASSAY = {"title": "Blood", "timeline": [], "targets": []}
BLANK = dict.fromkeys(
    ["visit", "target", "value", "ci_low", "ci_high", "lod", "unit", "count", "denominator",
     "ci_method", "reason"]
)  # fmt: skip


def said(value: float | None = None, status: str = "measured", **more: Any) -> Statement:
    row = {**BLANK, "specimen_id": "S", "assay": "blood", "day": 0, "analyte": "ctc_count"}
    return state({**row, "status": status, "value": value, **more}, None, ASSAY)


def cells(count: float, low: float, high: float, volume: float | None = 7.5) -> Statement:
    more = {"count": count, "denominator": volume, "unit": "{cells}"}
    return said(count, ci_low=low, ci_high=high, **more)


NONE = said(status="not_detected", lod=0.01)
CHANGES = {
    "first result": (cells(5, 1.6, 11.7), None),
    "lower, intervals apart": (cells(1, 0.03, 5.6), cells(27, 17.8, 39.3)),
    "lower, intervals overlap": (cells(0, 0, 3.7), cells(5, 1.6, 11.7)),
    "higher, intervals apart": (cells(27, 17.8, 39.3), cells(1, 0.03, 5.6)),
    "the same": (cells(5, 1.6, 11.7), cells(5, 1.6, 11.7)),
    "higher": (said(0.3), said(0.2)),
    "newly detected": (said(0.2), NONE),
    "no longer detected": (NONE, said(0.2)),
    "still not detected": (NONE, NONE),
    "not compared: counted in 3, before in 7.5": (cells(2, 0.2, 7.2, 3.0), cells(5, 1.6, 11.7)),
    "not compared: counted in an unknown volume, before in 7.5": (
        cells(2, 0.2, 7.2, None),
        cells(5, 1.6, 11.7),
    ),
}


@pytest.mark.parametrize("words", CHANGES)
def test_what_changed(words: str) -> None:
    new, old = CHANGES[words]
    assert change(new, old) == words


APPLIES = [{"rule_id": "ctc_status", "outcome": "negative"}]


@pytest.mark.parametrize(("setting", "expected"), [("metastatic", [5]), ("early", [1])])
def test_the_cutoff_is_that_of_the_patients_setting(setting: str, expected: list[float]) -> None:
    rules = [RULES["ctc_status"]]
    found = cutoffs_of([cells(3, 0.6, 8.8)], rules, APPLIES, {"setting": setting})
    assert [c.value for c in found] == expected
    assert found[0].titles == ("CTC status at the newest visit",)


def test_no_cutoff_of_rules_for_others_and_none_where_counts_are_rescaled() -> None:
    rules, who = [RULES["ctc_status"]], {"setting": "early"}
    other = [{"rule_id": "ctc_status", "outcome": "not_applicable"}]
    assert cutoffs_of([cells(3, 0.6, 8.8)], rules, other, who) == []
    for value in (0.0, 470.0):
        count = 0 if not value else 2
        rescaled = said(value, count=count, denominator=4255, unit="10*-6")
        assert cutoffs_of([rescaled], rules, APPLIES, who) == []


def test_outside_is_what_the_rule_calls_so() -> None:
    rules = [RULES["ctc_status"]]
    rows = [{"rule_id": "ctc_status", "outcome": o} for o in ("positive", "negative")]
    assert outside_of([*rows, {"rule_id": "another", "outcome": "positive"}], rules) == rows[:1]


def variants(many: int) -> list[Statement]:
    found = [
        said(k / 100, analyte="vaf", target=f"G{k:02}", day=d)
        for d in (0, 9)
        for k in range(1, many)
    ]
    return [*found, said(status="not_detected", analyte="vaf", target="never", lod=0.01)]


def test_targets_that_were_found_are_lines_the_highest_first() -> None:
    declared = {**ASSAY, "targets": [{"analyte": "vaf", "title": "Variants", "scale": "log"}]}
    (line,) = lines_of([*variants(12), cells(3, 0.6, 8.8)], {"blood": declared})
    assert line.others == 11 - MOST_TARGETS and line.colours is not None
    assert list(line.colours) == [f"G{k:02}" for k in range(4, 12)]
    assert len(set(line.colours.values())) == MOST_TARGETS
    assert {s.row["target"] for s in line.statements} == set(line.colours)


def test_all_panels_have_one_axis_and_the_events_lines() -> None:
    upper = Panel("Cells", "log", [cells(3, 0.6, 8.8)])
    lower = Panel("Fraction", "linear", [said(0.1, lod=0.05, day=40)])
    events = [{"day": 20, "kind": "surgery", "label": "knife"}]
    svg = timeline_svgs([upper, lower], events, [0, 40], "t")["broad"]
    assert svg.count("Days from the index date") >= 1
    assert len(re.findall(r">20<", svg)) == 1, "the numbers of the days stand once"
    assert svg.count('stroke-dasharray="4,3"') == 3, "its label and both panels"
    assert ">Cells<" in svg and ">Fraction<" in svg and "Surgery: knife" in svg
    assert place_labels(events, 0, 40, 400)[1] == 1
