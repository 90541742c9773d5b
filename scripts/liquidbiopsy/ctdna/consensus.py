"""Consensus reads of the molecules of a chunk, with fgbio's filters.

Each molecule has one end (a single read) or two. At an end lie its first reads, or, where both
strands were read, the first reads of one and the second reads of the other. Strands that are not
to be joined as a duplex are one family: all reads of an end have one consensus. Reads whose
insertions and deletions are not the most common ones of their end are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.duplex import both_strands
from liquidbiopsy.ctdna.likelihood import LOWEST, model_of
from liquidbiopsy.ctdna.molecules import Molecules
from liquidbiopsy.ctdna.strand import NO_CALL, most_common, one_strand, usable
from liquidbiopsy.reads.chunks import REVERSE, Chunk
from liquidbiopsy.reads.fields import SOFT, five_prime, int32_at

KEPT, FEW_READS, FEW_STRAND_READS, NO_BASES, READ_ERRORS, NO_CALLS = range(6)
OUTCOMES = ("kept", "few_reads", "few_strand_reads", "no_bases", "read_errors", "no_calls")
"""What becomes of a molecule."""


@dataclass(frozen=True)
class Consensus:
    """Consensus of the molecules of a chunk; ends are 2 m and 2 m + 1 of molecule m."""

    outcome: npt.NDArray[np.uint8]
    """Of each molecule: index into `OUTCOMES`."""
    strands: npt.NDArray[np.int32]
    """Shape (molecules, 2): templates of strand A and of strand B; all in one of no duplex."""
    first_end: npt.NDArray[np.uint8]
    """Which of its ends is the first read: 0 or 1."""
    read: npt.NDArray[np.int64]
    """Of each end: the record whose alignment it takes; -1 where there is no such end."""
    at: npt.NDArray[np.int64]
    """Of each end: where in `base` it begins."""
    length: npt.NDArray[np.int64]
    base: npt.NDArray[np.uint8]
    """Bases as BAM packs them, from the 5' end, letters of the genome's forward strand."""
    quality: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.int32]
    """Shape (ends, 6): most and fewest reads over a base, of both strands, of A, of B."""
    error: npt.NDArray[np.float32]
    """Shape (ends, 3): share of bases of reads that differ, of both strands, of A, of B."""
    unlike: int
    """Reads left out, as their alignment is not the most common one."""


@nb.njit(cache=True, nogil=True)
def _clipped(data, cigar, n_cigar):  # type: ignore[no-untyped-def]
    total = 0
    for k in range(n_cigar):
        op = int32_at(data, cigar + 4 * k)
        if op & 15 == SOFT:
            total += (op >> 4) & 0xFFFFFFF
    return total


@nb.njit(cache=True, nogil=True)
def _summary(depth, errors, columns, most, fewest):  # type: ignore[no-untyped-def]
    high, low, total, wrong = 0, np.int64(1 << 40), 0, 0
    for c in range(columns):
        high, low = max(high, depth[c]), min(low, depth[c])
        total += depth[c]
        wrong += errors[c]
    most[0], fewest[0] = high, low if columns else 0
    return np.float32(wrong / total) if total else np.float32(0)


@nb.njit(cache=True, nogil=True)
def _call(  # type: ignore[no-untyped-def]
    data, tid, pos, flag, n_cigar, length, cigar, seq, qual, first, second, right, order, start,
    by_genome, duplex, min_reads, min_strand, max_read_error, max_base_error, max_no_calls, model,
    widest, deepest, outcome, strands, first_end, read, at, size, out_base, out_quality, depths,
    rates,
):  # fmt: skip
    reads, kept = np.empty(deepest, np.int64), np.empty(deepest, np.int64)
    side, marks = np.empty(deepest, np.uint8), np.empty(deepest, np.uint64)
    lead = np.empty(widest)
    base, quality = np.empty((2, widest), np.uint8), np.empty((2, widest), np.uint8)
    depth, errors = np.empty((2, widest), np.int64), np.empty((2, widest), np.int64)
    joined, wrong = np.empty(widest, np.int64), np.empty(widest, np.int64)
    filled, unlike = 0, 0
    for m in range(start.size - 1):
        low, high = start[m], start[m + 1]
        read[2 * m] = read[2 * m + 1] = -1
        strands[m, 0] = strands[m, 1] = 0
        only_b = by_genome
        for k in range(low, high):
            strands[m, right[order[k]] if duplex else 0] += 1
            only_b = only_b and right[order[k]] == 1
        first_end[m] = 1 if only_b else 0
        outcome[m] = KEPT
        if high - low < min_reads:
            outcome[m] = FEW_READS
        elif (0 < strands[m, 0] < min_strand) or (0 < strands[m, 1] < min_strand):
            outcome[m] = FEW_STRAND_READS
        if outcome[m] != KEPT:
            continue
        undo = filled
        single = second[order[low]] < 0
        for end in range(1 if single else 2):
            count, e = 0, 2 * m + end
            for k in range(low, high):  # strand A first
                t = order[k]
                b = by_genome and right[t] == 1
                if duplex and b and strands[m, 0]:
                    continue
                reads[count] = second[t] if (end == 1) != b else first[t]
                count += 1
            n_a = count
            if strands[m, 0] and strands[m, 1]:
                for k in range(low, high):
                    t = order[k]
                    if right[t] == 1:
                        reads[count] = first[t] if end == 1 else second[t]
                        count += 1
            back = flag[reads[0]] & REVERSE != 0
            paired, mate_start = False, 0
            if not single:  # all reads of an end, and all their mates, begin at one place
                t, i = order[low], reads[0]
                for k in range(low, high):  # the template of that read: of strand A, if any
                    if first[order[k]] == i or second[order[k]] == i:
                        t = order[k]
                        break
                j = second[t] if first[t] == i else first[t]
                mate_back = flag[j] & REVERSE != 0
                mate_start = five_prime(data, cigar[j], n_cigar[j], pos[j], flag[j])
                own = five_prime(data, cigar[i], n_cigar[i], pos[i], flag[i])
                ahead = mate_start <= own if back else mate_start >= own
                paired = tid[i] == tid[j] and mate_back != back and ahead
            n = 0
            split = 0
            for r in range(count):
                i = reads[r]
                bases = usable(
                    data, cigar[i], n_cigar[i], seq[i], qual[i], length[i], pos[i], flag[i],
                    mate_start, paired, model.min_base_q,
                )  # fmt: skip
                if bases:
                    reads[n], kept[n] = i, bases
                    n += 1
                    split += r < n_a
            fit = most_common(data, cigar, n_cigar, reads, n, kept, back, marks) if n else 0
            unlike += n - fit
            if split < n:  # back into the strands
                n_a = 0
                for r in range(fit):
                    is_first = flag[reads[r]] & 0x80 == 0
                    side[r] = 0 if is_first != (end == 1) else 1
                for r in range(fit):
                    if side[r] == 0:
                        i, bases = reads[r], kept[r]
                        for k in range(r, n_a, -1):
                            reads[k], kept[k], side[k] = reads[k - 1], kept[k - 1], side[k - 1]
                        reads[n_a], kept[n_a], side[n_a] = i, bases, 0
                        n_a += 1
            else:
                n_a = fit
            two = 0 < n_a < fit
            if (
                fit < min_reads
                or (n_a and n_a < min_strand)
                or (fit > n_a and fit - n_a < min_strand)
            ):
                outcome[m] = NO_BASES if fit == 0 else FEW_READS
                break
            # columns: what enough reads of a strand reach
            need = 1 if duplex else min_reads
            columns = widest
            for s in range(2):
                begin, stop = (0, n_a) if s == 0 else (n_a, fit)
                if begin == stop:
                    continue
                if need == 1:
                    reach = 0
                    for r in range(begin, stop):
                        reach = max(reach, kept[r])
                else:
                    reach = np.sort(kept[begin:stop])[stop - begin - need]
                columns = min(columns, reach)
            best = -1
            for r in range(fit):
                if kept[r] >= columns:
                    i = reads[r]
                    if best < 0 or _clipped(data, cigar[i], n_cigar[i]) < _clipped(
                        data, cigar[best], n_cigar[best]
                    ):
                        best = i
            if columns == 0 or best < 0:
                outcome[m] = NO_BASES
                break
            for s in range(2):
                begin, stop = (0, n_a) if s == 0 else (n_a, fit)
                if begin < stop:
                    one_strand(
                        data, seq, qual, length, reads, kept, begin, stop, back, columns, model,
                        lead, base[s], quality[s], depth[s], errors[s],
                    )  # fmt: skip
                    rates[e, 1 + s] = _summary(
                        depth[s], errors[s], columns, depths[e, 2 + 2 * s :], depths[e, 3 + 2 * s :]
                    )
                else:
                    depths[e, 2 + 2 * s] = depths[e, 3 + 2 * s] = 0
                    rates[e, 1 + s] = 0.0
            to_base = out_base[filled : filled + columns]
            to_quality = out_quality[filled : filled + columns]
            if two:
                both_strands(
                    data, seq, qual, length, reads, kept, n_a, fit, back, columns,
                    model.min_base_q, base, quality, depth, errors, to_base, to_quality, wrong,
                )  # fmt: skip
                for c in range(columns):
                    joined[c] = depth[0, c] + depth[1, c]
            else:
                s = 0 if n_a else 1
                for c in range(columns):
                    to_base[c], to_quality[c] = base[s, c], quality[s, c]
                    joined[c], wrong[c] = depth[s, c], errors[s, c]
            rates[e, 0] = _summary(joined, wrong, columns, depths[e, 0:], depths[e, 1:])
            if max(rates[e, 0], rates[e, 1], rates[e, 2]) > max_read_error:
                outcome[m] = READ_ERRORS
                break
            blank = 0
            for c in range(columns):
                mask = joined[c] < min_reads or wrong[c] > max_base_error * joined[c]
                if two and not mask:
                    mask = (
                        errors[0, c] > max_base_error * depth[0, c]
                        or errors[1, c] > max_base_error * depth[1, c]
                    )
                if mask:
                    to_base[c], to_quality[c] = NO_CALL, LOWEST
                blank += to_base[c] == NO_CALL
            if blank > max_no_calls * columns:
                outcome[m] = NO_CALLS
                break
            read[e], at[e], size[e] = best, filled, columns
            filled += columns
        if outcome[m] != KEPT:
            filled = undo
            read[2 * m] = read[2 * m + 1] = -1
    return filled, unlike


def call_consensus(
    chunk: Chunk, found: Molecules, settings: Mapping[str, Any], duplex: bool
) -> Consensus:
    """Consensus reads of a chunk's molecules.

    Parameters
    ----------
    chunk : Chunk
    found : Molecules
        Of that chunk.
    settings : dict
        The section `consensus`.
    duplex : bool
        Whether the two strands of a molecule are joined, each with a consensus of its own.
    """
    n = len(found)
    templates = found.templates
    most = int(np.diff(found.start).max()) if n else 1
    widest = int(chunk.length.max()) if len(chunk) else 1
    outcome, first_end = np.zeros(n, np.uint8), np.zeros(n, np.uint8)
    strands = np.zeros((n, 2), np.int32)
    read, at, size = (
        np.full(2 * n, -1, np.int64),
        np.zeros(2 * n, np.int64),
        np.zeros(2 * n, np.int64),
    )
    room = int(chunk.length.sum()) + 1
    base, quality = np.empty(room, np.uint8), np.empty(room, np.uint8)
    depths, rates = np.zeros((2 * n, 6), np.int32), np.zeros((2 * n, 3), np.float32)
    filled, unlike = _call(
        chunk.data, chunk.tid, chunk.pos, chunk.flag, chunk.n_cigar, chunk.length, chunk.cigar,
        chunk.seq, chunk.qual, templates.first, templates.second, templates.right, found.order,
        found.start, found.by_genome, duplex, settings["min_reads"], settings["min_strand_reads"],
        settings["max_read_error"], settings["max_base_error"], settings["max_no_calls"],
        model_of(settings), widest, most, outcome, strands, first_end, read, at, size, base,
        quality, depths, rates,
    )  # fmt: skip
    return Consensus(
        outcome, strands, first_end, read, at, size, base[:filled], quality[:filled], depths, rates,
        int(unlike),
    )  # fmt: skip
