"""Amplicons that are read from single cells: hotspots of breast cancer, and common SNPs.

Hotspots lie where they do in GRCh38, and their codons hold the true bases [1]_; all bases around
them are made up, and so are the SNPs.

References
----------
.. [1] Chang et al. (2016). Identifying recurrent mutations in cancer reveals widespread lineage
       diversity and mutational specificity. Nature Biotechnology 34, 155-163. doi:10.1038/nbt.3391
       Places and codons of the transcripts: from memory, each checked against its residue.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liquidbiopsy.simulate.genome import CODES, LETTERS
from liquidbiopsy.simulate.whole_genome_builds import CONTIGS, MB, chromosomes

SNPS, FLANKS = 61, 62  # streams of the seed
HOTSPOT_BUILD = "GRCh38"
APART_BP = 60  # hotspots that are nearer to each other share an amplicon
MARGIN_BP = MB  # from a contig's ends, the dark and hotspots

#: Codons: contig, first base from 0, and the bases of the forward strand.
CODONS = {
    "PIK3CA N345": ("3", 179203762, "AAT"),
    "PIK3CA C420": ("3", 179210191, "TGT"),
    "PIK3CA E542": ("3", 179218293, "GAA"),
    "PIK3CA E545": ("3", 179218302, "GAG"),
    "PIK3CA H1047": ("3", 179234295, "CAT"),
    "ESR1 Y537": ("6", 152098786, "TAT"),
    "ESR1 D538": ("6", 152098789, "GAC"),
    "PTEN R130": ("10", 87933146, "CGA"),
    "KRAS G12": ("12", 25245348, "ACC"),
    "AKT1 E17": ("14", 104780211, "CTC"),
    "TP53 R273": ("17", 7673800, "ACG"),
    "TP53 R248": ("17", 7674218, "CCG"),
    "TP53 Y220": ("17", 7674870, "ATA"),
    "TP53 R175": ("17", 7675086, "GCG"),
    "ERBB2 S310": ("17", 39711953, "TCC"),
    "ERBB2 L755": ("17", 39723965, "TTG"),
    "ERBB2 V777": ("17", 39724746, "GTG"),
}
#: Changes: codon, which base of the forward strand from 0, and what it becomes there.
CHANGES = {
    "PIK3CA N345K": ("PIK3CA N345", 2, "A"),
    "PIK3CA C420R": ("PIK3CA C420", 0, "C"),
    "PIK3CA E542K": ("PIK3CA E542", 0, "A"),
    "PIK3CA E545K": ("PIK3CA E545", 0, "A"),
    "PIK3CA H1047R": ("PIK3CA H1047", 1, "G"),
    "PIK3CA H1047L": ("PIK3CA H1047", 1, "T"),
    "ESR1 Y537S": ("ESR1 Y537", 1, "C"),
    "ESR1 Y537N": ("ESR1 Y537", 0, "A"),
    "ESR1 D538G": ("ESR1 D538", 1, "G"),
    "PTEN R130Q": ("PTEN R130", 1, "A"),
    "KRAS G12D": ("KRAS G12", 1, "T"),
    "AKT1 E17K": ("AKT1 E17", 2, "T"),
    "TP53 R273H": ("TP53 R273", 1, "T"),
    "TP53 R248Q": ("TP53 R248", 1, "T"),
    "TP53 Y220C": ("TP53 Y220", 1, "C"),
    "TP53 R175H": ("TP53 R175", 1, "T"),
    "ERBB2 S310F": ("ERBB2 S310", 1, "T"),
    "ERBB2 L755S": ("ERBB2 L755", 1, "C"),
    "ERBB2 V777L": ("ERBB2 V777", 0, "T"),
}


@dataclass(frozen=True)
class Site:
    """A place at which alleles are counted."""

    name: str
    """A key of `CHANGES`, or `snp01`."""
    contig: str
    """Without `chr`."""
    pos: int
    """From 1."""
    ref: str
    alt: str
    germline: tuple[int, int] = (0, 0)
    """1 where the chromosome of the one and the other parent has `alt` in all of the patient."""
    foreign: tuple[int, int] = (0, 0)
    """The same in the person whose DNA contaminates."""
    frequency: float = 0.0
    """Of `alt` among people; 0 at a hotspot."""

    @property
    def heterozygous(self) -> bool:
        """Whether the patient has both alleles."""
        return sum(self.germline) == 1


@dataclass(frozen=True)
class Panel:
    """Amplicons in genome order, and the sites on them."""

    build: str
    sites: tuple[Site, ...]
    """In genome order."""
    amplicon: NDArray[np.int64]
    """Of each site, shape (sites,)."""
    contig: NDArray[np.int64]
    """Of each amplicon, index into `CONTIGS`; shape (amplicons,)."""
    start: NDArray[np.int64]
    """Its first base, from 0."""
    bases: NDArray[np.uint8]
    """Reference bases, A 0, C 1, G 2, T 3; shape (amplicons, length)."""

    @property
    def offset(self) -> NDArray[np.int64]:
        """Where each site is on its amplicon, from 0."""
        pos = np.array([site.pos - 1 for site in self.sites], np.int64)
        return np.asarray(pos - self.start[self.amplicon])


def make_panel(
    seed: int = 0, *, snps: int = 60, build: str = HOTSPOT_BUILD, length: int = 100
) -> Panel:
    """All hotspots, and SNPs spread over the autosomes; equal seeds give equal panels.

    Parameters
    ----------
    seed : int
        Of the SNPs and the patient's genotypes.
    snps : int
        How many; about four in ten are heterozygous in the patient.
    build : str
        One of `BUILDS`; there are no hotspots but in GRCh38.
    length : int
        Bases of an amplicon, from 60 to 300: what each read shows.

    Raises
    ------
    ValueError
        For an unknown build, or a length out of range.
    """
    if not 60 <= length <= 300:
        raise ValueError(f"length is {length}, must be from 60 to 300")
    sites = list(draw_snps(build, snps, seed))
    if build == HOTSPOT_BUILD:
        for name, (codon, offset, alt) in CHANGES.items():
            chrom, first, text = CODONS[codon]
            sites.append(Site(name, chrom, first + offset + 1, text[offset], alt))
    sites.sort(key=lambda site: (CONTIGS.index(site.contig), site.pos, site.alt))
    amplicon: list[int] = []
    places: list[tuple[int, int]] = []
    for site in sites:
        contig = CONTIGS.index(site.contig)
        near = places and places[-1][0] == contig and site.pos - places[-1][1] < APART_BP
        if not near:
            places.append((contig, site.pos))
        amplicon.append(len(places) - 1)
    contigs = np.array([contig for contig, _ in places], np.int64)
    # The first site of an amplicon stands at a third, so that neighbours are on it too.
    starts = np.array([pos - 1 - length // 3 for _, pos in places], np.int64)
    bases = np.array(
        [_bases(contig, start, length) for contig, start in zip(contigs, starts, strict=True)]
    )
    found = Panel(build, tuple(sites), np.array(amplicon, np.int64), contigs, starts, bases)
    _write_known(found)
    return found


def _bases(contig: int, start: int, length: int) -> NDArray[np.uint8]:
    """Made-up bases, which a place always has."""
    rng = np.random.default_rng((int(contig), int(start), FLANKS))
    return rng.integers(0, 4, length, np.uint8)


def _write_known(panel: Panel) -> None:
    """Put the codons and the reference alleles of sites into the made-up bases."""
    known = [(c, start, text) for c, start, text in CODONS.values()]
    if panel.build != HOTSPOT_BUILD:
        known = []
    known += [(site.contig, site.pos - 1, site.ref) for site in panel.sites]
    length = panel.bases.shape[1]
    for contig, start, text in known:
        here = (panel.contig == CONTIGS.index(contig)) & (panel.start <= start)
        here &= start + len(text) <= panel.start + length
        for row in np.flatnonzero(here):
            at = start - int(panel.start[row])
            panel.bases[row, at : at + len(text)] = CODES[np.frombuffer(text.encode(), np.uint8)]


def draw_snps(build: str, count: int, seed: int) -> tuple[Site, ...]:
    """Draw common SNPs over the autosomes, and the genotypes of the patient and of another person.

    Alleles of each parent's chromosome are drawn by the SNP's frequency, from 0.2 to 0.8.
    """
    rng = np.random.default_rng((seed, SNPS))
    stretches = []
    for one in chromosomes(build)[:22]:
        for low, high in ((0, one.p_end), (one.q_start, one.q_end)):
            if high - low > 3 * MARGIN_BP:
                stretches.append((one.name, low + MARGIN_BP, high - MARGIN_BP))
    lengths = np.array([high - low for _, low, high in stretches])
    before = np.concatenate([[0], np.cumsum(lengths)])
    found = []
    for number in range(count):
        place = (number + rng.uniform(0.1, 0.9)) / count * before[-1]
        k = int(np.searchsorted(before, place, "right")) - 1
        contig, low, _ = stretches[k]
        pos = int(low + place - before[k])
        while any(c == contig and abs(start - pos) < MARGIN_BP for c, start, _ in CODONS.values()):
            pos += MARGIN_BP
        ref, alt = rng.permutation(4)[:2]
        frequency = float(rng.uniform(0.2, 0.8))
        mine, theirs = (rng.random((2, 2)) < frequency).astype(int).tolist()
        name = f"snp{number + 1:0{len(str(count))}d}"
        found.append(
            Site(
                name, contig, pos, chr(LETTERS[ref]), chr(LETTERS[alt]), (mine[0], mine[1]),
                (theirs[0], theirs[1]), frequency,
            )
        )  # fmt: skip
    return tuple(found)
