"""Cells as GeoJSON in the form that QuPath opens on a slide, so that a reader finds each again.

References
----------
Bankhead P et al. QuPath: open source software for digital pathology image analysis. Sci Rep
2017;7:16878, doi:10.1038/s41598-017-17204-5.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from liquidbiopsy.dtc.tables import (
    ARTEFACT,
    DEGENERATED,
    HAEMATOPOIETIC,
    PROBABLE,
    SQUAMOUS,
    TUMOUR_CELL,
    UNCERTAIN,
)

COLOURS: Mapping[str, tuple[int, int, int]] = {
    TUMOUR_CELL: (200, 0, 60),
    PROBABLE: (235, 130, 0),
    HAEMATOPOIETIC: (30, 110, 200),
    SQUAMOUS: (0, 140, 120),
    DEGENERATED: (130, 60, 160),
    ARTEFACT: (110, 110, 110),
    UNCERTAIN: (190, 160, 0),
}
MEASURED = (
    "confidence", "nuclei", "area_um2", "nucleus_area_um2", "nucleus_ratio", "nc_ratio",
    "stain_mean_od", "stain_over_nucleus",
)  # fmt: skip


def collection(
    cells: Iterable[Mapping[str, Any]], outlines: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    """Cells as a FeatureCollection, in pixels of the slide at full resolution.

    Parameters
    ----------
    cells : iterable of dict
        Rows of the cells table.
    outlines : dict
        cell_id -> x and y of the corners in turn.
    """
    features = [_feature(cell, outlines.get(cell["cell_id"], ())) for cell in cells]
    return {"type": "FeatureCollection", "features": features}


def as_text(found: Mapping[str, Any]) -> str:
    """A collection as a file's text: one feature a line."""
    lines = ",\n".join(json.dumps(f, ensure_ascii=False) for f in found["features"])
    return f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'


def _feature(cell: Mapping[str, Any], outline: Sequence[float]) -> dict[str, Any]:
    corners = [[round(x, 2), round(y, 2)] for x, y in zip(outline[::2], outline[1::2], strict=True)]
    if len(corners) >= 3:
        geometry = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
    else:
        geometry = {
            "type": "Point",
            "coordinates": [round(cell["x_px"], 2), round(cell["y_px"], 2)],
        }
    name = f"{cell['specimen_id']}/{cell['slide_id']}/{cell['cell_id']}"
    measured = {key: cell[key] for key in MEASURED if cell[key] is not None}
    return {
        "type": "Feature",
        "id": str(uuid5(NAMESPACE_URL, name)),
        "geometry": geometry,
        "properties": {
            "objectType": "annotation",
            "name": cell["cell_id"],
            "classification": {"name": cell["call"], "color": list(COLOURS[cell["call"]])},
            "isLocked": False,
            "slide_id": cell["slide_id"],
            "measurements": {k: round(float(v), 4) for k, v in measured.items()},
        },
    }
