"""Counting on marrow slides: per million, by the isotype control's rule; tables made by hand."""

import pytest

from liquidbiopsy.core.parquet import table_of
from liquidbiopsy.core.tables import FAILED, INADEQUATE, MEASURED
from liquidbiopsy.dtc.count import observe
from liquidbiopsy.dtc.tables import CELLS, FEATURES, ISOTYPE, STAINED

SETTINGS = {"min_mnc": 1000, "isotype": {"min_mnc": 1, "min_od": 0.2}}


def slide(name="A", role=STAINED, status=MEASURED, mnc=2_000_000.0, reason=None, scored=True):
    known = mnc is not None
    return {
        "slide_id": name, "role": role, "status": status, "reason": reason, "mnc": mnc,
        "scored": scored,
        "mnc_low": 0.98 * mnc if known else None, "mnc_high": 1.02 * mnc if known else None,
    }  # fmt: skip


def cells(*kinds):
    """Cells from (call, role, evaluated, stain, reviewer); all but the call may be left out."""
    rows = []
    for k, kind in enumerate(kinds):
        usual = (STAINED, True, 0.3, None)
        call, role, evaluated, stain_od, reviewer = (*kind, *usual[len(kind) - 1 :])
        rows.append(
            {
                "specimen_id": "S1", "slide_id": "A", "cell_id": f"c{k}", "role": role,
                "x_px": float(k), "y_px": 0.0, "evaluated": evaluated, "call": call,
                "auto_call": call, "confidence": 1.0, **{f.name: None for f in FEATURES},
                "stain_mean_od": stain_od, "reviewer": reviewer,
            }
        )  # fmt: skip
    return table_of(rows, CELLS)


def told(found, slides, settings=SETTINGS):
    return {(o.analyte, o.target): o for o in observe(found, slides, settings)}


def test_tumour_cells_over_a_million_with_their_interval():
    found = told(cells(("tumour_cell",), ("tumour_cell",), ("artefact",)), [slide()])
    count = found["dtc_count", None]
    assert (count.status, count.count, count.denominator, count.value) == (MEASURED, 2, 2e6, 1.0)
    assert (count.unit, count.ci_method) == ("10*-6", "exact_poisson")
    assert (count.ci_low, count.ci_high) == pytest.approx((0.242 / 2, 7.225 / 2), abs=1e-3)


def test_zero_says_what_it_excludes():
    count = told(cells(), [slide()])["dtc_count", None]
    assert (count.status, count.value, count.ci_low) == (MEASURED, 0, 0)
    assert count.ci_high == pytest.approx(1.84, abs=0.01)
    assert "excludes more than 1.84 per million (95 %)" in count.reason


def test_a_slide_on_which_nothing_was_scored_gives_no_denominator():
    eosin = slide("E", status=INADEQUATE, mnc=3e6, reason="looks like eosin", scored=False)
    alone = told(cells(), [eosin])
    count = alone["dtc_count", None]
    assert (count.status, count.value, count.denominator) == (INADEQUATE, None, 0)
    assert count.reason == "E: looks like eosin"
    assert (alone["mnc_evaluated", None].status, alone["mnc_evaluated", None].value) == (
        INADEQUATE,
        3e6,
    )
    both = told(cells(("tumour_cell",)), [slide(), eosin])
    assert both["dtc_count", None].denominator == both["mnc_evaluated", None].value == 2e6
    assert both["dtc_count", None].status == INADEQUATE


def test_slides_add_up_as_raw_counts():
    found = told(cells(("tumour_cell",)), [slide("A", mnc=1500.0), slide("B", mnc=500.0)])
    assert found["dtc_count", None].denominator == 2000
    mnc = found["mnc_evaluated", None]
    assert (mnc.value, mnc.ci_low, mnc.ci_high) == (2000, 1960, 2040)


def test_what_is_not_evaluated_does_not_count():
    assert told(cells(("tumour_cell", STAINED, False)), [slide()])["dtc_count", None].count == 0


ISOTYPES = {  # name -> (slides beside the stained one, further cells, counted, words)
    "clear": ([slide("I", ISOTYPE)], (), 2, "in dtc_count: no stained cell among 2"),
    "none": ([], (), 1, "not in dtc_count: there is no isotype control"),
    "stained": (
        [slide("I", ISOTYPE)], (("haematopoietic", ISOTYPE),), 1, "not in dtc_count: 1 stained",
    ),
    "faint": (
        [slide("I", ISOTYPE)], (("haematopoietic", ISOTYPE, True, 0.15),), 2, "in dtc_count: no",
    ),
    "faint, by a reader": (
        [slide("I", ISOTYPE)], (("haematopoietic", ISOTYPE, True, 0.15, "RB"),), 1,
        "not in dtc_count: 1 stained",
    ),
    "debris": ([slide("I", ISOTYPE)], (("artefact", ISOTYPE),), 2, "in dtc_count: no stained"),
    "failed": (
        [slide("I", ISOTYPE, FAILED, None, "is truncated")], (), 1,
        "cannot be judged (I: is truncated)",
    ),
    "short": ([slide("I", ISOTYPE, mnc=10.0)], (), 1, "only 10 mononuclear cells"),
}  # fmt: skip


@pytest.mark.parametrize("case", ISOTYPES)
def test_probable_cells_count_only_beside_a_clear_isotype_control(case):
    slides, more, counted, words = ISOTYPES[case]
    settings = {**SETTINGS, "isotype": {"min_mnc": 100, "min_od": 0.2}}
    found = told(cells(("tumour_cell",), ("probable",), *more), [slide(), *slides], settings)
    assert found["dtc_count", None].count == counted
    probable = found["dtc_probable_count", None]
    assert probable.count == 1 and words in probable.reason
    assert ("1 probable cell is not counted" in (found["dtc_count", None].reason or "")) == (
        counted == 1
    )
    assert (("isotype_stained_count", ISOTYPE) in found) == bool(slides)


def test_a_short_denominator_makes_it_inadequate_with_its_value_kept():
    count = told(cells(("tumour_cell",)), [slide(mnc=400.0)])["dtc_count", None]
    assert count.status == INADEQUATE and count.value == 2500
    assert "400 mononuclear cells evaluated, fewer than 1000" in count.reason


def test_a_bad_slide_beside_a_good_one_is_told():
    slides = [slide(), slide("B", status=FAILED, mnc=None, reason="is truncated")]
    count = told(cells(("tumour_cell",)), slides)["dtc_count", None]
    assert (count.status, count.count, count.reason) == (INADEQUATE, 1, "B: is truncated")


@pytest.mark.parametrize("slides", ["failed", "isotype alone"])
def test_without_a_stained_slide_every_analyte_has_failed(slides):
    if slides == "failed":
        given, words = [slide(status=FAILED, mnc=None, reason="is truncated")], "A: is truncated"
    else:
        given, words = [slide("I", ISOTYPE)], "has only an isotype control"
    found = told(cells(), given)
    for analyte in ("dtc_count", "dtc_probable_count", "mnc_evaluated"):
        assert found[analyte, None].status == FAILED and words in found[analyte, None].reason


def test_a_slide_without_cells_gives_no_number():
    given = [slide(status=INADEQUATE, mnc=0.0, reason="no nucleated cell was found on it")]
    count = told(cells(), given)["dtc_count", None]
    assert (count.status, count.value) == (INADEQUATE, None)
    assert "no nucleated cell" in count.reason
