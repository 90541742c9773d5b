"""One tile of a slide: its nuclei, what of it is stained, and how each of its squares came out.

A tile sees a ring of squares around its own ground, so that levels and nuclei at its edge are what
any other tiling would find; it answers for its own ground alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.dtc.nuclei import Nuclear, edges, find_nuclei
from liquidbiopsy.dtc.scale import Scale
from liquidbiopsy.imaging.brightfield import LEVELS_PER_OD, ZERO, Picture, separate
from liquidbiopsy.imaging.slides import WholeSlide
from liquidbiopsy.imaging.squares import percentiles, spread

BETWEEN_CELLS = 0.2  # share of a square's pixels that lie between its nuclei even where it is full
LOWER = 0.16  # of a normal distribution, what lies below a standard deviation under the middle
LEAST_NOISE = 1.0  # levels: rounding alone makes as much
CROSSTALK = 0.1  # of haematoxylin that may be taken for stain where its colour is a little off
STAIN_SMOOTH_UM = 0.7


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


@dataclass(frozen=True)
class _View:
    """A tile's ground with its ring, as separated stains at the working size."""

    picture: Picture
    haematoxylin: npt.NDArray[np.uint8]
    stain: npt.NDArray[np.uint8]
    above: int
    """Rows of the ring over the tile's own ground."""
    before: int
    """Columns of the ring to the left of it."""
    height: int
    """Of its own ground."""
    width: int

    @property
    def own(self) -> tuple[slice, slice]:
        """The tile's own ground."""
        return (
            slice(self.above, self.above + self.height),
            slice(self.before, self.before + self.width),
        )


def read_tile(
    slide: WholeSlide,
    ground: Ground,
    scale: Scale,
    tables: npt.NDArray[np.int32],
    how: Nuclear,
    sensitivity: Sensitivity,
    picture_scale: float,
    origin: int = 0,
) -> Tile:
    """Find what is on one tile.

    Parameters
    ----------
    slide : WholeSlide
    ground : Ground
        As `tiles_of` gives it.
    scale : Scale
    tables : array
        As `separation_tables` gives them.
    how : Nuclear
        For pixels of the working size.
    sensitivity : Sensitivity
    picture_scale : float
        Pixels of the slide in one of the tile's picture.
    origin : int
        Pixels by which the whole grid is shifted down and right; for repeats.

    Raises
    ------
    InputError
        The slide cannot be read there.
    """
    view, square = _look(slide, ground, scale, tables, origin), scale.square
    top = ground.first[0] * scale.square_full + origin
    left = ground.first[1] * scale.square_full + origin
    level = percentiles(view.haematoxylin, square, (BETWEEN_CELLS,))[0]
    nuclei, soft, length = _nuclei(view, level, scale, how)
    nuclei += np.array([top, left, 0, 0], np.float32)
    stain_level, low = percentiles(view.stain, square, (0.5, LOWER))
    noise = np.maximum(stain_level - low, LEAST_NOISE).astype(np.float32)
    place = (view.above, view.before, view.height, view.width)
    stained = _stained(
        view.stain[view.own],
        view.haematoxylin[view.own],
        spread(stain_level, square, *place),
        spread(noise, square, *place),
        spread(level, square, *place),
        np.float32(sensitivity.od * LEVELS_PER_OD),
        np.float32(sensitivity.noise),
    )
    i, j = view.above // square, view.before // square
    rows, columns = soft.shape
    return Tile(
        ground=ground,
        nuclei=nuclei,
        stained=stained + np.array(ground.first, np.int32) * square,
        haematoxylin=_density(level[i : i + rows, j : j + columns]),
        stain=_density(stain_level[i : i + rows, j : j + columns]),
        noise=noise[i : i + rows, j : j + columns] / LEVELS_PER_OD,
        soft=soft,
        length=length,
        picture=_reduced(view, scale, picture_scale),
    )


def _look(
    slide: WholeSlide, ground: Ground, scale: Scale, tables: npt.NDArray[np.int32], origin: int
) -> _View:
    """Read a tile with its ring, and separate its stains."""
    edge, factor = scale.square_full, scale.factor
    ring_above, ring_before = min(1, ground.first[0]), min(1, ground.first[1])
    top = (ground.first[0] - ring_above) * edge + origin
    left = (ground.first[1] - ring_before) * edge + origin
    bottom = min((ground.end[0] + 1) * edge + origin, slide.height)
    right = min((ground.end[1] + 1) * edge + origin, slide.width)
    picture = slide.read(top, left, bottom, right)
    haematoxylin, stain = separate(picture, tables, factor)
    sigma = STAIN_SMOOTH_UM / scale.working_um
    above, before = ring_above * scale.square, ring_before * scale.square
    return _View(
        picture=picture,
        haematoxylin=haematoxylin,
        stain=np.asarray(cv2.GaussianBlur(stain, (0, 0), sigma), np.uint8),
        above=above,
        before=before,
        height=min((ground.end[0] - ground.first[0]) * scale.square, stain.shape[0] - above),
        width=min((ground.end[1] - ground.first[1]) * scale.square, stain.shape[1] - before),
    )


def _nuclei(
    view: _View, level: npt.NDArray[np.float32], scale: Scale, how: Nuclear
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The tile's own nuclei, places from its own corner, and how sharp their edges are."""
    y0, x0 = max(0, view.above - scale.margin), max(0, view.before - scale.margin)
    seen = view.haematoxylin[
        y0 : view.above + view.height + scale.margin, x0 : view.before + view.width + scale.margin
    ]
    found = find_nuclei(seen, spread(level, scale.square, y0, x0, *seen.shape), how)
    above, before = view.above - y0, view.before - x0
    y, x = found.y + np.float32(0.5) - above, found.x + np.float32(0.5) - before
    mine = (y >= 0) & (x >= 0) & (y < view.height) & (x < view.width)
    mine &= found.area >= how.min_area
    nuclei = np.stack(
        [
            y[mine] * scale.factor,
            x[mine] * scale.factor,
            found.area[mine] * np.float32(scale.working_um**2),
            found.height[mine] / np.float32(LEVELS_PER_OD),
        ],
        axis=1,
    )
    own = found.relative[above : above + view.height, before : before + view.width]
    return nuclei, *edges(own, scale.square)


@nb.njit(cache=True, nogil=True)
def _stained(stain, haematoxylin, level, noise, nuclear_level, least, factor):  # type: ignore[no-untyped-def]
    """Places of the pixels that are stained, shape (pixels, 2), by rows."""
    places = np.empty((1024, 2), np.int32)
    n = 0
    for y in range(stain.shape[0]):
        for x in range(stain.shape[1]):
            rise = stain[y, x] - level[y, x]
            if rise > least and rise > factor * noise[y, x]:
                nuclear = haematoxylin[y, x] - nuclear_level[y, x]
                if rise > least + CROSSTALK * nuclear:
                    if n == len(places):
                        more = np.empty((2 * n, 2), np.int32)
                        more[:n] = places
                        places = more
                    places[n, 0], places[n, 1] = y, x
                    n += 1
    return places[:n].copy()


def _density(level: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Levels of a stain image as optical density."""
    return (level - np.float32(ZERO)) / np.float32(LEVELS_PER_OD)


def _reduced(view: _View, scale: Scale, picture_scale: float) -> Picture:
    """The tile's own ground, reduced."""
    factor = scale.factor
    own = view.picture[
        view.above * factor : (view.above + view.height) * factor,
        view.before * factor : (view.before + view.width) * factor,
    ]
    step = max(1, int(picture_scale) // 8)  # many pixels in one: a part of them tells its colour
    size = [max(1, round(edge / picture_scale)) for edge in (own.shape[1], own.shape[0])]
    part = np.ascontiguousarray(own[::step, ::step])
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
