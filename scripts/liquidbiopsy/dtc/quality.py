"""Quality rows of a slide and of its tiles, and whether the slide is adequate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from liquidbiopsy.dtc.colours import Estimate
from liquidbiopsy.dtc.denominator import Denominator
from liquidbiopsy.dtc.survey import Survey
from liquidbiopsy.dtc.tile import Tile

SIZE_CONFLICT = 0.02  # relative difference of pixel sizes that is reported


def tile_quality(
    slide_id: str, tiles: Sequence[Tile], surveyed: Survey, min_focus: float
) -> list[dict[str, Any]]:
    """Focus and evaluated share of every tile that holds cells."""
    rows = []
    for tile in tiles:
        (i, j), (k, m) = tile.ground.first, tile.ground.end
        cells = surveyed.cells[i:k, j:m]
        if not cells.any():
            continue
        item = {"item": f"{slide_id}:{tile.ground.row}-{tile.ground.column}", "unit": "1"}
        focus = surveyed.focus[i:k, j:m][cells]
        known = focus[~np.isnan(focus)]
        value = float(np.median(known)) if known.size else None
        sharp = value is None or value >= min_focus
        share = float(surveyed.evaluated[i:k, j:m].sum() / cells.sum())
        rows.append(
            {**item, "metric": "focus", "value": value, "limit": min_focus, "passed": sharp}
        )
        rows.append({**item, "metric": "evaluated", "value": share, "passed": share > 0})
    return rows


def slide_quality(
    row: Mapping[str, Any],
    surveyed: Survey,
    counted: Denominator,
    stains: tuple[Estimate, Estimate],
    settings: Mapping[str, Any],
    sizes_um: tuple[float | None, float | None],
    max_angle: float,
) -> list[dict[str, Any]]:
    """Rows of one slide that could be read; docs/tables.md describes them.

    Parameters
    ----------
    row : dict
        Its row of the slides table.
    surveyed : Survey
    counted : Denominator
    stains : (Estimate, Estimate)
        Colours of haematoxylin and of the chromogen.
    settings : dict
        The section `quality`.
    sizes_um : (float or None, float or None)
        Pixel size in the file and in the settings.
    max_angle : float
        Setting of the stains.
    """
    found: list[dict[str, Any]] = []

    def add(metric: str, value: float | None, unit: str = "1", **more: Any) -> None:
        found.append(
            {"item": row["slide_id"], "metric": metric, "value": value, "unit": unit, **more}
        )

    own, given = sizes_um
    if own and given:
        agree = abs(own - given) <= SIZE_CONFLICT * given
        add("pixel_size", own, "um", limit=given, passed=agree)
    share = evaluated_share(surveyed)
    least = settings["min_evaluated"]
    add("evaluated_share", share, limit=least, passed=share is not None and share >= least)
    add("mnc", float(counted.mnc), "{cells}")
    add("mnc_repeat_error", counted.repeat_error)
    for metric, stain in zip(("haematoxylin_angle", "stain_angle"), stains, strict=True):
        if stain.angle_deg is not None:
            passed = stain.angle_deg <= max_angle
            add(metric, stain.angle_deg, "deg", limit=max_angle, passed=passed)
    if row["simulated"]:
        add("simulated", 1.0)
    return found


def evaluated_share(surveyed: Survey) -> float | None:
    """Share of the area with cells that is evaluated; None without cells."""
    cells = int(surveyed.cells.sum())
    return float(surveyed.evaluated.sum()) / cells if cells else None


def inadequacy(surveyed: Survey, min_evaluated: float) -> str | None:
    """Why a slide is not adequate; None where it is."""
    share = evaluated_share(surveyed)
    if share is None:
        return "no nucleated cell was found on it"
    if share >= min_evaluated and share > 0:
        return None
    blurred = surveyed.cells & (surveyed.focus < 1) & ~surveyed.evaluated
    words = f"only {100 * share:.0f} % of its cells' area can be evaluated"
    if blurred.sum() * 2 > (surveyed.cells & ~surveyed.evaluated).sum():
        words += ": most of the rest is out of focus"
    return words
