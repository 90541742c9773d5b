"""Colours of the stains: references, and what a slide's own pixels say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from liquidbiopsy.core.settings import read_yaml
from liquidbiopsy.imaging.stain_vectors import Vector, angle, unit, unmixing

STAINS = Path(__file__).resolve().parents[3] / "resources" / "stains.yaml"
CHROMOGENS = ("dab", "fast_red", "new_fuchsin", "aec")
NEAREST = 12.0  # degrees between two stains under which a picture cannot tell them apart
ENOUGH_OD = 0.2  # density of a pixel, in all colours together, that has a direction
ENOUGH_PIXELS = 1000
EXTREME = 90.0  # percentile of the angle away from haematoxylin that is the chromogen alone
CELL_PIXELS, ENOUGH_CELLS, ENOUGH_OBJECTS = 400, 3, 10  # pixels of an object of a cell's size at
# least, so many such, or so many of any size, are enough: fewer may be dirt
MOST_STAINED = 0.5  # share of all stain: the objects that hold it have the last word on its colour
BLACK, EVEN = 0.7, 0.7  # correlation of the two stains, and evenness of red, green and blue (least
# over mean), from which an object is black, not stained
GREY = 0.85  # evenness from which nothing but grey is there
NEARER = 7.0  # degrees by which a chromogen may be nearer to haematoxylin than its reference: what
# is nearer still is a mixture of both

Densities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Estimate:
    """A stain's colour, as used."""

    vector: Vector
    """Unit optical density in red, green and blue."""
    angle_deg: float | None
    """Angle of the slide's own estimate to the reference; None where there was too little stain."""
    remark: str
    """Why the reference is used instead of an estimate; blank where it is not."""
    seen: Vector | None = None
    """The slide's own estimate, used or not; None where there was too little stain."""


@cache
def _references() -> dict[str, tuple[float, ...]]:
    return {name: tuple(v) for name, v in read_yaml(STAINS)["stains"].items()}


def reference(stain: str, own: Sequence[float] | None = None) -> list[float]:
    """Optical density of a stain in red, green and blue: `own`, or that of resources/stains.yaml.

    Raises
    ------
    KeyError
        There is no such stain.
    """
    return list(own) if own is not None else list(_references()[stain])


def impossible(vector: Sequence[float], other: Sequence[float] | None = None) -> str:
    """Why a vector cannot be the colour of a stain; blank where it can.

    Parameters
    ----------
    vector : sequence of 3 floats
    other : sequence of 3 floats, optional
        The other stain on the slide.
    """
    values = np.asarray(vector, float)
    if values.shape != (3,) or not np.isfinite(values).all():
        return f"{list(vector)} is not three numbers"
    if (values < 0).any():
        return f"{list(vector)} has a negative part: a stain only takes light away"
    if np.linalg.norm(values) < 1e-3:
        return f"{list(vector)} takes no light away"
    if other is not None and angle(values, other) < NEAREST:
        return (
            f"{list(vector)} is {angle(values, other):.0f} degrees from haematoxylin: the two "
            "cannot be told apart"
        )
    return ""


def estimate_haematoxylin(
    densities: Densities, haematoxylin: Sequence[float], stain: Sequence[float], max_angle: float
) -> Estimate:
    """Colour of haematoxylin on a slide: the middle direction of its dense pixels.

    Parameters
    ----------
    densities : array, shape (pixels, 3)
        Optical density over the slide's background.
    haematoxylin, stain : sequence of 3 floats
        Reference colours of the two stains; pixels nearer to the second have no say.
    max_angle : float
        Degrees, at most, between estimate and reference.
    """
    known = unit(haematoxylin)
    length = np.linalg.norm(densities, axis=1)
    directions = densities[length > ENOUGH_OD] / length[length > ENOUGH_OD, None]
    nearer = directions @ known > directions @ unit(stain)
    directions = directions[nearer & (directions @ known > np.cos(np.radians(2 * max_angle)))]
    if len(directions) < ENOUGH_PIXELS:
        return Estimate(known, None, "too few dense nuclei to estimate haematoxylin's colour")
    return _judged("haematoxylin", unit(np.median(directions, axis=0)), known, max_angle)


def estimate_stain(
    pixels: Sequence[Densities],
    haematoxylin: Sequence[float],
    stain: Sequence[float],
    name: str,
    max_angle: float,
) -> Estimate:
    """Colour of the chromogen: the far end of the angles in the plane of both stains.

    As in Macenko's method, but with the plane's haematoxylin known, and object by object: stained
    cells are few on marrow slides, so that the far end of all a slide's pixels would be noise. The
    objects with the most stain decide, for a pale rim is half haematoxylin.

    Parameters
    ----------
    pixels : sequence of array, shape (pixels, 3)
        Optical density over the background in each stained object.
    haematoxylin, stain : sequence of 3 floats
        The slide's haematoxylin and the chromogen's reference.
    name : str
        The chromogen.
    max_angle : float
        Degrees, at most, between estimate and reference.

    References
    ----------
    Macenko M et al. A method for normalizing histology slides for quantitative analysis. Proc IEEE
    ISBI 2009:1107-1110.
    """
    known, nuclear = unit(stain), unit(haematoxylin)
    ends, amounts, sizes = [], [], []
    for densities in pixels:
        length = np.linalg.norm(densities, axis=1)
        dense = length > ENOUGH_OD
        directions = densities[dense] / length[dense, None]
        directions = directions[directions @ known > np.cos(np.radians(2 * max_angle))]
        if len(directions) < 20 or _is_black(densities, nuclear, known):
            continue
        away = np.arccos(np.clip(directions @ nuclear, -1, 1))
        end = np.median(directions[away >= np.percentile(away, EXTREME)], axis=0)
        if end.min() >= GREY * end.mean():  # even where it is least blue: dirt over nuclei
            continue
        ends.append(end)
        amounts.append(float(np.percentile(length[dense], 75)) * np.sqrt(len(directions)))
        sizes.append(len(directions))
    cells = sum(size >= CELL_PIXELS for size in sizes)
    if sum(sizes) < ENOUGH_PIXELS or (cells < ENOUGH_CELLS and len(sizes) < ENOUGH_OBJECTS):
        return Estimate(known, None, f"too little stain to estimate the colour of {name}")
    order = np.argsort(amounts, kind="stable")[::-1]
    share = np.cumsum(np.asarray(amounts)[order]) / np.sum(amounts)
    strongest = order[: int(np.searchsorted(share, MOST_STAINED)) + 1]
    own = unit(np.median(np.asarray(ends)[strongest], axis=0))
    judged = _judged(name, own, known, max_angle)
    nearer = angle(known, nuclear) - angle(own, nuclear)
    if judged.remark or nearer <= NEARER:
        return judged
    words = f"the estimated colour of {name} is {nearer:.0f} degrees nearer to haematoxylin than"
    return replace(judged, vector=known, remark=f"{words} its reference: the reference is used")


def _is_black(densities: Densities, nuclear: Vector, stain: Vector) -> bool:
    """Whether all colours are taken away alike, and both stains rise and fall together.

    Such is dirt; in a cell the two stains lie apart.
    """
    mean = densities.mean(axis=0)
    pair = densities @ unmixing(nuclear, stain)[:2].T
    if (pair.std(axis=0) == 0).any() or mean.min() < EVEN * mean.mean():
        return False
    return bool(np.asarray(np.corrcoef(pair.T))[0, 1] > BLACK)


def _judged(name: str, own: Vector, known: Vector, max_angle: float) -> Estimate:
    """The slide's own estimate where it is plausible, else the reference and why."""
    apart = angle(own, known)
    if apart > max_angle:
        words = f"the estimated colour of {name} is {apart:.0f} degrees from its reference"
        return Estimate(known, apart, f"{words}: the reference is used", own)
    return Estimate(own, apart, "", own)
