"""What is measured of a stained object."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from liquidbiopsy.dtc.objects import Body, Finding, Looked
from liquidbiopsy.dtc.scale import Scale
from liquidbiopsy.dtc.seeds import Seed
from liquidbiopsy.dtc.tables import FEATURES
from liquidbiopsy.imaging.stain_vectors import angle, unit

COARSE_UM = 1.5  # detail of the stain finer than this is lines and grains
CLEAREST_PERCENT = 20  # of an object's stained pixels that show its own colour best
CORNER_UM = 0.3  # by which an outline may stray

Mask = npt.NDArray[np.bool_]


def measure(body: Body, looked: Looked, finding: Finding, noise_od: float) -> dict[str, Any]:
    """Features of an object; docs/tables.md describes them.

    Parameters
    ----------
    body : Body
    looked : Looked
    finding : Finding
    noise_od : float
        Robust standard deviation of the stain's background.
    """
    pixel = looked.pixel_um
    largest = body.nuclei[0] if body.nuclei else None
    nuclear = np.logical_or.reduce(body.nuclei) if body.nuclei else np.zeros_like(body.whole)
    stain = body.stain[body.stained].astype(np.float64)
    whole = float(body.whole.sum())
    contour = _outline(body.whole)
    moments = cv2.moments(body.whole.astype(np.uint8), binaryImage=True)
    x, y = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    holes = body.whole & ~body.stained & ~nuclear
    nucleus_um2 = float(largest.sum()) * pixel**2 if largest is not None else 0.0
    return {
        "x_px": looked.left + (x + 0.5) * looked.factor,
        "y_px": looked.top + (y + 0.5) * looked.factor,
        "nuclei": len(body.nuclei),
        "area_um2": whole * pixel**2,
        "nucleus_area_um2": nucleus_um2,
        "nucleus_ratio": nucleus_um2 / finding.usual_um2 if finding.usual_um2 > 0 else 0.0,
        "median_nucleus_ratio": _median_area(body, pixel, finding),
        "nc_ratio": float(nuclear.sum()) / whole,
        "nucleus_od": _mean(body.haematoxylin, nuclear),
        "stain_area_um2": float(body.stained.sum()) * pixel**2,
        "stain_mean_od": float(stain.mean()),
        "stain_max_od": float(np.percentile(stain, 98)),
        "stain_snr": float(stain.mean()) / max(noise_od, 1e-3),
        "stain_cv": float(stain.std() / max(stain.mean(), 1e-6)),
        "filament": _fine_share(body, pixel),
        "vacuoles": float(holes.sum()) / whole,
        "stain_over_nucleus": _mean(body.stained.astype(np.float32), nuclear),
        "stain_coverage": float(body.stained.sum()) / whole,
        "stains_together": _together(body),
        "least_haematoxylin": _least_haematoxylin(body),
        "blackness": float(np.median(looked.density[body.stained].min(axis=1))),
        "roundness": _roundness(contour),
        "eccentricity": _eccentricity(moments),
        "nucleus_roundness": _roundness(_outline(largest)) if largest is not None else 0.0,
        "colour_angle": _colour_angle(looked.density[body.stained], finding),
        "edge": bool((body.whole & looked.borders).any()),
        "outline": _corners(contour, looked),
    }


def too_large(seed: Seed, scale: Scale) -> dict[str, Any]:
    """A stained sheet that is not measured: only its place and its size are known."""
    area = seed.area_px * scale.working_um**2
    box = [seed.left, seed.top, seed.right, seed.bottom]
    left, top, right, bottom = (float(edge * scale.factor) for edge in box)
    return {
        **{f.name: None for f in FEATURES},
        "x_px": (left + right) / 2,
        "y_px": (top + bottom) / 2,
        "area_um2": area,
        "stain_area_um2": area,
        "outline": [left, top, right, top, right, bottom, left, bottom],
    }


def _mean(values: npt.NDArray[np.float32], where: Mask) -> float:
    return float(values[where].mean()) if where.any() else 0.0


def _median_area(body: Body, pixel: float, finding: Finding) -> float:
    """Median area of the nuclei over that of the slide's; 0 without one."""
    if not body.nuclei or finding.usual_um2 <= 0:
        return 0.0
    areas = [float(nucleus.sum()) for nucleus in body.nuclei]
    return float(np.median(areas)) * pixel**2 / finding.usual_um2


def _together(body: Body) -> float:
    """Correlation of the two stains over an object, -1 to 1: near 1 where it is black."""
    pair = np.stack([body.haematoxylin[body.whole], body.stain[body.whole]]).astype(np.float64)
    if (pair.std(axis=1) < 1e-6).any():
        return 0.0
    return float(np.asarray(np.corrcoef(pair))[0, 1])


def _least_haematoxylin(body: Body) -> float:
    """Haematoxylin over the other stain where an object has least of it.

    A cell shows the chromogen's own colour wherever its cytoplasm is; a grey thing takes away all
    colours alike and so has both stains everywhere, whatever lies under it.
    """
    stain = np.maximum(body.stain[body.stained].astype(np.float64), 1e-3)
    share = np.maximum(body.haematoxylin[body.stained], 0) / stain
    return float(np.percentile(share, CLEAREST_PERCENT))


def _outline(mask: Mask) -> npt.NDArray[np.int32]:
    """The longest outline of a mask, shape (corners, 1, 2) of x and y."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(max(outlines, key=len), np.int32)


def _roundness(outline: npt.NDArray[np.int32]) -> float:
    """4 pi area / perimeter² of an outline that runs through the outermost pixels' middles."""
    length = float(cv2.arcLength(outline, closed=True)) + np.pi  # half a pixel further out
    area = float(cv2.contourArea(outline)) + length / 2
    return min(1.0, 4 * np.pi * area / length**2) if length > 0 else 0.0


def _eccentricity(moments: dict[str, float]) -> float:
    """Eccentricity of the ellipse of equal second moments."""
    half = (moments["mu20"] + moments["mu02"]) / 2
    rest = np.hypot((moments["mu20"] - moments["mu02"]) / 2, moments["mu11"])
    long, short = half + rest, half - rest
    return float(np.sqrt(max(0.0, 1 - short / long))) if long > 0 else 0.0


def _fine_share(body: Body, pixel: float) -> float:
    """Share of the variance of the stain in its area that is of fine detail."""
    inside = body.stained.astype(np.float32)
    sigma = COARSE_UM / pixel
    weight = cv2.GaussianBlur(inside, (0, 0), sigma)
    mean = cv2.GaussianBlur(body.stain * inside, (0, 0), sigma) / np.maximum(weight, 1e-6)
    stain = body.stain[body.stained]
    variance = float(stain.var())
    fine = float((stain - mean[body.stained]).var())
    return min(1.0, fine / variance) if variance > 1e-9 else 0.0


def _colour_angle(density: npt.NDArray[np.float32], finding: Finding) -> float:
    """Degrees between the mean density and the nearest mixture of both stains."""
    mean = unit(density.mean(axis=0, dtype=np.float64))
    haematoxylin, stain, rest = finding.unmixing @ mean
    if haematoxylin >= 0 and stain >= 0:  # `rest` is what stands out of the plane of both
        return float(np.degrees(np.arcsin(min(1.0, abs(float(rest))))))
    # outside the two: the nearest is one of them alone
    return min(angle(mean, finding.haematoxylin), angle(mean, finding.stain))


def _corners(outline: npt.NDArray[np.int32], looked: Looked) -> list[float]:
    """X and y on the slide of an outline's corners in turn, in pixels."""
    few = cv2.approxPolyDP(outline, CORNER_UM / looked.pixel_um, closed=True)[:, 0, :]
    points = (few + 0.5) * looked.factor + np.array([looked.left, looked.top])
    return [float(value) for value in points.reshape(-1)]
