"""The gallery of a specimen: tumour cells and what may be one, for a person to look over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from liquidbiopsy import __version__
from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.gallery import Group, rows_to_show
from liquidbiopsy.core.pages import render
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.pictured import PicturedCell, caption, picture
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.core.tables import FAILED, THUMBNAILS
from liquidbiopsy.core.words import number, plain
from liquidbiopsy.ctc.pictures import (
    Crop,
    cell_pictures,
    channel_colours,
    channel_windows,
    scale_of,
)
from liquidbiopsy.ctc.tables import CALLS

TEMPLATES = Path(__file__).with_name("templates")
SHOWN = ("ctc", "ctc_cluster", "uncertain")
"""Calls of which every event is shown, and whose pictures reports may use."""


def write_gallery(
    cells: pa.Table,
    crops: pa.Table,
    specimen: Mapping[str, Any],
    html_path: str | Path,
    thumbnails_path: str | Path,
    provenance: Provenance,
    *,
    simulated: bool = False,
    images: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write a specimen's `gallery.html` and `thumbnails.parquet`.

    Parameters
    ----------
    cells : pyarrow.Table
        The specimen's `cells`: CELLS with the columns of its channels.
    crops : pyarrow.Table
        One row a channel of a pictured event, the channels in the platform's order: specimen_id,
        cell_id, channel, height and width in pixels, pixel_size_um, pixels (uint16, little-endian,
        row by row, background taken off).
    specimen : mapping
        Its row of specimens.tsv.
    html_path, thumbnails_path : path
        Where the page and the pictures go.
    provenance : Provenance
        What they are made from.
    simulated : bool
        Whether its images say that they are simulated.
    images : list of mapping
        Rows of its images table, for what could not be read.
    """
    calls = dict(zip(cells["cell_id"].to_pylist(), cells["call"].to_pylist(), strict=True))
    cropped = _crops_by_cell(crops)
    windows = channel_windows(cropped, calls)
    rows = rows_to_show(cells, set(cropped), SHOWN)
    pngs = {
        row["cell_id"]: cell_pictures(cropped[row["cell_id"]], windows)
        for row in rows
        if row["cell_id"] in cropped
    }
    scales = {cell: scale_of(cropped[cell][0]) for cell in pngs}
    thumbnails = [
        {
            "specimen_id": specimen["specimen_id"],
            "cell_id": cell,
            "picture": name,
            "png": png,
            "pixel_size_um": scales[cell],
        }
        for cell, of_cell in pngs.items()
        if calls[cell] in SHOWN
        for name, png in of_cell
    ]
    write_table(table_of(thumbnails, THUMBNAILS), thumbnails_path, THUMBNAILS, provenance)
    counts = Counter(calls.values())
    shown: dict[str, list[PicturedCell]] = {}
    for row in rows:
        name = row["cell_id"]
        drawn = (picture(channel, png, scales[name], name) for channel, png in pngs.get(name, []))
        words = f"{caption(row)}; {number(row['area_um2'])} µm²"
        if row["eccentricity"] is not None:
            words += f"; eccentricity {row['eccentricity']:.2f}"
        cell = PicturedCell(name, plain(row["call"]), words, tuple(drawn), _place(row))
        shown.setdefault(row["call"], []).append(cell)
    page = render(
        TEMPLATES,
        "gallery.html.j2",
        version=__version__,
        simulated="the images of this specimen were made by a simulator" if simulated else "",
        specimen=specimen,
        counts=[(call, counts[call]) for call in CALLS if counts[call] or call in SHOWN],
        trouble=[f"{i['image']}: {i['reason']}" for i in images if i["reason"]],
        readable=not images or any(i["status"] != FAILED for i in images),
        first=[Group(call, shown.get(call, []), counts[call]) for call in SHOWN],
        others=[Group(c, of_call, counts[c]) for c, of_call in shown.items() if c not in SHOWN],
        key=[(plain(name), _css(colour)) for name, colour in channel_colours(windows).items()],
        code=provenance.code,
    )
    write_text(html_path, page)


def _crops_by_cell(crops: pa.Table) -> dict[str, list[Crop]]:
    """The crops of each cell, its channels in their order."""
    found: dict[str, list[Crop]] = {}
    for row in crops.to_pylist():
        shape = (row["height"], row["width"])
        pixels = np.frombuffer(row["pixels"], dtype="<u2").reshape(shape)
        crop = Crop(row["channel"], pixels, row["pixel_size_um"])
        found.setdefault(row["cell_id"], []).append(crop)
    return found


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['image']}, frame {row['frame']}, x {row['x_px']:.0f}, y {row['y_px']:.0f} px"


def _css(colour: tuple[float, float, float]) -> str:
    return f"rgb({', '.join(str(round(255 * part)) for part in colour)})"
