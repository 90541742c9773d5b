"""Read counts of a simulated whole genome at low coverage, with known copy number.

The share of the genomes that are the tumour's, its clones, and everything that hides them: GC
content by a curve of the library's own [1]_, mappability, biases of place that a panel of normals
shares, waves along the chromosomes that it does not [2]_, over-dispersion, and chance.

>>> from liquidbiopsy.simulate.karyotypes import draw_clones  # doctest: +SKIP
>>> tracks = make_tracks("GRCh38")  # doctest: +SKIP
>>> p = WholeGenomeParameters(draw_clones("her2", 7), fraction=0.25)  # doctest: +SKIP
>>> simulate_counts(p, tracks, fixed_bins("GRCh38", 1_000_000))  # doctest: +SKIP

References
----------
.. [1] Benjamini and Speed (2012). Summarizing and correcting the GC content bias in
       high-throughput sequencing. Nucleic Acids Research 40, e72. doi:10.1093/nar/gks001
.. [2] Marioni et al. (2007). Breaking the waves: improved detection of copy number variation from
       microarray-based comparative genomic hybridization. Genome Biology 8, R228.
       doi:10.1186/gb-2007-8-10-r228
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liquidbiopsy.simulate.karyotypes import Clone
from liquidbiopsy.simulate.whole_genome_builds import MB, Bins, fixed_bins
from liquidbiopsy.simulate.whole_genome_segments import Segments, copies_in, segments_of
from liquidbiopsy.simulate.whole_genome_tracks import (
    CELL_BP,
    Tracks,
    autocorrelated,
    make_tracks,
    standard,
)

__all__ = [
    "WholeGenomeParameters", "copies_of", "expected", "fixed_bins", "gc_curve", "make_tracks",
    "ploidy_of", "simulate_counts",
]  # fmt: skip

CURVE, WAVES, COUNTS = 34, 35, 36  # streams of the seed
WAVE_BP = 15 * MB

Values = NDArray[np.float64]


@dataclass(frozen=True)
class WholeGenomeParameters:
    """A library of plasma, or of a donor where the fraction is 0."""

    clones: tuple[Clone, ...] = ()
    """The tumour's clones; none for a donor."""
    shares: tuple[float, ...] = ()
    """Share of the tumour's cells that each clone is; equal where none is named."""
    fraction: float = 0.0
    """Tumour fraction: share of the genomes (of cells) that are the tumour's. Its share of the
    DNA is larger where its ploidy is."""
    seed: int = 0
    """Every layer draws from its own stream of this seed."""
    library_id: str = "genome"
    """First part of the files' names."""
    sex: str = "female"
    """`female` or `male`."""
    reads: float = 5e6
    """Expected reads in all bins."""
    gc_bias: float = 1.0
    """Bend of the GC curve: 1 is usual, 0 none."""
    site_bias: float = 0.035
    """Bias of place that all libraries of the tracks share: standard deviation of log2 at 1 Mb."""
    waves: float = 0.01
    """Waves of the library's own over tens of megabases: standard deviation of log2."""
    spread: float = 0.02
    """Spread of a 1 Mb bin beside Poisson's, over its mean; it grows as the square root where bins
    are smaller."""
    stray: float = 0.01
    """Reads that belong elsewhere, in copies: there are some where there is no copy."""
    piles: float = 1.0
    """Reads piled up on repeats near the centromeres: 1 as many as the tracks say, 0 none."""

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        if not 0 <= self.fraction <= 1:
            raise ValueError(f"fraction is {self.fraction}, must be from 0 to 1")
        if self.fraction and not self.clones:
            raise ValueError("a tumour fraction needs the tumour's clones")
        if self.shares and len(self.shares) != len(self.clones):
            raise ValueError("name a share for each clone, or none")
        if self.shares and abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError(f"the clones' shares add up to {sum(self.shares):g}, not to 1")

    @property
    def weights(self) -> Values:
        """Share of all genomes that each clone is, shape (clones,)."""
        given = self.shares or (1 / max(len(self.clones), 1),) * len(self.clones)
        return self.fraction * np.array(given, np.float64)


def gc_curve(p: WholeGenomeParameters) -> tuple[float, float]:
    """A library's GC curve: log of the yield is -bend (GC - peak)^2. Gives peak and bend.

    Both are drawn around those of a real library (0.5 and 17).
    """
    rng = np.random.default_rng((p.seed, CURVE))
    peak = float(np.clip(rng.normal(0.50, 0.03), 0.42, 0.58))
    return peak, p.gc_bias * 17 * float(np.exp(rng.normal(0, 0.35)))


def copies_of(p: WholeGenomeParameters, bins: Bins, build: str) -> tuple[Values, Values]:
    """Copies in bins that a genome of the sample has on average: of normal cells, of the tumour.

    Each times its share of the genomes; together the mean copies. Shapes (n,).
    """
    normal = copies_in(segments_of((), build, p.sex), bins)[0] * (1 - p.fraction)
    if not p.clones:
        return normal, np.zeros(len(bins))
    tumour = p.weights @ copies_in(segments_of(p.clones, build, p.sex), bins)
    return normal, np.asarray(tumour)


def ploidy_of(p: WholeGenomeParameters, segments: Segments) -> float:
    """Mean copies of the tumour's autosomes over its clones; 2 for a donor."""
    if not p.fraction:
        return 2.0
    return float(p.weights @ segments.ploidy / p.fraction)


def expected(p: WholeGenomeParameters, tracks: Tracks) -> tuple[Values, Values]:
    """Relative yield of the tracks' cells: of all reads, and of the tumour's. Shapes (cells,)."""
    normal, tumour = copies_of(p, tracks.cells, tracks.build)
    rng = np.random.default_rng((p.seed, WAVES))
    # Twice smoothed, so that it rolls rather than rattles.
    wave = standard(_smooth(autocorrelated(len(tracks.cells), WAVE_BP, rng)))
    peak, bend = gc_curve(p)
    log = np.log(2) * (p.site_bias * tracks.site + p.waves * wave) - bend * (tracks.gc - peak) ** 2
    yields = tracks.mappability * np.exp(log) * (tracks.cells.end - tracks.cells.start)
    stray = p.stray + p.piles * tracks.piles
    return yields * (normal + tumour + stray), yields * tumour


def _smooth(values: Values) -> Values:
    """Means over a wave's length."""
    sums = np.cumsum(np.concatenate([[0.0], values]))
    half = WAVE_BP // CELL_BP // 2
    low = np.maximum(np.arange(len(values)) - half, 0)
    high = np.minimum(np.arange(len(values)) + half, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low))


def simulate_counts(p: WholeGenomeParameters, tracks: Tracks, bins: Bins) -> NDArray[np.int64]:
    """Reads in bins of any size; equal parameters and tracks give equal counts.

    Parameters
    ----------
    p : WholeGenomeParameters
        What to simulate.
    tracks : Tracks
        Of the build that the clones are drawn for.
    bins : Bins
        For bins of one size `fixed_bins`.

    Returns
    -------
    ndarray of int, shape (n,)
    """
    rng = np.random.default_rng((p.seed, COUNTS))
    yields, _ = expected(p, tracks)
    mean = p.reads * tracks.sums(yields, bins) / yields.sum()
    if p.spread:
        shape = (bins.end - bins.start) / MB / p.spread**2
        mean = mean * rng.gamma(shape) / shape
    return np.asarray(rng.poisson(mean))
