"""Real bright-field pictures that are no marrow: nuclei are counted, and no cell is invented."""

import os
from pathlib import Path

import pytest
import skimage.data
import skimage.io
from marrow_laboratory import MarrowLaboratory
from repository import ROOT

DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", ROOT / "../shared/data")).resolve()
HE = DATA / "imaging" / "cmu-1-small-region.svs"
CHROMOGENS = ("dab", "fast_red", "new_fuchsin", "aec")
TISSUE_UM = 0.5  # a pixel of the tissue's picture, which does not say it

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not HE.exists(), reason="the shared data are not at hand: set LIQUIDBIOPSY_SHARED_DATA"
    ),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Haematoxylin and eosin declared as each chromogen, and tissue in DAB, run once."""
    made = MarrowLaboratory(tmp_path_factory.mktemp("real"))
    made.settings["assays"]["dtc"]["pixel_size_um"] = TISSUE_UM
    for chromogen in CHROMOGENS:
        made.add_slide(f"HE_{chromogen}", "A", HE, chromogen)
    (made.folder / "images").mkdir()
    skimage.io.imsave(made.folder / "images" / "tissue.png", skimage.data.immunohistochemistry())
    made.add_slide("IHC_dab", "A", "tissue.png")
    made.finish_at_once()
    return made


@pytest.mark.parametrize("specimen", [*(f"HE_{c}" for c in CHROMOGENS), "IHC_dab"])
def test_no_cell_is_invented(lab, specimen):
    cells = lab.read("dtc", specimen, "cells.parquet").to_pylist()
    assert not [row for row in cells if row["call"] in ("tumour_cell", "probable")]
    count = lab.count(specimen)
    assert (count["status"], count["value"], count["denominator"]) == ("inadequate", None, 0)
    assert "its stain looks like" in count["reason"] or "lies between its cells" in count["reason"]


@pytest.mark.parametrize(
    ("specimen", "fewest", "most"),
    [(f"HE_{c}", 2500, 5500) for c in CHROMOGENS] + [("IHC_dab", 250, 550)],
)
def test_nuclei_are_counted(lab, specimen, fewest, most):
    mnc = lab.count(specimen, "mnc_evaluated")
    assert mnc["status"] == "inadequate" and fewest <= mnc["value"] <= most
    assert mnc["ci_low"] <= mnc["value"] <= mnc["ci_high"]


def test_stains_are_separated(lab):
    """The colours found are those of the stains, a few degrees from their references."""
    (slide,) = lab.read("dtc", "IHC_dab", "slides.parquet").to_pylist()
    assert slide["pixel_size_um"] == TISSUE_UM
    quality = lab.read("dtc", "IHC_dab", "quality.parquet").to_pylist()
    angles = {row["metric"]: row["value"] for row in quality if row["metric"].endswith("_angle")}
    assert angles["haematoxylin_angle"] < 15 and angles["stain_angle"] < 15
    red, green, blue = slide["stain"]
    assert blue > green > red  # DAB takes blue light above all
    (eosin,) = lab.read("dtc", "HE_fast_red", "slides.parquet").to_pylist()
    assert eosin["pixel_size_um"] == pytest.approx(0.499) and eosin["stain"][1] > eosin["stain"][2]
