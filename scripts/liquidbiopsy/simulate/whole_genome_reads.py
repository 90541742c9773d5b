"""Fragments of cell-free DNA of a simulated whole genome: where, how long, of which cells.

Normal fragments are as long as those of `plasma_molecules.length_shares`, with a mode at 167 bases
and a period of 10.4 below it; a part of the tumour's are a turn or two of the helix shorter, with a
mode at 145 [1]_. Ends prefer the pairs of bases that real ones do, above all CC [2]_.

References
----------
.. [1] Mouliere et al. (2018). Enhanced detection of circulating tumor DNA by fragment size
       analysis. Science Translational Medicine 10, eaat4921. doi:10.1126/scitranslmed.aat4921
.. [2] Jiang et al. (2020). Plasma DNA end-motif profiling as a fragmentomic marker in cancer,
       pregnancy, and transplantation. Cancer Discovery 10, 664-673.
       doi:10.1158/2159-8290.CD-19-0622
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from liquidbiopsy.simulate.plasma_molecules import length_shares
from liquidbiopsy.simulate.plasma_parameters import PlasmaParameters, Region
from liquidbiopsy.simulate.plasma_random import uniform
from liquidbiopsy.simulate.whole_genome import WholeGenomeParameters, expected
from liquidbiopsy.simulate.whole_genome_bases import UNKNOWN, Scaled, base_at
from liquidbiopsy.simulate.whole_genome_tracks import Tracks

PLACES = 38  # stream of the seed
TRIES = 1000  # for the ends of one fragment

#: How often a fragment begins with a pair of bases, over how often the genome has it: measured in
#: 100,000 ends of real plasma DNA, those that FinaleToolkit ships. Rows A C G T, then columns.
END_WEIGHTS = (
    (0.49, 0.88, 0.58, 0.31),
    (1.15, 2.49, 1.43, 0.84),
    (0.75, 1.33, 1.30, 0.51),
    (1.06, 0.74, 1.09, 0.31),
)


@dataclass(frozen=True)
class ReadParameters:
    """Paired reads of a library at low coverage."""

    genome: WholeGenomeParameters
    """Its fraction, clones, seed and biases; its `reads` are not used."""
    pairs: int = 200_000
    """Read pairs, duplicates and unmapped ones among them."""
    read_length: int = 50
    """A fragment that is shorter is read to its end."""
    paired: bool = True
    """Whether both ends were read; without, one of them at random."""
    prefix: str = "chr"
    """What stands before the contigs' plain names: `chr` or nothing."""
    duplicates: float = 0.05
    """Share of the pairs that repeat another fragment."""
    mark_duplicates: bool = True
    """Whether their flag says so."""
    low_mapq: float = 0.02
    """Share of the reads, at the least, that were placed with a quality under 20; more where
    mappability is low."""
    unmapped: float = 0.01
    """Share of the pairs that were not placed."""
    end_preference: float = 1.0
    """Exponent of the ends' preference: 1 as in real plasma, 0 none."""
    short_share: float = 0.6
    """Share of the tumour's fragments that are of the shorter kind."""

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        if self.pairs < 1 or not 20 <= self.read_length <= 300:
            raise ValueError("a library has a read pair or more, reads have 20 to 300 bases")
        if min(self.duplicates, self.unmapped) < 0 or self.duplicates + self.unmapped >= 1:
            raise ValueError("duplicates and unmapped pairs are shares of the pairs")


@dataclass(frozen=True)
class Fragments:
    """Fragments in genome order, no two of them copies; arrays of shape (n,)."""

    contig: NDArray[np.int64]
    """Index into `CONTIGS`."""
    start: NDArray[np.int64]
    """On the contig, from 0."""
    length: NDArray[np.int64]
    tumour: NDArray[np.bool_]
    """Whether it is the tumour's."""
    mappability: NDArray[np.float64]
    """Where it starts."""


def tumour_lengths(short_share: float) -> NDArray[np.float64]:
    """Share of the tumour's fragments that have each length, from 0; sums to 1."""
    x = np.arange(len(normal_lengths()))
    turns = 1 + 0.35 * np.cos(2 * np.pi * (x - 145) / 10.4)
    short = np.exp(-0.5 * ((x - 145) / np.where(x < 145, 17, 11)) ** 2) * turns * (x >= 70)
    return short_share * short / short.sum() + (1 - short_share) * normal_lengths()


def normal_lengths() -> NDArray[np.float64]:
    """Share of the other fragments that have each length, from 0; sums to 1."""
    return length_shares(PlasmaParameters((Region("any", 0, 1),)))


def place_fragments(p: ReadParameters, tracks: Tracks, g: Scaled, count: int) -> Fragments:
    """Place fragments by the yield of the genome's cells, its copies, and their ends.

    Raises
    ------
    ValueError
        Where the scaled contigs hold no fragment.
    """
    every, tumour = expected(p.genome, tracks)
    share = np.divide(tumour, every, out=np.zeros(len(every)), where=every > 0)
    ends = np.asarray(END_WEIGHTS).ravel() ** p.end_preference
    state = np.random.SeedSequence((p.genome.seed, PLACES)).generate_state(1, np.uint64)
    contig, start, length, own = _place(
        state, count, np.cumsum(every) / every.sum(), share, tracks.cells.contig, g.first_cell,
        g.lengths, g.cell_bp, g.strong, g.seed, np.cumsum(normal_lengths()),
        np.cumsum(tumour_lengths(p.short_share)), ends / ends.max(),
    )  # fmt: skip
    if (length == 0).any():
        raise ValueError("the contigs hold no fragment: scale the genome down by less")
    order = np.lexsort((length, start, contig))
    contig, start = contig[order], start[order]
    cell = g.first_cell[contig] + start // g.cell_bp
    return Fragments(contig, start, length[order], own[order], tracks.mappability[cell])


@njit(cache=True, nogil=True)
def _step(steps, value):  # type: ignore[no-untyped-def]
    """Index of the first step above a value, from 0 to the last."""
    low, high = 0, len(steps) - 1
    while low < high:
        middle = (low + high) >> 1
        if steps[middle] > value:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True, nogil=True)
def _place(  # type: ignore[no-untyped-def]
    state, count, cells, tumour_share, cell_contig, first_cell, lengths, cell_bp, strong, seed,
    normal_steps, tumour_steps, ends
):  # fmt: skip
    """Contig, start, length and kind of each fragment; a length of 0 where no try succeeded."""
    contig, start = np.zeros(count, np.int64), np.zeros(count, np.int64)
    length, own = np.zeros(count, np.int64), np.zeros(count, np.bool_)
    for k in range(count):
        for _ in range(TRIES):
            cell = _step(cells, uniform(state))
            at = cell_contig[cell]
            place = (cell - first_cell[at]) * cell_bp + np.int64(uniform(state) * cell_bp)
            tumour = uniform(state) < tumour_share[cell]
            steps = tumour_steps if tumour else normal_steps
            bases = _step(steps, uniform(state))
            if place + bases > lengths[at] or bases < 20:
                continue
            a = base_at(at, place, seed, first_cell, cell_bp, strong)
            b = base_at(at, place + 1, seed, first_cell, cell_bp, strong)
            if max(a, b) == UNKNOWN or uniform(state) >= ends[4 * a + b]:
                continue
            c = base_at(at, place + bases - 1, seed, first_cell, cell_bp, strong)
            d = base_at(at, place + bases - 2, seed, first_cell, cell_bp, strong)
            if max(c, d) < UNKNOWN and uniform(state) < ends[4 * (3 - c) + 3 - d]:
                contig[k], start[k], length[k], own[k] = at, place, bases, tumour
                break
    return contig, start, length, own
