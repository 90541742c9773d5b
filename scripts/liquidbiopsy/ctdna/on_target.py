"""How much of a library lies on its panel: one pass over its molecules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctdna.consensus_reads import LEFT_OUT
from liquidbiopsy.ctdna.pileup_reads import Ints
from liquidbiopsy.reads.bam import BamReader
from liquidbiopsy.reads.chunks import FIRST, MATE_UNMAPPED, PAIRED, int32_at
from liquidbiopsy.reads.fields import TAKES_READ, TAKES_REFERENCE
from liquidbiopsy.reads.panel import Region

Row = dict[str, Any]


@dataclass(frozen=True)
class OnTarget:
    """What was counted of the mapped reads of a library, duplicates and the like left out."""

    reads: int
    without_bases: int
    """Those whose sequence is not in the file."""
    molecules: int
    molecules_on: int
    """Those of which a read overlaps a region."""
    bases: int
    """Aligned to a base of the reference."""
    bases_on: int


def on_target(bam: str, regions: Sequence[Region]) -> OnTarget:
    """Count what of a library's molecules lies on regions.

    Parameters
    ----------
    bam : str
        Its reads, in any order; a pair is one molecule, and its fragment's length (TLEN) tells
        where the mate ends.
    regions : list of Region
        Sorted by contig and place, and apart.

    Raises
    ------
    InputError
        The BAM is cut off or damaged, or none of its reads has bases.
    """
    counts = np.zeros(6, np.int64)
    with BamReader(bam) as reader:
        places = _places(regions, reader.header.names)
        for chunk in reader:
            _count(
                chunk.data, chunk.tid, chunk.pos, chunk.flag, chunk.mate_tid, chunk.mate_pos,
                chunk.tlen, chunk.cigar, chunk.n_cigar, chunk.length, *places, counts,
            )  # fmt: skip
    found = OnTarget(*counts.tolist())
    if found.reads and found.without_bases == found.reads:
        problem = f"its {found.reads} mapped reads have no bases: SEQ is *"
        raise InputError(bam, problem, "give the file with the sequences of its reads")
    return found


def quality_rows(found: OnTarget, library: Mapping[str, Any]) -> list[Row]:
    """Rows of the table of quality; none where no read is mapped."""
    item = {"specimen_id": library["specimen_id"], "item": library["library_id"], "unit": "1"}
    shares = (
        ("on_target_share", found.molecules_on, found.molecules),
        ("on_target_base_share", found.bases_on, found.bases),
    )
    return [{**item, "metric": name, "value": on / of} for name, on, of in shares if of]


def _places(regions: Sequence[Region], names: Sequence[str]) -> tuple[Ints, Ints, Ints, Ints]:
    """Where each contig's regions begin among all; starts, ends, and bases of all before each."""
    number = {name: k for k, name in enumerate(names)}
    own = sorted((number[r.chrom], r.start, r.end) for r in regions if r.chrom in number)
    table: Ints = np.array(own, np.int64).reshape(-1, 3)
    contig = np.searchsorted(table[:, 0], np.arange(len(names) + 1))
    before = np.concatenate([[0], np.cumsum(table[:, 2] - table[:, 1])]).astype(np.int64)
    start, end = np.ascontiguousarray(table[:, 1]), np.ascontiguousarray(table[:, 2])
    return contig, start, end, before


@nb.njit(cache=True, nogil=True)
def _bases_before(place, first, last, start, end, before):  # type: ignore[no-untyped-def]
    """Bases before a place of the regions from `first` to before `last`."""
    a, b = first, last  # regions that begin before the place
    while a < b:
        middle = (a + b) // 2
        if start[middle] < place:
            a = middle + 1
        else:
            b = middle
    if a == first:
        return 0
    return before[a - 1] - before[first] + min(place, end[a - 1]) - start[a - 1]


@nb.njit(cache=True, nogil=True)
def _bases_on(low, high, first, last, start, end, before):  # type: ignore[no-untyped-def]
    """Bases from `low` to before `high` that lie on them."""
    return _bases_before(high, first, last, start, end, before) - _bases_before(
        low, first, last, start, end, before
    )


@nb.njit(cache=True, nogil=True)
def _count(  # type: ignore[no-untyped-def]
    data, tid, pos, flag, mate_tid, mate_pos, tlen, cigar, n_cigar, length, contig, start, end,
    before, counts,
):  # fmt: skip
    """Add the records of a chunk to the numbers of `OnTarget`, in their order."""
    for i in range(tid.size):
        if flag[i] & LEFT_OUT or tid[i] < 0:
            continue
        counts[0] += 1
        counts[1] += length[i] == 0
        first, last, here = contig[tid[i]], contig[tid[i] + 1], np.int64(pos[i])
        touches = False
        for k in range(n_cigar[i]):
            op = int32_at(data, cigar[i] + 4 * k)
            kind, size = op & 15, (op >> 4) & 0xFFFFFFF
            if TAKES_READ[kind] and TAKES_REFERENCE[kind]:
                on = _bases_on(here, here + size, first, last, start, end, before)
                counts[4] += size
                counts[5] += on
                touches = touches or on > 0
            here += size * TAKES_REFERENCE[kind]
        paired = flag[i] & PAIRED and not flag[i] & MATE_UNMAPPED
        one = True
        if paired:  # counted with its left read, or its first where that cannot be told
            apart = mate_tid[i] != tid[i] or mate_pos[i] == pos[i]
            one = flag[i] & FIRST != 0 if apart else pos[i] < mate_pos[i]
        if not one:
            continue
        counts[2] += 1
        if paired and not touches and mate_tid[i] >= 0:
            a, b = contig[mate_tid[i]], contig[mate_tid[i] + 1]
            mate = np.int64(mate_pos[i])
            stop = mate + 1
            if mate_tid[i] == tid[i]:
                stop = max(stop, np.int64(pos[i]) + abs(tlen[i]))
            touches = _bases_on(mate, stop, a, b, start, end, before) > 0
        counts[3] += touches
