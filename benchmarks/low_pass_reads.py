"""Reads of a whole genome at low coverage for the speed benchmark, written fast and by place."""

from __future__ import annotations

from pathlib import Path

import numba as nb
import numpy as np

from liquidbiopsy.copynumber.own_contigs import BUILDS
from liquidbiopsy.ctdna.step_consensus import header_bytes
from liquidbiopsy.reads.bgzf import BgzfWriter
from liquidbiopsy.reads.put import put_cigar_text, put_digits, put_head, put_int32, put_tag

READ = 100
QUALITIES = np.array([37, 25, 11, 2], np.uint8)
SHARES = np.array([0.88, 0.08, 0.035, 0.005])
CLIP = 5  # bases
CLIPPED, POOR, TWICE = 0.03, 0.1, 0.05
"""Shares of reads that are clipped, of pairs that map badly, and of pairs that are duplicates."""
NAME = np.frombuffer(b"A00123:45:HXXXXDSX2:1:", np.uint8)
GROUP = np.frombuffer(b"library.1", np.uint8)


@nb.njit(cache=True)
def _records(  # type: ignore[no-untyped-def]
    tid, pair, second, clipped, start, size, number, mapq, twice, flagged, seed, ends, out
):  # fmt: skip
    """Records in their order, as an aligner and a marker of duplicates write them; the bytes."""
    np.random.seed(seed)
    at = 0
    base, quality = np.empty(READ, np.uint8), np.empty(READ, np.uint8)
    ops, mate_ops = np.empty(2, np.int64), np.empty(2, np.int64)
    name = np.empty(64, np.uint8)
    name[: NAME.size] = NAME
    for k in range(pair.size):
        m, right = pair[k], second[k]
        low, high = start[m], start[m] + size[m]
        length = min(READ, size[m])
        stop = put_digits(name, NAME.size, 1101 + number[m] % 500)
        name[stop] = 58
        stop = put_digits(name, stop + 1, 1000 + number[m] * 7919 % 30000)
        name[stop] = 58
        stop = put_digits(name, stop + 1, number[m])
        for c in range(length):
            u, step = np.random.random() * (1 - c / 2000), 0
            while step < 3 and u > ends[step]:
                step += 1
            base[c], quality[c] = 1 << np.random.randint(4), QUALITIES[step]
        clip = CLIP if clipped[k] else 0
        n, first = 1, high - length if right else low
        ops[0] = length << 4
        if clip:
            n = 2
            ops[0], ops[1] = clip << 4 | 4, (length - clip) << 4
            if right:
                ops[0], ops[1] = ops[1], ops[0]
            first += 0 if right else clip
        mate_ops[0] = length << 4
        turned = number[m] & 1
        flag = 0x3 | (0x10 if right else 0x20) | (0x40 if right == turned else 0x80)
        flag |= 0x400 if flagged and twice[m] else 0
        record = at
        at = put_head(
            out, record, tid, first, mapq[m], flag, tid, low if right else high - length,
            -size[m] if right else size[m], name, 0, stop, ops, n, base, quality, length,
        )  # fmt: skip
        at = put_int32(out, put_tag(out, at, 78, 77, 99), 0) - 3  # NM:c
        at = put_tag(out, at, 77, 68, 90)  # MD
        at = put_digits(out, at, length - clip)
        out[at] = 0
        at = put_tag(out, at + 1, 77, 67, 90)  # MC
        at = put_cigar_text(out, at, mate_ops, 1)
        out[at] = 0
        at = put_int32(out, put_tag(out, at + 1, 65, 83, 67), length - clip) - 3  # AS:C
        at = put_int32(out, put_tag(out, at, 88, 83, 67), 20) - 3  # XS:C
        at = put_tag(out, at, 82, 71, 90)  # RG
        for c in range(GROUP.size):
            out[at + c] = GROUP[c]
        at += GROUP.size
        out[at] = 0
        at += 1
        put_int32(out, record, at - record - 4)
    return at


def write_low_pass(path: Path, pairs: int, flagged: bool, seed: int = 1) -> int:
    """About so many pairs of 2 x 100 over GRCh38, sorted by place; the records written.

    Lengths of a plasma's fragments; some reads are clipped, some pairs map badly, some are
    duplicates, flagged or not. Names, qualities and tags are as BWA-MEM and a sequencer give them.
    """
    rng = np.random.default_rng(seed)
    contigs = {f"chr{k + 1}": size for k, size in enumerate(BUILDS["GRCh38"][:22])}
    text = "@HD\tVN:1.6\tSO:coordinate\n"
    text += "".join(f"@SQ\tSN:{name}\tLN:{size}\n" for name, size in contigs.items())
    text += "@RG\tID:library.1\tSM:plasma\n"
    total, written, block = sum(contigs.values()), 0, 100_000
    with BgzfWriter(str(path)) as out:
        out.write(header_bytes(text, contigs))
        for tid, bases in enumerate(contigs.values()):
            n = round(pairs * bases / total / (1 + TWICE))
            start = np.sort(rng.integers(10_000, bases - 20_000, n))
            size = np.clip(rng.normal(167, 25, n), 60, 400).astype(np.int64)
            again = rng.choice(n, round(n * TWICE), replace=False)
            twice = np.concatenate([np.zeros(n, np.bool_), np.ones(len(again), np.bool_)])
            start, size = np.append(start, start[again]), np.append(size, size[again])
            mapq = np.where(rng.random(start.size) < POOR, rng.integers(0, 20, start.size), 60)
            clipped = rng.random((2, start.size)) < CLIPPED
            left = start + CLIP * clipped[0]
            place = np.concatenate([left, start + size - np.minimum(size, READ)])
            order = np.argsort(place, kind="stable")
            pair, second = order % start.size, (order >= start.size).astype(np.int64)
            clipped = clipped.ravel()[order]
            number = rng.permutation(start.size)
            for at in range(0, order.size, block):
                part = slice(at, at + block)
                room = np.empty(len(pair[part]) * 400, np.uint8)
                used = _records(
                    tid, pair[part], second[part], clipped[part], start, size, number, mapq, twice,
                    flagged, seed + at + tid, np.cumsum(SHARES), room,
                )  # fmt: skip
                out.write(room[:used].data)
            written += order.size
    return written
