"""Nuclei and stained objects of one frame, touching ones split.

Each object's outline runs at a share of its own height over the background, so that a dim cell
beside a bright one keeps its size; what touches is split where the light between two peaks falls,
and then where the outline narrows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.imaging.flood import NO_WALLS, descending, flood, pixels_above

Image = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]

ROUND_AREA = 0.8  # a piece found beside a brighter object must hold a disc of this share of the
ROUND_SHARE = 0.35  # smallest object's area, and of its own: glow around a bright object does not
LIGHT_STEP = 3.0  # fall of light that noise does not make, in noises
NECK_STEP = 0.7  # narrowing that a ragged outline does not make, in pixels
PEAK_RANK = 0.1  # an object's height is that of the pixel a tenth down from its top


@dataclass(frozen=True)
class Outline:
    """How objects of one channel are outlined."""

    threshold: float
    """Height at which an object begins, in noises of the smoothed image."""
    contrast: float
    """Share of its own height at which its outline runs, in (0, 1)."""
    light_depth: float
    """Fall of light between two peaks that splits them, as a share of the lower."""
    neck_depth: float
    """Narrowing between two parts that splits them, as a share of the smaller; 1 for objects of any
    shape, which are then neither split by it nor looked for on the shoulders of brighter ones."""
    min_area_px: int
    """Smallest object."""
    min_part_px: int
    """Smallest part that a touching object is split into."""


class Objects(NamedTuple):
    """Objects of one channel of a frame, and their pixels."""

    labels: Labels
    """0 for the background, else 1 to total, in the order of the first pixels by rows."""
    total: int
    places: npt.NDArray[np.int64]
    """Flat places of the objects' pixels, by rows."""
    owners: Labels
    """Object of each of these pixels, from 0."""


def outline_objects(smooth: Image, level: Image, noise: Image, how: Outline) -> Objects:
    """Objects that stand out of the background of a smoothed channel.

    Parameters
    ----------
    smooth : array, shape (height, width)
        The channel in counts, smoothed.
    level, noise : array, shape (rows, columns)
        Background and its robust standard deviation in the smoothed channel, on a coarse grid.
    how : Outline
    """
    places, heights = pixels_above(smooth, level, noise, how.threshold)
    order = descending(heights)
    basins, count = flood(
        places, heights, order, smooth.shape, NO_WALLS, how.light_depth, LIGHT_STEP, how.min_part_px
    )
    heads = _object_heights(places, heights, order, basins, count)
    objects = _cut_at_height(places, heights, basins, heads, np.float32(how.contrast))
    if how.neck_depth < 1:
        _add_left_over(places, heights, objects, count, how)
    labels, n = _split_at_necks(
        places, objects, count, np.float32(how.neck_depth), how.min_area_px, how.min_part_px
    )
    return Objects(labels, n, *labelled(places, labels))


@nb.njit(cache=True, nogil=True)
def labelled(places, labels):  # type: ignore[no-untyped-def]
    """Those of the places that are labelled, and the label of each less one."""
    flat = labels.ravel()
    kept = np.empty(places.size, np.int64)
    owners = np.empty(places.size, np.int32)
    n = 0
    for place in places:
        if flat[place]:
            kept[n], owners[n] = place, flat[place] - 1
            n += 1
    return kept[:n].copy(), owners[:n].copy()


@nb.njit(cache=True, nogil=True)
def _object_heights(places, heights, order, basins, count):  # type: ignore[no-untyped-def]
    """Height of each basin: that of the pixel at a given rank from its top."""
    flat = basins.ravel()
    area = np.zeros(count + 1, np.int64)
    for place in places:
        area[flat[place]] += 1
    seen = np.zeros(count + 1, np.int64)
    heads = np.zeros(count + 1, np.float32)
    for k in order:
        basin = flat[places[k]]
        if seen[basin] == int(area[basin] * PEAK_RANK):
            heads[basin] = heights[k]
        seen[basin] += 1
    return heads


@nb.njit(cache=True, nogil=True)
def _cut_at_height(places, heights, basins, heads, contrast):  # type: ignore[no-untyped-def]
    """The basins without what lies below `contrast` of their height."""
    objects = np.zeros(basins.shape, np.int32)
    flat, cut = basins.ravel(), objects.ravel()
    for k in range(places.size):
        basin = flat[places[k]]
        if heights[k] > contrast * heads[basin]:
            cut[places[k]] = basin
    return objects


def _add_left_over(
    places: npt.NDArray[np.int64], heights: Image, objects: Labels, count: int, how: Outline
) -> None:
    """Outline what the first round cut away beside brighter objects, where it is round enough.

    A dim cell on the shoulder of a bright one is a plateau and leaves a round piece; the glow of a
    bright cell leaves a thin rim.
    """
    left = objects.ravel()[places] == 0
    places, heights = places[left], heights[left]
    if places.size < how.min_part_px:
        return
    order = descending(heights)
    basins, found = flood(
        places,
        heights,
        order,
        objects.shape,
        NO_WALLS,
        how.light_depth,
        LIGHT_STEP,
        how.min_area_px,
    )
    heads = _object_heights(places, heights, order, basins, found)
    pieces = _cut_at_height(places, heights, basins, heads, np.float32(how.contrast))
    parts, found = _split_at_necks(
        places, pieces, found, np.float32(how.neck_depth), how.min_part_px, how.min_part_px
    )
    _keep_round(places, parts, found, objects, count, how.min_part_px)


@nb.njit(cache=True, nogil=True)
def _keep_round(places, pieces, found, objects, count, min_area):  # type: ignore[no-untyped-def]
    """Add to the objects the pieces that are round."""
    depths = depth_inside(places, pieces)
    deepest = np.zeros(found + 1, np.float32)
    area = np.zeros(found + 1, np.int64)
    flat, into = pieces.ravel(), objects.ravel()
    for k in range(places.size):
        piece = flat[places[k]]
        area[piece] += 1
        deepest[piece] = max(deepest[piece], depths[k])
    for k in range(places.size):
        piece = flat[places[k]]
        if piece and area[piece] >= min_area:
            disc = np.pi * deepest[piece] ** 2
            if disc >= ROUND_AREA * min_area and disc >= ROUND_SHARE * area[piece]:
                into[places[k]] = count + piece


@nb.njit(cache=True, nogil=True)
def depth_inside(places, objects):  # type: ignore[no-untyped-def]
    """Chamfer (3-4) distance of each pixel to the edge of its object, in pixels.

    Returns
    -------
    depths : array of float32, one for each place; 0 off the objects.

    References
    ----------
    Borgefors G. Distance transformations in digital images. CVGIP 1986;34:344-371.
    """
    height, width = objects.shape
    far = np.zeros((height + 2, width + 2), np.int32)
    for place in places:
        y, x = place // width, place % width
        if objects[y, x]:
            own = objects[y, x]
            d = 1 << 20
            for dy, dx, step in ((-1, -1, 4), (-1, 0, 3), (-1, 1, 4), (0, -1, 3)):
                yy, xx = y + dy, x + dx
                inside = 0 <= yy < height and 0 <= xx < width and objects[yy, xx] == own
                if 0 <= yy < height and 0 <= xx < width:
                    d = min(d, (far[yy + 1, xx + 1] if inside else 0) + step)
            far[y + 1, x + 1] = d
    depths = np.zeros(places.size, np.float32)
    for k in range(places.size - 1, -1, -1):
        y, x = places[k] // width, places[k] % width
        if objects[y, x]:
            own = objects[y, x]
            d = far[y + 1, x + 1]
            for dy, dx, step in ((1, 1, 4), (1, 0, 3), (1, -1, 4), (0, 1, 3)):
                yy, xx = y + dy, x + dx
                inside = 0 <= yy < height and 0 <= xx < width and objects[yy, xx] == own
                if 0 <= yy < height and 0 <= xx < width:
                    d = min(d, (far[yy + 1, xx + 1] if inside else 0) + step)
            far[y + 1, x + 1] = d
            depths[k] = d / np.float32(3)
    return depths


@nb.njit(cache=True, nogil=True)
def _split_at_necks(places, objects, count, neck_depth, min_area, min_part):  # type: ignore[no-untyped-def]
    """Split objects where they narrow, drop small ones, and number the rest by rows."""
    if neck_depth >= 1:
        return _numbered(places, objects, count, min_area)
    depths = depth_inside(places, objects)
    n = 0
    for k in range(places.size):
        n += depths[k] > 0
    inner = np.empty(n, np.int64)
    inside = np.empty(n, np.float32)
    n = 0
    for k in range(places.size):
        if depths[k] > 0:
            inner[n], inside[n] = places[k], depths[k]
            n += 1
    parts, count = flood(
        inner, inside, descending(inside), objects.shape, objects, neck_depth, NECK_STEP, min_part
    )
    return _numbered(inner, parts, count, min_area)


@nb.njit(cache=True, nogil=True)
def _numbered(places, parts, count, min_area):  # type: ignore[no-untyped-def]
    """Drop small parts in place, and number the rest by their first pixels."""
    flat = parts.ravel()
    area = np.zeros(count + 1, np.int64)
    for place in places:
        area[flat[place]] += 1
    names = np.zeros(count + 1, np.int32)
    kept = 0
    for place in places:
        part = flat[place]
        if part and area[part] >= min_area and names[part] == 0:
            kept += 1
            names[part] = kept
    for place in places:
        flat[place] = names[flat[place]]
    return parts, kept
