"""UMIs of one position into molecules: by identity, adjacency, or the directional network.

An error in a UMI makes a rare neighbour of an abundant one. `directional` joins b to a where they
differ in at most k bases and count(a) >= 2 count(b) - 1, following such edges from the most
abundant UMI on [1]_. `adjacency` takes whole networks; in each, UMIs become leaders from the most
abundant on until every other is a neighbour of one of them, and goes to its most abundant such
neighbour: three here, since ACGT and AAAT do not reach ACAG, and ACAT, the next, does. Among
equally abundant UMIs the first by alphabet leads, so that neither the order of the reads nor a seed
matters.

::

    ACGT 456 ── ACAT 72 ── ACAG 1        identity     6 molecules
     ├ TCGT 2      │                     adjacency    3: ACGT (TCGT, CCGT), AAAT, ACAT (ACAG)
     └ CCGT 2   AAAT 90                  directional  2: ACGT (with ACAT, ACAG ...), AAAT

Neighbours are found by comparing all pairs while they are few; beyond that, of k + 1 parts of two
UMIs that differ in k bases one is equal, so only UMIs that share a part are compared.

References
----------
.. [1] Smith T, Heger A, Sudbery I. UMI-tools: modeling sequencing errors in Unique Molecular
       Identifiers to improve quantification accuracy. Genome Res 2017;27:491-499,
       doi:10.1101/gr.209601.116.
"""

from __future__ import annotations

import numba as nb
import numpy as np

IDENTITY, ADJACENCY, DIRECTIONAL = 0, 1, 2
FEW = 200  # UMIs at one position that are compared pair by pair
ODD = np.uint64(0x5555555555555555)


@nb.njit(cache=True, nogil=True)
def within(a, b, edits):  # type: ignore[no-untyped-def]
    """Whether two packed UMIs differ in at most so many bases."""
    x = a ^ b
    x = (x | (x >> np.uint64(1))) & ODD
    for _ in range(edits):
        x &= x - np.uint64(1) if x else np.uint64(0)
    return x == 0


@nb.njit(cache=True, nogil=True)
def by_abundance(counts):  # type: ignore[no-untyped-def]
    """Indices from the most abundant on, the equal in their order."""
    n = counts.size
    if n > 24:
        return np.argsort(-counts, kind="mergesort")
    order = np.empty(n, np.int64)
    for i in range(n):
        j = i
        while j > 0 and counts[order[j - 1]] < counts[i]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = i
    return order


@nb.njit(cache=True, nogil=True)
def index_parts(codes, length, edits):  # type: ignore[no-untyped-def]
    """UMIs in the order of each of their `edits + 1` parts, and where equals begin and end.

    Returns
    -------
    order : array of int64, shape (parts, UMIs)
        Indices of the UMIs, sorted by the part.
    low, high : array of int64, shape (parts, UMIs)
        Bounds in that order of the UMIs that share the part with each UMI.
    """
    n, parts = codes.size, edits + 1
    order, low = np.empty((parts, n), np.int64), np.empty((parts, n), np.int64)
    high = np.empty((parts, n), np.int64)
    for p in range(parts):
        first, stop = p * length // parts, (p + 1) * length // parts
        shift = np.uint64(2 * (length - stop))
        mask = np.uint64((1 << (2 * (stop - first))) - 1)
        part = (codes >> shift) & mask
        sorted_by = np.argsort(part, kind="mergesort")
        order[p] = sorted_by
        i = 0
        while i < n:
            j = i
            while j < n and part[sorted_by[j]] == part[sorted_by[i]]:
                j += 1
            for k in range(i, j):
                low[p, sorted_by[k]], high[p, sorted_by[k]] = i, j
            i = j
    return order, low, high


@nb.njit(cache=True, nogil=True)
def _reach(seed, codes, counts, edits, directed, index, leader, queue):  # type: ignore[no-untyped-def]
    """Give to `seed` all that edges lead to from it; the number of them, listed in `queue`."""
    order, low, high = index
    few = order.shape[1] == 0
    leader[seed], queue[0], n, at = seed, seed, 1, 0
    while at < n:
        a = queue[at]
        at += 1
        for p in range(1 if few else order.shape[0]):
            start, stop = (0, codes.size) if few else (low[p, a], high[p, a])
            for k in range(start, stop):
                b = k if few else order[p, k]
                if leader[b] >= 0 or (directed and counts[a] < 2 * counts[b] - 1):
                    continue
                if within(codes[a], codes[b], edits):
                    leader[b], queue[n] = seed, b
                    n += 1
    return n


@nb.njit(cache=True, nogil=True)
def _share(seed, members, codes, counts, edits, index, leader, seen):  # type: ignore[no-untyped-def]
    """Deal a network out among its fewest most abundant UMIs that reach all others."""
    order, low, high = index
    few = order.shape[1] == 0
    ranked = np.sort(members)
    ranked = ranked[by_abundance(counts[ranked])]
    left, leaders = ranked.size, 0
    while left > 0:  # the leads, marked as such first
        a = ranked[leaders]
        leaders += 1
        if not seen[a]:
            seen[a] = True
            left -= 1
        for p in range(1 if few else order.shape[0]):
            start, stop = (0, ranked.size) if few else (low[p, a], high[p, a])
            for k in range(start, stop):
                b = ranked[k] if few else order[p, k]
                if not seen[b] and leader[b] == seed and within(codes[a], codes[b], edits):
                    seen[b] = True
                    left -= 1
    leads = ranked[:leaders]
    for a in ranked:
        leader[a] = -2 - seed
    for a in leads:
        leader[a] = a
    for a in leads:
        for p in range(1 if few else order.shape[0]):
            start, stop = (0, ranked.size) if few else (low[p, a], high[p, a])
            for k in range(start, stop):
                b = ranked[k] if few else order[p, k]
                if leader[b] == -2 - seed and within(codes[a], codes[b], edits):
                    leader[b] = a


@nb.njit(cache=True, nogil=True)
def cluster(codes, counts, length, edits, strategy):  # type: ignore[no-untyped-def]
    """The UMI that leads each UMI's molecule.

    Parameters
    ----------
    codes : array of uint64
        Distinct UMIs of one length, two bits a base, ascending.
    counts : array of int64
        Reads, or pairs, of each.
    length : int
        Bases of a UMI.
    edits : int
        Bases in which neighbours may differ.
    strategy : int
        `IDENTITY`, `ADJACENCY` or `DIRECTIONAL`.

    Returns
    -------
    array of int64
        Index of the leading UMI of each, its own for a leader.
    """
    n = codes.size
    if n == 1 or strategy == IDENTITY or edits == 0:
        return np.arange(n)
    leader, queue = np.full(n, -1, np.int64), np.empty(n, np.int64)
    if n > FEW and edits < length:
        index = index_parts(codes, length, edits)
    else:
        none = np.empty((1, 0), np.int64)
        index = none, none, none
    seen = np.zeros(n if strategy == ADJACENCY else 0, np.bool_)
    for a in by_abundance(counts):
        if leader[a] == -1:
            directed = strategy == DIRECTIONAL
            found = _reach(a, codes, counts, edits, directed, index, leader, queue)
            if strategy == ADJACENCY and found > 1:
                _share(a, queue[:found], codes, counts, edits, index, leader, seen)
    return leader
