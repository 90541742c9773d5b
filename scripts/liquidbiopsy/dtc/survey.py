"""The tiles of a slide together: what of it is evaluated, and the nuclei that it stands over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from liquidbiopsy.dtc.ground import Tile
from liquidbiopsy.dtc.scale import Scale

PALE, SMALL = 0.3, 0.3  # shares of the slide's usual nucleus: less is cytoplasm, platelets, debris
LOBE, LOBES_APART = 0.5, 0.7  # largest lobe, of the usual area; their distance, of its diameter
ENOUGH_EDGE = 60  # pairs of pixels across edges of nuclei from which their softness is told
SHARP_UM = 1.0  # width of the edge of a nucleus that is in focus
# Shares of the usual square's haematoxylin and nuclei: so much of the one and so few of the other
# are cells that are blurred beyond being told apart.
DENSE, FEW = 0.5, 0.3
ENOUGH_NUCLEI = 3  # in the usual square, below which that cannot be told

Nuclei = npt.NDArray[np.float32]
Grid = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass
class Survey:
    """A slide, square by square; arrays of shape (rows, columns) of the grid."""

    scale: Scale
    nuclei: npt.NDArray[np.float32]
    """One row a nucleus: y and x on the slide in pixels, area in um2, optical density."""
    count: npt.NDArray[np.int64]
    cells: Mask
    """Squares of the area with cells."""
    evaluated: Mask
    focus: Grid
    """NaN where there is too little to tell."""
    haematoxylin: Grid
    """Optical density between the cells."""
    stain: Grid
    noise: Grid
    nucleus_area_um2: float
    """Median of the slide's nuclei; NaN without any."""
    nucleus_od: float
    """Likewise."""
    min_nucleus_um2: float

    @property
    def mnc(self) -> int:
        """Nuclei in the evaluated area."""
        return int(self.count[self.evaluated].sum())

    def area_mm2(self, mask: Mask) -> float:
        """Area of squares in mm2."""
        return float(mask.sum()) * (self.scale.square * self.scale.working_um / 1000) ** 2

    def is_evaluated(self, y: Any, x: Any) -> Any:
        """Whether places on the slide, in pixels, lie in the evaluated area."""
        return self.evaluated[self._squares(y, x)]

    def noise_at(self, y: float, x: float) -> float:
        """Robust standard deviation of the stain's background at a place on the slide."""
        return float(self.noise[self._squares(y, x)])

    def _squares(self, y: Any, x: Any) -> tuple[Any, Any]:
        rows, columns = self.evaluated.shape
        i = np.clip(np.asarray(y) // self.scale.square_full, 0, rows - 1).astype(int)
        j = np.clip(np.asarray(x) // self.scale.square_full, 0, columns - 1).astype(int)
        return i, j


def survey(
    tiles: Sequence[Tile], scale: Scale, quality: Mapping[str, Any], min_nucleus_um2: float
) -> Survey:
    """Put the tiles of a slide together, and tell what of it can be evaluated.

    Parameters
    ----------
    tiles : sequence of Tile
        All of a slide's tiles.
    scale : Scale
    quality : dict
        The settings' section `quality`.
    min_nucleus_um2 : float
        Smallest nucleus.
    """
    rows = max(t.ground.end[0] for t in tiles)
    columns = max(t.ground.end[1] for t in tiles)
    grids = {
        name: np.zeros((rows, columns))
        for name in ("haematoxylin", "nuclear", "stain", "noise", "soft", "length")
    }
    for tile in tiles:
        (i, j), (k, m) = tile.ground.first, tile.ground.end
        for name, grid in grids.items():
            part = getattr(tile, name)[: k - i, : m - j]
            grid[i : i + part.shape[0], j : j + part.shape[1]] = part
    found = np.concatenate([t.nuclei for t in tiles])
    found, area, density = usual_nuclei(found, min_nucleus_um2, scale.pixel_size_um)
    of_row = np.minimum(found[:, 0] // scale.square_full, rows - 1).astype(int)
    of_column = np.minimum(found[:, 1] // scale.square_full, columns - 1).astype(int)
    count = np.zeros((rows, columns), np.int64)
    np.add.at(count, (of_row, of_column), 1)
    focus = _focus(grids["soft"], grids["length"], scale.working_um)
    clean = np.maximum(grids["haematoxylin"], grids["stain"]) <= quality["max_background_od"]
    dissolved = clean & _dissolved(count, grids["nuclear"])
    focus[dissolved] = 0.0
    cells = _closed((count > 0) | dissolved)
    sharp = ~(focus < quality["min_focus"])  # what cannot be told is let pass
    return Survey(
        scale=scale,
        nuclei=found,
        count=count,
        cells=cells,
        evaluated=cells & clean & sharp,
        focus=focus,
        haematoxylin=grids["haematoxylin"],
        stain=grids["stain"],
        noise=grids["noise"],
        nucleus_area_um2=area,
        nucleus_od=density,
        min_nucleus_um2=min_nucleus_um2,
    )


def usual_nuclei(nuclei: Nuclei, min_um2: float, pixel_um: float) -> tuple[Nuclei, float, float]:
    """Nuclei without what is far paler or smaller than most; median area and density of the rest.

    Parameters
    ----------
    nuclei : array, shape (nuclei, 4)
        As `Tile.nuclei`.
    min_um2 : float
        Smallest nucleus.
    pixel_um : float
        Of the slide.
    """
    whole = nuclei[nuclei[:, 2] >= min_um2]
    if not len(whole):
        return whole, float("nan"), float("nan")
    for _ in range(2):
        area, density = float(np.median(whole[:, 2])), float(np.median(whole[:, 3]))
        whole = whole[(whole[:, 2] >= SMALL * area) & (whole[:, 3] >= PALE * density)]
    area, density = float(np.median(whole[:, 2])), float(np.median(whole[:, 3]))
    return like_usual(nuclei, min_um2, area, density, pixel_um), area, density


def like_usual(
    nuclei: Nuclei, min_um2: float, usual_um2: float, usual_od: float, pixel_um: float
) -> Nuclei:
    """Nuclei that are not far paler or smaller than usual, the lobes of a segmented one as one.

    Parameters
    ----------
    nuclei : array, shape (nuclei, 4)
        As `Tile.nuclei`.
    min_um2 : float
        Smallest nucleus.
    usual_um2, usual_od : float
        Area and density of a usual nucleus.
    pixel_um : float
        Of the slide.
    """
    nuclei = nuclei[nuclei[:, 3] >= PALE * usual_od]
    small = np.flatnonzero(nuclei[:, 2] < LOBE * usual_um2)
    if small.size > 1:
        reach = LOBES_APART * 2 * np.sqrt(usual_um2 / np.pi) / pixel_um
        pairs = cKDTree(nuclei[small, :2]).query_pairs(reach, output_type="ndarray")
        links = (np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1]))
        graph = coo_array(links, shape=(small.size, small.size))
        total, label = connected_components(graph, directed=False)
        joined = np.zeros((total, 4), np.float32)
        weight = nuclei[small, 2]
        joined[:, 2] = np.bincount(label, weight, total)
        for column in (0, 1, 3):
            joined[:, column] = np.bincount(label, weight * nuclei[small, column], total)
            joined[:, column] /= joined[:, 2]
        nuclei = np.concatenate([np.delete(nuclei, small, axis=0), joined])
    return nuclei[nuclei[:, 2] >= max(min_um2, SMALL * usual_um2)]


def _focus(soft: Grid, length: Grid, working_um: float) -> Grid:
    """How near the edges of nuclei are to sharp ones, 0 to 1, each square with its neighbours."""
    soft_near = cv2.boxFilter(soft, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    near = cv2.boxFilter(length, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    with np.errstate(invalid="ignore", divide="ignore"):
        width_um = working_um * soft_near / near
        focus = np.minimum(1.0, SHARP_UM / width_um)
    return np.where(near >= ENOUGH_EDGE, focus, np.nan)


def _dissolved(count: npt.NDArray[np.int64], nuclear: Grid) -> Mask:
    """Squares with the haematoxylin of cells and without nuclei: far out of focus."""
    held = count > 0
    if not held.any() or np.median(count[held]) < ENOUGH_NUCLEI:
        return np.zeros(count.shape, bool)
    near = cv2.blur(count.astype(np.float64), (3, 3), borderType=cv2.BORDER_REPLICATE)
    usual = float(np.median(nuclear[held]))
    return np.asarray((nuclear > DENSE * usual) & (near < FEW * np.median(count[held])), bool)


def _closed(mask: Mask) -> Mask:
    """Squares with cells and the gaps of one or two squares between them."""
    kernel = np.ones((3, 3), np.uint8)
    padded = np.pad(mask.astype(np.uint8), 2)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)
    return np.asarray(closed[2:-2, 2:-2], bool)
