"""Quality rows of a slide and of its tiles, and whether the slide is adequate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.dtc.colours import CHROMOGENS, Estimate, reference
from liquidbiopsy.dtc.denominator import Denominator
from liquidbiopsy.dtc.ground import Tile
from liquidbiopsy.dtc.survey import Survey
from liquidbiopsy.imaging.stain_vectors import angle

SPREAD = 0.4  # share of the squares with cells that have stain where it is not in single cells
CLEARLY = 0.5  # another chromogen is taken for a slide's where it is so much nearer than its own
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
    stained: Stained,
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
    stained : Stained
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
    most = settings["max_stained"]
    add("stained_share", stained.share, limit=most, passed=stained.share <= most)
    diffuse = settings["max_diffuse_od"]
    add("diffuse_stain", stained.between_od, limit=diffuse, passed=stained.between_od <= diffuse)
    add("nuclei", float(len(surveyed.nuclei)), "{cells}")
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


@dataclass(frozen=True)
class Stained:
    """How much of the area with cells the chromogen covers."""

    share: float
    """Share of that area that is stained, 0 to 1."""
    squares: float
    """Share of its squares that have any stained pixel, 0 to 1."""
    between_od: float
    """Median optical density of the chromogen between the cells."""


def stained_area(surveyed: Survey, places: npt.NDArray[np.int32]) -> Stained:
    """How much of a slide is stained.

    Parameters
    ----------
    surveyed : Survey
    places : array, shape (pixels, 2)
        Row and column of the slide's stained pixels at the working size.
    """
    cells, edge = surveyed.cells, surveyed.scale.square
    if not cells.any():
        return Stained(0.0, 0.0, 0.0)
    stained = np.zeros_like(cells)
    rows, columns = (np.minimum(places // edge, np.array(cells.shape) - 1)).T
    stained[rows, columns] = True
    share = min(1.0, len(places) / (int(cells.sum()) * edge**2))
    between = float(np.median(surveyed.stain[cells]))
    return Stained(share, float(stained[cells].mean()), between)


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


def unlike_marrow(
    stain: Estimate,
    chromogen: str,
    stained: Stained,
    settings: Mapping[str, Any],
    max_angle: float,
) -> str | None:
    """Why a slide's stain is not that of tumour cells in marrow; None where it may be.

    Parameters
    ----------
    stain : Estimate
        The chromogen's colour on the slide.
    chromogen : str
        As dtc.tsv names it.
    stained : Stained
    settings : dict
        The section `quality`.
    max_angle : float
        Degrees between an estimate and its reference.
    """
    if stained.share > settings["max_stained"]:
        most = f"more than {100 * settings['max_stained']:g} % (max_stained)"
        return f"{100 * stained.share:.0f} % of its cells' area is stained, {most}"
    wrong = _other_chromogen(stain, chromogen, max_angle)
    if wrong:
        return wrong
    if stained.squares > SPREAD and stained.between_od > settings["max_diffuse_od"]:
        return (
            f"the colour of {chromogen} lies between its cells (optical density "
            f"{stained.between_od:.2f}, max_diffuse_od {settings['max_diffuse_od']:g}), as eosin "
            "does or the stain of a tissue, not in single cells"
        )
    return None


def _other_chromogen(stain: Estimate, chromogen: str, max_angle: float) -> str | None:
    """Which other chromogen a slide's colour is clearly nearer to."""
    if stain.seen is None or stain.angle_deg is None or stain.angle_deg <= max_angle:
        return None
    apart = {name: angle(stain.seen, reference(name)) for name in CHROMOGENS}
    nearest = min(apart, key=lambda name: apart[name])
    if nearest == chromogen or apart[nearest] > CLEARLY * stain.angle_deg:
        return None
    return f"its stain looks like {nearest}, not {chromogen} as dtc.tsv says"
