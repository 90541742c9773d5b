"""Ends that reads have had already, kept while reads that start near can still come.

Reads come sorted by place. A slot belongs to one 5' end; it holds what has been seen there, in a
chain of entries, until an end some thousand bases on takes it over: memory hangs on depth, never on
the length of the file.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.reads.chunks import MATE_REVERSE, MATE_UNMAPPED, PAIRED, REVERSE
from liquidbiopsy.reads.fields import text_tag

SLOTS, REACH = 1 << 13, 4
"""Fewest slots, a power of two, and how often the longest fragment fits into them: reads of the
same ends are never so far apart in the file."""
BEFORE = 1 << 20  # bases before a contig's first one that a clipped end may lie
FREE, USED = 0, 1  # of `Ends.state`

Whole = npt.NDArray[np.int64]


class Ends(NamedTuple):
    """What has been seen; chains of entries by slot."""

    place: Whole
    """Contig and 5' end that own a slot, shape (slots,)."""
    head: Whole
    """First entry of a slot, -1 without, shape (slots,)."""
    other: Whole
    """The other end of an entry, shape (entries,)."""
    kind: Whole
    """Contig of the other end and strands of both, or that it is a fragment."""
    after: Whole
    """Next entry of the same slot or of those that are free, or -1."""
    state: Whole
    """First free entry or -1, and entries taken so far."""


def no_ends(longest: int) -> Ends:
    """Nothing seen yet, for fragments of so many bases at the most."""
    slots = max(SLOTS, 1 << (REACH * longest).bit_length())
    place, head = np.full(slots, -1, np.int64), np.full(slots, -1, np.int64)
    none = np.empty(0, np.int64)
    return Ends(place, head, none, none, none, np.array([-1, 0], np.int64))


def with_room(ends: Ends, more: int) -> Ends:
    """The same with room for so many entries more."""
    if ends.other.size - ends.state[USED] >= more:
        return ends
    size = 2 * ends.other.size + more
    other, kind, after = (np.resize(old, size) for old in (ends.other, ends.kind, ends.after))
    return Ends(ends.place, ends.head, other, kind, after, ends.state)


@nb.njit(cache=True, nogil=True)
def seen(ends, tid, five, other, kind):  # type: ignore[no-untyped-def]
    """1 where the same ends were seen before; else 0, and they are from now on."""
    head, after, state = ends.head, ends.after, ends.state
    owner = (np.int64(tid) << 34) + five + BEFORE
    slot = owner & (ends.place.size - 1)
    if ends.place[slot] != owner:
        last = head[slot]
        if last >= 0:  # its entries are free again
            while after[last] >= 0:
                last = after[last]
            after[last] = state[FREE]
            state[FREE] = head[slot]
        ends.place[slot], head[slot] = owner, -1
    entry = head[slot]
    while entry >= 0:
        if ends.other[entry] == other and ends.kind[entry] == kind:
            return 1
        entry = after[entry]
    entry = state[FREE]
    if entry >= 0:
        state[FREE] = after[entry]
    else:
        entry = state[USED]
        state[USED] += 1
    ends.other[entry], ends.kind[entry] = other, kind
    after[entry], head[slot] = head[slot], entry
    return 0


@nb.njit(cache=True, nogil=True)
def kind_of(flag, mate_tid):  # type: ignore[no-untyped-def]
    """Contig of a read's mate and strands of both in one even number; a fragment's is 1."""
    if flag & PAIRED == 0 or flag & MATE_UNMAPPED:
        return np.int64(2 if flag & REVERSE else 0)
    sides = (4 if flag & REVERSE else 0) + (2 if flag & MATE_REVERSE else 0)
    return ((np.int64(mate_tid) + 1) << 3) + sides


@nb.njit(cache=True, nogil=True)
def mate_five_prime(data, tags, end, flag, five, mate_pos, tlen):  # type: ignore[no-untyped-def]
    """5' end of a read's mate, clipped bases counted in, from its CIGAR in MC.

    Without MC it is the mate's leftmost aligned base or, of a reverse mate, what the template's
    length says. -1 where there is no mapped mate.
    """
    if flag & PAIRED == 0 or flag & MATE_UNMAPPED:
        return np.int64(-1)
    back = flag & MATE_REVERSE != 0
    at, stop = text_tag(data, tags, end, 77, 67)  # MC
    if at < 0 or data[at] < 48 or data[at] > 57:
        return np.int64(five + tlen - 1 if back and tlen > 0 else mate_pos)
    place, number, inner = np.int64(mate_pos), np.int64(0), False
    for k in range(at, stop):
        letter = data[k]
        if 48 <= letter <= 57:
            number = 10 * number + letter - 48
            continue
        if letter == 83 or letter == 72:  # S, H
            if not back and not inner:
                place -= number
            elif back and inner:
                place += number
        else:
            inner = True
            # M, D, N, = and X
            if back and (
                letter == 77 or letter == 68 or letter == 78 or letter == 61 or letter == 88
            ):
                place += number
        number = np.int64(0)
    return place - 1 if back else place
