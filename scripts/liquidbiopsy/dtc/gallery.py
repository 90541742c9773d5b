"""The gallery of a specimen: its stained cells by class, its slides with the places marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from liquidbiopsy import __version__
from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.gallery import Group, rows_to_show
from liquidbiopsy.core.pages import render
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.pictured import PicturedCell, caption, picture
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import FAILED, THUMBNAILS
from liquidbiopsy.core.words import number, plain
from liquidbiopsy.dtc.marked import MARKED, css, mark_numbers, shown_slide
from liquidbiopsy.dtc.pictures import cell_pictures, scale_of
from liquidbiopsy.dtc.places import COLOURS, as_text, collection
from liquidbiopsy.dtc.tables import CALLS, ISOTYPE, PROBABLE, STAINED, TUMOUR_CELL, UNCERTAIN

TEMPLATES = Path(__file__).with_name("templates")
SHOWN = (TUMOUR_CELL, PROBABLE, UNCERTAIN)
"""Calls of which every cell is shown, and whose pictures reports may use."""


def write_gallery(
    inputs: Mapping[str, str],
    specimen: Mapping[str, Any],
    code: str,
    outputs: Mapping[str, str],
) -> None:
    """Write a specimen's gallery, thumbnails and places.

    Parameters
    ----------
    inputs : dict
        Paths of `cells`, `objects`, `crops` and `slides`.
    specimen : dict
        Its row of specimens.tsv.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `page`, `thumbnails`, `places` (cells.geojson) and `slides` (a folder of one such
        file a slide).
    """
    cells = read_table(inputs["cells"])
    slides = read_table(inputs["slides"]).to_pylist()
    crops = {row["cell_id"]: row for row in read_table(inputs["crops"]).to_pylist()}
    made = Provenance(code, None, checksums(dict(inputs)))
    rows = cells.to_pylist()
    shown = {
        role: rows_to_show(cells.filter(pc.equal(cells["role"], role)), set(crops), SHOWN)
        for role in (STAINED, ISOTYPE)
    }
    names = {row["cell_id"] for of_role in shown.values() for row in of_role} & set(crops)
    pictures = {name: cell_pictures(crops[name]) for name in sorted(names)}
    thumbnails = [
        {
            "specimen_id": specimen["specimen_id"],
            "cell_id": row["cell_id"],
            "picture": name,
            "png": png,
            "pixel_size_um": scale_of(crops[row["cell_id"]]),
        }
        for row in shown[STAINED]  # a report's pictures are of the patient's cells, not of controls
        if row["call"] in SHOWN
        for name, png in pictures.get(row["cell_id"], [])
    ]
    write_table(table_of(thumbnails, THUMBNAILS), outputs["thumbnails"], THUMBNAILS, made)
    _write_places(rows, read_table(inputs["objects"]), slides, outputs)
    numbers = mark_numbers(rows)
    groups = {
        role: _groups(
            [row for row in rows if row["role"] == role],
            [_cell(row, crops, pictures, numbers) for row in of_role],
        )
        for role, of_role in shown.items()
    }
    simulated = any(slide["simulated"] for slide in slides)
    read = [slide for slide in slides if slide["status"] != FAILED]
    pages = {r: [shown_slide(s, rows) for s in read if s["role"] == r] for r in shown}
    stained = [row for row in rows if row["role"] == STAINED]
    page = render(
        TEMPLATES,
        "gallery.html.j2",
        version=__version__,
        simulated="the slides of this specimen were made by a simulator" if simulated else "",
        specimen=specimen,
        counts=[(g.call, g.total) for g in groups[STAINED] if g.total or g.call in SHOWN],
        left_out=sum(not row["evaluated"] for row in stained),
        trouble=[f"{s['slide_id']}: {s['reason']}" for s in slides if s["reason"]],
        slides=pages[STAINED],
        controls=pages[ISOTYPE],
        key=[(plain(call), css(COLOURS[call])) for call in MARKED],
        first=[g for g in groups[STAINED] if g.call in SHOWN],
        others=[g for g in groups[STAINED] if g.call not in SHOWN and g.cells],
        of_controls=[g for g in groups[ISOTYPE] if g.cells],
        code=code,
    )
    write_text(outputs["page"], page)


def _write_places(
    rows: Sequence[Mapping[str, Any]],
    objects: pa.Table,
    slides: Sequence[Mapping[str, Any]],
    outputs: Mapping[str, str],
) -> None:
    """Write the cells' places: of all slides together, and of each that could be read."""
    names, outlines = objects["cell_id"].to_pylist(), objects["outline"].to_pylist()
    of_cell = dict(zip(names, outlines, strict=True))
    write_text(outputs["places"], as_text(collection(rows, of_cell)))
    folder = Path(outputs["slides"])
    folder.mkdir(parents=True, exist_ok=True)
    for slide in slides:
        if slide["status"] != FAILED:
            mine = [row for row in rows if row["slide_id"] == slide["slide_id"]]
            text = as_text(collection(mine, of_cell))
            write_text(folder / f"{slide['slide_id']}.geojson", text)


def _groups(rows: Sequence[Mapping[str, Any]], shown: Sequence[PicturedCell]) -> list[Group]:
    """The shown cells of each call, and how many of that call there are."""
    totals = Counter(row["call"] for row in rows)
    return [
        Group(call, [cell for cell in shown if cell.call == plain(call)], totals[call])
        for call in CALLS
    ]


def _cell(
    row: Mapping[str, Any],
    crops: Mapping[str, Mapping[str, Any]],
    pictures: Mapping[str, Sequence[tuple[str, bytes]]],
    numbers: Mapping[str, int],
) -> PicturedCell:
    """A cell as the page shows it."""
    name = row["cell_id"]
    drawn = (picture(n, png, scale_of(crops[name]), name) for n, png in pictures.get(name, []))
    place = f"{row['slide_id']}, x {row['x_px']:.0f}, y {row['y_px']:.0f} px"
    place += f"; marked {numbers[name]} on its slide" if name in numbers else ""
    return PicturedCell(name, plain(row["call"]), _words(row), tuple(drawn), place)


def _words(row: Mapping[str, Any]) -> str:
    """What is measured of a cell, in words."""
    parts = [caption({k: v for k, v in row.items() if k != "stain_snr"})]
    if row["nuclei"]:
        parts.append(f"nucleus {number(row['nucleus_area_um2'])} µm²")
        parts.append(f"{100 * row['stain_over_nucleus']:.0f} % of it stained")
    if row["stain_mean_od"] is not None:
        parts.append(f"stain density {row['stain_mean_od']:.2f}")
    if not row["evaluated"]:
        parts.append("not in the evaluated area, so not counted")
    return "; ".join(parts)
