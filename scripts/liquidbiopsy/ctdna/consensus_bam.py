"""Consensus reads as BAM records, on the alignment of the read of their family that fits best.

Tags as fgbio writes them: MI, RX, cD cM cE (most and fewest reads over a base, share of their bases
that differ), of a duplex library aD aM aE bD bM bE too, 0 where a strand was not read. NM and MD
are there where the reads had MD.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.consensus import Consensus
from liquidbiopsy.ctdna.molecules import Molecules
from liquidbiopsy.reads.chunks import FIRST, MATE_REVERSE, PAIRED, PROPER, REVERSE, SECOND, Chunk
from liquidbiopsy.reads.fields import DELETION, HARD, INSERTION, MATCH, SKIP, SOFT, TAKES_READ
from liquidbiopsy.reads.put import (
    TAG_ROOM,
    put_bytes,
    put_differences,
    put_digits,
    put_head,
    put_int32,
    put_tag,
    read_reference,
    span,
    unpack,
)


@nb.njit(cache=True, nogil=True)
def cut_cigar(ops, n, columns, back, cut):  # type: ignore[no-untyped-def]
    """CIGAR of a read's first `columns` bases from its 5' end.

    Returns
    -------
    n : int
        Operations written to `cut`; 0 where no base is aligned.
    skipped : int
        Reference bases left out before them on a reverse read.
    """
    taken, m = 0, 0
    for k in range(n):
        op = ops[n - 1 - k] if back else ops[k]
        kind, size = op & 15, op >> 4
        if kind == HARD:
            continue
        if TAKES_READ[kind]:
            if taken == columns:
                break
            size = min(size, columns - taken)
            taken += size
        cut[m] = size << 4 | kind
        m += 1
    while m and (cut[m - 1] & 15 == DELETION or cut[m - 1] & 15 == SKIP):
        m -= 1
    if m and cut[m - 1] & 15 == INSERTION:
        size = cut[m - 1] >> 4
        cut[m - 1] = size << 4 | SOFT
    aligned = False
    for k in range(m):
        kind = cut[k] & 15
        aligned = aligned or kind == MATCH or kind > 6
    if not aligned:
        return 0, 0
    skipped = span(ops, n) - span(cut, m) if back else 0
    if back:
        for k in range(m // 2):
            cut[k], cut[m - 1 - k] = cut[m - 1 - k], cut[k]
    return m, skipped


@nb.njit(cache=True, nogil=True)
def put_consensus_tags(  # type: ignore[no-untyped-def]
    out, at, number, code, lengths, turned, depths, rates, floats, duplex, group, group_size
):  # fmt: skip
    """Write RG, MI, RX and the tags of depth and error."""
    at = put_tag(out, at, 82, 71, 90)  # RG
    at = put_bytes(out, at, group, 0, group_size)
    out[at] = 0
    at = put_tag(out, at + 1, 77, 73, 90)  # MI
    at = put_digits(out, at, number)
    out[at] = 0
    at += 1
    one, two = lengths >> 8, lengths & 255
    if one + two:
        at = put_tag(out, at, 82, 88, 90)  # RX
        for part in range(2):
            left = (part == 0) != turned
            size, shift = (one, 2 * two) if left else (two, 0)
            if two == 0 and part == 1:
                break
            if part == 1:
                out[at] = 45
                at += 1
            for k in range(size - 1, -1, -1):
                letter = (code >> np.uint64(shift + 2 * k)) & np.uint64(3)
                out[at] = np.array([65, 67, 71, 84], np.uint8)[np.int64(letter)]
                at += 1
        out[at] = 0
        at += 1
    for s in range(3 if duplex else 1):
        letter = (99, 97, 98)[s]  # c, a, b
        at = put_int32(out, put_tag(out, at, letter, 68, 105), depths[2 * s])
        at = put_int32(out, put_tag(out, at, letter, 77, 105), depths[2 * s + 1])
        floats[0] = rates[s]
        at = put_bytes(out, put_tag(out, at, letter, 69, 102), floats.view(np.uint8), 0, 4)
    return at


@nb.njit(cache=True, nogil=True)
def _records(  # type: ignore[no-untyped-def]
    data, tid, pos, mapq, flag, n_cigar, length, cigar, seq, qual, tags, end, code, lengths,
    outcome, first_end, read, start, size, base, quality, depths, rates, before, by_genome, duplex,
    prefix, group, widest, most_ops, out,
):  # fmt: skip
    ops, cut = np.empty((2, most_ops), np.int64), np.empty((2, most_ops), np.int64)
    bases, quals = np.empty((2, widest), np.uint8), np.empty((2, widest), np.uint8)
    reference = np.empty((2, 4 * widest + 4096), np.uint8)
    known, n, place = np.empty(2, np.int64), np.empty(2, np.int64), np.empty(2, np.int64)
    skip = np.empty(2, np.int64)
    name, floats = np.empty(prefix.size + 24, np.uint8), np.empty(1, np.float32)
    at, unplaced = 0, 0
    for m in range(outcome.size):
        if outcome[m]:
            continue
        ends = 1 if read[2 * m + 1] < 0 else 2
        whole = True
        for e in range(ends):
            i = read[2 * m + e]
            unpack(
                data, cigar[i], n_cigar[i], seq[i], qual[i], length[i], ops[e], bases[e], quals[e]
            )
            reach = span(ops[e], n_cigar[i])
            known[e] = -1
            if reach <= reference.shape[1]:
                known[e] = read_reference(
                    data, tags[i], end[i], ops[e], n_cigar[i], bases[e], reference[e]
                )
            back = flag[i] & REVERSE != 0
            columns = size[2 * m + e]
            n[e], skipped = cut_cigar(ops[e], n_cigar[i], columns, back, cut[e])
            whole = whole and n[e] > 0
            place[e] = pos[i] + skipped
            skip[e] = 0  # places of `reference` before it
            left = skipped
            for k in range(n_cigar[i] if back else 0):
                kind, run = ops[e, k] & 15, ops[e, k] >> 4
                if left <= 0:
                    break
                if kind == SKIP:
                    left -= run
                elif kind in (MATCH, DELETION) or kind > 6:
                    skip[e] += min(run, left)
                    left -= run
            first = start[2 * m + e]
            for c in range(columns):
                to = columns - 1 - c if back else c
                bases[e, to], quals[e, to] = base[first + c], quality[first + c]
        if not whole:
            unplaced += 1
            continue
        number = before + m
        stop = put_bytes(name, 0, prefix, 0, prefix.size)
        stop = put_digits(name, stop, number)
        turned = by_genome and first_end[m] == 1
        for which in range(ends):  # the first read first
            e = which if ends == 1 or first_end[m] == 0 else 1 - which
            i = read[2 * m + e]
            f = flag[i] & REVERSE
            mate_tid, mate_pos, tlen = -1, np.int64(-1), np.int64(0)
            if ends == 2:
                j, o = read[2 * m + 1 - e], 1 - e
                f |= PAIRED | (FIRST if which == 0 else SECOND)
                if flag[j] & REVERSE:
                    f |= MATE_REVERSE
                mate_tid, mate_pos = tid[j], place[o]
                if tid[i] == tid[j]:
                    low = min(place[0], place[1])
                    high = max(place[0] + span(cut[0], n[0]), place[1] + span(cut[1], n[1]))
                    leads = place[e] < place[o] or (place[e] == place[o] and f & REVERSE == 0)
                    tlen = high - low if leads else low - high
                    if (flag[i] ^ flag[j]) & REVERSE and leads == (f & REVERSE == 0):
                        f |= PROPER
            record = at
            at = put_head(
                out, record, tid[i], place[e], mapq[i], f, mate_tid, mate_pos, tlen, name, 0, stop,
                cut[e], n[e], bases[e], quals[e], size[2 * m + e],
            )  # fmt: skip
            at = put_consensus_tags(
                out, at, number, code[m], np.int64(lengths[m]), turned, depths[2 * m + e],
                rates[2 * m + e], floats, duplex, group, group.size,
            )  # fmt: skip
            if known[e] >= 0:
                at = put_differences(out, at, cut[e], n[e], bases[e], reference[e], skip[e])
            put_int32(out, record, at - record - 4)
    return at, unplaced


def records_of(
    chunk: Chunk,
    found: Molecules,
    made: Consensus,
    before: int,
    duplex: bool,
    prefix: str,
    group: str,
) -> tuple[npt.NDArray[np.uint8], int]:
    """Consensus reads of a chunk as BAM records, the mates of a molecule together.

    Parameters
    ----------
    chunk, found, made
        What they are made from.
    before : int
        Molecules of the library before this chunk: their numbers go on from there.
    duplex : bool
        Whether to write the tags of the strands.
    prefix : str
        Begins the names of the reads, before the number.
    group : str
        Their read group.

    Returns
    -------
    records : array of uint8
    unplaced : int
        Molecules left out, as none of their bases that count is aligned.
    """
    used = made.read[made.read >= 0]
    tags = chunk.end[used] - chunk.tags[used]
    room = int(
        (2 * chunk.length[used] + 8 * chunk.n_cigar[used] + 3 * tags).sum()
        + len(used) * (TAG_ROOM + len(prefix) + len(group) + 64)
        + 4 * made.length[made.read >= 0].sum()
    )
    out = np.empty(room + 1024, np.uint8)
    widest = int(chunk.length.max()) if len(chunk) else 1
    ops = int(chunk.n_cigar.max()) + 2 if len(chunk) else 2
    at, unplaced = _records(
        chunk.data, chunk.tid, chunk.pos, chunk.mapq, chunk.flag, chunk.n_cigar, chunk.length,
        chunk.cigar, chunk.seq, chunk.qual, chunk.tags, chunk.end, found.code, found.lengths,
        made.outcome, made.first_end, made.read, made.at, made.length, made.base, made.quality,
        made.depth, made.error, before, found.by_genome, duplex,
        np.frombuffer(prefix.encode(), np.uint8), np.frombuffer(group.encode(), np.uint8),
        widest, ops, out,
    )  # fmt: skip
    return out[:at], int(unplaced)
