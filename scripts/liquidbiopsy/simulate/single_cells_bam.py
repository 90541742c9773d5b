"""Write the reads of a simulated single cell as a small sorted BAM: single-end, at low coverage.

The counts of its bins are those of `single_cells`; within a bin reads fall where the cell's DNA was
amplified, so that breadth suffers from drop-out as it does in a real cell. Records are alike in
length, so that an array of a structured type is their text (SAMv1 section 4.2).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pysam
from numba import njit
from numpy.typing import NDArray

from liquidbiopsy.core.atomic import atomic_path
from liquidbiopsy.simulate.parameters import SIMULATED
from liquidbiopsy.simulate.single_cells import counts_of
from liquidbiopsy.simulate.single_cells_bias import averaged, ground_of
from liquidbiopsy.simulate.single_cells_parameters import Cell, CellParameters
from liquidbiopsy.simulate.whole_genome_bases import base_at, scaled
from liquidbiopsy.simulate.whole_genome_builds import CONTIGS, chromosomes, fixed_bins
from liquidbiopsy.simulate.whole_genome_tracks import CELL_BP, Tracks

READS = 58  # stream of the seed
BIN_BP = 500_000
REVERSE, DUPLICATE = 16, 1024
BEST_MAPQ, QUALITY = 60, 37
NAME_DIGITS = 8
PACKED = np.array([1, 2, 4, 8, 15], np.uint8)  # A C G T N


@dataclass(frozen=True)
class WrittenCell:
    """What was written."""

    bam: Path
    counts: NDArray[np.int64]
    """Reads in bins of 500 kb, duplicates left out, shape (bins,)."""
    duplicates: int
    """Reads that repeat others; their flag says so."""


def write_cell_bam(
    folder: Path,
    p: CellParameters,
    tracks: Tracks,
    cell: Cell,
    number: int,
    *,
    prefix: str = "chr",
    level: int = 6,
) -> WrittenCell:
    """Simulate a cell's reads and write `<cell_id>.simulated.bam` with its index.

    Parameters
    ----------
    folder : Path
        Where to; made if missing.
    p, tracks
        As of `single_cells.simulate_cells`. The length of reads must be even.
    cell : Cell
        Which, and `number` its place in the specimen, from 0.
    prefix : str
        What stands before the contigs' plain names: `chr` or nothing.
    level : int
        Of compression, 1 to 9.

    Raises
    ------
    ValueError
        Where the length of reads is odd.
    """
    if p.read_length % 2:
        raise ValueError(f"read_length is {p.read_length}, must be even here")
    bins = fixed_bins(tracks.build, BIN_BP)
    counts = counts_of(p, ground_of(p, tracks, bins), cell, number)
    rng = np.random.default_rng((p.seed, READS, number))
    tile, place = _places(p, tracks, cell, counts, rng)
    repeats = rng.binomial(len(tile), min(cell.duplicates / (1 - cell.duplicates), 1.0))
    again = rng.choice(len(tile), repeats, replace=False) if repeats else np.empty(0, np.int64)
    own = np.append(np.arange(len(tile)), again)
    flag = np.where(np.arange(len(own)) >= len(tile), DUPLICATE, 0)
    flag = flag + REVERSE * (rng.random(len(tile)) < 0.5)[own]
    contig, place = tracks.cells.contig[tile][own], place[own]
    order = np.lexsort((flag, place, contig))
    records = _records(p, tracks, contig[order], place[order], flag[order])
    bam = folder / f"{cell.cell_id}.simulated.bam"
    bgzf: Any = pysam.BGZFile  # htslib takes the level at the mode's end, the types do not say so
    with atomic_path(bam) as partial:
        with bgzf(str(partial), f"wb{level}") as out:
            out.write(_header(p, cell, tracks, prefix))
            out.write(records.tobytes())
        # A CSI index is small; a BAI has 8 bytes for each 16 kb of the genome.
        with atomic_path(bam.with_name(bam.name + ".csi")) as index:
            pysam.index("-c", str(partial), str(index))
    return WrittenCell(bam, counts, int(repeats))


def _places(
    p: CellParameters,
    tracks: Tracks,
    cell: Cell,
    counts: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tile of 10 kb and place on the contig of each read that is no duplicate.

    Within a bin, a cell is taken to have two copies.
    """
    width = (tracks.cells.end - tracks.cells.start).astype(np.float64)
    one = cell.noise**2 * p.kind.amplicon_spread + cell.dropout / (1 - cell.dropout)
    spread = np.maximum(one * averaged(width, p.kind.amplicon_bp), 1e-6)
    yields = tracks.mappability * width * rng.gamma(len(cell.genomes) * 2 / spread)
    tiles_a_bin = BIN_BP // CELL_BP
    first = np.searchsorted(tracks.cells.contig, tracks.cells.contig)
    inside = (np.arange(len(width)) - first) // tiles_a_bin
    bins_before = np.searchsorted(fixed_bins(tracks.build, BIN_BP).contig, tracks.cells.contig)
    of_bin = bins_before + inside
    # Bins one after the other on one axis: a read's number picks the tile.
    total = np.bincount(of_bin, yields + 1e-9)
    steps = np.cumsum((yields + 1e-9) / total[of_bin])
    at = np.repeat(np.arange(len(counts)), counts) + rng.random(int(counts.sum()))
    tile = np.minimum(np.searchsorted(steps, at, "right"), len(steps) - 1)
    place = tracks.cells.start[tile] + (rng.random(len(tile)) * width[tile]).astype(np.int64)
    length = np.array([one.length for one in chromosomes(tracks.build)])
    return tile, np.minimum(place, length[tracks.cells.contig[tile]] - p.read_length)


def _records(
    p: CellParameters,
    tracks: Tracks,
    contig: NDArray[np.int64],
    place: NDArray[np.int64],
    flag: NDArray[np.int64],
) -> NDArray[Any]:
    n = p.read_length
    name = np.char.add("simulated:", np.char.zfill(np.arange(1, len(place) + 1).astype(str), 8))
    kind = np.dtype(
        [("size", "<i4"), ("contig", "<i4"), ("place", "<i4"), ("name_bytes", "u1"),
         ("mapq", "u1"), ("bin", "<u2"), ("operations", "<u2"), ("flag", "<u2"), ("bases", "<i4"),
         ("mate_contig", "<i4"), ("mate", "<i4"), ("span", "<i4"),
         ("name", f"S{11 + NAME_DIGITS}"), ("cigar", "<u4"), ("packed", "u1", (n // 2,)),
         ("quality", "u1", (n,))]
    )  # fmt: skip
    found = np.zeros(len(place), kind)
    found["size"], found["contig"], found["place"] = kind.itemsize - 4, contig, place
    found["name_bytes"], found["name"] = 11 + NAME_DIGITS, name.astype("S")
    found["mapq"], found["bin"], found["flag"] = BEST_MAPQ, _windows(place, place + n), flag
    found["operations"], found["cigar"], found["bases"] = 1, n << 4, n
    found["mate_contig"] = found["mate"] = -1
    g = scaled(tracks)
    codes = _bases(contig, place, n, g.seed, g.first_cell, g.cell_bp, g.strong)
    found["packed"] = (PACKED[codes[:, ::2]] << 4) | PACKED[codes[:, 1::2]]
    found["quality"] = QUALITY
    return found


def _windows(first: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bins of the index that hold alignments (SAMv1 section 5.3)."""
    found = np.zeros(len(first), np.int64)
    for shift, base in ((26, 1), (23, 9), (20, 73), (17, 585), (14, 4681)):
        same = first >> shift == (end - 1) >> shift
        found[same] = base + (first[same] >> shift)
    return found


@njit(cache=True, nogil=True)
def _bases(contig, place, n, seed, first_cell, cell_bp, strong):  # type: ignore[no-untyped-def]
    codes = np.empty((len(place), n), np.uint8)
    for r in range(len(place)):
        for k in range(n):
            codes[r, k] = base_at(contig[r], place[r] + k, seed, first_cell, cell_bp, strong)
    return codes


def _header(p: CellParameters, cell: Cell, tracks: Tracks, prefix: str) -> bytes:
    made = chromosomes(tracks.build)
    lines = ["@HD\tVN:1.6\tSO:coordinate"]
    lines += [f"@SQ\tSN:{prefix}{one.name}\tLN:{one.length}" for one in made]
    lines += [f"@RG\tID:simulated\tSM:simulated_{p.specimen_id}_{cell.cell_id}"]
    text = ("\n".join([*lines, f"@CO\t{SIMULATED}"]) + "\n").encode()
    found = [b"BAM\1", struct.pack("<i", len(text)), text, struct.pack("<i", len(CONTIGS))]
    for one in made:
        name = f"{prefix}{one.name}".encode() + b"\0"
        found += [struct.pack("<i", len(name)), name, struct.pack("<i", one.length)]
    return b"".join(found)
