"""Painting of cells into planes of stain: outlines by angle, texture from a tile of noise."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

ANGLES = 64
NOISE_PX = 512

Plane = NDArray[np.float32]
Table = NDArray[np.float32]


def noise_tile(rng: np.random.Generator, size_px: float, lines: bool = False) -> Plane:
    """A tile of smooth noise of mean 0 and spread 1 that repeats; `lines` for thin bright lines."""
    values = gaussian_filter(rng.normal(size=(NOISE_PX, NOISE_PX)), max(size_px, 0.3), mode="wrap")
    values /= values.std()
    if lines:
        values = 1.6 - 2.6 * np.abs(values)
        values = (values - values.mean()) / values.std()
    return values.astype(np.float32)


def outline(
    rng: np.random.Generator, radius: float, ragged: float, stretch: float = 1.0, dent: float = 0.0
) -> Table:
    """Radius of an outline at each of `ANGLES` angles.

    Parameters
    ----------
    rng : Generator
    radius : float
        Mean radius.
    ragged : float
        Relative height of its waves.
    stretch : float
        Ratio of its axes.
    dent : float
        Relative depth of one dent, as in a kidney.
    """
    angle = np.arange(ANGLES) * 2 * np.pi / ANGLES
    turn = rng.uniform(0, 2 * np.pi)
    along = np.sqrt(stretch)
    shape = 1 / np.hypot(np.cos(angle - turn) / along, np.sin(angle - turn) * along)
    for k in range(2, 6):
        wave = np.cos(k * angle + rng.uniform(0, 2 * np.pi))
        shape = shape * (1 + ragged * rng.normal() / k * wave)
    gap = np.angle(np.exp(1j * (angle - turn - np.pi / 2)))
    shape = shape * (1 - dent * np.exp(-((gap / 0.6) ** 2)))
    return np.asarray(radius * np.maximum(shape, 0.25), np.float32)


NO_HOLE = np.zeros(ANGLES, np.float32)


@nb.njit(cache=True)
def paint(  # type: ignore[no-untyped-def]
    plane, top, y, x, table, soft, amount, noise, at, gain, vacuoles, hole, hole_y, hole_x, over
):
    """Add a cell's stain to a plane.

    Parameters
    ----------
    plane : array of float32, shape (height, width)
        Optical density; rows from `top` of the slide on.
    y, x : float
        Centre on the slide in pixels.
    table : array of float32, shape (ANGLES,)
        Its outline.
    soft : float
        Width of its edge in pixels.
    amount : float
        Optical density.
    noise : array of float32, shape (NOISE_PX, NOISE_PX)
        Texture, from place `at` on, of relative height `gain`.
    vacuoles : float
        Spots where the texture is below this are empty.
    hole, hole_y, hole_x, over
        Outline and centre of what the stain covers only by the share `over`.
    """
    height, width = plane.shape
    reach = table.max() + soft
    for i in range(max(0, int(y - reach) - top), min(height, int(y + reach) + 2 - top)):
        for j in range(max(0, int(x - reach)), min(width, int(x + reach) + 2)):
            dy, dx = i + top - y, j - x
            edge = _radius(table, dy, dx) - np.sqrt(dy * dy + dx * dx)
            share = min(max(edge / soft + 0.5, 0.0), 1.0)
            if share > 0:
                grain = noise[(i + top + at) % NOISE_PX, (j + 7 * at) % NOISE_PX]
                value = share * amount * max(1 + gain * grain, 0.15)
                if grain < vacuoles:
                    value *= 0.1
                if over < 1:
                    hy, hx = i + top - hole_y, j - hole_x
                    inner = _radius(hole, hy, hx) - np.sqrt(hy * hy + hx * hx)
                    covered = min(max(inner / soft + 0.5, 0.0), 1.0)
                    value *= 1 - (1 - over) * covered
                plane[i, j] += value


@nb.njit(cache=True)
def _radius(table, dy, dx):  # type: ignore[no-untyped-def]
    turn = np.arctan2(dy, dx) / (2 * np.pi) * ANGLES
    low = int(np.floor(turn))
    share = turn - low
    return table[low % ANGLES] * (1 - share) + table[(low + 1) % ANGLES] * share
