"""Slides of blood cells with known truth: parameters, cells, and frames as a camera sees them.

Light is drawn on one canvas for the whole slide in units of counts, frames are cut from it, then
lens (blur, uneven light) and camera (noise, offset, bits) act on each frame by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .camera import expose, illumination, patches
from .population import Population, populate

CHANNELS = ("nucleus", "cytokeratin", "leukocyte")


@dataclass(frozen=True)
class Settings:
    """Everything that makes one slide. Lengths end in their unit; signals are in noise sd."""

    # geometry
    frame_shape: tuple[int, int] = (1000, 1000)
    grid: tuple[int, int] = (2, 2)  # rows, columns of frames
    overlap_px: int = 0
    order: str = "raster"  # or serpentine
    pixel_size_um: float = 0.64
    # cells: leukocytes a frame, everything else a slide
    leukocytes: int = 200
    ctcs: int = 30
    clusters: int = 0
    fragments: int = 0
    double_positives: int = 0
    beside: int = 0  # CTCs with a bright leukocyte touching them
    beside_gap: float = 1.0  # its distance over the sum of the radii
    in_clumps: int = 0  # CTCs within 4 to 8 touching leukocytes
    blebs: int = 0  # cytokeratin and DNA, but under 3 µm
    bare_nuclei: int = 0
    ghosts: int = 0  # cytokeratin as big as a cell, no nucleus
    dust: int = 0  # shapeless, bright in every channel
    fibres: int = 0
    clumps: int = 0  # 6 to 15 leukocytes that touch
    dim_ctcs: int = 0  # too weak to be sure of: ignored in the score
    empty_frames: tuple[int, ...] = ()
    closeness: float = 1.05  # least distance of neighbours over the sum of their radii
    clearance_um: float = 1.5  # further gap kept around everything but leukocytes
    edge_margin_um: float = 12.0  # no cell closer to the slide's edge; negative: cut there
    # sizes, mean and sd of diameters
    ctc_um: tuple[float, float] = (12.0, 1.5)
    leukocyte_um: tuple[float, float] = (9.0, 0.8)
    ctc_stretch: float = 1.25  # greatest square root of its axes' ratio
    # looks
    outline: str = "ellipse"  # disc, ellipse, superellipse, blob
    cytokeratin: str = "filled"  # filled, perinuclear, speckles
    cd45: str = "filled"  # filled, ring
    lobed: float = 0.0  # share of leukocytes with a lobed nucleus
    texture: float = 0.0  # relative sd of smooth unevenness within a cell
    # signal over noise
    signal_mode: str = "mean"  # mean, cell, peak: see shapes.to_unit
    signal: float = 10.0  # cytokeratin of CTCs, the least
    signal_spread: float = 0.0  # log sd by which CTCs are brighter than that
    nucleus_signal: float = 15.0
    cd45_signal: float = 10.0
    spread: float = 0.15  # log sd between cells, of all but a CTC's cytokeratin
    bleed: float = 0.0  # share of a cell's cytokeratin seen in the leukocyte channel and back
    markers: dict[str, tuple[float, ...]] = field(default_factory=dict)  # signal at each level
    # lens
    blur_px: float = 0.8
    out_of_focus: dict[int, float] = field(default_factory=dict)  # frame: further blur in px
    channel_shift_px: tuple[float, float] = (
        0.0,
        0.0,
    )  # x, y of each channel against the one before
    background: float = 200.0
    shade: str = "flat"  # flat, gradient, vignette, patchy; turned in every other channel
    shade_depth: float = 0.5  # relative change of light over the frame
    patch_um: float = 150.0
    flicker: float = 0.0  # relative sd of the lamp's light between frames
    # camera
    noise: str = "gaussian"  # or poisson
    noise_sd: float = 10.0  # at the background's level
    noise_grain_px: float = 0.0  # neighbouring pixels share noise over this distance
    banding: float = 0.0  # sd of rows against each other, in noise sd
    hot_pixels: int = 0  # a frame
    offset: float = 100.0
    bits: int = 16


@dataclass
class Slide:
    """A slide ready to be read frame by frame, with its truth.

    `truth` has a row for each object: kind, x_um, y_um (on the slide), frame, x_px, y_px (in that
    frame), nuclei, area_um2, signal (cytokeratin over noise at that place), a column for each
    marker's level (-1 where there is none), cut (reaches over its frame's border) and ignore.
    """

    settings: Settings
    seed: int
    channels: tuple[str, ...]
    truth: pd.DataFrame
    canvas: dict[str, NDArray[np.float32]]
    nucleus_labels: NDArray[np.int32]

    @property
    def n_frames(self) -> int:
        """Frames on the slide."""
        return self.settings.grid[0] * self.settings.grid[1]

    def corner(self, frame: int) -> tuple[int, int]:
        """Row and column on the canvas of a frame's first pixel."""
        return frame_corner(self.settings, frame)

    def labels(self, frame: int) -> NDArray[np.int32]:
        """True nuclei of a frame as a label image."""
        y, x = self.corner(frame)
        height, width = self.settings.frame_shape
        return self.nucleus_labels[y : y + height, x : x + width]

    def frame(self, frame: int) -> NDArray[np.unsignedinteger]:
        """One frame, (channels, rows, columns), as the camera gives it."""
        y, x = self.corner(frame)
        height, width = self.settings.frame_shape
        planes = []
        for index, channel in enumerate(self.channels):
            light = self.canvas[channel][y : y + height, x : x + width]
            rng = np.random.default_rng([self.seed, 7, frame, index])
            planes.append(expose(light, self.settings, frame, index, rng))
        return np.stack(planes)

    def frames(self) -> Iterator[NDArray[np.unsignedinteger]]:
        """All frames in order of their numbers."""
        return (self.frame(k) for k in range(self.n_frames))

    def mosaic(self) -> NDArray[np.unsignedinteger]:
        """The whole slide as one image, frames set side by side (no overlap allowed)."""
        s = self.settings
        if s.overlap_px:
            raise ValueError("a mosaic is made of frames that do not overlap")
        shape = canvas_shape(s)
        first = self.frame(0)
        whole = np.zeros((len(self.channels), *shape), first.dtype)
        for k in range(self.n_frames):
            y, x = self.corner(k)
            whole[:, y : y + s.frame_shape[0], x : x + s.frame_shape[1]] = self.frame(k)
        return whole


def make_slide(seed: int = 0, **parameters: Any) -> Slide:
    """Draw a slide; `parameters` are those of `Settings`."""
    settings = Settings(**parameters)
    population: Population = populate(settings, canvas_shape(settings), seed)
    channels = (*CHANNELS, *settings.markers)
    truth = _locate(population.truth, settings)
    if settings.shade == "patchy":
        for index, channel in enumerate(channels):
            haze = patches(canvas_shape(settings), settings, [seed, 5, index])
            population.canvas[channel] += haze
    return Slide(settings, seed, channels, truth, population.canvas, population.labels)


def canvas_shape(s: Settings) -> tuple[int, int]:
    """Rows and columns of the whole slide in px."""
    (rows, columns), (height, width) = s.grid, s.frame_shape
    step_y, step_x = height - s.overlap_px, width - s.overlap_px
    return step_y * (rows - 1) + height, step_x * (columns - 1) + width


def frame_corner(s: Settings, frame: int) -> tuple[int, int]:
    """Row and column on the canvas of a frame's first pixel."""
    row, column = divmod(frame, s.grid[1])
    if s.order == "serpentine" and row % 2:
        column = s.grid[1] - 1 - column
    return row * (s.frame_shape[0] - s.overlap_px), column * (s.frame_shape[1] - s.overlap_px)


def _locate(truth: pd.DataFrame, s: Settings) -> pd.DataFrame:
    """Add the frame each object is most central in, and its place there and on the slide."""
    x, y = truth.pop("x").to_numpy(float), truth.pop("y").to_numpy(float)
    (height, width), half = s.frame_shape, s.overlap_px / 2
    column = np.clip((x - half) // (width - s.overlap_px), 0, s.grid[1] - 1).astype(int)
    row = np.clip((y - half) // (height - s.overlap_px), 0, s.grid[0] - 1).astype(int)
    in_row = np.where((s.order == "serpentine") & (row % 2 == 1), s.grid[1] - 1 - column, column)
    truth.insert(1, "x_um", x * s.pixel_size_um)
    truth.insert(2, "y_um", y * s.pixel_size_um)
    truth.insert(3, "frame", row * s.grid[1] + in_row)
    truth.insert(4, "x_px", x - column * (width - s.overlap_px))
    truth.insert(5, "y_px", y - row * (height - s.overlap_px))
    if len(truth):
        # light that falls off takes the cell's signal with it
        lit = illumination(s, CHANNELS.index("cytokeratin"))
        at_y = np.clip(truth["y_px"].round(), 0, height - 1).to_numpy(int)
        at_x = np.clip(truth["x_px"].round(), 0, width - 1).to_numpy(int)
        fall = lit[at_y, at_x]
        truth["signal"] *= np.sqrt(fall) if s.noise == "poisson" else fall
        reach = truth["reach_um"] / s.pixel_size_um
        inside_x = truth["x_px"].between(reach, width - 1 - reach)
        inside_y = truth["y_px"].between(reach, height - 1 - reach)
        truth["cut"] = ~(inside_x & inside_y)
        lost = [frame for frame, blur in s.out_of_focus.items() if blur >= 5.0]
        truth["ignore"] |= truth["frame"].isin(lost)
    return truth
