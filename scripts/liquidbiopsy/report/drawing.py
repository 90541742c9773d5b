"""What all charts of a page share: sizes, colours, type, and how they become SVG."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert

WIDTHS = {"broad": 860, "narrow": 340}
"""Widths of a chart in pixels: of wide pages, and of narrow ones."""
INK, SOFT, ACCENT, WARN, LINE = "#1b1f24", "#4b5560", "#14507a", "#8a3b00", "#dde2e7"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

Chart = alt.LayerChart | alt.FacetChart


def layer_of(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """A chart of rows that stand in the chart itself."""
    return alt.Chart(alt.InlineData(values=[dict(row) for row in rows]))


def styled(chart: Chart) -> Chart:
    """A chart in the type and the colours of the page."""
    return chart.configure(
        font=FONT,
        background="transparent",
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelFontSize=12,
            labelColor=SOFT,
            titleFontSize=12,
            titleFontWeight="normal",
            titlePadding=10,
            titleColor=SOFT,
            domainColor=SOFT,
            tickColor=SOFT,
            gridColor=LINE,
        ),
        legend=alt.LegendConfig(
            labelFontSize=12, labelColor=INK, orient="bottom", symbolSize=80, columnPadding=18
        ),
    )


def svg_of(chart: Chart, key: str) -> str:
    """The chart as SVG that can stand in a page: no namespaces, identifiers of its own.

    Parameters
    ----------
    chart : altair chart
    key : str
        Prefix of its identifiers, unlike any other on the page.
    """
    svg = vl_convert.vegalite_to_svg(chart.to_dict())
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg)
    svg = re.sub(r'\sid="([^"]+)"', rf' id="{key}-\1"', svg)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{key}-\1)", svg)
