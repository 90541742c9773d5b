"""Draws cells on the canvas of a slide, and notes what it has drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import shapes
from .shapes import Outline

if TYPE_CHECKING:
    from .slides import Settings

COLUMNS = ["kind", "x", "y", "nuclei", "area_um2", "reach_um", "signal", "ignore"]
WITH_TUMOUR_CELL = ("ctc", "ctc_cluster", "beside", "in_clump", "dim_ctc")


class Brush:
    """Adds the light of objects to the canvas and notes the truth."""

    def __init__(self, s: Settings, shape: tuple[int, int], rng: np.random.Generator) -> None:
        self.s, self.shape, self.rng = s, shape, rng
        channels = ("nucleus", "cytokeratin", "leukocyte", *s.markers)
        self.canvas = {c: np.zeros(shape, np.float32) for c in channels}
        self.labels = np.zeros(shape, np.int32)
        self.n_nuclei = 0
        self.rows: list[dict[str, Any]] = []

    def is_empty(self, x: float, y: float, reach: float) -> bool:
        """Whether an object there would show in a frame that is to stay empty."""
        from .slides import frame_corner

        height, width = self.s.frame_shape
        for frame in self.s.empty_frames:
            y0, x0 = frame_corner(self.s, frame)
            far_x, far_y = abs(x - x0 - width / 2), abs(y - y0 - height / 2)
            if far_x < width / 2 + 2 * reach and far_y < height / 2 + 2 * reach:
                return True
        return False

    def draw(self, kind: str, cells: list[Outline], reach: float) -> None:
        """Draw one object and note it; leukocytes that belong to it are noted by themselves."""
        s, cell = self.s, cells[0]
        signal = 0.0
        if kind in WITH_TUMOUR_CELL:
            signal = s.signal * float(np.exp(abs(self.rng.normal(0.0, s.signal_spread))))
            signal = 0.35 * s.signal if kind == "dim_ctc" else signal
            level = self._level()
            for one in cells if kind == "ctc_cluster" else cells[:1]:
                self._tumour_cell(one, signal, level)
            members = cells if kind == "ctc_cluster" else cells[:1]
            name = "ctc" if kind in ("beside", "in_clump") else kind
            self._note(name, members, reach, signal, len(members), level, kind == "dim_ctc")
            if kind in ("beside", "in_clump"):
                bright = 3.0 if kind == "beside" else 1.0
                self._leukocytes(cells[1:], bright)
            return
        if kind == "clump":
            self._leukocytes(cells, 1.0)
            return
        if kind == "leukocyte":
            self._leukocyte(cell, self._vary())
        elif kind == "double_positive":
            signal = s.signal
            self._tumour_cell(cell, signal, None)
            self._light("leukocyte", cell, s.cd45, max(s.cd45_signal, 6.0) * self._vary())
        elif kind in ("ghost", "tdev"):
            signal = s.signal * self._vary()
            self._light("cytokeratin", cell, "filled", signal)
        elif kind == "bare_nucleus":
            self._nucleus(cell, s.nucleus_signal * self._vary())
        elif kind == "fibre":
            signal = 3 * s.signal
            self._light("cytokeratin", cell, "fibre", signal)
            self._light("nucleus", cell, "fibre", signal * self.rng.uniform(0.0, 0.5))
            self._light("leukocyte", cell, "fibre", signal * self.rng.uniform(0.0, 0.5))
        elif kind == "blebs":
            # a bit of a dead cell, with cytokeratin and DNA but far too small
            signal = s.signal
            self._light("cytokeratin", cell, "filled", signal)
            self._light("nucleus", cell.scaled(0.8), "filled", s.nucleus_signal)
        elif kind == "dust":
            signal = 4 * s.signal * self._vary()
            for piece in cells:
                for channel in self.canvas:
                    self._light(channel, piece, "filled", signal * self.rng.uniform(0.6, 1.2))
        nuclei = int(kind in ("leukocyte", "double_positive", "bare_nucleus"))
        self._note(kind, [cell], reach, signal, nuclei)

    def _note(
        self,
        kind: str,
        cells: list[Outline],
        reach: float,
        signal: float,
        nuclei: int,
        level: dict[str, int] | None = None,
        ignore: bool = False,
    ) -> None:
        area = np.array([c.a * c.b for c in cells])
        x = float(np.average([c.x for c in cells], weights=area))
        y = float(np.average([c.y for c in cells], weights=area))
        height, width = self.shape
        cut = not (reach <= x <= width - 1 - reach and reach <= y <= height - 1 - reach)
        um = self.s.pixel_size_um
        row = dict.fromkeys(self.s.markers, -1) if level is None else dict(level)
        values = (kind, x, y, nuclei, np.pi * area.sum() * um**2, reach * um, signal, ignore or cut)
        self.rows.append({**dict(zip(COLUMNS, values, strict=True)), **row})

    def _vary(self) -> float:
        return float(np.exp(self.rng.normal(0.0, self.s.spread)))

    def _level(self) -> dict[str, int]:
        return {m: int(self.rng.integers(len(v))) for m, v in self.s.markers.items()}

    def _tumour_cell(self, cell: Outline, signal: float, level: dict[str, int] | None) -> None:
        s = self.s
        far = self.rng.uniform(0.0, 0.15) * cell.radius
        turn = self.rng.uniform(0, 2 * np.pi)
        size = self.rng.uniform(0.55, 0.7)
        nucleus = cell.scaled(size, far * np.cos(turn), far * np.sin(turn))
        self._nucleus(nucleus, s.nucleus_signal * self._vary())
        self._light("cytokeratin", cell, s.cytokeratin, signal, nucleus)
        self._light("leukocyte", cell, "filled", signal * s.bleed)
        for marker, grade in (level or {}).items():
            self._light(marker, cell, "ring", s.markers[marker][grade])

    def _leukocytes(self, cells: list[Outline], brightness: float) -> None:
        for cell in cells:
            self._leukocyte(cell, brightness * self._vary())
            self._note("leukocyte", [cell], cell.radius, 0.0, 1)

    def _leukocyte(self, cell: Outline, brightness: float) -> None:
        s = self.s
        nucleus = cell.scaled(self.rng.uniform(0.7, 0.85))
        self._nucleus(nucleus, s.nucleus_signal * self._vary(), self.rng.uniform() < s.lobed)
        self._light("leukocyte", cell, s.cd45, s.cd45_signal * brightness)
        self._light("cytokeratin", cell, s.cd45, s.cd45_signal * brightness * s.bleed)

    def _nucleus(self, outline: Outline, signal: float, lobed: bool = False) -> None:
        lobes = [outline]
        if lobed:
            turn = self.rng.uniform(0, 2 * np.pi) + np.arange(3) * 2.0
            far = 0.5 * outline.radius
            lobes = [outline.scaled(0.55, far * np.cos(t), far * np.sin(t)) for t in turn]
        self.n_nuclei += 1
        for lobe in lobes:
            self._light("nucleus", lobe, "filled", signal)
            at = shapes.patch(self.shape, lobe, 1.0)
            if at is not None:
                window = self.labels[at.rows, at.columns]
                window[(shapes.distance(lobe, at) < 0) & (window == 0)] = self.n_nuclei

    def _light(
        self,
        channel: str,
        cell: Outline,
        pattern: str,
        signal: float,
        nucleus: Outline | None = None,
    ) -> None:
        """Add light of `signal` noise sd (see `Settings.signal_mode`) in one channel."""
        s = self.s
        steps = list(self.canvas).index(channel)
        cell = cell.scaled(1.0, steps * s.channel_shift_px[0], steps * s.channel_shift_px[1])
        at = shapes.patch(self.shape, cell, 4 * s.blur_px + 2)
        if at is None or signal <= 0.0:
            return
        um = 1 / s.pixel_size_um
        if pattern == "ring":
            light = shapes.ring(cell, at, s.blur_px, 1.2 * um)
        elif pattern == "perinuclear" and nucleus is not None:
            light = shapes.perinuclear(cell, nucleus, at, s.blur_px)
        elif pattern == "speckles":
            light = shapes.speckles(cell, at, s.blur_px, self.rng, 0.6 * um)
        elif pattern == "fibre":
            light = shapes.fibre(cell, at, s.blur_px, 1.5 * um, 0.2)
        elif s.outline == "blob":
            light = shapes.blob(cell, at, s.blur_px)
        else:
            light = shapes.filled(cell, at, s.blur_px)
        mode = "cell" if pattern == "speckles" and s.signal_mode == "mean" else s.signal_mode
        light = shapes.to_unit(light, shapes.distance(cell, at) < 0, mode)
        if s.texture:
            light = light * shapes.texture(light.shape, 1.0 * um, s.texture, self.rng)
        self.canvas[channel][at.rows, at.columns] += (signal * s.noise_sd * light).astype("f4")
