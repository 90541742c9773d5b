"""Step `profiles` of one specimen: its cells in bins in, their quality and integer copies out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa

from liquidbiopsy.copynumber import seg_file
from liquidbiopsy.copynumber.bins import Values
from liquidbiopsy.copynumber.own_contigs import build_of_bins
from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import FAILED, QUALITY, Table
from liquidbiopsy.scdna.cell_counts import Counts, read_counts
from liquidbiopsy.scdna.cell_quality import Quality, quality_of
from liquidbiopsy.scdna.matrix import Matrix, matrix_of
from liquidbiopsy.scdna.profiles import Profiles, profiles_of
from liquidbiopsy.scdna.quality_rows import quality_rows
from liquidbiopsy.scdna.roles import TUMOUR_CELL
from liquidbiopsy.scdna.rows import bin_rows, cell_rows, gene_rows, segment_rows
from liquidbiopsy.scdna.tables import BINS, COUNT, GENES, PROFILED, SEGMENTS

log = logging.getLogger(__name__)
Rows = Sequence[Mapping[str, Any]]
LEAST_RATIO = 0.01  # of a segment in a SEG file, so that it has a logarithm


@dataclass(frozen=True)
class Profiled:
    """What is known of a specimen's cells; None of those whose files could all not be read."""

    matrix: Matrix
    quality: Quality
    profiles: Profiles
    build: str | None


def profile_specimen(
    counts: str,
    cells: str,
    build: str | None,
    settings: Mapping[str, Any],
    code: str,
    outputs: Mapping[str, str],
) -> None:
    """Correct the counts of a specimen's cells, and find the copies of each.

    Parameters
    ----------
    counts, cells : str
        Paths of the tables `counts` and `counted`.
    build : str or None
        Build of the genome, where the cells' reference says it.
    settings : dict
        `correction`, `baseline`, `quality` and `profiles`.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `cells` (table `profiled`), `segments`, `bins`, `genes`, `seg` and `quality`.
        Cells that failed have their row in the first and the last.
    """
    counted = read_table(cells).to_pylist()
    read = read_counts(counts)
    made = Provenance(code, dict(settings), checksums({"counts": counts, "cells": cells}))
    found = None if read is None else _profiled(read, counted, build, settings)
    specimen = counted[0]["specimen_id"]
    rows = [{**row, **_named(row)} for row in counted]
    if found is not None:
        log.info("%s: baseline: %s", specimen, found.matrix.baseline)
        own = cell_rows(found.matrix, found.quality, found.profiles)
        by_name = {row["cell_id"]: row for row in own}
        twice = _twice(read, counted) if read else {}
        rows = [
            _united(row, by_name.get(row["cell_id"]), twice.get(row["cell_id"])) for row in rows
        ]
    write_table(table_of(rows, PROFILED), outputs["cells"], PROFILED, made)
    _write(_segments(found), specimen, outputs["segments"], SEGMENTS, made)
    genes, note = (None, "") if found is None else gene_rows(found.profiles, found.build)
    if note:
        log.warning("%s: %s", specimen, note)
    _write(genes, specimen, outputs["genes"], GENES, made)
    _write_bins(found, outputs["bins"], made)
    write_text(outputs["seg"], _seg(found, specimen))
    quality = quality_rows(rows, {row["cell_id"]: row for row in counted}, settings["quality"])
    write_table(table_of(quality, QUALITY), outputs["quality"], QUALITY, made)


def _profiled(
    read: Counts, counted: Rows, build: str | None, settings: Mapping[str, Any]
) -> Profiled:
    about = {row["cell_id"]: row for row in counted}
    own = [about[name] for name in read.cells]
    roles = np.array([row["role"] == TUMOUR_CELL for row in own])
    of_reads = np.array([row["kind"] == COUNT for row in own])[:, None]
    build = build or build_of_bins(read.bins)
    tracks = read.tracks
    matrix = matrix_of(
        read.bins,
        read.cells,
        roles,
        np.where(of_reads, read.values, np.nan),
        _known(tracks.gc),
        _known(tracks.mappability),
        build,
        settings,
        acgt=_known(tracks.acgt),
        mappable_bp=_known(tracks.mappable_bp),
        ratio=np.where(of_reads, np.nan, read.values),
    )
    duplicates, breadth = (
        np.array([np.nan if row[name] is None else row[name] for row in own])
        for name in ("duplicates", "breadth")
    )
    quality = quality_of(matrix, settings, duplicates=duplicates, breadth=breadth)
    return Profiled(matrix, quality, profiles_of(matrix, quality, settings), build)


def _known(values: Values) -> Values | None:
    return None if np.isnan(values).all() else values


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a cell's row has where its file says something worth a remark."""
    return {"reason": row["reason"] or row["note"]}


def _twice(read: Counts, counted: Rows) -> dict[str, str]:
    """What to say of cells whose reads are another's in every bin, by name."""
    kinds = {row["cell_id"]: row["kind"] for row in counted}
    first: dict[bytes, str] = {}
    found = {}
    for name, values in zip(read.cells, read.values, strict=True):
        if kinds[name] == COUNT and np.nansum(values) > 0:
            same = first.setdefault(sha256(values.tobytes()).digest(), name)
            if same != name:
                found[name] = f"it has the reads of {same} in every bin: is it the same cell twice?"
    return found


def _united(
    row: Mapping[str, Any], own: Mapping[str, Any] | None, twice: str | None
) -> dict[str, Any]:
    """A cell's row with what its profile says; one that could not be read keeps its reason."""
    if own is None or row["status"] == FAILED:
        return dict(row)
    reasons = [own["reason"], row["note"], twice]
    return {**row, **own, "reason": "; ".join(filter(None, reasons)) or None}


def _segments(found: Profiled | None) -> pa.Table | None:
    return None if found is None else segment_rows(found.profiles)


def _write(table: pa.Table | None, specimen: str, path: str, kind: Table, made: Provenance) -> None:
    """Write rows of cells with the specimen's name; none where no cell could be read."""
    if table is None:
        table = table_of([], kind)
    else:
        names = pa.array([specimen] * table.num_rows, pa.string())
        table = table.append_column("specimen_id", names)
    write_table(table, path, kind, made)


def _write_bins(found: Profiled | None, path: str, made: Provenance) -> None:
    if found is None:
        write_table(table_of([], BINS), path, BINS, made)
        return
    told = {"description": "Corrected ratio of this cell; 1 at its median", "unit": "1"}
    columns = [pa.field(name, pa.float32(), metadata=told) for name in found.matrix.cells]
    write_table(bin_rows(found.profiles), path, BINS.with_columns(columns), made)


def _seg(found: Profiled | None, specimen: str) -> str:
    """Text of the SEG file: a sample a cell, the mean log2 of its segments."""
    if found is None:
        return seg_file.seg_text([])
    rows = segment_rows(found.profiles).to_pylist()
    samples: dict[str, list[tuple[str, int, int, int, float]]] = {}
    for row in rows:
        ratio = float("nan") if row["ratio"] is None else max(row["ratio"], LEAST_RATIO)
        place = (row["chrom"], row["start"], row["end"], row["bins"], float(np.log2(ratio)))
        samples.setdefault(f"{specimen}:{row['cell_id']}", []).append(place)
    return seg_file.seg_text(samples.items())
