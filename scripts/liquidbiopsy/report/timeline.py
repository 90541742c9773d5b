"""A patient's timeline as static SVG: a panel for each analyte over one axis of days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

from liquidbiopsy.core.tables import FAILED, INADEQUATE, MEASURED, NOT_DETECTED
from liquidbiopsy.core.words import number, plain, signed_day
from liquidbiopsy.report.drawing import ACCENT, LINE, SOFT, WARN, WIDTHS
from liquidbiopsy.report.statements import Statement, unit_words
from liquidbiopsy.report.timeline_axes import (
    LINE_PX,
    Scale,
    day_ticks,
    place_labels,
    span,
    spread,
    tick_words,
    value_scale,
)
from liquidbiopsy.report.vector import LETTER, element, holding, plain_number, svg, text

HEIGHT, GAP, HEAD, FOOT = 124, 16, 22, 46
"""Pixels of a panel, between panels, of a line of words above one, of the axis of days."""
MARGIN = {"broad": (58, 18), "narrow": (50, 12)}
"""Pixels left and right of the panels, the same for all, so that a day has one place."""
SERIES = ("#332288", "#aa5500", "#117733", "#882255", "#0077aa", "#555555")
"""Colours of targets, each with a contrast of more than 4.5 against the page."""
BAND, CUT = "#efe4cc", "#8a3b00"
MOST_SERIES = 6
"""Targets of one analyte that are drawn; those with the highest values."""
MARKS = {MEASURED: (ACCENT, ACCENT), NOT_DETECTED: (ACCENT, "#fff"), INADEQUATE: (WARN, "#fff")}
MARKS |= {FAILED: (WARN, "none")}
"""Status -> colour and filling of its mark."""


@dataclass(frozen=True)
class Panel:
    """One analyte on the timeline."""

    title: str
    statements: Sequence[Statement]
    scale: str
    """`log` or `linear`."""
    cutoffs: Sequence[float] = ()
    """In the unit of the values."""

    @property
    def series(self) -> dict[str, list[Statement]]:
        """Statements by target, those of no target under a blank one; the highest first."""
        found: dict[str, list[Statement]] = {}
        for s in self.statements:
            found.setdefault(s.row["target"] or "", []).append(s)
        tops = {name: max((_value(s) or 0.0) for s in own) for name, own in found.items()}
        names = sorted(found, key=lambda name: (name != "", -tops[name], name))
        return {name: found[name] for name in names[: MOST_SERIES + ("" in found)]}

    @property
    def left_out(self) -> int:
        """Targets that are not drawn."""
        return len({s.row["target"] for s in self.statements} - {None, ""} - set(self.series))

    @property
    def unit(self) -> str:
        """What the numbers of the axis are."""
        unit = next((s.row["unit"] for s in self.statements if s.row["unit"]), None)
        words = "share of molecules" if unit == "1" else unit_words(unit)
        words = words or plain((unit or "").strip("{}")).lower()
        under = {s.row["denominator"] for s in self.statements if s.in_volume}
        return f"{words} in {number(under.pop())} ml" if len(under) == 1 else words


def timeline_svgs(
    panels: Sequence[Panel], events: Sequence[Mapping[str, Any]], days: Sequence[int], key: str
) -> dict[str, str]:
    """The timeline of a patient, for wide pages and for narrow ones.

    Parameters
    ----------
    panels : sequence of Panel
        From the top.
    events : sequence of mapping
        Rows of events.tsv; each is a line through all panels.
    days : sequence of int
        Days that the axis spans.
    key : str
        Prefix of the identifiers in the SVG, unlike any other on the page.
    """
    return {
        name: _Drawing(width, MARGIN[name], span(days)).drawn(panels, events, f"{key}-{name}")
        for name, width in WIDTHS.items()
    }


@dataclass(frozen=True)
class _Drawing:
    width: float
    margin: tuple[float, float]
    days: tuple[int, int]

    @property
    def inner(self) -> float:
        return self.width - sum(self.margin)

    def x(self, day: float) -> float:
        first, last = self.days
        return round(self.margin[0] + (day - first) / (last - first) * self.inner, 2)

    def drawn(self, panels: Sequence[Panel], events: Sequence[Mapping[str, Any]], key: str) -> str:
        labels, rows = place_labels(events, *self.days, self.inner)
        first = y = 6.0 + LINE_PX * rows
        body: list[str] = []
        for panel in panels:
            keys, y = self._keys(panel, y + GAP)
            body += [*keys, *self._panel(panel, y)]
            y += HEIGHT
        drawn = zip(*(self._event(label, first, y) for label in labels), strict=True)
        lines = [piece for pieces in drawn for piece in pieces]  # no line runs over a text
        axis, y = self._axis(y)
        legend, y = self._legend(panels, bool(events), y)
        told = " ".join(_told(panel) for panel in panels)
        return svg(key, (self.width, y), "Timeline", told, [*lines, *body, *axis, *legend])

    def _event(self, label: Mapping[str, Any], first: float, foot: float) -> tuple[str, str]:
        """A dashed line for an event through all panels, up to its label above them."""
        x, base = self.x(label["day"]), first - LINE_PX * label["row"]
        anchor = "end" if label["align"] == "right" else "start"
        at, words = x + 2 * label["dx"], escape(label["label"])
        return (
            _line(x, base - 11, x, foot, SOFT, stroke_dasharray="4 3"),
            _over(at, base - 1, words, 11, text_anchor=anchor),
        )

    def _keys(self, panel: Panel, y: float) -> tuple[list[str], float]:
        """Title and unit of a panel and the colours of its series, and where it begins."""
        title = element("tspan", panel.title, font_weight=600, font_size=12.5)
        said = panel.unit and not panel.title.endswith(panel.unit)
        unit = element("tspan", panel.unit, fill=SOFT) if said else ""
        if LETTER * 13 * len(panel.title + panel.unit) > self.width:
            body = [_over(0, y + 12, title), _over(0, y + 27, unit)]
            y += LINE_PX
        else:
            body = [_over(0, y + 12, f"{title}\u2002{unit}")]
        y += HEAD
        named = [name for name in panel.series if name]
        more = [f"and {panel.left_out} more, in the table"] if panel.left_out else []
        x = 0.0
        for k, name in enumerate([*named, *more]):
            long = 16 + LETTER * 12.5 * len(name) + 12
            if x and x + long > self.width:
                x, y = 0.0, y + LINE_PX
            if k < len(named):
                body.append(element("circle", cx=x + 5, cy=y + 4, r=4, fill=SERIES[k]))
            body.append(_over(x + 13 if k < len(named) else x, y + 8, escape(name)))
            x += long
        return body, y + (LINE_PX if named else 0)

    def _panel(self, panel: Panel, top: float) -> list[str]:
        """Grid, limit of detection, cut-offs, and the series of a panel."""
        scale = value_scale(_seen(panel), panel.scale)
        left, right = self.margin[0], self.width - self.margin[1]

        def y(value: float) -> float:
            return round(top + HEIGHT * (1 - scale.share(value)), 2)

        body = self._band(panel, scale, top)
        for tick in spread(scale, HEIGHT):
            body.append(_line(left, y(tick), right, y(tick), SOFT if tick == 0 else LINE))
            words = tick_words(tick)
            body.append(text(left - 7, y(tick) + 4, words, 11.5, text_anchor="end", fill=SOFT))
        for cut in panel.cutoffs:
            body.append(_line(left, y(cut), right, y(cut), CUT, 1.3, stroke_dasharray="7 3"))
            words = f"cut-off {number(cut)}"
            body.append(_over(right, y(cut) - 4, words, 11, text_anchor="end", fill=CUT))
        named = [name for name in panel.series if name]
        for name, own in panel.series.items():
            colour = SERIES[named.index(name)] if name else ACCENT
            places = [(self.x(s.row["day"]), s) for s in own]
            usable = [(x, y(v)) for x, s in places if (v := _value(s)) is not None]
            for (x1, y1), (x2, y2) in pairwise(usable):
                body.append(_line(x1, y1, x2, y2, colour, 1.2, opacity=0.55))
            for x, s in places:
                low, high = s.row["ci_low"], s.row["ci_high"]
                if _value(s) is not None and low is not None and high is not None:
                    body.append(_line(x, y(low), x, y(high), colour, 1.8))
                at = next((v for v in (_value(s), _limit(s)) if v is not None), 0.0)
                body.append(_mark(s.row["status"], x, y(at), colour if name else None))
        return body

    def _band(self, panel: Panel, scale: Scale, top: float) -> list[str]:
        """What lies below the limit of detection, from specimen to specimen."""
        worst: dict[int, float] = {}
        for s in panel.statements:
            if s.row["lod"] is not None and s.usable:
                worst[s.row["day"]] = max(worst.get(s.row["day"], 0.0), s.row["lod"])
        if not worst:
            return []
        foot = top + HEIGHT
        at = [(self.x(d), foot - HEIGHT * scale.share(v)) for d, v in sorted(worst.items())]
        at = [(at[0][0] - 7, at[0][1]), *at, (at[-1][0] + 7, at[-1][1])]
        edge = "L".join(f"{plain_number(x)} {plain_number(y)}" for x, y in at)
        ends = (plain_number(v) for v in (at[-1][0], foot, at[0][0], foot))
        path = "M{}L{} {}L{} {}z".format(edge, *ends)
        return [element("path", d=path, fill=BAND, fill_opacity=0.7)]

    def _axis(self, y: float) -> tuple[list[str], float]:
        body = []
        for day in day_ticks(*self.days, max(3, int(self.inner // 80))):
            x = self.x(day)
            body.append(_line(x, y, x, y + 5, SOFT))
            body.append(text(x, y + 18, signed_day(day), 11.5, text_anchor="middle", fill=SOFT))
        middle = self.margin[0] + self.inner / 2
        words = "Days from the index date"
        return [*body, text(middle, y + 36, words, 12, text_anchor="middle", fill=SOFT)], y + FOOT

    def _legend(self, panels: Sequence[Panel], events: bool, y: float) -> tuple[list[str], float]:
        """The marks that are there, in words."""
        present = {s.row["status"] for panel in panels for s in panel.statements}
        entries = [(_mark(status, 6, 0), plain(status)) for status in MARKS if status in present]
        if any(s.row["lod"] is not None and s.usable for p in panels for s in p.statements):
            box = element("rect", x=0, y=-5, width=12, height=10, fill=BAND, stroke=SOFT)
            entries.append((box, "Below the limit of detection"))
        if any(p.cutoffs for p in panels):
            entries.append((_line(0, 0, 14, 0, CUT, 1.3, stroke_dasharray="7 3"), "Cut-off"))
        if events:
            entries.append((_line(6, -7, 6, 7, SOFT, stroke_dasharray="4 3"), "Event"))
        body, x, y = [], 0.0, y + 10
        for mark, words in entries:
            long = 20 + LETTER * 13 * len(words) + 16
            if x and x + long > self.width:
                x, y = 0.0, y + 20
            inner = mark + text(20, 4, words, 12)
            body.append(holding("g", inner, transform=f"translate({plain_number(x)} {y:g})"))
            x += long
        return body, y + 14


def _value(s: Statement) -> float | None:
    value: float | None = s.row["value"] if s.row["status"] == MEASURED else None
    return value


def _limit(s: Statement) -> float | None:
    limit: float | None = s.row["lod"] if s.row["status"] == NOT_DETECTED else None
    return limit


def _seen(panel: Panel) -> list[float]:
    """Every number that a panel has to hold."""
    found = [*panel.cutoffs]
    for s in (s for own in panel.series.values() for s in own if s.usable):
        values = (_value(s), s.row["lod"], s.row["ci_high"] if _value(s) is not None else None)
        found += [v for v in values if v is not None]
    return found


def _line(
    x1: float, y1: float, x2: float, y2: float, colour: str, wide: float = 1, **more: Any
) -> str:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, stroke_width=wide, **more)


def _over(x: float, y: float, inner: str, size: float = 11.5, **more: Any) -> str:
    """Words, escaped already, that a line behind them does not run through."""
    halo = {"stroke": "#fff", "stroke_width": 4, "paint_order": "stroke"}
    return holding("text", inner, x=x, y=y, font_size=size, **halo, **more)


def _mark(status: str, x: float, y: float, colour: str | None = None) -> str:
    """The mark of a status: disc, empty triangle, empty diamond, cross."""
    line, fill = MARKS[status]
    line, fill = (colour or line), (colour or fill if status == MEASURED else fill)
    if status == MEASURED:
        return element("circle", cx=x, cy=y, r=4.5, fill=fill)
    shapes = {
        NOT_DETECTED: [(-5, -4), (5, -4), (0, 5)],
        INADEQUATE: [(0, -6), (6, 0), (0, 6), (-6, 0)],
    }
    if status in shapes:
        points = " ".join(f"{plain_number(x + a)},{plain_number(y + b)}" for a, b in shapes[status])
        return element("polygon", points=points, fill=fill, stroke=line, stroke_width=1.6)
    x, y = round(x, 2), round(y, 2)
    path = f"M{x - 4.5:g} {y - 4.5:g}l9 9m0 -9l-9 9"
    return element("path", d=path, fill="none", stroke=line, stroke_width=2.4)


def _told(panel: Panel) -> str:
    """What a reader who does not see the panel is told; the table below has the numbers."""
    parts = []
    for s in (s for own in panel.series.values() for s in own):
        of = f" {s.row['target']}" if s.row["target"] else ""
        value = _value(s)
        words = plain(s.row["status"]).lower() if value is None else number(value)
        parts.append(f"day {signed_day(s.row['day'])}{of}: {words}")
    return f"{panel.title} by day. {'; '.join(parts)}."
