"""Templates of a chunk: a pair or a single read that is fit to be grouped, with its two ends.

Two templates may come of one molecule where the unclipped 5' ends of both mates, and their
strands, are the same. The end that lies first in the genome is the left one; a template whose
first read is its right end was read from the other strand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads.chunks import (
    FAILED_QC,
    FIRST,
    MATE_UNMAPPED,
    PAIRED,
    REVERSE,
    SECOND,
    SECONDARY,
    SUPPLEMENTARY,
    UNMAPPED,
    Chunk,
)
from liquidbiopsy.reads.fields import (
    MAX_UMI,
    UMI_ABSENT,
    UMI_LONG,
    UMI_OK,
    UMI_UNKNOWN_BASE,
    five_prime,
    pack_umi,
    same_name,
    text_tag,
)

FATES = (
    "grouped", "secondary", "unmapped", "mate_unmapped", "low_mapq", "no_umi", "umi_with_n",
    "mate_missing", "failed_qc",
)  # fmt: skip
"""What becomes of a read; all but the first are left out."""
KEPT, NOT_PRIMARY, NOT_MAPPED, MATE_NOT_MAPPED, LOW_MAPQ, NO_UMI, UMI_N, ALONE, FAILED = range(9)
RX, NAME, NONE = 0, 1, 2
SOURCES = {"rx": RX, "name": NAME, "none": NONE}
"""Where the UMI of a read is."""


@dataclass(frozen=True)
class Templates:
    """Arrays of shape (templates,), in the order of the file."""

    first: npt.NDArray[np.int64]
    """Record of the first read, or of the only one."""
    second: npt.NDArray[np.int64]
    """Record of the second; -1 of a single read."""
    right: npt.NDArray[np.uint8]
    """1 where the first read is the right end; 0 of a single read."""
    run: npt.NDArray[np.int64]
    """Number of the template's position: one for all whose ends are the same."""
    code: npt.NDArray[np.uint64]
    """UMI, two bits a base: that of the first read, then that of the second."""
    lengths: npt.NDArray[np.int32]
    """Bases of the UMI's first part, times 256, and of its second."""
    fate: npt.NDArray[np.uint8]
    """Of every record before `carry`: index into `FATES`."""
    carry: int
    """Record from which on the last position has to be read again with what follows."""


@nb.njit(cache=True, nogil=True)
def _umi(data, start, stop, source, name, cigar):  # type: ignore[no-untyped-def]
    """Places of the letters of a record's UMI; (-1, -1) where there is none."""
    if source == 0:
        return text_tag(data, start, stop, 82, 88)  # RX
    at = cigar - 1
    while at > name and data[at - 1] != 95:  # _
        at -= 1
    if at == name:
        at = cigar - 1
        while at > name and data[at - 1] != 58:  # :
            at -= 1
    if at == name:
        return np.int64(-1), np.int64(-1)
    return np.int64(at), np.int64(cigar - 1)


@nb.njit(cache=True, nogil=True)
def _find(  # type: ignore[no-untyped-def]
    data, end, tid, pos, mapq, flag, n_cigar, name, cigar, tags, min_mapq, source, last,
    first, second, right, run, code, lengths, fate,
):  # fmt: skip
    """Fill the arrays; templates, the record to carry from, and one whose UMI is too long."""
    n, runs, carry, records = 0, 0, 0, tid.size
    key = np.full(6, -9, np.int64)
    i = 0
    while i < records:
        f = flag[i]
        if f & (SECONDARY | SUPPLEMENTARY):
            fate[i] = NOT_PRIMARY
            i += 1
            continue
        start, j = i, -1
        i += 1
        if f & PAIRED:
            k = i
            while k < records and flag[k] & (SECONDARY | SUPPLEMENTARY):
                fate[k] = NOT_PRIMARY
                k += 1
            if k == records and not last:  # its mate may be the next
                return n, runs, min(carry, start) if n else start, -1
            if k < records and same_name(data, name[start], cigar[start], name[k], cigar[k]):
                j, i = k, k + 1
        a, b = start, j
        if j >= 0 and f & SECOND:
            a, b = j, start
        why = KEPT
        if f & FAILED_QC or (j >= 0 and flag[j] & FAILED_QC):
            why = FAILED
        elif f & UNMAPPED and (f & PAIRED == 0 or f & MATE_UNMAPPED):
            why = NOT_MAPPED
        elif f & UNMAPPED or (f & PAIRED and f & MATE_UNMAPPED) or (j >= 0 and flag[j] & UNMAPPED):
            why = MATE_NOT_MAPPED
        elif f & PAIRED and (j < 0 or flag[a] & FIRST == 0 or flag[b] & SECOND == 0):
            why = ALONE
        elif mapq[start] < min_mapq or (j >= 0 and mapq[j] < min_mapq):
            why = LOW_MAPQ
        one, two, long_one, long_two = np.uint64(0), np.uint64(0), 0, 0
        if why == KEPT and source != NONE:
            at, stop = _umi(data, tags[a], end[a], source, name[a], cigar[a])
            state = UMI_ABSENT
            if at >= 0:
                state, one, two, long_one, long_two = pack_umi(data, at, stop)
            if state == UMI_LONG:
                return n, runs, carry, a
            if state != UMI_OK:
                why = UMI_N if state == UMI_UNKNOWN_BASE else NO_UMI
        fate[start] = why
        if j >= 0:
            fate[j] = why
        if why != KEPT:
            continue
        here = five_prime(data, cigar[a], n_cigar[a], pos[a], flag[a])
        back = 1 if flag[a] & REVERSE else 0
        t0, p0, s0, t1, p1, s1 = np.int64(tid[a]), np.int64(here), back, -1, np.int64(-1), 0
        swapped = 0
        if b >= 0:
            there = five_prime(data, cigar[b], n_cigar[b], pos[b], flag[b])
            s1 = 1 if flag[b] & REVERSE else 0
            t1, p1 = tid[b], np.int64(there)
            swapped = 0
            if t1 < t0 or (t1 == t0 and (p1 < p0 or (p1 == p0 and s1 < s0))):
                t0, p0, s0, t1, p1, s1 = t1, p1, s1, t0, p0, s0
                swapped = 1
        same = key[0] == t0 and key[1] == p0 and key[2] == s0
        if not (same and key[3] == t1 and key[4] == p1 and key[5] == s1):
            key[0], key[1], key[2], key[3], key[4], key[5] = t0, p0, s0, t1, p1, s1
            runs += 1
            carry = start
        first[n], second[n], right[n], run[n] = a, b, swapped, runs - 1
        code[n] = (one << np.uint64(2 * long_two)) | two
        lengths[n] = long_one << 8 | long_two
        n += 1
    return n, runs, carry if n else records, -1


def find_templates(chunk: Chunk, last: bool, min_mapq: int, source: int, file: str) -> Templates:
    """Templates of a chunk whose position is all there.

    Parameters
    ----------
    chunk : Chunk
        Of a file sorted by template coordinate.
    last : bool
        Whether the file ends with it; else its last position is left for the next chunk.
    min_mapq : int
        Mapping quality that both mates need.
    source : int
        `RX`, `NAME` or `NONE`.
    file : str
        As messages name it.

    Raises
    ------
    InputError
        A UMI is longer than 32 bases.
    """
    n = len(chunk)
    first, second = np.empty(n, np.int64), np.empty(n, np.int64)
    right, run = np.empty(n, np.uint8), np.empty(n, np.int64)
    code, lengths, fate = np.empty(n, np.uint64), np.empty(n, np.int32), np.zeros(n, np.uint8)
    count, runs, carry, wrong = _find(
        chunk.data, chunk.end, chunk.tid, chunk.pos, chunk.mapq, chunk.flag, chunk.n_cigar,
        chunk.name, chunk.cigar, chunk.tags, min_mapq, source, last, first, second, right, run,
        code, lengths, fate,
    )  # fmt: skip
    if wrong >= 0:
        problem = f"the read '{chunk.name_of(wrong)}' has a UMI of more than {MAX_UMI} bases"
        raise InputError(file, problem, "keep fewer of them, by the read structure or in RX")
    if last:
        carry = n
    else:
        count = int(np.searchsorted(run[:count], runs - 1)) if count else 0
    kept = slice(0, count)
    return Templates(
        first[kept], second[kept], right[kept], run[kept], code[kept], lengths[kept],
        fate[:carry], carry,
    )  # fmt: skip
