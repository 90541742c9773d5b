"""Markers: grades by their bounds, and each rule of a patient's status by hand-made grades."""

import numpy as np
import pytest
import yaml

from liquidbiopsy.ctc.markers import (
    RULES,
    grade,
    marker_channels,
    marker_settings,
    marker_status,
)

RULE = yaml.safe_load(RULES.read_text(encoding="utf-8"))
DEFAULTS = {"rule": {"default": "detect"}, "positive_grade": {"default": 3}}
SCHEMA = {"properties": {"markers": {"additionalProperties": {"properties": DEFAULTS}}}}


def status(rule, grades, positive_grade=3):
    settings = {"positive_grade": positive_grade, "rule": {"id": rule, **RULE[rule]}}
    return marker_status(grades, settings)


def test_bounds_belong_to_the_higher_grade():
    values = np.array([0, 2.9, 3, 5.9, 6, 12, 500, -4, np.nan])
    assert grade(values, [3, 6, 12]).tolist() == [0, 0, 1, 1, 2, 3, 3, 0, -1]


@pytest.mark.parametrize(
    ("rule", "grades", "expected"),
    [
        ("detect", [0, 0, 3], True),
        ("detect", [2, 2, 2], False),
        ("detect_5", [3, 0, 0, 0, 0], True),
        ("detect_5", [3, 3, 3, 3], False),
        ("mean_intensity", [3, 2], True),
        ("mean_intensity", [3, 2, 2], False),
        ("half_of_cells", [3, 0], True),
        ("half_of_cells", [3, 0, 0], False),
        ("half_of_cells", [3], False),
        ("h_score", [2, 2], True),
        ("h_score", [3, 0, 2], False),
        ("h_score", [3, 1], True),
        ("thirty_percent", [3] * 3 + [0] * 7, False),
        ("thirty_percent", [3] * 4 + [0] * 7, True),
    ],
)
def test_rules(rule, grades, expected):
    made = status(rule, grades)
    assert made.status is expected
    assert made.rule == f"{rule}@{RULE[rule]['version']}"
    assert (made.cells, made.positive) == (len(grades), grades.count(3))


def test_every_rule_is_tried():
    tried = {m.args[1][i][0] for m in test_rules.pytestmark for i in range(len(m.args[1]))}
    assert tried == set(RULE)


def test_a_lower_positive_grade():
    assert status("detect", [2, 1, 0], positive_grade=2).positive == 1
    assert status("detect", [2, 1, 0], positive_grade=1).positive == 2


def test_cells_without_a_grade_do_not_count():
    made = status("thirty_percent", [None, 3, None, 0])
    assert (made.cells, made.positive, made.status) == (2, 1, True)


def test_no_cell_gives_no_status():
    made = status("detect", [None])
    assert (made.cells, made.positive, made.status) == (0, 0, None)


def test_channels_beside_the_standard_ones_are_markers():
    platforms = {
        "a": {"channels": ["nucleus", "-", "cytokeratin", "her2"]},
        "b": {"channels": ["nucleus", "leukocyte", "er", "her2"]},
    }
    assert marker_channels(platforms) == ["er", "her2"]
    made = marker_settings({"platforms": platforms, "markers": {"er": {"rule": "h_score"}}}, SCHEMA)
    assert made["er"]["rule"]["id"] == "h_score" and made["her2"]["rule"]["id"] == "detect"
    assert made["er"]["positive_grade"] == 3
    assert made["er"]["rule"]["when"] == RULE["h_score"]["when"]
