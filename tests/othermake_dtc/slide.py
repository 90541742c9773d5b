"""A slide of the second make."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .draw import blob, cover, fractal, threads
from .recipe import DYES, Recipe


@dataclass(frozen=True)
class Made:
    """A picture and what is on it."""

    picture: NDArray[np.uint8]
    truth: pd.DataFrame
    """kind, x_px, y_px, nuclei."""
    nuclei: NDArray[np.float64]
    """x and y in pixels."""


class _Bench:
    """The two dyes on a slide in the making."""

    def __init__(self, r: Recipe) -> None:
        self.r, self.rng = r, np.random.default_rng([r.seed, 77])
        self.um = 1 / r.um_per_px
        shape = (r.side_px, r.side_px)
        self.blue, self.dye, self.black = (np.zeros(shape, np.float32) for _ in range(3))
        self.chromatin = fractal(self.rng, 256, (2.0 * self.um, 0.8 * self.um))
        self.clouds = fractal(self.rng, 256, (3.0 * self.um, 1.2 * self.um))
        self.busy: list[tuple[float, float, float]] = []
        self.rows: list[dict[str, object]] = []
        self.nuclei: list[tuple[float, float]] = []

    def lay(
        self,
        layer: NDArray[np.float32],
        points: NDArray[np.float64],
        x: float,
        y: float,
        amount: float,
        texture: NDArray[np.float32] | None = None,
        much: float = 0.0,
        spare: tuple[NDArray[np.float64], float, float, float] | None = None,
    ) -> None:
        """Add dye within a polygon, less over what is spared."""
        patch, left, top = cover(points, x, y, layer.shape)
        if not patch.size:
            return
        h, w = patch.shape
        if texture is not None:
            j, i = self.rng.integers(0, 256, 2)
            rows, columns = (np.arange(h) + i) % 256, (np.arange(w) + j) % 256
            patch = patch * np.clip(1 + much * texture[rows][:, columns], 0.05, None)
        if spare is not None:
            inner, sx, sy, kept = spare
            over, l2, t2 = cover(inner, sx, sy, layer.shape)
            mask = np.zeros_like(patch)
            y0, x0 = max(0, t2 - top), max(0, l2 - left)
            part = over[max(0, top - t2) :, max(0, left - l2) :][: h - y0, : w - x0]
            mask[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]] = part
            patch = patch * (1 - (1 - kept) * mask)
        layer[top : top + h, left : left + w] += amount * patch

    def nucleus(self, x: float, y: float, radius: float, amount: float, flat: float = 1.0,
                wobble: float = 0.05) -> NDArray[np.float64]:  # fmt: skip
        points = blob(self.rng, radius * self.um, wobble, flat)
        self.lay(self.blue, points, x, y, amount, self.chromatin, self.rng.uniform(0.08, 0.3))
        return points

    def spot(self, room: float) -> tuple[float, float]:
        side, edge = self.r.side_px, room * self.um
        for _ in range(5000):
            x, y = self.rng.uniform(edge, side - edge, 2)
            if not self.inside(x, y):
                continue
            if all(
                (x - a) ** 2 + (y - b) ** 2 > ((room + c) * self.um) ** 2 for a, b, c in self.busy
            ):
                self.busy.append((x, y, room))
                return float(x), float(y)
        raise ValueError("no room")

    def inside(self, x: float, y: float) -> bool:
        if not self.r.round_field:
            return True
        half = self.r.side_px / 2
        return bool(np.hypot(x - half, y - half) < 0.88 * half)

    def note(self, kind: str, x: float, y: float, nuclei: int) -> None:
        self.rows.append({"kind": kind, "x_px": x, "y_px": y, "nuclei": nuclei})

    def keratin(self, x: float, y: float) -> None:
        """One tumour cell."""
        rng, r = self.rng, self.r
        small = rng.uniform(5.3, 7.6)
        large = small * rng.uniform(1.3, 1.9)
        off = rng.uniform(0, 0.5) * (large - small) * self.um
        turn = rng.uniform(0, 2 * np.pi)
        nx, ny = x + off * np.cos(turn), y + off * np.sin(turn)
        inner = self.nucleus(
            nx, ny, small, r.chromatin * rng.uniform(0.6, 1.0), rng.uniform(0.85, 1.15)
        )
        self.nuclei.append((nx, ny))
        body = blob(rng, large * self.um, 0.07, rng.uniform(0.85, 1.2))
        side = int(4 * large * self.um)
        lines = threads(rng, max(256, side), 0.8 * self.um, 40)[:256, :256] - 0.3
        amount, kept = r.keratin * rng.uniform(0.6, 1.4), rng.uniform(0.1, 0.8)
        self.lay(
            self.dye, body, x, y, amount, lines * 1.6, rng.uniform(0.3, 0.8), (inner, nx, ny, kept)
        )

    def marrow_cell(self, x: float, y: float, kind: str) -> None:
        """A cell of the marrow: lymphocyte, monocyte-like, or granulocyte with lobes."""
        rng, r = self.rng, self.r
        amount = r.chromatin * rng.uniform(0.75, 1.25)
        draw = rng.random()
        self.nuclei.append((x, y))
        if kind == "plain" and draw < 0.06:  # lobes
            spin, reach = rng.uniform(0, np.pi), 1.7 * self.um
            for k in (-1, 0, 1):
                bow = 0.5 * self.um * (k == 0)
                self.nucleus(
                    x + k * reach * np.cos(spin) + bow,
                    y + k * reach * np.sin(spin),
                    1.9,
                    0.8 * amount,
                )
            return
        radius = rng.uniform(3.0, 3.8) if draw < 0.6 else rng.uniform(3.7, 5.0)
        points = blob(rng, radius * rng.uniform(1.2, 1.6) * self.um, 0.05)
        self.lay(self.blue, points, x, y, 0.05)
        inner = self.nucleus(x, y, radius, amount, rng.uniform(0.85, 1.18))
        if kind == "tinged":
            self.lay(
                self.dye,
                points,
                x,
                y,
                r.tinge * rng.uniform(0.6, 1.3),
                self.clouds,
                0.1,
                (inner, x, y, 0.3),
            )
            self.note("tinged", x, y, 1)
        elif kind == "plasma":
            wide = blob(rng, radius * 1.7 * self.um, 0.06)
            ox = x + 0.5 * radius * self.um
            holes = np.where(self.clouds > 0.9, -0.9, 0).astype(np.float32)
            self.lay(self.dye, wide, ox, y, 1.6 * r.tinge, holes, 1.0, (inner, x, y, 0.15))
            self.note("plasma", x, y, 1)


def make(r: Recipe) -> Made:
    """Make a slide; equal recipes give equal bytes."""
    b = _Bench(r)
    rng = b.rng
    for _ in range(r.groups):
        x, y = b.spot(30)
        n = int(rng.integers(2, 5))
        for k in range(n):
            angle = 2 * np.pi * k / n
            away = (0 if n == 1 else 9.5 / np.sin(np.pi / max(n, 2)) * 0.85) * b.um
            b.keratin(x + away * np.cos(angle), y + away * np.sin(angle))
        b.note("tumour", x, y, n)
    for _ in range(r.tumour):
        x, y = b.spot(15)
        b.keratin(x, y)
        b.note("tumour", x, y, 1)
    for _ in range(r.squames):
        x, y = b.spot(32)
        b.lay(b.dye, blob(rng, 24 * b.um, 0.12, 1.15), x, y, 0.22, b.clouds, 0.1)
        b.nucleus(x, y, 3.8, r.chromatin)
        b.nuclei.append((x, y))
        b.note("squame", x, y, 1)
    for _ in range(r.rotten):
        x, y = b.spot(11)
        holes = np.where(b.clouds > 0.4, -0.95, 0.2).astype(np.float32)
        b.lay(b.dye, blob(rng, rng.uniform(6, 9) * b.um, 0.2), x, y, 0.8 * r.keratin, holes, 1.0)
        b.note("rotten", x, y, 0)
    for _ in range(r.giants):
        x, y = b.spot(24)
        b.nucleus(x, y, 11, r.chromatin * 0.9, 1.1, 0.16)
        b.lay(b.blue, blob(rng, 19 * b.um, 0.08), x, y, 0.06)
        b.nuclei.append((x, y))
        b.note("giant", x, y, 1)
    for _ in range(r.crumbs):
        x, y = b.spot(4)
        b.lay(b.dye, blob(rng, rng.uniform(0.6, 2.6) * b.um, 0.3, 1.3), x, y, rng.uniform(0.8, 2.0))
        b.note("crumb", x, y, 0)
    for _ in range(r.soot):
        x, y = b.spot(4)
        b.lay(b.black, blob(rng, rng.uniform(0.5, 2.2) * b.um, 0.25), x, y, rng.uniform(0.6, 1.5))
        b.note("soot", x, y, 0)
    _marrow(b)
    return Made(_photograph(b), pd.DataFrame(b.rows), np.array(b.nuclei).reshape(-1, 2))


def _marrow(b: _Bench) -> None:
    """The marrow's own cells: some alone, some in clumps where they touch."""
    r, rng = b.r, b.rng
    wanted = int(r.per_mm2 * (r.side_px * r.um_per_px / 1000) ** 2)
    cell = 8 * b.um
    seen: dict[tuple[int, int], list[tuple[float, float]]] = {}

    def fits(x: float, y: float, apart: float) -> bool:
        if not (5 * b.um < x < r.side_px - 5 * b.um and 5 * b.um < y < r.side_px - 5 * b.um):
            return False
        if not b.inside(x, y):
            return False
        i, j = int(y // cell), int(x // cell)
        near = (
            p for a in (i - 1, i, i + 1) for c in (j - 1, j, j + 1) for p in seen.get((a, c), [])
        )
        if any((x - p) ** 2 + (y - q) ** 2 < (apart * b.um) ** 2 for p, q in near):
            return False
        return all((x - p) ** 2 + (y - q) ** 2 > ((c + 4.5) * b.um) ** 2 for p, q, c in b.busy)

    kinds = ["tinged"] * r.tinged + ["plasma"] * r.plasma
    placed, last = 0, (0.0, 0.0)
    for _ in range(wanted * 12):
        if placed >= wanted:
            break
        if placed and rng.random() < r.clumped:
            turn, away = rng.uniform(0, 2 * np.pi), rng.uniform(7.2, 8.4) * b.um
            x, y, apart = last[0] + away * np.cos(turn), last[1] + away * np.sin(turn), 7.1
        else:
            (x, y), apart = rng.uniform(0, r.side_px, 2), 9.5
        if fits(x, y, apart):
            kind = kinds.pop() if kinds and rng.random() < 0.1 + len(kinds) / wanted else "plain"
            b.marrow_cell(x, y, kind)
            seen.setdefault((int(y // cell), int(x // cell)), []).append((x, y))
            placed, last = placed + 1, (x, y)


def _photograph(b: _Bench) -> NDArray[np.uint8]:
    """Light through the dyes, a disc of confusion for each colour, grain, compression."""
    r = b.r
    ramp = 1 + r.slope * np.linspace(-0.5, 0.5, r.side_px, dtype=np.float32)[None, :]
    blue, dye = b.blue * ramp, (b.dye + r.haze) * ramp
    radius = r.blur_um * b.um
    picture = np.empty((r.side_px, r.side_px, 3), np.uint8)
    for c in range(3):
        through = DYES["haematoxylin"][c] ** blue * DYES[r.dye][c] ** dye * 0.2**b.black
        wide = radius * (1.0, 0.95, 1.12)[c]
        size = 2 * int(np.ceil(wide)) + 1
        yy, xx = np.mgrid[:size, :size] - size // 2
        disc = np.clip(wide + 0.5 - np.hypot(xx, yy), 0, 1).astype(np.float32)
        light = r.lamp[c] * cv2.filter2D(through.astype(np.float32), -1, disc / disc.sum())
        light += b.rng.normal(0, r.grain, light.shape)
        picture[..., c] = np.clip(light + 0.5, 0, 255).astype(np.uint8)
    if r.jpeg:
        _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, r.jpeg])
        picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1], np.uint8)
    return np.ascontiguousarray(picture)
