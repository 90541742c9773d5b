"""What all charts of a page share: sizes, colours, type, and how they become SVG."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert
from altair.utils import schemapi

# Each part of a chart would be held against all of the schema: half of the time of a page.
schemapi.DEBUG_MODE = False

WIDTHS = {"broad": 860, "narrow": 340}
"""Widths of a chart in pixels: of wide pages, and of narrow ones."""
INK, SOFT, ACCENT, WARN, LINE = "#1b1f24", "#4b5560", "#14507a", "#8a3b00", "#dde2e7"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

Chart = alt.LayerChart | alt.FacetChart


def layer_of(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """A chart of rows that stand in the chart itself; as text, which Altair need not copy."""
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    values = json.dumps(plain, allow_nan=False)
    return alt.Chart(alt.InlineData(values=values, format=alt.DataFormat(type="json")))


def _plain(value: Any) -> Any:
    """A value as JSON has it: a number of Python, none where it is not a number."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
    svg = vl_convert.vegalite_to_svg(chart.to_dict(validate=False))
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg)
    svg = re.sub(r'\sid="([^"]+)"', rf' id="{key}-\1"', svg)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{key}-\1)", svg)
