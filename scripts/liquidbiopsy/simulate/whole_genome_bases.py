"""Bases of a genome that is nowhere stored: each is made from a hash of its place.

Their GC content is that of the tracks; what is dark is N. The genome has its true length, or is
scaled down as a whole: with a scale of 100 its tracks and karyotypes shrink to 31 Mb.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from liquidbiopsy.core.atomic import atomic_path
from liquidbiopsy.simulate.genome import LINE_BP
from liquidbiopsy.simulate.parameters import SIMULATED
from liquidbiopsy.simulate.plasma_random import FIRST_MIX, SECOND_MIX, STEP
from liquidbiopsy.simulate.whole_genome_builds import CONTIGS, chromosomes
from liquidbiopsy.simulate.whole_genome_tracks import CELL_BP, Tracks

LONGEST_FASTA_BP = 100_000_000
UNKNOWN = 4
LETTERS = np.frombuffer(b"ACGTN", np.uint8)


@dataclass(frozen=True)
class Scaled:
    """A genome's contigs and cells at a scale."""

    lengths: NDArray[np.int64]
    """Of the contigs, in bases, shape (contigs,)."""
    cell_bp: int
    first_cell: NDArray[np.int64]
    """Where the cells of each contig begin, and the end of the last; shape (contigs + 1,)."""
    strong: NDArray[np.uint64]
    """Hashes below this are G or C; 0 in a dark cell. Shape (cells,)."""
    seed: int
    """Of the bases."""


def scaled(tracks: Tracks, scale: int = 1, seed: int = 0) -> Scaled:
    """Scale a genome down; 1 leaves it as it is.

    Raises
    ------
    ValueError
        For a scale that does not divide the cells of 10,000 bases, or is over 1,000.
    """
    if not 1 <= scale <= 1000 or CELL_BP % scale:
        raise ValueError(f"scale is {scale}, must divide {CELL_BP} and be at most 1000")
    lengths = np.array([one.length // scale for one in chromosomes(tracks.build)], np.int64)
    first = np.searchsorted(tracks.cells.contig, np.arange(len(CONTIGS) + 1))
    strong = (tracks.gc * 2.0**32).astype(np.uint64) * (tracks.mappability > 0)
    return Scaled(lengths, CELL_BP // scale, first.astype(np.int64), strong, seed)


@njit(cache=True, nogil=True)
def mixed(z):  # type: ignore[no-untyped-def]
    """64 bits that tell nothing of the number they are made from: SplitMix64's."""
    z = (np.uint64(z) + np.uint64(1)) * STEP
    z = (z ^ (z >> np.uint64(30))) * FIRST_MIX
    z = (z ^ (z >> np.uint64(27))) * SECOND_MIX
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True)
def base_at(contig, place, seed, first_cell, cell_bp, strong):  # type: ignore[no-untyped-def]
    """Base at a place: A 0, C 1, G 2, T 3, unknown 4."""
    limit = strong[first_cell[contig] + place // cell_bp]
    if limit == 0:
        return UNKNOWN
    z = (np.uint64(seed) << np.uint64(40)) + (np.uint64(contig) << np.uint64(32)) + np.uint64(place)
    z = mixed(z)
    which = np.int64(z & np.uint64(1))
    return 1 + which if (z >> np.uint64(32)) < limit else 3 * which


@njit(cache=True, nogil=True)
def _contig(contig, length, seed, first_cell, cell_bp, strong):  # type: ignore[no-untyped-def]
    codes = np.empty(length, np.uint8)
    for place in range(length):
        codes[place] = base_at(contig, place, seed, first_cell, cell_bp, strong)
    return codes


def codes_of(g: Scaled, contig: int) -> NDArray[np.uint8]:
    """All bases of a contig, by its index in `CONTIGS`."""
    length = int(g.lengths[contig])
    return np.asarray(_contig(contig, length, g.seed, g.first_cell, g.cell_bp, g.strong))


def write_reference(path: Path, g: Scaled, prefix: str = "chr") -> None:
    """Write the FASTA of a genome that was scaled down.

    Raises
    ------
    ValueError
        Where it is longer than 100 Mb.
    """
    if g.lengths.sum() > LONGEST_FASTA_BP:
        raise ValueError("the genome is too long for a FASTA: scale it down by 50 or more")
    with atomic_path(path) as partial, partial.open("wb") as out:
        for k, name in enumerate(CONTIGS):
            letters = LETTERS[codes_of(g, k)]
            out.write(f">{prefix}{name} {SIMULATED}\n".encode())
            whole = len(letters) // LINE_BP * LINE_BP
            lines = np.full((whole // LINE_BP, LINE_BP + 1), ord("\n"), np.uint8)
            lines[:, :-1] = letters[:whole].reshape(-1, LINE_BP)
            out.write(lines.tobytes() + letters[whole:].tobytes())
            out.write(b"\n" if len(letters) > whole else b"")
