"""Places at which alleles of single cells are counted: hotspot codons, and the patient's SNPs."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import plain
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads.hotspots import codons_of

HOTSPOT, SNP = "hotspot", "snp"
HETEROZYGOUS, REFERENCE, OTHER = "0/1", "0/0", "1/1"
"""Genotypes of the patient; blank where the VCF does not say."""
BASES = "ACGT"
Regions = Sequence[tuple[str, int, int]]
"""Contig without `chr`, first base from 0, one past the last."""


@dataclass(frozen=True)
class Site:
    """One base of the genome."""

    chrom: str
    """Without `chr`."""
    pos: int
    """From 0."""
    kind: str
    """HOTSPOT or SNP."""
    ref: str = ""
    """Blank where it is to be learnt from reads."""
    alt: str = ""
    """Of a SNP."""
    genotype: str = ""
    """Of a SNP."""
    frequency: float | None = None
    """Of `alt` among people, of a SNP whose VCF says it."""


@dataclass(frozen=True)
class Alleles:
    """What a cell shows at sites, n in all."""

    sites: tuple[Site, ...]
    counts: npt.NDArray[np.int64]
    """Fragments with A, C, G and T, shape (n, 4)."""
    ref: tuple[str, ...]
    """Base of the reference where it is known, of the FASTA, the VCF or the reads' own MD."""

    _at: dict[str, dict[tuple[str, int], int]] = field(default_factory=dict, repr=False)

    def at(self, kind: str) -> Mapping[tuple[str, int], int]:
        """Index of each site of a kind by its place."""
        if kind not in self._at:
            own = (k for k, site in enumerate(self.sites) if site.kind == kind)
            self._at[kind] = {(self.sites[k].chrom, self.sites[k].pos): k for k in own}
        return self._at[kind]


def sites_of(
    hotspots: Sequence[Mapping[str, Any]], snps: str | None, build: str | None
) -> tuple[Site, ...]:
    """Bases of all single hotspot codons, and SNPs, in genome order, each once.

    Parameters
    ----------
    hotspots : list of dict
        As `read_hotspots` gives them.
    snps : str or None
        VCF of the patient.
    build : str or None
        Build of the cells' reference; hotspots of another are left out. Where it is not known they
        are not, and a codon that does not fit its residue is.

    Raises
    ------
    InputError
        The VCF cannot be read; the line is named.
    """
    found: dict[tuple[str, int], Site] = {}
    for content in hotspots:
        if build and build != content["build"]:
            continue
        everywhere = {gene["chrom"]: 0 for gene in content["genes"]}
        for codon in codons_of(content, everywhere):
            for pos in range(codon.start, codon.end) if codon.single else ():
                place = (plain(codon.chrom), pos)
                found.setdefault(place, Site(*place, HOTSPOT))
    for site in _of_vcf(snps) if snps else ():
        found.setdefault((site.chrom, site.pos), site)
    return tuple(sorted(found.values(), key=lambda site: (site.chrom, site.pos)))


def _of_vcf(path: str) -> Iterator[Site]:
    """SNPs of a VCF with one alternative base, with the genotype of the first sample."""
    try:
        with open(path, "rb") as handle:
            zipped = handle.read(2) == b"\x1f\x8b"
        with (gzip.open if zipped else open)(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.startswith("#") or not line.strip():
                    continue
                yield from _of_line(path, number, line.rstrip("\n").split("\t"))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(path, f"cannot be read: {error}", "check the path in the sheet") from error


def _of_line(path: str, number: int, cells: list[str]) -> Iterator[Site]:
    if len(cells) < 8 or not cells[1].isdigit() or int(cells[1]) < 1:
        problem = f"line {number} has no CHROM, POS, REF and ALT of a VCF"
        raise InputError(path, problem, "give a VCF file with tabs between its columns")
    chrom, pos, ref, alt = cells[0], int(cells[1]) - 1, cells[3].upper(), cells[4].upper()
    if ref not in set(BASES) or alt not in set(BASES):
        return
    genotype, told = "", re.search(r"(?:^|;)AF=([0-9.eE-]+)", cells[7])
    if len(cells) > 9 and "GT" in cells[8].split(":"):
        value = cells[9].split(":")[cells[8].split(":").index("GT")]
        alleles = sorted(re.split(r"[/|]", value))
        genotype = "/".join(alleles) if set(alleles) <= {"0", "1"} and len(alleles) == 2 else ""
    frequency = float(told[1]) if told else None
    yield Site(plain(chrom), pos, SNP, ref, alt, genotype, frequency)
