"""A timeline as static SVG: results of one analyte with their intervals, and events, by day."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from liquidbiopsy.core.tables import FAILED, INADEQUATE, MEASURED, NOT_DETECTED
from liquidbiopsy.core.words import number, plain
from liquidbiopsy.report.drawing import (
    ACCENT,
    INK,
    SOFT,
    WARN,
    WIDTHS,
    Chart,
    layer_of,
    styled,
    svg_of,
)
from liquidbiopsy.report.statements import Statement, unit_words

HEIGHT = 230
LETTER_PX = 6.4  # mean width of a letter of an event's label
LINE_PX = 15
LONGEST_LABEL = 36
KINDS = {"treatment_start": "Start", "treatment_stop": "Stop", "other": ""}

MARKS = {  # status: shape, outline, fill
    MEASURED: ("circle", ACCENT, ACCENT),
    NOT_DETECTED: ("triangle-down", ACCENT, "#ffffff"),
    INADEQUATE: ("diamond", WARN, "#ffffff"),
    FAILED: ("cross", WARN, WARN),
}


def timeline_svgs(
    statements: Sequence[Statement],
    events: Sequence[Mapping[str, Any]],
    days: Sequence[int],
    line: Mapping[str, Any],
    key: str,
) -> dict[str, str]:
    """The timeline of one analyte, for wide pages and for narrow ones.

    Parameters
    ----------
    statements : sequence of Statement
        All about this analyte; those that are not usable are marked on the axis.
    events : sequence of mapping
        Rows of events.tsv.
    days : sequence of int
        Days that the axis spans, so that all of a patient's timelines agree.
    line : mapping
        The assay's declaration: `title`, and `scale`, `log` or `linear`.
    key : str
        Prefix of the identifiers in the SVG, unlike any other on the page.
    """
    return {
        name: svg_of(_chart(statements, events, days, line, width), f"{key}-{name}")
        for name, width in WIDTHS.items()
    }


def _chart(
    statements: Sequence[Statement],
    events: Sequence[Mapping[str, Any]],
    days: Sequence[int],
    line: Mapping[str, Any],
    width: int,
) -> Chart:
    points = [_point(s) for s in statements]
    first, last = _span(days)
    x = alt.X(
        "day:Q",
        title="Days from the index date",
        scale=alt.Scale(domain=[first, last], nice=False, zero=False),
        axis=alt.Axis(grid=False, format="d", tickCount=max(3, width // 90), tickMinStep=1),
    )
    scale, axis = _y_axis(points, line)
    labels, rows = _place_labels(events, first, last, width - 70)
    drawn = [p for p in points if p["value"] is not None]
    layers = [
        *(layer for label in labels for layer in _event_layers(label, x)),
        layer_of(drawn)
        .mark_line(color=ACCENT, strokeWidth=1.2, opacity=0.5)
        .encode(x=x, y=alt.Y("value:Q", scale=scale, axis=axis)),
        layer_of([p for p in drawn if p["low"] is not None])
        .mark_rule(color=ACCENT, strokeWidth=1.8)
        .encode(x=x, y=alt.Y("low:Q", scale=scale, axis=axis), y2="high:Q"),
        layer_of(points)
        .mark_point(size=80, strokeWidth=1.8, opacity=1)
        .encode(x=x, y=alt.Y("place:Q", scale=scale, axis=axis), **_by_status(points)),
    ]
    title = alt.TitleParams("", anchor="start", offset=2 + rows * LINE_PX, fontSize=1)
    chart = alt.layer(*layers).properties(
        width=width,
        height=HEIGHT,
        title=title,
        description=_description(points, line),
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        padding={"left": 2, "right": 14, "top": 4, "bottom": 4},
    )
    return styled(chart)


def _event_layers(label: Mapping[str, Any], x: alt.X) -> list[alt.Chart]:
    """A dashed line for an event, up to its label above the chart."""
    top = -2 - LINE_PX * label["row"]
    line = layer_of([label]).mark_rule(color=SOFT, strokeDash=[4, 3])
    words = layer_of([label]).mark_text(
        align=label["align"], dx=label["dx"], baseline="bottom", fontSize=11, color=INK
    )
    return [
        line.encode(x=x, y=alt.value(top - LINE_PX * (label["row"] > 0)), y2=alt.value(HEIGHT)),
        words.encode(x=x, y=alt.value(top), text="label:N"),
    ]


def _point(s: Statement) -> dict[str, Any]:
    """A statement as the chart draws it; one that is not usable has its place on the axis."""
    row = s.row
    value = row["value"] if row["status"] == MEASURED else None
    has_interval = value is not None and row["ci_low"] is not None and row["ci_high"] is not None
    limit = row["lod"] if row["status"] == NOT_DETECTED else None
    return {
        "day": row["day"],
        "value": value,
        "low": row["ci_low"] if has_interval else None,
        "high": row["ci_high"] if has_interval else None,
        "place": next((v for v in (value, limit) if v is not None), 0.0),
        "status": plain(row["status"]),
        "unit": row["unit"],
    }


def _span(days: Sequence[int]) -> tuple[int, int]:
    """First and last day of the axis, with some room."""
    first, last = min(days, default=0), max(days, default=0)
    room = max(3, round(0.04 * (last - first)))
    return first - room, last + room


def _y_axis(
    points: Sequence[Mapping[str, Any]], line: Mapping[str, Any]
) -> tuple[alt.Scale, alt.Axis]:
    """Scale and axis from 0; a `log` scale is linear below the smallest step that matters."""
    tops = [v for p in points for v in (p["value"], p["high"], p["place"]) if v]
    top = max(tops, default=1.0)
    unit = next((p["unit"] for p in points if p["unit"]), None)
    title = unit_words(unit) or (plain(unit.strip("{}")) if unit and unit != "1" else "Value")
    if line["scale"] != "log":
        ticks = alt.Axis(title=title, tickCount=5, grid=True, domain=False)
        scale = alt.Scale(domain=[min(0.0, top), top * 1.08], nice=False)
        return scale, ticks
    small = min((v for p in points for v in (p["value"], p["place"]) if v), default=1.0)
    step = min(1.0, 10.0 ** math.floor(math.log10(small)))
    values = log_ticks(step, top)
    scale = alt.Scale(type="symlog", constant=step, domain=[0, max(top * 1.1, values[-1])])
    return scale, alt.Axis(title=title, values=values, format="~r", domain=False)


def log_ticks(step: float, top: float) -> list[float]:
    """Ticks 0, 1, 2, 5, 10, 20 … steps up to `top`; decades alone where those would be many.

    Examples
    --------
    >>> log_ticks(1, 12)
    [0.0, 1.0, 2.0, 5.0, 10.0]
    """
    decades = range(math.floor(math.log10(max(top / step, 1))) + 1)
    within = (1, 2, 5) if len(decades) <= 3 else (1,)
    ticks = [float(f"{step * w * 10**d:.6g}") for d in decades for w in within]
    return [0.0, *(t for t in ticks if t <= max(top, step))]


def _by_status(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Shape and colour by status, with a legend where not all is simply measured."""
    present = [s for s in MARKS if any(p["status"] == plain(s) for p in points)]
    names = [plain(s) for s in present]
    shapes, outlines, fills = zip(*(MARKS[s] for s in present), strict=True)
    legend = None if present == [MEASURED] else alt.Legend(title=None)
    return {
        "shape": alt.Shape("status:N", scale=alt.Scale(domain=names, range=shapes), legend=legend),
        "stroke": alt.Stroke(
            "status:N", scale=alt.Scale(domain=names, range=outlines), legend=legend
        ),
        "fill": alt.Fill("status:N", scale=alt.Scale(domain=names, range=fills), legend=legend),
    }


@dataclass(frozen=True)
class _Label:
    """Where the label of an event stands, in pixels from the left of the chart."""

    at: float
    start: float
    end: float
    row: int

    def clear_of(self, other: _Label) -> bool:
        """Whether neither text nor line of the one runs through the text of the other."""
        if self.row == other.row:
            return self.end + LETTER_PX < other.start or other.end + LETTER_PX < self.start
        low, high = (self, other) if self.row < other.row else (other, self)
        return not low.start < high.at < low.end


def _place_labels(
    events: Sequence[Mapping[str, Any]], first: int, last: int, width: float
) -> tuple[list[dict[str, Any]], int]:
    """Labels of events above the chart, in as many rows as keep them apart, and those rows."""
    taken: list[_Label] = []
    placed = []
    latest_first = sorted(events, key=lambda e: (-e["day"], e["kind"], e["label"] or ""))
    for event in latest_first:
        label = event_words(event)
        if len(label) > LONGEST_LABEL:
            label = label[: LONGEST_LABEL - 1].rstrip() + "…"
        at = (event["day"] - first) / (last - first) * width
        long = LETTER_PX * len(label)
        left = at + long > width
        start = at - long if left else at
        rows = range(len(events))
        tried = [_Label(at, start, start + long, row) for row in rows]
        place = next((t for t in tried if all(t.clear_of(other) for other in taken)), tried[-1])
        taken.append(place)
        side = {"align": "right", "dx": -2} if left else {"align": "left", "dx": 2}
        placed.append({"day": event["day"], "label": label, "row": place.row, **side})
    return placed, max((t.row + 1 for t in taken), default=0)


def event_words(event: Mapping[str, Any]) -> str:
    """An event in a few words: `Stop: first-line chemotherapy`."""
    kind = KINDS.get(event["kind"], plain(event["kind"]))
    if not event["label"]:
        return plain(event["kind"])
    return f"{kind}: {event['label']}" if kind else event["label"]


def _description(points: Sequence[Mapping[str, Any]], line: Mapping[str, Any]) -> str:
    """What a reader who does not see the chart is told; the table below has the numbers."""
    told = [f"day {p['day']}: {number(p['value'])}" for p in points if p["value"] is not None]
    missing = [f"day {p['day']}: {p['status'].lower()}" for p in points if p["value"] is None]
    return f"{line['title']} by day. " + "; ".join([*told, *missing])
