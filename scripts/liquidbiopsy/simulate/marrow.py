"""A simulated cytospin of bone marrow, stained for cytokeratin: the picture and its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from liquidbiopsy.simulate.marrow_cells import Cell, place_cells
from liquidbiopsy.simulate.marrow_paint import noise_tile, paint
from liquidbiopsy.simulate.marrow_parameters import STAINS, MarrowParameters

LENS_UM = 0.3
BAND_PX = 512
FAR_UM = 4.0  # blur of the part that is out of focus
PIGMENT = (0.55, 0.58, 0.60)
INK = (1.2, 0.7, 0.25)


@dataclass(frozen=True)
class MarrowSlide:
    """A slide and what is on it."""

    picture: NDArray[np.uint8]
    """Red, green and blue, shape (height, width, 3)."""
    truth: pd.DataFrame
    """One row a cell other than plain marrow: kind, x_px, y_px, nuclei, nucleus_area_um2."""
    nuclei: NDArray[np.float64]
    """x and y of every nucleus in pixels, shape (nuclei, 2)."""


def simulate_marrow(p: MarrowParameters) -> MarrowSlide:
    """Simulate a slide; equal parameters give equal bytes."""
    cells = place_cells(p)
    rng = np.random.default_rng((p.seed, 1))
    vectors = _colours(p, rng)
    textures = [
        noise_tile(rng, 0.5 / p.pixel_size_um),
        noise_tile(rng, 0.8 / p.pixel_size_um, lines=True),
        noise_tile(rng, 0.9 / p.pixel_size_um),
    ]
    picture = np.empty((p.height_px, p.width_px, 3), np.uint8)
    reach = 40 / p.pixel_size_um
    tops = np.array([c.y for c in cells])
    halo = int(
        np.ceil(4 * (LENS_UM + p.defocus_um + FAR_UM * (p.blurred_share > 0)) / p.pixel_size_um)
    )
    for top in range(0, p.height_px, BAND_PX):
        bottom = min(top + BAND_PX, p.height_px)
        y0, y1 = max(0, top - halo), min(p.height_px, bottom + halo)
        near = np.flatnonzero((tops > y0 - 2 * reach) & (tops < y1 + 2 * reach))
        planes = np.zeros((3, y1 - y0, p.width_px), np.float32)
        for k in near:
            _paint(planes, y0, cells[k], int(k), textures)
        density = _density(p, planes, y0, vectors)
        picture[top:bottom] = _seen(p, density, top)[top - y0 : bottom - y0]
    return MarrowSlide(picture, _truth(cells), _nuclei(cells))


def _paint(
    planes: NDArray[np.float32],
    top: int,
    cell: Cell,
    number: int,
    textures: list[NDArray[np.float32]],
) -> None:
    for k, part in enumerate(cell.parts):
        at = (number * 31 + k * 101) % 509
        paint(
            planes[part.plane], top, part.y, part.x, part.table, part.soft, part.amount,
            textures[part.texture], at, part.gain, part.vacuoles, part.hole, part.hole_y,
            part.hole_x, part.over,
        )  # fmt: skip


def _colours(p: MarrowParameters, rng: np.random.Generator) -> NDArray[np.float64]:
    """Colours of haematoxylin, chromogen and pigment on this slide, rows of unit length."""
    rows = []
    for stain in ("haematoxylin", p.chromogen):
        vector = np.asarray(STAINS[stain])
        vector = vector / np.linalg.norm(vector)
        aside = rng.normal(size=3)
        aside -= (aside @ vector) * vector
        turn = np.radians(p.stray_deg * rng.uniform(0, 1))
        moved = np.cos(turn) * vector + np.sin(turn) * aside / np.linalg.norm(aside)
        rows.append(np.maximum(moved, 0.02))
    return np.array([*rows, PIGMENT])


def _density(
    p: MarrowParameters, planes: NDArray[np.float32], top: int, vectors: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Optical density by colour, shape (height, width, 3)."""
    height, width = planes.shape[1:]
    across = np.linspace(-1, 1, width)[None, :]
    down = ((np.arange(height) + top) / p.height_px * 2 - 1)[:, None]
    slope = 1 + p.unevenness / 2 * (across + 0.5 * down)
    planes[0] *= slope
    planes[1] = (planes[1] + p.background_od) * (2 - slope)
    density = np.einsum("khw,kc->hwc", planes, vectors.astype(np.float32))
    if p.ink:
        line = np.abs(
            (np.arange(width)[None, :] - 0.12 * width) - 0.2 * (np.arange(height) + top)[:, None]
        )
        mark = (line < 60 / p.pixel_size_um)[..., None] * np.asarray(INK, np.float32)
        density = density + mark.astype(np.float32)
    return np.asarray(density, np.float32)


def _seen(p: MarrowParameters, density: NDArray[np.float32], top: int) -> NDArray[np.uint8]:
    """What the camera makes of it: light through lens and focus, noise, 8 bits."""
    light = np.asarray(p.white, np.float32) * 10 ** (-density)
    sigma = np.hypot(LENS_UM, p.defocus_um) / p.pixel_size_um
    sharp = gaussian_filter(light, (sigma, sigma, 0))
    if p.blurred_share > 0:
        first = int(p.width_px * (1 - p.blurred_share))
        far = FAR_UM / p.pixel_size_um
        sharp[:, first:] = gaussian_filter(light, (far, far, 0))[:, first:]
    rng = np.random.default_rng((p.seed, 2, top))
    sharp += rng.normal(0, p.noise, sharp.shape)
    return np.clip(np.round(sharp), 0, 255).astype(np.uint8)


def _truth(cells: list[Cell]) -> pd.DataFrame:
    rows = [
        {
            "kind": c.kind,
            "x_px": c.x,
            "y_px": c.y,
            "nuclei": len(c.nuclei),
            "nucleus_area_um2": max((n[2] for n in c.nuclei), default=0.0),
        }
        for c in cells
        if c.kind != "haematopoietic"
    ]
    columns = ["kind", "x_px", "y_px", "nuclei", "nucleus_area_um2"]
    return pd.DataFrame(rows, columns=columns)


def _nuclei(cells: list[Cell]) -> NDArray[np.float64]:
    places = [(x, y) for c in cells for y, x, _ in c.nuclei]
    return np.array(places, float).reshape(-1, 2)
