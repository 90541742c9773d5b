"""The yardstick of the benchmarks has to be good enough to be measured against."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile

from benchmarks import ctc_plain
from othermake.files import write_frames
from othermake.matching import match_labels
from othermake.score import score
from othermake.slides import make_slide

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", ROOT / "../shared/data")) / "imaging"


def test_plain_pipeline_finds_the_cells(tmp_path: Path) -> None:
    slide = make_slide(
        9,
        **{"frame_shape": (600, 700), "grid": (2, 2), "order": "serpentine", "overlap_px": 40},
        **{"ctcs": 20, "clusters": 5, "leukocytes": 80, "fragments": 5, "double_positives": 4},
    )
    write_frames(slide, tmp_path)
    events = ctc_plain.run(
        tmp_path, list(slide.channels), 0.64, columns=2, order="serpentine", overlap_px=40
    )
    got = score(events, slide.truth)
    assert got.n_truth >= 20
    assert got.recall >= 0.95 and got.precision >= 0.95
    assert got.clusters_called == got.clusters
    # a leukocyte that the overlap shows twice is counted once
    leukocytes = (events["call"] == "leukocyte").sum()
    assert leukocytes == pytest.approx((slide.truth["kind"] == "leukocyte").sum(), abs=8)
    for frame in range(slide.n_frames):
        nuclei = ctc_plain.segment_nuclei(slide.frame(frame)[0], 0.64)
        assert match_labels(nuclei, slide.labels(frame)).f1 >= 0.95


def test_plain_pipeline_calls_nothing_on_noise(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(300, 10, (3, 300, 300)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "frame_0000.tif", noise, photometric="minisblack")
    assert not ctc_plain.run(tmp_path)["call"].isin(["ctc", "ctc_cluster"]).any()


@pytest.mark.real
@pytest.mark.skipif(not (DATA / "img2d.tif").exists(), reason="shared data are not at hand")
def test_plain_nuclei_match_the_annotated_image() -> None:
    image, truth = (tifffile.imread(DATA / f"{name}.tif") for name in ("img2d", "mask2d"))
    assert match_labels(ctc_plain.segment_nuclei(image, 0.4), truth).f1 >= 0.85
