"""Draw one body of a scene as a small patch of photo-electrons, before the optics."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from liquidbiopsy.simulate.parameters import SlideParameters
from liquidbiopsy.simulate.scene import Body

Image = NDArray[Any]  # float32, (y, x) or (channel, y, x)


@dataclass(frozen=True)
class Patch:
    """A body on the pixel grid of the slide."""

    x_px: int
    """Column of its left edge on the slide."""
    y_px: int
    """Row of its top edge on the slide."""
    electrons: Image
    """Photo-electrons under full illumination, (channel, y, x)."""


@dataclass(frozen=True)
class Blob:
    """A rounded outline on a patch."""

    cover: Image
    """Fraction of each pixel inside the outline, 0 to 1."""
    rho: Image
    """Distance from the centre as a fraction of the outline's radius in that direction."""

    def dome(self, power: float = 0.4) -> Image:
        """Return the light of a filled body seen from above, thinner towards its rim."""
        return self.cover * (0.15 + 0.85 * np.clip(1 - self.rho**2, 0, None) ** power)

    def ring(self, at: float = 0.9, width: float = 0.13) -> Image:
        """Return the light of a stained membrane: bright rim and a dimmer face."""
        rim = np.exp(-(((self.rho - at) / width) ** 2))
        haze = np.exp(-((np.clip(self.rho - 1, 0, None) / 0.25) ** 2))
        return rim + 0.45 * self.cover + 0.08 * haze


class Easel:
    """The pixel grid of one patch and the means to draw on it; distances in µm."""

    def __init__(self, body: Body, parameters: SlideParameters, reach_um: float) -> None:
        self.rng = np.random.default_rng([parameters.seed, 2, body.seed])
        self.um = parameters.pixel_size_um
        half = ceil(reach_um / self.um) + 1
        self.x_px = int(body.x_um / self.um) - half
        self.y_px = int(body.y_um / self.um) - half
        self.side = 2 * half + 2
        # A pixel's own position is that of its centre.
        axis = (np.arange(self.side, dtype=np.float32) + 0.5) * np.float32(self.um)
        self.dx = (axis + np.float32(self.x_px * self.um - body.x_um))[None, :]
        self.dy = (axis + np.float32(self.y_px * self.um - body.y_um))[:, None]

    def blob(
        self, radius: float, x: float = 0, y: float = 0, rough: float = 0.04, stretch: float = 0.08
    ) -> Blob:
        """Draw an outline whose area is that of a circle of `radius`."""
        dx, dy = self.dx - np.float32(x), self.dy - np.float32(y)
        distance = np.sqrt(dx * dx + dy * dy)
        angle = np.arctan2(dy, dx)
        outline = np.ones_like(distance)
        amplitudes = rough * np.clip(self.rng.standard_normal(4), -1.5, 1.5) / (1.0, 1.5, 2.0, 3.0)
        amplitudes = np.append(amplitudes, abs(stretch))
        phases = self.rng.uniform(0, 2 * np.pi, 5)
        for order, amplitude, phase in zip((3, 4, 5, 7, 2), amplitudes, phases, strict=True):
            outline += np.float32(amplitude) * np.cos(order * angle + np.float32(phase))
        # The mean square of the outline is 1 + half the sum of squared amplitudes.
        outline *= np.float32(radius / np.sqrt(1 + 0.5 * np.sum(amplitudes**2)))
        np.maximum(outline, 0.2 * radius, out=outline)
        cover = np.clip((outline - distance) / np.float32(self.um) + 0.5, 0, 1)
        return Blob(cover, distance / outline)

    def texture(self, grain_um: float, strength: float) -> Image:
        """Draw a positive texture of mean about 1 with grains of a size."""
        noise: Image = self.rng.standard_normal((self.side, self.side), dtype=np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), max(grain_um / self.um, 0.3))
        return np.exp(np.float32(strength) * noise / (noise.std() + 1e-6)).astype(np.float32)


Layers = dict[str, tuple[Image, Image]]
"""By channel: light of any scale, and the outline over which its mean is the signal."""


def _nucleus(easel: Easel, form: str, radius: float) -> tuple[Image, Image]:
    """Draw the nucleus of a leukocyte of a type and radius."""
    rng = easel.rng
    if form == "granulocyte":
        lobes, turn = int(rng.integers(2, 5)), float(rng.uniform(0, 2 * np.pi))
        step = float(rng.uniform(0.95, 1.25))
        light: Image = np.zeros((easel.side, easel.side), np.float32)
        cover: Image = light
        for lobe in range(lobes):
            at, size = turn + lobe * step, radius * float(rng.uniform(0.34, 0.43))
            blob = easel.blob(size, 0.46 * radius * np.cos(at), 0.46 * radius * np.sin(at), 0.06)
            light, cover = np.maximum(light, blob.dome()), np.maximum(cover, blob.cover)
    else:
        share = 0.80 if form == "lymphocyte" else 0.68
        x, y = rng.normal(0, 0.06 * radius, 2)
        blob = easel.blob(share * radius, x, y, 0.04, 0.08 if form == "lymphocyte" else 0.12)
        light, cover = blob.dome(), blob.cover
        if form == "monocyte":  # a kidney: bitten into from one side
            at = float(rng.uniform(0, 2 * np.pi))
            bite = easel.blob(0.36 * radius, 0.72 * radius * np.cos(at), 0.72 * radius * np.sin(at))
            light, cover = light * (1 - 0.9 * bite.cover), cover * (1 - bite.cover)
    return light * easel.texture(0.9, 0.22), cover


def _leukocyte(easel: Easel, body: Body) -> Layers:
    cell = easel.blob(body.radius_um, rough=0.03, stretch=0.04)
    membrane = cell.ring() * easel.texture(0.8, 0.30)
    faint = cell.dome() * easel.texture(1.5, 0.2)
    layers: Layers = {name: (faint, cell.cover) for name in body.signals}
    layers["nucleus"] = _nucleus(easel, body.form, body.radius_um)
    layers["leukocyte"] = (membrane, cell.cover)
    return layers


def _ctc(easel: Easel, body: Body) -> Layers:
    rng, radius = easel.rng, body.radius_um
    cell = easel.blob(radius, rough=0.07, stretch=float(rng.uniform(0.02, 0.16)))
    share = float(rng.uniform(0.58, 0.76))
    x, y = rng.uniform(-1, 1, 2) * 0.7 * (0.9 - share) * radius
    nucleus = easel.blob(share * radius, x, y, 0.05, 0.10)
    chromatin = nucleus.dome() * easel.texture(1.1, 0.30)
    # Keratin: a filamentous network in the cytoplasm, thinner over the nucleus.
    network = np.abs(np.log(easel.texture(0.9, 1.0)))
    filaments = (0.55 + 0.9 * np.exp(-2.5 * network)) * easel.texture(2.5, 0.25)
    keratin = cell.dome(0.3) * (1 - 0.55 * nucleus.cover) * filaments
    membrane = cell.ring(0.93, 0.10) * easel.texture(1.0, 0.35)
    layers: Layers = {name: (membrane, cell.cover) for name in body.signals}
    layers["cytokeratin"] = (keratin, cell.cover)
    layers["leukocyte"] = (cell.dome(), cell.cover)
    layers["nucleus"] = (chromatin, nucleus.cover)
    return layers


def _single(easel: Easel, body: Body) -> Layers:
    """Draw a body with the same outline in every channel: fragment, bare nucleus, debris."""
    rough, stretch, grain, strength = {
        "fragment": (0.06, 0.10, 0.8, 0.2),
        "nucleus": (0.06, 0.10, 0.9, 0.25),
        "debris": (0.16, 0.20, 1.2, 0.5),
    }[body.form]
    blob = easel.blob(body.radius_um, rough=rough, stretch=stretch)
    light = blob.dome() * easel.texture(grain, strength)
    return {name: (light, blob.cover) for name in body.signals}


def _fibre(easel: Easel, body: Body) -> Layers:
    """Draw a bent thread from one side of the patch to the other."""
    rng = easel.rng
    steps = 64
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.07, steps))
    path = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0)
    path -= path.mean(axis=0)
    path *= body.radius_um / np.linalg.norm(path, axis=1).max()
    centre = np.array([-easel.dx[0, 0], -easel.dy[0, 0]]) / easel.um
    points = np.round((path / easel.um + centre) * 16).astype(np.int32)
    width = max(1, round(float(rng.uniform(1.5, 4.0)) / easel.um))
    canvas = np.zeros((easel.side, easel.side), np.uint8)
    cv2.polylines(canvas, [points[:, None, :]], False, 255, width, cv2.LINE_AA, 4)
    cover = canvas.astype(np.float32) / 255
    return {name: (cover * easel.texture(3.0, 0.4), cover) for name in body.signals}


def draw(body: Body, parameters: SlideParameters) -> Patch:
    """Draw a body, each channel scaled to its signal.

    The scale is such that the light in the body's outline, after the optics in focus, has the mean
    `signal * sigma`; light that the optics carry out of the outline comes on top.

    Parameters
    ----------
    body : Body
        What to draw.
    parameters : SlideParameters
        Pixel size, channels, optics and noise.

    Returns
    -------
    Patch
        Photo-electrons, float32, (channel, y, x).
    """
    p = parameters
    halo_um = p.halo_um if p.halo_fraction else 0.0
    margin_um = 2.0 * max([halo_um] + [channel.psf_um for channel in p.channels])
    easel = Easel(body, p, body.radius_um * 1.35 + margin_um)
    if body.form == "ctc":
        layers = _ctc(easel, body)
    elif body.form == "fibre":
        layers = _fibre(easel, body)
    elif body.form in ("fragment", "nucleus", "debris"):
        layers = _single(easel, body)
    else:
        layers = _leukocyte(easel, body)
    electrons = np.zeros((len(p.channels), easel.side, easel.side), np.float32)
    for plane, channel in zip(electrons, p.channels, strict=True):
        if body.signals[channel.name] <= 0:
            continue
        light, cover = layers[channel.name]
        seen = (1 - p.halo_fraction) * cv2.GaussianBlur(light, (0, 0), channel.psf_um / easel.um)
        if halo_um:
            seen += p.halo_fraction * cv2.GaussianBlur(light, (0, 0), halo_um / easel.um)
        mean = float((seen * cover).sum() / max(float(cover.sum()), 1e-6))
        plane += light * (body.signals[channel.name] * p.sigma_electrons[channel.name] / mean)
    return Patch(easel.x_px, easel.y_px, electrons)
