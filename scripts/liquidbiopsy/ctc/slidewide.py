"""What is known of a slide as a whole before its frames are worked on: its light, its camera."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctc.events import Scale, noise_floor
from liquidbiopsy.ctc.platforms import Slide, full_scale
from liquidbiopsy.imaging.background import measure_surface

FEWEST_FOR_ILLUMINATION = 4


@dataclass(frozen=True)
class Slidewide:
    """What is known of a slide before its frames are worked on."""

    scale: Scale
    illumination: Mapping[str, npt.NDArray[np.float32]]
    """Background of each channel over the frames of the slide; empty where there are too few."""
    gain: Mapping[str, npt.NDArray[np.float32]]
    """Relative illumination of each channel, mean 1."""
    full: float
    """Count at which the camera is full."""


def slide_wide(
    slide: Slide, platform: Mapping[str, Any], detection: Mapping[str, Any]
) -> Slidewide:
    """Illumination and camera of a slide, from a sample of its frames.

    Raises
    ------
    InputError
        None of the sampled frames can be read.
    """
    scale = Scale.of(detection, slide.stage.pixel_size_um)
    most = detection["illumination_frames"]
    step = max(1, -(-len(slide.frames) // most))
    lit = len(slide.frames) >= FEWEST_FOR_ILLUMINATION and not slide.tiled
    levels: dict[str, list[npt.NDArray[np.float32]]] = {c: [] for c in slide.channels}
    highest, dtype, trouble = 0.0, None, None
    for frame in slide.frames[::step]:
        try:
            images = slide.read(frame)
        except InputError as error:
            trouble = error
            continue
        dtype = images[0].dtype
        for name, image in zip(slide.channels, images, strict=True):
            top = float(image.max())
            highest = max(highest, top if np.isfinite(top) else 0.0)
            if lit and top > float(image.min()):
                surface = measure_surface(image, scale.square_px, noise_floor(image))
                levels[name].append(surface.level)
    if dtype is None and trouble is not None:
        raise trouble
    full = platform.get("saturation") or full_scale(dtype or np.dtype(np.uint16), highest)
    illumination, gain = {}, {}
    for name, found in levels.items():
        if len(found) >= FEWEST_FOR_ILLUMINATION:
            light = np.median(np.stack(found), axis=0).astype(np.float32)
            above = np.maximum(light - platform["camera_offset"], 1e-6)
            illumination[name] = light
            gain[name] = np.clip(above / above.mean(), 0.5, 2).astype(np.float32)
    return Slidewide(scale, illumination, gain, full)
