"""Stained pixels of a slide become groups: each the beginning of a stained object."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

CELL_UM = 2.0  # pixels are grouped by squares of this edge ...
REACH = 2  # ... that lie no more than so many apart: the stain of one cell may have gaps


@dataclass(frozen=True)
class Seed:
    """A group of stained pixels; places on the slide in pixels of the working size."""

    top: int
    left: int
    bottom: int
    right: int
    """One past the last row and column."""
    area_px: int


def group(stained: npt.NDArray[np.int32], working_um: float, min_um2: float) -> list[Seed]:
    """Groups of stained pixels that are large enough, by rows.

    Parameters
    ----------
    stained : array of int, shape (pixels, 2)
        y and x.
    working_um : float
        Edge of a pixel.
    min_um2 : float
        Smallest stained area of a group.
    """
    if not len(stained):
        return []
    edge = max(1, round(CELL_UM / working_um))
    cells = stained.astype(np.int64) // edge
    wide = int(cells[:, 1].max()) + 2 * REACH + 1
    keys, owner = np.unique(cells[:, 0] * wide + cells[:, 1], return_inverse=True)
    starts, ends = [], []
    for dy in range(REACH + 1):
        for dx in range(-REACH, REACH + 1):
            if (dy, dx) <= (0, 0):
                continue
            near = np.searchsorted(keys, keys + dy * wide + dx)
            found = near < len(keys)
            found[found] = keys[near[found]] == (keys + dy * wide + dx)[found]
            starts.append(np.flatnonzero(found))
            ends.append(near[found])
    a, b = np.concatenate(starts), np.concatenate(ends)
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(len(keys), len(keys)))
    total, label = connected_components(graph, directed=False)
    of_pixel = label[owner]
    order = np.argsort(of_pixel, kind="stable")
    firsts = np.searchsorted(of_pixel[order], np.arange(total))
    y, x = stained[order, 0], stained[order, 1]
    boxes = np.stack(
        [
            np.minimum.reduceat(y, firsts),
            np.minimum.reduceat(x, firsts),
            np.maximum.reduceat(y, firsts) + 1,
            np.maximum.reduceat(x, firsts) + 1,
            np.bincount(of_pixel, minlength=total),
        ],
        axis=1,
    )
    boxes = boxes[boxes[:, 4] * working_um**2 >= min_um2]
    boxes = boxes[np.lexsort(boxes.T[::-1])]
    return [Seed(*(int(value) for value in row)) for row in boxes]
