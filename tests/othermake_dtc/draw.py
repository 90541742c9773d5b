"""Drawing of cells: polygons at four times the resolution, noise of several scales."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

FINER = 4
SHIFT = 4  # bits of a polygon's corners below a pixel

Layer = NDArray[np.float32]


def blob(
    rng: np.random.Generator, radius: float, wobble: float, flat: float = 1.0, corners: int = 40
) -> NDArray[np.float64]:
    """Corners (x, y) of a closed smooth curve round 0, shape (corners, 2)."""
    knots = 1 + wobble * rng.standard_normal(7)
    turn = np.linspace(0, 7, corners, endpoint=False)
    left = turn.astype(int) % 7
    share = 0.5 - 0.5 * np.cos(np.pi * (turn % 1))
    reach = knots[left] * (1 - share) + knots[(left + 1) % 7] * share
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    points = radius * reach[:, None] * np.stack([np.cos(angle) * flat, np.sin(angle) / flat], 1)
    spin = rng.uniform(0, np.pi)
    matrix = np.array([[np.cos(spin), -np.sin(spin)], [np.sin(spin), np.cos(spin)]])
    return np.asarray(points @ matrix.T)


def cover(
    points: NDArray[np.float64], x: float, y: float, shape: tuple[int, int]
) -> tuple[Layer, int, int]:
    """How much of each pixel a polygon at (x, y) covers, and the left and top of that patch."""
    low = np.floor(points.min(0) + [x, y]).astype(int) - 2
    high = np.ceil(points.max(0) + [x, y]).astype(int) + 3
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    right, bottom = min(shape[1], int(high[0])), min(shape[0], int(high[1]))
    if right <= left or bottom <= top:
        return np.zeros((0, 0), np.float32), 0, 0
    canvas = np.zeros(((bottom - top) * FINER, (right - left) * FINER), np.uint8)
    corners = (points + [x - left, y - top]) * FINER * 2**SHIFT
    cv2.fillPoly(canvas, [corners.round().astype(np.int32)], 255, cv2.LINE_8, SHIFT)
    small = cv2.resize(canvas, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / 255, left, top


def fractal(rng: np.random.Generator, side: int, scales: tuple[float, ...]) -> Layer:
    """Noise of several scales in pixels, mean 0 and spread 1."""
    total = np.zeros((side, side), np.float32)
    for scale in scales:
        coarse = max(2, int(side / scale))
        grid = rng.standard_normal((coarse, coarse)).astype(np.float32)
        total += cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC) * np.sqrt(scale)
    return np.asarray((total - total.mean()) / total.std(), np.float32)


def threads(rng: np.random.Generator, side: int, width: float, n: int) -> Layer:
    """A patch crossed by curved threads, 0 to 1."""
    canvas = np.zeros((side, side), np.uint8)
    for _ in range(n):
        start = rng.uniform(0, side, 2)
        angle, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.08)
        line = [start]
        for _ in range(int(side)):
            angle += bend
            line.append(line[-1] + 2 * np.array([np.cos(angle), np.sin(angle)]))
        points = (np.array(line) * 2**SHIFT).astype(np.int32)
        thick = max(1, round(width))
        cv2.polylines(canvas, [points], False, 255, thick, cv2.LINE_AA, SHIFT)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), max(0.4, width / 2)), np.float32) / 255
