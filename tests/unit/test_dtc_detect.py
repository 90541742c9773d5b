"""Slides through detection as a whole: blurred ground, and controls with the slides' colours."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile

from benchmarks.dtc_methods import ours, settings
from liquidbiopsy.core.gates import resolve_gates
from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.core.run import Specimen
from liquidbiopsy.dtc.choices import choose
from liquidbiopsy.dtc.classify import classify
from liquidbiopsy.dtc.step_detect import detect_specimen
from liquidbiopsy.simulate.marrow_parameters import MarrowParameters
from liquidbiopsy.simulate.marrow_writers import write_marrow

SMALL = {"width_px": 1400, "height_px": 1000, "nuclei": 1500, "stained": 12, "debris": 0}
CENTIMETRE = {"resolution": (20000, 20000), "resolutionunit": "CENTIMETER"}


def test_blurred_ground_is_not_evaluated(tmp_path: Path) -> None:
    made = write_marrow(tmp_path / "slide.tif", MarrowParameters(seed=21, **SMALL))
    picture = tifffile.imread(made.image)
    nuclei = np.loadtxt(tmp_path / "slide.nuclei.tsv", skiprows=2, usecols=(0, 1))
    for sigma_um in (3, 6):
        half = picture.copy()
        half[:, 700:] = cv2.GaussianBlur(picture, (0, 0), sigma_um / 0.5)[:, 700:]
        file = tmp_path / f"blurred_{sigma_um}.tif"
        tifffile.imwrite(file, half, photometric="rgb", tile=(256, 256), **CENTIMETRE)
        slide = ours(file, "dab").slide
        share = slide["evaluated_mm2"] / slide["cells_mm2"]
        assert 0.35 < share < 0.6, sigma_um
        sharp = (nuclei[:, 0] < 700).sum()
        assert abs(slide["mnc"] / sharp - 1) < 0.15, sigma_um


def detected(items: tuple[dict[str, Any], ...], folder: Path) -> dict[str, str]:
    """The tables of a specimen with these slides, by name."""
    chosen = settings()
    outputs = {n: str(folder / f"{n}.parquet") for n in ("objects", "slides", "tiles", "crops")}
    sections = {k: chosen[k] for k in ("detection", "quality", "gallery")}
    detect_specimen(
        items, choose(chosen).colours_of(Specimen({}, items, (), ())),
        {"pixel_size_um": None, **sections}, "", outputs, threads=1,
    )  # fmt: skip
    return outputs


def test_an_isotype_control_has_the_colours_of_the_stained_slide(tmp_path: Path) -> None:
    dirt = {**SMALL, "stained": 0, "pigment": 12, "chromogen": "fast_red"}
    control = write_marrow(tmp_path / "control.svs", MarrowParameters(seed=22, **dirt))
    cells = {**SMALL, "tumour": 6, "chromogen": "fast_red"}
    stained = write_marrow(tmp_path / "stained.svs", MarrowParameters(seed=23, **cells))
    items = tuple(
        {
            "specimen_id": "S", "slide_id": name, "image": str(made.image),
            "chromogen": "fast_red", "role": role,
        }
        for name, made, role in (("C", control, "isotype_control"), ("A", stained, "stained"))
    )  # fmt: skip
    outputs = detected(items, tmp_path)
    slides = {row["slide_id"]: row for row in read_table(outputs["slides"]).to_pylist()}
    assert slides["C"]["status"] == "measured" and slides["C"]["stain"] == slides["A"]["stain"]
    called = classify(
        read_table(outputs["objects"]), resolve_gates("ishage", "dtc"), []
    ).to_pylist()
    assert {row["call"] for row in called if row["slide_id"] == "C"} <= {"artefact"}
    assert sum(row["call"] == "tumour_cell" for row in called) == 6


def test_a_slide_under_two_names_is_counted_once(tmp_path: Path) -> None:
    made = write_marrow(tmp_path / "a.tif", MarrowParameters(seed=24, **{**SMALL, "tumour": 2}))
    (tmp_path / "b.tif").write_bytes(Path(made.image).read_bytes())
    items = tuple(
        {
            "specimen_id": "S", "slide_id": name, "image": str(tmp_path / file),
            "chromogen": "dab", "role": role,
        }
        for name, file, role in (("A", "a.tif", None), ("B", "b.tif", "stained"))
    )  # fmt: skip
    outputs = detected(items, tmp_path)
    slides = {row["slide_id"]: row for row in read_table(outputs["slides"]).to_pylist()}
    assert slides["A"]["status"] == "measured" and slides["B"]["status"] == "failed"
    assert "b.tif: is the same picture as A, byte for byte" in slides["B"]["reason"]


@pytest.mark.parametrize("chromogen", ["dab", "aec"])
def test_grey_dust_over_nuclei_is_no_cell(tmp_path: Path, chromogen: str) -> None:
    """It is made of both stains, and the nuclei under it hide that they go together."""
    parameters = MarrowParameters(seed=25, chromogen=chromogen, **{**SMALL, "tumour": 4})
    picture = tifffile.imread(write_marrow(tmp_path / "a.tif", parameters).image)
    density = np.zeros(picture.shape[:2], np.float32)
    places = [(x, y) for x in range(120, 1400, 230) for y in range(120, 1000, 230)]
    for number, (x, y) in enumerate(places):
        edges = (24 + number % 5 * 5, 34 - number % 4 * 3)
        cv2.ellipse(density, (x, y), edges, 30 * number, 0, 360, 0.25 + 0.1 * (number % 4), -1)
    dusty = picture * 10 ** -cv2.GaussianBlur(density, (0, 0), 3)[..., None]
    file = tmp_path / "dusty.tif"
    tifffile.imwrite(file, dusty.astype(np.uint8), photometric="rgb", **CENTIMETRE)
    cells = ours(file, chromogen).cells
    called = cells[cells["call"].isin(["tumour_cell", "probable"])]
    assert 3 <= len(called) <= 4, called[["x_px", "y_px"]]
