"""Slides in scanners' own formats, through OpenSlide."""

from __future__ import annotations

import numpy as np

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.imaging.brightfield import Picture
from liquidbiopsy.imaging.colour import in_colour
from liquidbiopsy.imaging.planes import naming

SAME_SIZE = 0.02  # by which a pixel may be longer than it is wide


class ScannerSlide:
    """A slide that OpenSlide reads.

    Raises
    ------
    InputError
        OpenSlide is not installed, or cannot read the file.
    """

    def __init__(self, file: str) -> None:
        try:
            import openslide
        except (ImportError, OSError) as error:
            problem = "needs OpenSlide, which is not installed"
            raise InputError(file, problem, "install openslide-python and openslide-bin") from error
        self.file = file
        self._slide = openslide.OpenSlide(file)
        self.width, self.height = self._slide.dimensions
        said = self._slide.properties
        x, y = (said.get(f"openslide.mpp-{axis}") for axis in "xy")
        self.pixel_size_um = float(x) if x else None
        if x and y and abs(float(x) - float(y)) > SAME_SIZE * float(x):
            raise InputError(file, f"has pixels of {x} by {y} um", "export it with square pixels")
        words = " ".join([said.get("openslide.comment", ""), said.get("tiff.ImageDescription", "")])
        self.simulated = "simulated" in words.lower()

    def read(self, top: int, left: int, bottom: int, right: int) -> Picture:
        """A window; see `WholeSlide`."""
        with naming(self.file):
            region = self._slide.read_region((left, top), 0, (right - left, bottom - top))
            return in_colour(np.asarray(region), self.file)

    def close(self) -> None:
        """Close the file."""
        self._slide.close()
