"""From cells to a specimen's statements: every branch of adequacy, controls and reviews."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from liquidbiopsy.core.gates import resolve_gates
from liquidbiopsy.core.reviews import agreement
from liquidbiopsy.ctc.classify import cells_table, classify
from liquidbiopsy.ctc.count import adequacy, observe, quality_rows
from liquidbiopsy.ctc.tables import OBJECTS, channel_columns

MEASURES = ("mean", "max", "sum", "sd", "snr")
CHANNELS = ["nucleus", "cytokeratin", "leukocyte", "her2"]
RULE = {"id": "detect", "version": "1", "when": "positive >= 1"}
HER2 = {"measure": "snr", "grades": [3, 6, 12], "positive_grade": 3, "rule": RULE}
SETTINGS: dict[str, Any] = {
    "max_lost_frames": 0.2,
    "markers": {"her2": HER2},
    "controls": {"lot": "L7", "high": {"min": 2, "max": 3}},
}
SPECIMEN = {"specimen_id": "S1", "patient_id": "P1", "assay": "ctc", "day": 0, "volume_ml": 7.5}
KINDS = {  # nuclei, cytokeratin, leukocyte, diameter
    "ctc": (1, 30.0, 0.5, 12.0),
    "ctc_cluster": (3, 30.0, 0.5, 20.0),
    "leukocyte": (1, 1.0, 20.0, 9.0),
    "tdev": (0, 30.0, 0.5, 5.0),
}


def image(**changes: Any) -> dict[str, Any]:
    row = {"specimen_id": "S1", "image": "a.tif", "platform": "p", "role": "sample"}
    row |= {"status": "measured", "reason": None, "frames": 10, "frames_lost": 0}
    return row | {"markers": ["her2"], "simulated": False} | changes


def broken(**changes: Any) -> dict[str, Any]:
    row = {"status": "failed", "reason": "b.tif: is empty", "frames": None, "frames_lost": None}
    return image(**{"image": "b.tif", "markers": None, **row, **changes})


def objects(*kinds: str, role: str = "sample", her2: float | None = 1.0, image="a.tif") -> pa.Table:
    """Events of some kinds, named by their order."""
    kind = OBJECTS.with_columns(channel_columns(CHANNELS))
    rows = []
    for place, name in enumerate(kinds):
        nuclei, cytokeratin, leukocyte, diameter = KINDS[name]
        row: dict[str, Any] = {f.name: 1.0 for f in kind.schema}
        row |= {"specimen_id": "S1", "image": image, "role": role, "frame": 0, "edge": False}
        row |= {"cell_id": f"{role}-{place}", "nuclei": nuclei, "diameter_um": diameter}
        row |= {"nucleus_snr": 30.0 * bool(nuclei), "cytokeratin_snr": cytokeratin}
        rows.append(row | {"leukocyte_snr": leukocyte, "her2_snr": her2, "her2_mean": her2})
    return pa.Table.from_pylist(rows, kind.schema)


def cells(table: pa.Table, reviews: list[dict[str, Any]] = ()) -> pa.Table:
    gates = resolve_gates("portable", "ctc")
    return classify(table, gates, {"her2": HER2}, reviews)


def statements(table: pa.Table, images: list[dict[str, Any]], **settings: Any) -> dict[Any, Any]:
    found = observe(cells(table), images, SPECIMEN, {**SETTINGS, **settings})
    named = {(o.analyte, o.target) if o.target else o.analyte: o for o in found}
    assert len(named) == len(found)
    return named


def test_counts_of_a_specimen():
    found = statements(objects("ctc", "ctc", "ctc_cluster", "leukocyte", "tdev"), [image()])
    total = found["ctc_count"]
    assert (total.value, total.count, total.denominator) == (3.0, 3.0, 7.5)
    assert (round(total.ci_low, 2), round(total.ci_high, 2)) == (0.62, 8.77)
    assert (total.status, total.unit, total.ci_method) == ("measured", "{cells}", "exact_poisson")
    assert found["ctc_cluster_count"].value == found["tdev_count"].value == 1.0
    assert found["ctc_her2_positive_count"].value == 0.0
    status = found["ctc_her2_status", "detect@1"]
    assert (status.value, status.count, status.denominator) == (0.0, 0.0, 3.0)


def test_zero_is_measured_and_has_an_upper_limit():
    total = statements(objects("leukocyte"), [image()])["ctc_count"]
    assert (total.status, total.value, total.ci_low) == ("measured", 0.0, 0.0)
    assert round(total.ci_high, 2) == 3.69


def test_no_tumour_cell_gives_no_marker_status():
    status = statements(objects("leukocyte"), [image()])["ctc_her2_status", "detect@1"]
    assert (status.status, status.value) == ("inadequate", None)
    assert status.reason == "no tumour cell to grade"


def test_a_marker_counts_on_tumour_cells_alone():
    found = statements(objects("ctc", "leukocyte", her2=40.0), [image()])
    assert found["ctc_her2_positive_count"].value == 1.0
    assert found["ctc_her2_status", "detect@1"].value == 1.0


def test_a_volume_that_is_not_known_stays_so():
    found = observe(cells(objects("ctc")), [image()], {**SPECIMEN, "volume_ml": None}, SETTINGS)
    assert {o.denominator for o in found if o.analyte == "ctc_count"} == {None}


@pytest.mark.parametrize(
    ("images", "status", "gist"),
    [
        ([image()], "measured", None),
        ([image(frames_lost=2)], "measured", None),
        ([image(frames_lost=3, reason="why")], "inadequate", "3 of 10 frames lost, more than 20 %"),
        ([image(frames_lost=3, reason="why")], "inadequate", "(why)"),
        ([image(frames_lost=3), image(image="c.tif")], "measured", None),
        ([image(), broken()], "inadequate", "b.tif: is empty"),
        ([image(frames_lost=9, reason="x"), broken()], "inadequate", "b.tif: is empty; 9 of 10"),
        ([broken()], "failed", "b.tif: is empty"),
        ([broken(), broken(image="c.tif", reason="c.tif: gone")], "failed", "c.tif: gone"),
    ],
)
def test_adequacy(images, status, gist):
    found, reason = adequacy(images, 0.2)
    assert found == status
    assert reason is None if gist is None else gist in reason


def test_nothing_seen_is_never_a_zero():
    assert adequacy([image(frames_lost=10, reason="dark")], 1.0) == (
        "inadequate",
        "10 of 10 frames lost (dark)",
    )
    assert adequacy([image(frames_lost=9)], 1.0)[0] == "measured"


def test_a_failed_specimen_has_its_rows():
    names = {"ctc_count", "ctc_cluster_count", "tdev_count"}
    assert set(statements(objects(), [broken()])) == names
    found = statements(objects(), [broken(markers=["her2"])])
    names |= {"ctc_her2_positive_count", "ctc_her2_status"}
    assert set(found) == names
    assert {o.status for o in found.values()} == {"failed"}
    assert {(o.value, o.reason) for o in found.values()} == {(None, "b.tif: is empty")}


def test_an_inadequate_specimen_keeps_its_count():
    total = statements(objects("ctc"), [image(frames_lost=5, reason="blur")])["ctc_count"]
    assert (total.status, total.value) == ("inadequate", 1.0)


CONTROL = {"role": "control_high", "image": "k.tif"}


@pytest.mark.parametrize(
    ("kinds", "status"),
    [
        (["ctc"], "inadequate"),
        (["ctc", "ctc"], "measured"),
        (["ctc", "ctc", "ctc_cluster", "leukocyte"], "measured"),
        (["ctc"] * 4, "inadequate"),
    ],
)
def test_control_cells_are_judged_by_the_range_of_their_lot(kinds, status):
    found = statements(objects(*kinds, role="control_high"), [image(**CONTROL)])
    assert list(found) == [("ctc_count", "control_high")]
    total = found["ctc_count", "control_high"]
    assert total.status == status
    assert total.reason is None or "where 2 to 3 are expected of lot L7" in total.reason


def test_control_without_a_range_is_counted():
    found = statements(
        objects("ctc", role="control_low"), [image(role="control_low", image="k.tif")]
    )
    assert found["ctc_count", "control_low"].status == "measured"


def test_a_bad_control_makes_the_sample_beside_it_inadequate():
    found = statements(objects("ctc"), [image(), image(**CONTROL)])
    assert found["ctc_count"].status == "inadequate" and found["ctc_count"].value == 1.0
    assert found["ctc_count"].reason.startswith("control_high: 0 control cells found")


def test_a_control_that_cannot_be_read():
    found = statements(objects("ctc"), [image(), broken(**CONTROL)])
    assert found["ctc_count", "control_high"].status == "failed"
    assert found["ctc_count"].status == "inadequate"


def review(cell: str, call: str, reviewer: str = "AB") -> dict[str, Any]:
    return {"cell_id": cell, "call": call, "reviewer": reviewer, "reason": "seen"}


def test_the_last_review_wins_and_both_calls_are_kept():
    said = [review("sample-0", "artefact"), review("sample-0", "leukocyte", "CD")]
    row = cells(objects("ctc", "ctc", her2=40.0), said).to_pylist()
    assert (row[0]["call"], row[0]["auto_call"], row[0]["reviewer"]) == ("leukocyte", "ctc", "CD")
    assert (row[1]["call"], row[1]["reviewer"]) == ("ctc", None)
    assert [r["her2_grade"] for r in row] == [None, 3]


def test_a_review_can_make_a_tumour_cell():
    row = cells(objects("leukocyte", her2=7.0), [review("sample-0", "ctc")]).to_pylist()
    assert (row[0]["call"], row[0]["her2_grade"]) == ("ctc", 2)


def test_agreement_by_hand():
    kinds = ["ctc"] * 4 + ["leukocyte"] * 5
    calls = ["ctc", "ctc", "ctc", "leukocyte", "leukocyte", "leukocyte", "leukocyte", "ctc"]
    said = [review(f"sample-{n}", call) for n, call in enumerate(calls)] + [review("gone", "ctc")]
    n, agreed, kappa, unknown = agreement(cells(objects(*kinds), said), said)
    # 8 cells, 4 and 4 by the gates, 4 and 4 by people, 6 alike: chance is one half
    assert (n, agreed, kappa, unknown) == (8, 0.75, pytest.approx(0.5), 1)


def test_agreement_without_choice_is_not_defined():
    said = [review("sample-0", "ctc")]
    assert agreement(cells(objects("ctc"), said), said) == (1, 1.0, None, 0)
    assert agreement(cells(objects("ctc")), []) == (0, None, None, 0)


def test_quality_of_images_controls_and_reviews():
    table = cells(objects("ctc", "leukocyte"), [review("sample-0", "artefact")])
    images = [image(frames_lost=3, simulated=True), broken(), image(**CONTROL)]
    rows = quality_rows(table, images, [review("gone", "ctc")], "S1", SETTINGS)
    found = {(r["item"], r["metric"]): (r["value"], r.get("passed")) for r in rows}
    assert found["a.tif", "readable"] == (1.0, True) and found["b.tif", "readable"] == (0.0, False)
    assert found["a.tif", "frames_lost"] == (3.0, False)
    assert found["b.tif", "frames_lost"] == (None, None)  # not known, and so not zero
    assert found["a.tif", "ctc_count"] == (0.0, None)
    assert found["a.tif", "leukocyte_count"] == (1.0, None)
    assert found["a.tif", "simulated"] == (1.0, None)
    assert found["control_high", "control_cells"] == (0.0, False)
    assert found["reviews", "reviews_of_unknown_cells"] == (1.0, False)


def test_a_channel_that_the_image_lacks_is_not_known():
    table = objects("ctc", "leukocyte").drop_columns([f"leukocyte_{m}" for m in MEASURES])
    table = table.drop_columns([f"her2_{m}" for m in MEASURES])
    found = cells(table)
    assert found["call"].to_pylist() == ["uncertain", "bare_nucleus"]
    kind = cells_table(["nucleus", "cytokeratin"])
    assert "her2_grade" not in found.column_names and "her2_grade" not in kind.schema.names
    assert np.isfinite(found["confidence"].to_numpy()).all()


def test_an_unreadable_image_with_a_marker_leaves_the_others_counted():
    found = statements(objects(), [image(), broken(markers=["her2"])])
    assert found["ctc_count"].status == "inadequate"
    assert "b.tif: is empty" in found["ctc_count"].reason
    assert "ctc_her2_status" not in found
