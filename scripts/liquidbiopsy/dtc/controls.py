"""Colours that a slide has from another: of a control full of stain, or of the stained slides."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.dtc.colours import estimate_stain
from liquidbiopsy.dtc.slidewide import dense_pixels, slide_wide
from liquidbiopsy.imaging.slides import open_slide

log = logging.getLogger(__name__)
ALLOWANCE = 2.0  # a control may be so many times farther from the reference than a slide may


def with_controls(colours: Mapping[str, Any]) -> dict[str, Any]:
    """The colours with those of control slides in place of references, where they can be had.

    Parameters
    ----------
    colours : dict
        As `Choice.colours_of` gives them.
    """
    chromogens, remarks = {}, {}
    for name, chromogen in colours["chromogens"].items():
        vector, remark = chromogen["vector"], ""
        if chromogen["control"]:
            try:
                vector, remark = _of_control(chromogen["control"], name, vector, colours)
            except InputError as error:
                remark = f"the control slide of {name} could not be used ({error.problem})"
        if remark:
            log.warning("%s", remark)
            remarks[name] = remark
        chromogens[name] = {"vector": vector, "remark": remark, "settled": False}
    return {**colours, "chromogens": chromogens}


def with_colours_of(
    colours: Mapping[str, Any], stained: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The colours for isotype controls: those of the specimen's stained slides.

    Both were stained in one run. On a control itself there is nothing to estimate a colour from
    but dirt.

    Parameters
    ----------
    colours : dict
        As `with_controls` gives them.
    stained : sequence of dict
        Rows of the slides table of the specimen's stained slides.
    """
    own = {row["chromogen"]: row["stain"] for row in stained if row.get("stain")}
    chromogens = {
        name: {**chromogen, "vector": own.get(name, chromogen["vector"]), "settled": True}
        for name, chromogen in colours["chromogens"].items()
    }
    return {**colours, "chromogens": chromogens}


def _of_control(
    file: str, name: str, vector: list[float], colours: Mapping[str, Any]
) -> tuple[list[float], str]:
    """Colour of a chromogen on its control slide, and a remark where it is not plausible."""
    slide = open_slide(file)
    try:
        wide = slide_wide(slide, colours, vector)
        pixels = dense_pixels(slide, wide.white)
    finally:
        slide.close()
    nuclear = np.asarray(wide.haematoxylin.vector).tolist()
    found = estimate_stain(pixels, nuclear, vector, name, ALLOWANCE * colours["max_angle"])
    if found.remark:
        return vector, f"on its control slide, {found.remark}"
    return [float(part) for part in found.vector], ""
