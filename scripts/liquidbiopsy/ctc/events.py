"""Events of one frame: nuclei, cytokeratin objects, and what of them belongs together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from liquidbiopsy.imaging.background import Surface, finer, measure_surface, smooth_surface
from liquidbiopsy.imaging.measure import Owners, Places, paint, rim_of, united
from liquidbiopsy.imaging.segment import Objects, Outline, labelled, outline_objects

Labels = npt.NDArray[np.int32]

SMOOTH_NUCLEUS_UM, SMOOTH_CYTOKERATIN_UM = 0.4, 0.9
SMOOTH_AT_LEAST_PX = 0.9
PART_OF_NUCLEUS = 0.28  # of a usual nucleus' area: the smallest part that a clump is split into
NUCLEUS_LIGHT_DEPTH, NUCLEUS_NECK_DEPTH = 0.2, 0.15  # chromatin is mottled
CYTOKERATIN_CONTRAST = 0.35  # cytoplasm is uneven; its dim parts are still cell
CYTOKERATIN_LIGHT_DEPTH = 0.6
COVERED, SURROUNDED = 0.4, 0.5  # share of a nucleus in, or of its rim on, the cytokeratin it is of
ON_NUCLEUS = 0.5  # share of a piece of cytokeratin that lies on a nucleus it is not of
TOUCHED = 0.15  # share of a nucleus' rim on a further piece of its cytokeratin
RIM_UM = 1.2


@dataclass(frozen=True)
class Scale:
    """Settings of detection in the pixels of one slide."""

    pixel_size_um: float
    nucleus: Outline
    cytokeratin: Outline
    square_px: int
    """Squares of the background."""

    @classmethod
    def of(cls, detection: Mapping[str, Any], pixel_size_um: float) -> Scale:
        """The settings' micrometres as pixels."""
        per_px = pixel_size_um**2
        part = PART_OF_NUCLEUS * np.pi / 4 * detection["nucleus_diameter_um"] ** 2
        nucleus = Outline(
            threshold=detection["threshold"],
            contrast=detection["contrast"],
            light_depth=NUCLEUS_LIGHT_DEPTH,
            neck_depth=NUCLEUS_NECK_DEPTH,
            min_area_px=max(4, round(detection["min_nucleus_um2"] / per_px)),
            min_part_px=max(6, round(part / per_px)),
        )
        cytokeratin = Outline(
            threshold=detection["threshold"],
            contrast=CYTOKERATIN_CONTRAST,
            light_depth=CYTOKERATIN_LIGHT_DEPTH,
            neck_depth=1.0,
            min_area_px=max(4, round(detection["min_cytokeratin_um2"] / per_px)),
            min_part_px=max(6, round(part / per_px)),
        )
        square = max(16, round(detection["background_um"] / pixel_size_um))
        return cls(pixel_size_um, nucleus, cytokeratin, square)


Region = tuple[Places, Owners]
"""Pixels, flat places by rows, and the event of each, from 0."""


@dataclass(frozen=True)
class Events:
    """Events of one frame, and the pixels of each."""

    n: int
    labels: Labels
    """Event of each pixel, from 1."""
    whole: Region
    nuclei: Objects
    nucleus_event: Owners
    """Event of each nucleus, from 0."""
    stained: Labels
    """Event of each pixel with cytokeratin, from 1."""
    cytokeratin: Region
    rim: Region
    """Pixels around each event."""


def outline_channel(
    image: npt.NDArray[Any], surface: Surface, scale: Scale, how: Outline, smooth_um: float
) -> Objects:
    """Objects of one channel of a frame, on its own background."""
    sigma = max(smooth_um / scale.pixel_size_um, SMOOTH_AT_LEAST_PX)
    smooth = np.asarray(cv2.GaussianBlur(np.asarray(image, np.float32), (0, 0), sigma), np.float32)
    floor = float(surface.noise.min()) * 0.1
    # of the smoothed picture itself: its median is not the raw one where counts are cut off at zero
    own = smooth_surface(measure_surface(smooth, scale.square_px, floor), surface.level)
    return outline_objects(smooth, finer(own.level), finer(own.noise), how)


def find_events(
    nucleus: npt.NDArray[Any],
    cytokeratin: npt.NDArray[Any] | None,
    surfaces: Mapping[str, Surface],
    scale: Scale,
) -> Events:
    """Find the events of a frame.

    Parameters
    ----------
    nucleus, cytokeratin : array, shape (height, width)
        The channels in counts; cytokeratin may be absent.
    surfaces : dict
        Background of the channels `nucleus` and `cytokeratin`.
    scale : Scale
    """
    nuclei = outline_channel(nucleus, surfaces["nucleus"], scale, scale.nucleus, SMOOTH_NUCLEUS_UM)
    if cytokeratin is None:
        nothing = np.empty(0, np.int64), np.empty(0, np.int32)
        stain = Objects(np.zeros_like(nuclei.labels), 0, *nothing)
    else:
        stain = outline_channel(
            cytokeratin, surfaces["cytokeratin"], scale, scale.cytokeratin, SMOOTH_CYTOKERATIN_UM
        )
    nucleus_event, stain_event, count = _belonging(nuclei, stain)
    labels = np.zeros_like(nuclei.labels)
    of_stain = stain_event[stain.owners + 1]
    paint(labels, stain.places, of_stain)
    paint(labels, nuclei.places, nucleus_event[nuclei.owners + 1])
    places, owners = labelled(united(stain.places, nuclei.places), labels)
    mine = (labels.ravel()[stain.places] == of_stain) & (of_stain > 0)
    stained = np.zeros_like(labels)
    paint(stained, stain.places[mine], of_stain[mine])
    return Events(
        n=count,
        labels=labels,
        whole=(places, owners),
        nuclei=nuclei,
        nucleus_event=(nucleus_event[1:] - 1).astype(np.int32),
        stained=stained,
        cytokeratin=(stain.places[mine], (of_stain[mine] - 1).astype(np.int32)),
        rim=rim_of(places, labels, max(1, round(RIM_UM / scale.pixel_size_um))),
    )


def _belonging(nuclei: Objects, stain: Objects) -> tuple[Labels, Labels, int]:
    """Event of each nucleus and of each cytokeratin object; index 0 is the background.

    A nucleus is of the object that covers it, or that surrounds it where cytokeratin lies around
    the nucleus and not over it. A further object without a nucleus that lies against the nucleus
    is a piece of the same cell.
    """
    n, m = nuclei.total, stain.total
    overlap = _shares((nuclei.places, nuclei.owners), stain.labels, n, m)
    around = rim_of(nuclei.places, nuclei.labels, 2)
    surround = _shares(around, stain.labels, n, m)
    best_over = _strongest(overlap, n)
    best_around = _strongest(surround, n)
    home = np.zeros(n + 1, np.int64)
    for nucleus in range(1, n + 1):
        (over, share_over), (ring, share_around) = best_over[nucleus], best_around[nucleus]
        if share_over >= COVERED:
            home[nucleus] = over
        elif share_around >= SURROUNDED:
            home[nucleus] = ring
    parent = np.arange(m + 1)
    inhabited = np.zeros(m + 1, bool)
    inhabited[home[home > 0]] = True
    for (nucleus, piece), share in sorted(surround.items()):
        if home[nucleus] and piece != home[nucleus] and not inhabited[piece] and share >= TOUCHED:
            parent[piece] = home[nucleus]
            inhabited[piece] = True
    on_nucleus = np.bincount(stain.owners, nuclei.labels.ravel()[stain.places] > 0, minlength=m)
    area = np.bincount(stain.owners, minlength=m)
    # a speck on a nucleus that is not a cell of its own is of that nucleus' cell, and no event
    speck = np.append(False, on_nucleus > ON_NUCLEUS * area) & ~inhabited
    # events are numbered by the first pixel of their first part, which is the objects' own order
    stain_event = np.zeros(m + 1, np.int32)
    nucleus_event = np.zeros(n + 1, np.int32)
    count = 0
    for piece in range(1, m + 1):
        if parent[piece] == piece and not speck[piece]:
            count += 1
            stain_event[piece] = count
    stain_event = stain_event[parent]
    for nucleus in range(1, n + 1):
        if home[nucleus]:
            nucleus_event[nucleus] = stain_event[home[nucleus]]
        else:
            count += 1
            nucleus_event[nucleus] = count
    return nucleus_event, stain_event, count


def _shares(
    pixels: tuple[Places, Owners], stained: Labels, n: int, m: int
) -> dict[tuple[int, int], float]:
    """Share of each nucleus' pixels on each cytokeratin object that it meets."""
    places, owners = pixels
    total = np.bincount(owners, minlength=n)
    stain = stained.ravel()[places]
    on = stain > 0
    keys, counts = np.unique(owners[on].astype(np.int64) * (m + 1) + stain[on], return_counts=True)
    pairs = zip((keys // (m + 1)).tolist(), (keys % (m + 1)).tolist(), counts.tolist(), strict=True)
    return {(i + 1, j): c / total[i] for i, j, c in pairs}


def _strongest(shares: Mapping[tuple[int, int], float], n: int) -> list[tuple[int, float]]:
    """For each nucleus the object with the largest share, and that share."""
    best: list[tuple[int, float]] = [(0, 0.0)] * (n + 1)
    for (nucleus, stain), share in sorted(shares.items()):
        if share > best[nucleus][1]:
            best[nucleus] = (stain, share)
    return best


def frame_surfaces(
    images: Mapping[str, npt.NDArray[Any]],
    illumination: Mapping[str, npt.NDArray[np.float32]],
    square_px: int,
) -> dict[str, Surface]:
    """Background of every channel of a frame."""
    return {
        name: smooth_surface(
            measure_surface(image, square_px, noise_floor(image)), illumination.get(name)
        )
        for name, image in images.items()
    }


def noise_floor(image: npt.NDArray[Any]) -> float:
    """Smallest noise that is believed: half a count, or a thousandth of a float picture's range."""
    if image.dtype.kind != "f":
        return 0.5
    low, high = np.percentile(image[::8, ::8], [1, 99.9])
    return max(float(high - low) * 1e-3, 1e-12)
