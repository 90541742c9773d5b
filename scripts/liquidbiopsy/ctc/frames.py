"""One frame of a slide: its quality, its events, and what is measured of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctc.events import Events, find_events, frame_surfaces
from liquidbiopsy.ctc.features import STANDARD
from liquidbiopsy.ctc.platforms import Frame, Slide
from liquidbiopsy.ctc.slidewide import Slidewide
from liquidbiopsy.imaging.background import Surface
from liquidbiopsy.imaging.measure import all_round_snr, measure_light, measure_shape
from liquidbiopsy.imaging.sharpness import exposure, focus

Column = npt.NDArray[Any]


@dataclass
class FrameResult:
    """What one frame gave."""

    number: int
    columns: dict[str, Column] = field(default_factory=dict)
    quality: list[dict[str, Any]] = field(default_factory=list)
    lost: str = ""
    """Why the frame does not count as seen; empty where it does."""
    outside: bool = False
    """Whether it is a tile of a large plane that no picture was put into: one even colour."""
    crops: dict[str, list[npt.NDArray[np.uint16]]] = field(default_factory=dict)
    """Pictures of the events with cytokeratin, by channel; their rows are `crop_rows`."""
    crop_rows: list[int] = field(default_factory=list)
    masks: npt.NDArray[np.int32] | None = None


def read_frame(
    slide: Slide,
    frame: Frame,
    known: Slidewide,
    quality: Mapping[str, Any],
    *,
    crop_um: float,
    masks: bool,
) -> FrameResult:
    """Read a frame, judge it, and find and measure its events.

    Parameters
    ----------
    slide, frame : Slide, Frame
    known : Slidewide
    quality : dict
        Settings of quality.
    crop_um : float
        Edge of the pictures of single events, in micrometres.
    masks : bool
        Whether to keep the nuclei's label image.
    """
    result = FrameResult(frame.number)
    try:
        images = dict(zip(slide.channels, slide.read(frame), strict=True))
    except InputError as error:
        result.lost = str(error)
        result.quality.append({"metric": "present", "value": 0.0, "unit": "1", "passed": False})
        return result
    usable = _judge(result, images, slide, known, quality)
    if not usable:
        even = all(image.min() == image.max() for image in images.values())
        result.outside = slide.tiled and even
        return result
    surfaces = frame_surfaces(images, known.illumination, known.scale.square_px)
    events = find_events(images["nucleus"], images.get("cytokeratin"), surfaces, known.scale)
    result.columns = _measure(events, images, surfaces, known, slide)
    if masks:
        result.masks = events.nuclei.labels
    stained = np.flatnonzero(result.columns["cytokeratin_area_um2"] > 0)
    result.crop_rows = stained.tolist()
    half = max(4, round(crop_um / slide.stage.pixel_size_um / 2))
    for name, image in images.items():
        result.crops[name] = _crops(image, surfaces[name], result.columns, stained, half)
    return result


def _judge(
    result: FrameResult,
    images: Mapping[str, Column],
    slide: Slide,
    known: Slidewide,
    limits: Mapping[str, Any],
) -> bool:
    """Note the quality of each channel; False where there is nothing to be found in the frame."""
    states = {name: exposure(image, known.full) for name, image in images.items()}
    blank = [name for name, state in states.items() if state.blank and name in STANDARD]
    saturated = max(state.saturated for state in states.values())
    for name, state in states.items():
        result.quality.append(
            {"metric": f"saturation:{name}", "value": state.saturated, "unit": "1"}
        )
    sharp = {
        n: None if states[n].blank else focus(i, slide.stage.pixel_size_um)
        for n, i in images.items()
        if n in STANDARD
    }
    for name, value in sharp.items():
        result.quality.append({"metric": f"focus:{name}", "value": value, "unit": "1"})
    nuclear = sharp["nucleus"]
    in_focus = nuclear is None or nuclear >= limits["min_focus"]
    unsaturated = saturated <= limits["max_saturated"]
    result.quality += [
        {"metric": "signal", "value": float(not blank), "unit": "1", "passed": not blank},
        {
            "metric": "focus",
            "value": nuclear,
            "unit": "1",
            "limit": limits["min_focus"],
            "passed": in_focus,
        },
        {
            "metric": "saturation",
            "value": saturated,
            "unit": "1",
            "limit": limits["max_saturated"],
            "passed": unsaturated,
        },
    ]
    if blank:
        result.lost = f"no picture (all alike, or not numbers) in {', '.join(blank)}"
    elif not unsaturated:
        result.lost = "saturated"
    elif not in_focus:
        result.lost = "out of focus"
    return not blank


def _measure(
    events: Events,
    images: Mapping[str, Column],
    surfaces: Mapping[str, Surface],
    known: Slidewide,
    slide: Slide,
) -> dict[str, Column]:
    """Columns of a frame's events, centres in the frame's pixels."""
    n, px = events.n, slide.stage.pixel_size_um
    shape = measure_shape(*events.whole, n, events.labels)
    stained = measure_shape(*events.cytokeratin, n, events.stained)
    nuclear_places, nuclear_owners = events.nuclei.places, events.nuclei.owners
    each = measure_shape(nuclear_places, nuclear_owners, events.nuclei.total, events.nuclei.labels)
    in_event = events.nucleus_event[nuclear_owners]
    nuclear_area = np.bincount(in_event, minlength=n).astype(float)
    both = events.stained.ravel()[nuclear_places] > 0
    covered = np.bincount(in_event[both], minlength=n)
    largest = _largest(events.nucleus_event, each.area, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        overlay = np.where(nuclear_area > 0, covered / nuclear_area, np.nan)
    area = shape.area * px**2
    columns: dict[str, Column] = {
        "x_px": shape.x,
        "y_px": shape.y,
        "nuclei": np.bincount(events.nucleus_event, minlength=n).astype(np.int32),
        "area_um2": area,
        "diameter_um": 2 * np.sqrt(area / np.pi),
        "eccentricity": shape.eccentricity,
        "p2a": shape.p2a,
        "overlay": overlay,
        "edge": shape.edge,
        "nucleus_area_um2": nuclear_area * px**2,
        "nucleus_p2a": _at(each.p2a, largest),
        "nucleus_eccentricity": _at(each.eccentricity, largest),
        "cytokeratin_area_um2": stained.area * px**2,
        "cytokeratin_p2a": stained.p2a,
        "cytokeratin_eccentricity": stained.eccentricity,
    }
    regions = {
        "nucleus": (nuclear_places, in_event),
        "cytokeratin": events.cytokeratin,
        "wide": _joined(events.whole, events.rim),
    }
    for name, image in images.items():
        own = regions.get(name, regions["wide"])
        light = _light(own, n, image, surfaces[name], known.gain.get(name))
        if name in ("nucleus", "cytokeratin"):  # an event without either is measured as a whole
            lacking = np.isnan(light["mean"])
            rest = _of(events.whole, lacking)
            whole = _light(rest, n, image, surfaces[name], known.gain.get(name))
            light = {k: np.where(lacking, whole[k], v) for k, v in light.items()}
        else:
            surface = surfaces[name]
            grids = (surface.level, surface.noise)
            marker = name not in STANDARD
            light["snr"] = all_round_snr(*own, shape, image, *grids, membrane=marker)
        columns |= {f"{name}_{measure}": values for measure, values in light.items()}
    # of cytokeratin that lies on another cell's nucleus little or nothing is left to be an event
    enough = (columns["nuclei"] > 0) | (shape.area >= known.scale.cytokeratin.min_area_px)
    kept = enough & (shape.area > 0)
    return {name: values[kept] for name, values in columns.items()}


def _light(
    region: tuple[Column, Column],
    n: int,
    image: Column,
    surface: Surface,
    gain: npt.NDArray[np.float32] | None,
) -> dict[str, Column]:
    even = np.ones((1, 1), np.float32) if gain is None else gain
    light = measure_light(*region, n, image, surface.level, surface.noise, even)
    return light._asdict()


def _of(region: tuple[Column, Column], chosen: Column) -> tuple[Column, Column]:
    """The pixels of some events alone."""
    mine = chosen[region[1]]
    return region[0][mine], region[1][mine]


def _joined(a: tuple[Column, Column], b: tuple[Column, Column]) -> tuple[Column, Column]:
    return np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]])


def _largest(event: Column, area: Column, n: int) -> Column:
    """Index of the largest nucleus of each event; -1 where it has none."""
    largest = np.full(n, -1)
    order = np.argsort(area, kind="stable")
    largest[event[order]] = order
    return largest


def _at(values: Column, index: Column) -> Column:
    """Values at an index, NaN where it is -1."""
    return np.append(values, np.nan)[index]


def _crops(
    image: Column, surface: Surface, columns: Mapping[str, Column], rows: Column, half: int
) -> list[npt.NDArray[np.uint16]]:
    """Squares of `2 half` pixels around events, background taken off, zero beyond the frame."""
    height, width = image.shape
    grid = surface.level
    found = []
    for row in rows:
        y, x = round(columns["y_px"][row]), round(columns["x_px"][row])
        i = min(int(y * grid.shape[0] / height), grid.shape[0] - 1)
        j = min(int(x * grid.shape[1] / width), grid.shape[1] - 1)
        crop = np.zeros((2 * half, 2 * half), np.uint16)
        top, left = max(y - half, 0), max(x - half, 0)
        part = image[top : y + half, left : x + half].astype(np.float32) - grid[i, j]
        if image.dtype.kind == "f":
            part *= 1000 / max(float(surface.noise.mean()) * 100, 1e-12)
        oy, ox = top - (y - half), left - (x - half)
        filled = np.clip(np.rint(part), 0, 65535).astype(np.uint16)
        crop[oy : oy + part.shape[0], ox : ox + part.shape[1]] = filled
        found.append(crop)
    return found
