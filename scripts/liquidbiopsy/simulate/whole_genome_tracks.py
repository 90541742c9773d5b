"""What a genome does to every library: GC content, mappability, and biases of place.

Made up, but alike the real tracks of 1 Mb bins in mean, spread and autocorrelation: GC content by
chromosome, dark centromeres, telomeres and short arms, dips of mappability, more near the dark.
Tracks are made in cells of 10 kb and averaged over bins, so that bins of any size agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from liquidbiopsy.simulate.whole_genome_builds import (
    CONTIGS,
    MB,
    Bins,
    chromosomes,
    fixed_bins,
    offsets,
)

CELL_BP = 10_000
ISOCHORES, DIPS, SITES, PILES = 31, 32, 33, 37  # streams of the seed
GC_FLOOR = 0.33
#: Autocorrelated parts of the GC content: length in bp and variance.
GC_PARTS = ((50_000, 0.5), (600_000, 0.35), (2.5 * MB, 0.25), (15 * MB, 0.2))
DIP_EVERY_BP = 20 * MB
NEAR_BP = 2 * MB  # of a dark stretch: dips are ten times as many
TELOMERE_CELLS = 3
PILE_COUNT = 12
DARK_SHARE = 0.02  # of a bin, from which its GC content is not known: gcCounter writes -1

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Tracks:
    """Tracks of a build in cells of 10 kb; arrays of shape (cells,)."""

    build: str
    cells: Bins
    gc: Values
    """Share of G and C."""
    mappability: Values
    """0 in what is dark, to 1."""
    site: Values
    """Bias of place that all libraries of a protocol share: 1 is its standard deviation at 1 Mb."""
    piles: Values
    """Reads that pile up on repeats of which the build has too few, in copies; mostly 0."""

    def sums(self, values: Values, bins: Bins) -> Values:
        """Sums of cell values over bins; a cell is shared out by its length within a bin."""
        at = offsets(self.build)
        edges = np.append(self.cells.start + at[self.cells.contig], at[-1])
        sums = np.concatenate([[0.0], np.cumsum(values)])
        first, last = bins.start + at[bins.contig], bins.end + at[bins.contig]
        return np.asarray(np.interp(last, edges, sums) - np.interp(first, edges, sums))

    def over(self, bins: Bins) -> tuple[Values, Values]:
        """GC content (NaN where a part is dark) and mappability of bins."""
        length = (self.cells.end - self.cells.start).astype(np.float64)
        lit = length * (self.mappability > 0)
        whole, known = self.sums(length, bins), self.sums(lit, bins)
        gc = self.sums(self.gc * lit, bins) / np.maximum(known, 1)
        gc[known < (1 - DARK_SHARE) * whole] = np.nan
        return gc, self.sums(self.mappability * length, bins) / whole


def make_tracks(build: str = "GRCh38", seed: int = 0) -> Tracks:
    """Make up the tracks of a build; equal seeds give equal tracks.

    Parameters
    ----------
    build : str
        One of `whole_genome_builds.BUILDS`.
    seed : int
        Libraries that are to be compared, as plasma and panel of normals, need the same.
    """
    cells = fixed_bins(build, CELL_BP)
    lit, near = _lit(build, cells)
    site = autocorrelated(len(cells), 300_000, np.random.default_rng((seed, SITES)))
    gc = _gc(build, cells, np.random.default_rng((seed, ISOCHORES)))
    piles = _piles(cells, np.flatnonzero(lit & near), np.random.default_rng((seed, PILES)))
    return Tracks(build, cells, gc, _mappability(cells, lit, near, seed), standard(site), piles)


def autocorrelated(count: int, length_bp: float, rng: np.random.Generator) -> Values:
    """A series of cells of mean 0 and variance 1 whose correlation falls to 1/e in a length."""
    keep = np.exp(-CELL_BP / length_bp)
    noise = rng.standard_normal(count)
    noise[0] /= np.sqrt(1 - keep**2)
    return np.asarray(lfilter([np.sqrt(1 - keep**2)], [1, -keep], noise))


def standard(values: Values) -> Values:
    """Scaled so that the means over 1 Mb have a standard deviation of 1."""
    step = MB // CELL_BP
    means = values[: len(values) // step * step].reshape(-1, step).mean(axis=1)
    return np.asarray((values - values.mean()) / means.std())


def _gc(build: str, cells: Bins, rng: np.random.Generator) -> Values:
    """GC content: above a floor, its logarithm is a sum of autocorrelated parts."""
    z = sum(autocorrelated(len(cells), bp, rng) * np.sqrt(part) for bp, part in GC_PARTS)
    skewed = np.exp(0.55 * np.asarray(z))
    gc = np.empty(len(cells))
    for k, one in enumerate(chromosomes(build)):
        here = cells.contig == k
        gc[here] = GC_FLOOR + (one.gc - GC_FLOOR) * skewed[here] / skewed[here].mean()
    return np.clip(gc, 0.31, 0.68)


def _lit(build: str, cells: Bins) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which cells hold reads, and which lie near those that do not."""
    lit = np.ones(len(cells), bool)
    for k, one in enumerate(chromosomes(build)):
        here = np.flatnonzero(cells.contig == k)
        start, end = cells.start[here], cells.end[here]
        dark = (end > one.p_end) & (start < one.q_start) | (end > one.q_end)
        dark[:TELOMERE_CELLS] = dark[-TELOMERE_CELLS:] = True
        lit[here[dark]] = False
    around = np.ones(2 * NEAR_BP // CELL_BP + 1)
    return lit, np.convolve(~lit, around, "same") > 0.5


def _mappability(cells: Bins, lit: NDArray[np.bool_], near: NDArray[np.bool_], seed: int) -> Values:
    """Mostly 0.95 to 1, with dips where the genome repeats itself; Y is half repeats."""
    rng = np.random.default_rng((seed, DIPS))
    repeats = np.exp(0.5 * autocorrelated(len(cells), MB, rng))
    found = 1 - 0.022 * repeats
    chance = CELL_BP / DIP_EVERY_BP * np.where(near, 10, 1)
    chance[cells.contig == CONTIGS.index("Y")] *= 40
    for at in np.flatnonzero(rng.random(len(cells)) < chance):
        length = int(np.ceil(np.exp(rng.normal(np.log(150_000), 0.8)) / CELL_BP))
        found[at : at + length] = np.minimum(found[at : at + length], rng.uniform(0.05, 0.8))
    return np.clip(found, 0, 1) * lit


def _piles(cells: Bins, near: NDArray[np.int64], rng: np.random.Generator) -> Values:
    """A few cells near the dark, one of them on Y: in women too, as in the real library."""
    found = np.zeros(len(cells))
    on_y = near[cells.contig[near] == CONTIGS.index("Y")]
    places = [rng.choice(on_y), *rng.choice(near, PILE_COUNT - 1, replace=False)]
    found[places] = np.exp(rng.normal(np.log(100), 1.0, PILE_COUNT))
    return found
