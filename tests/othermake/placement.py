"""Where cells go on a slide: at random, but not on top of each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

FloatArray = NDArray[np.float64]


class Field:
    """Places taken on a canvas of `shape` (rows, columns) px."""

    def __init__(self, shape: tuple[int, int], rng: np.random.Generator) -> None:
        self.shape = shape
        self.rng = rng
        self.xy = np.empty((0, 2))
        self.radius = np.empty(0)

    def scatter(self, radius: FloatArray, closeness: float, margin: float) -> FloatArray:
        """Free places for discs of the given radii, in px; as many as fit in 60 rounds.

        Two discs stay apart by `closeness` times the sum of their radii. `margin` is the least
        distance from the canvas's edge to a centre. Returns rows of x, y, radius.
        """
        placed = [np.empty((0, 3))]
        todo = np.asarray(radius, dtype=float)
        height, width = self.shape
        high = (width - 1 - margin, height - 1 - margin)
        for _ in range(60):
            if not len(todo):
                break
            xy = self.rng.uniform((margin, margin), high, (len(todo), 2))
            good = np.flatnonzero(self._free(xy, todo, closeness))
            good = good[_first_come(xy[good], todo[good], closeness)]
            placed.append(np.column_stack([xy[good], todo[good]]))
            self.xy = np.vstack([self.xy, xy[good]])
            self.radius = np.append(self.radius, todo[good])
            todo = np.delete(todo, good)
        return np.vstack(placed)

    def _free(self, xy: FloatArray, radius: FloatArray, closeness: float) -> NDArray[np.bool_]:
        free = np.ones(len(xy), dtype=bool)
        if not len(self.xy):
            return free
        reach = closeness * (radius + self.radius.max())
        for k, near in enumerate(cKDTree(self.xy).query_ball_point(xy, reach)):
            if near:
                apart = np.hypot(*(self.xy[near] - xy[k]).T)
                free[k] = bool((apart >= closeness * (radius[k] + self.radius[near])).all())
        return free


def _first_come(xy: FloatArray, radius: FloatArray, closeness: float) -> NDArray[np.bool_]:
    """Of newcomers that would overlap, keep the earlier one."""
    keep = np.ones(len(xy), dtype=bool)
    if len(xy) < 2:
        return keep
    for i, j in sorted(cKDTree(xy).query_pairs(closeness * 2 * radius.max())):
        if keep[i] and np.hypot(*(xy[i] - xy[j])) < closeness * (radius[i] + radius[j]):
            keep[j] = False
    return keep
