"""What changed between two visits: the ratio, its interval, and what has none."""

import math
import re
from typing import Any

import pytest
from reporting import ASSAYS, specimen
from scipy.stats import binomtest

from liquidbiopsy.core.intervals import clopper_pearson
from liquidbiopsy.core.observations import Observation, count_over_volume
from liquidbiopsy.report.change import change, rate_ratio
from liquidbiopsy.report.overview import overview
from liquidbiopsy.report.quality import Summary
from liquidbiopsy.report.statements import Statement, state
from liquidbiopsy.report.timeline import Panel, timeline_svgs
from liquidbiopsy.report.timeline_axes import day_ticks, spread, value_scale


def said(observation: Observation, day: int = 0) -> Statement:
    return state(observation.row(specimen(f"B{day}", day)), 7.5, ASSAYS["blood"])


def counted(count: int, ml: float = 7.5, day: int = 0) -> Statement:
    return said(count_over_volume("blood_count", count, ml), day)


def share(count: int, total: int) -> Statement:
    low, high = clopper_pearson(count, total)
    return said(
        Observation(
            "share", "measured", "TP53", count / total, low, high, unit="1", count=count,
            denominator=total, ci_method="clopper_pearson",
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("new", "old", "excludes"),
    [(0, 5, False), (0, 6, True), (5, 5, False), (30, 10, True), (12, 10, False), (0, 0, False)],
)
def test_change_of_a_count(new: int, old: int, excludes: bool) -> None:
    """It excludes no change where the exact test of a half rejects at 5 %."""
    assert change(counted(new), counted(old)).excludes is excludes
    if new + old:
        tail = min(binomtest(new, new + old, 0.5, side).pvalue for side in ("less", "greater"))
        assert bool(tail < 0.025) is excludes


def test_ratio_of_counts_over_their_volumes() -> None:
    ratio, low, high = rate_ratio(counted(10, 15.0).row, counted(10, 7.5).row)
    assert ratio == pytest.approx(0.5) and low < 0.5 < high
    assert low * high == pytest.approx(0.25)
    assert rate_ratio(counted(3).row, counted(0).row)[0] == math.inf


def test_change_of_a_share() -> None:
    fell = change(share(4, 2700), share(60, 2400))
    assert fell.direction == "Lower" and fell.excludes and fell.words.startswith("Odds ratio 0.05")
    assert change(share(5, 2700), share(4, 2700)).excludes is False


@pytest.mark.parametrize(
    ("new", "old", "direction", "words"),
    [
        ({"value": 0.02, "ci_low": 0.01, "ci_high": 0.03}, {"value": 0.09, "ci_low": 0.08,
         "ci_high": 0.1}, "Lower", "The two intervals do not overlap"),
        ({"value": 0.02, "ci_low": 0.01, "ci_high": 0.03}, {"value": 0.02, "ci_low": 0.01,
         "ci_high": 0.03}, "The same", "The two intervals overlap"),
        ({"value": 2.0}, {"value": 1.0}, "Higher", "No interval for this kind of result"),
        ({"status": "not_detected", "lod": 0.1}, {"value": 1.0}, "Not detected, measured before",
         ""),
        ({"status": "not_detected", "lod": 0.1}, {"status": "not_detected", "lod": 0.1},
         "Not detected, as before", ""),
    ],
)  # fmt: skip
def test_change_without_a_method(
    new: dict[str, Any], old: dict[str, Any], direction: str, words: str
) -> None:
    found = change(said(Observation("f", **new)), said(Observation("f", **old)))
    assert (found.direction, found.words, found.excludes) == (direction, words, None)


def test_summary_names_what_was_not_taken_and_the_highest_targets() -> None:
    of = [
        said(Observation("vaf", "measured", f"GENE{k}", k / 100, unit="1"), day)
        for k in range(1, 9)
        for day in (0, 21)
    ]
    panel = Panel("Variants", of, "log")
    found = overview([panel], [], {"told": []}, [], [{"assay": "blood"}], ASSAYS, [])
    assert [line.title for line in found["lines"]] == ["GENE8", "GENE7"]
    assert found["not_taken"] == ["Plasma DNA"]


def test_summary_tells_of_a_specimen_that_was_lost_in_part() -> None:
    cells = [Summary(name, "blood") for name in ("S1", "S2", "S3", "S5")]
    for cell, lost in zip(cells, (6, 2, 0, 12), strict=True):
        cell.checked, cell.lost = set(map(str, range(12))), set(map(str, range(lost)))
    found = overview([], [], {"told": []}, [], [], ASSAYS, [*cells, Summary("S4", "blood")])
    assert [(s.specimen_id, s.frames_lost, s.frames) for s in found["partial"]] == [("S1", 6, 12)]


def test_panels_share_their_days() -> None:
    """A day has one place in all panels, and the line of an event runs through them."""
    panels = [
        Panel("One", [counted(3), counted(5, day=40)], "log", (5.0,)),
        Panel("Two", [said(Observation("f", value=12345.0, lod=100.0), 40)], "linear"),
    ]
    event = {"day": 20, "kind": "other", "label": "Fall"}
    for drawing in timeline_svgs(panels, [event], [0, 40], "t").values():
        discs = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"[^>]*r="4.5"', drawing)][:3]
        assert len(discs) == 3 and discs[1] == discs[2] > discs[0]
        line = re.search(r'<line x1="([\d.]+)" y1="([\d.]+)" x2="[\d.]+" y2="([\d.]+)"', drawing)
        assert line and float(line[1]) == pytest.approx((discs[0] + discs[1]) / 2, abs=0.1)
        feet = [float(y) for y in re.findall(r'y1="([\d.]+)" [^>]*stroke="#4b5560"', drawing)]
        assert float(line[3]) >= max(feet[1:-1]) - 1
        assert "cut-off 5" in drawing and "Below the limit of detection" in drawing
        assert drawing.count("Days from the index date") == 1


def test_scales() -> None:
    scale = value_scale([0.0001, 0.02], "log")
    assert scale.share(0) == 0 and 0.8 < scale.share(0.02) < 1
    kept = spread(scale, 120)
    gaps = [scale.share(b) - scale.share(a) for a, b in zip(kept, kept[1:], strict=False)]
    assert kept[0] == 0 and min(gaps) * 120 >= 15
    assert value_scale([0.09], "linear").ticks == [0, 0.05]
    assert day_ticks(-3, 47, 6) == [0, 10, 20, 30, 40]
