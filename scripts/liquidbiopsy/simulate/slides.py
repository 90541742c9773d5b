"""Cut the frames of a simulated slide from its scene."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from liquidbiopsy.simulate.optics import Microscope
from liquidbiopsy.simulate.parameters import SlideParameters
from liquidbiopsy.simulate.scene import Scene, build_scene
from liquidbiopsy.simulate.shapes import draw


@dataclass(frozen=True)
class Frame:
    """Where one frame lies and how sharp it is."""

    frame: int
    """Number in the order of acquisition, from 0."""
    row: int
    """Row of the stage grid, from the top."""
    column: int
    """Column of the stage grid, from the left."""
    x_px: int
    """Left edge on the slide, pixels."""
    y_px: int
    """Top edge on the slide, pixels."""
    blur_um: float
    """Blur beyond that of the optics in focus, standard deviation, µm."""
    out_of_focus: bool
    """Whether this frame was meant to be lost to focus."""


def frame_list(parameters: SlideParameters) -> list[Frame]:
    """Return the frames of a slide in the order of acquisition."""
    p = parameters
    rng = np.random.default_rng([p.seed, 5])
    lost = rng.permutation(p.frames) < round(p.out_of_focus_fraction * p.frames)
    frames = []
    for number in range(p.frames):
        row, column = divmod(number, p.columns)
        if p.order == "serpentine" and row % 2:
            column = p.columns - 1 - column
        jitter = rng.integers(-p.stage_jitter_px, p.stage_jitter_px + 1, 2)
        blur = abs(p.defocus_um * float(np.clip(rng.standard_normal(), -2.5, 2.5)))
        if lost[number]:
            blur = p.out_of_focus_um * float(rng.uniform(0.8, 1.2))
        x = column * (p.frame_width_px - p.overlap_px) + int(jitter[0])
        y = row * (p.frame_height_px - p.overlap_px) + int(jitter[1])
        frames.append(Frame(number, row, column, x, y, blur, bool(lost[number])))
    return frames


class SimulatedSlide:
    """A slide: its scene, its truth and its frames, drawn one at a time."""

    def __init__(self, parameters: SlideParameters) -> None:
        self.parameters = parameters
        self.scene: Scene = build_scene(parameters)
        self.frames = frame_list(parameters)
        self.microscope = Microscope(parameters)
        bodies = self.scene.bodies
        self._x = np.array([b.x_um for b in bodies]) / parameters.pixel_size_um
        self._y = np.array([b.y_um for b in bodies]) / parameters.pixel_size_um
        self._r = np.array([b.radius_um for b in bodies]) / parameters.pixel_size_um

    def frame_table(self) -> pd.DataFrame:
        """Return the frames, one a row, with the fields of `Frame` as columns."""
        return pd.DataFrame([vars(frame) for frame in self.frames])

    def truth(self) -> pd.DataFrame:
        """Return the objects on the slide.

        Returns
        -------
        DataFrame
            object_id, kind, detail, x_um, y_um (on the slide), frames (numbers, with commas, of
            all frames that show part of the object), diameter_um (circle of equal area), nuclei,
            `<channel>_signal` (sigma) and `<marker>_level` (0 to 3, tumour cells only).
        """
        p = self.parameters
        table = self.scene.truth(p)
        x, y = table["x_um"] / p.pixel_size_um, table["y_um"] / p.pixel_size_um
        radius = table["diameter_um"] / 2 / p.pixel_size_um
        seen: list[list[str]] = [[] for _ in range(len(table))]
        for frame in self.frames:
            dx = x - np.clip(x, frame.x_px, frame.x_px + p.frame_width_px)
            dy = y - np.clip(y, frame.y_px, frame.y_px + p.frame_height_px)
            for index in np.flatnonzero(dx**2 + dy**2 < radius**2):
                seen[index].append(str(frame.frame))
        table.insert(5, "frames", [",".join(numbers) for numbers in seen])
        for marker in p.markers:
            table[f"{marker}_level"] = table[f"{marker}_level"].astype("Int64")
        return table

    def light(self, frame: Frame) -> NDArray[np.float32]:
        """Return the unblurred photo-electrons of a frame and its margin, (channel, y, x)."""
        p, margin = self.parameters, self.microscope.margin_px
        height, width = p.frame_height_px + 2 * margin, p.frame_width_px + 2 * margin
        canvas = np.zeros((len(p.channels), height, width), np.float32)
        left, top = frame.x_px - margin, frame.y_px - margin
        reach = 1.5 * self._r + 32
        near = (self._x + reach > left) & (self._x - reach < left + width)
        near &= (self._y + reach > top) & (self._y - reach < top + height)
        for index in np.flatnonzero(near):
            patch = draw(self.scene.bodies[index], p)
            x, y = patch.x_px - left, patch.y_px - top
            rows, columns = patch.electrons.shape[1:]
            y0, y1 = max(y, 0), min(y + rows, height)
            x0, x1 = max(x, 0), min(x + columns, width)
            if y0 < y1 and x0 < x1:
                canvas[:, y0:y1, x0:x1] += patch.electrons[:, y0 - y : y1 - y, x0 - x : x1 - x]
        return canvas

    def images(self) -> Iterator[NDArray[np.unsignedinteger]]:
        """Yield the frames in order: uint8 or uint16 counts, (channel, y, x)."""
        for frame in self.frames:
            light = self.light(frame)
            yield self.microscope.expose(light, frame.frame, frame.x_px, frame.y_px, frame.blur_um)
