"""Named slides that are hard each in its own way; `make_slide(**hard_scenarios()[name])`."""

from __future__ import annotations

from typing import Any

Parameters = dict[str, Any]


def hard_scenarios() -> dict[str, Parameters]:
    """Parameters of `make_slide` by the name of the difficulty.

    Every tumour cell has a cytokeratin signal of at least 8 noise sd at the brightest place of a
    frame; where the light falls off, `min_signal=8` of `score` leaves the weaker ones out.
    """
    small = {"frame_shape": (1000, 1000), "grid": (2, 3)}
    cartridge = {"frame_shape": (1036, 1384), "grid": (2, 2), "bits": 12, "background": 150.0}
    fake: Parameters = {"fragments": 30, "double_positives": 8, "ghosts": 5, "dust": 6, "fibres": 4}
    return {
        "plain": {**small, "signal": 8.0},
        "sparse": {**small, "leukocytes": 20, "ctcs": 3, "signal": 8.0, "noise": "poisson"},
        "dense": {
            **{**small, "grid": (2, 2)},
            **{"leukocytes": 1500, "ctcs": 20, "signal": 8.0, "closeness": 0.97},
        },
        "leukocytes_only": {**small, "ctcs": 0, "leukocytes": 600, "fragments": 10, "lobed": 0.5},
        "perinuclear": {**cartridge, "cytokeratin": "perinuclear", "signal": 10.0, "cd45": "ring"},
        "speckles": {**cartridge, "cytokeratin": "speckles", "signal": 10.0, "texture": 0.2},
        "blobs": {**small, "outline": "blob", "signal": 12.0, "signal_mode": "peak"},
        "vignette": {**cartridge, "shade": "vignette", "shade_depth": 0.6, "signal": 14.0},
        "gradient_poisson": {
            **cartridge,
            **{"shade": "gradient", "noise": "poisson", "signal": 12.0, "offset": 0.0},
        },
        "patchy": {**small, "shade": "patchy", "shade_depth": 1.0, "signal": 10.0, **fake},
        "impostors": {**small, **fake, "bare_nuclei": 20, "dim_ctcs": 8, "signal": 10.0},
        "bright_beside": {**small, "ctcs": 6, "beside": 24, "signal": 8.0, "bleed": 0.02},
        "clusters": {**small, "ctcs": 8, "clusters": 16, "signal": 10.0, "blur_px": 1.2},
        "small_ctcs": {**small, "ctc_um": (7.5, 0.8), "signal": 10.0, "leukocyte_um": (9.5, 1.0)},
        "eight_bit": {
            **{"frame_shape": (1004, 1362), "grid": (2, 2), "bits": 8, "offset": 0.0},
            **{"background": 18.0, "noise_sd": 2.5, "signal": 9.0, "blur_px": 1.5},
        },
        "coarse_pixels": {**small, "pixel_size_um": 1.0, "blur_px": 1.0, "leukocytes": 500},
        "fine_pixels": {**small, "pixel_size_um": 0.32, "blur_px": 2.0, "leukocytes": 80},
        "dim_nuclei": {**small, "nucleus_signal": 8.0, "cd45_signal": 8.0, "signal": 8.0},
        "overlapping_frames": {
            **{"frame_shape": (900, 1000), "grid": (2, 3), "overlap_px": 80},
            **{"order": "serpentine", "ctcs": 60, "clusters": 6, "edge_margin_um": -3.0},
        },
        "some_out_of_focus": {**small, "out_of_focus": {1: 6.0, 4: 8.0}, "ctcs": 30},
        "empty_and_offset": {
            **{**small, "offset": 1000.0, "noise_sd": 25.0, "background": 60.0},
            **{"empty_frames": (0, 2, 5), "ctcs": 15},
        },
        "her2": {**cartridge, "markers": {"her2": (0.0, 6.0, 15.0, 40.0)}, "ctcs": 40},
    }
