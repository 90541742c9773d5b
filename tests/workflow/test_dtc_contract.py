"""Marrow slides through the workflow: tables by the contract, and what counts when."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from marrow_laboratory import MarrowLaboratory

CELLS = {
    **dict.fromkeys(["specimen_id", "slide_id", "cell_id", "call", "auto_call"], "string"),
    **dict.fromkeys(["x_px", "y_px", "confidence"], "double"),
    **dict.fromkeys(["nucleus_area_um2", "stain_mean_od"], "double"),
}
CALLS = {
    *("tumour_cell", "probable", "haematopoietic", "squamous"),
    *("degenerated", "artefact", "uncertain"),
}
CLEAR: dict[str, Any] = {"stained": 0, "debris": 0}
GATES = [  # a laboratory's own, which part the simulator's kinds: here the counting is looked at
    {"call": "artefact", "when": "nuclei == 0"},
    {
        "call": "tumour_cell",
        "when": "stain_mean_od > 0.2 and (nuclei >= 2 or nucleus_ratio > 2.05)",
    },
    {"call": "probable", "when": "stain_mean_od > 0.2"},
    {"call": "haematopoietic", "when": "nuclei >= 1"},
]


def draw(lab: MarrowLaboratory) -> None:
    lab.marrow("tumour.svs", tumour=3, clusters=1, seed=1)
    lab.marrow("second.ome.tif", tumour=2, seed=2)
    lab.marrow("probable.svs", probable=3, seed=3, **CLEAR)
    lab.marrow("isotype.svs", seed=4, **CLEAR)
    lab.marrow("stained_isotype.svs", probable=3, seed=3, **CLEAR)
    lab.marrow("none.png", seed=6, chromogen="aec")


def new_laboratory(folder: Path, images: Path | None = None) -> MarrowLaboratory:
    """Three patients; the slides are drawn, or taken from another laboratory's folder."""
    lab = MarrowLaboratory(folder)
    if images:
        shutil.copytree(images, folder / "images")
    else:
        draw(lab)
    lab.settings["assays"]["dtc"] |= {"pixel_size_um": 0.5, "gates": GATES}  # of none.png
    lab.add_slide("A_two", "S1", "tumour.svs", visit="diagnosis")
    lab.add_slide("A_two", "S2", "second.ome.tif")
    lab.add_slide("A_two", "C1", "isotype.svs", role="isotype_control")
    lab.add_slide("B_clear", "S1", "probable.svs", day=10)
    lab.add_slide("B_clear", "C1", "isotype.svs", role="isotype_control")
    lab.add_slide("B_stained", "S1", "probable.svs", day=20)
    lab.add_slide("B_stained", "C1", "stained_isotype.svs", role="isotype_control")
    lab.add_slide("B_without", "S1", "probable.svs", day=30)
    lab.add_slide("C_none", "S1", "none.png", "aec")
    return lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> MarrowLaboratory:
    made = new_laboratory(tmp_path_factory.mktemp("two_cores") / "lab")
    made.finish_at_once(cores=2)
    return made


def test_tables_have_the_columns_of_the_contract(lab: MarrowLaboratory) -> None:
    for path in (("dtc", "A_two"), ("reports", "A"), ("cohort",)):
        table = lab.read(*path, "cells.parquet")
        assert {n: str(table.schema.field(n).type) for n in CELLS} == CELLS, path
        assert set(table["call"].to_pylist()) <= CALLS and table.num_rows > 0
    rows = lab.read("dtc", "A_two", "observations.parquet").to_pylist()
    assert {r["analyte"] for r in rows} >= {"dtc_count", "dtc_probable_count", "mnc_evaluated"}
    cells = lab.read("cohort", "cells.parquet")
    keys = list(zip(cells["specimen_id"].to_pylist(), cells["cell_id"].to_pylist(), strict=True))
    assert len(set(keys)) == len(keys)


def test_slides_of_a_specimen_add_up_and_a_cluster_is_one(lab: MarrowLaboratory) -> None:
    count, mnc = lab.count("A_two"), lab.count("A_two", "mnc_evaluated")
    assert (count["status"], count["count"], count["visit"]) == ("measured", 6, "diagnosis")
    assert count["denominator"] == mnc["value"] == pytest.approx(2 * 600, rel=0.06)
    assert count["value"] == pytest.approx(1e6 * 6 / mnc["value"]) and count["unit"] == "10*-6"
    assert count["ci_low"] < count["value"] < count["ci_high"]
    cells = lab.read("dtc", "A_two", "cells.parquet").to_pylist()
    tumour = [row for row in cells if row["call"] == "tumour_cell"]
    assert sorted(row["nuclei"] for row in tumour)[-1] >= 2
    assert {row["slide_id"] for row in tumour} == {"S1", "S2"}


@pytest.mark.parametrize(
    ("specimen", "counted", "words"),
    [
        ("B_clear", True, "in dtc_count: no stained cell among"),
        ("B_stained", False, "not in dtc_count: 3 stained cells among"),
        ("B_without", False, "not in dtc_count: there is no isotype control"),
    ],
)
def test_probable_cells_count_only_beside_a_clear_control(lab, specimen, counted, words) -> None:
    probable, count = lab.count(specimen, "dtc_probable_count"), lab.count(specimen)
    assert probable["count"] == 3 and words in probable["reason"]
    assert count["count"] == (3 if counted else 0)
    assert counted or "3 probable cells are not counted" in count["reason"]


def test_zero_says_what_it_excludes(lab: MarrowLaboratory) -> None:
    none = lab.count("C_none")
    assert (none["status"], none["value"], none["count"]) == ("measured", 0, 0)
    assert none["ci_high"] == pytest.approx(3.689e6 / none["denominator"], rel=1e-3)
    assert "excludes more than" in none["reason"]


def test_every_cell_is_found_again_in_qupath(lab: MarrowLaboratory) -> None:
    cells = {r["cell_id"]: r for r in lab.read("dtc", "A_two", "cells.parquet").to_pylist()}
    folder = lab.folder / "results/dtc/A_two"
    whole = json.loads((folder / "cells.geojson").read_text())
    parts = [json.loads((folder / "geojson" / f"{s}.geojson").read_text()) for s in ("S1", "S2")]
    assert whole["type"] == "FeatureCollection"
    assert len(whole["features"]) == len(cells) >= sum(len(p["features"]) for p in parts) > 0
    for feature in whole["features"]:
        cell = cells[feature["properties"]["name"]]
        said = feature["properties"]["classification"]
        assert said["name"].lower().replace(" ", "_") == cell["call"] and len(said["color"]) == 3
        (ring, *_) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1] and all(0 <= v <= 900 for point in ring for v in point)
        xs, ys = [p[0] for p in ring], [p[1] for p in ring]
        assert min(xs) <= cell["x_px"] <= max(xs) and min(ys) <= cell["y_px"] <= max(ys)


def test_one_core_gives_the_same_bytes(lab, tmp_path: Path) -> None:
    other = new_laboratory(tmp_path / "elsewhere")
    other.finish_at_once()
    kinds = (".parquet", ".html", ".geojson")
    one, two = lab.results(*kinds), other.results(*kinds)
    assert set(one) == set(two) and len(one) > 30
    assert [name for name in sorted(one) if one[name] != two[name]] == []


def test_other_tiles_find_the_same_cells(lab, tmp_path: Path) -> None:
    other = new_laboratory(tmp_path / "tiled", lab.folder / "images")
    other.settings["assays"]["dtc"]["detection"] = {"tile_um": 200}
    other.finish_at_once(
        "results/dtc/A_two/observations.parquet", "results/dtc/C_none/cells.parquet"
    )
    for specimen in ("A_two", "C_none"):
        one, two = (x.read("dtc", specimen, "cells.parquet").to_pylist() for x in (lab, other))
        told = [
            [(r["cell_id"], r["call"], r["x_px"], r["area_um2"]) for r in of] for of in (one, two)
        ]
        assert told[0] == told[1]
    ratio = other.count("A_two")["denominator"] / lab.count("A_two")["denominator"]
    assert ratio == pytest.approx(1, abs=0.02)


def test_a_review_changes_the_count(lab, tmp_path: Path) -> None:
    cells = lab.read("dtc", "C_none", "cells.parquet").to_pylist()
    other = new_laboratory(tmp_path / "reviewed", lab.folder / "images")
    row = {"specimen_id": "C_none", "cell_id": cells[0]["cell_id"], "call": "tumour_cell"}
    other.rows["reviews"].append({**row, "reviewer": "AB"})
    other.finish_at_once("results/dtc/C_none/observations.parquet")
    assert other.count("C_none")["count"] == 1
    changed = other.read("dtc", "C_none", "cells.parquet").to_pylist()[0]
    assert (changed["call"], changed["auto_call"]) == ("tumour_cell", cells[0]["auto_call"])


def test_too_few_cells_are_inadequate_and_say_so(lab, tmp_path: Path) -> None:
    other = new_laboratory(tmp_path / "few", lab.folder / "images")
    other.settings["assays"]["dtc"]["quality"] = {}  # 2,000,000
    other.finish_at_once("results/dtc/C_none/observations.parquet")
    row = other.count("C_none")
    assert row["status"] == "inadequate" and row["value"] == 0
    assert "cells evaluated, fewer than 2" in row["reason"]
