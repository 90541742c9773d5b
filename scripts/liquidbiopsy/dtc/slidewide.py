"""What is known of a slide as a whole before its tiles: the light of clear glass, its colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.dtc.colours import Estimate, estimate_haematoxylin
from liquidbiopsy.imaging.brightfield import Picture, optical_density
from liquidbiopsy.imaging.slides import WholeSlide
from liquidbiopsy.imaging.stain_vectors import unmixing

SAMPLE_PX = 256
LEAST_SAMPLES, MOST_SAMPLES = 9, 400
SAMPLED = 80  # one pixel in so many is looked at
BRIGHT = (85.0, 99.0)  # percentiles of brightness between which glass lies, if there is any
DARKEST_GLASS, COLOURED_GLASS = 140.0, 90.0  # what can be glass, and how far its colours differ
LEAST_STAINED = 25.0  # percentile of the samples' middle stain that is the slide's ground
BETWEEN_CELLS = 25.0  # percentile of density in a sample that its background does not exceed


@dataclass(frozen=True)
class Slidewide:
    """A slide's light and colours."""

    white: tuple[float, float, float]
    """Red, green and blue of clear glass."""
    haematoxylin: Estimate
    ground_od: float
    """Optical density of the chromogen between the cells where the slide is least stained."""
    remarks: tuple[str, ...]


def slide_wide(slide: WholeSlide, colours: Mapping[str, Any], stain: Any) -> Slidewide:
    """Light and nuclear colour of a slide, from a sample of its ground.

    Parameters
    ----------
    slide : WholeSlide
    colours : dict
        `estimate`, `max_angle` and `haematoxylin`, as `Choice.colours_of` gives them.
    stain : sequence of 3 floats
        Reference colour of the chromogen.

    Raises
    ------
    InputError
        The slide cannot be read.
    """
    samples = _samples(slide)
    white, remark = white_of(samples)
    nuclear = Estimate(np.asarray(colours["haematoxylin"], float), None, "")
    if colours["estimate"]:
        dense = np.concatenate([_over_background(s, white) for s in samples])
        nuclear = estimate_haematoxylin(dense, colours["haematoxylin"], stain, colours["max_angle"])
    matrix = unmixing(nuclear.vector, stain)
    middle = [float(np.median(optical_density(s, white) @ matrix[1])) for s in samples]
    remarks = tuple(words for words in (remark, nuclear.remark) if words)
    return Slidewide(white, nuclear, float(np.percentile(middle, LEAST_STAINED)), remarks)


def _samples(slide: WholeSlide) -> list[Picture]:
    """Small windows spread evenly over the slide."""
    wanted = slide.height * slide.width / SAMPLE_PX**2 / SAMPLED
    along = int(np.ceil(np.sqrt(np.clip(wanted, LEAST_SAMPLES, MOST_SAMPLES))))
    edge_y, edge_x = min(SAMPLE_PX, slide.height), min(SAMPLE_PX, slide.width)
    tops = np.unique(np.linspace(0, slide.height - edge_y, along).round().astype(int))
    lefts = np.unique(np.linspace(0, slide.width - edge_x, along).round().astype(int))
    return [slide.read(y, x, y + edge_y, x + edge_x) for y in tops for x in lefts]


def white_of(samples: list[Picture]) -> tuple[tuple[float, float, float], str]:
    """Intensity of clear glass, and a remark where none was seen.

    The middle of what is brightest, short of the very brightest: on a field without glass this is
    the ground between the cells.
    """
    pixels = np.concatenate([s[::2, ::2].reshape(-1, 3) for s in samples])
    brightness = pixels.astype(np.int32).sum(axis=1)
    low, high = np.percentile(brightness, BRIGHT)
    bright = pixels[(brightness >= low) & (brightness <= max(high, low))]
    white = np.median(bright, axis=0)
    if white.min() < DARKEST_GLASS or white.max() - white.min() > COLOURED_GLASS:
        return (245.0, 245.0, 245.0), "no clear glass was seen: its white is assumed"
    red, green, blue = (float(value) for value in white)
    return (red, green, blue), ""


def _over_background(sample: Picture, white: tuple[float, ...]) -> npt.NDArray[np.float32]:
    """Optical density of a sample's pixels over the ground between its cells, shape (pixels, 3)."""
    density = optical_density(sample[::2, ::2], white).reshape(-1, 3)
    return density - np.percentile(density, BETWEEN_CELLS, axis=0).astype(np.float32)


def dense_pixels(slide: WholeSlide, white: tuple[float, ...]) -> list[npt.NDArray[np.float32]]:
    """Optical density of a sample of a slide over its background, one array a window.

    Raises
    ------
    InputError
        The slide cannot be read.
    """
    return [_over_background(sample, white) for sample in _samples(slide)]
