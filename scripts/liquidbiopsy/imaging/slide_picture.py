"""A field of view as PNG or JPEG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.imaging.brightfield import Picture
from liquidbiopsy.imaging.colour import in_colour
from liquidbiopsy.imaging.planes import decode_picture


class PictureSlide:
    """A PNG or JPEG file, decoded once and kept."""

    def __init__(self, file: str) -> None:
        self.file = file
        array = decode_picture(Path(file))
        if array.ndim == 2:
            raise InputError(file, "is greyscale: a stained slide needs colour", "export it in RGB")
        self._picture = in_colour(np.moveaxis(array, 0, -1), file)
        self.height, self.width = self._picture.shape[:2]
        self.pixel_size_um: float | None = None
        with Image.open(file) as picture:
            said = [picture.info.get(key, "") for key in ("comment", "Description")]
        words = (s.decode("utf-8", "replace") if isinstance(s, bytes) else str(s) for s in said)
        self.simulated = "simulated" in " ".join(words).lower()

    def read(self, top: int, left: int, bottom: int, right: int) -> Picture:
        """A window; see `WholeSlide`."""
        return np.ascontiguousarray(self._picture[top:bottom, left:right])

    def close(self) -> None:
        """Forget the picture."""
        self._picture = self._picture[:0, :0]
