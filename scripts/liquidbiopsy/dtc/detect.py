"""One slide: its nuclei counted, its stained objects found and measured, before any call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import cv2
import numpy as np

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.core.names import image_tag, without_place
from liquidbiopsy.core.tables import FAILED, INADEQUATE, MEASURED
from liquidbiopsy.dtc.colours import Estimate, estimate_stain
from liquidbiopsy.dtc.denominator import denominator
from liquidbiopsy.dtc.features import measure, too_large
from liquidbiopsy.dtc.ground import Ground, Sensitivity, Tile, tiles_of
from liquidbiopsy.dtc.nuclei import Nuclear
from liquidbiopsy.dtc.objects import Finding, bodies, look
from liquidbiopsy.dtc.once import once
from liquidbiopsy.dtc.pictures_of import crop, overview, worth_a_picture
from liquidbiopsy.dtc.quality import (
    inadequacy,
    slide_quality,
    stained_area,
    tile_quality,
    unlike_marrow,
)
from liquidbiopsy.dtc.scale import Scale
from liquidbiopsy.dtc.seeds import Seed, group
from liquidbiopsy.dtc.slidewide import Slidewide, slide_wide
from liquidbiopsy.dtc.survey import Survey, survey
from liquidbiopsy.dtc.tables import STAINED
from liquidbiopsy.dtc.tile import read_tile
from liquidbiopsy.imaging.brightfield import separation_tables
from liquidbiopsy.imaging.copies import refuse_copy
from liquidbiopsy.imaging.slides import WholeSlide, open_slide
from liquidbiopsy.imaging.stain_vectors import unmixing

log = logging.getLogger(__name__)
ESTIMATED_FROM = 150  # stained objects, at most, from which a chromogen's colour is estimated
In = TypeVar("In")
Out = TypeVar("Out")


@dataclass
class Detected:
    """What one slide gave."""

    row: dict[str, Any]
    """Its row of the `slides` table."""
    objects: list[dict[str, Any]] = field(default_factory=list)
    quality: list[dict[str, Any]] = field(default_factory=list)
    crops: list[dict[str, Any]] = field(default_factory=list)


def detect_slide(
    item: Mapping[str, Any],
    colours: Mapping[str, Any],
    settings: Mapping[str, Any],
    image: str,
    *,
    threads: int = 1,
    copy_of: str = "",
) -> Detected:
    """Count the nuclei of one slide, and find its stained objects.

    Parameters
    ----------
    item : dict
        Its row of dtc.tsv.
    colours : dict
        As `Choice.colours_of` gives them.
    settings : dict
        `pixel_size_um` and the sections `detection`, `quality` and `gallery`.
    image : str
        Its name as tables give it.
    threads : int
        Tiles that are worked on at a time.
    copy_of : str
        Name of the slide that this one is a copy of; it is not looked at then.

    Returns
    -------
    Detected
        A slide that cannot be used has status `failed` and the reason in its row.
    """
    row = {
        "specimen_id": item["specimen_id"],
        "slide_id": item["slide_id"],
        "image": image,
        "chromogen": item["chromogen"],
        "role": item["role"] or STAINED,
        "remarks": [],
        "scored": False,
        "simulated": False,
    }
    cv2.setNumThreads(1)
    try:
        refuse_copy(item["image"], copy_of)
        slide = open_slide(item["image"])
        try:
            return _Detection(slide, row, colours, settings, threads).run()
        finally:
            slide.close()
    except InputError as error:
        reason = without_place(str(error), item["image"], image)
        log.warning("%s %s: %s", item["specimen_id"], item["slide_id"], reason)
        return Detected({**row, "status": FAILED, "reason": reason})


class _Detection:
    """The work on one slide."""

    def __init__(
        self,
        slide: WholeSlide,
        row: dict[str, Any],
        colours: Mapping[str, Any],
        settings: Mapping[str, Any],
        threads: int,
    ) -> None:
        self.slide, self.row, self.threads = slide, row, threads
        self.colours, self.settings = colours, settings
        self.detection, self.quality = settings["detection"], settings["quality"]
        size = slide.pixel_size_um or settings["pixel_size_um"]
        if not size:
            remedy = "set assays.dtc.pixel_size_um"
            raise InputError(slide.file, "does not say its pixel size", remedy)
        self.scale = Scale.of(self.detection, self.quality["square_um"], size)
        self.known_stain = colours["chromogens"][row["chromogen"]]["vector"]
        self.step = max(slide.height, slide.width) / settings["gallery"]["overview_px"]
        self.step = max(1.0, self.step)
        self.how = Nuclear.of(
            self.detection["nucleus_diameter_um"],
            self.detection["nucleus_od"],
            self.detection["min_nucleus_um2"],
            self.scale.working_um,
        )

    def run(self) -> Detected:
        """Tiles, then the slide as a whole, then its stained objects."""
        slide, scale = self.slide, self.scale
        wide = slide_wide(slide, self.colours, self.known_stain)
        self.tables = separation_tables(wide.white, wide.haematoxylin.vector, self.known_stain)
        self.sensitivity = Sensitivity(
            self.detection["stain_od"], self.detection["stain_noise"], wide.ground_od
        )
        grounds = tiles_of(slide.height, slide.width, scale)
        tiles = list(self._each(lambda g: self._tile(g, 0, self.how), grounds))
        surveyed = survey(tiles, scale, self.quality, self.detection["min_nucleus_um2"])
        places = np.concatenate([t.stained for t in tiles])
        stained = stained_area(surveyed, places)
        seeds = group(places, scale.working_um, self.detection["min_stain_um2"])
        stain = self._stain(seeds, surveyed, wide)
        angle = self.colours["max_angle"]
        wrong = unlike_marrow(stain, self.row["chromogen"], stained, self.quality, angle)
        if wrong:
            seeds = []  # what would be found would not be stained cells
        counted = denominator(
            surveyed,
            lambda ground, shift, how: self._tile(ground, shift, how).nuclei,
            self.how,
            (slide.height, slide.width),
        )
        finding = self._finding(surveyed, wide, stain)
        objects = self._objects(seeds, surveyed, finding)
        log.info(
            "%s: %d nuclei evaluated, %d stained objects",
            self.row["slide_id"], counted.mnc, len(objects),
        )  # fmt: skip
        reason = wrong or inadequacy(surveyed, self.quality["min_evaluated"])
        control = self.colours["chromogens"][self.row["chromogen"]]["remark"]
        remarks = [control, *wide.remarks, stain.remark]
        self.row |= {
            "status": INADEQUATE if reason else MEASURED,
            "reason": reason,
            "scored": not wrong,
            "remarks": [words for words in remarks if words],
            "width_px": slide.width,
            "height_px": slide.height,
            "pixel_size_um": scale.pixel_size_um,
            "working_um": scale.working_um,
            "mnc": float(counted.mnc),
            "mnc_low": counted.low,
            "mnc_high": counted.high,
            "mnc_repeat_error": counted.repeat_error,
            "nucleus_area_um2": _known(surveyed.nucleus_area_um2),
            "cells_mm2": surveyed.area_mm2(surveyed.cells),
            "evaluated_mm2": surveyed.area_mm2(surveyed.evaluated),
            "white": [round(value, 1) for value in wide.white],
            "haematoxylin": [round(float(v), 4) for v in wide.haematoxylin.vector],
            "stain": [round(float(v), 4) for v in stain.vector],
            "overview": overview(tiles, scale, slide.height, slide.width, self.step),
            "overview_scale": self.step,
            "simulated": slide.simulated,
        }
        sizes = (slide.pixel_size_um, self.settings["pixel_size_um"])
        quality = slide_quality(
            self.row, surveyed, counted, (wide.haematoxylin, stain), self.quality, sizes,
            angle, stained,
        )  # fmt: skip
        quality += tile_quality(self.row["slide_id"], tiles, surveyed, self.quality["min_focus"])
        pictured = worth_a_picture(objects, self.settings["gallery"]["most"])
        size_um = self.settings["gallery"]["size_um"]
        crops = list(self._each(lambda f: crop(slide, f, finding, scale, size_um), pictured))
        return Detected(self.row, objects, quality, crops)

    def _tile(self, ground: Ground, shift: int, how: Nuclear) -> Tile:
        return read_tile(
            self.slide, ground, self.scale, self.tables, how, self.sensitivity, self.step, shift
        )

    def _stain(self, seeds: Sequence[Seed], surveyed: Survey, wide: Slidewide) -> Estimate:
        """The chromogen's colour: the slide's own where there is enough of it."""
        settled = self.colours["chromogens"][self.row["chromogen"]]["settled"]
        if settled or not self.colours["estimate"]:
            return Estimate(np.asarray(self.known_stain, float), None, "")
        most = self.detection["max_object_um2"] / self.scale.working_um**2
        factor = self.scale.factor
        chosen = [
            seed
            for seed in seeds
            if seed.area_px <= most
            and surveyed.is_evaluated(seed.top * factor, seed.left * factor)
            and surveyed.is_evaluated(seed.bottom * factor, seed.right * factor)
        ]
        chosen = chosen[:: max(1, -(-len(chosen) // ESTIMATED_FROM))]

        def pixels(seed: Seed) -> Any:
            seen = look(self.slide, seed, self.scale, wide.white)
            return seen.density[seen.seed]

        return estimate_stain(
            list(self._each(pixels, chosen)),
            wide.haematoxylin.vector.tolist(),
            self.known_stain,
            self.row["chromogen"],
            self.colours["max_angle"],
        )

    def _finding(self, surveyed: Survey, wide: Slidewide, stain: Estimate) -> Finding:
        return Finding(
            white=wide.white,
            unmixing=unmixing(wide.haematoxylin.vector, stain.vector).astype(np.float32),
            haematoxylin=wide.haematoxylin.vector,
            stain=stain.vector,
            least_od=self.detection["stain_od"],
            min_um2=self.detection["min_stain_um2"],
            nucleus_od=self.detection["nucleus_od"],
            usual_od=_known(surveyed.nucleus_od) or 0.0,
            usual_um2=_known(surveyed.nucleus_area_um2) or 0.0,
            diameter_um=self.detection["nucleus_diameter_um"],
            min_nucleus_um2=self.detection["min_nucleus_um2"],
        )

    def _objects(
        self, seeds: Sequence[Seed], surveyed: Survey, finding: Finding
    ) -> list[dict[str, Any]]:
        """Features of the stained objects that the seeds belong to, each told once."""

        def one(seed: Seed) -> list[dict[str, Any]]:
            if seed.area_px * self.scale.working_um**2 > self.detection["max_object_um2"]:
                return [too_large(seed, self.scale)]
            seen = look(self.slide, seed, self.scale, finding.white)
            middle = (seed.top + seed.bottom) / 2, (seed.left + seed.right) / 2
            noise = surveyed.noise_at(*(m * self.scale.factor for m in middle))
            return [measure(body, seen, finding, noise) for body in bodies(seen, finding)]

        size = self.scale.pixel_size_um
        found = once([f for several in self._each(one, seeds) for f in several], size)
        tag = image_tag(self.row["slide_id"])
        for f in found:
            name = f"{tag}-{round(f['x_px']):05d}-{round(f['y_px']):05d}"
            f |= {key: self.row[key] for key in ("specimen_id", "slide_id", "role")}
            f |= {"cell_id": name, "evaluated": bool(surveyed.is_evaluated(f["y_px"], f["x_px"]))}
        return found

    def _each(self, work: Callable[[In], Out], items: Sequence[In]) -> Iterator[Out]:
        """Results in the order of the items, a few at a time so that memory stays bounded."""
        if self.threads == 1:
            yield from map(work, items)
            return
        waiting_for = iter(items)
        with ThreadPoolExecutor(max_workers=self.threads) as pool:
            waiting = [pool.submit(work, i) for i in islice(waiting_for, 2 * self.threads)]
            while waiting:
                yield waiting.pop(0).result()
                waiting += [pool.submit(work, i) for i in islice(waiting_for, 1)]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
