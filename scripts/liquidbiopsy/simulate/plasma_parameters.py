"""What a simulated sequencing library of plasma or leukocytes is made from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from liquidbiopsy.simulate.parameters import SIMULATED

__all__ = ["KINDS", "SIMULATED", "PlasmaParameters", "Region", "Variant"]

KINDS = ("germline_het", "germline_hom", "chip", "tumour")
STRUCTURE = re.compile(r"(?:\d+[MS])*\+T")
#: What follows a fragment that is shorter than the read, on read 1 and on read 2.
ADAPTERS = (
    "AGATCGGAAGAGCACACGTCTGAACTCCAGTCACATTACTCGATCTCGTATGCCGTCTTCTGCTTG",
    "AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGTAGGCTATAGTGTAGATCTCGGTGGTCGCCGTATCATT",
)
SPACER = "TGACT"


@dataclass(frozen=True)
class Region:
    """A region of the panel, 0-based and half-open."""

    chrom: str
    start: int
    end: int
    name: str = ""


@dataclass(frozen=True)
class Variant:
    """A difference from the reference, as VCF writes it."""

    chrom: str
    pos: int
    """From 1."""
    ref: str
    alt: str
    kind: str = "tumour"
    """One of `KINDS`."""
    vaf: float = 0.01
    """Share of the molecules that have it; of germline variants its kind says it."""
    phase: str = ""
    """Variants of one phase lie on the same molecules."""
    haplotype: int = 0
    """The parent's chromosome that a heterozygous germline variant lies on, 0 or 1."""

    @property
    def share(self) -> float:
        """Expected share of the molecules."""
        return {"germline_het": 0.5, "germline_hom": 1.0}.get(self.kind, self.vaf)


@dataclass(frozen=True)
class PlasmaParameters:
    """A library: its molecules, and what happens to them one layer after the other.

    Rates are for one base and one event of the layer, unless they say otherwise.
    """

    panel: tuple[Region, ...]
    """Regions that are captured."""
    variants: tuple[Variant, ...] = ()
    seed: int = 0
    """Every layer draws from its own stream of this seed: changing one leaves the others."""
    library_id: str = "plasma"
    """First part of the files' names."""

    # --- molecules ---
    input_ng: float = 10.0
    """DNA that goes into the library, ng."""
    genomes_per_ng: float = 330.0
    """Haploid genomes in a nanogram."""
    conversion: float = 0.5
    """Share of the molecules that get adapters at both ends and are captured."""
    fragments: str = "cfdna"
    """`cfdna`: nucleosomes; `sheared`: leukocytes' DNA, sonicated."""
    lengths: tuple[tuple[int, float], ...] = ()
    """A histogram in place of `fragments`: lengths in bases and how often each is."""
    min_overlap_bp: int = 40
    """Bases of a region that a molecule must have to be captured."""
    off_target: float = 0.03
    """Share of the molecules that come from anywhere in the genome."""
    paralog_capture: float = 0.3
    """Share captured of the molecules from a paralog of a region, where one is known."""
    tumour_short: float = 1.0
    """How many times likelier a molecule under 151 bases is mutated than a longer one."""

    # --- barcodes ---
    structures: tuple[str, str] = ("8M5S+T", "8M5S+T")
    """Read structures of read 1 and read 2: M barcode, S spacer, T template."""
    umis: tuple[str, ...] = ()
    """Barcodes to choose from; all that are possible where none is named."""

    # --- damage, before PCR, on one strand each ---
    deamination: float = 2e-5
    """C read as T, for a C."""
    oxidation: float = 1e-5
    """G read as T, for a G."""
    overhang_bp: float = 0.0
    """Mean single-stranded bases at a 5' end, which repair copies onto the other strand."""
    overhang_deamination: float = 1e-3
    """C read as T in them, on both strands after repair."""

    # --- strands and PCR ---
    strand_recovery: float = 0.85
    """Probability that a strand of a molecule is amplified at all."""
    cycles: int = 14
    efficiency: float = 0.8
    """Probability that a strand is copied in a cycle."""
    family_spread: float = 0.3
    """Spread of the families beside that of PCR: standard deviation of the logarithm."""
    pcr_error: float = 1e-6
    """Bases copied wrongly, two thirds of them transitions."""
    umi_error: float = 1e-5
    """The same in barcodes."""
    stutter: float = 2e-5
    """Probability that a copy of a run of 8 equal bases gains or loses one; a longer run more."""

    # --- sequencing ---
    read_pairs: int = 0
    """Read pairs; where 0, as many as `raw_depth` needs."""
    raw_depth: float = 20_000.0
    """Mean read pairs over a base of the panel."""
    read_length: int = 150
    qualities: tuple[int, int, int] = (37, 25, 11)
    """Usual, low and lowest base quality."""
    quality_jitter: int = 0
    """A quality is up to this much lower than its level: for instruments that do not bin."""
    low_start: float = 0.004
    """Probability that quality falls at a base at the start of a read ..."""
    low_end: float = 0.05
    """... and at its end."""
    second_read: float = 1.5
    """How many times more often it falls in read 2."""
    error_excess: float = 1.0
    """How many times more errors there are than the qualities say."""
    no_calls: float = 5e-5
    """Bases that are called N."""
    sequencing_stutter: float = 1e-5
    """As `stutter`, once a read pair."""
    hops: float = 0.0
    """Share of read pairs that are molecules of another library, by index hopping."""
    hops_from: PlasmaParameters | None = None
    """That library."""
    names_tell: bool = False
    """Whether read names tell molecule and strand: for tests of grouping only."""

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        if not self.panel:
            raise ValueError("a library has a panel of at least one region")
        for structure in self.structures:
            if not STRUCTURE.fullmatch(structure):
                raise ValueError(f"read structure {structure!r}: write it as 8M5S+T or +T")
        if max(len(prefix_of(s)) for s in self.structures) + 20 > self.read_length:
            raise ValueError("reads are at least 20 bases longer than barcode and spacer")
        if not 0 < self.efficiency <= 0.99:
            raise ValueError(f"efficiency is {self.efficiency}, must be over 0, up to 0.99")
        if self.hops and self.hops_from is None:
            raise ValueError("index hops need the library that they come from: hops_from")
        if any(len(umi) != self.umi_bp for umi in self.umis):
            raise ValueError(f"barcodes must be {self.umi_bp} bases long, as the structure says")
        groups: dict[str, Variant] = {}
        for variant in self.variants:
            if variant.kind not in KINDS:
                raise ValueError(f"kind is {variant.kind!r}, must be one of {', '.join(KINDS)}")
            other = groups.setdefault(variant.phase, variant)
            if variant.phase and (other.share, other.kind) != (variant.share, variant.kind):
                raise ValueError(f"variants of phase {variant.phase} differ in kind or vaf")

    @property
    def genomes(self) -> float:
        """Expected molecules over a base of the panel."""
        return self.input_ng * self.genomes_per_ng * self.conversion

    @property
    def umi_bp(self) -> int:
        """Bases of the longer of the two barcodes."""
        return max(prefix_of(structure).count("M") for structure in self.structures)


def prefix_of(structure: str) -> str:
    """Letters of a read structure before the template.

    Examples
    --------
    >>> prefix_of("3M2S+T")
    'MMMSS'
    """
    return "".join(kind * int(n) for n, kind in re.findall(r"(\d+)([MS])", structure))
