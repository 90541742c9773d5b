"""Substrings of a genome that stand at one place only: a rolling hash, and a table of what is seen.

A substring's hash is a polynomial modulo 2^64, and so is that of its reverse complement; the lesser
of both stands for the two. The genome is gone through once for each part of the hashes, so that the
table of one part fits into memory. Of the 3.1e9 substrings of a human genome, less than one pair is
expected to share a hash by chance.
"""

from __future__ import annotations

import numba as nb
import numpy as np

UNKNOWN = 4
"""In place of the number of a base, A 0 to T 3."""
FREE = np.uint32(0xFFFFFFFF)
"""In `seen`: nothing is in the slot yet."""
REPEATED = np.uint32(0xFFFFFFFE)  # what is in the slot was seen more than once
ELSEWHERE = np.uint32(0xFFFFFFFD)  # it was seen once, on a contig without tiles
FACTOR = np.uint64(0x9E6C63D0876A9A47)  # odd, so that it has an inverse
LETTERS = np.array(
    [0xD1B54A32D192ED03, 0xABC98388FB8FAC03, 0x8CB92BA72F3D8DD7, 0x2545F4914F6CDD1D], np.uint64
)
BATCH = 256  # hashes that are looked up together, in a loop of their own


@nb.njit(cache=True, nogil=True)
def inverse_of(number):  # type: ignore[no-untyped-def]
    """What an odd number is to be multiplied by for 1, modulo 2^64."""
    found = number  # right in three bits; each round doubles them
    for _ in range(5):
        found *= np.uint64(2) - number * found
    return found


@nb.njit(cache=True, nogil=True)
def mixed(number):  # type: ignore[no-untyped-def]
    """The same number with each bit spread over all; no two become one."""
    number = (number ^ (number >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    number = (number ^ (number >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return number ^ (number >> np.uint64(33))


@nb.njit(cache=True, nogil=True)
def add(codes, length, part, parts, tile, first, keys, seen):  # type: ignore[no-untyped-def]
    """Look at the substrings of a contig whose hashes are in a part.

    Parameters are the contig's bases (numbers, or UNKNOWN), the bases of a substring, which part of
    how many, the bases of a tile, the number of the contig's first tile (-1 without), and the
    table: the hash in each slot, and the tile of its substring while that was seen once. There must
    be a power of two slots, and more than there are substrings in the part.
    """
    inverse = inverse_of(FACTOR)
    powers = np.ones(length + 1, np.uint64)
    for k in range(length):
        powers[k + 1] = powers[k] * FACTOR
    gone, last = LETTERS * (np.uint64(0) - powers[length]), LETTERS * powers[length - 1]
    wide, own, half = np.uint64(parts), np.uint64(part), np.uint64(32)
    hashes, tiles = np.empty(BATCH, np.uint64), np.empty(BATCH, np.uint32)
    ahead, back = np.uint64(0), np.uint64(0)
    run, filled = 0, 0
    for place in range(codes.size):
        code = codes[place]
        if code == UNKNOWN:
            ahead, back, run = np.uint64(0), np.uint64(0), 0
            continue
        if run < length:
            ahead = ahead * FACTOR + LETTERS[code]
            back += LETTERS[3 - code] * powers[run]
            run += 1
            if run < length:
                continue
        else:
            old = codes[place - length]
            ahead = ahead * FACTOR + LETTERS[code] + gone[old]
            back = (back - LETTERS[3 - old]) * inverse + last[3 - code]
        number = mixed(min(ahead, back))
        if ((number >> half) * wide) >> half != own:
            continue
        hashes[filled] = number
        tiles[filled] = ELSEWHERE if first < 0 else first + (place - length + 1) // tile
        filled += 1
        if filled == BATCH:
            _put(hashes, tiles, filled, keys, seen)
            filled = 0
    _put(hashes, tiles, filled, keys, seen)


@nb.njit(cache=True, nogil=True)
def _put(hashes, tiles, filled, keys, seen):  # type: ignore[no-untyped-def]
    """Put hashes into the table, and tell those that are there already."""
    mask = np.uint64(keys.size - 1)
    for k in range(filled):
        slot = hashes[k] & mask
        while seen[slot] != FREE and keys[slot] != hashes[k]:
            slot = (slot + np.uint64(1)) & mask
        if seen[slot] == FREE:
            keys[slot], seen[slot] = hashes[k], tiles[k]
        else:
            seen[slot] = REPEATED


@nb.njit(cache=True, nogil=True)
def tally(seen, counts):  # type: ignore[no-untyped-def]
    """Add to each tile what was seen there and nowhere else."""
    for tile in seen:
        if tile < ELSEWHERE:
            counts[tile] += 1
