"""Charts of the detail tables that assays declare: of each library, or of the whole patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.words import number
from liquidbiopsy.report.cells_drawn import CELL_COLUMNS, CELL_SEGMENT_COLUMNS, cells_drawn
from liquidbiopsy.report.clones_drawn import CLONE_COLUMNS, clones_drawn
from liquidbiopsy.report.colours import clone_colours
from liquidbiopsy.report.drawn import Drawn
from liquidbiopsy.report.genome_chart import genome_svgs
from liquidbiopsy.report.lengths_chart import lengths_svgs

GENOME, LENGTHS, CELLS, CLONES = "genome", "lengths", "cells", "clones"
OF_PATIENTS = {CELLS: CELL_COLUMNS, CLONES: CLONE_COLUMNS}
"""Kinds of which a patient has one over all specimens, and the columns of their table."""
COLUMNS = {
    GENOME: ("chrom", "start", "end", "log2", "used", "copies"),
    LENGTHS: ("length", "count"),
}
SEGMENT_COLUMNS = ("chrom", "start", "end", "log2", "copies")

SEGMENT_HEADS: Sequence[str] = ("Contig", ">From, Mb", ">To, Mb", ">log2", ">Copies")
LENGTH_HEADS: Sequence[str] = (">From, bases", ">To, bases", ">Fragments", ">Share, %")
STEP = 50  # bases of a row of the table of lengths


def drawn_charts(
    folder: Path,
    specimens: Sequence[Mapping[str, Any]],
    assays: Mapping[str, Mapping[str, Any]],
) -> list[Drawn]:
    """The charts of a patient, by kind, and those of libraries by day.

    Parameters
    ----------
    folder : Path
        Folder of the patient's united tables.
    specimens : sequence of mapping
        Rows of specimens.tsv in the order of the page.
    assays : mapping
        Assay -> what it declares, with `charts`.

    Raises
    ------
    UserError
        A table lacks a column of a chart.
    """
    found = []
    for name, assay in assays.items():
        mine = [s for s in specimens if s["assay"] == name]
        found += _of_patient(folder, mine, assay["charts"], name)
        for chart in assay["charts"]:
            if chart["kind"] in OF_PATIENTS:
                continue
            table = _read(folder, chart["table"], COLUMNS[chart["kind"]], name)
            lines = (
                _read(folder, chart["segments"], SEGMENT_COLUMNS, name)
                if chart["kind"] == GENOME
                else None
            )
            for specimen in mine:
                found += _of_specimen(specimen, chart, table, lines)
    return found


def _read(folder: Path, table: str, columns: Sequence[str], assay: str) -> pd.DataFrame:
    """Some columns of a united table, of one assay, in the order of the file."""
    path = folder / f"{table}.parquet"
    names = pq.read_schema(path).names
    wanted = [c for c in ("specimen_id", "library_id", *columns) if c in names]
    own = [("assay", "==", assay)] if "assay" in names else None
    return pq.read_table(path, columns=wanted, partitioning=None, filters=own).to_pandas()


def _of_patient(
    folder: Path,
    specimens: Sequence[Mapping[str, Any]],
    charts: Sequence[Mapping[str, Any]],
    assay: str,
) -> list[Drawn]:
    """The charts of one assay over all specimens; a clone has one colour in all of them."""
    mine = [chart for chart in charts if chart["kind"] in OF_PATIENTS]
    tables = [_whole(folder, c["table"], OF_PATIENTS[c["kind"]], assay) for c in mine]
    colours = clone_colours(str(n) for t in tables for n in t["clone"].dropna().unique())
    found: list[Drawn] = []
    for k, (chart, table) in enumerate(zip(mine, tables, strict=True)):
        about = (specimens, colours, chart["title"], f"{assay}-{chart['kind']}-{k}")
        if chart["kind"] == CELLS:
            segments = _whole(folder, chart["segments"], CELL_SEGMENT_COLUMNS, assay)
            found += cells_drawn(table, segments, *about)
        else:
            found += clones_drawn(table, *about)
    return found


def _whole(folder: Path, table: str, columns: Sequence[str], assay: str) -> pd.DataFrame:
    """As `_read`, with all columns; where no specimen has rows, they may be missing."""
    frame = _read(folder, table, columns, assay)
    missing = [c for c in columns if c not in frame]
    if missing and len(frame):
        raise UserError(f"assay '{assay}': its table {table} has no column {', '.join(missing)}")
    return frame.reindex(columns=["specimen_id", *columns])


def _of_specimen(
    specimen: Mapping[str, Any],
    chart: Mapping[str, Any],
    table: pd.DataFrame,
    lines: pd.DataFrame | None,
) -> list[Drawn]:
    own = table[table["specimen_id"] == specimen["specimen_id"]]
    found = []
    for library, rows in own.groupby("library_id", sort=True):
        key = f"{chart['kind']}-{specimen['specimen_id']}-{library}"
        if lines is not None:
            segments = _of_library(lines, specimen["specimen_id"], str(library))
            if segments.empty or not rows["used"].any():
                continue
            svgs = genome_svgs(rows, segments, key)
            heads, told = SEGMENT_HEADS, _segment_rows(segments)
        else:
            if not rows["count"].sum():
                continue
            svgs = lengths_svgs(rows, key)
            heads, told = LENGTH_HEADS, _length_rows(rows)
        about = {name: specimen[name] for name in ("day", "visit", "specimen_id")}
        found.append(
            Drawn(key, chart["title"], svgs, heads, told, library_id=str(library), **about)
        )
    return found


def _of_library(table: pd.DataFrame, specimen: str, library: str) -> pd.DataFrame:
    return table[(table["specimen_id"] == specimen) & (table["library_id"] == library)]


def _segment_rows(segments: pd.DataFrame) -> list[list[str]]:
    return [
        [
            str(s.chrom),
            f"{s.start / 1e6:.1f}",
            f"{s.end / 1e6:.1f}",
            "–" if pd.isna(s.log2) else f"{round(s.log2, 2) + 0.0:.2f}".replace("-", "−"),
            "–" if pd.isna(s.copies) else number(float(s.copies)),
        ]
        for s in segments.itertuples()
    ]


def _length_rows(lengths: pd.DataFrame) -> list[list[str]]:
    total = float(lengths["count"].sum())
    step = (lengths["length"] - 1) // STEP
    found = []
    for k, own in lengths["count"].groupby(step):
        low, high = int(k) * STEP + 1, (int(k) + 1) * STEP
        share = f"{100 * own.sum() / total:.1f}"
        found.append([str(low), str(high), number(float(own.sum())), share])
    return found
