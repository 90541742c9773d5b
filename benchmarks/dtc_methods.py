"""Our way with a slide, and how what was found is held against the truth."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from liquidbiopsy.core.gates import resolve_gates
from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.core.run import Specimen
from liquidbiopsy.core.settings import read_yaml, with_defaults
from liquidbiopsy.dtc.choices import choose
from liquidbiopsy.dtc.classify import classify
from liquidbiopsy.dtc.step_detect import detect_specimen

ROOT = Path(__file__).resolve().parents[1]
NEAR_UM = 10.0
COUNTED = ("tumour_cell",)


@dataclass(frozen=True)
class Ours:
    """What the workflow's own steps found on one slide."""

    cells: pd.DataFrame
    slide: dict[str, object]


@cache
def settings() -> dict[str, object]:
    """The assay's default settings."""
    return with_defaults({}, read_yaml(ROOT / "workflow/assays/dtc/config.schema.yaml"))


def ours(image: Path, chromogen: str, threads: int = 1) -> Ours:
    """Detect and classify one slide with the default settings."""
    chosen: dict = settings()
    item = {
        "specimen_id": "S", "slide_id": "A", "image": str(image), "chromogen": chromogen,
        "role": "stained",
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        outputs = {n: f"{folder}/{n}.parquet" for n in ("objects", "slides", "tiles", "crops")}
        detect_specimen(
            [item],
            choose(chosen).colours_of(Specimen({}, (item,), (), ())),
            {
                "pixel_size_um": chosen.get("pixel_size_um"), "detection": chosen["detection"],
                "quality": chosen["quality"], "gallery": chosen["gallery"],
            },
            "benchmark",
            outputs,
            threads,
        )  # fmt: skip
        cells = classify(read_table(outputs["objects"]), resolve_gates("ishage", "dtc"), [])
        slide = read_table(outputs["slides"]).to_pylist()[0]
    return Ours(cells.to_pandas(), slide)


def matched(
    truth: NDArray[np.float64],
    found: NDArray[np.float64],
    pixel_size_um: float,
    radii_um: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which true and which found places belong to one of the other kind, each to one at most.

    Parameters
    ----------
    truth, found : array, shape (n, 2)
        x and y in pixels.
    pixel_size_um : float
    radii_um : array, shape (found,)
        How far a found place reaches, at least `NEAR_UM`.
    """
    true_hit, found_hit = np.zeros(len(truth), bool), np.zeros(len(found), bool)
    if len(truth) and len(found):
        apart = np.hypot(*(truth[:, None, :] - found[None, :, :]).transpose(2, 0, 1))
        apart *= pixel_size_um
        for i, j in zip(*np.unravel_index(np.argsort(apart, axis=None), apart.shape), strict=True):
            if not true_hit[i] and not found_hit[j] and apart[i, j] <= max(NEAR_UM, radii_um[j]):
                true_hit[i] = found_hit[j] = True
    return true_hit, found_hit
