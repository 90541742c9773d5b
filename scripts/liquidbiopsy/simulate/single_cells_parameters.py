"""What simulated single cells are made from: the cells picked, and the kind of their amplification.

The four kinds differ in what amplification adds to a cell's DNA. Of the numbers in `WGA`:

- The correlation length of MDA, 33 kb, is measured, as is that a part of the bias recurs from cell
  to cell and a part does not [1]_.
- GC curves lean the way the mean GC content of reads was found to: not at all with DOP-PCR (WGA4),
  two points up with MDA, five with MALBAC [2]_.
- DOP-PCR has the most duplicates, and is even and reproducible, as is PicoPLEX, a cousin of
  MALBAC [3]_; of DOP-PCR, MALBAC and MDA it is the most consistent in copy number [4]_; Ampli1 and
  MALBAC are nearest to DNA that was not amplified [5]_.
- All else is of the right order, from memory: drop-out (a seventh to a quarter; a half with
  DOP-PCR, which covers a tenth of the genome), the spread and length of other amplicons, all waves.

References
----------
.. [1] Zhang et al. (2015). Calibrating genomic and allelic coverage bias in single-cell sequencing.
       Nature Communications 6, 6822. doi:10.1038/ncomms7822
.. [2] Ning et al. (2015). Quantitative assessment of single-cell whole genome amplification methods
       for detecting copy number variation using hippocampal neurons. Scientific Reports 5, 11415.
       doi:10.1038/srep11415
.. [3] Introduction of doi:10.1038/s41598-018-23325-2 (2018), which sums up earlier comparisons of
       WGA4, REPLI-g and PicoPLEX. Scientific Reports 8.
.. [4] Garvin et al. (2015). Interactive analysis and assessment of single-cell copy-number
       variations. Nature Methods 12, 1058-1060. doi:10.1038/nmeth.3578
.. [5] Borgstrom et al. (2017). Comparison of whole genome amplification techniques for human single
       cell exome sequencing. PLoS ONE 12, e0171566. doi:10.1371/journal.pone.0171566
"""

from __future__ import annotations

from dataclasses import dataclass

from liquidbiopsy.simulate.karyotypes import Clone
from liquidbiopsy.simulate.whole_genome_builds import MB
from liquidbiopsy.simulate.whole_genome_segments import NORMAL, Segments, segments_of

LEUKOCYTE = -1  # in place of a clone's index: the last of a specimen's genomes
ROLES = ("tumour_cell", "normal_cell")
#: What can be wrong with a cell: next to no reads, or DNA of which little was left to amplify.
FAILURES = ("few_reads", "low_input")


@dataclass(frozen=True)
class Amplification:
    """What a kind of whole-genome amplification does to a cell."""

    gc_peak: float
    """GC content that is amplified best."""
    gc_bend: float
    """Log of the yield is -bend (GC - peak)^2."""
    recurrent: float
    """Bias of place that all cells of the kind share: standard deviation of log2 at 1 Mb."""
    waves: float
    """Bias of a cell's own over megabases: standard deviation of log2."""
    wave_bp: float
    """Length over which its correlation falls to 1/e."""
    amplicon_bp: float
    """The same of the spread between amplicons, which averages out in bins that hold many."""
    amplicon_spread: float
    """Variance of the yield of one copy of an amplicon, over its squared mean."""
    dropout: float
    """Chance that a copy of an amplicon is lost."""
    duplicates: float
    """Share of a cell's reads that repeat others."""


#: The kinds: see the head of this module for what they rest on.
WGA = {
    "dop_pcr": Amplification(0.415, 15, 0.06, 0.04, MB, 500, 3.0, 0.50, 0.30),
    "mda": Amplification(0.450, 20, 0.05, 0.25, 3 * MB, 33_000, 1.0, 0.25, 0.08),
    "malbac": Amplification(0.520, 22, 0.20, 0.07, 1.5 * MB, 2_000, 2.0, 0.20, 0.12),
    "ampli1": Amplification(0.400, 12, 0.08, 0.04, MB, 1_000, 1.5, 0.15, 0.10),
}


@dataclass(frozen=True)
class CellParameters:
    """A specimen's cells as they were picked, amplified and sequenced together."""

    clones: tuple[Clone, ...] = ()
    """The tumour's clones; without any, all cells are leukocytes."""
    shares: tuple[float, ...] = ()
    """Share of the tumour cells that each clone is; equal where none is named."""
    cells: int = 100
    normal: float = 0.08
    """Share of the cells that are leukocytes, picked as controls: role `normal_cell`."""
    mispicked: float = 0.0
    """Share of the cells that are leukocytes, and were taken for tumour cells."""
    doublets: float = 0.05
    """Share of the cells that are two: a tumour cell with one of another clone or a leukocyte. Two
    cells of one genome are not made, as their copies are those of one."""
    with_leukocyte: float = 0.5
    """Share of the doublets whose second cell is a leukocyte; all, where there is one clone."""
    failed: float = 0.05
    """Share of the cells in which something went wrong, by turns each of `FAILURES`."""
    wga: str = "ampli1"
    """A key of `WGA`."""
    depth: float = 0.05
    """Median depth over the genome, duplicates left out."""
    depth_spread: float = 0.3
    """Standard deviation of its logarithm among cells."""
    read_length: int = 100
    """Bases of a read; a pair is two."""
    noise: float = 1.0
    """Waves and spread of amplicons are multiplied by this: 1 is usual, 0 none."""
    noise_spread: float = 0.2
    """Standard deviation of its logarithm among cells."""
    dropout: float | None = None
    """Chance that a copy of an amplicon is lost; that of the kind where None."""
    contamination: float = 0.0
    """Share of a cell's DNA that is another person's, in each cell."""
    gc_bias: float = 1.0
    """Bend of the GC curves: 1 is that of the kind, 0 none."""
    recurrent: float = 1.0
    """The bias that all cells share is multiplied by this."""
    site_bias: float = 0.035
    """Bias of place that is the sequencing's: standard deviation of log2 at 1 Mb."""
    stray: float = 0.02
    """Reads that belong elsewhere, in copies: there are some where there is no copy."""
    piles: float = 1.0
    """Reads piled up on repeats near the centromeres: 1 as many as the tracks say, 0 none."""
    seed: int = 0
    """Every cell draws from its own streams of this seed."""
    run: int = 0
    """Seed of what all cells of a run share."""
    specimen_id: str = "cells"
    """First part of the files' names."""
    sex: str = "female"
    """`female` or `male`."""

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        if self.wga not in WGA:
            raise ValueError(f"wga is {self.wga!r}, must be one of {', '.join(WGA)}")
        if self.shares and len(self.shares) != len(self.clones):
            raise ValueError("name a share for each clone, or none")
        if self.shares and abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError(f"the clones' shares add up to {sum(self.shares):g}, not to 1")
        for name in ("normal", "mispicked", "doublets", "with_leukocyte", "failed"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}, must be from 0 to 1")
        if self.normal + self.mispicked + self.doublets > 1:
            raise ValueError(
                "normal, mispicked and doublets are shares of the cells, over 1 in all"
            )
        if self.cells < 1 or self.depth <= 0 or not 20 <= self.read_length <= 300:
            raise ValueError(
                "there is a cell or more, depth is above 0, reads have 20 to 300 bases"
            )

    @property
    def kind(self) -> Amplification:
        """What the amplification does."""
        return WGA[self.wga]


@dataclass(frozen=True)
class Cell:
    """One cell as it was picked, or two that were taken for one."""

    cell_id: str
    role: str
    """One of `ROLES`."""
    genomes: tuple[int, ...]
    """Clone of each of its cells, by index; `LEUKOCYTE` for one."""
    depth: float
    """Over the genome, duplicates left out."""
    noise: float
    """Waves and spread of amplicons are multiplied by this."""
    dropout: float
    """Chance that a copy of an amplicon is lost."""
    duplicates: float
    """Share of its reads."""
    contamination: float = 0.0
    """Share of its DNA that is another person's."""
    failed: str = ""
    """One of `FAILURES`, or nothing."""

    @property
    def doublet(self) -> bool:
        """Whether it is two cells."""
        return len(self.genomes) > 1


def genomes_of(p: CellParameters, build: str) -> Segments:
    """Copies of a specimen's genomes: of its clones, and last of a leukocyte."""
    return segments_of([*p.clones, NORMAL], build, p.sex)


def clone_name(cell: Cell, clones: tuple[Clone, ...]) -> str:
    """Name of a cell's clone; `normal` of a leukocyte, `clone1+normal` of a doublet."""
    return "+".join("normal" if g == LEUKOCYTE else clones[g].name for g in cell.genomes)
