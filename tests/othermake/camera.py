"""What lens and camera make of the light of a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

if TYPE_CHECKING:
    from .slides import Settings


def illumination(s: Settings, channel: int) -> NDArray[np.float32]:
    """Relative light over a frame, 1 at its brightest, falling by `shade_depth`."""
    height, width = s.frame_shape
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    x = -x if channel % 2 else x
    if s.shade == "gradient":
        fall = 0.5 + 0.35 * x + 0.15 * y
    elif s.shade == "vignette":
        fall = ((x - 0.15) ** 2 + (y + 0.1) ** 2) / (1.15**2 + 1.1**2)
    else:
        fall = np.zeros((height, width), np.float32)
    return np.asarray(1 - s.shade_depth * fall, np.float32)


def patches(shape: tuple[int, int], s: Settings, seed: list[int]) -> NDArray[np.float32]:
    """Haze on the slide in patches of `patch_um`, up to `shade_depth` times the background."""
    grain = max(4, int(s.patch_um / 5 / s.pixel_size_um))
    coarse = np.random.default_rng(seed).standard_normal([n // grain + 4 for n in shape])
    coarse = gaussian_filter(coarse, 2.0)
    coarse = (coarse - coarse.min()) / np.ptp(coarse)
    smooth = zoom(coarse.astype(np.float32), grain, order=1)[: shape[0], : shape[1]]
    return smooth * np.float32(s.shade_depth * s.background)


def expose(
    light: NDArray[np.float32], s: Settings, frame: int, channel: int, rng: np.random.Generator
) -> NDArray[np.unsignedinteger]:
    """What the camera makes of light on the slide (counts over background)."""
    further = s.out_of_focus.get(frame, 0.0)
    if further:
        light = gaussian_filter(light, further, mode="nearest")
    lamp = np.float32(1 + s.flicker * np.clip(rng.standard_normal(), -2, 2))
    expected = (light + np.float32(s.background)) * (illumination(s, channel) * lamp)
    if s.noise == "poisson":
        gain = s.noise_sd**2 / s.background  # so that the noise at the background is noise_sd
        counts = (gain * rng.poisson(expected / gain)).astype(np.float32)
    else:
        noise = rng.standard_normal(light.shape, np.float32)
        if s.noise_grain_px:
            noise = gaussian_filter(noise, s.noise_grain_px, mode="wrap")
            noise /= noise.std()
        counts = expected + np.float32(s.noise_sd) * noise
    if s.banding:
        rows = rng.standard_normal((light.shape[0], 1), np.float32)
        counts = counts + np.float32(s.banding * s.noise_sd) * rows
    if s.hot_pixels:
        y, x = (rng.integers(n, size=s.hot_pixels) for n in light.shape)
        counts[y, x] += s.noise_sd * rng.uniform(20, 200, s.hot_pixels)
    counts = np.clip(np.rint(counts + s.offset), 0, 2**s.bits - 1)
    return counts.astype(np.uint8 if s.bits <= 8 else np.uint16)
