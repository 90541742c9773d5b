"""The simulated marrow slides are what their truth says, and say that they are simulated."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

from liquidbiopsy.simulate.marrow import simulate_marrow
from liquidbiopsy.simulate.marrow_parameters import STAINS, MarrowParameters
from liquidbiopsy.simulate.marrow_writers import write_marrow

KINDS = {"tumour": 4, "clusters": 2, "probable": 2, "degenerated": 2, "squamous": 1}
SMALL = {"width_px": 900, "height_px": 800, "nuclei": 300, "stained": 5, "debris": 2, **KINDS}
SUFFIXES = ("svs", "ome.tif", "tif", "png", "jpg")


def density(picture: np.ndarray, p: MarrowParameters) -> np.ndarray:
    """Optical density, red, green and blue."""
    return -np.log10(np.maximum(picture, 1) / np.array(p.white))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_seed_same_bytes(tmp_path, suffix):
    digests = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        write_marrow(tmp_path / name / f"slide.{suffix}", MarrowParameters(seed=seed, **SMALL))
        files = sorted((tmp_path / name).iterdir())
        assert len(files) == 3
        digests.append([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])
    a, b, c = digests
    assert a == b
    assert not set(a) & set(c)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_file_says_that_it_is_simulated(tmp_path, suffix):
    write_marrow(tmp_path / f"slide.{suffix}", MarrowParameters(**SMALL))
    file = tmp_path / f"slide.{suffix}"
    if suffix in ("png", "jpg"):
        info = Image.open(file).info
        words = str(info.get("Description", "")) + str(info.get("comment", ""))
    else:
        with tifffile.TiffFile(file) as tiff:
            words = tiff.pages[0].description
    assert "simulated" in words.lower()
    for table in ("truth", "nuclei"):
        assert "simulated" in (tmp_path / f"slide.{table}.tsv").read_text().splitlines()[0].lower()


def test_truth_has_what_was_asked_for(tmp_path):
    written = write_marrow(tmp_path / "slide.png", MarrowParameters(**SMALL))
    counts = written.truth["kind"].value_counts()
    assert counts["tumour_cell"] == 4 + 2
    clusters = written.truth.query("kind == 'tumour_cell' and nuclei > 1")
    assert len(clusters) == 2 and clusters["nuclei"].between(2, 5).all()
    assert (counts["probable"], counts["degenerated"], counts["squamous"]) == (2, 2, 1)
    for axis, edge in (("x_px", 900), ("y_px", 800)):
        assert written.truth[axis].between(0, edge).all()
    read = pd.read_csv(tmp_path / "slide.truth.tsv", sep="\t", comment="#")
    assert list(read["kind"]) == list(written.truth["kind"])
    assert written.nuclei == len(pd.read_csv(tmp_path / "slide.nuclei.tsv", sep="\t", comment="#"))


@pytest.mark.parametrize("chromogen", [name for name in STAINS if name != "haematoxylin"])
def test_tumour_cells_have_the_chromogens_colour(chromogen):
    p = MarrowParameters(chromogen=chromogen, seed=3, stray_deg=0.0, **SMALL)
    slide = simulate_marrow(p)
    assert slide.picture.shape == (800, 900, 3) and slide.picture.dtype == np.uint8
    seen = density(slide.picture, p)
    stains = np.array([STAINS["haematoxylin"], STAINS[chromogen]])
    amounts = seen.reshape(-1, 3) @ np.linalg.pinv(stains)
    amounts = amounts.reshape(800, 900, 2)

    def at(kind: str) -> np.ndarray:
        rows = slide.truth[slide.truth["kind"] == kind]
        boxes = [
            amounts[max(0, y - 12) : y + 13, max(0, x - 12) : x + 13, 1]
            for x, y in rows[["x_px", "y_px"]].round().astype(int).to_numpy()
        ]
        return np.array([np.percentile(box, 80) for box in boxes])

    assert at("tumour_cell").min() > 3 * max(0.02, np.median(amounts[..., 1]))


def test_what_is_not_marrow_is_refused():
    with pytest.raises(ValueError, match="no such chromogen"):
        MarrowParameters(chromogen="eosin")
    with pytest.raises(ValueError, match="64 pixels"):
        MarrowParameters(width_px=20)
