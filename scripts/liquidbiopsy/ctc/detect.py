"""Detection: the images of a specimen become events with their measurements, before any call."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import tifffile

from liquidbiopsy.core.atomic import atomic_path
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.core.names import image_tag, without_place
from liquidbiopsy.core.tables import FAILED, MEASURED
from liquidbiopsy.ctc.features import SKIP, STANDARD
from liquidbiopsy.ctc.frames import FrameResult, read_frame
from liquidbiopsy.ctc.names import lost_words
from liquidbiopsy.ctc.platforms import Frame, Slide, open_slide
from liquidbiopsy.ctc.slidewide import Slidewide, slide_wide
from liquidbiopsy.imaging.copies import refuse_copy
from liquidbiopsy.imaging.stage import repeated

log = logging.getLogger(__name__)
MARGIN_PX = 2  # an event this near to a frame's edge may be cut by it
SIZE_CONFLICT = 0.02  # relative difference of pixel sizes that is reported


@dataclass
class Detected:
    """What one image gave."""

    row: dict[str, Any]
    """Its row of the `images` table."""
    columns: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    quality: list[dict[str, Any]] = field(default_factory=list)
    """Rows of the quality table, with `item`, or with `frame` where they are of a frame."""
    crops: list[dict[str, Any]] = field(default_factory=list)


def detect_image(
    item: Mapping[str, Any],
    platform: Mapping[str, Any],
    settings: Mapping[str, Any],
    image: str,
    *,
    threads: int = 1,
    masks: Path | None = None,
    copy_of: str = "",
) -> Detected:
    """Find and measure the events of one image.

    Parameters
    ----------
    item : dict
        Its row of ctc.tsv.
    platform : dict
        Settings of its platform.
    settings : dict
        The sections `detection`, `quality` and `gallery` of the assay's settings.
    image : str
        Its name as tables give it.
    threads : int
        Frames that are worked on at a time.
    masks : Path, optional
        Folder for label images of the nuclei.
    copy_of : str
        Name of the image that this one is a copy of; it is not looked at then.

    Returns
    -------
    Detected
        An image that cannot be used has status `failed` and the reason in its row.
    """
    row = {
        "specimen_id": item["specimen_id"],
        "image": image,
        "platform": item["platform"],
        "role": item["role"] or "sample",
        "markers": [c for c in platform["channels"] if c not in (*STANDARD, SKIP)],
    }
    cv2.setNumThreads(1)
    try:
        refuse_copy(item["image"], copy_of)
        slide = open_slide(item["image"], platform, item["platform"])
        known = slide_wide(slide, platform, settings["detection"])
    except InputError as error:
        reason = without_place(str(error), item["image"], image)
        log.warning("%s: %s", item["specimen_id"], reason)
        return Detected({**row, "status": FAILED, "reason": reason, "simulated": False})
    found = Detected(row, channels=slide.channels)
    parts: list[dict[str, npt.NDArray[Any]]] = []
    lost = dict(slide.missing)
    outside: list[FrameResult] = []
    found.quality += _pixel_size_row(slide, image)
    for number, reason in slide.missing.items():
        log.warning("%s frame %d: %s", image, number, reason)
        found.quality.append(
            {"frame": number, "metric": "present", "value": 0.0, "unit": "1", "passed": False}
        )
    crop_um = settings["gallery"]["size_um"]
    for result in _results(slide, known, settings, threads, crop_um, masks is not None):
        if result.outside:
            outside.append(result)
            continue
        found.quality += [{**q, "frame": result.number} for q in result.quality]
        if result.lost:
            lost[result.number] = without_place(result.lost, item["image"], image)
        if result.columns:
            parts.append(_placed(result, slide))
            found.crops += _crop_rows(result, slide, parts[-1])
            found.crops = _most_stained(found.crops, settings["gallery"]["most"])
        if masks is not None and result.masks is not None:
            file = masks / f"{image_tag(image)}-{result.number:04d}.tif"
            with atomic_path(file) as partial:
                tifffile.imwrite(partial, result.masks, compression="zlib")
        log.info(
            "%s frame %d: %d events %s",
            image,
            result.number,
            len(result.columns.get("x_px", ())),
            result.lost,
        )
    if len(outside) == len(slide.frames):  # a plane of nothing but one colour is no picture
        lost |= {result.number: result.lost for result in outside}
        found.quality += [{**q, "frame": r.number} for r in outside for q in r.quality]
        outside = []
    found.columns = _once(parts, slide)
    _name_cells(found, image)
    found.row |= {
        "status": MEASURED,
        "reason": lost_words(lost) or None,
        "frames": len(slide.frames) - len(outside) + len(slide.missing),
        "frames_lost": len(lost),
        "pixel_size_um": slide.stage.pixel_size_um,
        "simulated": slide.simulated,
    }
    return found


def _results(
    slide: Slide,
    known: Slidewide,
    settings: Mapping[str, Any],
    threads: int,
    crop_um: float,
    masks: bool,
) -> Iterator[FrameResult]:
    """Results of the frames in their order, a few at a time so that memory stays bounded."""

    def work(frame: Frame) -> FrameResult:
        return read_frame(slide, frame, known, settings["quality"], crop_um=crop_um, masks=masks)

    if threads == 1:
        yield from map(work, slide.frames)
        return
    frames = iter(slide.frames)
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        waiting = [pool.submit(work, f) for f in islice(frames, threads + 1)]
        while waiting:
            yield waiting.pop(0).result()
            waiting += [pool.submit(work, f) for f in islice(frames, 1)]


def _placed(result: FrameResult, slide: Slide) -> dict[str, npt.NDArray[Any]]:
    """A frame's columns with the frame's number and the place on the slide."""
    stage = slide.stage
    top, left = stage.origin_px(result.number)
    columns = dict(result.columns)
    n = len(columns["x_px"])
    columns["frame"] = np.full(n, result.number, np.int32)
    columns["x_um"] = (left + columns["x_px"]) * stage.pixel_size_um
    columns["y_um"] = (top + columns["y_px"]) * stage.pixel_size_um
    height, width = slide.shape if not slide.tiled else (stage.height_px, stage.width_px)
    reach = np.sqrt(columns["area_um2"] / np.pi) / stage.pixel_size_um
    shared = stage.overlap_px + MARGIN_PX + reach
    near = (columns["x_px"] < shared) | (columns["x_px"] > width - shared)
    near |= (columns["y_px"] < shared) | (columns["y_px"] > height - shared)
    columns["shared"] = near & bool(stage.columns)
    return columns


def _once(parts: Sequence[Mapping[str, Any]], slide: Slide) -> dict[str, npt.NDArray[Any]]:
    """All frames' columns together, each event told once; a plane's tiles become one frame."""
    if not parts:
        return {}
    columns = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    drop = repeated(
        columns["frame"],
        columns["x_um"],
        columns["y_um"],
        columns["area_um2"],
        columns["edge"],
        columns["shared"],
    )
    columns = {k: v[~drop] for k, v in columns.items() if k != "shared"}
    if slide.tiled:
        px = slide.stage.pixel_size_um
        columns["x_px"] = columns["x_um"] / px
        columns["y_px"] = columns["y_um"] / px
        columns["frame"] = np.zeros_like(columns["frame"])
    return columns


def _name_cells(found: Detected, image: str) -> None:
    """Name every event by its place, and give its pictures the same name."""
    if not found.columns:
        return
    tag = image_tag(image)
    places = zip(found.columns["frame"], found.columns["x_px"], found.columns["y_px"], strict=True)
    names: list[str] = []
    seen: dict[str, int] = {}
    for frame, x, y in places:
        name = f"{tag}-{frame:04d}-{round(x):05d}-{round(y):05d}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    found.columns["cell_id"] = np.array(names, dtype=object)
    on_slide = zip(found.columns["x_um"], found.columns["y_um"], strict=True)
    of_place = dict(zip(on_slide, names, strict=True))
    found.crops = [
        {**c, "cell_id": of_place[c["place"]]} for c in found.crops if c["place"] in of_place
    ]


def _crop_rows(
    result: FrameResult, slide: Slide, columns: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Pictures of a frame's events with cytokeratin, with the place that will name them."""
    rows = []
    for k, row in enumerate(result.crop_rows):
        pictures = {name: crops[k] for name, crops in result.crops.items()}
        place = (columns["x_um"][row], columns["y_um"][row])
        rank = float(columns["cytokeratin_snr"][row])
        nucleated = bool(columns["nuclei"][row])
        rows.append({"place": place, "rank": (nucleated, rank), "pictures": pictures})
    return rows


def _most_stained(crops: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """The events whose pictures are kept: those with a nucleus first, then the brightest."""
    if len(crops) <= 2 * most:
        return crops
    return sorted(crops, key=lambda c: (c["rank"], c["place"]), reverse=True)[:most]


def _pixel_size_row(slide: Slide, image: str) -> list[dict[str, Any]]:
    """A quality row that compares the file's pixel size with the settings'."""
    own, given = slide.pixel_sizes_um
    if own is None or given is None:
        return []
    agree = abs(own - given) <= SIZE_CONFLICT * given
    if not agree:
        log.warning("%s: pixel size %g um in the file, %g um in the settings", image, own, given)
    row = {"item": image, "metric": "pixel_size", "value": own, "unit": "um"}
    return [{**row, "limit": given, "passed": bool(agree)}]
