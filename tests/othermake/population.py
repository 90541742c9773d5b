"""The cells of a slide: who they are, where they lie, and their light on the canvas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .brush import COLUMNS, Brush
from .placement import Field
from .shapes import Outline

if TYPE_CHECKING:
    from .slides import Settings

# how many of each, a slide; the first are placed first
KINDS = {
    "ctc_cluster": "clusters",
    "beside": "beside",
    "ctc": "ctcs",
    "in_clump": "in_clumps",
    "dim_ctc": "dim_ctcs",
    "blebs": "blebs",
    "double_positive": "double_positives",
    "ghost": "ghosts",
    "fibre": "fibres",
    "dust": "dust",
    "clump": "clumps",
    "bare_nucleus": "bare_nuclei",
    "tdev": "fragments",
}


class Population(NamedTuple):
    """Truth (x, y in canvas px), light in counts by channel, and nuclei as labels."""

    truth: pd.DataFrame
    canvas: dict[str, NDArray[np.float32]]
    labels: NDArray[np.int32]


def populate(s: Settings, shape: tuple[int, int], seed: int) -> Population:
    """Draw all cells of a slide on a canvas of `shape` px."""
    rng = np.random.default_rng([seed, 1])
    brush = Brush(s, shape, rng)
    place = Field(shape, rng)
    margin = s.edge_margin_um / s.pixel_size_um
    for kind, setting in KINDS.items():
        for _ in range(getattr(s, setting)):
            group = _group(kind, s, rng)
            reach = max(np.hypot(o.x, o.y) + max(o.a, o.b) for o in group)
            gap = s.clearance_um / s.pixel_size_um
            # a cell cut by the slide's edge is drawn, whatever it does to the margin
            for x, y, _r in place.scatter(np.array([reach + gap]), s.closeness, margin):
                if not brush.is_empty(x, y, reach):
                    brush.draw(kind, [o.scaled(1.0, x, y) for o in group], reach)
    n = s.leukocytes * s.grid[0] * s.grid[1]
    radius = np.maximum(2.5, rng.normal(*s.leukocyte_um, n) / 2) / s.pixel_size_um
    for x, y, r in place.scatter(radius, s.closeness, margin):
        if not brush.is_empty(x, y, r):
            brush.draw("leukocyte", [_round(x, y, r, s, rng, 1.08)], r)
    truth = pd.DataFrame(brush.rows, columns=COLUMNS + [*s.markers])
    return Population(truth, brush.canvas, brush.labels)


def _group(kind: str, s: Settings, rng: np.random.Generator) -> list[Outline]:
    """Outlines of an object around (0, 0), the first one is the object's own cell."""
    um = 1 / s.pixel_size_um

    def ctc_radius() -> float:
        return float(max(6.0, rng.normal(*s.ctc_um)) / 2 * um)

    def leukocyte_radius() -> float:
        return float(max(5.0, rng.normal(*s.leukocyte_um)) / 2 * um)

    if kind == "ctc_cluster":
        cells = [_round(0.0, 0.0, ctc_radius(), s, rng, 1.15)]
        cells = _touching(cells, int(rng.integers(2, 5)), s, rng, ctc_radius)
        area = np.array([c.a * c.b for c in cells])
        dx = float(-np.average([c.x for c in cells], weights=area))
        dy = float(-np.average([c.y for c in cells], weights=area))
        return [c.scaled(1.0, dx, dy) for c in cells]
    if kind == "clump":
        cells = [_round(0.0, 0.0, s.leukocyte_um[0] / 2 * um, s, rng, 1.08)]
        return _touching(cells, int(rng.integers(6, 16)), s, rng, leukocyte_radius)
    if kind == "in_clump":
        cells = [_round(0.0, 0.0, ctc_radius(), s, rng, 1.1)]
        return _touching(cells, int(rng.integers(5, 10)), s, rng, leukocyte_radius)
    if kind == "beside":
        cell = _round(0.0, 0.0, ctc_radius(), s, rng, 1.1)
        r, turn = s.leukocyte_um[0] / 2 * um, rng.uniform(0, 2 * np.pi)
        far = s.beside_gap * (cell.radius + r)
        return [cell, Outline(far * np.cos(turn), far * np.sin(turn), r, r)]
    if kind == "fibre":
        length = rng.uniform(20, 60) * um
        return [Outline(0.0, 0.0, length, 2.0 * um, rng.uniform(0, np.pi))]
    if kind == "dust":
        pieces = int(rng.integers(3, 7))
        spots = rng.normal(0, 3.0 * um, (pieces, 2))
        return [Outline(x, y, rng.uniform(1, 4) * um, rng.uniform(1, 4) * um) for x, y in spots]
    if kind == "blebs":
        return [_round(0.0, 0.0, rng.uniform(1.0, 1.4) * um, s, rng, 1.1)]
    if kind == "tdev":
        return [_round(0.0, 0.0, rng.uniform(1.0, 1.9) * um, s, rng, 1.2)]
    if kind == "bare_nucleus":
        return [_round(0.0, 0.0, rng.uniform(3.0, 4.5) * um, s, rng, 1.1)]
    return [_round(0.0, 0.0, ctc_radius(), s, rng, s.ctc_stretch)]


def _touching(
    cells: list[Outline],
    wanted: int,
    s: Settings,
    rng: np.random.Generator,
    radius: Callable[[], float],
) -> list[Outline]:
    """Add cells that touch one of those there, until there are `wanted`."""
    while len(cells) < wanted:
        other, r = cells[rng.integers(len(cells))], radius()
        turn, far = rng.uniform(0, 2 * np.pi), 0.92 * (other.radius + r)
        x, y = other.x + far * np.cos(turn), other.y + far * np.sin(turn)
        if all(np.hypot(c.x - x, c.y - y) >= 0.9 * (c.radius + r) for c in cells):
            cells.append(_round(x, y, r, s, rng, 1.1))
    return cells


def _round(
    x: float, y: float, r: float, s: Settings, rng: np.random.Generator, most: float
) -> Outline:
    """A cell's outline of radius `r` px, its axes' ratio up to `most` squared."""
    if s.outline == "disc":
        return Outline(x, y, r, r)
    stretch = rng.uniform(1.0, most)
    power = rng.uniform(2.0, 3.0) if s.outline == "superellipse" else 2.0
    return Outline(x, y, r * stretch, r / stretch, rng.uniform(0, np.pi), power)
