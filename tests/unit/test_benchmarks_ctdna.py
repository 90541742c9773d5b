"""The figures of the plasma benchmark are counted as they say."""

import json

import numpy as np
import pytest

from benchmarks.ctdna_accuracy import false_rows, measure, slope, truth_rows
from benchmarks.ctdna_errors import adjusted_rand, compared, more_than_one, places_of
from benchmarks.ctdna_libraries import LEVELS, Plan
from benchmarks.ctdna_tables import rate, share, told
from liquidbiopsy.simulate.plasma_parameters import Variant

TINY = Plan(
    regions=2, raw_depth=800, ng=0.5, snvs=1, indels=0, mnvs=0, hets=5, chip=1, grouped_regions=1,
    genome=(("sim1", 40_000),),
)  # fmt: skip


def called(pos, ref, alt, origin="tumour", **more):
    row = {"chrom": "c", "pos": pos, "ref": ref, "alt": alt, "filter": "PASS", "origin": origin}
    counts = {"alt_molecules": 3, "molecules": 300, "alt_duplex": 1}
    return {**row, **counts, "vaf": 0.01, "p_value": 1e-9, **more}


def true(pos, ref, alt, kind="tumour"):
    counts = {"mutant_molecules": 3, "mutant_duplex": 1, "molecules": 300}
    return {"chrom": "c", "pos": pos, "ref": ref, "alt": alt, "kind": kind, "vaf": 0.01, **counts}


def key(row):
    return row["chrom"], row["pos"] - 1, row["ref"], row["alt"]


def test_what_is_there_is_found_whole_or_in_parts():
    truth = [true(10, "A", "G"), true(40, "AC", "GT"), true(70, "CC", "TT"), true(99, "A", "AT")]
    calls = [
        called(10, "A", "G"), called(40, "A", "G"), called(41, "C", "T"), called(70, "C", "T"),
        called(99, "A", "AT", filter="q"),
    ]  # fmt: skip
    rows = truth_rows(truth, [key(t) for t in truth], calls)
    assert [row["found"] for row in rows] == [True, True, False, False]
    assert [row["in_parts"] for row in rows] == [False, True, False, False]
    assert [row["filter"] for row in rows] == ["PASS", "PASS", None, "q"]
    assert [row["type"] for row in rows] == ["SNV", "MNV", "MNV", "indel"]


def test_false_calls_say_what_they_come_from():
    truth = [true(10, "A", "G"), true(40, "AC", "GT"), true(200, "A", "C", "germline_het")]
    truth.append(true(300, "T", "C", "chip"))
    calls = [
        called(10, "A", "G"), called(41, "C", "T"),  # a part of what is there
        called(10, "A", "T"), called(1000, "A", "T"), called(500, "G", "C", "unknown"),
        called(200, "A", "C"), called(300, "T", "C", "chip"), called(600, "G", "T", filter="q"),
    ]  # fmt: skip
    own = {key(t): t["kind"] for t in truth}
    rows = false_rows(calls, own, [("c", 499, "G", "C")])
    assert [(row["pos"], row["why"]) for row in rows] == [
        (10, "near"), (1000, "error"), (500, "hop"), (200, "germline"),
    ]  # fmt: skip


def test_places_beside_indels_are_left_out():
    assert places_of([Variant("c", 10, "AC", "GT")]) == {("c", 9), ("c", 10)}
    assert len(places_of([Variant("c", 100, "A", "AT")])) == 31


def test_grouping_by_hand():
    true, found = [1, 1, 1, 2, 2, 3], [7, 7, 8, 9, 9, 9]
    assert more_than_one(true, found) == (1, 3)
    assert more_than_one(found, true) == (1, 3)
    # 2 pairs are together in both, 4 in each, of 15: expected 16 / 15
    assert adjusted_rand(true, found) == pytest.approx((2 - 16 / 15) / (4 - 16 / 15))
    assert adjusted_rand(true, true) == 1.0
    shuffled = np.random.default_rng(1).integers(0, 20, (2, 5000))
    assert abs(adjusted_rand(*shuffled)) < 0.01
    names = [f"simulated:{n}:{m}:T" for n, m in enumerate(true)]
    told = {"grouped": 6, "molecules": 3, "split": 1, "groups": 3, "merged": 1}
    assert {k: v for k, v in compared(names, found).items() if k != "ari"} == told


def test_lines_and_intervals():
    line = slope([0.001, 0.005, 0.01, 0.02], [0.003, 0.0112, 0.0208, 0.041])
    assert line["slope"] == pytest.approx(2, abs=0.02)
    assert line["interval"][0] < 2 < line["interval"][1]
    assert slope([0.01] * 4, [0.01, 0.02, 0.03, 0.04]) is None
    assert share(14, 52) == "26.9 (15.6-41.0)"
    assert rate(0, 4_000_000) == "0.0e+00 (0.0e+00-9.2e-07)"
    assert rate(0, 0) == "-"


def test_tiny_libraries_through_all_steps(tmp_path):
    results = list(measure(TINY, None, (1, 2), 1, tmp_path))
    result = results[-1]
    assert len(results) == 3 and len(result["libraries"]) == 2
    library = result["libraries"][0]
    assert json.loads(json.dumps(result))["plan"]["regions"] == 2
    by_kind = [row["kind"] for row in library["truth"]]
    assert by_kind.count("tumour") == len(LEVELS) and by_kind.count("germline_het") == 5
    hets = [row for row in library["truth"] if row["kind"] == "germline_het"]
    assert all(row["origin"] == "germline" and not row["found"] for row in hets)
    assert all(0.3 < row["called_vaf"] < 0.7 for row in hets)
    assert library["bases"] == 400 and 0 < library["tests"] < 3 * 400
    raw = library["raw"]["all"]
    assert 5e-4 < raw["errors"] / raw["bases"] < 4e-3
    for name, row in library["called"].items():
        assert row["errors"] < 1e-3 * row["bases"] + 4, name
        assert row["bases"] <= library["all"][name]["bases"]
    assert library["called"]["duplex"]["bases"] > library["called"]["single"]["bases"] > 0
    assert result["grouping"]["ari"] > 0.98
    assert result["grouping"]["grouped"] == pytest.approx(result["grouping"]["pairs"], rel=0.02)
    again = result["normals"][0]  # the leukocytes of the other one as a panel of normals
    assert [row["pos"] for row in again["truth"]] == [row["pos"] for row in library["truth"]]
    hets = [row for row in again["truth"] if row["kind"] == "germline_het"]
    assert all(row["origin"] == "germline" and not row["found"] for row in hets)
    kept = json.loads((tmp_path / "patient1.json").read_text())
    assert kept["truth"] == library["truth"]
    text = told(result)
    for words in ("| 0.10% | 2 |", "duplex", "adjusted Rand index", "| germline | 10 | 10 | 10 |"):
        assert words in text
