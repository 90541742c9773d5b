"""Cells of a simulated marrow slide: where they lie, and what parts they are painted from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from liquidbiopsy.simulate.marrow_paint import NO_HOLE, Table, outline
from liquidbiopsy.simulate.marrow_parameters import MarrowParameters

HAEMATOXYLIN, CHROMOGEN, PIGMENT = 0, 1, 2
CHROMATIN, FIBRES, EVEN = 0, 1, 2
NO_VACUOLES = -9.0


@dataclass(frozen=True)
class Part:
    """One painted part of a cell; lengths in pixels."""

    plane: int
    y: float
    x: float
    table: Table
    soft: float
    amount: float
    texture: int
    gain: float
    vacuoles: float = NO_VACUOLES
    hole: Table = field(default_factory=lambda: NO_HOLE)
    hole_y: float = 0.0
    hole_x: float = 0.0
    over: float = 1.0


@dataclass
class Cell:
    """A cell, cluster or grain with its truth."""

    kind: str
    y: float
    x: float
    nuclei: list[tuple[float, float, float]] = field(default_factory=list)
    """Centre (y, x) in pixels and area in um2 of each."""
    parts: list[Part] = field(default_factory=list)


class Painter:
    """Makes cells of each kind at a place."""

    def __init__(self, p: MarrowParameters, rng: np.random.Generator) -> None:
        self.p, self.rng, self.px = p, rng, p.pixel_size_um

    def vary(self, value: float, by: float = 0.25) -> float:
        """A value that strays from cell to cell."""
        return float(value * np.exp(self.rng.normal(0, by)))

    def nucleus(
        self, cell: Cell, y: float, x: float, radius_um: float, od: float, dent: float = 0.0
    ) -> Table:
        """Add a nucleus, and return its outline."""
        stretch = self.rng.uniform(1.0, 1.35)
        table = outline(self.rng, radius_um / self.px, 0.04, stretch, dent)
        part = Part(0, y, x, table, 0.7 / self.px, od, CHROMATIN, self.rng.uniform(0.1, 0.25))
        cell.parts.append(part)
        cell.nuclei.append((y, x, float(np.mean(table**2) * np.pi * self.px**2)))
        return table

    def haematopoietic(self, y: float, x: float, radius_um: float, stained: bool) -> Cell:
        """A cell of the marrow itself, faintly stained or not."""
        cell = Cell("haematopoietic_stained" if stained else "haematopoietic", y, x)
        dent = self.rng.uniform(0.2, 0.4) if self.rng.random() < 0.12 else 0.0
        od = self.vary(self.p.nuclear_od * (1.15 if radius_um < 3.6 else 0.95), 0.15)
        wide = radius_um * self.rng.uniform(1.15, 1.6)
        around = outline(self.rng, wide / self.px, 0.05, self.rng.uniform(1, 1.2))
        cell.parts.append(Part(0, y, x, around, 1.0 / self.px, 0.04, EVEN, 0.1))
        table = self.nucleus(cell, y, x, radius_um, od, dent)
        if stained:
            self._stain(cell, y, x, around, self.vary(self.p.weak_od), EVEN, 0.15, table, 0.3)
        return cell

    def _stain(
        self,
        cell: Cell,
        y: float,
        x: float,
        table: Table,
        od: float,
        texture: int,
        gain: float,
        hole: Table | None,
        over: float,
        place: tuple[float, float] | None = None,
        vacuoles: float = NO_VACUOLES,
    ) -> None:
        hole_y, hole_x = place or (y, x)
        cell.parts.append(
            Part(
                CHROMOGEN, y, x, table, 1.0 / self.px, od, texture, gain, vacuoles,
                NO_HOLE if hole is None else hole, hole_y, hole_x, 1.0 if hole is None else over,
            )
        )  # fmt: skip

    def tumour(self, y: float, x: float, cells: int = 1) -> Cell:
        """A tumour cell, or a cluster of them."""
        found = Cell("tumour_cell", y, x)
        for k in range(cells):
            angle = 2 * np.pi * k / max(cells, 1) + self.rng.uniform(-0.3, 0.3)
            radius = self.rng.uniform(5.2, 8.0)
            away = 0.0 if cells == 1 else radius * 1.25 / np.sin(np.pi / max(cells, 2)) / self.px
            cy, cx = y + away * np.sin(angle), x + away * np.cos(angle)
            wide = radius * self.rng.uniform(1.35, 1.75)
            aside = self.rng.uniform(0, 0.35) * (wide - radius) / self.px
            turn = self.rng.uniform(0, 2 * np.pi)
            ny, nx = cy + aside * np.sin(turn), cx + aside * np.cos(turn)
            table = self.nucleus(found, ny, nx, radius, self.vary(0.85 * self.p.nuclear_od, 0.15))
            around = outline(self.rng, wide / self.px, 0.08, self.rng.uniform(1, 1.3))
            gain, over = self.rng.uniform(0.25, 0.5), self.rng.uniform(0.15, 0.7)
            od = self.vary(self.p.stain_od)
            self._stain(found, cy, cx, around, od, FIBRES, gain, table, over, (ny, nx))
        return found

    def probable(self, y: float, x: float) -> Cell:
        """A cell between a tumour cell and a haematopoietic one."""
        found = Cell("probable", y, x)
        radius = self.rng.uniform(4.3, 4.9)
        table = self.nucleus(found, y, x, radius, self.vary(self.p.nuclear_od, 0.15))
        around = outline(self.rng, radius * self.rng.uniform(1.25, 1.5) / self.px, 0.08, 1.1)
        over = self.rng.uniform(0.6, 0.9)
        self._stain(found, y, x, around, self.vary(0.9 * self.p.stain_od), FIBRES, 0.5, table, over)
        return found

    def degenerated(self, y: float, x: float) -> Cell:
        """What is left of a tumour cell: no nucleus, or a shrunken dark one, and vacuoles."""
        found = Cell("degenerated", y, x)
        if self.rng.random() < 0.4:
            radius = self.rng.uniform(2.0, 2.7)
            self.nucleus(found, y, x, radius, 1.5 * self.p.nuclear_od)
        around = outline(self.rng, self.rng.uniform(6, 9) / self.px, 0.18, 1.2)
        od = self.vary(0.8 * self.p.stain_od)
        self._stain(found, y, x, around, od, EVEN, 0.4, None, 1.0, vacuoles=-0.6)
        return found

    def squamous(self, y: float, x: float) -> Cell:
        """A squamous cell."""
        found = Cell("squamous", y, x)
        self.nucleus(found, y, x, self.rng.uniform(3.2, 4.2), 0.9 * self.p.nuclear_od)
        around = outline(self.rng, self.rng.uniform(18, 28) / self.px, 0.12, 1.3)
        self._stain(found, y, x, around, self.vary(0.2, 0.15), EVEN, 0.1, None, 1.0)
        return found

    def debris(self, y: float, x: float) -> Cell:
        """A clot of chromogen."""
        found = Cell("debris", y, x)
        around = outline(self.rng, self.rng.uniform(1.0, 3.0) / self.px, 0.3, 1.6)
        self._stain(found, y, x, around, self.vary(1.0), EVEN, 0.2, None, 1.0)
        return found

    def pigment(self, y: float, x: float) -> Cell:
        """A few opaque grains."""
        found = Cell("pigment", y, x)
        for _ in range(self.rng.integers(1, 6)):
            dy, dx = self.rng.normal(0, 1.5 / self.px, 2)
            table = outline(self.rng, self.rng.uniform(0.4, 1.4) / self.px, 0.2, 1.2)
            od = self.rng.uniform(0.8, 1.6)
            found.parts.append(Part(PIGMENT, y + dy, x + dx, table, 0.5 / self.px, od, EVEN, 0.1))
        return found


ROOM_UM = {
    "tumour": 16.0, "clusters": 32.0, "probable": 9.0, "degenerated": 11.0, "squamous": 32.0,
    "debris": 5.0, "pigment": 4.0,
}  # fmt: skip


def place_cells(p: MarrowParameters) -> list[Cell]:
    """All cells of a slide: the few of the rare kinds first, then the marrow's own between them."""
    rng = np.random.default_rng(p.seed)
    painter = Painter(p, rng)
    taken: list[tuple[float, float, float]] = []
    cells = []
    for kind, room_um in ROOM_UM.items():
        for _ in range(getattr(p, kind)):
            y, x = _free_place(p, rng, taken, room_um / p.pixel_size_um)
            taken.append((y, x, room_um / p.pixel_size_um))
            if kind == "clusters":
                cells.append(painter.tumour(y, x, int(rng.integers(2, 6))))
            else:
                cells.append(getattr(painter, kind)(y, x))
    places, radii = _marrow_places(p, rng, taken)
    order = rng.permutation(len(places))
    stained = set(order[: p.stained].tolist())
    for k, ((y, x), radius) in enumerate(zip(places, radii, strict=True)):
        cells.append(painter.haematopoietic(y, x, radius, k in stained))
    return cells


def _in_spot(
    p: MarrowParameters, y: NDArray[np.float64], x: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Places that cells may lie at."""
    if not p.spot:
        return np.ones(len(y), bool)
    away = np.hypot((y / p.height_px - 0.5) * 2, (x / p.width_px - 0.5) * 2)
    return np.asarray(away < 0.9)


def _free_place(
    p: MarrowParameters,
    rng: np.random.Generator,
    taken: list[tuple[float, float, float]],
    room: float,
) -> tuple[float, float]:
    for _ in range(10_000):
        y = rng.uniform(room, p.height_px - room)
        x = rng.uniform(room, p.width_px * (1 - p.blurred_share) - room)
        if not _in_spot(p, np.array([y]), np.array([x]))[0]:
            continue
        if all(np.hypot(y - b, x - c) > room + other for b, c, other in taken):
            return float(y), float(x)
    raise ValueError("the slide is too full for its cells")


def _marrow_places(
    p: MarrowParameters, rng: np.random.Generator, taken: list[tuple[float, float, float]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres in pixels and radii in um of the marrow's nuclei, none nearer than they may be."""
    n = int(p.nuclei * 3.0) + 50
    edge = 6 / p.pixel_size_um
    y, x = rng.uniform(edge, p.height_px - edge, n), rng.uniform(edge, p.width_px - edge, n)
    # lymphocytes, and the larger cells of the other lines
    radius = np.where(rng.random(n) < 0.55, rng.normal(3.3, 0.22, n), rng.normal(4.3, 0.5, n))
    radius = np.clip(radius, 2.7, 5.6)
    kept = _in_spot(p, y, x)
    for b, c, room in taken:
        kept &= np.hypot(y - b, x - c) > room + radius / p.pixel_size_um
    y, x, radius = y[kept], x[kept], radius[kept]
    places = np.stack([y, x], axis=1)
    pairs = cKDTree(places).query_pairs(11.5 / p.pixel_size_um, output_type="ndarray")
    first, second = pairs.min(axis=1), pairs.max(axis=1)
    apart = np.hypot(*(places[first] - places[second]).T) * p.pixel_size_um
    touching = apart < (1 - p.overlap) * 1.12 * (radius[first] + radius[second])
    first, second = first[touching], second[touching]
    keep = np.ones(len(places), bool)
    order = np.lexsort((second, first))
    for i, j in zip(first[order].tolist(), second[order].tolist(), strict=True):
        if keep[i] and keep[j]:
            keep[j] = False
    chosen = np.flatnonzero(keep)[: p.nuclei]
    return places[chosen], radius[chosen]
