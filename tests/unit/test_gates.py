"""Gates: what a condition means, which gate comes first, how sure a call is."""

import math
import random
import re

import numpy as np
import pytest

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.gates import GATES, call_events, check_names, holds_once, resolve_gates
from liquidbiopsy.ctc.features import features

NAN = float("nan")
PRESETS = sorted(p.stem for p in (GATES / "ctc").glob("*.yaml"))


def called(gates, **columns):
    """Calls and confidence of events whose features are the columns."""
    arrays = {name: np.array(values, float) for name, values in columns.items()}
    calls, confidence = call_events(gates, arrays, len(next(iter(arrays.values()))))
    return list(calls), list(confidence)


def gate(when, call="ctc"):
    return {"call": call, "when": when}


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("a > 2", [False, True, False]),
        ("a >= 2", [True, True, False]),
        ("a < 2", [False, False, False]),
        ("a <= 2", [True, False, False]),
        ("a == 2", [True, False, False]),
        ("a != 2", [False, True, False]),
        ("not a > 2", [True, False, True]),
        ("2 < a < 4", [False, True, False]),
        ("2 <= a < 3 <= 3", [True, False, False]),
        ("a > 2 or a <= 2", [True, True, False]),
        ("a > 1 and a > 2", [False, True, False]),
        ("a * 2 - 1 == a + 1", [True, False, False]),
        ("-a < -2", [False, True, False]),
        ("a / 0 > 1", [True, True, False]),
        ("abs(1 - a) > 1", [False, True, False]),
        ("max(a, 3) == 3", [True, True, False]),
        ("min(a, 2) == 2", [True, True, False]),
        ("a > 1 and not (a == 3 or a == 4)", [True, False, False]),
    ],
)
def test_conditions(when, holds):
    calls, _ = called([gate(when)], a=[2, 3, NAN])
    assert [c == "ctc" for c in calls] == holds


def test_names_with_a_point_are_channels():
    calls, _ = called([gate("her2.snr > her2_mean")], her2_snr=[5, 1], her2_mean=[2, 2])
    assert calls == ["ctc", "uncertain"]


def test_the_first_gate_that_holds_makes_the_call():
    gates = [gate("a > 5", "ctc_cluster"), gate("a > 3", "ctc"), gate("a > 1", "leukocyte")]
    assert called(gates, a=[6, 4, 2, 0])[0] == ["ctc_cluster", "ctc", "leukocyte", "uncertain"]
    assert called(gates[::-1], a=[6, 4, 2, 0])[0] == ["leukocyte"] * 3 + ["uncertain"]


def test_confidence_grows_with_the_distance_from_the_edge():
    values = [4.001, 4.5, 5, 8, 20, 1000]
    calls, confidence = called([gate("a > 4")], a=values)
    assert calls == ["ctc"] * 6 and confidence == sorted(confidence)
    assert confidence[0] == pytest.approx(0.5, abs=1e-3) and confidence[-1] == 1
    assert len(set(confidence)) == 6
    _, mirrored = called([gate("4 < a")], a=values)
    assert mirrored == confidence


def test_a_call_is_as_sure_as_its_weakest_condition():
    both = called([gate("a > 4 and b > 4")], a=[5, 100], b=[100, 100])[1]
    one = called([gate("a > 4")], a=[5, 100])[1]
    assert both == one
    either = called([gate("a > 4 or b > 4")], a=[5, 5], b=[100, 3])[1]
    assert either == [one[1], one[0]]


def test_a_number_of_nuclei_is_certain():
    far, near = 50.0, 4.1
    gates = [gate("nuclei == 1 and a > 4"), gate("nuclei >= 2 and a > 4", "ctc_cluster")]
    calls, confidence = called(gates, nuclei=[1, 1, 2, 5], a=[far, near, far, far])
    assert calls == ["ctc", "ctc", "ctc_cluster", "ctc_cluster"]
    assert confidence[0] == confidence[2] == confidence[3] > 0.95
    assert 0.5 < confidence[1] < 0.6


def test_what_no_gate_takes_is_neither_sure_nor_unsure():
    assert called([gate("a > 4")], a=[0, 4, NAN])[1] == [0.5, 0.5, 0.5]


def test_no_events():
    calls, confidence = call_events(resolve_gates("portable", "ctc"), empty(), 0)
    assert len(calls) == len(confidence) == 0


def empty():
    return {name: np.zeros(0) for name in features([])}


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_name_known_features_and_calls(preset):
    gates = resolve_gates(preset, "ctc")
    check_names(gates, features([]), "ctc")
    known = {"ctc", "ctc_cluster", "leukocyte", "tdev", "bare_nucleus", "artefact", "uncertain"}
    assert {g["call"] for g in gates} <= known and "ctc" in {g["call"] for g in gates}
    assert "portable" in PRESETS


def test_lines_of_a_condition_are_joined():
    (made,) = resolve_gates([gate("nuclei > 1\n   and edge == 0")], "ctc")
    assert made["when"] == "nuclei > 1 and edge == 0"


def test_an_unknown_feature_is_named_with_the_nearest():
    with pytest.raises(UserError, match="'nucleus.sn'; did you mean 'nucleus_snr'"):
        check_names([gate("max(nuclei, nucleus.sn) > 1")], features([]), "ctc")


def test_holds_once():
    assert holds_once("positive >= 0.5 * cells and cells >= 2", {"positive": 1, "cells": 2})
    assert not holds_once("positive >= 1", {"positive": 0})


def twin(when, row):
    """Judge the condition of one row with plain Python numbers; None stands for not known."""

    def extreme(pick):
        return lambda *values: NAN if any(map(math.isnan, values)) else pick(values)

    names = {name: NAN if value is None else float(value) for name, value in row.items()}
    names |= {"max": extreme(max), "min": extreme(min)}
    return bool(eval(re.sub(r"\b([a-z]\w*)\.([a-z])", r"\1_\2", when), {}, names))


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_agree_with_a_plain_twin_on_random_events(preset):
    gates, names = resolve_gates(preset, "ctc"), features([])
    rng = random.Random(7)
    rows = [{name: random_value(rng, name) for name in names} for _ in range(400)]
    columns = {n: [NAN if r[n] is None else r[n] for r in rows] for n in names}
    expected = [
        next((g["call"] for g in gates if twin(g["when"], row)), "uncertain") for row in rows
    ]
    assert called(gates, **columns)[0] == expected
    assert len(set(expected)) > 1


def random_value(rng, name):
    if name == "nuclei":
        return rng.choice([0, 1, 1, 2, 3])
    if rng.random() < 0.03:
        return None
    if name.startswith(("overlay", "eccentricity")) or name.endswith("eccentricity"):
        return rng.random()
    if name.endswith("p2a") or name == "p2a":
        return rng.uniform(1, 5)
    scale = {"snr": 8, "area_um2": 300, "diameter_um": 12}.get(name.rsplit("_", 1)[-1], 600)
    scale = 15 if name == "diameter_um" else scale
    return rng.choice([3.0, 4.0, 5.0]) if rng.random() < 0.1 else rng.expovariate(1 / scale)
