"""Mates that overlap are reconciled, then clipped, so that a molecule is seen once at a place.

Where both mates cover a position and differ, both become N. Then the left mate is soft-clipped
behind the middle of the overlap and the right one before it; a middle that lies in or beside an
insertion or deletion is moved off it, so that neither mate loses it. NM, MD, MC and the mate's
place follow.

::

    ACGTACGTTACG───>                 ACGTACGTssss
         <───CGTNACGTAC      ->              ssssACGTAC
"""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.reads.chunks import PAIRED, REVERSE, UNMAPPED, Chunk
from liquidbiopsy.reads.fields import (
    DELETION,
    HARD,
    INSERTION,
    MATCH,
    SKIP,
    SOFT,
    TAKES_READ,
    TAKES_REFERENCE,
    after_tag,
    reach_of,
    same_name,
)
from liquidbiopsy.reads.put import (
    put_bytes,
    put_cigar_text,
    put_differences,
    put_head,
    put_int32,
    put_tag,
    read_reference,
    span,
    unpack,
)

NO_CALL, LOWEST = 15, 2
CLEAR = 3  # reference bases between an insertion or deletion and the middle


@nb.njit(cache=True, nogil=True)
def place_of(ops, n, pos, low, high, where):  # type: ignore[no-untyped-def]
    """Base of a read at each reference position from `low` to `high`; -1 where it has none."""
    where[: high - low] = -1
    ref, taken = pos, 0
    for k in range(n):
        kind, size = ops[k] & 15, ops[k] >> 4
        if kind == MATCH or kind > 6:
            for p in range(max(ref, low), min(ref + size, high)):
                where[p - low] = taken + p - ref
        ref += size * TAKES_REFERENCE[kind]
        taken += size * TAKES_READ[kind]


@nb.njit(cache=True, nogil=True)
def _beside_indel(ops, n, pos, at):  # type: ignore[no-untyped-def]
    """Whether an insertion, deletion or skip lies within `CLEAR` of a reference position."""
    ref = pos
    for k in range(n):
        kind, size = ops[k] & 15, ops[k] >> 4
        length = size * TAKES_REFERENCE[kind]
        gap = kind in (INSERTION, DELETION, SKIP)
        if gap and ref - CLEAR < at < ref + length + CLEAR:
            return True
        ref += length
    return False


@nb.njit(cache=True, nogil=True)
def clip(ops, n, pos, at, right, cut):  # type: ignore[no-untyped-def]
    """Soft-clip what lies from a reference position on (`right`), or before it.

    Returns
    -------
    n : int
        Operations written to `cut`; 0 where nothing would be left.
    first : int
        Reference bases clipped off the left.
    """
    m, soft, aligned = 0, 0, False
    ref = pos if right else pos + span(ops, n)  # from the end that stays, towards `at`
    for k in range(n):
        op = ops[k] if right else ops[n - 1 - k]
        kind, size = op & 15, op >> 4
        length = size * TAKES_REFERENCE[kind]
        left = max(at - ref if right else ref - at, 0)
        keep = min(size, left) if length else (size if left else 0)
        if kind in (HARD, SOFT):
            keep = size if m == 0 or (keep and kind == SOFT) else 0
        if keep:
            cut[m] = keep << 4 | kind
            m += 1
            aligned = aligned or kind == MATCH or kind > 6
        if TAKES_READ[kind]:
            soft += size - keep
        ref += length if right else -length
    if not aligned:
        return 0, 0
    while cut[m - 1] & 15 == DELETION or cut[m - 1] & 15 == SKIP or cut[m - 1] & 15 == INSERTION:
        if cut[m - 1] & 15 == INSERTION:
            soft += cut[m - 1] >> 4
        m -= 1
    if soft:
        if cut[m - 1] & 15 == SOFT:
            soft += cut[m - 1] >> 4
            m -= 1
        cut[m] = soft << 4 | SOFT
        m += 1
    if not right:
        for k in range(m // 2):
            cut[k], cut[m - 1 - k] = cut[m - 1 - k], cut[k]
    return m, 0 if right else span(ops, n) - span(cut, m)


@nb.njit(cache=True, nogil=True)
def _middle(ops, n, pos, low, high):  # type: ignore[no-untyped-def]
    """Where to part two mates: the middle of their overlap, or the nearest place off indels."""
    middle = low + (high - low + 1) // 2
    for away in range(high - low):
        for at in (middle - away, middle + away):
            if low <= at <= high:
                near = _beside_indel(ops[0], n[0], pos[0], at)
                if not near and not _beside_indel(ops[1], n[1], pos[1], at):
                    return at
    return middle


@nb.njit(cache=True, nogil=True)
def _reconcile(ops, n, pos, base, quality, low, high, where):  # type: ignore[no-untyped-def]
    """Make N of bases in which two reads differ, and give agreeing ones the better quality."""
    for e in range(2):
        place_of(ops[e], n[e], pos[e], low, high, where[e])
    differ = 0
    for p in range(high - low):
        a, b = where[0, p], where[1, p]
        if a < 0 or b < 0 or base[0, a] == NO_CALL or base[1, b] == NO_CALL:
            continue
        if base[0, a] == base[1, b]:
            better = max(quality[0, a], quality[1, b])
            quality[0, a], quality[1, b] = better, better
        else:
            differ += 1
            base[0, a], base[1, b] = NO_CALL, NO_CALL
            quality[0, a], quality[1, b] = LOWEST, LOWEST
    return differ


@nb.njit(cache=True, nogil=True)
def _put_tags(out, at, data, tags, end, all_of_them):  # type: ignore[no-untyped-def]
    """Copy the tags, or those but MC, NM and MD, which are written anew."""
    while tags + 3 < end:
        stop = after_tag(data, tags, end)
        a, b = data[tags], data[tags + 1]
        if a == 122 and b == 122:  # zz: tags that went through an aligner as one text
            for k in range(tags + 3, stop - 1, 2):
                out[at] = (data[k] - 65) << 4 | (data[k + 1] - 65)
                at += 1
        elif all_of_them or not ((a == 77 and (b == 67 or b == 68)) or (a == 78 and b == 77)):
            at = put_bytes(out, at, data, tags, stop)
        tags = stop
    return at


@nb.njit(cache=True, nogil=True)
def _settle(  # type: ignore[no-untyped-def]
    data, start, end, tid, pos, mapq, flag, mate_tid, tlen, n_cigar, length, name, cigar, seq, qual,
    tags, widest, most_ops, furthest, out,
):  # fmt: skip
    ops, cut = np.empty((2, most_ops), np.int64), np.empty((2, most_ops), np.int64)
    base, quality = np.empty((2, widest), np.uint8), np.empty((2, widest), np.uint8)
    reference, where = np.empty((2, furthest), np.uint8), np.empty((2, furthest), np.int64)
    n, place, known = np.empty(2, np.int64), np.empty(2, np.int64), np.empty(2, np.int64)
    first = np.empty(2, np.int64)
    at, i, differ, clipped, records = 0, 0, 0, 0, tid.size
    while i < records:
        j = i + 1
        pair = j < records and flag[i] & PAIRED
        pair = pair and same_name(data, name[i], cigar[i], name[j], cigar[j])
        if not pair or (flag[i] | flag[j]) & UNMAPPED:
            for k in range(i, j + 1 if pair else j):
                record = at
                at = put_bytes(out, at, data, start[k], tags[k])
                at = _put_tags(out, at, data, tags[k], end[k], True)
                put_int32(out, record, at - record - 4)
            i = j + 1 if pair else j
            continue
        for e in range(2):
            k = i + e
            unpack(
                data, cigar[k], n_cigar[k], seq[k], qual[k], length[k], ops[e], base[e], quality[e]
            )
            n[e], place[e], first[e] = n_cigar[k], pos[k], 0
            known[e] = read_reference(data, tags[k], end[k], ops[e], n[e], base[e], reference[e])
        low = max(pos[i], pos[j])
        high = min(pos[i] + span(ops[0], n[0]), pos[j] + span(ops[1], n[1]))
        if tid[i] == tid[j] and low < high:
            differ += _reconcile(ops, n, place, base, quality, low, high, where)
            middle = _middle(ops, n, place, low, high)
            left = 0 if pos[i] < pos[j] or (pos[i] == pos[j] and flag[i] & REVERSE == 0) else 1
            r = 1 - left
            n_left, _ = clip(ops[left], n[left], place[left], middle, True, cut[left])
            n_right, skipped = clip(ops[r], n[r], place[r], middle, False, cut[r])
            if n_left and n_right:  # else one would have nothing left
                clipped += 1
                behind = skipped
                for k in range(n[r]):  # skips have no place among the reference bases of MD
                    if behind <= 0:
                        break
                    kind, size = ops[r, k] & 15, ops[r, k] >> 4
                    if kind != SKIP:
                        first[r] += min(size * TAKES_REFERENCE[kind], behind)
                    behind -= size * TAKES_REFERENCE[kind]
                place[r] += skipped
                for k in range(n_left):
                    ops[left, k] = cut[left, k]
                for k in range(n_right):
                    ops[r, k] = cut[r, k]
                n[left], n[r] = n_left, n_right
        for e in range(2):
            k, o = i + e, 1 - e
            record = at
            at = put_head(
                out, record, tid[k], place[e], mapq[k], flag[k], mate_tid[k], place[o], tlen[k],
                data, name[k], cigar[k] - 1, ops[e], n[e], base[e], quality[e], length[k],
            )  # fmt: skip
            at = _put_tags(out, at, data, tags[k], end[k], False)
            at = put_tag(out, at, 77, 67, 90)  # MC
            at = put_cigar_text(out, at, ops[o], n[o])
            out[at] = 0
            at += 1
            if known[e] >= 0:
                at = put_differences(out, at, ops[e], n[e], base[e], reference[e], first[e])
            put_int32(out, record, at - record - 4)
        i += 2
    return at, differ, clipped


def settle(chunk: Chunk) -> tuple[npt.NDArray[np.uint8], int, int]:
    """Records with the overlap of mates settled; mates follow each other.

    Returns
    -------
    records : array of uint8
    differ : int
        Positions at which mates had different bases.
    clipped : int
        Pairs that were clipped.
    """
    if not len(chunk):
        return np.empty(0, np.uint8), 0, 0
    spread = chunk.n_cigar.astype(np.int64)
    room = int((chunk.end - chunk.start).sum() * 2 + (spread * 24).sum() + 128 * len(chunk))
    room += int(chunk.length.sum()) * 2
    furthest = int(_furthest(chunk.data, chunk.cigar, chunk.n_cigar)) + 1
    out = np.empty(room, np.uint8)
    at, differ, clipped = _settle(
        chunk.data, chunk.start, chunk.end, chunk.tid, chunk.pos, chunk.mapq, chunk.flag,
        chunk.mate_tid, chunk.tlen, chunk.n_cigar, chunk.length, chunk.name, chunk.cigar, chunk.seq,
        chunk.qual, chunk.tags, int(chunk.length.max()) + 1, int(spread.max()) + 4, furthest, out,
    )  # fmt: skip
    return out[:at], int(differ), int(clipped)


@nb.njit(cache=True, nogil=True)
def _furthest(data, cigar, n_cigar):  # type: ignore[no-untyped-def]
    most = 0
    for i in range(cigar.size):
        most = max(most, reach_of(data, cigar[i], n_cigar[i]))
    return most
