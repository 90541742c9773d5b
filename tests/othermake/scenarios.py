"""Named slides that are hard each in its own way; `make_slide(**hard_scenarios()[name])`."""

from __future__ import annotations

from typing import Any

Parameters = dict[str, Any]

SMALL: Parameters = {"frame_shape": (1000, 1000), "grid": (2, 3)}
CARTRIDGE: Parameters = {
    **{"frame_shape": (1036, 1384), "grid": (2, 2), "bits": 12, "background": 150.0},
    **{"order": "serpentine"},
}
IMPOSTORS: Parameters = {
    **{"fragments": 30, "blebs": 10, "double_positives": 8, "ghosts": 5, "dust": 6, "fibres": 4},
}
# as a camera with a black level of zero and a lamp turned low gives
BLACK: Parameters = {"bits": 8, "offset": 0.0, "background": 0.5, "noise_sd": 1.2}


def hard_scenarios() -> dict[str, Parameters]:
    """Parameters of `make_slide` by the name of the difficulty.

    Every tumour cell has a cytokeratin signal of at least 8 noise sd at the brightest place of a
    frame; where the light falls off, `min_signal=8` of `score` leaves the weaker ones out.
    """
    return {
        # how many
        "sparse": {**SMALL, "leukocytes": 20, "ctcs": 3, "signal": 8.0, "noise": "poisson"},
        "dense": {
            **{**SMALL, "grid": (2, 2), "leukocytes": 1500, "signal": 8.0, "clumps": 20},
            **{"closeness": 0.9, "clearance_um": 0.0, "lobed": 0.4},
        },
        "leukocytes_only": {
            **{**SMALL, "ctcs": 0, "leukocytes": 600, "fragments": 10, "lobed": 0.5},
            **{"clumps": 20, "bleed": 0.1, "cd45_signal": 20.0, "spread": 0.5},
        },
        "empty_and_offset": {
            **{**SMALL, "offset": 1000.0, "noise_sd": 25.0, "background": 60.0},
            **{"empty_frames": (0, 2, 5), "ctcs": 15},
        },
        # what cells look like
        "perinuclear": {**CARTRIDGE, "cytokeratin": "perinuclear", "signal": 8.0, "cd45": "ring"},
        "speckles": {**CARTRIDGE, "cytokeratin": "speckles", "signal": 8.0, "texture": 0.3},
        "blobs": {**SMALL, "outline": "blob", "signal": 8.0, "signal_mode": "peak"},
        "small_ctcs": {**SMALL, "ctc_um": (7.5, 0.8), "signal": 8.0, "leukocyte_um": (9.5, 1.0)},
        "big_and_long": {**SMALL, "ctc_um": (20.0, 3.0), "ctc_stretch": 1.6, "signal": 8.0},
        "bright_and_dim": {**CARTRIDGE, "signal": 8.0, "signal_spread": 1.5, "texture": 0.3},
        "dim_nuclei": {**SMALL, "nucleus_signal": 6.0, "cd45_signal": 7.0, "signal": 8.0},
        "clusters": {**SMALL, "ctcs": 8, "clusters": 16, "signal": 8.0, "blur_px": 1.5},
        "impostors": {**SMALL, **IMPOSTORS, "bare_nuclei": 20, "dim_ctcs": 8, "signal": 10.0},
        "bright_beside": {**SMALL, "ctcs": 6, "beside": 24, "signal": 8.0, "bleed": 0.02},
        "overlapped_by_bright": {
            **{**SMALL, "ctcs": 6, "beside": 24, "beside_gap": 0.8, "signal": 10.0},
            **{"cd45": "ring", "cd45_signal": 12.0},
        },
        "in_clumps": {
            **{**SMALL, "ctcs": 6, "in_clumps": 30, "clumps": 30, "signal": 8.0},
            **{"blur_px": 1.5, "lobed": 0.4},
        },
        "crosstalk": {**SMALL, "signal": 30.0, "bleed": 0.05, "cd45_signal": 40.0, "beside": 10},
        # light
        "all_at_once": {
            **{**CARTRIDGE, "leukocytes": 800, "in_clumps": 10, "clusters": 5, "clumps": 20},
            **{"shade": "vignette", "shade_depth": 0.5, "noise": "poisson", "signal": 14.0},
            **{"blur_px": 1.8, "cytokeratin": "speckles", "cd45": "ring", "bleed": 0.04},
            **{"texture": 0.25, "lobed": 0.4, "spread": 0.3, "fragments": 20, "blebs": 10},
            **{"channel_shift_px": (0.6, 0.4), "hot_pixels": 10},
        },
        "vignette": {**CARTRIDGE, "shade": "vignette", "shade_depth": 0.8, "signal": 16.0},
        "gradient_poisson": {
            **{**CARTRIDGE, "shade": "gradient", "shade_depth": 0.7, "noise": "poisson"},
            **{"signal": 12.0, "offset": 0.0},
        },
        "patchy": {
            **{**SMALL, **IMPOSTORS, "shade": "patchy", "shade_depth": 3.0, "patch_um": 100.0},
            "signal": 10.0,
        },
        "flicker": {
            **SMALL,
            "flicker": 0.15,
            "shade": "vignette",
            "signal": 20.0,
            "hot_pixels": 40,
        },
        "soft": {**SMALL, "blur_px": 2.5, "signal": 8.0, "clusters": 6},
        "some_out_of_focus": {**SMALL, "out_of_focus": {1: 6.0, 4: 8.0}, "ctcs": 30},
        # cameras and stages
        "eight_bit": {
            **{**CARTRIDGE, "frame_shape": (1004, 1362), "bits": 8, "offset": 0.0},
            **{"background": 18.0, "noise_sd": 2.5, "signal": 9.0, "blur_px": 1.5},
        },
        "black_background": {**SMALL, **BLACK, "signal": 12.0, "nucleus_signal": 20.0},
        "grainy": {**SMALL, "noise_grain_px": 0.8, "banding": 0.3, "signal": 8.0},
        "shifted_channels": {**SMALL, "channel_shift_px": (1.2, -0.9), "signal": 8.0},
        "coarse_pixels": {**SMALL, "pixel_size_um": 1.0, "leukocytes": 500, "signal": 8.0},
        "fine_pixels": {
            **{**SMALL, "pixel_size_um": 0.32, "blur_px": 2.0, "leukocytes": 80, "signal": 8.0},
            **{"closeness": 0.9, "clearance_um": 0.0},
        },
        "overlapping_frames": {
            **{"frame_shape": (900, 1000), "grid": (2, 3), "overlap_px": 80},
            **{"order": "serpentine", "ctcs": 60, "clusters": 6, "edge_margin_um": -3.0},
        },
        "her2": {**CARTRIDGE, "markers": {"her2": (0.0, 6.0, 15.0, 40.0)}, "ctcs": 40},
    }
