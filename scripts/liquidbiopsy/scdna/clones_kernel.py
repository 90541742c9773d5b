"""How far cells are from profiles, and the profiles in their middle.

Copies are bytes, in eighths of a copy, so that one code serves whole numbers and means of ratios.
A cell differs from a profile where it is more than half a copy off. What differs is counted in
runs: neighbouring segments of a contig, all over or all under the profile, are one event. A run
that is short, in bases times copies, is less than an event, so that a breakpoint a little off and
noise of a few bins are next to nothing.
"""

from __future__ import annotations

import numba as nb
import numpy as np

UNIT = 8  # steps of a copy
HALF = UNIT // 2  # more than this is a difference
UNKNOWN = 255
TOP = 248  # 31 copies: more count as that many
MOST = 5  # copies that a segment's difference counts at most
REACH = 3  # copies from which offsets count as one


@nb.njit(cache=True, nogil=True)
def cost(cell, profile, contig, length, price, full, limit):  # type: ignore[no-untyped-def]
    """What the differences of a cell from a profile cost.

    Parameters
    ----------
    cell, profile : array of uint8, shape (k,)
        In eighths of a copy; UNKNOWN where not known, which costs nothing and ends no run.
    contig : array of int, shape (k,)
    length : array of float64, shape (k,)
        Bases.
    price : array of float64, shape (k,)
        Of an event in each segment; a run's is the mean over its bases times copies.
    full : float
        Bases times copies from which a run is a whole event.
    limit : float
        Costs over this need not be exact.

    Returns
    -------
    float
    """
    found = weight = priced = 0.0
    sign, on = 0, -1
    for s in range(cell.size):
        if cell[s] == UNKNOWN or profile[s] == UNKNOWN:
            continue
        off = np.int64(cell[s]) - np.int64(profile[s])
        side = 1 if off > HALF else (-1 if off < -HALF else 0)
        if weight > 0 and (side != sign or contig[s] != on):
            found += min(weight / full, 1.0) * priced / weight
            weight = priced = 0.0
            if found > limit:
                return found
        if side != 0:
            own = length[s] * min(abs(off) / UNIT, MOST)
            weight += own
            priced += own * price[s]
        sign, on = side, contig[s]
    if weight > 0:
        found += min(weight / full, 1.0) * priced / weight
    return found


@nb.njit(cache=True, nogil=True)
def costs(cells, profiles, contig, length, price, full):  # type: ignore[no-untyped-def]
    """Costs of all cells' differences from all profiles, shape (m, g); see `cost`."""
    out = np.empty((len(cells), len(profiles)))
    for i in range(len(cells)):
        for g in range(len(profiles)):
            out[i, g] = cost(cells[i], profiles[g], contig, length, price, full, np.inf)
    return out


@nb.njit(cache=True, nogil=True)
def saved(cells, base, profile, contig, length, price, full):  # type: ignore[no-untyped-def]
    """What a profile saves each cell of the costs `base`; 0 where nothing; shape (m,)."""
    out = np.zeros(len(cells))
    for i in range(len(cells)):
        if base[i] > 0:
            own = cost(cells[i], profile, contig, length, price, full, base[i])
            out[i] = max(base[i] - own, 0.0)
    return out


@nb.njit(cache=True, nogil=True)
def middle(cells, members):  # type: ignore[no-untyped-def]
    """Lower median of members' copies in each segment, shape (k,); of two or one, the first's.

    With whole numbers it is what most members have, wherever more than half agree.
    """
    k = cells.shape[1]
    if members.size <= 2:
        out = cells[members[0]].copy()
        if members.size == 2:
            for s in range(k):
                if out[s] == UNKNOWN:
                    out[s] = cells[members[1], s]
        return out
    counts = np.zeros((k, 256), np.int32)
    for i in members:
        for s in range(k):
            counts[s, cells[i, s]] += 1
    out = np.full(k, UNKNOWN, np.uint8)
    for s in range(k):
        left = (members.size - counts[s, UNKNOWN] + 1) // 2
        for v in range(UNKNOWN):
            left -= counts[s, v]
            if left <= 0 and members.size > counts[s, UNKNOWN]:
                out[s] = v
                break
    return out


@nb.njit(cache=True, nogil=True)
def wrong(cells, clone, profiles):  # type: ignore[no-untyped-def]
    """How many cells differ from their clone's profile, and are known, in each segment."""
    k = cells.shape[1]
    off, known = np.zeros(k, np.int64), np.zeros(k, np.int64)
    for i in range(len(cells)):
        for s in range(k):
            p = profiles[clone[i], s]
            if cells[i, s] != UNKNOWN and p != UNKNOWN:
                known[s] += 1
                off[s] += abs(np.int64(cells[i, s]) - np.int64(p)) > HALF
    return off, known


@nb.njit(cache=True, nogil=True)
def shares(cells, profile, length):  # type: ignore[no-untyped-def]
    """Share of the bases in which each cell differs from a profile, shape (m,)."""
    out = np.zeros(len(cells))
    for i in range(len(cells)):
        off = known = 0.0
        for s in range(profile.size):
            if cells[i, s] != UNKNOWN and profile[s] != UNKNOWN:
                known += length[s]
                if abs(np.int64(cells[i, s]) - np.int64(profile[s])) > HALF:
                    off += length[s]
        out[i] = off / known if known > 0 else 1.0
    return out


@nb.njit(cache=True, nogil=True)
def offsets(cells, own):  # type: ignore[no-untyped-def]
    """Copies by which cells are off their own profiles, shape (m, k), int8; 0 where not known.

    Whole copies, at most REACH; `own` is of the cells' shape.
    """
    out = np.zeros(cells.shape, np.int8)
    for i in range(len(cells)):
        for s in range(cells.shape[1]):
            if cells[i, s] != UNKNOWN and own[i, s] != UNKNOWN:
                off = np.int64(cells[i, s]) - np.int64(own[i, s])
                whole = min((abs(off) + HALF - 1) // UNIT, REACH)
                out[i, s] = whole if off > 0 else -whole
    return out


@nb.njit(cache=True, nogil=True)
def markers(off, contig, length, full):  # type: ignore[no-untyped-def]
    """How often cells are so many copies off in each segment, and in how much of an event.

    Parameters
    ----------
    off : array of int8, shape (m, k)
        Of `offsets`.
    contig, length, full
        As in `cost`.

    Returns
    -------
    count : array of int64, shape (k, 2 REACH + 1)
        Cells; offsets from -REACH to REACH.
    weight : array of float64, of the same shape
        Sum over these cells of the size of the run, at most 1.
    """
    k = off.shape[1]
    count = np.zeros((k, 2 * REACH + 1), np.int64)
    weight = np.zeros((k, 2 * REACH + 1))
    for i in range(len(off)):
        begin, total, sign = 0, 0.0, 0
        for s in range(k + 1):
            side = np.sign(off[i, s]) if s < k else 0
            if s == k or side != sign or (s > 0 and contig[s] != contig[s - 1]):
                if sign != 0:
                    for t in range(begin, s):
                        count[t, REACH + off[i, t]] += 1
                        weight[t, REACH + off[i, t]] += min(total / full, 1.0)
                begin, total, sign = s, 0.0, side
            if side != 0:
                total += length[s] * abs(off[i, s])
    return count, weight


@nb.njit(cache=True, nogil=True)
def carriers(off, segment, at):  # type: ignore[no-untyped-def]
    """Whether each cell's offset in a segment is `at` less REACH, shape (m,)."""
    out = np.zeros(len(off), np.bool_)
    for i in range(len(off)):
        out[i] = off[i, segment] == at - REACH
    return out
