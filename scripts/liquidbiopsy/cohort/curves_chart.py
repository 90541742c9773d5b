"""Kaplan-Meier curves as static SVG: a stepped line a group, its interval as a band."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.words import number, plain
from liquidbiopsy.report.drawing import ACCENT, INK, LINE, SOFT, WARN, WIDTHS
from liquidbiopsy.report.vector import element, plain_number, shortened, svg, text

LEFT, RIGHT, TOP, HEIGHT = 64, 14, 10, 240
"""Pixels left of the plot, right of it and over it, and its height."""
SAMPLE, ROW = 30, 20
"""Pixels of a line in the legend, and between its rows."""
SLICES = 240
"""Slices of the axis of days; a narrow chart has about as many pixels."""
COLOURS = (ACCENT, WARN, "#1c5e34", "#5b2a86", INK, "#7a5c00")
DASHES = ("", "7 4", "2 3", "10 3 2 3", "4 2", "1 4")
Step = Mapping[str, Any]


@dataclass(frozen=True)
class Plot:
    """Where days and shares lie in a drawing."""

    width: int
    last: float
    """The last day, > 0."""

    def x(self, day: float) -> float:
        """Pixels from the left."""
        return LEFT + day / self.last * (self.width - LEFT - RIGHT)

    def y(self, share: float) -> float:
        """Pixels from the top."""
        return TOP + (1 - share) * HEIGHT


def curves_svgs(steps: Sequence[Step], key: str, words: str) -> dict[str, str]:
    """The curves of the groups of one rule, for wide pages and for narrow ones.

    Parameters
    ----------
    steps : sequence of mapping
        Rows of survival.parquet of one rule, endpoint and landmark, by group and day.
    key : str
        Prefix of the identifiers in the SVG, unlike any other on the page.
    words : str
        Title of the y axis.
    """
    last = max(s["day"] for s in steps) or 1.0
    groups = _thinned(steps, last)
    names = ", ".join(map(plain, groups))
    said = f"{words} by day, {len(groups)} curve{'s' if len(groups) > 1 else ''}: {names}"
    found = {}
    for name, width in WIDTHS.items():
        plot, legend = Plot(width, last), _legend(list(groups), width)
        body = [*_axes(plot, words), *_curves(groups, plot), *legend]
        rows = -(-len(groups) // _columns(width))
        size = (width, TOP + HEIGHT + 48 + ROW * rows)
        found[name] = svg(f"{key}-{name}", size, words, said, body)
    return found


def _thinned(steps: Sequence[Step], last: float) -> dict[str, list[Step]]:
    """Of each group the steps that can be told apart: the last in each narrow slice of days."""
    kept: dict[str, dict[int, Step]] = {}
    for step in steps:
        # the start has a place of its own, so that each curve begins at 1
        place = int(step["day"] / last * SLICES) + (step["day"] > 0)
        kept.setdefault(step["group"], {})[place] = step
    return {group: list(own.values()) for group, own in kept.items()}


def _axes(plot: Plot, words: str) -> list[str]:
    """Shares with lines over the plot, days under it, and what both are."""
    right, bottom = plot.width - RIGHT, plot.y(0)
    drawn = []
    for fifth in range(6):
        y = plot.y(fifth / 5)
        drawn.append(_rule(LEFT, y, f"H{right}", LINE if fifth else SOFT))
        drawn.append(text(LEFT - 8, y + 4, f"{20 * fifth}%", text_anchor="end", fill=SOFT))
    for day in _ticks(plot.last, max(4, plot.width // 90)):
        x = plot.x(day)
        drawn.append(_rule(x, bottom, "v5", SOFT))
        drawn.append(text(x, bottom + 19, number(day), text_anchor="middle", fill=SOFT))
    middle = (LEFT + right) / 2
    drawn.append(text(middle, bottom + 38, "Days", text_anchor="middle", fill=SOFT))
    x, y = 12, plot.y(0.5)
    turned = f"rotate(-90 {plain_number(x)} {plain_number(y)})"
    return [*drawn, text(x, y, words, text_anchor="middle", fill=SOFT, transform=turned)]


def _ticks(last: float, most: int) -> list[float]:
    """Round days from 0 on: at most so many steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(max(1.0, last / most)))
    step = next(f * power for f in (1, 2, 5, 10) if f * power * most >= last)
    return [k * step for k in range(int(last / step) + 1)]


def _curves(groups: Mapping[str, Sequence[Step]], plot: Plot) -> list[str]:
    """Bands first, so that none lies over a line."""
    bands, lines = [], []
    for k, steps in enumerate(groups.values()):
        x = [plain_number(plot.x(s["day"])) for s in steps]
        # no interval before the first event: the band starts where the curve first falls
        level, low, high = (
            [plain_number(plot.y(s["survival"] if s[name] is None else s[name])) for s in steps]
            for name in ("survival", "ci_low", "ci_high")
        )
        back = "".join(f"V{low[i - 1]}H{x[i - 1]}" for i in range(len(x) - 1, 0, -1))
        band = f"{_stepped(x, high)}V{low[-1]}{back}z"
        bands.append(element("path", d=band, fill=COLOURS[k % len(COLOURS)], fill_opacity=0.12))
        lines.append(_line(k, _stepped(x, level)))
    return bands + lines


def _stepped(x: Sequence[str], y: Sequence[str]) -> str:
    """A path that keeps each level until the next day."""
    return f"M{x[0]} {y[0]}" + "".join(f"H{a}V{b}" for a, b in zip(x[1:], y[1:], strict=True))


def _line(k: int, path: str) -> str:
    """A path in the colour and the dashes of the k-th group."""
    dashes = DASHES[k % len(DASHES)]
    how: dict[str, Any] = {"stroke": COLOURS[k % len(COLOURS)], "stroke_width": 2, "fill": "none"}
    return element("path", d=path, **how, **({"stroke_dasharray": dashes} if dashes else {}))


def _rule(x: float, y: float, along: str, colour: str) -> str:
    return element("path", d=f"M{plain_number(x)} {plain_number(y)}{along}", stroke=colour)


def _columns(width: int) -> int:
    return max(1, width // 280)


def _legend(groups: Sequence[str], width: int) -> list[str]:
    """Each group with a piece of its line, in columns under the plot."""
    columns = _columns(width)
    room = (width - LEFT) / columns
    drawn = []
    for k, group in enumerate(groups):
        x, y = LEFT + k % columns * room, TOP + HEIGHT + 60 + ROW * (k // columns)
        drawn.append(_line(k, f"M{plain_number(x)} {y - 4}h{SAMPLE}"))
        drawn.append(text(x + SAMPLE + 8, y, shortened(plain(group), room - SAMPLE - 12)))
    return drawn
