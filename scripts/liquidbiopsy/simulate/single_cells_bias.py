"""What whole-genome amplification does to a cell's reads, over bins of any width.

The yield of a bin is its mappable length times the cell's GC curve, a bias of place that all cells
share, waves of the cell's own, and what its copies gave: each copy of an amplicon is amplified for
itself, so that the noise of a bin is smaller the more copies and the more amplicons it holds [1]_.
A gamma variable stands for their sum, of the right mean and variance.

References
----------
.. [1] Zhang et al. (2015). Calibrating genomic and allelic coverage bias in single-cell sequencing.
       Nature Communications 6, 6822. doi:10.1038/ncomms7822
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from liquidbiopsy.simulate.single_cells_parameters import (
    LEUKOCYTE,
    WGA,
    Cell,
    CellParameters,
    genomes_of,
)
from liquidbiopsy.simulate.whole_genome_builds import MB, Bins, offsets
from liquidbiopsy.simulate.whole_genome_segments import copies_in
from liquidbiopsy.simulate.whole_genome_tracks import Tracks, autocorrelated, standard

RECURRENT, CURVES, WAVES, AMPLICONS = 54, 55, 56, 57  # streams of the seed
STEP_BP = 250_000  # waves are made in steps of this: shorter ones there are not
RECURRENT_BP = 0.7 * MB
SHARED_SPREAD = 0.15  # how much more or less of the shared bias a cell has: SD of the logarithm
PEAK_SPREAD, BEND_SPREAD = 0.01, 0.2  # of a cell's GC curve about that of its kind

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Ground:
    """What all cells of a specimen share; arrays of shape (n,)."""

    base: Values
    """Mappable length of bins, times the bias of place that is the sequencing's."""
    piles: Values
    """Reads piled up on repeats, as a length times copies."""
    gc: Values
    """Share of G and C; the genome's where it is not known."""
    shared: Values
    """log2 of the bias that recurs in all cells."""
    width: Values
    """Bases of a bin."""
    copies: Values
    """Mean copies of each clone, and last of a leukocyte; shape (clones + 1, n)."""
    step: NDArray[np.int64]
    """Step of the waves in which each bin starts and, in the second row, ends; shape (2, n)."""
    within: Values
    """How far into that step, from 0 to 1; shape (2, n)."""
    steps: int
    """Of the waves, over the genome."""

    def copies_of(self, cell: Cell) -> Values:
        """Copies in bins of a cell, or of both cells of a doublet together."""
        return np.asarray(self.copies[list(cell.genomes)].sum(axis=0))


def ground_of(p: CellParameters, tracks: Tracks, bins: Bins) -> Ground:
    """Make what all cells share; equal parameters, tracks and bins give the same."""
    at = offsets(tracks.build)
    length = (tracks.cells.end - tracks.cells.start).astype(np.float64)
    site = np.exp2(p.site_bias * tracks.site) * tracks.mappability * length
    gc, _ = tracks.over(bins)
    steps = int(-(-at[-1] // STEP_BP))
    edges = np.array([bins.start, bins.end]) + at[bins.contig]
    step = np.minimum(edges // STEP_BP, steps - 1)
    return Ground(
        base=tracks.sums(site, bins),
        piles=p.piles * tracks.sums(site * tracks.piles, bins),
        gc=np.where(np.isnan(gc), 0.41, gc),
        shared=_shared(p, tracks, bins),
        width=(bins.end - bins.start).astype(np.float64),
        copies=copies_in(genomes_of(p, tracks.build), bins),
        step=step,
        within=edges / STEP_BP - step,
        steps=steps,
    )


def _shared(p: CellParameters, tracks: Tracks, bins: Bins) -> Values:
    """log2 of the bias that recurs: it belongs to the kind of amplification and to the run."""
    rng = np.random.default_rng((p.run, RECURRENT, list(WGA).index(p.wga)))
    field = standard(autocorrelated(len(tracks.cells), RECURRENT_BP, rng))
    width = bins.end - bins.start
    length = (tracks.cells.end - tracks.cells.start).astype(np.float64)
    return p.recurrent * p.kind.recurrent * tracks.sums(field * length, bins) / width


def gc_curve(p: CellParameters, number: int) -> tuple[float, float]:
    """Peak and bend of a cell's GC curve: log of the yield is -bend (GC - peak)^2."""
    rng = np.random.default_rng((p.seed, CURVES, number))
    peak = p.kind.gc_peak + PEAK_SPREAD * rng.standard_normal()
    return float(peak), p.gc_bias * p.kind.gc_bend * float(
        np.exp(BEND_SPREAD * rng.standard_normal())
    )


def yields_of(p: CellParameters, ground: Ground, cell: Cell, number: int) -> Values:
    """Relative yield of bins in a cell, shape (n,).

    Parameters
    ----------
    number : int
        Of the cell in its specimen, from 0: it has streams of its own.
    """
    peak, bend = gc_curve(p, number)
    rng = np.random.default_rng((p.seed, AMPLICONS, number))
    shared = np.exp(SHARED_SPREAD * rng.standard_normal()) * ground.shared
    log = np.log(2) * (shared + waves_of(p, ground, cell, number)) - bend * (ground.gc - peak) ** 2
    amplified = _amplified(p, ground, cell, rng)
    foreign = cell.contamination
    copies = (1 - foreign) * amplified + foreign * ground.copies[LEUKOCYTE]
    # Copies of an ordinary cell are two: reads astray are as many of each cell's reads.
    astray = p.stray * float(amplified.mean()) / 2
    return np.asarray((ground.base * (copies + astray) + ground.piles) * np.exp(log))


def _amplified(p: CellParameters, ground: Ground, cell: Cell, rng: np.random.Generator) -> Values:
    """What the copies of bins gave, about their number on average."""
    copies = ground.copies_of(cell)
    spread = cell.noise**2 * (
        p.kind.amplicon_spread + cell.dropout / (1 - cell.dropout)
    ) * averaged(ground.width, p.kind.amplicon_bp)  # fmt: skip
    if not cell.noise:
        return copies
    return np.asarray(rng.gamma(copies / spread) * spread)


def averaged(width: Values, length: float) -> Values:
    """What is left of a variance of 1 in the mean over a width.

    Of noise whose correlation falls to 1/e in a length, an Ornstein-Uhlenbeck process:
    2 (x - 1 + exp(-x)) / x^2 with x the width over the length.
    """
    x = width / length
    return np.asarray(2 * (x - 1 + np.exp(-x)) / x**2)


def waves_of(p: CellParameters, ground: Ground, cell: Cell, number: int) -> Values:
    """log2 of the bias of a cell's own over megabases: the mean over each bin, shape (n,)."""
    sd = cell.noise * p.kind.waves
    if not sd:
        return np.zeros(len(ground.width))
    rng = np.random.default_rng((p.seed, WAVES, number))
    keep = np.exp(-STEP_BP / p.kind.wave_bp)
    noise = rng.standard_normal(ground.steps)
    noise[0] /= np.sqrt(1 - keep**2)
    wave = lfilter([sd * np.sqrt(1 - keep**2)], [1, -keep], noise)
    sums = np.cumsum(wave) - wave  # before each step
    first, last = sums[ground.step] + ground.within * wave[ground.step]
    return np.asarray((last - first) * STEP_BP / ground.width)
