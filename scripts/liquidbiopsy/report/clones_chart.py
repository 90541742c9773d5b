"""Shares of a patient's clones by specimen and day as static SVG: a bar a specimen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from liquidbiopsy.core.words import number, signed_day
from liquidbiopsy.report.colours import GREY
from liquidbiopsy.report.drawing import INK, WIDTHS
from liquidbiopsy.report.vector import LETTER, element, shortened, svg, text

BAR, WORDS, BETWEEN, TOP = 24, 17, 12, 4
EMPTY = "no cell of a tumour's clone"


@dataclass(frozen=True)
class Share:
    """Cells of one clone of a tumour in one specimen."""

    clone: str
    cells: int
    of: int
    """Cells of all the tumour's clones."""
    share: float


@dataclass(frozen=True)
class Bar:
    """What one specimen says."""

    day: int
    name: str
    """Specimen and visit."""
    shares: Sequence[Share]

    @property
    def words(self) -> str:
        """Day and name, and how many cells its shares are of."""
        of = max((s.of for s in self.shares), default=0)
        cells = f"{number(float(of))} cell{'' if of == 1 else 's'} of the tumour's clones"
        return f"Day {signed_day(self.day)}, {self.name}: {cells if of else EMPTY}"


def bars_svgs(
    bars: Sequence[Bar], colours: Mapping[str, str], title: str, key: str
) -> dict[str, str]:
    """A bar a specimen in the order given, for wide pages and for narrow ones.

    Parameters
    ----------
    bars : sequence of Bar
        By day.
    colours : mapping
        Clone -> colour.
    title : str
        What the drawing is called.
    key : str
        Prefix of its identifiers, unlike any other on the page.
    """
    said = "; ".join(_said(bar) for bar in bars) + "."
    found = {}
    for name, width in WIDTHS.items():
        body, y = [], float(TOP)
        for bar in bars:
            body.append(text(0, y + 12, _head(bar.words, width), 12))
            y += WORDS
            body += _bar(bar, colours, width, y) if any(s.cells for s in bar.shares) else []
            y += (BAR if any(s.cells for s in bar.shares) else 0) + BETWEEN
        found[name] = svg(f"{key}-{name}", (width, y), title, said, body)
    return found


def _head(words: str, width: float) -> str:
    """The words over a bar; where they do not fit, those behind the colon go first."""
    if LETTER * 12 * len(words) <= width:
        return words
    most = int(width / (LETTER * 12))
    short = words.removesuffix(" of the tumour's clones")
    return short if len(short) <= most else short[: most - 1] + "…"


def _bar(bar: Bar, colours: Mapping[str, str], width: float, y: float) -> list[str]:
    total = sum(s.share for s in bar.shares) or 1.0
    found, x = [], 0.0
    for s in bar.shares:
        wide = width * s.share / max(total, 1.0)
        if not s.cells:
            continue
        fill = colours.get(s.clone, GREY)
        found.append(element(
            "rect", x=x, y=y, width=wide, height=BAR, fill=fill, stroke="#fff", stroke_width=1
        ))  # fmt: skip
        counted = f"{number(float(s.cells))} of {number(float(s.of))}"
        few = number(float(s.cells))
        tried = (f"{s.clone}: {counted}", f"{s.clone}: {few}", few)
        fits = next((w for w in tried if LETTER * 12 * len(w) + 8 <= wide), None)
        if fits:
            ink = INK if _light(fill) else "#fff"
            centre = {"text_anchor": "middle", "dominant_baseline": "central"}
            words = shortened(fits, wide)
            found.append(text(x + wide / 2, y + BAR / 2, words, 12, fill=ink, **centre))
        x += wide
    return found


def _light(colour: str) -> bool:
    """Whether dark words are read better on a colour than white ones."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return luminance > 0.179


def _said(bar: Bar) -> str:
    told = [f"{s.clone} {s.cells} of {s.of}" for s in bar.shares if s.cells]
    return f"{bar.words}" + (f": {', '.join(told)}" if told else "")
