"""Objects that two seeds have led to, told once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

SAME = 0.5  # objects nearer than this share of the larger one's radius are one


def once(found: Sequence[dict[str, Any]], pixel_size_um: float) -> list[dict[str, Any]]:
    """Objects by rows; of those whose centres nearly coincide the largest.

    Parameters
    ----------
    found : list of dict
        With `x_px`, `y_px` and `area_um2`.
    pixel_size_um : float
        Of the slide.
    """
    if not found:
        return []
    found = sorted(found, key=lambda f: (-f["area_um2"], f["y_px"], f["x_px"]))
    places = np.array([[f["y_px"], f["x_px"]] for f in found])
    radius = np.sqrt(np.array([f["area_um2"] for f in found]) / np.pi) / pixel_size_um
    tree = cKDTree(places)
    kept = np.ones(len(found), bool)
    for k in range(len(found)):  # from the largest on
        if kept[k]:
            near = np.array(tree.query_ball_point(places[k], SAME * radius[k]))
            kept[near[near > k]] = False
    rest = [f for f, keep in zip(found, kept, strict=True) if keep]
    return sorted(rest, key=lambda f: (f["y_px"], f["x_px"]))
