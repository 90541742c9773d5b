"""Records as they lie in memory, each looked at once: which bin it counts to, and its fragment."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.seen_ends import kind_of, mate_five_prime, seen
from liquidbiopsy.reads.chunks import (
    DUPLICATE,
    FAILED_QC,
    FIRST,
    MATE_UNMAPPED,
    PAIRED,
    PROPER,
    REVERSE,
    SECONDARY,
    SUPPLEMENTARY,
    UNMAPPED,
    int32_at,
)
from liquidbiopsy.reads.fields import HARD, SOFT, five_prime, reach_of

FATES = (
    "counted", "not_primary", "unmapped", "failed_qc", "flagged_duplicate", "elsewhere", "low_mapq",
    "outside",
)  # fmt: skip
"""What becomes of a record; those of `elsewhere` lie on contigs without bins, those `outside`
beyond the last bin of a contig."""
COUNTED, NOT_PRIMARY, NOT_MAPPED, FAILED, FLAGGED, ELSEWHERE, LOW_MAPQ, OUTSIDE = range(8)
NEVER, AUTO, ALWAYS = 0, 1, 2
"""Whether reads of the same ends are told apart from first ones; AUTO: until one is flagged."""
NEW, AGAIN = 0, 1
"""First axis of all that is counted: reads whose ends were not seen before, and others."""
LONG, NOT_READ, LEFT_OUT = 0, 1, 2  # of `Tallies.others`
TID, POS, UNSORTED, ANY_FLAGGED, BIN, PAIRS, PROPERS = range(7)  # of `Tallies.state`
END = 4  # bases of a motif
UNPLACED = -2  # in place of a contig of the bins

Whole = npt.NDArray[np.int64]


class Limits(NamedTuple):
    """Settings of the kernel, whole numbers."""

    min_mapq: int
    fragment_mapq: int
    duplicates: int
    max_length: int
    short_low: int
    short_high: int
    long_low: int
    long_high: int
    window_bp: int
    on_target: int
    """1: fragments that overlap no region are passed by; 0: those in one are in no window."""


class Grid(NamedTuple):
    """Where bins, windows and regions are; `first_*` have one entry more than there are contigs."""

    contig: Whole
    """Contig of the bins by the file's contig, or -1."""
    first_bin: Whole
    bin_start: Whole
    bin_end: Whole
    first_window: Whole
    first_region: Whole
    region_start: Whole
    region_end: Whole


class Tallies(NamedTuple):
    """What is counted; the first axis of four is NEW or AGAIN."""

    fates: Whole
    """Records by what became of them, shape (FATES,)."""
    reads: Whole
    """Reads that count by bin, shape (2, bins)."""
    lengths: Whole
    """Fragments by length, shape (2, max_length + 1)."""
    motifs: Whole
    """Ends by their first four bases, shape (2, 256)."""
    windows: Whole
    """Short and long fragments by window, shape (2, 2, windows)."""
    others: Whole
    """Fragments too long, ends clipped or unknown, fragments in no window, shape (2, 3)."""
    state: Whole
    """Last contig and place, whether they went back, whether a duplicate was flagged, last bin,
    reads of pairs and of proper pairs among the mapped ones, shape (7,).
    """


def _numbers() -> np.ndarray:
    table = np.full(16, 255, np.uint8)
    for number, code in enumerate((1, 2, 4, 8)):
        table[code] = number
    return table


NUMBER_OF = _numbers()
"""Base as BAM packs it -> 0 to 3 for A, C, G, T, or 255."""


@nb.njit(cache=True, nogil=True)
def last_at(starts, low, high, place):  # type: ignore[no-untyped-def]
    """Last of the sorted starts [low, high) that is not after a place; low - 1 where all are."""
    while low < high:
        middle = (low + high) // 2
        if starts[middle] <= place:
            low = middle + 1
        else:
            high = middle
    return low - 1


@nb.njit(cache=True, nogil=True)
def excluded(starts, ends, first, stop, low, high, start, end):  # type: ignore[no-untyped-def]
    """Whether a stretch lies in a region that itself lies in the window from start to end."""
    found = last_at(starts, first, stop, low)
    if found < first or high > ends[found]:
        return False
    return start <= starts[found] and ends[found] <= end


@nb.njit(cache=True, nogil=True)
def overlaps(starts, ends, first, stop, low, high):  # type: ignore[no-untyped-def]
    """Whether a stretch shares a base with a region."""
    found = last_at(starts, first, stop, high - 1)
    return found >= first and ends[found] > low


@nb.njit(cache=True, nogil=True)
def end_motif(data, seq, length, cigar, n_cigar, flag):  # type: ignore[no-untyped-def]
    """Number of a read's first four bases in its own direction, A 0 to T 3, the first highest.

    -1 where they are clipped, not all known, or not there.
    """
    if n_cigar == 0 or length < END:
        return -1
    back = flag & REVERSE != 0
    op = int32_at(data, cigar + 4 * (n_cigar - 1) if back else cigar) & 15
    if op in (SOFT, HARD):
        return -1
    found = 0
    for k in range(END):
        at = length - 1 - k if back else k
        byte = np.int64(data[seq + (at >> 1)])
        number = np.int64(NUMBER_OF[byte & 15 if at & 1 else byte >> 4])
        if number == 255:
            return -1
        found = 4 * found + (3 - number if back else number)
    return found


@nb.njit(cache=True, nogil=True)
def fate_of(min_mapq, contig, mapq, flag):  # type: ignore[no-untyped-def]
    """What becomes of a record, but for its bin."""
    if flag & (SECONDARY | SUPPLEMENTARY):
        return NOT_PRIMARY
    if flag & UNMAPPED or contig == UNPLACED:
        return NOT_MAPPED
    if flag & FAILED_QC:
        return FAILED
    if flag & DUPLICATE:
        return FLAGGED
    if contig < 0:
        return ELSEWHERE
    return LOW_MAPQ if mapq < min_mapq else COUNTED


@nb.njit(cache=True, nogil=True)
def tally(data, starts, contigs, limits, grid, ends, tallies):  # type: ignore[no-untyped-def]
    """Count records by the places of their size fields; the first that is damaged, or -1."""
    # arrays are taken out of their tuples once: passing tuples on costs more than the work
    contig_of, bin_start, bin_end = grid.contig, grid.bin_start, grid.bin_end
    first_region, region_start, region_end = grid.first_region, grid.region_start, grid.region_end
    fates, reads, lengths, motifs = tallies.fates, tallies.reads, tallies.lengths, tallies.motifs
    windows, others, state = tallies.windows, tallies.others, tallies.state
    last_tid, last_pos, near = state[TID], state[POS], state[BIN]
    any_flagged, pairs, propers = state[ANY_FLAGGED], state[PAIRS], state[PROPERS]
    for i in range(starts.size):
        at = starts[i]
        t, p = np.int64(int32_at(data, at + 4)), np.int64(int32_at(data, at + 8))
        packed, more = int32_at(data, at + 12), np.int64(int32_at(data, at + 16))
        mapq, n_cigar, f = np.int64(data[at + 13]), more & 0xFFFF, (more >> 16) & 0xFFFF
        length, mate_tid = np.int64(int32_at(data, at + 20)), np.int64(int32_at(data, at + 24))
        mate_pos, tlen = np.int64(int32_at(data, at + 28)), np.int64(int32_at(data, at + 32))
        end = at + 4 + int32_at(data, at)
        cigar = at + 36 + (packed & 0xFF)
        seq = cigar + 4 * n_cigar
        tags = seq + (length + 1) // 2 + length
        bad = length < 0 or tags > end or t < -1 or t >= contigs or p < -1
        if bad or mate_tid < -1 or mate_tid >= contigs or data[cigar - 1] != 0:
            return i
        if f & DUPLICATE:
            any_flagged = 1
        place = t if t >= 0 else np.int64(1) << 32
        if place < last_tid or (place == last_tid and p < last_pos):
            state[UNSORTED] = 1
        last_tid, last_pos = place, p
        contig = contig_of[t] if t >= 0 else UNPLACED
        fate = fate_of(limits.min_mapq, contig, mapq, f)
        if fate == COUNTED or fate > FAILED:
            pairs += f & PAIRED
            propers += f & PAIRED & (f >> 1)
            if contig >= 0:
                first, stop = grid.first_bin[contig], grid.first_bin[contig + 1]
                if not (first <= near < stop and bin_start[near] <= p < bin_end[near]):
                    near = last_at(bin_start, first, stop, p)
                    if near < first or p >= bin_end[near]:
                        near, fate = max(near, 0), OUTSIDE
        fates[fate] += 1
        if fate != COUNTED:
            continue
        watch = limits.duplicates == ALWAYS or (limits.duplicates == AUTO and any_flagged == 0)
        turn, five, other = NEW, np.int64(0), np.int64(0)
        if watch:
            five = np.int64(five_prime(data, cigar, n_cigar, p, f))
            other = mate_five_prime(data, tags, end, f, five, mate_pos, tlen)
            turn = seen(ends, t, five, other, kind_of(f, mate_tid))
        reads[turn, near] += 1
        size = abs(tlen)
        if f & (PAIRED | PROPER | MATE_UNMAPPED) != PAIRED | PROPER or mate_tid != t:
            continue
        if size == 0 or mapq < limits.fragment_mapq:
            continue
        low = p if tlen > 0 else p + reach_of(data, cigar, n_cigar) - size
        first, stop = first_region[contig], first_region[contig + 1]
        if limits.on_target and not overlaps(
            region_start, region_end, first, stop, low, low + size
        ):
            continue
        if size <= limits.max_length:
            motif = end_motif(data, seq, length, cigar, n_cigar, f)
            if motif < 0:
                others[turn, NOT_READ] += 1
            else:
                motifs[turn, motif] += 1
        if f & FIRST == 0:
            continue
        if watch:
            turn = seen(ends, t, min(five, other), max(five, other), np.int64(1))
        if size > limits.max_length:
            others[turn, LONG] += 1
            continue
        lengths[turn, size] += 1
        is_long = limits.long_low <= size <= limits.long_high
        if limits.on_target or not (is_long or limits.short_low <= size <= limits.short_high):
            continue
        number = max(2 * low + size, 0) // 2 // limits.window_bp
        window, start = grid.first_window[contig] + number, number * limits.window_bp
        if window >= grid.first_window[contig + 1]:
            continue
        if first < stop and excluded(
            region_start, region_end, first, stop, low, low + size, start,
            start + limits.window_bp,
        ):  # fmt: skip
            others[turn, LEFT_OUT] += 1
        else:
            windows[turn, 1 if is_long else 0, window] += 1
    state[TID], state[POS], state[BIN] = last_tid, last_pos, near
    state[ANY_FLAGGED], state[PAIRS], state[PROPERS] = any_flagged, pairs, propers
    return -1
