"""Statistics over the patients: published numbers through the code that writes the tables."""

from typing import Any

import numpy as np
import pytest
from lifelines.datasets import load_gbsg2, load_leukemia, load_rossi

from liquidbiopsy.cohort.agreement import fisher, kappa, mcnemar_exact, proportion, transitions
from liquidbiopsy.cohort.choices import Choices
from liquidbiopsy.cohort.rates import rate, rate_ratio
from liquidbiopsy.cohort.statistics import computed
from liquidbiopsy.cohort.survival import cox, kaplan_meier, landmark, log_rank
from liquidbiopsy.core.errors import UserError

Row = dict[str, Any]
PLAIN = Choices(adjust=())


def patient(k: int, days: float | None, event: int | None, **other: Any) -> Row:
    row = {"patient_id": f"P{k:04d}", "pfs_days": days, "pfs_event": event}
    return {**row, "os_days": None, "os_event": None, **other}


def decision(k: int, outcome: str, day: int | None = 0, rule: str = "r") -> Row:
    row = {"patient_id": f"P{k:04d}", "rule_id": rule, "rule_version": "1"}
    return {**row, "outcome": outcome, "day": day}


def told(
    days: Any, events: Any, groups: Any, choices: Choices = PLAIN, **columns: Any
) -> tuple[list[Row], list[Row]]:
    """Give the tables of patients whose only decision is their group."""
    listed = zip(days, events, strict=True)
    others = [{k: v[i] for k, v in columns.items()} for i in range(len(days))]
    patients = [
        patient(k, float(d), int(e), **o)
        for k, ((d, e), o) in enumerate(zip(listed, others, strict=True))
    ]
    return computed(patients, [], [decision(k, g) for k, g in enumerate(groups)], choices)


def one(rows: list[Row], statistic: str, **keys: Any) -> Row:
    keys = {"rule_id": "r", "landmark": None, **keys}
    found = [
        r
        for r in rows
        if r["statistic"] == statistic and all(r.get(k) == v for k, v in keys.items())
    ]
    assert len(found) == 1, found
    return found[0]


def test_leukemia_through_the_tables() -> None:
    """Freireich 1963: log-rank 16.793, medians 23 and 8 weeks, hazard ratio 4.817 (Efron)."""
    data = load_leukemia()
    rows, steps = told(data.t, data.status, np.where(data.Rx == 1, "placebo", "drug"))
    keys = {"endpoint": "pfs"}
    assert one(rows, "log_rank", **keys)["estimate"] == pytest.approx(16.793, abs=5e-4)
    assert one(rows, "median_survival", group="drug", **keys)["estimate"] == 23
    placebo = one(rows, "median_survival", group="placebo", **keys)
    assert (placebo["estimate"], placebo["low"], placebo["high"]) == (8, 4, 11)
    hazard = one(rows, "hazard_ratio", group="placebo", **keys)
    assert hazard["estimate"] == pytest.approx(4.817, abs=5e-4) and hazard["reference"] == "drug"
    drug = [s for s in steps if s["group"] == "drug" and s["rule_id"] == "r"]
    assert drug[0]["survival"] == 1 and drug[0]["ci_low"] is None
    assert sum(s["events"] for s in drug) == 9 and drug[0]["at_risk"] == 21


def test_gbsg2_through_the_tables() -> None:
    """The 686 women of GBSG-2 by hormone therapy, alone and adjusted."""
    data = load_gbsg2()
    grades = [len(g) for g in data.tgrade]
    columns = {"grade": grades, "er": ["positive"] * len(data)}
    choices = Choices(adjust=("er", "grade"))
    rows, _ = told(data.time, data.cens, data.horTh, choices, **columns)
    assert one(rows, "log_rank")["estimate"] == pytest.approx(8.5648, abs=5e-5)
    hazard = one(rows, "hazard_ratio")
    numbers = [hazard[k] for k in ("estimate", "low", "high")]
    expected = [0.6949, 0.5438, 0.8879]
    # the reference is the larger group, which had no hormone therapy
    assert hazard["group"] == "yes" and numbers == pytest.approx(expected, abs=5e-5)
    adjusted = one(rows, "hazard_ratio_adjusted")
    assert adjusted["method"] == "Cox, Efron, adjusted for grade", "a constant is left out"
    assert adjusted["n"] == 686 and 0.6 < adjusted["estimate"] < 0.8
    assert adjusted["estimate"] != hazard["estimate"]


def test_cox_agrees_with_statsmodels() -> None:
    """A second implementation, ties by Efron."""
    from statsmodels.duration.hazard_regression import PHReg

    data = load_rossi()
    names = [c for c in data.columns if c not in ("week", "arrest")]
    model = cox(data.week, data.arrest, {n: data[n] for n in names})
    assert model.log_likelihood == pytest.approx(-658.7477, abs=1e-4)
    assert model.hazards[0].coefficient == pytest.approx(-0.37942, abs=5e-6)
    other = PHReg(data.week, data[names], status=data.arrest, ties="efron").fit()
    mine = [h.coefficient for h in model.hazards]
    assert mine == pytest.approx(list(other.params), abs=1e-4)


def test_treat_ctc() -> None:
    assert fisher(5, 29, 4, 29, "less") == pytest.approx(0.76487, abs=5e-6)
    assert fisher(5, 31, 4, 32) == pytest.approx(0.732, abs=5e-4)
    curve = kaplan_meier([100, 200] + [1000] * 30, [1, 1] + [0] * 30)
    survival = [100 * s for s in curve.at(1000)]
    assert survival == pytest.approx([93.75, 77.25, 98.40], abs=0.005)


def test_treat_ctc_through_the_tables() -> None:
    events = [1] * 5 + [0] * 24 + [1] * 4 + [0] * 25
    rows, _ = told([100] * 58, events, ["a"] * 29 + ["b"] * 29)
    # the reference is "a": the group of the row is "b", so that the side turns round
    assert one(rows, "fisher_greater")["p_value"] == pytest.approx(0.76487, abs=5e-6)
    assert one(rows, "fisher_less")["p_value"] == pytest.approx(0.5)


def test_e5103() -> None:
    positive, negative = rate(7, 32.7), rate(16, 796.3)
    told = [100 * x for x in (positive.rate, positive.low, positive.high)]
    assert told == pytest.approx([21.4, 8.6, 44.1], abs=0.05)
    told = [100 * x for x in (negative.rate, negative.low, negative.high)]
    assert told == pytest.approx([2.01, 1.15, 3.26], abs=0.005)
    ratio = rate_ratio(7, 32.7, 16, 796.3)
    assert (ratio.ratio, ratio.low, ratio.high) == pytest.approx((10.65, 3.7, 27.4), abs=0.05)
    assert ratio.p == pytest.approx(2.1e-5, abs=5e-7)


def test_e5103_through_the_tables() -> None:
    """Follow-up spread evenly over the patients makes the published person-years."""
    years = [32.7 / 26] * 26 + [796.3 / 521] * 521
    events = [1] * 7 + [0] * 19 + [1] * 16 + [0] * 505
    groups = ["detected"] * 26 + ["not_detected"] * 521
    rows, _ = told([365.25 * y for y in years], events, groups)
    ratio = one(rows, "rate_ratio")
    assert ratio["group"] == "detected" and ratio["estimate"] == pytest.approx(10.65, abs=0.005)
    assert ratio["p_value"] == pytest.approx(2.1e-5, abs=5e-7)
    limits = [ratio["low"], ratio["high"]]
    assert limits == pytest.approx([3.7, 27.4], abs=0.05)
    for group, numbers in (("detected", (21.4, 8.6, 44.1)), ("not_detected", (2.01, 1.15, 3.26))):
        row = one(rows, "event_rate", group=group)
        shown = [100 * row[k] for k in ("estimate", "low", "high")]
        assert shown == pytest.approx(numbers, abs=0.05), group


def test_success_a_through_the_tables() -> None:
    pairs = [("+", "+")] * 11 + [("+", "-")] * 85 + [("-", "+")] * 36 + [("-", "-")] * 442
    assert mcnemar_exact(transitions(*zip(*pairs, strict=True)).counts[:, :]) == pytest.approx(
        9.8e-6, abs=5e-8
    )
    said = [decision(k, a, 0) for k, (a, _) in enumerate(pairs)]
    said += [decision(k, b, 730) for k, (_, b) in enumerate(pairs)]
    rows, _ = computed([], [], said, PLAIN)
    rows = [{"landmark": None, **r} for r in rows]
    assert one(rows, "mcnemar")["p_value"] == pytest.approx(9.8e-6, abs=5e-8)
    assert one(rows, "transition", group="+ → -")["events"] == 85
    assert one(rows, "kappa")["estimate"] == pytest.approx(0.0493, abs=5e-5)


def test_shares_of_outcomes_through_the_tables() -> None:
    """Hayashi, PADDY and Treat-CTC: how many patients have an outcome, with the exact interval."""
    published = {
        "hayashi": (14, 52, 26.9, 15.6, 41.0),
        "discordant": (8, 33, 24.2, 11.1, 42.3),
        "paddy": (2814, 10307, 27.30, 26.4, 28.2),
        "treat_ctc": (95, 1317, 7.21, 5.87, 8.75),
        "cristofanilli": (24, 41, 58.5, 42.1, 73.7),
    }
    said = [
        decision(k, "positive" if k < count else "negative", rule=rule)
        for rule, (count, total, *_) in published.items()
        for k in range(total)
    ]
    rows, _ = computed([], [], said, PLAIN)
    rows = [{"landmark": None, **r} for r in rows]
    for rule, (count, total, *numbers) in published.items():
        row = one(rows, "share_of_outcome", rule_id=rule, group="positive")
        assert (row["events"], row["n"], row["method"]) == (count, total, "Clopper-Pearson")
        found = [100 * row[k] for k in ("estimate", "low", "high")]
        assert found == pytest.approx(numbers, abs=0.05), rule


def test_treat_ctc_curve_through_the_tables() -> None:
    """Disease-free survival with 2 events in 32: 93.75 %, log-log 77.25 to 98.40."""
    days, events = [100.0, 200.0] + [1000.0] * 30, [1, 1] + [0] * 30
    _, steps = told(days, events, ["control"] * 32)
    last = [s for s in steps if s["rule_id"] == "r"][-1]
    numbers = [100 * last[k] for k in ("survival", "ci_low", "ci_high")]
    assert numbers == pytest.approx([93.75, 77.25, 98.40], abs=0.005)


def test_rossi_through_the_tables() -> None:
    """432 men by financial aid: log-rank and Cox as published for the data; Efron's ties."""
    data = load_rossi()
    rows, _ = told(data.week, data.arrest, np.where(data.fin == 1, "aid", "none"))
    alone = cox(data.week, data.arrest, {"aid": data.fin}).hazards[0]
    found = one(rows, "hazard_ratio")
    # groups of equal size: the first by name is the reference
    assert (found["group"], found["reference"]) == ("none", "aid")
    assert 1 / found["estimate"] == pytest.approx(alone.ratio) and found["events"] == 114


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        pytest.param(14, 52, 15.6, 41.0, id="hayashi-her2-positive"),
        pytest.param(8, 33, 11.1, 42.3, id="hayashi-discordant"),
        pytest.param(2814, 10307, 26.4, 28.2, id="paddy"),
    ],
)
def test_shares(count: int, total: int, low: float, high: float) -> None:
    share = proportion(count, total)
    assert [100 * share.low, 100 * share.high] == pytest.approx([low, high], abs=0.05)


def test_share_of_treat_ctc() -> None:
    share = proportion(95, 1317)
    assert [100 * x for x in (share.value, share.low, share.high)] == pytest.approx(
        [7.21, 5.87, 8.75], abs=0.005
    )
    assert (proportion(0, 10).low, proportion(10, 10).high) == (0, 1)


def test_few_events_say_so() -> None:
    rows, steps = told([10 * k + 5 for k in range(12)], [1] * 4 + [0] * 8, ["a", "b"] * 6)
    for name in ("log_rank", "hazard_ratio", "rate_ratio", "fisher_less"):
        row = one(rows, name)
        assert row["reason"] == "too few events: 4, at least 5", name
        assert row.get("estimate") is None and row.get("p_value") is None
    assert {s["group"] for s in steps} == {"a", "b", "all patients"}


def test_small_groups_have_no_curve() -> None:
    rows, steps = told([100] * 14, [1] * 14, ["a"] * 10 + ["b"] * 4)
    assert one(rows, "log_rank")["reason"] == "fewer than two outcomes with 5 patients"
    assert "too few patients" in one(rows, "median_survival", group="b")["reason"]
    assert {s["group"] for s in steps if s["rule_id"]} == {"a"}


def test_a_group_without_events_has_no_hazard_ratio() -> None:
    rows, _ = told([100 + k for k in range(20)], [1] * 10 + [0] * 10, ["a"] * 10 + ["b"] * 10)
    assert one(rows, "hazard_ratio")["reason"] == "no event among b"
    assert one(rows, "median_survival", group="b")["reason"].startswith("too few events")


def test_time_runs_from_the_day_of_the_decision() -> None:
    """An outcome known on day 30 cannot take credit for the days before."""
    patients = [patient(k, 20 if k < 3 else 100, 1) for k in range(20)]
    rows, steps = computed(patients, [], [decision(k, "a", 30) for k in range(20)], PLAIN)
    assert one(rows, "left_out", endpoint="pfs")["n"] == 3
    assert one(rows, "left_out", endpoint="pfs")["reason"] == "not followed beyond that day"
    assert [s["day"] for s in steps if s["rule_id"] == "r"] == [0, 70]


def test_landmarks_take_what_was_known_by_then() -> None:
    """Martin 2013: the count after the first cycle, followed from then on."""
    patients = [patient(k, 200, 1) for k in range(10)]
    said = [decision(k, "high", 0) for k in range(10)] + [decision(k, "low", 21) for k in range(6)]
    visits = [{"patient_id": f"P{k:04d}", "visit": "cycle1", "day": 25} for k in range(9)]
    choices = Choices(adjust=(), landmarks=(20, "cycle1"))
    rows, _ = computed(patients, visits, said, choices)
    medians = {(r["landmark"], r["group"]): r["n"] for r in rows if r["statistic"] == "event_rate"}
    assert medians == {
        (None, "all patients"): 10,
        (None, "high"): 10,
        ("day 20", "high"): 10,
        ("visit cycle1", "low"): 6,
        ("visit cycle1", "high"): 3,
    }
    assert one(rows, "left_out", endpoint="pfs", landmark="visit cycle1")["n"] == 1
    kept, remaining = landmark([10, 20, 30], 20)
    assert kept.tolist() == [False, False, True] and remaining[2] == 10


def test_unusable_and_contradictory_decisions_are_no_group() -> None:
    patients = [patient(k, 100, 1) for k in range(4)]
    said = [decision(0, "a"), decision(1, "indeterminate"), decision(2, "a"), decision(2, "b")]
    rows, _ = computed(patients, [], said, PLAIN)
    left = one(rows, "left_out", endpoint="pfs")
    assert (left["n"], left["reason"]) == (3, "no usable outcome")
    assert one(rows, "event_rate")["n"] == 1


def test_three_groups_and_two_rules() -> None:
    groups = ["a"] * 10 + ["b"] * 9 + ["c"] * 8
    days = [50 + 7 * k for k in range(27)]
    patients = [patient(k, d, 1) for k, d in enumerate(days)]
    said = [decision(k, g) for k, g in enumerate(groups)]
    said += [decision(k, "c" if k == 0 else g, rule="s") for k, g in enumerate(groups)]
    rows, _ = computed(patients, [], said, PLAIN)
    test = log_rank(days, [1] * 27, groups)
    assert test.freedom == 2 and one(rows, "log_rank")["estimate"] == test.statistic
    hazards = [r["group"] for r in rows if r["statistic"] == "hazard_ratio"]
    assert hazards == ["b", "c", "b", "c"]
    agreed = [r for r in rows if r["statistic"] == "kappa"]
    assert [r["reference"] for r in agreed] == ["s"] and 0.9 < agreed[0]["estimate"] < 1


def test_nothing_to_compare_is_said() -> None:
    assert [r["statistic"] for r in computed([], [], [], PLAIN)[0]] == []
    for counts in ([[5, 0], [0, 5]], [[1, 2, 3]] * 3):
        with pytest.raises(UserError):
            mcnemar_exact(counts)
    with pytest.raises(UserError):
        kappa([[5, 0], [0, 0]])
    with pytest.raises(UserError):
        rate(0, 0)
    with pytest.raises(UserError):
        rate_ratio(0, 5, 0, 5)
    with pytest.raises(UserError, match="the same in all patients: x"):
        cox([1, 2, 3], [1, 1, 1], {"x": [1, 1, 1]})
    with pytest.raises(UserError, match="one of x, y follows from the others"):
        cox([1, 2, 3, 4], [1, 1, 1, 1], {"x": [1, 0, 1, 0], "y": [0, 1, 0, 1]})
    assert rate(0, 10).low == 0
