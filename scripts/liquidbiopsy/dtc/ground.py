"""Ground of a slide: its tiles, as squares of a grid, and what each tile gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liquidbiopsy.dtc.scale import Scale
from liquidbiopsy.imaging.brightfield import Picture


@dataclass(frozen=True)
class Ground:
    """Where a tile lies: squares of the slide's grid, from row and column `first` on."""

    row: int
    column: int
    first: tuple[int, int]
    end: tuple[int, int]
    """One past its last square."""


@dataclass(frozen=True)
class Sensitivity:
    """What is taken for stain."""

    od: float
    noise: float
    """In robust standard deviations of the background."""
    ground_od: float
    """Density of the slide's ground: a background that is far denser is stain itself."""


@dataclass
class Tile:
    """What one tile gave."""

    ground: Ground
    nuclei: npt.NDArray[np.float32]
    """One row a nucleus: y and x on the slide in pixels, area in um2, optical density."""
    stained: npt.NDArray[np.int32]
    """One row a stained pixel at the working size: y and x on the slide, in such pixels."""
    haematoxylin: npt.NDArray[np.float32]
    """Optical density between the cells of each square, shape (rows, columns)."""
    nuclear: npt.NDArray[np.float32]
    """Mean optical density of haematoxylin in each square, cells and all."""
    stain: npt.NDArray[np.float32]
    noise: npt.NDArray[np.float32]
    """Robust standard deviation of `stain` in the square."""
    soft: npt.NDArray[np.int32]
    """As `nuclei.edges` gives it."""
    length: npt.NDArray[np.int32]
    picture: Picture
    """The tile's own ground, much reduced."""


def tiles_of(height: int, width: int, scale: Scale) -> list[Ground]:
    """The tiles of a slide of this size in pixels, by rows."""
    rows = max(1, -(-(height // scale.factor) // scale.square))
    columns = max(1, -(-(width // scale.factor) // scale.square))
    n = scale.squares
    return [
        Ground(i // n, j // n, (i, j), (min(i + n, rows), min(j + n, columns)))
        for i in range(0, rows, n)
        for j in range(0, columns, n)
    ]
