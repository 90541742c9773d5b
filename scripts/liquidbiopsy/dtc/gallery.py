"""The gallery of a specimen: its stained cells by class, its slides with the places marked."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from liquidbiopsy import __version__
from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.gallery import Group, rows_to_show
from liquidbiopsy.core.pages import render
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.pictured import PicturedCell, caption, picture
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import FAILED, THUMBNAILS
from liquidbiopsy.core.words import number, plain
from liquidbiopsy.dtc.pictures import cell_pictures, scale_of
from liquidbiopsy.dtc.places import COLOURS, as_text, collection
from liquidbiopsy.dtc.tables import CALLS, DEGENERATED, PROBABLE, TUMOUR_CELL, UNCERTAIN

TEMPLATES = Path(__file__).with_name("templates")
SHOWN = (TUMOUR_CELL, PROBABLE, UNCERTAIN)
"""Calls of which every cell is shown, and whose pictures reports may use."""
MARKED = (TUMOUR_CELL, PROBABLE, UNCERTAIN, DEGENERATED)
"""Calls whose places are marked on the picture of the slide."""


@dataclass(frozen=True)
class Mark:
    """A cell on the picture of its slide, in pixels of that picture."""

    x: float
    y: float
    call: str
    name: str
    colour: str


@dataclass(frozen=True)
class ShownSlide:
    """A slide as the page shows it."""

    row: Mapping[str, Any]
    facts: list[tuple[str, str]]
    src: str
    width: int
    height: int
    marks: list[Mark]


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
    rows = rows_to_show(cells, set(crops), SHOWN)
    names = [row["cell_id"] for row in rows if row["cell_id"] in crops]
    pictures = {name: cell_pictures(crops[name]) for name in names}
    thumbnails = [
        {
            "specimen_id": specimen["specimen_id"],
            "cell_id": row["cell_id"],
            "picture": name,
            "png": png,
            "pixel_size_um": scale_of(crops[row["cell_id"]]),
        }
        for row in rows
        if row["call"] in SHOWN
        for name, png in pictures.get(row["cell_id"], [])
    ]
    write_table(table_of(thumbnails, THUMBNAILS), outputs["thumbnails"], THUMBNAILS, made)
    _write_places(cells, read_table(inputs["objects"]), slides, outputs)
    counts = Counter(cells["call"].to_pylist())
    shown: dict[str, list[PicturedCell]] = {}
    for row in rows:
        name = row["cell_id"]
        drawn = (picture(n, png, scale_of(crops[name]), name) for n, png in pictures.get(name, []))
        cell = PicturedCell(name, plain(row["call"]), _words(row), tuple(drawn), _place(row))
        shown.setdefault(row["call"], []).append(cell)
    simulated = any(slide["simulated"] for slide in slides)
    page = render(
        TEMPLATES,
        "gallery.html.j2",
        version=__version__,
        simulated="the slides of this specimen were made by a simulator" if simulated else "",
        specimen=specimen,
        counts=[(call, counts[call]) for call in CALLS if counts[call] or call in SHOWN],
        trouble=[f"{s['slide_id']}: {s['reason']}" for s in slides if s["reason"]],
        readable=any(s["status"] != FAILED for s in slides),
        slides=[shown_slide(s, cells) for s in slides if s["status"] != FAILED],
        key=[(plain(call), _css(COLOURS[call])) for call in MARKED],
        first=[Group(call, shown.get(call, []), counts[call]) for call in SHOWN],
        others=[Group(c, of_call, counts[c]) for c, of_call in shown.items() if c not in SHOWN],
        code=code,
    )
    write_text(outputs["page"], page)


def _write_places(
    cells: pa.Table,
    objects: pa.Table,
    slides: Sequence[Mapping[str, Any]],
    outputs: Mapping[str, str],
) -> None:
    """Write the cells' places: of all slides together, and of each that could be read."""
    names, outlines = objects["cell_id"].to_pylist(), objects["outline"].to_pylist()
    of_cell = dict(zip(names, outlines, strict=True))
    rows = cells.to_pylist()
    write_text(outputs["places"], as_text(collection(rows, of_cell)))
    folder = Path(outputs["slides"])
    folder.mkdir(parents=True, exist_ok=True)
    for slide in slides:
        if slide["status"] != FAILED:
            mine = [row for row in rows if row["slide_id"] == slide["slide_id"]]
            text = as_text(collection(mine, of_cell))
            write_text(folder / f"{slide['slide_id']}.geojson", text)


def shown_slide(slide: Mapping[str, Any], cells: pa.Table) -> ShownSlide:
    """A slide's picture, what is known of it, and the places of its cells."""
    scale = slide["overview_scale"]
    marks = [
        Mark(
            round(row["x_px"] / scale, 1),
            round(row["y_px"] / scale, 1),
            plain(row["call"]),
            row["cell_id"],
            _css(COLOURS[row["call"]]),
        )
        for row in cells.to_pylist()
        if row["slide_id"] == slide["slide_id"] and row["call"] in MARKED and row["evaluated"]
    ]
    src = "data:image/jpeg;base64," + base64.b64encode(slide["overview"]).decode("ascii")
    width, height = (round(slide[f"{edge}_px"] / scale) for edge in ("width", "height"))
    interval = f"{number(slide['mnc_low'])} to {number(slide['mnc_high'])}"
    share = slide["evaluated_mm2"] / slide["cells_mm2"] if slide["cells_mm2"] else 0.0
    facts = [
        ("Role", plain(slide["role"])),
        ("Chromogen", plain(slide["chromogen"])),
        ("Mononuclear cells evaluated", f"{number(slide['mnc'])} ({interval})"),
        ("Area with cells", f"{number(slide['cells_mm2'])} mm², {100 * share:.0f} % evaluated"),
        ("Pixel", f"{slide['pixel_size_um']:.3g} µm"),
        ("Image", slide["image"]),
    ]
    return ShownSlide(slide, facts, src, width, height, marks)


def _words(row: Mapping[str, Any]) -> str:
    """What is measured of a cell, in words."""
    parts = [caption({k: v for k, v in row.items() if k != "stain_snr"})]
    if row["nuclei"]:
        parts.append(f"nucleus {number(row['nucleus_area_um2'])} µm², {row['nucleus_ratio']:.1f} "
                     "times the slide's usual")  # fmt: skip
        parts.append(f"{100 * row['stain_over_nucleus']:.0f} % of it stained")
    if row["stain_mean_od"] is not None:
        parts.append(f"stain density {row['stain_mean_od']:.2f}")
    if not row["evaluated"]:
        parts.append("not in the evaluated area")
    return "; ".join(parts)


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['slide_id']}, x {row['x_px']:.0f}, y {row['y_px']:.0f} px"


def _css(colour: tuple[int, int, int]) -> str:
    return f"rgb({', '.join(str(part) for part in colour)})"
