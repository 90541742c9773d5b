"""What the benchmarks of single cells share: simulated specimens, their truth, and all steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from liquidbiopsy.copynumber.bins import Bins, grid
from liquidbiopsy.core.settings import with_defaults
from liquidbiopsy.scdna.cell_levels import empty, fill
from liquidbiopsy.scdna.cell_quality import Quality, quality_of
from liquidbiopsy.scdna.clones import Clones, clones_of
from liquidbiopsy.scdna.clones_levels import Levels
from liquidbiopsy.scdna.matrix import Matrix, matrix_of
from liquidbiopsy.scdna.profiles import Profiles, profiles_of
from liquidbiopsy.scdna.rows import segment_rows
from liquidbiopsy.scdna.shared_segments import Shared, normal_genome, shared_segments
from liquidbiopsy.simulate.karyotypes import Clone, draw_clones
from liquidbiopsy.simulate.single_cells import Cell, CellParameters, plan_cells
from liquidbiopsy.simulate.single_cells import simulate_cells as simulated
from liquidbiopsy.simulate.single_cells_parameters import LEUKOCYTE, genomes_of
from liquidbiopsy.simulate.whole_genome_builds import chromosomes, fixed_bins, offsets
from liquidbiopsy.simulate.whole_genome_tracks import Tracks, make_tracks

BUILD, BIN = "GRCh38", 500_000
KINDS = ("her2", "luminal", "basal")
SCHEMA = Path(__file__).parents[1] / "workflow/assays/scdna/config.schema.yaml"


@cache
def settings() -> dict[str, Any]:
    """The assay's settings as they come."""
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    found: dict[str, Any] = with_defaults({}, schema)
    return found


@cache
def ground() -> tuple[Tracks, Bins, np.ndarray, np.ndarray]:
    """Tracks, bins, their GC and mappability."""
    tracks = make_tracks(BUILD, 0)
    bins = grid({one.name: one.length for one in chromosomes(BUILD)}, BIN)
    gc, mappability = tracks.over(fixed_bins(BUILD, BIN))
    return tracks, bins, gc, mappability


@dataclass(frozen=True)
class Specimen:
    """Simulated cells and their truth; m cells, n bins."""

    p: CellParameters
    cells: tuple[Cell, ...]
    counts: np.ndarray
    """Shape (m, n)."""
    genomes: tuple[np.ndarray, np.ndarray, np.ndarray]
    """Copies of each genome (the last is a leukocyte's) at the first base of each bin, in its
    middle and at its last, shapes (genomes, n)."""
    ploidy: np.ndarray
    """Mean copies of the autosomes, shape (genomes,)."""

    @property
    def single(self) -> np.ndarray:
        """Cells that are one, shape (m,)."""
        return np.array([not cell.doublet for cell in self.cells])

    @property
    def failed(self) -> np.ndarray:
        """Cells in which something went wrong, shape (m,)."""
        return np.array([cell.failed != "" for cell in self.cells])

    @property
    def roles(self) -> np.ndarray:
        """Picked as tumour cells, shape (m,)."""
        return np.array([cell.role == "tumour_cell" for cell in self.cells])

    @property
    def genome(self) -> np.ndarray:
        """Genome of each cell, the first of a doublet's, shape (m,); a leukocyte's is the last."""
        own = np.array([cell.genomes[0] for cell in self.cells])
        return np.where(own == LEUKOCYTE, len(self.p.clones), own)

    def truth(self, cell: int) -> np.ndarray:
        """Copies of a single cell in the middle of each bin, shape (n,)."""
        found: np.ndarray = self.genomes[1][self.genome[cell]]
        return found

    def right(self, cell: int, copies: np.ndarray) -> np.ndarray:
        """Whether a cell's copies are those somewhere in the bin, shape (n,)."""
        own = self.genome[cell]
        found: np.ndarray = np.logical_or.reduce([copies == of[own] for of in self.genomes])
        return found


def specimen(p: CellParameters, cells: Sequence[Cell] | None = None) -> Specimen:
    """Simulate one."""
    tracks, bins, _, _ = ground()
    made = simulated(p, tracks, fixed_bins(BUILD, BIN), plan_cells(p) if cells is None else cells)
    own = genomes_of(p, BUILD)
    at = np.asarray(offsets(BUILD))
    edges = own.start + at[own.contig]
    contig = np.array([int(k) for k in bins.contig])
    base = at[contig]
    places = (bins.start, (bins.start + bins.end) // 2, bins.end - 1)
    found = [own.total[:, np.searchsorted(edges, base + x, side="right") - 1] for x in places]
    return Specimen(
        p, made.cells, made.counts, (found[0], found[1], found[2]), np.asarray(own.ploidy)
    )


def tumour_of(patient: int, seed: int) -> tuple[str, tuple[Clone, ...], tuple[float, ...]]:
    """Kind, clones (1 to 4 by turns) and their shares, each a tenth at least."""
    rng = np.random.default_rng((seed, patient, 91))
    kind, many = KINDS[patient % len(KINDS)], 1 + patient % 4
    clones = draw_clones(kind, int(rng.integers(2**31)), BUILD, many)
    shares = 0.1 + (1 - 0.1 * many) * rng.dirichlet(np.ones(many))
    return kind, clones, tuple((shares / shares.sum()).tolist())


def measured(made: Specimen) -> tuple[Matrix, Quality]:
    """Corrected matrix of a specimen, and what its cells are worth."""
    _, bins, gc, mappability = ground()
    names = [cell.cell_id for cell in made.cells]
    matrix = matrix_of(
        bins, names, made.roles, made.counts.astype(float), gc, mappability, BUILD, settings()
    )
    return matrix, quality_of(matrix, settings())


def profiled(made: Specimen) -> tuple[Matrix, Quality, Profiles]:
    """All of a specimen up to its profiles."""
    matrix, quality = measured(made)
    return matrix, quality, profiles_of(matrix, quality, settings())


def some(matrix: Matrix, quality: Quality, cells: np.ndarray) -> tuple[Matrix, Quality]:
    """Some of the cells by themselves, corrected as they are."""
    part = replace(
        matrix, cells=tuple(matrix.cells[k] for k in cells), roles=matrix.roles[cells],
        count=matrix.count[cells], ratio=matrix.ratio[cells].copy(),
    )  # fmt: skip
    names = ("reads", "duplicates", "breadth", "mapd", "gini", "covered", "passed")
    own = {name: getattr(quality, name)[cells] for name in names}
    return part, Quality(**own, reason=tuple(quality.reason[k] for k in cells))


@dataclass(frozen=True)
class Joined:
    """Cells in clones."""

    shared: Shared
    clones: Clones
    normal: np.ndarray
    counted: np.ndarray


def joined(profiles: Profiles) -> Joined:
    """Clones of a specimen's cells, as the step `clones` finds them."""
    own = settings()["clones"]
    place = {name: k for k, name in enumerate(profiles.cells)}
    table = segment_rows(profiles)
    shared = shared_segments(
        np.array([place[name] for name in table["cell_id"].to_pylist()], np.int64),
        table["chrom"].to_pylist(), table["start"].to_numpy(), table["end"].to_numpy(),
        table["copies"].to_numpy().astype(float), len(profiles.cells), own["max_segments"],
    )  # fmt: skip
    roles, passed = profiles.matrix.roles, profiles.passed
    controls = shared.values[passed & ~roles]
    normal = normal_genome(shared, controls if len(controls) else None)
    counted = passed & roles & ~profiles.doublet
    clones = clones_of(
        shared.values, shared.contig, shared.length, counted, profiles.confidence, normal, own,
        levels_of(profiles, shared),
    )  # fmt: skip
    return Joined(shared, clones, normal, counted)


def levels_of(profiles: Profiles, shared: Shared) -> Levels:
    """Levels of the cells, as the step `clones` has them."""
    matrix, found = profiles.matrix, empty(len(profiles.cells), shared)
    chrom, rows = matrix.bins.chrom(), dict(enumerate(matrix.ratio))
    fill(found, shared, chrom, matrix.bins.start, matrix.bins.end, matrix.used, rows)
    return Levels(found.ratio, found.bins, profiles.noise)


def changes(copies: np.ndarray, contig: np.ndarray) -> list[int]:
    """First bins after a change within a contig."""
    found = (copies[1:] != copies[:-1]) & (contig[1:] == contig[:-1])
    return (np.flatnonzero(found) + 1).tolist()


def adjusted_rand(one: Sequence[int], other: Sequence[int]) -> float:
    """Adjusted Rand index of two groupings (Hubert and Arabie 1985); 1 where there is no cell."""
    if not len(one):
        return 1.0
    _, a = np.unique(one, return_inverse=True)
    _, b = np.unique(other, return_inverse=True)
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)
    both, left, right, all_ = (
        float((n * (n - 1) / 2).sum())
        for n in (table, table.sum(1), table.sum(0), np.array([len(a)]))
    )
    chance = left * right / all_ if all_ else 0.0
    most = (left + right) / 2
    return 1.0 if most == chance else (both - chance) / (most - chance)


def table(heads: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    """A table in Markdown."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
