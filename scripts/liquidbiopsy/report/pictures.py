"""Cells that a page shows: their small pictures side by side and what is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from liquidbiopsy.core.pictured import PicturedCell, caption, picture
from liquidbiopsy.core.words import plain


def pictured_cells(
    thumbnails: str | Path, tables: Iterable[str | Path], calls: Sequence[str], most: int
) -> tuple[list[PicturedCell], int]:
    """The cells of a specimen that have pictures: by call, then by confidence.

    Parameters
    ----------
    thumbnails : path
        The specimen's `thumbnails.parquet`.
    tables : iterable of path
        Its detail tables; the one that has the cells is found by its column `cell_id`.
    calls : sequence of str
        The assay's calls, those that matter most first.
    most : int
        Cells to take at most.

    Returns
    -------
    cells, available : list of PicturedCell, int
        The cells taken, and how many there are.
    """
    names = pq.read_table(thumbnails, columns=["cell_id"])["cell_id"].unique().to_pylist()
    known = _rows_of(names, tables)

    def rank(name: str) -> tuple[int, float, str]:
        row = known.get(name, {})
        call = row.get("call")
        place = calls.index(call) if call in calls else len(calls)
        return place, -(row.get("confidence") or 0.0), name

    taken = sorted(names, key=rank)[:most]
    wanted = pc.field("cell_id").isin(pa.array(taken, pa.string()))
    pictures = pq.read_table(thumbnails, filters=wanted).to_pylist() if taken else []
    cells = []
    for name in taken:
        mine = [p for p in pictures if p["cell_id"] == name and p["png"] is not None]
        cells.append(_cell(name, known.get(name, {}), mine))
    return cells, len(names)


def _rows_of(names: Sequence[str], tables: Iterable[str | Path]) -> dict[str, dict[str, Any]]:
    """The rows of those cells in the first table that has a column `cell_id`."""
    for path in tables:
        if "cell_id" in pq.read_schema(path).names:
            wanted = pc.field("cell_id").isin(pa.array(names, pa.string()))
            return {row["cell_id"]: row for row in pq.read_table(path, filters=wanted).to_pylist()}
    return {}


def _cell(name: str, row: Mapping[str, Any], pictures: Sequence[Mapping[str, Any]]) -> PicturedCell:
    call = plain(row["call"]) if row.get("call") else ""
    shown = tuple(picture(p["picture"], p["png"], p["pixel_size_um"], name) for p in pictures)
    return PicturedCell(name, call, caption(row), shown)
