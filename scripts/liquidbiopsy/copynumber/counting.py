"""Reads of a BAM or CRAM file counted in bins, and their fragments measured, in one pass.

A read counts to the bin of its leftmost aligned base, each mate for itself, as readCounter of
HMMcopy counts [1]_; it must be primary, mapped with some quality, and no duplicate.

References
----------
.. [1] Ha G et al. Integrative analysis of genome-wide loss of heterozygosity and monoallelic
       expression at nucleotide resolution reveals disrupted pathways in triple-negative breast
       cancer. Genome Research 2012;22:1995-2007. (HMMcopy, readCounter)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber import count_kernel as kernel
from liquidbiopsy.copynumber.as_bam import read_alignments
from liquidbiopsy.copynumber.bins import Bins, Mask, Values, grid
from liquidbiopsy.copynumber.count_pass import (
    Watch,
    limits_of,
    places_of,
    reached_into,
    tallies_of,
)
from liquidbiopsy.copynumber.own_contigs import Matched, match_contigs
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads.panel import Region

FLAGGED, ENDS = "flagged", "ends"
"""How duplicates are told: by their flag, or, where none is flagged, by the ends of their reads."""
DUPLICATES = {FLAGGED: kernel.NEVER, "auto": kernel.AUTO, ENDS: kernel.ALWAYS}
SINGLE = "single-end reads: a fragment's length is not known"
NOT_PROPER = "no read pair is flagged as proper: a fragment's length is not known"
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Totals:
    """What became of a file's records; those of one kind are counted once, in this order."""

    records: int
    not_primary: int
    """Secondary and supplementary."""
    unmapped: int
    failed_qc: int
    flagged_duplicates: int
    elsewhere: int
    """On contigs without bins."""
    low_mapq: int
    outside: int
    """Beyond the bins of a contig."""
    same_ends: int
    """Duplicates by the ends of the fragment; 0 where they were not looked for."""
    counted: int
    duplicates: str
    """FLAGGED or ENDS: which way was taken."""


@dataclass(frozen=True)
class Fragments:
    """Fragments of proper pairs, each taken once, by its first read."""

    lengths: Whole
    """By length in bases, shape (max_length + 1,)."""
    too_long: int
    motifs: Whole
    """5' ends by their first four bases, shape (256,): AAAA, AAAC … TTTT."""
    ends_left_out: int
    """5' ends that are clipped, or whose bases are not all known."""
    windows: Bins
    short: Values
    """Short fragments by window of their midpoint, shape (windows,)."""
    long: Values
    reached: Mask
    """Windows that an excluded region reaches into, shape (windows,)."""
    excluded: int
    """Short and long fragments in an excluded region, which no window has."""


@dataclass(frozen=True)
class Counted:
    """A library in bins."""

    bins: Bins
    count: Values
    """Reads, shape (bins,); NaN on contigs that the file does not know."""
    totals: Totals
    fragments: Fragments | None
    reason: str
    """Why there are no fragments."""
    contig_names: tuple[str, ...]
    """The contigs that have bins as the file names them."""
    notes: tuple[str, ...] = field(default=())


def count_reads(
    path: str,
    name: str,
    bins: Bins,
    reference: str | None,
    settings: Mapping[str, Any],
    excluded: Sequence[Region] = (),
    watch: Callable[[Mapping[str, int]], Watch] | None = None,
) -> Counted:
    """Count a library's reads in bins, and measure its fragments.

    Parameters
    ----------
    path : str
        BAM or CRAM file. It need not be sorted or indexed where its duplicates are flagged.
    name : str
        The file as messages name it.
    bins : Bins
        Of whole contigs.
    reference : str or None
        FASTA file, which CRAM needs.
    settings : mapping
        `min_mapq`, `duplicates` (`auto`, `flagged`, `ends`) and `fragments`: `min_mapq`,
        `max_length`, `short`, `long` (first and last length), `window_bp`.
    excluded : list of Region
        Fragments in a region that lies in one window are in no window; windows that a longer one
        reaches into are told, and keep theirs.
    watch : callable, optional
        Given the file's contigs, a `Watch` that is shown all records in the same pass.

    Raises
    ------
    InputError
        As `read_alignments` and `match_contigs`; the file has no reads, none that counts, reads
        beyond the bins of a contig, or is not sorted and has no flagged duplicates.
    """
    own = settings["fragments"]
    ends = {contig: int(bins.end[bins.of(contig)][-1]) for contig in bins.contigs}
    windows = grid(ends, own["window_bp"])
    with read_alignments(path, name, reference) as (reader, contigs):
        matched = match_contigs(contigs, bins, name)
        lengths = reader.header.contigs  # of CRAM those of the reference
        cut = [own for own in matched.names if lengths[own] < contigs[own]]
        matched = replace(matched, partial=tuple(dict.fromkeys([*matched.partial, *cut])))
        limits = limits_of(settings, DUPLICATES[settings["duplicates"]], on_target=False)
        places = places_of(matched.index, bins, windows, excluded)
        tallies = tallies_of(reader, limits, places, watch(contigs) if watch else None)
    return counted_of(
        tallies, limits, bins, (windows, reached_into(places, windows)), matched, name
    )


def counted_of(
    tallies: kernel.Tallies,
    limits: kernel.Limits,
    bins: Bins,
    windows: tuple[Bins, Mask],
    matched: Matched,
    name: str,
) -> Counted:
    """What the tallies of a file say; raises as `count_reads`."""
    totals = totals_of(tallies, limits, name)
    if matched.partial and totals.outside:
        contig = matched.partial[0]
        problem = f"{totals.outside} reads lie beyond the end of {contig} as the bins have it"
        raise InputError(name, problem, "give the reference that the file was aligned to")
    if not totals.counted:
        raise InputError(name, f"has no read that counts: {_lost(totals)}")
    count = taken(tallies.reads, totals).astype(np.float64)
    for contig in matched.absent:
        count[bins.of(contig)] = np.nan
    fragments = fragments_of(tallies, totals, windows)
    reason = no_fragments(tallies, fragments, limits)
    return Counted(
        bins, count, totals, None if reason else fragments, reason, matched.names,
        tuple(_notes(matched)),
    )  # fmt: skip


def totals_of(tallies: kernel.Tallies, limits: kernel.Limits, name: str) -> Totals:
    """What became of a file's records.

    Raises
    ------
    InputError
        It has none, or its duplicates can be told neither by flags nor by ends.
    """
    fates = dict(zip(kernel.FATES, (int(n) for n in tallies.fates), strict=True))
    if not sum(fates.values()):
        raise InputError(name, "has no reads", "check how it was made")
    flags = limits.duplicates == kernel.NEVER
    if limits.duplicates == kernel.AUTO:
        flags = bool(tallies.state[kernel.ANY_FLAGGED])
    if not flags and tallies.state[kernel.UNSORTED]:
        problem = "has no flagged duplicates, and is not sorted by place so that they can be found"
        raise InputError(name, problem, "sort it with `samtools sort`, or mark its duplicates")
    again = 0 if flags else int(tallies.reads[kernel.AGAIN].sum())
    return Totals(
        records=sum(fates.values()),
        not_primary=fates["not_primary"],
        unmapped=fates["unmapped"],
        failed_qc=fates["failed_qc"],
        flagged_duplicates=fates["flagged_duplicate"],
        elsewhere=fates["elsewhere"],
        low_mapq=fates["low_mapq"],
        outside=fates["outside"],
        same_ends=again,
        counted=fates["counted"] - again,
        duplicates=FLAGGED if flags else ENDS,
    )


def taken(counts: Whole, totals: Totals) -> Whole:
    """What counts of a tally: all of it where duplicates are told by flags, else first ones."""
    found: Whole = counts.sum(axis=0) if totals.duplicates == FLAGGED else counts[kernel.NEW]
    return found


def no_fragments(tallies: kernel.Tallies, fragments: Fragments, limits: kernel.Limits) -> str:
    """Why fragments cannot be told; empty where they can."""
    if not tallies.state[kernel.PAIRS]:
        return SINGLE
    if not tallies.state[kernel.PROPERS]:
        return NOT_PROPER
    if not fragments.lengths.any():
        return (
            f"no fragment of at most {limits.max_length} bases maps with a quality of "
            f"{limits.fragment_mapq}"
        )
    return ""


def fragments_of(tallies: kernel.Tallies, totals: Totals, windows: tuple[Bins, Mask]) -> Fragments:
    """The fragments of a tally."""
    short, long = taken(tallies.windows, totals).astype(np.float64)
    others = taken(tallies.others, totals)
    return Fragments(
        lengths=taken(tallies.lengths, totals),
        too_long=int(others[kernel.LONG]),
        motifs=taken(tallies.motifs, totals),
        ends_left_out=int(others[kernel.NOT_READ]),
        windows=windows[0],
        short=short,
        long=long,
        reached=windows[1],
        excluded=int(others[kernel.LEFT_OUT]),
    )


def _lost(totals: Totals) -> str:
    kinds = {
        "unmapped": totals.unmapped,
        "on other contigs": totals.elsewhere,
        "of low mapping quality": totals.low_mapq,
        "flagged as duplicates": totals.flagged_duplicates,
        "failed": totals.failed_qc,
        "not primary": totals.not_primary,
        "beyond the bins": totals.outside,
    }
    told = ", ".join(f"{number} are {kind}" for kind, number in kinds.items() if number)
    return f"of {totals.records}, {told}"


def _notes(matched: Matched) -> Iterator[str]:
    if matched.partial:
        few = ", ".join(matched.partial[:3]) + (" …" if len(matched.partial) > 3 else "")
        yield f"the reference has only the beginning of {few}; all reads lie within it"
    if matched.absent:
        yield f"the file does not know the contigs {', '.join(matched.absent)}"
