"""Rows of the tables of cells: segments, cells, bins and genes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from liquidbiopsy.copynumber.genes import call_copies
from liquidbiopsy.core.tables import FAILED, MEASURED
from liquidbiopsy.scdna.cell_quality import Quality
from liquidbiopsy.scdna.gene_places import MALE, places_of, run_lengths, sex_of
from liquidbiopsy.scdna.matrix import Matrix
from liquidbiopsy.scdna.profiles import Profiles
from liquidbiopsy.scdna.roles import NORMAL_CELL, TUMOUR_CELL

Row = dict[str, Any]
TWICE = 1.959963984540054  # standard deviations of a 95 % interval to each side


def cell_rows(matrix: Matrix, quality: Quality, profiles: Profiles) -> list[Row]:
    """A row a cell; None where nothing is known.

    Each has cell_id, role, status (`measured` or `failed`), reason (why it failed, or that it is
    suspected to be two cells), reads, duplicates, breadth, mapd, gini, covered, ploidy,
    second_ploidy, confidence, ploidy_margin, noise, doublet and doublet_score.
    """
    rows = []
    for k, name in enumerate(matrix.cells):
        passed = bool(profiles.passed[k])
        two = f"suspected to be two cells: {profiles.doublet_of[k]}" if profiles.doublet[k] else ""
        rows.append(
            {
                "cell_id": name,
                "role": TUMOUR_CELL if matrix.roles[k] else NORMAL_CELL,
                "status": MEASURED if passed else FAILED,
                "reason": quality.reason[k] or two or None,
                "reads": _known(quality.reads[k]),
                "duplicates": _known(quality.duplicates[k]),
                "breadth": _known(quality.breadth[k]),
                "mapd": _known(quality.mapd[k]),
                "gini": _known(quality.gini[k]),
                "covered": _known(quality.covered[k]),
                "ploidy": _known(profiles.ploidy[k]),
                "second_ploidy": _known(profiles.second_ploidy[k]),
                "confidence": _known(profiles.confidence[k]),
                "ploidy_margin": _known(profiles.margin[k]),
                "noise": _known(profiles.noise[k]),
                "doublet": bool(profiles.doublet[k]) if passed else None,
                "doublet_score": _known(profiles.doublet_score[k]),
            }
        )
    return rows


def segment_rows(profiles: Profiles) -> pa.Table:
    """A row a cell and segment of its own, of cells that passed.

    Columns are cell_id, chrom, start, end, bins (used), ratio (mean) and copies.
    """
    segments, matrix = profiles.segments, profiles.matrix
    chrom = np.array(segments.contigs, object)
    used = np.flatnonzero(matrix.used)
    columns: dict[str, list[Any]] = {
        name: [] for name in ("cell_id", "chrom", "start", "end", "bins", "ratio", "copies")
    }
    for k in np.flatnonzero(profiles.passed):
        own = profiles.copies[k]
        begun = np.diff(segments.contig, prepend=-1) != 0
        begun[1:] |= np.diff(own) != 0
        first = np.flatnonzero(begun)
        last = np.append(first[1:], own.size) - 1
        ratio = matrix.ratio[k, used]
        at = np.searchsorted(used, segments.first[first])
        known = np.isfinite(ratio)
        sums = np.add.reduceat(np.where(known, ratio, 0.0), at)
        many = np.add.reduceat(known.astype(np.float64), at)
        mean = np.divide(sums, many, out=np.full(sums.shape, np.nan), where=many > 0)
        columns["cell_id"] += [matrix.cells[k]] * first.size
        columns["chrom"] += chrom[segments.contig[first]].tolist()
        columns["start"].append(segments.start[first])
        columns["end"].append(segments.end[last])
        columns["bins"].append(np.add.reduceat(segments.bins, first))
        columns["ratio"].append(mean)
        columns["copies"].append(own[first])
    joined = {
        "cell_id": pa.array(columns["cell_id"], pa.string()),
        "chrom": pa.array(columns["chrom"], pa.string()),
    }
    for name, kind in (
        ("start", pa.int64()), ("end", pa.int64()), ("bins", pa.int32()),
        ("ratio", pa.float64()), ("copies", pa.int32()),
    ):  # fmt: skip
        values = np.concatenate(columns[name]) if columns[name] else np.empty(0)
        joined[name] = pa.array(values, from_pandas=True).cast(kind)
    return pa.table(joined)


def bin_rows(profiles: Profiles) -> pa.Table:
    """A row a bin: chrom, start, end, gc, mappability, used, and each cell's ratio by its name.

    The same form that ready tables come in, so that it can be read again; long rows would be as
    many as cells times bins. Copies are in the segments.
    """
    matrix = profiles.matrix
    columns: dict[str, Any] = {
        "chrom": pa.array(matrix.bins.chrom(), pa.string()),
        "start": pa.array(matrix.bins.start, pa.int64()),
        "end": pa.array(matrix.bins.end, pa.int64()),
        "gc": pa.array(matrix.gc, pa.float64(), from_pandas=True),
        "mappability": pa.array(matrix.mappability, pa.float64(), from_pandas=True),
        "used": pa.array(matrix.used, pa.bool_()),
    }
    for name, ratio in zip(matrix.cells, matrix.ratio, strict=True):
        values = np.where(matrix.used, ratio, np.nan).astype(np.float32)
        columns[name] = pa.array(values, pa.float32(), from_pandas=True)
    return pa.table(columns)


def gene_rows(profiles: Profiles, build: str | None) -> tuple[pa.Table, str]:
    """A row a gene and cell that passed, and what to say where there are none.

    Columns are cell_id, gene, chrom, start, end, bins, copies, copies_low, copies_high and call, by
    the thresholds of resources/genes. The interval is that of the mean of the cell's own segment.
    """
    places, note = places_of(profiles.matrix, build)
    cells = np.flatnonzero(profiles.passed)
    per_bin, used = profiles.per_bin()[cells], profiles.matrix.used
    length = np.ones(per_bin.shape, np.int64)
    length[:, used] = run_lengths(per_bin[:, used], profiles.bins.contig[used])
    noise = profiles.noise[cells] / np.sqrt(2)  # of a bin with one copy
    copies = np.full((cells.size, len(places)), np.nan)
    error = np.full(copies.shape, np.nan)
    for g, place in enumerate(places):
        at = place.of(per_bin)
        own = np.flatnonzero(at >= 0)
        found = per_bin[own, at[own]]
        copies[own, g] = found
        error[own, g] = noise[own] * np.sqrt(np.maximum(found, 0.5) / length[own, at[own]])
    low, high = np.maximum(copies - TWICE * error, 0), copies + TWICE * error
    of_x = 1.0 if sex_of(profiles.matrix, profiles.passed) == MALE else 2.0
    normal = np.where([place.gene.chrom == "X" for place in places], of_x, 2.0)
    flat = [np.ascontiguousarray(values).ravel() for values in (copies, low, high)]
    ploidy: Any = np.repeat(profiles.ploidy[cells], len(places))
    calls = call_copies(flat[0], flat[1], flat[2], ploidy, np.tile(normal, cells.size))
    names = [profiles.cells[k] for k in cells]
    table = {
        "cell_id": pa.array(np.repeat(np.array(names, object), len(places)), pa.string()),
        "gene": pa.array([p.gene.gene for p in places] * cells.size, pa.string()),
        "chrom": pa.array([p.gene.chrom for p in places] * cells.size, pa.string()),
        "start": pa.array([p.gene.start for p in places] * cells.size, pa.int64()),
        "end": pa.array([p.gene.end for p in places] * cells.size, pa.int64()),
        "bins": pa.array([p.bins.size for p in places] * cells.size, pa.int32()),
        "copies": pa.array(flat[0], pa.float64(), from_pandas=True),
        "copies_low": pa.array(flat[1], pa.float64(), from_pandas=True),
        "copies_high": pa.array(flat[2], pa.float64(), from_pandas=True),
        "call": pa.array(calls.tolist(), pa.string()),
    }
    return pa.table(table), note


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
