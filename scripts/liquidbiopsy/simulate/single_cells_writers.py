"""Write simulated single cells: a WIG a cell, tables with a column a cell, and their truth.

File names say `simulated`, and so does the first line of every table, or the metadata of a Parquet
file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from liquidbiopsy.core.atomic import atomic_path
from liquidbiopsy.simulate.parameters import SIMULATED
from liquidbiopsy.simulate.plasma_writers import write_truth
from liquidbiopsy.simulate.single_cells import SimulatedCells, simulate_cells
from liquidbiopsy.simulate.single_cells_bias import gc_curve
from liquidbiopsy.simulate.single_cells_parameters import (
    Cell,
    CellParameters,
    genomes_of,
)
from liquidbiopsy.simulate.whole_genome_builds import AUTOSOMES, CONTIGS, Bins, fixed_bins
from liquidbiopsy.simulate.whole_genome_tracks import Tracks
from liquidbiopsy.simulate.whole_genome_writers import write_wig

BIN_BP = 500_000
LEAST_MAPPABILITY = 0.5  # of a bin that has a ratio


@dataclass(frozen=True)
class WrittenCells:
    """What was written."""

    wigs: dict[str, Path]
    """By cell_id."""
    made: SimulatedCells
    segments: pd.DataFrame
    """One row a cell and segment: see `segment_truth`."""


def write_cells(
    folder: Path,
    p: CellParameters,
    tracks: Tracks,
    cells: Sequence[Cell] | None = None,
    *,
    bin_bp: int = BIN_BP,
    prefix: str = "chr",
) -> WrittenCells:
    """Simulate a specimen's cells and write them; equal parameters give equal bytes.

    Its files are `<cell_id>.simulated.wig` of each cell, `<specimen_id>.truth.tsv`,
    `.segments.tsv` and `.clones.tsv`.

    Parameters
    ----------
    folder : Path
        Where to; made if missing.
    p, tracks, cells
        As of `single_cells.simulate_cells`.
    bin_bp : int
        Bases of a bin.
    prefix : str
        What stands before the contigs' plain names: `chr` or nothing.
    """
    bins = fixed_bins(tracks.build, bin_bp)
    made = simulate_cells(p, tracks, bins, cells)
    wigs = {cell.cell_id: folder / f"{cell.cell_id}.simulated.wig" for cell in made.cells}
    for path, counts in zip(wigs.values(), made.counts, strict=True):
        write_wig(path, bins, counts, bin_bp, prefix)
    segments = segment_truth(p, made.cells, tracks.build)
    write_truth(folder / f"{p.specimen_id}.truth.tsv", made.truth)
    write_truth(folder / f"{p.specimen_id}.segments.tsv", segments)
    write_truth(folder / f"{p.specimen_id}.clones.tsv", clone_truth(p))
    return WrittenCells(wigs, made, segments)


def write_counts(
    folder: Path, p: CellParameters, tracks: Tracks, made: SimulatedCells, prefix: str = "chr"
) -> tuple[Path, Path]:
    """Write `<specimen_id>.counts.simulated.parquet` and `.tsv`: one row a bin, a column a cell.

    Before the cells stand chrom, start (from 0), end, gc and mappability.
    """
    gc, mappability = tracks.over(made.bins)
    table = {"gc": np.round(gc, 4), "mappability": np.round(mappability, 4)}
    table |= dict(zip([c.cell_id for c in made.cells], made.counts, strict=True))
    return _write_both(folder / f"{p.specimen_id}.counts.simulated", made.bins, table, prefix)


def write_ratios(
    folder: Path, p: CellParameters, tracks: Tracks, made: SimulatedCells, prefix: str = "chr"
) -> tuple[Path, Path]:
    """Write `<specimen_id>.ratios.simulated.parquet` and `.tsv`: see `ratios_of`."""
    ratios = np.round(ratios_of(p, tracks, made), 4)
    table = dict(zip([c.cell_id for c in made.cells], ratios, strict=True))
    return _write_both(folder / f"{p.specimen_id}.ratios.simulated", made.bins, table, prefix)


def ratios_of(p: CellParameters, tracks: Tracks, made: SimulatedCells) -> NDArray[np.float64]:
    """Counts as another program would have corrected them, for GC content and mappability.

    By the true GC curve of the cell, over the median of the autosomes; bias of place that recurs
    from cell to cell is left in. NaN where a bin is hardly mappable. Shape (cells, bins).
    """
    bins = made.bins
    gc, mappability = tracks.over(bins)
    length = tracks.mappability * (tracks.cells.end - tracks.cells.start)
    known = np.isfinite(gc) & (mappability >= LEAST_MAPPABILITY)
    found = np.full(made.counts.shape, np.nan)
    for k, counts in enumerate(made.counts):
        peak, bend = gc_curve(p, k)
        expected = tracks.sums(length, bins)[known] * np.exp(-bend * (gc[known] - peak) ** 2)
        ratio = counts[known] / expected
        middle = float(np.median(ratio[bins.contig[known] < AUTOSOMES]))
        found[k, known] = ratio / (middle or 1.0)
    return found


def segment_truth(p: CellParameters, cells: Sequence[Cell], build: str) -> pd.DataFrame:
    """One row a cell and segment: cell_id, chrom, start (from 0), end, copies, minor.

    Of a doublet `copies` are those of both cells together; `minor` are those of the parent's
    chromosome that has fewer. Neighbours that are alike are one segment.
    """
    found = genomes_of(p, build)
    chrom = np.asarray(CONTIGS)[found.contig]
    tables: dict[tuple[int, ...], pd.DataFrame] = {}
    rows = []
    for cell in cells:
        if cell.genomes not in tables:
            copies = found.copies[list(cell.genomes)].sum(axis=0)
            first = np.ones(len(chrom), bool)
            first[1:] = (chrom[1:] != chrom[:-1]) | (copies[:, 1:] != copies[:, :-1]).any(axis=0)
            last = np.append(np.flatnonzero(first)[1:], len(chrom)) - 1
            tables[cell.genomes] = pd.DataFrame(
                {
                    "cell_id": "", "chrom": chrom[first], "start": found.start[first],
                    "end": found.end[last], "copies": copies.sum(axis=0)[first],
                    "minor": copies.min(axis=0)[first],
                }
            )  # fmt: skip
        rows.append(tables[cell.genomes].assign(cell_id=cell.cell_id))
    return pd.concat(rows, ignore_index=True)


def clone_truth(p: CellParameters) -> pd.DataFrame:
    """One row a clone: clone, parent, share of the tumour cells, and its events in order."""
    shares = p.shares or (1 / max(len(p.clones), 1),) * len(p.clones)
    rows = [
        (clone.name, clone.parent, share, "; ".join(event.name for event in clone.events) or "none")
        for clone, share in zip(p.clones, shares, strict=True)
    ]
    return pd.DataFrame(rows, columns=["clone", "parent", "share", "events"])


def _write_both(
    stem: Path, bins: Bins, columns: dict[str, NDArray[np.float64]], prefix: str
) -> tuple[Path, Path]:
    """Write a table of bins as Parquet and as TSV; NaN is null there and blank here."""
    places = {
        "chrom": np.char.add(prefix, np.asarray(CONTIGS))[bins.contig], "start": bins.start,
        "end": bins.end,
    }  # fmt: skip
    arrays = {name: pa.array(values, from_pandas=True) for name, values in places.items()}
    arrays |= {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    table = pa.table(arrays).replace_schema_metadata({"note": SIMULATED})
    parquet, tsv = (stem.with_name(f"{stem.name}.{kind}") for kind in ("parquet", "tsv"))
    with atomic_path(parquet) as partial:
        pq.write_table(table, partial, compression="zstd")
    write_truth(tsv, table.to_pandas())
    return parquet, tsv
