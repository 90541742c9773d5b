"""BAM records written by compiled code: numbers, tags, MD, bins, and a record from its parts."""

from __future__ import annotations

import numba as nb
import numpy as np

from liquidbiopsy.reads.chunks import int32_at
from liquidbiopsy.reads.fields import (
    DELETION,
    DIFFERENT,
    EQUAL,
    INSERTION,
    MATCH,
    TAKES_READ,
    TAKES_REFERENCE,
    text_tag,
)

LETTERS = np.frombuffer(b"=ACMGRSVTWYHKDBN", np.uint8)
OPERATORS = np.frombuffer(b"MIDNSHP=X", np.uint8)
TAG_ROOM = 256  # bytes that the tags of a consensus read take at the most, beside texts


def _packed() -> np.ndarray:
    table = np.full(256, 15, np.uint8)
    for code, letter in enumerate(LETTERS):
        table[letter] = table[ord(chr(letter).lower())] = code
    return table


PACKED_OF = _packed()
"""Letter -> base as BAM packs it."""


@nb.njit(cache=True, nogil=True)
def put_int32(out, at, value):  # type: ignore[no-untyped-def]
    """Write a number; the place after it."""
    for k in range(4):
        out[at + k] = (np.int64(value) >> (8 * k)) & 255
    return at + 4


@nb.njit(cache=True, nogil=True)
def put_digits(out, at, value):  # type: ignore[no-untyped-def]
    """Write a whole number >= 0 in digits."""
    size, rest = 1, np.int64(value) // 10
    while rest:
        size, rest = size + 1, rest // 10
    rest = np.int64(value)
    for k in range(size - 1, -1, -1):
        out[at + k] = 48 + rest % 10
        rest //= 10
    return at + size


@nb.njit(cache=True, nogil=True)
def put_tag(out, at, first, second, kind):  # type: ignore[no-untyped-def]
    """Write a tag's name and type."""
    out[at], out[at + 1], out[at + 2] = first, second, kind
    return at + 3


@nb.njit(cache=True, nogil=True)
def put_bytes(out, at, data, start, stop):  # type: ignore[no-untyped-def]
    """Copy bytes."""
    for k in range(start, stop):
        out[at + k - start] = data[k]
    return at + stop - start


@nb.njit(cache=True, nogil=True)
def bin_of(start, end):  # type: ignore[no-untyped-def]
    """Bin of an alignment as the BAM index counts them (section 5.3 of the specification)."""
    last = end - 1
    for shift, first in ((14, 4681), (17, 585), (20, 73), (23, 9), (26, 1)):
        if start >> shift == last >> shift:
            return first + (start >> shift)
    return 0


@nb.njit(cache=True, nogil=True)
def span(ops, n):  # type: ignore[no-untyped-def]
    """Reference bases that CIGAR operations cover."""
    total = 0
    for k in range(n):
        total += (ops[k] >> 4) * TAKES_REFERENCE[ops[k] & 15]
    return total


@nb.njit(cache=True, nogil=True)
def put_cigar_text(out, at, ops, n):  # type: ignore[no-untyped-def]
    """Write CIGAR operations in letters."""
    for k in range(n):
        at = put_digits(out, at, ops[k] >> 4)
        out[at] = OPERATORS[ops[k] & 15]
        at += 1
    return at


@nb.njit(cache=True, nogil=True)
def put_head(  # type: ignore[no-untyped-def]
    out, at, tid, pos, mapq, flag, mate_tid, mate_pos, tlen, data, name, name_end, ops, n, base,
    quality, length,
):  # fmt: skip
    """Write all of a record but its size and its tags; `at` is the place of its size.

    `name_end` is one past the name's letters; `base` and `quality` are of its `length` bases.
    """
    end = pos + max(span(ops, n), 1)
    at = put_int32(out, at + 4, tid)
    at = put_int32(out, at, pos)
    out[at], out[at + 1] = name_end - name + 1, mapq
    where = bin_of(max(pos, 0), max(end, 1)) if pos >= 0 else 4680
    out[at + 2], out[at + 3] = where & 255, where >> 8
    out[at + 4], out[at + 5] = n & 255, n >> 8
    out[at + 6], out[at + 7] = flag & 255, flag >> 8
    at = put_int32(out, at + 8, length)
    at = put_int32(out, at, mate_tid)
    at = put_int32(out, at, mate_pos)
    at = put_int32(out, at, tlen)
    at = put_bytes(out, at, data, name, name_end)
    out[at] = 0
    at += 1
    for k in range(n):
        at = put_int32(out, at, ops[k])
    for k in range(0, length, 2):
        low = base[k + 1] if k + 1 < length else 0
        out[at] = (np.int64(base[k]) << 4) | low
        at += 1
    for k in range(length):
        out[at + k] = quality[k]
    return at + length


@nb.njit(cache=True, nogil=True)
def read_reference(data, tags, end, ops, n, base, reference):  # type: ignore[no-untyped-def]
    """Reference bases under an alignment's matches and deletions, from its MD tag.

    Fills `reference` (as BAM packs bases) and gives their number; -1 without a tag that fits.
    """
    at, stop = text_tag(data, tags, end, 77, 68)  # MD
    if at < 0:
        return -1
    same, filled, taken = np.int64(-1), 0, 0
    for k in range(n):
        kind, size = ops[k] & 15, ops[k] >> 4
        if kind in (MATCH, EQUAL, DIFFERENT):
            for _ in range(size):
                while same <= 0:  # a run of digits, then a letter
                    if same < 0 or (at < stop and 48 <= data[at] <= 57):
                        same = 0
                        while at < stop and 48 <= data[at] <= 57:
                            same = same * 10 + data[at] - 48
                            at += 1
                        if same > 0:
                            break
                    if at >= stop or data[at] == 94:
                        return -1
                    break
                if same > 0:
                    reference[filled] = base[taken]
                    same -= 1
                else:
                    reference[filled] = PACKED_OF[data[at]]
                    at += 1
                    same = -1
                taken += 1
                filled += 1
        elif kind == DELETION:
            if same < 0:
                same = 0
                while at < stop and 48 <= data[at] <= 57:
                    same = same * 10 + data[at] - 48
                    at += 1
            while same == 0 and at < stop and data[at] == 48:
                at += 1
            if same > 0 or at >= stop or data[at] != 94:
                return -1
            at += 1
            for _ in range(size):
                if at >= stop:
                    return -1
                reference[filled] = PACKED_OF[data[at]]
                at += 1
                filled += 1
            same = -1
        else:
            taken += size * TAKES_READ[kind]
    return filled


@nb.njit(cache=True, nogil=True)
def put_differences(out, at, ops, n, base, reference, first):  # type: ignore[no-untyped-def]
    """Write the tags NM and MD of an alignment; `first` is its first place in `reference`."""
    nm = 0
    nm_at = put_tag(out, at, 78, 77, 105)
    at = put_tag(out, nm_at + 4, 77, 68, 90)
    same, taken, r = 0, 0, first
    for k in range(n):
        kind, size = ops[k] & 15, ops[k] >> 4
        if kind in (MATCH, EQUAL, DIFFERENT):
            for _ in range(size):
                if base[taken] == reference[r] and base[taken] != 15:
                    same += 1
                else:
                    at = put_digits(out, at, same)
                    out[at] = LETTERS[reference[r]]
                    at, same, nm = at + 1, 0, nm + 1
                taken += 1
                r += 1
        elif kind == DELETION:
            at = put_digits(out, at, same)
            out[at] = 94
            at, same, nm = at + 1, 0, nm + size
            for _ in range(size):
                out[at] = LETTERS[reference[r]]
                at, r = at + 1, r + 1
        else:
            if kind == INSERTION:
                nm += size
            taken += size * TAKES_READ[kind]
    at = put_digits(out, at, same)
    out[at] = 0
    put_int32(out, nm_at, nm)
    return at + 1


@nb.njit(cache=True, nogil=True)
def unpack(data, cigar, n_cigar, seq, qual, length, ops, base, quality):  # type: ignore[no-untyped-def]
    """CIGAR operations, bases and qualities of a record into arrays."""
    for k in range(n_cigar):
        ops[k] = np.int64(int32_at(data, cigar + 4 * k)) & 0xFFFFFFFF
    for k in range(length):
        byte = np.int64(data[seq + (k >> 1)])
        base[k] = byte & 15 if k & 1 else byte >> 4
        quality[k] = data[qual + k]
