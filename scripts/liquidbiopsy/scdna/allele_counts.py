"""Bases that the reads of one cell show at given places, each fragment once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import numpy.typing as npt
from pysam import AlignedSegment

from liquidbiopsy.copynumber.bins import plain
from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.names import without_place
from liquidbiopsy.reads.alignments import open_alignments, reads_of
from liquidbiopsy.reads.reference import Reference, open_reference
from liquidbiopsy.scdna.allele_sites import BASES, Alleles, Site
from liquidbiopsy.scdna.good_reads import is_good

Whole = npt.NDArray[np.int64]


def count_alleles(
    files: Sequence[tuple[str, str]],
    sites: tuple[Site, ...],
    fasta: str | None,
    settings: Mapping[str, Any],
) -> Alleles:
    """Count the bases of a cell's reads.

    Parameters
    ----------
    files : sequence of (str, str)
        BAM or CRAM files of the cell, in any order of reads, and how messages name them.
    sites : tuple of Site
        In genome order.
    fasta : str or None
        Reference of the reads.
    settings : dict
        `min_mapq`, `min_base_q`.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    place = {
        name: np.array([s.pos for s in sites if s.chrom == name], np.int64)
        for name in {site.chrom for site in sites}
    }
    first = {name: next(k for k, s in enumerate(sites) if s.chrom == name) for name in place}
    counts = np.zeros((len(sites), 4), np.int64)
    ref = [site.ref for site in sites]
    with ExitStack() as stack:
        genome = stack.enter_context(open_reference(fasta)) if fasta else None
        if genome is not None:
            ref = [_base(genome, site) or known for site, known in zip(sites, ref, strict=True)]
        for file, name in files:
            try:
                _count_file(file, genome, place, first, settings, counts, ref)
            except UserError as error:
                raise UserError(without_place(str(error), file, name)) from error
    return Alleles(sites, counts, tuple(ref))


def _base(genome: Reference, site: Site) -> str:
    """A site's base of the reference, however this names its contigs; blank where it has none."""
    for name in (site.chrom, f"chr{site.chrom}"):
        if site.pos < genome.contigs.get(name, 0):
            found = genome.fetch(name, site.pos, site.pos + 1)
            return found if found in BASES else ""
    return ""


def _count_file(
    file: str,
    genome: Reference | None,
    place: Mapping[str, Whole],
    first: Mapping[str, int],
    settings: Mapping[str, Any],
    counts: Whole,
    ref: list[str],
) -> None:
    """Add a file's reads to `counts`, and to `ref` what their MD says; both by site."""
    seen: set[tuple[str, int]] = set()
    with open_alignments(file, genome) as handle:
        own = [plain(contig) for contig in handle.references]
        for read in reads_of(handle, file):
            contig = own[read.reference_id] if read.reference_id >= 0 else ""
            if contig not in place or not is_good(read, settings["min_mapq"]):
                continue
            hit = first[contig] + _hit(read, place[contig])
            if hit.size:
                at = dict(
                    zip(hit.tolist(), place[contig][hit - first[contig]].tolist(), strict=True)
                )
                _add(read, at, settings, counts, ref, seen)


def _hit(read: AlignedSegment, places: Whole) -> Whole:
    """Indices of the sites that a read lies over."""
    low, high = np.searchsorted(places, [read.reference_start, read.reference_end or 0])
    return np.arange(low, high)


def _add(
    read: AlignedSegment,
    at: Mapping[int, int],
    settings: Mapping[str, Any],
    counts: Whole,
    ref: list[str],
    seen: set[tuple[str, int]],
) -> None:
    """Count a read at its sites (`at`: site -> place on the contig), unless its mate was."""
    bases, quality = read.query_sequence or "", read.query_qualities
    with_md = read.has_tag("MD") and any(not ref[k] for k in at)
    pairs = read.get_aligned_pairs(matches_only=True, with_seq=with_md)
    over = {pair[1]: pair for pair in pairs}
    for k, pos in at.items():
        pair = over.get(pos)
        if pair is None or (str(read.query_name), k) in seen:
            continue
        if with_md and not ref[k]:
            ref[k] = str(pair[2]).upper()
        base = bases[pair[0]]
        good = quality is None or quality[pair[0]] >= settings["min_base_q"]
        if good and base in BASES:
            seen.add((str(read.query_name), k))
            counts[k, BASES.index(base)] += 1
