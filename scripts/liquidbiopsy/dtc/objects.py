"""A stained object up close: its stain, its nuclei, its outline."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from liquidbiopsy.dtc.nuclei import Nuclear, find_nuclei
from liquidbiopsy.dtc.scale import FINE_UM, Scale, whole_factor
from liquidbiopsy.dtc.seeds import Seed
from liquidbiopsy.imaging.brightfield import LEVELS_PER_OD, ZERO, optical_density
from liquidbiopsy.imaging.slides import WholeSlide
from liquidbiopsy.imaging.stain_vectors import Vector

AROUND_UM = 15.0  # ground around an object that is looked at with it
EVERY = 5  # pixel of the ground is looked at
GROUND = 25.0  # percentile of density that the ground between cells does not exceed
TOP, SHARE = 90.0, 0.3  # stain ends at this share of what this percentile of its seed has
JOIN_UM = 1.5  # gaps in the stain of one cell
SMOOTH_UM = 0.5
INSIDE, TOUCHED = 0.5, 0.4  # share of a nucleus within the stain, or of its rim that the stain
# touches, from which it belongs to the stained cell
LARGER = 1.4  # a stained cell's nucleus than the usual one: grain of the stain must not split it
PALE, SMALL = 0.3, 0.3  # shares of the slide's usual nucleus that a nucleus has at least
CROSSTALK = 0.25  # of the stain, which may be taken for haematoxylin where the stain is dense

Plane = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Looked:
    """The surroundings of a seed at the fine pixel size; arrays of shape (height, width)."""

    top: int
    left: int
    """Corner on the slide in pixels."""
    factor: int
    pixel_um: float
    density: Plane
    """Optical density over the ground by colour, shape (height, width, 3)."""
    seed: Mask
    """The seed's box."""
    borders: Mask
    """Pixels at the edge of the slide."""


@dataclass(frozen=True)
class Body:
    """One stained object within what was looked at."""

    stained: Mask
    whole: Mask
    """Stain, what it encloses, and nuclei."""
    nuclei: list[Mask]
    """The largest first."""
    haematoxylin: Plane
    stain: Plane
    """Optical densities over the ground of the whole window."""


@dataclass(frozen=True)
class Finding:
    """How objects are told; from the settings and from the slide."""

    white: tuple[float, float, float]
    unmixing: npt.NDArray[np.float32]
    """Matrix from optical density to haematoxylin, stain and the rest, shape (3, 3)."""
    haematoxylin: Vector
    stain: Vector
    least_od: float
    min_um2: float
    nucleus_od: float
    """Mean density that a nucleus has at least."""
    usual_od: float
    """Median density of the slide's nuclei."""
    usual_um2: float
    """Median area of the slide's nuclei."""
    diameter_um: float
    min_nucleus_um2: float


def look(slide: WholeSlide, seed: Seed, scale: Scale, white: tuple[float, float, float]) -> Looked:
    """Read a seed and what is around it.

    Parameters
    ----------
    slide : WholeSlide
    seed : Seed
    scale : Scale
        Of the slide and of the seed's pixels.
    white : (float, float, float)
        Of clear glass.

    Raises
    ------
    InputError
        The slide cannot be read there.
    """
    size_um, working = scale.pixel_size_um, scale.factor
    factor = whole_factor(FINE_UM, size_um)
    around = round(AROUND_UM / size_um)
    top = max(0, seed.top * working - around)
    left = max(0, seed.left * working - around)
    bottom = min(slide.height, seed.bottom * working + around)
    right = min(slide.width, seed.right * working + around)
    density = optical_density(slide.read(top, left, bottom, right), white)
    height, width = density.shape[0] // factor, density.shape[1] // factor
    if factor > 1:
        whole = density[: height * factor, : width * factor]
        density = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))
    box = np.zeros((height, width), bool)
    box[
        (seed.top * working - top) // factor : -(-(seed.bottom * working - top) // factor),
        (seed.left * working - left) // factor : -(-(seed.right * working - left) // factor),
    ] = True
    borders = np.zeros((height, width), bool)
    borders[0], borders[:, 0] = top == 0, borders[:, 0] | (left == 0)
    borders[-1] |= bottom == slide.height
    borders[:, -1] |= right == slide.width
    outside = density[~box] if (~box).any() else density.reshape(-1, 3)
    ground = np.percentile(outside[::EVERY], GROUND, axis=0).astype(np.float32)
    return Looked(top, left, factor, size_um * factor, density - ground, box, borders)


def bodies(looked: Looked, finding: Finding) -> list[Body]:
    """The stained objects that a seed belongs to: one, or several that only lie near each other."""
    sigma = SMOOTH_UM / looked.pixel_um
    pair = np.ascontiguousarray(looked.density @ finding.unmixing[:2].T)
    smooth = np.asarray(cv2.GaussianBlur(pair, (0, 0), sigma), np.float32)
    haematoxylin, stain = smooth[..., 0], smooth[..., 1]
    strong = stain[looked.seed & (stain > finding.least_od)]
    if not strong.size:
        return []
    bound = max(finding.least_od, SHARE * float(np.percentile(strong, TOP)))
    stained = stain > bound
    reach = max(1, round(JOIN_UM / looked.pixel_um))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    joined = np.asarray(cv2.morphologyEx(stained.astype(np.uint8), cv2.MORPH_CLOSE, disc), np.uint8)
    enclosed = _filled(joined)
    near = np.asarray(cv2.dilate(enclosed, disc), np.uint8)
    whole, owned = enclosed.astype(bool), []
    for nucleus, share in _nuclei(haematoxylin, stain, enclosed, near, finding, looked.pixel_um):
        if share < INSIDE:
            rim = cv2.dilate(nucleus.astype(np.uint8), disc).astype(bool) & ~nucleus
            if stained[rim].mean() < TOUCHED:
                continue
        owned.append(nucleus)
        whole = whole | nucleus
    count, labels = cv2.connectedComponents(whole.astype(np.uint8), connectivity=8)
    found = []
    for label in range(1, count):
        mine = labels == label
        own = mine & stained
        if not (own & looked.seed).any():
            continue
        if own.sum() * looked.pixel_um**2 < finding.min_um2:
            continue
        inside = sorted((n for n in owned if mine[n].any()), key=lambda n: -int(n.sum()))
        found.append(Body(own, mine, inside, haematoxylin, stain))
    return found


def _filled(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A mask with its holes."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    out = np.zeros_like(mask)
    cv2.drawContours(out, outlines, -1, 1, cv2.FILLED)
    return out


def _nuclei(
    haematoxylin: Plane,
    stain: Plane,
    enclosed: npt.NDArray[np.uint8],
    near: npt.NDArray[np.uint8],
    finding: Finding,
    pixel_um: float,
) -> list[tuple[Mask, float]]:
    """Nuclei near the stain that are like the slide's, and the share of each that is within it."""
    how = Nuclear.of(
        LARGER * finding.diameter_um, finding.nucleus_od, finding.min_nucleus_um2, pixel_um
    )
    levels = np.clip(haematoxylin * LEVELS_PER_OD + ZERO + 0.5, 0, 255).astype(np.uint8)
    found = find_nuclei(levels, np.full(levels.shape, ZERO, np.float32), how)
    n = len(found.area)
    if n == 0:
        return []
    flat = found.labels.ravel()
    stain_mean, share, close = (
        np.bincount(flat, plane.ravel(), n + 1)[1:] / found.area
        for plane in (stain, enclosed, near)
    )
    density = found.height / LEVELS_PER_OD
    good = (density >= max(finding.nucleus_od, PALE * finding.usual_od)) & (close > 0)
    good &= found.area * pixel_um**2 >= max(finding.min_nucleus_um2, SMALL * finding.usual_um2)
    good &= density >= CROSSTALK * stain_mean
    return [(found.labels == k + 1, float(share[k])) for k in np.flatnonzero(good)]
