"""The held-out slides and their scores are what they say, before anything is judged by them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from othermake.files import (
    write_blocks,
    write_channels,
    write_frames,
    write_mosaic,
    write_stack,
)
from othermake.matching import match_labels
from othermake.scenarios import hard_scenarios
from othermake.score import match, score
from othermake.slides import make_slide

TINY = {"frame_shape": (240, 320), "grid": (2, 3), "leukocytes": 15, "ctcs": 6}


def calls(truth: pd.DataFrame) -> pd.DataFrame:
    tumour = truth[truth["kind"].isin(["ctc", "ctc_cluster"])]
    return tumour[["x_um", "y_um"]].assign(call=tumour["kind"])


@pytest.mark.parametrize("name", hard_scenarios())
def test_scenario_is_well_made(name: str) -> None:
    parameters = hard_scenarios()[name]
    slide = make_slide(3, **parameters)
    truth = slide.truth
    wanted = truth["kind"].isin(["ctc", "ctc_cluster"])
    assert wanted.any() == (name != "leukocytes_only")
    assert (truth.loc[wanted, "nuclei"] >= 1).all()
    assert (truth.loc[truth["kind"] == "ctc_cluster", "nuclei"] >= 2).all()
    frame = slide.frame(slide.n_frames - 1)
    assert frame.shape == (len(slide.channels), *slide.settings.frame_shape)
    assert frame.dtype == (np.uint8 if slide.settings.bits == 8 else np.uint16)
    assert frame.max() < 2**slide.settings.bits
    perfect = score(calls(truth), truth)
    assert (perfect.recall, perfect.precision) == (1.0, 1.0)
    assert perfect.clusters_called == perfect.clusters


def test_same_seed_gives_the_same_slide() -> None:
    first, again, other = (make_slide(seed, **TINY) for seed in (4, 4, 5))
    assert np.array_equal(first.frame(3), again.frame(3))
    assert first.truth.equals(again.truth)
    assert not np.array_equal(first.frame(3), other.frame(3))


@pytest.mark.parametrize("pattern", ["filled", "perinuclear"])
@pytest.mark.parametrize("noise", ["gaussian", "poisson"])
def test_signal_is_what_it_says(pattern: str, noise: str) -> None:
    slide = make_slide(
        5, **TINY, cytokeratin=pattern, noise=noise, noise_sd=5.0, background=400.0, signal=20.0
    )
    whole = slide.mosaic()[1].astype(float)
    sd = whole[slide.canvas["cytokeratin"] < 0.01].std()
    assert sd == pytest.approx(5.0, rel=0.1)
    lit = slide.canvas["cytokeratin"] > 0.5 * slide.canvas["cytokeratin"].max()
    assert (whole[lit].mean() - np.median(whole)) / sd == pytest.approx(20.0, rel=0.15)


@pytest.mark.parametrize("order", ["raster", "serpentine"])
def test_truth_lies_where_frames_show_it(order: str) -> None:
    slide = make_slide(2, **TINY, order=order, overlap_px=30, signal=60.0, spread=0.0)
    ctcs = slide.truth[(slide.truth["kind"] == "ctc") & ~slide.truth["cut"]]
    assert len(ctcs) > 2
    for cell in ctcs.itertuples():
        y, x = round(cell.y_px), round(cell.x_px)
        near = slide.frame(cell.frame)[1, y - 1 : y + 2, x - 1 : x + 2].mean()
        assert near > 100 + 200 + 0.6 * 600
        row, column = divmod(cell.frame, 3)
        column = 2 - column if order == "serpentine" and row % 2 else column
        assert cell.x_um == pytest.approx(0.64 * (column * (320 - 30) + cell.x_px))
        assert cell.y_um == pytest.approx(0.64 * (row * (240 - 30) + cell.y_px))


def test_layouts_hold_the_same_frames(tmp_path: Path) -> None:
    slide = make_slide(1, **TINY, markers={"her2": (0.0, 20.0)})
    frames = np.stack(list(slide.frames()))
    for compression in (None, "zlib"):
        stack = write_stack(slide, tmp_path / f"{compression}.ome.tif", compression)
        with tifffile.TiffFile(stack) as tif:
            assert tif.is_ome and 'PhysicalSizeX="0.64"' in (tif.ome_metadata or "")
            pages = np.stack([page.asarray() for page in tif.pages])
        assert np.array_equal(pages, frames.reshape(-1, 240, 320))
    plain = write_stack(slide, tmp_path / "plain.tif", ome=False)
    with tifffile.TiffFile(plain) as tif:
        assert len(tif.pages) == 24 and not tif.is_ome
    folder = write_frames(slide, tmp_path / "frames")
    files = sorted(folder.iterdir())
    assert np.array_equal(np.stack([tifffile.imread(f) for f in files]), frames)
    blocks = write_blocks(slide, tmp_path / "blocks")
    assert np.array_equal(tifffile.imread(blocks / "Tile000008.tif"), frames[1, 1])
    one = write_channels(slide, tmp_path / "channels")
    assert np.array_equal(tifffile.imread(one / "her2_005.tif"), frames[5, 3])
    mosaic = tifffile.imread(write_mosaic(slide, tmp_path / "mosaic.ome.tif"))
    assert np.array_equal(mosaic[:, 240:, 320:640], frames[4])


def test_score_counts_what_was_missed_invented_and_excused() -> None:
    truth = pd.DataFrame(
        {
            "kind": ["ctc", "ctc", "ctc_cluster", "leukocyte", "dim_ctc", "ctc"],
            "x_um": [0.0, 100.0, 200.0, 300.0, 400.0, 500.0],
            "y_um": 0.0,
            "ignore": [False, False, False, False, True, False],
            "cut": [False, False, False, True, False, True],
        }
    )
    cells = pd.DataFrame(
        {
            "call": ["ctc", "ctc", "ctc_cluster", "ctc", "ctc", "leukocyte"],
            "x_um": [3.0, 5.0, 195.0, 301.0, 402.0, 100.0],
            "y_um": 0.0,
        }
    )
    got = score(cells, truth)
    assert (got.n_truth, got.n_called, got.matched) == (3, 4, 2)
    assert (got.clusters, got.clusters_called) == (1, 1)
    assert got.missed == [1]
    assert got.false_kinds == {"ctc": 1, "leukocyte": 1}
    assert score(cells, truth, ignore_cut=False).n_truth == 4
    nothing = score(cells.head(0), truth)
    assert (nothing.recall, nothing.precision) == (0.0, 1.0)


def test_match_prefers_more_pairs_to_nearer_ones() -> None:
    a, b = np.array([[0.0, 0.0], [5.0, 0.0]]), np.array([[4.0, 0.0], [11.0, 0.0]])
    at_a, at_b = match(a, b, 8.0)
    assert sorted(zip(at_a, at_b, strict=True)) == [(0, 0), (1, 1)]


def test_match_labels_agrees_with_counting_by_hand() -> None:
    truth = np.zeros((30, 30), int)
    truth[2:10, 2:10], truth[2:10, 15:25], truth[20:28, 2:10] = 3, 7, 9
    found = np.zeros_like(truth)
    found[2:10, 2:9] = 1  # IoU 7/8
    found[2:10, 15:19], found[2:10, 19:25] = 4, 5  # IoU 0.4 and 0.6
    found[15:18, 20:28] = 8
    got = match_labels(found, truth)
    assert (got.matched, got.missed, got.spurious) == (2, 1, 2)
    assert got.f1 == pytest.approx(4 / 7)
    assert match_labels(found, truth, iou=0.7).matched == 1
    assert match_labels(truth, truth).f1 == 1.0
    assert match_labels(np.zeros((3, 3), int), np.zeros((3, 3), int)).f1 == 1.0
    with pytest.raises(ValueError, match="differ in shape"):
        match_labels(found, truth[1:])
