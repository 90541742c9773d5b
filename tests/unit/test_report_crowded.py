"""A page with more than fits it: many events, many targets, small numbers; and units in words."""

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from reporting import ASSAYS, SETTINGS, patient, specimen, write_specimen

from liquidbiopsy.core.observations import Observation
from liquidbiopsy.report.patient import write_report
from liquidbiopsy.report.statements import state
from liquidbiopsy.report.timeline_axes import LETTER_PX, place_labels, tick_words

LABELS = ["mastectomy and axillary clearance", "paclitaxel and trastuzumab", "port", "letrozole"]


@pytest.mark.parametrize("width", [300, 1000])
def test_labels_of_many_events_never_meet_nor_leave_the_chart(width: int) -> None:
    days = [-5, 1, 3, 5, 100, 102, 250, 251, 380]
    kinds = ("treatment_start", "other", "progression")
    events = [
        {"day": day, "kind": kinds[k % 3], "label": LABELS[k % 4]} for k, day in enumerate(days)
    ]
    placed, rows = place_labels(events, -20, 400, width)
    assert max(p["row"] for p in placed) == rows - 1
    texts = []
    for p in placed:
        at, long = (p["day"] + 20) / 420 * width, LETTER_PX * len(p["label"])
        start = at - long if p["align"] == "right" else at
        assert start >= 0 and start + long <= width, p
        texts.append((p["row"], start, start + long))
    for (row, start, end), (other, first, last) in combinations(texts, 2):
        assert row != other or end < first or last < start


def test_ticks_are_short() -> None:
    assert [tick_words(v) for v in (0, 0.0001, 1e-5, 2e-6)] == ["0", "0.0001", "10⁻⁵", "2×10⁻⁶"]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A patient with eight variants, and an image whose path is longer than a line."""
    folder = tmp_path_factory.mktemp("crowded")
    row = specimen("D1", 0, assay="plasma")
    shown: dict[str, Any] = {"unit": "1", "count": 9, "denominator": 900}
    variants = [
        Observation("fraction", target=f"GENE{k} p.A{k}T", value=k / 100, **shown)
        for k in range(1, 9)
    ]
    declared = {**ASSAYS["plasma"], "tables": []}
    declared["timeline"] = [{**declared["timeline"][0], "targets": True}]
    files = write_specimen(folder, row, variants)
    files = [f for f in files if f.endswith("observations.parquet")]
    sheets = {"patient": patient("P1"), "specimens": [row], "events": []}
    write_report(files, folder / "P1", sheets, {"plasma": declared}, [], SETTINGS, "c" * 64)
    return (Path(folder) / "P1" / "report.html").read_text("utf-8")


def test_targets_that_are_not_drawn_are_told_of(page: str) -> None:
    (svg,) = re.findall(r'<div class="broad">(.*?)</div>', page, re.S)
    drawn = re.findall(r">(GENE\d) p\.A\dT<", svg)
    assert drawn == [f"GENE{k}" for k in range(8, 2, -1)], "those with the highest values"
    assert "and 2 more, in the table" in svg


def test_the_summary_says_what_it_leaves_out_and_what_a_variant_is_given_as(page: str) -> None:
    summary = page[page.index('id="summary"') : page.index('id="timeline"')]
    rows = re.findall(r'<th scope="row">(GENE\d) [^<]*<br><span class="small">([^<]+)<', summary)
    assert rows == [("GENE8", "Tumour fraction"), ("GENE7", "Tumour fraction")]
    assert '<a href="#timeline">6 more of the timeline below</a>' in summary


def test_a_concentration_is_not_said_to_be_in_the_volume_of_its_tube() -> None:
    row = specimen("T1", 0, assay="plasma", volume_ml=4.0)
    amount = Observation("dna_yield", value=10.0, unit="ng/mL", denominator=4.0).row(row)
    assert state(amount, 4.0, ASSAYS["plasma"]).result == "10 ng/mL"
    assert state(amount, 3.0, ASSAYS["plasma"]).result == "10 ng/mL"
    count = Observation("blood_count", value=3.0, count=3, unit="{cells}", denominator=4.0)
    assert state(count.row(row), 4.0, ASSAYS["plasma"]).result == "3 in 4 ml"
