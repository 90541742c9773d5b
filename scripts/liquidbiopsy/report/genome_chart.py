"""Copies over the genome as static SVG: bins as points, segments as lines, contig by contig."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from liquidbiopsy.report.drawing import ACCENT, SOFT, WARN, WIDTHS, Chart, layer_of, styled, svg_of

HEIGHT = 240
POINTS = {"broad": 620, "narrow": 300}
"""Points that can be told apart at each width; more bins than that are drawn as medians."""
LOW, HIGH = -2.0, 4.0
"""log2 beyond which a point is drawn at the border."""
COLOURS = {"gained": WARN, "usual": "#7b8794", "lost": ACCENT}
NAMES = {"broad": 8e7, "narrow": 1.3e8}
"""Bases under which a contig has no room for its name."""


def genome_svgs(bins: pd.DataFrame, segments: pd.DataFrame, key: str) -> dict[str, str]:
    """The chart of one library, for wide pages and for narrow ones.

    Parameters
    ----------
    bins : DataFrame
        `chrom`, `start`, `end`, `log2`, `used`, `copies` in genome order.
    segments : DataFrame
        `chrom`, `start`, `end`, `log2`, `copies` in genome order.
    key : str
        Prefix of its identifiers, unlike any other on the page.
    """
    offsets = _offsets(bins)
    usual = _usual(segments)
    lines = _lines(segments, offsets, usual)
    return {
        name: svg_of(_chart(_points(bins, offsets, POINTS[name]), lines, offsets, name),
                     f"{key}-{name}")
        for name in WIDTHS
    }  # fmt: skip


def _offsets(bins: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Where each contig begins on the axis, and its length, in bases."""
    found, at = {}, 0.0
    for chrom, length in bins.groupby("chrom", sort=False)["end"].max().items():
        found[str(chrom)] = (at, float(length))
        at += float(length)
    return found


def _usual(segments: pd.DataFrame) -> float:
    """The most common number of copies, by length."""
    told = segments.dropna(subset=["copies"])
    if told.empty:
        return 2.0
    lengths = (told["end"] - told["start"]).groupby(told["copies"]).sum()
    return float(lengths.idxmax())


def _colour(copies: float | None, usual: float) -> str:
    if copies is None or math.isnan(copies) or copies == usual:
        return "usual"
    return "gained" if copies > usual else "lost"


def _points(
    bins: pd.DataFrame, offsets: Mapping[str, tuple[float, float]], most: int
) -> list[dict[str, Any]]:
    """Bins that are used; medians of neighbours on one contig where there are too many."""
    used = bins[bins["used"] & bins["log2"].notna()]
    step = max(1, math.ceil(len(used) / most))
    rows = []
    for chrom, own in used.groupby("chrom", sort=False):
        middle = ((own["start"] + own["end"]) / 2 + offsets[str(chrom)][0]).to_numpy()
        log2 = own["log2"].to_numpy(float)
        for k in range(0, len(own), step):
            value = float(np.median(log2[k : k + step]))
            rows.append({
                "x": round(float(middle[k : k + step].mean()) / 1e6, 2),
                "y": round(min(max(value, LOW), HIGH), 3),
            })  # fmt: skip
    return rows


def _lines(
    segments: pd.DataFrame, offsets: Mapping[str, tuple[float, float]], usual: float
) -> list[dict[str, Any]]:
    rows = []
    for s in segments.itertuples():
        if s.chrom not in offsets or s.log2 is None or math.isnan(s.log2):
            continue
        at = offsets[s.chrom][0]
        rows.append({
            "x": (s.start + at) / 1e6,
            "x2": (s.end + at) / 1e6,
            "y": round(min(max(s.log2, LOW), HIGH), 3),
            "kind": _colour(s.copies, usual),
        })  # fmt: skip
    return rows


def _chart(
    points: Sequence[Mapping[str, Any]],
    lines: Sequence[Mapping[str, Any]],
    offsets: Mapping[str, tuple[float, float]],
    width: str,
) -> Chart:
    end = sum(length for _, length in offsets.values()) / 1e6
    tops = [row["y"] for row in [*points, *lines]]
    low = min([-0.6, *tops]) - 0.1
    high = max([0.8, *tops]) + 0.1
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, end], nice=False))
    y = alt.Y(
        "y:Q",
        scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(title="log2 of the ratio", tickCount=5, grid=True, domain=False),
    )
    borders = [{"x": at / 1e6} for at, _ in offsets.values() if at]
    names = [
        {"x": (at + length / 2) / 1e6, "name": chrom}
        for chrom, (at, length) in offsets.items()
        if length >= NAMES[width]
    ]
    kinds = [k for k in COLOURS if any(row["kind"] == k for row in lines)]
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=[COLOURS[k] for k in kinds]),
        legend=alt.Legend(title=None, symbolType="stroke", symbolStrokeWidth=4),
    )
    layers = [
        layer_of(borders).mark_rule(color="#c9d0d8").encode(x=x),
        layer_of(points)
        .mark_circle(size=7, color="#9aa5b1", opacity=0.8)
        .encode(x=x, y=y),
        layer_of(lines).mark_rule(strokeWidth=3.2).encode(x=x, x2="x2:Q", y=y, color=colour),
        layer_of(names)
        .mark_text(fontSize=11, color=SOFT, baseline="top", dy=4)
        .encode(x=x, y=alt.value(HEIGHT), text="name:N"),
    ]  # fmt: skip
    chart = alt.layer(*layers).properties(
        width=WIDTHS[width],
        height=HEIGHT,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        padding={"left": 2, "right": 14, "top": 6, "bottom": 8},
    )
    return styled(chart)
