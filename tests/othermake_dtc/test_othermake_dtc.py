"""Slides of the second make: sound themselves, and read by defaults that were set beforehand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from benchmarks.dtc_methods import matched, ours
from othermake_dtc.recipe import BASE, DYES, SCENARIOS
from othermake_dtc.slide import Made, make

SMALL = replace(BASE, side_px=1200, tumour=5)
HELD_OUT = 411
TUMOUR = ("tumour",)


def write(folder: Path, made: Made, um_per_px: float) -> Path:
    file = folder / "slide.tif"
    per_cm = 1e4 / um_per_px
    tifffile.imwrite(
        file, made.picture, photometric="rgb", tile=(256, 256), compression="zlib",
        resolution=(per_cm, per_cm), resolutionunit="CENTIMETER",
    )  # fmt: skip
    return file


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_is_well_made(name: str) -> None:
    recipe = replace(SCENARIOS[name], seed=2)
    made = make(recipe)
    assert made.picture.shape == (recipe.side_px, recipe.side_px, 3)
    assert made.picture.dtype == np.uint8
    assert (made.truth["kind"] == "tumour").sum() == recipe.tumour + recipe.groups
    assert made.truth.query("kind == 'tumour'")["nuclei"].max() >= 2
    area_mm2 = (recipe.side_px * recipe.um_per_px / 1000) ** 2
    assert len(made.nuclei) == pytest.approx(recipe.per_mm2 * area_mm2, rel=0.25)


def test_same_seed_gives_the_same_slide() -> None:
    first, again, other = (make(replace(SMALL, seed=seed)) for seed in (4, 4, 5))
    assert np.array_equal(first.picture, again.picture)
    assert first.truth.equals(again.truth)
    assert not np.array_equal(first.picture, other.picture)


@pytest.mark.parametrize("dye", [name for name in DYES if name != "haematoxylin"])
def test_tumour_cells_of_every_dye_are_found_and_nothing_else(tmp_path: Path, dye: str) -> None:
    recipe = replace(SMALL, dye=dye, seed=HELD_OUT)
    made = make(recipe)
    found = ours(write(tmp_path, made, recipe.um_per_px), dye)
    counted = (found.cells["call"] == "tumour_cell").to_numpy()
    places = found.cells.loc[counted, ["x_px", "y_px"]].to_numpy(float)
    radii = np.sqrt(found.cells.loc[counted, "area_um2"].to_numpy(float) / np.pi)
    truth = made.truth[made.truth["kind"].isin(TUMOUR)][["x_px", "y_px"]].to_numpy(float)
    hit, mine = matched(truth, places, recipe.um_per_px, radii)
    assert hit.all() and mine.all()
    assert found.slide["mnc"] == pytest.approx(len(made.nuclei), rel=0.05)


def test_no_tumour_cell_where_there_is_none(tmp_path: Path) -> None:
    recipe = replace(SCENARIOS["tinged"], tumour=0, groups=0, side_px=1200, seed=HELD_OUT)
    found = ours(write(tmp_path, make(recipe), recipe.um_per_px), "dab")
    assert "tumour_cell" not in set(found.cells["call"])
