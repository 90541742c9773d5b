"""What one would write instead: a scikit-image pipeline over tiles, with its usual steps.

Colour deconvolution, a smoothed threshold, a distance watershed for the nuclei, connected stained
objects, `regionprops`, and a rule: a stained object with a large nucleus is a tumour cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import separate_stains
from skimage.color.colorconv import hed_from_rgb
from skimage.feature import peak_local_max
from skimage.filters import gaussian
from skimage.measure import label, regionprops_table
from skimage.morphology import remove_small_objects
from skimage.segmentation import watershed

TILE_PX, OVERLAP_PX = 1024, 64
PER_OD = np.log(10) / -np.log(1e-6)  # what scikit-image makes of an optical density of 1
STAINED, STRONG = 0.1 * PER_OD, 0.2 * PER_OD
STAINS = {  # rows: haematoxylin, chromogen, and their cross product
    "fast_red": ((0.65, 0.704, 0.286), (0.2139, 0.8511, 0.4779)),
    "new_fuchsin": ((0.65, 0.704, 0.286), (0.25, 0.89, 0.38)),
    "aec": ((0.65, 0.704, 0.286), (0.2743, 0.6796, 0.6803)),
}


@dataclass(frozen=True)
class Plain:
    """What the pipeline found."""

    nuclei: int
    cells: NDArray[np.float64]
    """x and y of tumour cells in pixels, shape (cells, 2)."""


def matrix_of(chromogen: str) -> NDArray[np.float64]:
    """Matrix from optical density to stains, as `skimage.color.separate_stains` takes it."""
    if chromogen == "dab":
        dab = np.linalg.inv(hed_from_rgb)  # rows: haematoxylin, eosin, DAB
        rows = np.array([dab[0], dab[2], np.cross(dab[0], dab[2])])
    else:
        first, second = (np.asarray(v) for v in STAINS[chromogen])
        rows = np.array([first, second, np.cross(first, second)])
    return np.asarray(np.linalg.inv(rows))


def tiles(height: int, width: int) -> Iterator[tuple[int, int, int, int]]:
    """Tops, lefts, bottoms and rights of tiles that overlap."""
    for top in range(0, height, TILE_PX):
        for left in range(0, width, TILE_PX):
            yield top, left, min(top + TILE_PX, height), min(left + TILE_PX, width)


def run(slide: object, chromogen: str, pixel_size_um: float) -> Plain:
    """Count nuclei and find tumour cells on a slide that has `height`, `width` and `read`."""
    matrix = matrix_of(chromogen)
    nuclei, found, areas, pending = 0, [], [], []
    height, width = slide.height, slide.width  # type: ignore[attr-defined]
    for top, left, bottom, right in tiles(height, width):
        y0, x0 = max(0, top - OVERLAP_PX), max(0, left - OVERLAP_PX)
        y1, x1 = min(height, bottom + OVERLAP_PX), min(width, right + OVERLAP_PX)
        picture = slide.read(y0, x0, y1, x1)  # type: ignore[attr-defined]
        counted, cells = one_tile(picture, matrix, pixel_size_um)
        own = (
            (counted["y"] + y0 >= top) & (counted["y"] + y0 < bottom)
            & (counted["x"] + x0 >= left) & (counted["x"] + x0 < right)
        )  # fmt: skip
        nuclei += int(own.sum())
        areas.append(counted["area"][own])
        for y, x, area in cells:
            if top <= y + y0 < bottom and left <= x + x0 < right:
                pending.append((x + x0, y + y0, area))
    usual = float(np.median(np.concatenate(areas))) if nuclei else 0.0
    found = [(x, y) for x, y, area in pending if area > 1.7 * usual]
    return Plain(nuclei, np.array(found, float).reshape(-1, 2))


def one_tile(
    picture: NDArray[np.uint8], matrix: NDArray[np.float64], pixel_size_um: float
) -> tuple[dict[str, NDArray[np.float64]], list[tuple[float, float, float]]]:
    """Nuclei of a tile, and its stained objects with the area of their largest nucleus."""
    stains = separate_stains(picture, matrix)
    nuclear = gaussian(stains[..., 0], 0.7 / pixel_size_um)
    keratin = gaussian(stains[..., 1], 0.7 / pixel_size_um)
    base = np.percentile(nuclear, 25)
    mask = nuclear > base + 0.35 * max(float(np.percentile(nuclear, 98)) - base, 0.01)
    mask = remove_small_objects(
        ndimage.binary_fill_holes(mask), max_size=int(12 / pixel_size_um**2)
    )
    distance = gaussian(ndimage.distance_transform_edt(mask), 0.5 / pixel_size_um)
    peaks = peak_local_max(
        distance, min_distance=max(1, round(2.5 / pixel_size_um)), labels=label(mask)
    )
    markers = np.zeros(mask.shape, int)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = watershed(-distance, markers, mask=mask)
    table = regionprops_table(labels, properties=("label", "centroid", "area"))
    counted = {"y": table["centroid-0"], "x": table["centroid-1"], "area": table["area"]}
    stained = keratin > np.median(keratin) + STAINED
    stained = remove_small_objects(
        ndimage.binary_fill_holes(stained), max_size=int(40 / pixel_size_um**2)
    )
    objects = label(stained)
    cells = []
    if objects.max():
        shapes = regionprops_table(
            objects, keratin, properties=("label", "centroid", "mean_intensity")
        )
        for k, y, x, mean in zip(
            shapes["label"], shapes["centroid-0"], shapes["centroid-1"], shapes["mean_intensity"],
            strict=True,
        ):  # fmt: skip
            inside = np.bincount(labels[objects == k])
            largest = float(inside[1:].max()) if len(inside) > 1 else 0.0
            if mean > STRONG and largest:
                cells.append((float(y), float(x), largest))
    return counted, cells
