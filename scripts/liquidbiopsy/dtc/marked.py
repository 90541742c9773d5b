"""Pictures of whole slides with the places of their cells marked."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.words import number, plain
from liquidbiopsy.dtc.places import COLOURS
from liquidbiopsy.dtc.tables import DEGENERATED, PROBABLE, TUMOUR_CELL, UNCERTAIN

MARKED = (TUMOUR_CELL, PROBABLE, UNCERTAIN, DEGENERATED)
"""Calls whose places are marked on the picture of the slide."""
SHADE = 0.5  # optical density at which the colour of a stain is shown


@dataclass(frozen=True)
class Mark:
    """A cell on the picture of its slide, in pixels of that picture."""

    number: int
    x: float
    y: float
    call: str
    name: str
    colour: str


@dataclass(frozen=True)
class ShownSlide:
    """A slide as the page shows it."""

    row: Mapping[str, Any]
    facts: list[tuple[str, str]]
    colours: list[tuple[str, str, str]]
    """Of what, the colour, and the numbers behind it."""
    src: str
    width: int
    height: int
    marks: list[Mark]


def mark_numbers(cells: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """cell_id -> number on the picture of its slide, from 1 in each, down the slide.

    Parameters
    ----------
    cells : iterable of dict
        Rows of the cells table in its order; those of other calls or not evaluated have no number.
    """
    last: dict[str, int] = {}
    found = {}
    for row in cells:
        if row["call"] in MARKED and row["evaluated"]:
            last[row["slide_id"]] = last.get(row["slide_id"], 0) + 1
            found[row["cell_id"]] = last[row["slide_id"]]
    return found


def shown_slide(slide: Mapping[str, Any], cells: Sequence[Mapping[str, Any]]) -> ShownSlide:
    """A slide's picture, what is known of it, and the places of its cells.

    Parameters
    ----------
    slide : dict
        Its row of the slides table; it was read.
    cells : sequence of dict
        Rows of the cells table.
    """
    scale = slide["overview_scale"]
    numbers = mark_numbers(cells)
    marks = [
        Mark(
            numbers[row["cell_id"]],
            round(row["x_px"] / scale, 1),
            round(row["y_px"] / scale, 1),
            plain(row["call"]),
            row["cell_id"],
            css(COLOURS[row["call"]]),
        )
        for row in cells
        if row["slide_id"] == slide["slide_id"] and row["cell_id"] in numbers
    ]
    src = "data:image/jpeg;base64," + base64.b64encode(slide["overview"]).decode("ascii")
    width, height = (max(1, round(slide[f"{edge}_px"] / scale)) for edge in ("width", "height"))
    return ShownSlide(slide, _facts(slide), _colours(slide), src, width, height, marks)


def css(colour: Iterable[float]) -> str:
    """Red, green and blue, 0 to 255, as a style sheet writes them."""
    return f"rgb({', '.join(str(round(part)) for part in colour)})"


def _facts(slide: Mapping[str, Any]) -> list[tuple[str, str]]:
    interval = f"{number(slide['mnc_low'])} to {number(slide['mnc_high'])}"
    share = slide["evaluated_mm2"] / slide["cells_mm2"] if slide["cells_mm2"] else 0.0
    return [
        ("Chromogen", plain(slide["chromogen"])),
        ("Mononuclear cells evaluated", number(slide["mnc"])),
        ("95 % interval", interval),
        ("Area with cells", f"{number(slide['cells_mm2'])} mm²"),
        ("Evaluated", f"{100 * share:.0f} %"),
        ("Pixel", f"{slide['pixel_size_um']:.3g} µm"),
    ]


def _colours(slide: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Colours of clear glass and of the stains, as they were found on the slide."""
    white = slide["white"]
    if not white:
        return []
    found = [("Clear glass", css(white), ", ".join(f"{part:.0f}" for part in white))]
    for name, vector in (
        ("haematoxylin", slide["haematoxylin"]),
        (slide["chromogen"], slide["stain"]),
    ):
        if vector:
            shade = [w * 10 ** (-SHADE * v) for w, v in zip(white, vector, strict=True)]
            found.append((plain(name), css(shade), ", ".join(f"{part:.2f}" for part in vector)))
    return found
