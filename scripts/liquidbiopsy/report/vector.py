"""SVG written by hand, for drawings of many rectangles: small, static, every word escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.report.drawing import FONT, INK

Grid = npt.NDArray[np.uint8]
LETTER = 0.56
"""Mean width of a letter over the size of its type."""


def svg(key: str, size: tuple[float, float], title: str, said: str, body: Sequence[str]) -> str:
    """A drawing that takes the width that it is given.

    Parameters
    ----------
    key : str
        Prefix of its identifiers, unlike any other on the page.
    size : tuple of float
        Width and height in its own pixels.
    title, said : str
        What it is, and what a reader who does not see it is told.
    body : sequence of str
        Its elements.
    """
    width, height = (plain_number(v) for v in size)
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-labelledby="{key}-t {key}-d" font-family="{escape(FONT)}" fill="{INK}">'
        f'<title id="{key}-t">{escape(title)}</title><desc id="{key}-d">{escape(said)}</desc>'
        + "".join(body)
        + "</svg>"
    )


def element(name: str, words: str = "", **attributes: Any) -> str:
    """One element that holds words; `_` in the name of an attribute stands for `-`."""
    return holding(name, escape(words), **attributes)


def holding(name: str, inner: str, **attributes: Any) -> str:
    """One element that holds others, which are written already."""
    told = "".join(f' {k.replace("_", "-")}="{_value(v)}"' for k, v in attributes.items())
    return f"<{name}{told}>{inner}</{name}>" if inner else f"<{name}{told}/>"


def text(x: float, y: float, words: str, size: float = 12, **attributes: Any) -> str:
    """Words at a place."""
    return element("text", words, x=x, y=y, font_size=size, **attributes)


def shortened(words: str, room: float, size: float = 12) -> str:
    """Words, without their beginning where they do not fit into as many pixels."""
    most = max(2, int(room / (LETTER * size)))
    return words if len(words) <= most else "…" + words[1 - most :]


def plain_number(value: float) -> str:
    """A number to two decimals without those that say nothing."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def rectangles(grid: Grid, colours: Mapping[int, str]) -> str:
    """A picture as one path for each colour, a unit of it a place; other places stay as they are.

    Parameters
    ----------
    grid : array of uint8, shape (rows, columns)
        Numbers of colours.
    colours : mapping
        Number -> colour of those that are drawn.
    """
    if not grid.size:
        return ""
    x, y, width, height, value = boxes(grid)
    found = []
    for number, colour in colours.items():
        own = np.flatnonzero(value == number)
        own = own[np.lexsort((x[own], y[own]))]
        places = zip(*(v[own].tolist() for v in (x, y, width, height)), strict=True)
        path = "".join(f"M{a} {b}h{w}v{h}h-{w}z" for a, b, w, h in places)
        if path:
            found.append(f'<path fill="{colour}" d="{path}"/>')
    return "".join(found)


def boxes(grid: Grid) -> tuple[npt.NDArray[np.int64], ...]:
    """Runs of one number in a row, those alike in rows that follow each other as one box.

    Returns
    -------
    tuple of array
        x, y, width, height and number of each box.
    """
    turns = np.ones(grid.shape, np.bool_)
    turns[:, 1:] = grid[:, 1:] != grid[:, :-1]
    y, x = np.nonzero(turns)
    value = grid[y, x].astype(np.int64)
    after = np.append(x[1:], 0)
    width = np.where(after == 0, grid.shape[1], after) - x
    order = np.lexsort((y, width, x, value))
    x, y, width, value = x[order], y[order], width[order], value[order]
    first = np.ones(x.size, np.bool_)
    first[1:] = (y[1:] != y[:-1] + 1) | (x[1:] != x[:-1])
    first[1:] |= (width[1:] != width[:-1]) | (value[1:] != value[:-1])
    heads = np.flatnonzero(first)
    height = np.diff(np.append(heads, x.size))
    return x[heads], y[heads], width[heads], height, value[heads]


def _value(value: Any) -> str:
    return plain_number(value) if isinstance(value, int | float) else escape(str(value))
