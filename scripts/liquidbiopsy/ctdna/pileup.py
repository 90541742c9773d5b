"""The pileup of molecules: how many have each base, by class, strand and nearness to an end.

A molecule is a read name: mates that overlap count once where they agree, and not at all where they
do not.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pysam

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctdna.alleles import Allele, gap_alleles, run_alleles
from liquidbiopsy.ctdna.consensus_reads import open_bam
from liquidbiopsy.ctdna.contexts import NONE, Codes, tracts, trinucleotides
from liquidbiopsy.ctdna.delins import Key
from liquidbiopsy.ctdna.ground import codes_of_reads, reference_codes
from liquidbiopsy.ctdna.pileup_kernel import LONGEST_RUN, count_bases
from liquidbiopsy.ctdna.pileup_reads import Bytes, Ints, Reads, Stream, gather
from liquidbiopsy.ctdna.pileup_sites import Block, Counted, Sites

if TYPE_CHECKING:
    from liquidbiopsy.reads.panel import Region
    from liquidbiopsy.reads.reference import Reference

BLOCK = 1000  # bases of a region that are read at a time
MARGIN = LONGEST_RUN + 2  # bases beyond a block that are counted with it, for runs over its edge
FURTHER = 100  # bases beyond a block whose reference is known, for repeats
ROOM = 1 << 14

Strata = npt.NDArray[np.signedinteger[Any]]
"""Molecules by class (4: single, pair, family, duplex), strand (2) and nearness to an end (2).

Of whole piles int16, or int32 where there are more than that holds.
"""


@dataclass(frozen=True)
class Pile:
    """Molecules over regions; sites are the bases of the regions in turn."""

    regions: tuple[Region, ...]
    first: Ints
    """Shape (regions + 1,): the site at which each region begins."""
    reference: Codes
    """Code of the reference base of each site, 4 where unknown."""
    trinucleotide: npt.NDArray[np.int16]
    """Each site with its neighbours, as `contexts.trinucleotides` gives it."""
    tract: npt.NDArray[np.int16]
    """Length of the repeat that begins behind each site."""
    depth: Strata
    """Shape (sites, 4, 2, 2): molecules with a base there."""
    mapq: npt.NDArray[np.float64]
    """Mean mapping quality of those, NaN where there are none."""
    alt_site: Ints
    """Site of each base that is not the reference's, sorted."""
    alt_base: Codes
    alt_count: Strata
    """Shape (alternatives, 4, 2, 2): molecules that have it; those of a run of them too."""
    alt_mapq: npt.NDArray[np.float64]
    alleles: tuple[Allele, ...]
    """Insertions, deletions and runs of substitutions, sorted by place and bases."""

    @property
    def sites(self) -> int:
        """Number of sites."""
        return int(self.reference.size)

    @cached_property
    def _starts(self) -> dict[str, tuple[list[int], list[int]]]:
        """Contig -> starts of its regions, and their numbers."""
        found: dict[str, tuple[list[int], list[int]]] = {}
        for number, region in enumerate(self.regions):
            starts, numbers = found.setdefault(region.chrom, ([], []))
            starts.append(region.start)
            numbers.append(number)
        return found

    def site(self, chrom: str, position: int) -> int | None:
        """Site of a base of the reference, from 0; None where it is in none of the regions."""
        starts, numbers = self._starts.get(chrom, ([], []))
        at = bisect_right(starts, position) - 1
        if at < 0 or position >= self.regions[numbers[at]].end:
            return None
        return int(self.first[numbers[at]]) + position - starts[at]

    def place(self, site: int) -> tuple[str, int]:
        """Contig and position, from 0, of a site."""
        number = int(np.searchsorted(self.first, site, side="right")) - 1
        region = self.regions[number]
        return region.chrom, region.start + site - int(self.first[number])

    def region_of(self, site: int) -> Region:
        """Region that a site is of."""
        return self.regions[int(np.searchsorted(self.first, site, side="right")) - 1]

    def count(self, site: int, base: int) -> Strata:
        """Molecules with a base (0 to 3) at a site, shape (4, 2, 2)."""
        low, high = np.searchsorted(self.alt_site, [site, site + 1])
        alts = self.alt_count[low:high]
        if base == self.reference[site]:
            return np.asarray(self.depth[site] - alts.sum(axis=0), np.int32)
        return np.asarray(alts[self.alt_base[low:high] == base].sum(axis=0), np.int32)


def pile(
    bam: str,
    regions: Sequence[Region],
    reference: Reference | None,
    settings: Mapping[str, Any],
    known: frozenset[Key] = frozenset(),
) -> Pile:
    """Count the molecules of a BAM over regions.

    Parameters
    ----------
    bam : str
        Sorted by coordinate and indexed; consensus reads with the tags cD, aD and bD, or any reads.
    regions : list of Region
        Sorted and apart, as `reads.panel.read_panel` gives them.
    reference : Reference or None
        Without one the reads' MD tags tell the reference.
    settings : dict
        `min_mapq`, `min_base_q` and `ends` (bases from an end that are near it).
    known : frozenset of (str, int, str, str)
        Known mutations; of those that are a gap and substitutions one molecule is enough to be told
        as such, of others it takes two.

    Raises
    ------
    InputError
        The BAM cannot be read, has no index, lacks a region's contig, or MD tags that are needed.
    """
    sizes = [region.end - region.start for region in regions]
    sites = Sites(sum(sizes))
    with open_bam(bam) as handle:
        stream = Stream(handle, settings["min_mapq"])
        for region in regions:
            _check_contig(handle, region, bam)
            length = handle.get_reference_length(region.chrom)
            for start in range(region.start, region.end, BLOCK):
                place = (region.chrom, start, min(start + BLOCK, region.end))
                reads, codes = _read(stream, place, length, reference, bam)
                sites.put(_count(reads, codes, place, settings, known))
    first = np.concatenate([[0], np.cumsum(np.array(sizes, np.int64))]).astype(np.int64)
    return Pile(regions=tuple(regions), first=first, **sites.fields())


def _check_contig(handle: pysam.AlignmentFile, region: Region, bam: str) -> None:
    if handle.get_tid(region.chrom) < 0:
        raise InputError(
            bam,
            f"has no contig {region.chrom}, which region {region.chrom}:{region.start}-"
            f"{region.end} lies on",
            "give the panel in the coordinates of the library's reference",
        )


def _read(
    stream: Stream, place: tuple[str, int, int], length: int, reference: Reference | None, bam: str
) -> tuple[Reads, Codes]:
    """Reads over a stretch, and the reference from `FURTHER` bases before it to as many behind."""
    chrom, start, end = place
    segments = stream.over(chrom, max(0, start - MARGIN), min(length, end + MARGIN))
    low, high = start - FURTHER, end + FURTHER
    if reference is not None:
        return gather(segments), reference_codes(reference, chrom, low, high)
    return gather(segments), codes_of_reads(segments, low, high, bam)


def _counted(
    reads: Reads, bases: Bytes, low: int, codes: Codes, settings: Mapping[str, Any]
) -> tuple[Counted, Ints, Ints]:
    """What the kernel counts, called again where there were more runs than room for them."""
    room = ROOM
    while True:
        counts, mapq_sum, runs, needed = count_bases(
            reads.molecule, reads.start, reads.span_start, reads.span_end, reads.group,
            reads.strand, reads.mapq, reads.cigar_from, reads.cigar, reads.bases_from, bases,
            reads.quals, low, codes, settings["min_base_q"], settings["ends"], room,
        )  # fmt: skip
        if needed <= room:
            return counts, mapq_sum, runs
        room = needed


def _count(
    reads: Reads,
    codes: Codes,
    place: tuple[str, int, int],
    settings: Mapping[str, Any],
    known: frozenset[Key],
) -> Block:
    """Molecules of a stretch."""
    chrom, start, end = place
    further = slice(FURTHER, FURTHER + end - start)
    ground = codes[further], trinucleotides(codes)[further], tracts(codes)[further]
    if not reads.n:
        return Block(*ground, counts=None, mapq_sum=None, alleles=[])
    trimmed = codes[FURTHER - MARGIN : codes.size - FURTHER + MARGIN]
    gaps = gap_alleles(reads, codes, chrom, start - FURTHER, settings, known)
    bases = reads.bases
    if gaps.told.size:
        bases = bases.copy()
        bases[gaps.told] = NONE
    counts, mapq_sum, runs = _counted(reads, bases, start - MARGIN, trimmed, settings)
    alleles = [*run_alleles(runs, counts, trimmed, chrom, start - MARGIN), *gaps.alleles]
    own = slice(MARGIN, MARGIN + end - start)
    return Block(
        *ground,
        counts=counts[own],
        mapq_sum=mapq_sum[own],
        alleles=[a for a in alleles if start <= a.pos < end],
    )
