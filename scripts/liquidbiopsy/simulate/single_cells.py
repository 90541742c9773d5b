"""Read counts of simulated single cells after whole-genome amplification, with known copies.

Cells of clones, leukocytes, doublets and failed cells; per cell the bias of its amplification: see
`single_cells_bias`. Every cell has streams of its own, so that it is the same in whatever block it
is made; a block is all that need be in memory.

>>> from liquidbiopsy.simulate.karyotypes import draw_clones  # doctest: +SKIP
>>> p = CellParameters(draw_clones("her2", 7, clones=3), wga="dop_pcr")  # doctest: +SKIP
>>> tracks = make_tracks("GRCh38")  # doctest: +SKIP
>>> made = simulate_cells(p, tracks, fixed_bins("GRCh38", 500_000))  # doctest: +SKIP
>>> made.counts.shape, made.truth["clone"].value_counts()  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from liquidbiopsy.simulate.single_cells_bias import Ground, ground_of, yields_of
from liquidbiopsy.simulate.single_cells_parameters import (
    FAILURES,
    LEUKOCYTE,
    ROLES,
    WGA,
    Cell,
    CellParameters,
    clone_name,
    genomes_of,
)
from liquidbiopsy.simulate.whole_genome_builds import Bins, fixed_bins
from liquidbiopsy.simulate.whole_genome_tracks import Tracks, make_tracks

__all__ = [
    "WGA", "Cell", "CellParameters", "SimulatedCells", "count_blocks", "draw_cell", "fixed_bins",
    "make_tracks", "plan_cells", "simulate_cells", "truth_of",
]  # fmt: skip

PLAN, COUNTS = 51, 53  # streams of the seed
BLOCK = 500
GENOME_BP = 3_088_269_832
FEWEST_READS, MOST_READS = 300, 5_000  # of a cell that failed for want of them
LOST = (0.6, 0.9)  # drop-out of a cell that had little DNA left

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class SimulatedCells:
    """Cells and their reads."""

    cells: tuple[Cell, ...]
    bins: Bins
    counts: NDArray[np.int32]
    """Reads in bins, duplicates left out, shape (cells, bins)."""
    copies: NDArray[np.float32]
    """Mean copies over bins, of both cells of a doublet together, shape (cells, bins)."""
    truth: pd.DataFrame
    """One row a cell: see `truth_of`."""


def plan_cells(p: CellParameters) -> tuple[Cell, ...]:
    """Draw the cells of a specimen: tumour cells first, then leukocytes of role `normal_cell`.

    How many are leukocytes, doublets and failed is the share of all, rounded; which clone a cell is
    of is drawn by the clones' shares.
    """
    rng = np.random.default_rng((p.seed, PLAN))
    normal = p.cells if not p.clones else round(p.cells * p.normal)
    tumour = p.cells - normal
    mispicked = min(round(p.cells * p.mispicked), tumour)
    doublets = min(round(p.cells * p.doublets), tumour - mispicked)
    shares = p.shares or (1 / max(len(p.clones), 1),) * len(p.clones)
    genomes: list[tuple[int, ...]] = [(LEUKOCYTE,)] * mispicked
    for k in range(tumour - mispicked):
        first = int(rng.choice(len(shares), p=shares))
        if k >= doublets:
            genomes.append((first,))
            continue
        others = np.array([share * (g != first) for g, share in enumerate(shares)])
        toss, alone = rng.random() < p.with_leukocyte, others.sum() == 0
        second = (
            LEUKOCYTE if toss or alone else int(rng.choice(len(shares), p=others / others.sum()))
        )
        genomes.append((first, second))
    genomes = [genomes[k] for k in rng.permutation(tumour)] + [(LEUKOCYTE,)] * normal
    failed = rng.choice(p.cells, round(p.cells * p.failed), replace=False)
    failures = {int(cell): FAILURES[k % len(FAILURES)] for k, cell in enumerate(failed)}
    digits = len(str(p.cells))
    found = []
    for k, own in enumerate(genomes):
        control = k >= tumour
        name = f"wbc{k - tumour + 1:0{digits}d}" if control else f"cell{k + 1:0{digits}d}"
        found.append(draw_cell(p, name, ROLES[control], own, failures.get(k, ""), rng))
    return tuple(found)


def draw_cell(
    p: CellParameters,
    cell_id: str,
    role: str,
    genomes: tuple[int, ...],
    failed: str,
    rng: np.random.Generator,
) -> Cell:
    """Draw how deep a cell was read and how noisy it is, and what went wrong with it."""
    depth = p.depth * float(np.exp(p.depth_spread * rng.standard_normal()))
    noise = p.noise * float(np.exp(p.noise_spread * rng.standard_normal()))
    lost = p.kind.dropout if p.dropout is None else p.dropout
    dropout = float(np.clip(lost * np.exp(0.2 * rng.standard_normal()), 0, 0.95))
    copies = float(np.clip(p.kind.duplicates * np.exp(0.2 * rng.standard_normal()), 0, 0.8))
    left, part = rng.random(2)
    if failed == "few_reads":
        reads = FEWEST_READS * (MOST_READS / FEWEST_READS) ** left
        depth = float(reads * p.read_length / GENOME_BP)
    if failed == "low_input":
        noise, copies = 4 * noise, min(3 * copies, 0.8)
        dropout = float(LOST[0] + (LOST[1] - LOST[0]) * part)
    return Cell(
        cell_id, role, genomes, depth, noise, dropout, copies, p.contamination, failed
    )  # fmt: skip


def reads_of(p: CellParameters, cell: Cell) -> float:
    """Expected reads of a cell, duplicates left out."""
    return cell.depth * GENOME_BP / p.read_length


def count_blocks(
    p: CellParameters,
    tracks: Tracks,
    bins: Bins,
    cells: Sequence[Cell] | None = None,
    block: int = BLOCK,
) -> Iterator[tuple[slice, NDArray[np.int32]]]:
    """Counts of cells, block by block; those of a cell do not depend on the block.

    Yields
    ------
    slice, ndarray of int32
        Which cells, and their counts, shape (cells of the block, bins).
    """
    cells = plan_cells(p) if cells is None else cells
    ground = ground_of(p, tracks, bins)
    for low in range(0, len(cells), block):
        part = cells[low : low + block]
        counts = np.empty((len(part), len(bins)), np.int32)
        for k, cell in enumerate(part):
            counts[k] = counts_of(p, ground, cell, low + k)
        yield slice(low, low + len(part)), counts


def counts_of(p: CellParameters, ground: Ground, cell: Cell, number: int) -> Whole:
    """Reads of a cell in bins, shape (n,); `number` is its place in the specimen, from 0."""
    yields = yields_of(p, ground, cell, number)
    rng = np.random.default_rng((p.seed, COUNTS, number))
    mean = yields * (reads_of(p, cell) / max(float(yields.sum()), 1e-12))
    return np.asarray(rng.poisson(mean))


def simulate_cells(
    p: CellParameters, tracks: Tracks, bins: Bins, cells: Sequence[Cell] | None = None
) -> SimulatedCells:
    """Simulate a specimen; equal parameters and tracks give equal counts.

    Parameters
    ----------
    p : CellParameters
        What to simulate.
    tracks : Tracks
        Of the build that the clones are drawn for.
    bins : Bins
        Of any widths; for bins of one size `fixed_bins`.
    cells : sequence of Cell, optional
        Those to simulate; drawn by `plan_cells` where None.

    Raises
    ------
    ValueError
        For a build that is not one of `BUILDS`.
    """
    chosen = tuple(plan_cells(p) if cells is None else cells)
    ground = ground_of(p, tracks, bins)
    counts = np.empty((len(chosen), len(bins)), np.int32)
    copies = np.empty((len(chosen), len(bins)), np.float32)
    for k, cell in enumerate(chosen):
        counts[k] = counts_of(p, ground, cell, k)
        copies[k] = ground.copies_of(cell)
    return SimulatedCells(chosen, bins, counts, copies, truth_of(p, chosen, tracks.build))


def truth_of(p: CellParameters, cells: Sequence[Cell], build: str) -> pd.DataFrame:
    """One row a cell, in their order.

    Columns are cell_id, role, clone (`normal` of a leukocyte, `clone1+clone2` of a doublet),
    doublet and failed (0 or 1; why, in `failure`), ploidy (mean copies of the autosomes, of both
    cells of a doublet together), depth, reads (expected, duplicates left out), duplicates, dropout,
    contamination, noise and wga.
    """
    ploidy = genomes_of(p, build).ploidy
    rows = [
        {
            "cell_id": cell.cell_id, "role": cell.role, "clone": clone_name(cell, p.clones),
            "doublet": int(cell.doublet), "failed": int(cell.failed != ""),
            "failure": cell.failed or "none", "ploidy": ploidy[list(cell.genomes)].sum(),
            "depth": cell.depth, "reads": round(reads_of(p, cell)),
            "duplicates": cell.duplicates, "dropout": cell.dropout,
            "contamination": cell.contamination, "noise": cell.noise, "wga": p.wga,
        }
        for cell in cells
    ]  # fmt: skip
    return pd.DataFrame(rows)
