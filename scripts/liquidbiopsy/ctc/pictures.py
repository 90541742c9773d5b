"""Small pictures of cells: each channel in grey, and channels laid over each other in colour."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SMALL, LARGEST = 48, 96  # crops below the one are enlarged, above the other reduced, in pixels
PEAK = 99.0  # percentile of a crop's pixels that stands for its brightest part
TYPICAL = 90.0  # percentile, over the events of a call, of their peaks
FLOOR = 12.0  # the window spans at least so many standard deviations of the noise
FEW = 3  # calls with fewer events do not set the window alone
DEBRIS = "artefact"

COLOURS: Mapping[str, tuple[float, float, float]] = {
    "cytokeratin": (0.10, 0.95, 0.20),
    "nucleus": (0.25, 0.38, 1.00),
    "leukocyte": (1.00, 0.18, 0.12),
}
MARKER_COLOUR = (1.00, 0.85, 0.05)


@dataclass(frozen=True)
class Crop:
    """One channel around one event, background already taken off, in counts."""

    channel: str
    pixels: NDArray[np.uint16]
    """(height, width)"""
    pixel_size_um: float


@dataclass(frozen=True)
class Window:
    """The intensities of a channel that are drawn black and white, in counts."""

    low: float
    high: float


def channel_windows(
    crops: Mapping[str, Sequence[Crop]], calls: Mapping[str, str]
) -> dict[str, Window]:
    """One window a channel for all cells of a specimen, so that their pictures compare.

    Black is the level around the cells. White is where the events of the brightest call peak, so
    that the number of leukocytes does not decide; debris has no say. A channel without signal is
    not stretched to its noise.

    Parameters
    ----------
    crops : mapping
        cell_id -> its crops.
    calls : mapping
        cell_id -> call.
    """
    peaks: dict[str, dict[str, list[float]]] = {}
    levels: dict[str, list[tuple[float, float]]] = {}
    for cell, of_cell in crops.items():
        for crop in of_cell:
            values = crop.pixels.astype(np.float64)
            levels.setdefault(crop.channel, []).append(_level_and_noise(values))
            by_call = peaks.setdefault(crop.channel, {})
            by_call.setdefault(calls.get(cell, ""), []).append(float(np.percentile(values, PEAK)))
    windows = {}
    for channel, by_call in peaks.items():
        low, noise = np.median(np.array(levels[channel]), axis=0)
        high = _white(by_call)
        windows[channel] = Window(float(low), max(high, low + FLOOR * noise, low + 1.0))
    return windows


def _white(peaks: Mapping[str, Sequence[float]]) -> float:
    """Level drawn white, from the peaks of the events of each call.

    A call's level is the 90th percentile of its peaks. The brightest call sets white; where it has
    few events, a third of the way (by ratio) to the brightest that has not, lest one cell dims all.
    """
    told = {call: v for call, v in peaks.items() if call != DEBRIS} or peaks
    levels = {call: max(float(np.percentile(v, TYPICAL)), 1.0) for call, v in told.items()}
    many = [level for call, level in levels.items() if len(told[call]) >= FEW]
    brightest = max(levels.values())
    return math.cbrt(brightest**2 * max(many, default=brightest))


def _level_and_noise(values: NDArray[np.float64]) -> tuple[float, float]:
    """Median of a crop's rim and how far its 84th percentile is above, one standard deviation.

    What lies below zero was cut off when the background was taken off, hence the upper side.
    """
    rim = np.concatenate([values[:3].ravel(), values[-3:].ravel(), values[:, :3].ravel()])
    level, above = np.percentile(rim, [50, 84])
    return float(level), float(above - level)


def cell_pictures(crops: Sequence[Crop], windows: Mapping[str, Window]) -> list[tuple[str, bytes]]:
    """The pictures of one cell as PNG files: its channels in their order, then `overlay`."""
    drawn = [(crop.channel, _drawn(crop, windows[crop.channel])) for crop in crops]
    pictures = [(name, _png((255 * grey).round().astype(np.uint8))) for name, grey in drawn]
    colours = channel_colours([name for name, _ in drawn])
    shape = drawn[0][1].shape
    overlay = np.zeros((*shape, 3))
    for name, grey in drawn:
        if name in colours and grey.shape == shape:
            overlay += grey[..., None] * np.array(colours[name])
    pictures.append(("overlay", _png((255 * overlay.clip(0, 1)).round().astype(np.uint8))))
    return pictures


def channel_colours(channels: Iterable[str]) -> dict[str, tuple[float, float, float]]:
    """The colour of each channel in the overlay: the usual three, and the first marker."""
    found = {c: COLOURS[c] for c in channels if c in COLOURS}
    markers = [c for c in channels if c not in COLOURS]
    return found | {marker: MARKER_COLOUR for marker in markers[:1]}


def scale_of(crop: Crop) -> float:
    """Edge of one pixel of the crop's picture, in µm."""
    height, width = crop.pixels.shape
    return crop.pixel_size_um * max(height, width) / max(_size(crop))


def _size(crop: Crop) -> tuple[int, int]:
    """Width and height of a crop's picture: a multiple where it is small, reduced where large."""
    height, width = crop.pixels.shape
    edge = max(height, width)
    factor = -(-SMALL // edge) if edge < SMALL else min(1.0, LARGEST / edge)
    return max(1, round(width * factor)), max(1, round(height * factor))


def _drawn(crop: Crop, window: Window) -> NDArray[np.float64]:
    """The crop at the size of its picture, black 0 to white 1."""
    values = (crop.pixels.astype(np.float32) - window.low) / (window.high - window.low)
    image = Image.fromarray(values.clip(0, 1).astype(np.float32), mode=None)
    resized = image.resize(_size(crop), Image.Resampling.BICUBIC)
    return np.asarray(resized, dtype=np.float64).clip(0, 1)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=9)
    return out.getvalue()
