"""Real pictures: annotated nuclei, and cultured cells through the whole workflow."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from laboratory import Laboratory
from othermake.matching import match_labels
from repository import ROOT

from benchmarks.ctc_methods import ours_nuclei
from liquidbiopsy.core.parquet import read_table

DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", ROOT / "../shared/data")).resolve()
IMAGING = DATA / "imaging"
HT29 = "AS_09125_050116030001_D03f00{channel}.tif"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not (IMAGING / "img2d.tif").exists(),
        reason="the shared data are not at hand: set LIQUIDBIOPSY_SHARED_DATA",
    ),
]


# the picture does not say how wide its pixels are
@pytest.mark.parametrize("pixel_size_um", [0.5, 0.64])
def test_annotated_nuclei(pixel_size_um):
    image, truth = (tifffile.imread(IMAGING / f"{name}.tif") for name in ("img2d", "mask2d"))
    agreement = match_labels(ours_nuclei(image, pixel_size_um), truth)
    assert agreement.f1 >= 0.85, agreement


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory):
    """Both pictures, each a specimen of its own, run once."""
    made = Laboratory(tmp_path_factory.mktemp("real"))
    made.settings["assays"]["ctc"]["platforms"] = {
        "culture": {
            "layout": "channels",
            "channels": ["nucleus", "cytokeratin", "leukocyte"],
            "files": {"nucleus": "d0", "cytokeratin": "d2", "leukocyte": "d1"},
            "pixel_size_um": 0.64,
        },
        "nuclei": {"layout": "stack", "channels": ["nucleus"], "pixel_size_um": 0.5},
    }
    made.settings["assays"]["ctc"]["detection"] = {"masks": True}
    made.add("HT29_cells", IMAGING / HT29, "culture")
    made.add("N_nuclei", IMAGING / "img2d.tif", "nuclei")
    made.finish_at_once()
    return made


def test_cultured_cells(laboratory):
    image = laboratory.read("ctc", "HT29_cells", "images.parquet").to_pylist()[0]
    assert (image["status"], image["frames"], image["frames_lost"]) == ("measured", 1, 0)
    assert not image["simulated"]
    cells = laboratory.read("ctc", "HT29_cells", "cells.parquet").to_pandas()
    assert 250 <= cells["nuclei"].sum() <= 450
    assert 25 <= cells.loc[cells["nuclei"] > 0, "nucleus_area_um2"].median() <= 150
    count = laboratory.count("HT29_cells")
    assert count["count"] == cells["call"].isin(["ctc", "ctc_cluster"]).sum()
    gallery = laboratory.folder / "results/ctc/HT29_cells/gallery.html"
    report = laboratory.folder / "results/reports/HT29/report.html"
    assert "data:image/" in gallery.read_text("utf-8")
    assert "HT29_cells" in report.read_text("utf-8")
    assert read_table(report.with_suffix(".parquet")).num_rows > 0


def test_written_mask_of_nuclei_alone(laboratory):
    """A picture with nuclei and no stain has nuclei and no tumour cell."""
    (path,) = (laboratory.folder / "results/ctc/N_nuclei/masks").glob("*.tif")
    mask, truth = tifffile.imread(path), tifffile.imread(IMAGING / "mask2d.tif")
    agreement = match_labels(mask, truth)
    assert agreement.f1 >= 0.85, agreement
    cells = laboratory.read("ctc", "N_nuclei", "cells.parquet").to_pandas()
    assert len(cells) == len(np.unique(mask[mask > 0]))
    assert not cells["call"].isin(["ctc", "ctc_cluster"]).any()
