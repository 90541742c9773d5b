"""Whole slides and fields of view in colour, read by window.

TIFF in all its forms (SVS, OME-TIFF, tiled or not) is read with tifffile and imagecodecs; the other
formats of slide scanners with OpenSlide; PNG and JPEG as a whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.imaging.brightfield import Picture
from liquidbiopsy.imaging.planes import PICTURES, naming

SCANNERS = (".bif", ".czi", ".dcm", ".mrxs", ".ndpi", ".scn", ".svslide", ".vms", ".vmu")
"""Suffixes of what OpenSlide reads."""


class WholeSlide(Protocol):
    """A slide that is open."""

    file: str
    height: int
    """Pixels at full resolution."""
    width: int
    pixel_size_um: float | None
    """Edge of a pixel in micrometres, as the file says; None where it does not."""
    simulated: bool
    """Whether the file says that its data are simulated."""

    def read(self, top: int, left: int, bottom: int, right: int) -> Picture:
        """A window at full resolution, within the slide; several threads may ask at a time.

        Raises
        ------
        InputError
            The file cannot be decoded there.
        """

    def close(self) -> None:
        """Give back the file and memory."""


def open_slide(file: str) -> WholeSlide:
    """Open a slide by what its name ends in.

    Raises
    ------
    InputError
        The file is not there, truncated, without colour, or not an image that can be read.
    """
    path = Path(file)
    suffix = path.suffix.lower()
    with naming(file):
        if not path.exists():
            raise InputError(file, "does not exist", "check the path in the sheet")
        if path.is_dir():
            raise InputError(file, "is a folder where an image is wanted", "name the file in it")
        if path.stat().st_size == 0:
            raise InputError(file, "is empty (0 bytes)", "copy it again from the scanner")
        if suffix in PICTURES:
            from liquidbiopsy.imaging.slide_picture import PictureSlide

            return PictureSlide(file)
        if suffix in SCANNERS:
            from liquidbiopsy.imaging.slide_scanner import ScannerSlide

            return ScannerSlide(file)
        from liquidbiopsy.imaging.slide_tiff import TiffSlide

        return TiffSlide(file)
