"""What a BAM record says, read from a chunk's bytes by compiled code: tags, ends, mates, UMIs."""

from __future__ import annotations

import numba as nb
import numpy as np

from liquidbiopsy.reads.chunks import REVERSE, int32_at

MATCH, INSERTION, DELETION, SKIP, SOFT, HARD, PAD, EQUAL, DIFFERENT = range(9)
"""CIGAR operators as BAM numbers them."""
TAKES_READ = np.array([1, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0], np.int64)
TAKES_REFERENCE = np.array([1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0], np.int64)
UMI_OK, UMI_ABSENT, UMI_UNKNOWN_BASE, UMI_LONG = 0, 1, 2, 3
MAX_UMI = 32  # bases that two bits each fit into 64


def _two_bits() -> np.ndarray:
    table = np.full(256, 255, np.uint8)
    for code, letter in enumerate("ACGT"):
        table[ord(letter)] = table[ord(letter.lower())] = code
    return table


TWO_BITS = _two_bits()
"""Letter -> 0 to 3, or 255."""


@nb.njit(cache=True, nogil=True)
def after_tag(data, at, end):  # type: ignore[no-untyped-def]
    """Place after the tag that begins at `at`; `end` where its type is none of the format's."""
    kind = data[at + 2]
    at += 3
    if kind == 90 or kind == 72:  # Z, H
        while at < end and data[at] != 0:
            at += 1
        return at + 1
    if kind == 65 or kind == 99 or kind == 67:  # A, c, C
        return at + 1
    if kind == 115 or kind == 83:  # s, S
        return at + 2
    if kind == 105 or kind == 73 or kind == 102:  # i, I, f
        return at + 4
    if kind == 66:  # B
        sub = data[at]
        size = 1 if sub == 99 or sub == 67 else (2 if sub == 115 or sub == 83 else 4)
        return at + 5 + size * np.int64(int32_at(data, at + 1))
    return end


@nb.njit(cache=True, nogil=True)
def tag_at(data, at, end, first, second):  # type: ignore[no-untyped-def]
    """Place of a tag's type letter among the tags between `at` and `end`, or -1."""
    while at + 3 < end:
        if data[at] == first and data[at + 1] == second:
            return at + 2
        at = after_tag(data, at, end)
    return -1


@nb.njit(cache=True, nogil=True)
def text_tag(data, at, end, first, second):  # type: ignore[no-untyped-def]
    """First place and one past the last of a text tag's letters; (-1, -1) without it."""
    at = tag_at(data, at, end, first, second)
    if at < 0 or data[at] != 90:
        return np.int64(-1), np.int64(-1)
    start = at + 1
    stop = start
    while stop < end and data[stop] != 0:
        stop += 1
    return np.int64(start), np.int64(stop)


@nb.njit(cache=True, nogil=True)
def reach_of(data, cigar, n_cigar):  # type: ignore[no-untyped-def]
    """Reference bases that a record covers."""
    reach = 0
    for k in range(n_cigar):
        op = int32_at(data, cigar + 4 * k)
        reach += ((op >> 4) & 0xFFFFFFF) * TAKES_REFERENCE[op & 15]
    return reach


@nb.njit(cache=True, nogil=True)
def five_prime(data, cigar, n_cigar, pos, flag):  # type: ignore[no-untyped-def]
    """Reference position of a mapped read's first sequenced base, clipped bases counted in.

    From 0; it may lie before the contig's first base. Reverse reads begin at their right end.
    """
    if flag & REVERSE == 0:
        at = pos
        for k in range(n_cigar):
            op = int32_at(data, cigar + 4 * k)
            if op & 15 != SOFT and op & 15 != HARD:
                break
            at -= (op >> 4) & 0xFFFFFFF
        return at
    at, inner = pos, False
    for k in range(n_cigar):
        op = int32_at(data, cigar + 4 * k)
        kind, length = op & 15, (op >> 4) & 0xFFFFFFF
        if kind in (SOFT, HARD):
            if inner:
                at += length
        else:
            inner = True
            at += length * TAKES_REFERENCE[kind]
    return at - 1


@nb.njit(cache=True, nogil=True)
def same_name(data, name, cigar, other, other_cigar):  # type: ignore[no-untyped-def]
    """Whether two records have one name."""
    length = cigar - name
    if length != other_cigar - other:
        return False
    for k in range(length - 2, -1, -1):  # noqa: SIM110 - names differ at their ends
        if data[name + k] != data[other + k]:
            return False
    return True


@nb.njit(cache=True, nogil=True)
def pack_umi(data, start, stop):  # type: ignore[no-untyped-def]
    """A UMI of one or two parts joined by `-` or `+`, two bits a base.

    Returns
    -------
    state : int
        `UMI_OK`, or why there is none.
    first, second : uint64
        The parts; the first base highest.
    first_length, second_length : int
        Their bases; the second is 0 where there is one part alone.
    """
    code, length = np.uint64(0), 0
    first, first_length, parts = np.uint64(0), 0, 0
    for at in range(start, stop):
        letter = data[at]
        if letter == 45 or letter == 43:
            if parts == 0:
                first, first_length = code, length
                code, length = np.uint64(0), 0
            parts += 1
            continue
        two = TWO_BITS[letter]
        if two == 255:
            return UMI_UNKNOWN_BASE, code, code, 0, 0
        code = (code << np.uint64(2)) | np.uint64(two)
        length += 1
    if length + first_length > MAX_UMI:
        return UMI_LONG, code, code, 0, 0
    if length + first_length == 0 or parts > 1:
        return UMI_ABSENT, code, code, 0, 0
    if parts == 0:
        return UMI_OK, code, np.uint64(0), length, 0
    return UMI_OK, first, code, first_length, length
