"""Image files: what is in them, and where each frame and channel is stored."""

from __future__ import annotations

import re
import struct
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.imaging.planes import PICTURES, Plane, naming, read_plane

SUFFIXES = (".tif", ".tiff", *PICTURES)
MICROMETRES = {
    **{"nm": 1e-3, "µm": 1.0, "μm": 1.0, "um": 1.0, "micron": 1.0, "mm": 1e3, "cm": 1e4},
    "inch": 25400.0,
}
ALPHA = (1, 2)  # what TIFF calls an extra sample that is transparency
PIXELS_UM = 0.02, 5.0
"""Between these a pixel of a light microscope lies. What a file says beyond them is the resolution
of a printer or screen, or a number in another unit."""
SAME_SIZE = 0.02  # by which a pixel may be longer than it is wide
MIN_IS_WHITE = 0


@dataclass(frozen=True)
class Content:
    """What an image file holds."""

    planes: tuple[tuple[Plane, ...], ...]
    """Frames, each a tuple of channels where the file tells them apart, else of one plane."""
    channels: int
    """Channels a frame, where the file says so; 0 where it does not."""
    shape: tuple[int, int]
    pixel_size_um: float | None
    description: str


def inspect(file: str, *, slide: bool = False) -> Content:
    """What a TIFF, PNG or JPEG file holds; of a TIFF no pixel is decoded.

    Parameters
    ----------
    file : str
    slide : bool
        Whether pages of other sizes than the largest may stand beside it: a slide's overviews, its
        label.

    Raises
    ------
    InputError
        The file is empty, truncated, or not an image that can be used.
    """
    path = Path(file)
    with naming(file):
        if not path.exists():
            raise InputError(file, "does not exist", "check the path in the sheet")
        if path.is_dir():
            problem = "is a folder where the platform's layout wants a file"
            raise InputError(file, problem, "check the platform of the image in the sheet")
        if path.stat().st_size == 0:
            raise InputError(file, "is empty (0 bytes)", "copy it again from the scanner")
        if path.suffix.lower() in PICTURES:
            plane = Plane(file)
            return Content(((plane,),), 1, read_plane(plane).shape, None, _comment(path))
        return _inspect_tiff(file, slide)


def _comment(path: Path) -> str:
    """What a PNG or JPEG file says of itself."""
    with Image.open(path) as picture:
        said = [picture.info.get(key, "") for key in ("comment", "Description")]
    return " ".join(s.decode("utf-8", "replace") if isinstance(s, bytes) else s for s in said)


def _inspect_tiff(file: str, slide: bool) -> Content:
    with tifffile.TiffFile(file) as tiff:
        series = [s for s in tiff.series if len(s.shape) >= 2]
        if not series:
            raise InputError(file, "has no image in it")
        largest = max(series, key=lambda s: _area(s))
        alike = [s for s in series if s.axes == largest.axes and s.shape == largest.shape]
        if len(alike) < len(series) and not (slide or tiff.is_ome or tiff.is_svs):
            raise InputError(file, "has pages of different sizes", "export the channels alike")
        for s in alike:
            for page in s.pages:
                check_complete(file, page)
        check_end(file, tiff)
        frames: list[tuple[Plane, ...]] = []
        channels = 0
        for s in alike:
            found, channels = _frames_of(file, s)
            frames += found
        page = largest.keyframe
        description = str(getattr(tiff.pages[0], "description", "") or "")
        return Content(
            planes=tuple(frames),
            channels=channels,
            shape=(page.imagelength, page.imagewidth),
            pixel_size_um=pixel_size(file, tiff, page),
            description=description,
        )


def _area(series: tifffile.TiffPageSeries) -> int:
    return int(series.keyframe.imagelength * series.keyframe.imagewidth)


def _frames_of(file: str, series: tifffile.TiffPageSeries) -> tuple[list[tuple[Plane, ...]], int]:
    """Planes of one series by frame and channel, by its axes."""
    page = series.keyframe
    if page.dtype is None or page.dtype.kind not in "uif":
        raise InputError(
            file, f"holds values of type {page.dtype}", "export it in grey, 8 or 16 bit"
        )
    if page.photometric == MIN_IS_WHITE:
        # some programs turn the counts round with the tag and some do not
        problem = "says that its lowest count is white, so bright and dark may be swapped"
        raise InputError(file, problem, "export it with black as its lowest count")
    axes = "".join(a for a in series.axes if a not in "YXS")
    shape = [n for a, n in zip(series.axes, series.shape, strict=True) if a not in "YXS"]
    planes_deep = dict(zip(axes, shape, strict=True)).get("Z", 1)
    if planes_deep > 1:
        problem = f"is a stack of {planes_deep} focal planes"
        raise InputError(file, problem, "project it to one plane first, or save them as channels")
    places = [(_file_of(file, p), p.index) for p in series.pages if p]
    samples = page.samplesperpixel - sum(e in ALPHA for e in page.extrasamples)
    if samples > 1:
        planes = [tuple(Plane(f, n, s) for s in range(samples)) for f, n in places]
        return planes, 0 if len(places) == 1 else -1
    singles = [Plane(f, n, 0 if page.samplesperpixel > 1 else -1) for f, n in places]
    if "C" not in axes or len(singles) != int(np.prod(shape)):
        return [(plane,) for plane in singles], 0
    order = np.arange(len(singles)).reshape(shape)
    order = np.moveaxis(order, axes.index("C"), -1).reshape(-1, shape[axes.index("C")])
    return [tuple(singles[n] for n in row) for row in order], order.shape[1]


def _file_of(file: str, page: Any) -> str:
    """File that holds a page: one OME-TIFF may describe pages of the files beside it."""
    own = page.parent.filehandle.name
    return file if own == Path(file).name else str(Path(file).with_name(own))


def check_complete(file: str, page: Any) -> None:
    """Raise where a page's data would lie beyond the end of its file."""
    if page is None:
        raise InputError(file, "a page is missing", "export it again")
    ends = [o + n for o, n in zip(page.dataoffsets, page.databytecounts, strict=True)]
    size = page.parent.filehandle.size
    if ends and max(ends) > size:
        problem = f"is truncated: {size} bytes where {max(ends)} are needed"
        raise InputError(file, problem, "copy it again from the scanner")


def check_end(file: str, tiff: tifffile.TiffFile) -> None:
    """Raise where the last page names a next one that would lie beyond the end of the file."""
    handle, layout, last = tiff.filehandle, tiff.tiff, tiff.pages[-1]
    if getattr(last, "is_virtual", False):  # ImageJ's pages that have no directory of their own
        return
    handle.seek(last.offset)
    (tags,) = struct.unpack(layout.tagnoformat, handle.read(layout.tagnosize))
    handle.seek(tags * layout.tagsize, 1)
    (following,) = struct.unpack(layout.offsetformat, handle.read(layout.offsetsize))
    if following >= handle.size:
        problem = f"is truncated: a page at byte {following} of {handle.size}"
        raise InputError(file, problem, "copy it again from the scanner")


def pixel_size(file: str, tiff: tifffile.TiffFile, page: Any) -> float | None:
    """Edge of a pixel in micrometres, as the file says; None where it does not, or cannot be right.

    Raises
    ------
    InputError
        Pixels are longer than they are wide, or the other way round.
    """
    across, down = _pixel_edges(tiff, page)
    if across and down and abs(down - across) > SAME_SIZE * across:
        problem = f"has pixels of {across:g} by {down:g} um"
        raise InputError(file, problem, "export it with square pixels")
    return across


def _pixel_edges(tiff: tifffile.TiffFile, page: Any) -> tuple[float | None, float | None]:
    """Width and height of a pixel in micrometres, of what the file says that can be right."""
    if tiff.is_svs:
        said = re.search(r"MPP\s*=\s*([0-9.]+)", str(getattr(tiff.pages[0], "description", "")))
        if said:
            edge = _length(float(said[1].strip(".") or 0), 1.0)
            return edge, edge
    if tiff.is_ome and tiff.ome_metadata:
        for element in ElementTree.fromstring(tiff.ome_metadata).iter():
            if element.tag.endswith("Pixels") and element.get("PhysicalSizeX"):
                across, down = (_ome_length(element, f"PhysicalSize{axis}") for axis in "XY")
                return across, down
        return None, None
    across, down = (_resolution(tiff, page, f"{axis}Resolution") for axis in "XY")
    return across, down


def _ome_length(element: ElementTree.Element, name: str) -> float | None:
    """A length of an OME element; None where it has none."""
    unit = MICROMETRES.get(element.get(f"{name}Unit", "µm"))
    return _length(float(element.get(name, 0)), unit)


def _resolution(tiff: tifffile.TiffFile, page: Any, name: str) -> float | None:
    """The length of a pixel that a resolution tag means; None where there is none."""
    tag = page.tags.get(name)
    if tag is None or not all(tag.value):
        return None
    length = tag.value[1] / tag.value[0]
    if tiff.is_imagej and tiff.imagej_metadata:
        unit = str(tiff.imagej_metadata.get("unit", "")).replace("\\u00B5", "µ")
        return _length(length, MICROMETRES.get(unit))
    unit_tag = page.tags.get("ResolutionUnit")
    return _length(length, {2: 25400.0, 3: 10000.0}.get(int(unit_tag.value) if unit_tag else 0))


def _length(value: float, unit: float | None) -> float | None:
    """The edge of a pixel in micrometres; None where none is as long, or its unit is not known."""
    edge = value * unit if unit else 0.0
    return edge if PIXELS_UM[0] <= edge <= PIXELS_UM[1] else None


def natural_key(name: str) -> list[Any]:
    """Sort key that puts `Tile2` before `Tile10`."""
    return [(1, int(t), "") if t.isdigit() else (0, 0, t.lower()) for t in re.split(r"(\d+)", name)]
