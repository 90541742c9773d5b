"""Charts of the detail tables that assays declare: one of each kind for each library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from liquidbiopsy.core.words import number
from liquidbiopsy.report.genome_chart import genome_svgs
from liquidbiopsy.report.lengths_chart import lengths_svgs

GENOME, LENGTHS = "genome", "lengths"
COLUMNS = {
    GENOME: ("chrom", "start", "end", "log2", "used", "copies"),
    LENGTHS: ("length", "count"),
}
SEGMENT_COLUMNS = ("chrom", "start", "end", "log2", "copies")

SEGMENT_HEADS: Sequence[str] = ("Contig", ">From, Mb", ">To, Mb", ">log2", ">Copies")
LENGTH_HEADS: Sequence[str] = (">From, bases", ">To, bases", ">Fragments", ">Share, %")
STEP = 50  # bases of a row of the table of lengths


@dataclass(frozen=True)
class Drawn:
    """One chart, and the table under it."""

    key: str
    title: str
    day: int
    visit: str | None
    specimen_id: str
    library_id: str
    svgs: Mapping[str, str]
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def drawn_charts(
    folder: Path,
    specimens: Sequence[Mapping[str, Any]],
    assays: Mapping[str, Mapping[str, Any]],
) -> list[Drawn]:
    """The charts of all libraries of a patient, by kind and day.

    Parameters
    ----------
    folder : Path
        Folder of the patient's united tables.
    specimens : sequence of mapping
        Rows of specimens.tsv in the order of the page.
    assays : mapping
        Assay -> what it declares, with `charts`.
    """
    found = []
    for name, assay in assays.items():
        mine = [s for s in specimens if s["assay"] == name]
        for chart in assay["charts"]:
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
    wanted = [c for c in ("assay", "specimen_id", "library_id", *columns) if c in names]
    frame = pq.read_table(path, columns=wanted, partitioning=None).to_pandas()
    return frame[frame["assay"] == assay] if "assay" in names else frame


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
        about = (specimen["day"], specimen["visit"], specimen["specimen_id"], str(library))
        found.append(Drawn(key, chart["title"], *about, svgs, heads, told))
    return found


def _of_library(table: pd.DataFrame, specimen: str, library: str) -> pd.DataFrame:
    return table[(table["specimen_id"] == specimen) & (table["library_id"] == library)]


def _segment_rows(segments: pd.DataFrame) -> list[list[str]]:
    return [
        [
            str(s.chrom),
            f"{s.start / 1e6:.1f}",
            f"{s.end / 1e6:.1f}",
            "–" if pd.isna(s.log2) else f"{s.log2:.2f}",
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
