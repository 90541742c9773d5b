"""Lengths of fragments as static SVG: their shares, with the most common one marked."""

from __future__ import annotations

import altair as alt
import pandas as pd

from liquidbiopsy.report.drawing import ACCENT, INK, SOFT, WIDTHS, Chart, layer_of, styled, svg_of

HEIGHT = 200
FIRST, LAST = 50, 450
"""Lengths shown, in bases."""


def lengths_svgs(lengths: pd.DataFrame, key: str) -> dict[str, str]:
    """The chart of one library, for wide pages and for narrow ones.

    Parameters
    ----------
    lengths : DataFrame
        `length` (bases) and `count`.
    key : str
        Prefix of its identifiers, unlike any other on the page.
    """
    return {name: svg_of(_chart(lengths, width), f"{key}-{name}") for name, width in WIDTHS.items()}


def _chart(lengths: pd.DataFrame, width: int) -> Chart:
    total = float(lengths["count"].sum())
    counts = lengths.set_index("length")["count"]
    rows = [
        {"length": length, "share": round(100 * float(counts.get(length, 0)) / total, 4)}
        for length in range(FIRST, LAST + 1)
    ]
    mode = int(counts.idxmax())
    top = max(row["share"] for row in rows)
    x = alt.X(
        "length:Q",
        title="Length of the fragment, bases",
        scale=alt.Scale(domain=[FIRST, LAST], nice=False),
        axis=alt.Axis(grid=False, tickCount=max(4, width // 100)),
    )
    y = alt.Y(
        "share:Q",
        scale=alt.Scale(domain=[0, top * 1.08], nice=False),
        axis=alt.Axis(title="Share, %", tickCount=4, grid=True, domain=False),
    )
    marked = [{"length": mode, "label": f"{mode}"}] if FIRST <= mode <= LAST else []
    layers = [
        layer_of(rows)
        .mark_area(line={"color": ACCENT, "strokeWidth": 1.4}, color=ACCENT, fillOpacity=0.15)
        .encode(x=x, y=y),
        layer_of(marked).mark_rule(color=SOFT, strokeDash=[4, 3]).encode(x=x),
        layer_of(marked)
        .mark_text(align="left", dx=5, baseline="top", fontSize=11, color=INK)
        .encode(x=x, y=alt.value(0), text="label:N"),
    ]
    chart = alt.layer(*layers).properties(
        width=width,
        height=HEIGHT,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        padding={"left": 2, "right": 14, "top": 6, "bottom": 4},
    )
    return styled(chart)
