"""Kaplan-Meier curves as static SVG: a stepped line a group, its interval as a band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode

from liquidbiopsy.core.words import plain
from liquidbiopsy.report.drawing import ACCENT, INK, WARN, WIDTHS, Chart, layer_of, styled, svg_of

HEIGHT = 240
SLICES = 240
"""Slices of the axis of days; a narrow chart has about as many pixels."""
COLOURS = (ACCENT, WARN, "#1c5e34", "#5b2a86", INK, "#7a5c00")
DASHES = ((1, 0), (7, 4), (2, 3), (10, 3, 2, 3), (4, 2), (1, 4))


def curves_svgs(steps: Sequence[Mapping[str, Any]], key: str, words: str) -> dict[str, str]:
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
    drawn = _thinned(steps)
    # altair holds every part against its schema, which takes longer than the drawing
    with debug_mode(False):
        return {
            name: svg_of(_chart(drawn, width, words), f"{key}-{name}")
            for name, width in WIDTHS.items()
        }


def _thinned(steps: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Steps that can be told apart in a chart: the last of each group in each narrow slice."""
    width = max(s["day"] for s in steps) / SLICES or 1.0
    kept: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for step in steps:
        # the start has a place of its own, so that each curve begins at 1
        kept[step["group"], int(step["day"] / width) + (step["day"] > 0)] = step
    return list(kept.values())


def _chart(steps: Sequence[Mapping[str, Any]], width: int, words: str) -> Chart:
    groups = list(dict.fromkeys(s["group"] for s in steps))
    drawn = [
        {
            "day": s["day"],
            "group": plain(s["group"]),
            "survival": s["survival"],
            # no interval before the first event: the band starts where the curve first falls
            "low": s["survival"] if s["ci_low"] is None else s["ci_low"],
            "high": s["survival"] if s["ci_high"] is None else s["ci_high"],
        }
        for s in steps
    ]
    names = [plain(g) for g in groups]
    x = alt.X("day:Q", title="Days", axis=alt.Axis(grid=False, tickCount=max(3, width // 90)))
    scale, axis = alt.Scale(domain=[0, 1]), alt.Axis(format="%", tickCount=5)
    repeated = -(-len(names) // len(COLOURS))
    colours, dashes = (COLOURS * repeated)[: len(names)], (DASHES * repeated)[: len(names)]
    columns = max(1, width // 280)
    legend = alt.Legend(
        title=None,
        columns=columns,
        labelLimit=width // columns - 60,
        symbolType="stroke",
        symbolOpacity=1,
        symbolStrokeWidth=2,
    )
    colour = alt.Color(
        "group:N", scale=alt.Scale(domain=names, range=list(colours)), legend=legend, title=None
    )
    dash = alt.StrokeDash(
        "group:N",
        scale=alt.Scale(domain=names, range=[list(d) for d in dashes]),
        legend=legend,
        title=None,
    )
    band = (
        layer_of(drawn)
        .mark_area(interpolate="step-after", opacity=0.12)
        .encode(x=x, y=alt.Y("low:Q", scale=scale, axis=axis, title=words), y2="high:Q")
        .encode(color=colour)
    )
    line = (
        layer_of(drawn)
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(x=x, y=alt.Y("survival:Q", scale=scale, axis=axis, title=words))
        .encode(color=colour, strokeDash=dash)
    )
    chart = alt.layer(band, line).properties(
        width=width,
        height=HEIGHT,
        description=f"{words} by day, {len(names)} curves: {', '.join(names)}",
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        padding={"left": 2, "right": 14, "top": 4, "bottom": 4},
    )
    return styled(chart)
