"""Consensus of the reads of one strand and end of a molecule.

Reads are walked from their 5' ends. Column c of a forward read is its base c, of a reverse read
the c-th from its right; letters stay those of the genome's forward strand.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from liquidbiopsy.ctdna.likelihood import LOWEST, call_agreed, call_mixed
from liquidbiopsy.reads.chunks import REVERSE, int32_at
from liquidbiopsy.reads.fields import (
    DELETION,
    HARD,
    INSERTION,
    SKIP,
    TAKES_READ,
    five_prime,
)

NO_CALL = 15
INDEX = np.array([-1, 0, 1, -1, 2, -1, -1, -1, 3, -1, -1, -1, -1, -1, -1, -1], np.int8)
"""Base as BAM packs it -> 0 to 3, or -1."""
PACKED = np.array([1, 2, 4, 8], np.uint8)
CALLED = np.array([0, 1, 2, 0, 4, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0], np.uint8)
"""Base as BAM packs it, 0 where it is none of A, C, G, T."""


@nb.njit(cache=True, nogil=True)
def base_at(data, seq, at):  # type: ignore[no-untyped-def]
    """Base of a record as BAM packs it."""
    byte = data[seq + (at >> 1)]
    return np.int64(byte) & 15 if at & 1 else np.int64(byte) >> 4


@nb.njit(cache=True, nogil=True)
def bases_to(data, cigar, n_cigar, length, start, back, stop):  # type: ignore[no-untyped-def]
    """Bases of a read from its 5' end at `start` up to the reference position `stop`."""
    ref, taken = start, 0
    step = -1 if back else 1
    for k in range(n_cigar):
        op = int32_at(data, cigar + 4 * (n_cigar - 1 - k if back else k))
        kind, size = op & 15, (op >> 4) & 0xFFFFFFF
        if kind == INSERTION:
            taken += size
            continue
        left = (stop - ref) * step + 1  # positions up to the stop
        if left <= 0:
            break
        if kind != DELETION and kind != SKIP and kind != HARD:
            taken += min(size, left)
        ref += step * size
    return min(taken, length)


@nb.njit(cache=True, nogil=True)
def usable(  # type: ignore[no-untyped-def]
    data, cigar, n_cigar, seq, qual, length, pos, flag, mate_start, paired, min_q
):  # fmt: skip
    """Bases of a read that count: not beyond its mate's start, up to the last good one.

    `paired` says whether mate_start bounds it: of mates that face each other.
    """
    back = flag & REVERSE != 0
    kept = length
    if paired:
        start = five_prime(data, cigar, n_cigar, pos, flag)
        if (mate_start - start) * (-1 if back else 1) + 1 < length or n_cigar > 1:
            kept = bases_to(data, cigar, n_cigar, length, start, back, mate_start)
    while kept > 0:
        at = length - kept if back else kept - 1
        if data[qual + at] >= min_q and CALLED[base_at(data, seq, at)]:
            break
        kept -= 1
    return kept


@nb.njit(cache=True, nogil=True)
def indels(data, cigar, n_cigar, back, limit):  # type: ignore[no-untyped-def]
    """A number for the insertions, deletions and skips among a read's first `limit` bases."""
    if n_cigar < 3:
        return np.uint64(0)
    found, at = np.uint64(0), 0
    for k in range(n_cigar):
        op = int32_at(data, cigar + 4 * (n_cigar - 1 - k if back else k))
        kind, size = op & 15, (op >> 4) & 0xFFFFFFF
        if kind in (INSERTION, DELETION, SKIP):
            if at >= limit:
                break
            event = (np.uint64(at) << np.uint64(32)) | np.uint64(op & 0xFFFFFFFF)
            found = (found ^ event) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1)
            found ^= found >> np.uint64(29)
        at += size * TAKES_READ[kind]
    return found


@nb.njit(cache=True, nogil=True)
def most_common(data, cigar, n_cigar, reads, count, kept, back, marks):  # type: ignore[no-untyped-def]
    """Put the reads that share the most common indels first; the number of them.

    Shorter reads that agree as far as they go are among them. Of equally common alignments the
    one of the first read is taken. `reads` and `kept` are put in a new order, the same for both.
    """
    plain = True
    for r in range(count):
        marks[r] = indels(data, cigar[reads[r]], n_cigar[reads[r]], back, kept[r])
        plain = plain and marks[r] == 0
    if plain:
        return count
    best, votes = 0, 0
    for r in range(count):
        if marks[r] == marks[best] and r > 0:
            continue
        same = 0
        for k in range(count):
            same += marks[k] == marks[r]
        if same > votes:
            best, votes = r, same
    mark, longest = marks[best], best
    for r in range(count):
        if marks[r] == mark and kept[r] > kept[longest]:
            longest = r
    model, reach = reads[longest], kept[longest]
    fit = 0
    for r in range(count):
        agrees = marks[r] == mark
        if not agrees and kept[r] < reach:
            agrees = marks[r] == indels(data, cigar[model], n_cigar[model], back, kept[r])
        if agrees:
            i, n, m = reads[r], kept[r], marks[r]
            for k in range(r, fit, -1):  # the others move up, in their order
                reads[k], kept[k], marks[k] = reads[k - 1], kept[k - 1], marks[k - 1]
            reads[fit], kept[fit], marks[fit] = i, n, m
            fit += 1
    return fit


@nb.njit(cache=True, nogil=True)
def tally(data, seq, qual, length, reads, kept, start, stop, back, at, min_q, seen):  # type: ignore[no-untyped-def]
    """Count the bases that reads `start` to `stop` show in a column."""
    seen[:] = 0
    for r in range(start, stop):
        if kept[r] > at:
            i = reads[r]
            place = length[i] - 1 - at if back else at
            if data[qual[i] + place] >= min_q:
                b = INDEX[base_at(data, seq[i], place)]
                if b >= 0:
                    seen[b] += 1


@nb.njit(cache=True, nogil=True)
def _mixed(  # type: ignore[no-untyped-def]
    data, seq, qual, length, reads, kept, start, stop, back, at, model, lead, seen
):  # fmt: skip
    """Base, quality and errors of a column where reads differ."""
    for b in range(4):
        lead[b], seen[b] = 0.0, 0
    total = 0
    for r in range(start, stop):
        if kept[r] > at:
            i = reads[r]
            place = length[i] - 1 - at if back else at
            q = data[qual[i] + place]
            if q >= model.min_base_q:
                b = INDEX[base_at(data, seq[i], place)]
                if b >= 0:
                    lead[b] += model.weight[q]
                    seen[b] += 1
                    total += 1
    base, q = call_mixed(lead, model.pre)
    if base < 0:
        return NO_CALL, LOWEST, total - max(max(seen[0], seen[1]), max(seen[2], seen[3]))
    return int(PACKED[base]), q, total - seen[base]


@nb.njit(cache=True, nogil=True)
def one_strand(  # type: ignore[no-untyped-def]
    data, seq, qual, length, reads, kept, start, stop, back, columns, model, lead, base, quality,
    depth, errors,
):  # fmt: skip
    """Consensus of the reads `start` to `stop` over so many columns.

    Writes `base` (as BAM packs it), `quality`, `depth` and `errors` of each column.
    """
    one = np.uint64(1)
    min_q = model.min_base_q
    for c in range(columns):
        base[c], depth[c], errors[c], lead[c] = 0, 0, 0, 0.0
    for r in range(start, stop):
        i, n = reads[r], min(kept[r], columns)
        step = -1 if back else 1
        at = np.uint64(length[i] - 1 if back else 0)
        first_seq, first_qual = np.uint64(seq[i]), np.uint64(qual[i])
        for c in range(n):
            byte = np.uint64(data[first_seq + (at >> one)])
            b = CALLED[(byte >> ((one - (at & one)) << np.uint64(2))) & np.uint64(15)]
            q = data[first_qual + at]
            if q >= min_q and b:
                base[c] |= b
                lead[c] += model.weight[q]
                depth[c] += 1
            at = np.uint64(np.int64(at) + step)
    single = stop - start == 1
    four, seen = np.empty(4), np.empty(4, np.int64)
    for c in range(columns):
        b = base[c]
        if b == 0:
            base[c], quality[c] = NO_CALL, LOWEST
            continue
        if b & (b - 1):
            found, q, wrong = _mixed(
                data, seq, qual, length, reads, kept, start, stop, back, c, model, four,
                seen,
            )  # fmt: skip
            base[c], errors[c] = found, wrong
        elif single:
            i = reads[start]
            q = int(model.single[data[qual[i] + (length[i] - 1 - c if back else c)]])
        else:
            q = call_agreed(lead[c], model)
        if q < model.min_consensus_q:
            base[c], q = NO_CALL, LOWEST
        quality[c] = q
