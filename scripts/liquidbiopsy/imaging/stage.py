"""The stage: where frames lie on the slide, and events that two frames show, told once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree


@dataclass(frozen=True)
class Stage:
    """A grid of frames of one size; frame 0 is at the top left."""

    width_px: int
    height_px: int
    pixel_size_um: float
    overlap_px: int = 0
    columns: int = 0
    """Frames in a row of the grid; 0 where the frames are not neighbours of each other."""
    serpentine: bool = False
    """Whether every odd row runs from right to left."""

    def cell(self, frame: int) -> tuple[int, int]:
        """Row and column of a frame; without a grid all lie in one row."""
        if not self.columns:
            return 0, frame
        row, column = divmod(frame, self.columns)
        return row, self.columns - 1 - column if self.serpentine and row % 2 else column

    def origin_px(self, frame: int) -> tuple[int, int]:
        """Top and left of a frame on the slide, in pixels."""
        row, column = self.cell(frame)
        gap = self.overlap_px if self.columns else 0
        return row * (self.height_px - gap), column * (self.width_px - gap)


def repeated(
    frames: npt.NDArray[np.int64],
    x_um: npt.NDArray[np.float64],
    y_um: npt.NDArray[np.float64],
    area_um2: npt.NDArray[np.float64],
    edge: npt.NDArray[np.bool_],
    cut: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Which events show what another frame shows better.

    Two events of different frames are one where their centres are nearer than the radius of the
    larger. The one that is whole is kept, then the one of the larger area, then of the earlier
    frame.

    Parameters
    ----------
    frames : array of int, shape (events,)
    x_um, y_um : array of float, shape (events,)
        Centres on the slide.
    area_um2 : array of float, shape (events,)
    edge : array of bool, shape (events,)
        Whether the event touches the edge of its frame.
    cut : array of bool, shape (events,)
        Whether it lies where another frame may show it too.

    Returns
    -------
    array of bool, shape (events,)
        True for those to be left out.
    """
    drop = np.zeros(len(frames), bool)
    near = np.flatnonzero(cut)
    if near.size < 2:
        return drop
    points = np.column_stack([x_um[near], y_um[near]])
    radius = np.sqrt(area_um2[near] / np.pi)
    reach = float(max(radius.max() * 2, 1.0))
    pairs = cKDTree(points).query_pairs(min(reach, 60.0), output_type="ndarray")
    if not len(pairs):
        return drop
    a, b = near[pairs[:, 0]], near[pairs[:, 1]]
    distance = np.hypot(x_um[a] - x_um[b], y_um[a] - y_um[b])
    larger = np.sqrt(np.maximum(area_um2[a], area_um2[b]) / np.pi)
    smaller = np.sqrt(np.minimum(area_um2[a], area_um2[b]) / np.pi)
    # halves of a cell that the edge of two abutting frames cuts lie up to a radius sum apart
    within = np.where(edge[a] & edge[b], larger + smaller, larger)
    same = (frames[a] != frames[b]) & (distance < within)
    for i, j in sorted(zip(a[same].tolist(), b[same].tolist(), strict=True)):
        if drop[i] or drop[j]:
            continue
        worth_i = (not edge[i], area_um2[i], -frames[i])
        worth_j = (not edge[j], area_um2[j], -frames[j])
        drop[j if worth_i >= worth_j else i] = True
    return drop
