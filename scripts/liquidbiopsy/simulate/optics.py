"""The microscope and its camera: from light on the slide to counts in a frame."""

from __future__ import annotations

from math import ceil
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from liquidbiopsy.simulate.parameters import SlideParameters

Image = NDArray[Any]  # float32, (y, x) or (channel, y, x)
HALO_STEP = 4  # the wide halo is blurred on a grid this much coarser: it has no fine detail


def _blur(image: Image, sigma_px: float) -> Image:
    """Blur with a Gaussian; what lies outside the image is dark."""
    if sigma_px < 0.1:
        return image
    return cv2.GaussianBlur(image, (0, 0), sigma_px, borderType=cv2.BORDER_CONSTANT)


class Microscope:
    """Optics and camera of one slide: uneven light and background are the slide's own."""

    def __init__(self, parameters: SlideParameters) -> None:
        p = self.p = parameters
        rng = np.random.default_rng([p.seed, 3])
        widest_um = max([p.halo_um] + [channel.psf_um for channel in p.channels])
        widest_um += max(p.out_of_focus_um if p.out_of_focus_fraction else 0.0, 3 * p.defocus_um)
        self.margin_px = HALO_STEP * ceil(3 * widest_um / p.pixel_size_um / HALO_STEP)
        """Pixels around a frame from which light can reach into it."""
        y, x = np.mgrid[-1 : 1 : p.frame_height_px * 1j, -1 : 1 : p.frame_width_px * 1j]
        self.illumination = []
        for _ in p.channels:
            centre_x, centre_y = rng.uniform(-0.4, 0.4, 2)
            fall = (x - centre_x) ** 2 + 0.8 * (y - centre_y) ** 2
            fall = (fall - fall.min()) / (fall.max() - fall.min())
            self.illumination.append((1 - p.illumination_loss * fall).astype(np.float32))
        angles = rng.uniform(0, 2 * np.pi, len(p.channels))
        self.gradient = [(float(np.cos(a)), float(np.sin(a))) for a in angles]

    def background(self, channel: int, x_px: int, y_px: int) -> tuple[Image, Image]:
        """Return the stray light over a frame as (row, column) terms, photo-electrons.

        Its mean over the slide is zero: it grows along the channel's own direction, by
        `background_gradient` of the mean background from one side of the slide to the other.
        """
        p = self.p
        width, height = p.size_px
        slope_x, slope_y = self.gradient[channel]
        size = 0.5 * p.background_gradient * p.channels[channel].background_electrons
        x = (np.arange(p.frame_width_px) + x_px) / width * 2 - 1
        y = (np.arange(p.frame_height_px) + y_px) / height * 2 - 1
        column_term = (size * slope_x * x).astype(np.float32)[None, :]
        return (size * slope_y * y).astype(np.float32)[:, None], column_term

    def spread(self, light: Image, channel: int, blur_um: float) -> Image:
        """Blur the light of a frame and its margin, and cut the margin off."""
        p, m = self.p, self.margin_px
        psf_px = float(np.hypot(p.channels[channel].psf_um, blur_um)) / p.pixel_size_um
        seen = _blur(light, psf_px)
        if p.halo_fraction:
            size = (light.shape[1] // HALO_STEP, light.shape[0] // HALO_STEP)
            coarse = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
            wide_px = float(np.hypot(p.halo_um, blur_um)) / p.pixel_size_um / HALO_STEP
            coarse = _blur(coarse, wide_px)
            halo = cv2.resize(coarse, light.shape[::-1], interpolation=cv2.INTER_LINEAR)
            seen = cv2.addWeighted(seen, 1 - p.halo_fraction, halo, p.halo_fraction, 0)
        return seen[m : m + p.frame_height_px, m : m + p.frame_width_px]

    def expose(
        self, light: Image, frame: int, x_px: int, y_px: int, blur_um: float
    ) -> NDArray[np.unsignedinteger]:
        """Take one frame.

        Parameters
        ----------
        light : float32 (channel, y, x)
            Photo-electrons of the cells over the frame and `margin_px` around it, unblurred.
        frame : int
            Frame number, for its noise.
        x_px, y_px : int
            Top left corner of the frame on the slide.
        blur_um : float
            Extra blur of this frame, standard deviation in µm.

        Returns
        -------
        uint8 or uint16 (channel, y, x)
            Camera counts.
        """
        p = self.p
        rng = np.random.default_rng([p.seed, 4, frame])
        names = [channel.name for channel in p.channels]
        seen = [self.spread(plane, i, blur_um) for i, plane in enumerate(light)]
        mixed = [plane.copy() for plane in seen]
        for source, target, fraction in p.bleed_through:
            if source in names and target in names:
                mixed[names.index(target)] += np.float32(fraction) * seen[names.index(source)]
        top = 2**p.bit_depth - 1
        counts = np.empty((len(names), p.frame_height_px, p.frame_width_px), np.uint16)
        for i, channel in enumerate(p.channels):
            drift = float(np.exp(p.frame_variation * rng.standard_normal()))
            electrons = mixed[i]
            electrons += np.float32(channel.background_electrons * drift)
            electrons *= self.illumination[i]
            for term in self.background(i, x_px, y_px):
                electrons += term
            noisy = self.read(np.maximum(electrons, 0, out=electrons), rng)
            np.clip(np.rint(noisy, out=noisy), 0, top, out=noisy)
            counts[i] = noisy
        return counts.astype(np.uint8) if p.bit_depth == 8 else counts

    def read(self, electrons: Image, rng: np.random.Generator) -> Image:
        """Return counts (not yet rounded): shot noise, read noise, gain and offset.

        The sum of Poisson and Gaussian noise is drawn from one normal variate z by the Cornish-
        Fisher expansion to second order, which has the exact mean and third moment and, from some
        ten photo-electrons on, the variance to within a percent:
        mean + sd * z + (z**2 - 1) * mean / (6 * sd**2). It is many times faster than a Poisson
        draw a pixel. Source: Cornish and Fisher, Rev. Inst. Int. Stat. 5:307 (1938).
        """
        z = rng.standard_normal(electrons.shape, dtype=np.float32)
        variance = electrons + np.float32(self.p.read_noise_electrons**2)
        noisy = z * z
        noisy -= 1
        noisy *= electrons
        noisy /= variance
        noisy *= np.float32(1 / 6)
        z *= np.sqrt(variance, out=variance)
        noisy += z
        noisy += electrons
        noisy *= np.float32(self.p.counts_per_electron)
        noisy += np.float32(self.p.offset)
        return noisy
