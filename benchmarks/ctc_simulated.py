"""Slides of the package's own simulator, with their truth in the terms of `tests.othermake`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.ctc_methods import Given
from liquidbiopsy.simulate import SlideParameters, WrittenSlide, ctc_slide
from liquidbiopsy.simulate.optics import Microscope
from liquidbiopsy.simulate.parameters import CYTOKERATIN, LEUKOCYTE, NUCLEUS

BASE = (NUCLEUS, CYTOKERATIN, LEUKOCYTE)
EVEN = {"illumination_loss": 0.0, "background_gradient": 0.0}
UNEVEN = {"illumination_loss": 0.6, "background_gradient": 0.6}
SOFT = {"channels": tuple(replace(c, psf_um=1.4) for c in BASE)}  # in focus 0.45 to 0.65
QUIET, NOISY = {"read_noise_electrons": 2.0}, {"read_noise_electrons": 20.0}
# as HDSCA: frames in blocks of single files, 8-bit JPEG
JPEG = {"frame_width_px": 1362, "frame_height_px": 1004, "pixel_size_um": 0.59, "bit_depth": 8}
DENSITIES = {"sparse": 20, "normal": 150, "dense": 600}  # leukocytes a frame

SLIDE: dict[str, Any] = {
    **{"columns": 2, "rows": 2, "ctc": 30, "ctc_clusters": 6, "signal_spread": 0.0},
    **{"double_positive": 4, "tdev": 8, "bare_nuclei": 6, "debris": 4, "fibres": 1},
}


def draw(folder: Path, **parameters: Any) -> tuple[Given, pd.DataFrame]:
    """Write a slide; what a method is given, and the truth it is scored by."""
    slide = ctc_slide(folder, **parameters)
    p = slide.parameters
    given = Given(
        slide.image,
        tuple(c.name for c in p.channels),
        p.pixel_size_um,
        (p.frame_height_px, p.frame_width_px),
        p.frames,
        p.columns,
        p.order,
        p.overlap_px,
        parameters.get("layout", "frames"),
    )
    return given, truth_of(slide)


def truth_of(slide: WrittenSlide) -> pd.DataFrame:
    """Objects with their signal where they lie, and whether a frame's border cuts them."""
    p, truth = slide.parameters, slide.truth
    shown = truth["frames"].str.split(",")
    found = pd.DataFrame(
        {
            "kind": truth["kind"],
            "x_um": truth["x_um"],
            "y_um": truth["y_um"],
            "reach_um": truth["diameter_um"] / 2,
            "cut": shown.str.len() > 1,
            "signal": truth["cytokeratin_signal"] * local_signal(slide),
        }
    )
    for marker in p.markers:
        found[marker] = truth[f"{marker}_level"].fillna(-1).astype(int)
        found[f"{marker}_signal"] = truth[f"{marker}_signal"]
    return found


def local_signal(slide: WrittenSlide) -> np.ndarray:
    """Signal over noise where each object lies, relative to that under full illumination.

    Light that falls off takes signal and background with it, but not the noise of reading.
    """
    p: SlideParameters = slide.parameters
    index = [c.name for c in p.channels].index("cytokeratin")
    light = Microscope(p).illumination[index]
    frames = slide.frames.set_index("frame")
    first = slide.truth["frames"].str.split(",").str[0]
    frame = frames.loc[pd.to_numeric(first)]
    x = slide.truth["x_um"].to_numpy() / p.pixel_size_um - frame["x_px"].to_numpy()
    y = slide.truth["y_um"].to_numpy() / p.pixel_size_um - frame["y_px"].to_numpy()
    x = np.clip(x, 0, p.frame_width_px - 1).astype(int)
    y = np.clip(y, 0, p.frame_height_px - 1).astype(int)
    fall = light[y, x].astype(float)
    read, background = p.read_noise_electrons**2, p.channels[index].background_electrons
    return fall * np.sqrt((background + read) / (fall * background + read))
