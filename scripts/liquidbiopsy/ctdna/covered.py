"""Regions to call in where no panel is given: what the reads cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pysam

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctdna.consensus_reads import open_bam
from liquidbiopsy.ctdna.mutations import Mutation
from liquidbiopsy.ctdna.pileup_reads import Ints, counted
from liquidbiopsy.reads.panel import Region, bases_of, read_panel

AROUND = 150  # bases on either side of a known mutation
MOST_GROUND = 5_000_000  # bases; more is no panel
BATCH = 1 << 20  # reads whose ends are summed up at a time


def regions_of(
    bed: str | None, bam: str, mutations: Sequence[Mutation], settings: Mapping[str, Any]
) -> list[Region]:
    """Regions to call in.

    Parameters
    ----------
    bed : str or None
        The panel. Without one: what reads cover within 150 bases of the known mutations; without
        these, all that `min_depth` reads or more cover.
    bam : str
    mutations : list of Mutation
    settings : dict
        `min_depth`, `min_mapq` and `max_panel_mb`.

    Raises
    ------
    InputError
        The panel or the BAM cannot be read, the panel is too large, or what is covered is none.
    """
    if bed:
        return _panel(bed, settings["max_panel_mb"])
    with open_bam(bam) as handle:
        if not mutations:
            found = [r for chrom in handle.references for r in _deep(handle, chrom, settings, bam)]
        else:
            found = [r for window in _windows(handle, mutations) for r in _read(handle, *window)]
    if bases_of(found) > MOST_GROUND:
        raise InputError(
            bam,
            f"covers more than {MOST_GROUND} bases, and ctdna.tsv names no panel",
            "name the panel that was captured",
        )
    return found


def _panel(bed: str, max_mb: float) -> list[Region]:
    regions = read_panel(bed)
    megabases = bases_of(regions) / 1e6
    if megabases > max_mb:
        many = f"{len(regions)} region" + "s" * (len(regions) != 1)
        problem = f"has {megabases:.1f} megabases in {many}, and {max_mb:g} are the most that a"
        problem += " panel may have"
        remedy = "give the regions that were captured; a whole genome has no panel, and `wgs` in "
        remedy += "the column `library` of ctdna.tsv; where it is right, raise the setting "
        raise InputError(bed, problem, f"{remedy}assays.ctdna.variants.max_panel_mb")
    return regions


def _windows(
    handle: pysam.AlignmentFile, mutations: Sequence[Mutation]
) -> list[tuple[str, int, int]]:
    """Stretches around mutations, joined where they meet."""
    joined: list[tuple[str, int, int]] = []
    for chrom, pos, ref in sorted({(m.chrom, m.pos, len(m.ref)) for m in mutations}):
        if handle.get_tid(chrom) < 0:
            continue
        low = max(0, pos - 1 - AROUND)
        high = min(pos - 1 + ref + AROUND, handle.get_reference_length(chrom))
        if joined and joined[-1][0] == chrom and low <= joined[-1][2]:
            joined[-1] = (chrom, joined[-1][1], max(joined[-1][2], high))
        else:
            joined.append((chrom, low, high))
    return joined


def _read(handle: pysam.AlignmentFile, chrom: str, low: int, high: int) -> list[Region]:
    """What of a stretch any read covers."""
    pairs = [(r.reference_start, r.reference_end or 0) for r in handle.fetch(chrom, low, high)]
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    places, depth = _depth(np.clip(ends, low, high))
    return _over(chrom, places, depth, 1)


def _deep(
    handle: pysam.AlignmentFile, chrom: str, settings: Mapping[str, Any], bam: str
) -> list[Region]:
    """What of a contig is covered deeply enough."""
    places, change = np.zeros(0, np.int64), np.zeros(0, np.int64)
    ends: list[tuple[int, int]] = []
    for read in handle.fetch(chrom):
        if counted(read, settings["min_mapq"]):
            ends.append((read.reference_start, read.reference_end or 0))
        if len(ends) >= BATCH:
            places, change = _summed(places, change, ends)
            ends = []
    places, change = _summed(places, change, ends)
    return _over(chrom, places, np.cumsum(change), settings["min_depth"])


def _summed(places: Ints, change: Ints, ends: list[tuple[int, int]]) -> tuple[Ints, Ints]:
    """Places where the number of reads changes, and by how much, further reads added."""
    more = np.array(ends, np.int64).reshape(-1, 2)
    every = np.concatenate([places, more[:, 0], more[:, 1]])
    step = np.concatenate([change, np.ones(len(more), np.int64), -np.ones(len(more), np.int64)])
    distinct, which = np.unique(every, return_inverse=True)
    total = np.bincount(which.reshape(-1), weights=step, minlength=distinct.size)
    return distinct, total.astype(np.int64)


def _depth(ends: Ints) -> tuple[Ints, Ints]:
    none = np.zeros(0, np.int64)
    places, change = _summed(none, none, [(int(a), int(b)) for a, b in ends])
    return places, np.cumsum(change)


def _over(chrom: str, places: Ints, depth: Ints, least: int) -> list[Region]:
    """Stretches where the depth from each place on is at least `least`."""
    found: list[Region] = []
    for k in range(places.size - 1):
        if depth[k] >= least:
            start, end = int(places[k]), int(places[k + 1])
            if found and found[-1].end == start:
                start = found.pop().start
            found.append(Region(chrom, start, end))
    return found
