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

from liquidbiopsy.dtc.ground import Ground, Sensitivity, Tile
from liquidbiopsy.dtc.nuclei import Nuclear, edges, find_nuclei
from liquidbiopsy.dtc.scale import Scale
from liquidbiopsy.imaging.brightfield import LEVELS_PER_OD, ZERO, Picture, reduced, separate
from liquidbiopsy.imaging.slides import WholeSlide
from liquidbiopsy.imaging.squares import at_square, means, percentiles, spread

BETWEEN_CELLS = 0.2  # share of a square's pixels that lie between its nuclei even where it is full
LOWER = 0.16  # of a normal distribution, what lies below a standard deviation under the middle
LEAST_NOISE = 0.6  # levels: rounding alone makes as much
CROSSTALK = 0.1  # of haematoxylin that may be taken for stain where its colour is a little off
STAIN_SMOOTH_UM = 0.7
BLOCK_PX = 512
UNEVEN_OD = 0.2  # by which a background may be denser than the slide's ground


@dataclass(frozen=True)
class _View:
    """A tile's ground with its ring, as separated stains at the working size."""

    picture: Picture
    """In colours, at the working size."""
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
    most = (sensitivity.ground_od + UNEVEN_OD) * LEVELS_PER_OD + ZERO
    stain_level = np.minimum(stain_level, np.float32(most))
    noise = np.maximum(stain_level - low, LEAST_NOISE).astype(np.float32)
    least = np.float32(sensitivity.od * LEVELS_PER_OD)
    stained = _stained(
        view.stain,
        view.haematoxylin,
        stain_level + np.maximum(least, sensitivity.noise * noise).astype(np.float32),
        stain_level + least - np.float32(CROSSTALK) * level,
        square,
        np.array([view.above, view.before, view.height, view.width]),
    )
    i, j = view.above // square, view.before // square
    rows, columns = soft.shape
    return Tile(
        ground=ground,
        nuclei=nuclei,
        stained=stained + np.array(ground.first, np.int32) * square,
        haematoxylin=_density(level[i : i + rows, j : j + columns]),
        nuclear=_density(means(view.haematoxylin[view.own], square)),
        stain=_density(stain_level[i : i + rows, j : j + columns]),
        noise=noise[i : i + rows, j : j + columns] / LEVELS_PER_OD,
        soft=soft,
        length=length,
        picture=_small(view, scale, picture_scale),
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
    picture = reduced(slide.read(top, left, bottom, right), factor)
    haematoxylin, stain = separate(picture, tables)
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
    """The tile's own nuclei, places from its own corner, and how sharp their edges are.

    Block by block, as flooding is quickest within the processor's own memory.
    """
    rows, columns = -(-view.height // scale.square), -(-view.width // scale.square)
    soft, length = (np.zeros((rows, columns), np.int32) for _ in range(2))
    block = max(1, BLOCK_PX // scale.square)
    found = []
    for i in range(0, rows, block):
        for j in range(0, columns, block):
            top, left = i * scale.square, j * scale.square
            own = (
                top,
                left,
                min(top + block * scale.square, view.height),
                min(left + block * scale.square, view.width),
            )
            nuclei, *sharpness = _block(view, level, scale, how, own)
            found.append(nuclei)
            for grid, part in zip((soft, length), sharpness, strict=True):
                grid[i : i + part.shape[0], j : j + part.shape[1]] = part
    return np.concatenate(found), soft, length


def _block(
    view: _View,
    level: npt.NDArray[np.float32],
    scale: Scale,
    how: Nuclear,
    own: tuple[int, int, int, int],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The same of a block: top, left, bottom and right on the tile's own ground."""
    top, left, bottom, right = own
    y0 = max(0, view.above + top - scale.margin)
    x0 = max(0, view.before + left - scale.margin)
    seen = view.haematoxylin[
        y0 : view.above + bottom + scale.margin, x0 : view.before + right + scale.margin
    ]
    found = find_nuclei(seen, spread(level, scale.square, y0, x0, *seen.shape), how)
    y = found.y + np.float32(y0 - view.above + 0.5)
    x = found.x + np.float32(x0 - view.before + 0.5)
    mine = (y >= top) & (x >= left) & (y < bottom) & (x < right)
    mine &= found.area >= how.min_part  # lobes are joined later
    nuclei = np.stack(
        [
            y[mine] * scale.factor,
            x[mine] * scale.factor,
            found.area[mine] * np.float32(scale.working_um**2),
            found.height[mine] / np.float32(LEVELS_PER_OD),
        ],
        axis=1,
    )
    above, before = view.above + top - y0, view.before + left - x0
    ground = found.relative[above : above + bottom - top, before : before + right - left]
    return nuclei, *edges(ground, scale.square)


@nb.njit(cache=True, nogil=True)
def _stained(stain, haematoxylin, bound, bare, square, own):  # type: ignore[no-untyped-def]
    """Places of the pixels of a tile's own ground that are stained, shape (pixels, 2).

    A pixel is stained where it is over `bound`, and over `bare` with the share of haematoxylin that
    may be taken for stain left out; both are grids over the view. Squares whose pixels are all
    under the bounds near them are passed over.
    """
    above, before, height, width = own
    rows, columns = bound.shape
    places = np.empty((1024, 2), np.int32)
    n = 0
    for i in range(above // square, rows):
        for j in range(before // square, columns):
            low = bound[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2].min()
            bottom = min((i + 1) * square, above + height)
            right = min((j + 1) * square, before + width)
            if bottom <= i * square or right <= j * square:
                continue
            if stain[i * square : bottom, j * square : right].max() <= low:
                continue
            for y in range(i * square, bottom):
                for x in range(j * square, right):
                    here = stain[y, x]
                    if here <= low or here <= at_square(bound, y, x, square):
                        continue
                    if here - CROSSTALK * haematoxylin[y, x] <= at_square(bare, y, x, square):
                        continue
                    if n == len(places):
                        more = np.empty((2 * n, 2), np.int32)
                        more[:n] = places
                        places = more
                    places[n, 0], places[n, 1] = y - above, x - before
                    n += 1
    return places[:n].copy()


def _density(level: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Levels of a stain image as optical density."""
    return (level - np.float32(ZERO)) / np.float32(LEVELS_PER_OD)


def _small(view: _View, scale: Scale, picture_scale: float) -> Picture:
    """The tile's own ground, reduced."""
    own = view.picture[view.own]
    size = [max(1, round(edge * scale.factor / picture_scale)) for edge in own.shape[1::-1]]
    step = max(1, round(picture_scale / scale.factor))
    return np.asarray(cv2.resize(np.ascontiguousarray(own[::step, ::step]), size), np.uint8)
