"""Reads of a duplex library for the speed benchmark, written fast and in template order."""

from __future__ import annotations

from pathlib import Path

import numba as nb
import numpy as np
import pysam

from liquidbiopsy.ctdna.step_consensus import header_bytes
from liquidbiopsy.reads.bgzf import BgzfWriter
from liquidbiopsy.reads.put import put_cigar_text, put_digits, put_head, put_int32, put_tag

READ, UMI, GENOME = 150, 8, 200_000
FAMILY, BOTTOM, UMI_ERROR, PCR_ERROR = 4.0, 0.5, 0.005, 2e-4
QUALITIES = np.array([37, 25, 11, 2], np.uint8)
SHARES = np.array([0.88, 0.08, 0.035, 0.005])
HEADER = "@HD\tVN:1.6\tSO:unsorted\tGO:query\tSS:unsorted:template-coordinate\n"


@nb.njit(cache=True)
def _pairs(genome, start, length, pairs, before, seed, ends, out):  # type: ignore[no-untyped-def]
    """Pairs of molecules as BAM records, in the order of the molecules; the bytes used."""
    np.random.seed(seed)
    at = 0
    base, quality = np.empty(READ, np.uint8), np.empty(READ, np.uint8)
    ops, letters = np.empty(1, np.int64), np.array([65, 67, 71, 84], np.uint8)
    name, umi = np.empty(40, np.uint8), np.empty(2 * UMI, np.int64)
    for m in range(start.size):
        for k in range(2 * UMI):
            umi[k] = np.random.randint(4)
        for copy in range(pairs[m]):
            bottom = np.random.random() < BOTTOM
            stop = put_digits(name, 0, before + m)
            name[stop] = 58
            stop = put_digits(name, stop + 1, copy)
            size = min(READ, length[m])
            ops[0] = size << 4
            mistake = np.random.randint(2 * UMI) if np.random.random() < 2 * UMI * UMI_ERROR else -1
            for read in range(2):
                left = (read == 0) != bottom
                first = start[m] if left else start[m] + length[m] - size
                for k in range(size):
                    cycle = k if left else size - 1 - k
                    u, step = np.random.random() * (1 - cycle / 2000), 0
                    while step < 3 and u > ends[step]:
                        step += 1
                    q = QUALITIES[step]
                    b = genome[first + k]
                    if np.random.random() < 10.0 ** (-0.1 * float(q)) + PCR_ERROR:
                        b = (b + 1 + np.random.randint(3)) % 4
                    base[k], quality[k] = 1 << b, q
                other = start[m] + length[m] - size if left else start[m]
                flag = 0x3 | (0x40 if read == 0 else 0x80) | (0x20 if left else 0x10)
                record = at
                at = put_head(
                    out, record, 0, first, 60, flag, 0, other, length[m] if left else -length[m],
                    name, 0, stop, ops, 1, base, quality, size,
                )  # fmt: skip
                at = put_tag(out, at, 82, 88, 90)
                for k in range(2 * UMI):
                    j = (k + UMI) % (2 * UMI) if bottom else k
                    if k == UMI:
                        out[at] = 45
                        at += 1
                    out[at] = letters[(umi[j] + (1 if j == mistake else 0)) % 4]
                    at += 1
                out[at] = 0
                at = put_tag(out, at + 1, 77, 67, 90)
                at = put_cigar_text(out, at, ops, 1)
                out[at] = 0
                at += 1
                put_int32(out, record, at - record - 4)
    return at


def write_reads(path: Path, pairs: int, seed: int = 1, one_locus: bool = False) -> int:
    """A library of about so many pairs, sorted by template coordinate; its molecules.

    Molecules of a plasma's lengths over 200 kb, or all at one position with the same ends; a
    geometric number of pairs each, half of them from the bottom strand; errors of sequencer, PCR
    and UMI.
    """
    rng = np.random.default_rng(seed)
    genome = rng.integers(0, 4, GENOME + 1000).astype(np.uint8)
    n = round(pairs / FAMILY)
    start = np.full(n, 1000) if one_locus else np.sort(rng.integers(0, GENOME, n))
    length = np.clip(rng.normal(167, 25, n), 110, 400).astype(np.int64)
    if one_locus:
        length[:] = 170
    order = np.lexsort((length, start))
    start, length = start[order], length[order]
    copies = rng.geometric(1 / FAMILY, n)
    contigs = {"chr1": GENOME + 1000}
    text = HEADER + "".join(f"@SQ\tSN:{name}\tLN:{size}\n" for name, size in contigs.items())
    ends, block = np.cumsum(SHARES), 5000
    with BgzfWriter(str(path)) as out:
        out.write(header_bytes(text, contigs))
        for at in range(0, n, block):
            part = slice(at, at + block)
            room = np.empty(int(copies[part].sum()) * 2 * 420, np.uint8)
            used = _pairs(
                genome, start[part], length[part], copies[part], at, seed + at, ends, room
            )
            out.write(room[:used].data)
    return n


def by_coordinate(path: Path) -> Path:
    """The same reads sorted by coordinate and indexed, as other tools want them."""
    target = path.with_suffix(".coordinate.bam")
    pysam.sort("--no-PG", "-o", str(target), str(path))
    pysam.index(str(target))
    return target
