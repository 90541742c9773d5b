"""Copies of a patient's single cells as one heat map of cells over the genome, as static SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from liquidbiopsy.report.cells_picture import (
    MOST_ROWS,
    UNKNOWN,
    Laid,
    Whole,
    laid_out,
    most_common,
    picture,
    row_starts,
)
from liquidbiopsy.report.colours import COPIES, ROLES
from liquidbiopsy.report.colours import UNKNOWN as NOT_KNOWN
from liquidbiopsy.report.drawing import INK, SOFT, WIDTHS
from liquidbiopsy.report.vector import (
    LETTER,
    Grid,
    element,
    plain_number,
    rectangles,
    shortened,
    svg,
    text,
)

COLUMNS = {"broad": 700, "narrow": 300}
HEIGHT = {"broad": 520, "narrow": 420}
"""Pixels of rows where they are many; few are as high as `ROW`, so that their names are read."""
ROW, NAMED = 13, 40
NAME_PX = 104
STRIP, GAP, HEAD, FOOT = 11, 2, 64, 8
MOST_BYTES = 1_600_000
"""Of both drawings; where they would be larger, rows are of more cells."""
STRIPS = ("Clone", "Role", "Specimen")


@dataclass(frozen=True)
class HeatMap:
    """The drawings, and what is to be said of their rows and columns."""

    svgs: dict[str, str]
    each: int
    """Cells of a row, at most."""
    pure: bool
    """Whether the cells of a row are of one clone."""
    columns: tuple[float, float]
    """Bases of a column of the broad one and of the narrow one."""


def cells_svgs(
    cells: pd.DataFrame,
    segments: pd.DataFrame,
    colours: Sequence[Mapping[str, str]],
    about: tuple[str, str],
    key: str,
) -> HeatMap | None:
    """The heat map of some cells, for wide pages and for narrow ones.

    Parameters
    ----------
    cells : DataFrame
        A row a cell in the order that they are drawn: `specimen_id`, `cell_id`, `clone`, `role`.
    segments : DataFrame
        See `laid_out`.
    colours : sequence of mapping
        For each strip at the left (clone, role, specimen): value -> colour.
    about : tuple of str
        Title and description of the drawing.
    key : str
        Prefix of its identifiers, unlike any other on the page.

    Returns
    -------
    HeatMap, or None where no segment is of these cells
    """
    laid = laid_out(segments, cells)
    if not laid.length:
        return None
    clone = pd.factorize(cells["clone"])[0]
    values = [cells[c].astype(str) for c in ("clone", "role", "specimen_id")]
    strips = [_numbers(v, own) for v, own in zip(values, colours, strict=True)]
    palette = [list(own.values()) for own in colours]
    wholes = {name: picture(laid, len(cells), columns) for name, columns in COLUMNS.items()}
    most = MOST_ROWS
    while True:
        starts, each, pure = row_starts(clone, most)
        drawings = {
            name: _drawing(
                most_common(whole, starts), [most_common(s, starts, 256) for s in strips],
                palette, laid, _names(cells, starts), about, (key, name),
            )
            for name, whole in wholes.items()
        }  # fmt: skip
        if sum(map(len, drawings.values())) <= MOST_BYTES or most < 50:
            columns = laid.length / COLUMNS["broad"], laid.length / COLUMNS["narrow"]
            return HeatMap(drawings, each, pure, columns)
        most //= 2


def _numbers(values: pd.Series, colours: Mapping[str, str]) -> Grid:
    """Number of the colour of each value, shape (m, 1); 255 where it has none."""
    place = {value: k if k < 1 else 1 + (k - 1) % 250 for k, value in enumerate(colours)}
    return values.map(place).fillna(255).to_numpy(np.uint8)[:, None]


def _names(cells: pd.DataFrame, starts: Whole) -> list[str]:
    """Names of the cells where each has a row, and a row is high enough."""
    return list(cells["cell_id"]) if starts.size == len(cells) <= NAMED else []


def _drawing(
    grid: Grid,
    strips: Sequence[Grid],
    palette: Sequence[Sequence[str]],
    laid: Laid,
    names: Sequence[str],
    about: tuple[str, str],
    key: tuple[str, str],
) -> str:
    width, rows = WIDTHS[key[1]], len(grid)
    height = float(min(ROW * rows, HEIGHT[key[1]] if rows > NAMED else ROW * rows))
    left = float(NAME_PX if names and key[1] == "broad" else 0)
    plot = left + len(STRIPS) * (STRIP + GAP) + GAP
    wide = width - plot - 1
    body = [
        text(left - 5, HEAD + (k + 0.5) * height / rows, shortened(name, left - 6, 11), 11,
             text_anchor="end", dominant_baseline="central", fill=SOFT)
        for k, name in enumerate(names if left else [])
    ]  # fmt: skip
    for k, (strip, own) in enumerate(zip(strips, palette, strict=True)):
        x = left + k * (STRIP + GAP)
        body.append(_placed(rectangles(strip, dict(enumerate(own))), x, STRIP, height / rows))
        turned = f"rotate(-90 {plain_number(x + STRIP / 2 + 4)} {HEAD - 4})"
        body.append(text(x + STRIP / 2 + 4, HEAD - 4, STRIPS[k], 11, transform=turned, fill=SOFT))
    body.append(element("rect", x=plot, y=HEAD, width=wide, height=height, fill=COPIES[2]))
    drawn = {k: colour for k, colour in enumerate(COPIES) if k != 2} | {UNKNOWN: NOT_KNOWN}
    scale = wide / grid.shape[1]
    body.append(_placed(rectangles(grid, drawn), plot, scale, height / rows))
    body += _lines(strips[0], laid, (left, plot, wide, height))
    return svg("-".join(key), (width, HEAD + height + FOOT), *about, body)


def _placed(paths: str, x: float, scale: float, row: float) -> str:
    """Paths of a grid where they belong, a column `scale` pixels wide, a row `row` high."""
    move = f"translate({plain_number(x)} {HEAD}) scale({scale:.5g} {row:.5g})"
    return f'<g transform="{move}" shape-rendering="crispEdges">{paths}</g>'


def _lines(clone: Grid, laid: Laid, place: tuple[float, float, float, float]) -> list[str]:
    """Borders of contigs with their names, and of clones."""
    left, plot, wide, height = place
    found, path, after = [], "", plot - 20.0
    for name, (begin, end) in laid.contigs.items():
        x, x2 = (plot + wide * at / laid.length for at in (begin, end))
        if begin:
            path += f"M{plain_number(round(x, 1))} {HEAD}v{plain_number(height)}"
        long = LETTER * 11 * len(name)
        if x2 - x >= long and (x + x2 - long) / 2 >= after:
            found.append(text((x + x2) / 2, HEAD - 6, name, 11, text_anchor="middle", fill=SOFT))
            after = (x + x2 + long) / 2 + 5
    turns = np.flatnonzero(clone[1:, 0] != clone[:-1, 0]) + 1
    if turns.size <= height / 8:
        for k in turns.tolist():
            y = plain_number(round(HEAD + k * height / len(clone), 1))
            path += f"M{plain_number(left)} {y}h{plain_number(plot + wide - left)}"
    frame = element(
        "rect", x=plot, y=HEAD, width=wide, height=height, fill="none", stroke=SOFT,
        stroke_width=0.8,
    )  # fmt: skip
    lines = (
        element("path", d=path, stroke=INK, stroke_opacity=0.45, stroke_width=0.6) if path else ""
    )
    return [lines, frame, *found]


def role_colours() -> dict[str, str]:
    """Role -> colour of its strip."""
    return {role: colour for role, (colour, _) in ROLES.items()}
