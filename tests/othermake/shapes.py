"""Profiles of one cell in one channel: a small patch of light, blurred in closed form.

Every profile is drawn from a signed distance to a super-ellipse, whose edge is an error function
of the blur's width: anti-aliased, at any sub-pixel place, and with no convolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import erfc

Array = NDArray[np.floating]
# a sampled pixel is itself a box about this wide, in standard deviations of a Gaussian
PIXEL_SD = 0.29


@dataclass(frozen=True)
class Outline:
    """A super-ellipse: centre and semi-axes in px, angle in radians, power 2 is an ellipse."""

    x: float
    y: float
    a: float
    b: float
    angle: float = 0.0
    power: float = 2.0

    @property
    def radius(self) -> float:
        """Radius in px of the circle of about the same area."""
        return float(np.sqrt(self.a * self.b))

    def scaled(self, factor: float, dx: float = 0.0, dy: float = 0.0) -> Outline:
        """The same outline, grown by `factor` and moved by (dx, dy) px."""
        return Outline(
            self.x + dx, self.y + dy, self.a * factor, self.b * factor, self.angle, self.power
        )


class Patch(NamedTuple):
    """The pixels of a canvas around an outline, with their coordinates."""

    rows: slice
    columns: slice
    y: Array
    x: Array


def patch(shape: tuple[int, int], outline: Outline, margin: float) -> Patch | None:
    """Pixels within `margin` px of an outline, or None where it lies off the canvas."""
    reach = max(outline.a, outline.b) * 1.3 + margin
    y0, y1 = max(0, int(outline.y - reach)), min(shape[0], int(outline.y + reach) + 2)
    x0, x1 = max(0, int(outline.x - reach)), min(shape[1], int(outline.x + reach) + 2)
    if y0 >= y1 or x0 >= x1:
        return None
    y = np.arange(y0, y1, dtype=np.float64)[:, None]
    x = np.arange(x0, x1, dtype=np.float64)[None, :]
    return Patch(slice(y0, y1), slice(x0, x1), y, x)


def relative_radius(outline: Outline, at: Patch) -> Array:
    """Distance from the centre, 1 on the outline."""
    cos, sin = np.cos(outline.angle), np.sin(outline.angle)
    dy, dx = at.y - outline.y, at.x - outline.x
    u = np.abs(dx * cos + dy * sin) / outline.a
    v = np.abs(dy * cos - dx * sin) / outline.b
    if outline.power == 2.0:
        return np.sqrt(u * u + v * v)
    return (u**outline.power + v**outline.power) ** (1.0 / outline.power)


def distance(outline: Outline, at: Patch) -> Array:
    """Approximate signed distance to the outline in px, negative inside."""
    return (relative_radius(outline, at) - 1.0) * outline.radius


def edge(signed: Array, blur: float) -> Array:
    """1 inside, 0 outside, with the edge that a Gaussian blur of `blur` px leaves."""
    return 0.5 * erfc(signed / (np.sqrt(2.0) * np.hypot(blur, PIXEL_SD)))


def filled(outline: Outline, at: Patch, blur: float) -> Array:
    """An evenly filled cell."""
    return edge(distance(outline, at), blur)


def ring(outline: Outline, at: Patch, blur: float, width: float) -> Array:
    """A rim of `width` px just inside the outline, as a membrane stain gives."""
    signed = distance(outline, at)
    return np.clip(edge(signed, blur) - edge(signed + width, blur), 0.0, None)


def perinuclear(cell: Outline, nucleus: Outline, at: Patch, blur: float) -> Array:
    """Cytoplasm around a nucleus that stays dark."""
    return np.clip(filled(cell, at, blur) - filled(nucleus, at, blur), 0.0, None)


def blob(outline: Outline, at: Patch, blur: float) -> Array:
    """A Gaussian blob with the outline at 2 standard deviations."""
    sd = np.hypot(0.5, blur / outline.radius)
    return np.exp(-0.5 * (relative_radius(outline, at) / sd) ** 2)


def speckles(
    outline: Outline, at: Patch, blur: float, rng: np.random.Generator, spot: float
) -> Array:
    """A faint cell full of round spots of standard deviation `spot` px."""
    light = 0.35 * filled(outline, at, blur)
    sd = np.hypot(spot, blur)
    for _ in range(max(6, int(2 * outline.radius / spot))):
        turn, far = rng.uniform(0, 2 * np.pi), 0.85 * np.sqrt(rng.uniform())
        cos, sin = np.cos(outline.angle), np.sin(outline.angle)
        u, v = outline.a * far * np.cos(turn), outline.b * far * np.sin(turn)
        x, y = outline.x + u * cos - v * sin, outline.y + u * sin + v * cos
        light += rng.uniform(0.5, 1.0) * np.exp(-0.5 * ((at.x - x) ** 2 + (at.y - y) ** 2) / sd**2)
    return light


def fibre(outline: Outline, at: Patch, blur: float, width: float, bend: float) -> Array:
    """A bent thread along the long axis, `width` px wide."""
    cos, sin = np.cos(outline.angle), np.sin(outline.angle)
    u = (at.x - outline.x) * cos + (at.y - outline.y) * sin
    v = (at.y - outline.y) * cos - (at.x - outline.x) * sin
    v = v - bend * outline.a * (u / outline.a) ** 2
    return edge(np.maximum(np.abs(v) - width / 2, np.abs(u) - outline.a), blur)


def to_unit(light: Array, inside: NDArray[np.bool_], mode: str) -> Array:
    """Scale a profile so that its mean over its lit part, or its peak, is 1.

    `mean` takes the pixels above half of the maximum, `cell` all pixels where `inside` is true,
    `peak` the brightest.
    """
    top = float(light.max(initial=0.0))
    if top <= 0.0:
        return light
    if mode == "peak":
        return light / top
    chosen = inside if mode == "cell" and inside.any() else light > 0.5 * top
    return light / float(light[chosen].mean())


def texture(shape: tuple[int, ...], grain: float, sd: float, rng: np.random.Generator) -> Array:
    """Smooth unevenness around 1: noise of `grain` px with a relative deviation of `sd`."""
    rough = gaussian_filter(rng.standard_normal(shape), grain, mode="wrap")
    return np.clip(1.0 + sd * rough / (rough.std() + 1e-9), 0.2, None)
