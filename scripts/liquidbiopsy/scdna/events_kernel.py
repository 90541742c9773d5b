"""Fewest events between copy-number profiles.

An event adds or takes one copy along neighbouring segments of a contig; what is lost for good does
not come back [1]_. From one profile to another the fewest are found exactly [2]_: where no segment
is lost for good they are half the variation of the difference along the contig, else a dynamic
programme over the losses at each segment finds them. Between two profiles, neither of which is the
other's ancestor, an ancestor is put that has whatever either has lost for good: their fewest
events, or a few more where such losses meet others. A doubling of the genome is one event [3]_.

References
----------
.. [1] Schwarz RF et al. Phylogenetic quantification of intra-tumour heterogeneity. PLoS Comput Biol
       2014;10:e1003535, doi:10.1371/journal.pcbi.1003535.
.. [2] Zeira R, Zehavi M, Shamir R. A linear-time algorithm for the copy number transformation
       problem. J Comput Biol 2017;24:1179-1194, doi:10.1089/cmb.2017.0060.
.. [3] Kaufmann TL et al. MEDICC2: whole-genome doubling aware copy-number phylogenies for cancer
       evolution. Genome Biol 2022;23:241, doi:10.1186/s13059-022-02794-9. Before the doubling
       is the profile from which the fewest events lead on, as in Zeira R, Mon G, Raphael BJ. Genome
       halving and aliquoting under the copy number distance. WABI 2021,
       doi:10.4230/LIPIcs.WABI.2021.18.
"""

from __future__ import annotations

import numba as nb
import numpy as np

NEVER = 1_000_000  # events, where there is no way


@nb.njit(cache=True, nogil=True)
def one_way(u, v, low, high):  # type: ignore[no-untyped-def]
    """Fewest events from one profile of a contig to another.

    Parameters
    ----------
    u, v : arrays of int64, shape (k,)
        Copies, 0 and more.
    low, high : int
        First segment of the contig, and one past its last.

    Returns
    -------
    int
        NEVER where `v` has copies of what `u` has lost.
    """
    most, lost = 0, False
    varies, before = 0, 0
    for i in range(low, high):
        if u[i] == 0:
            if v[i] > 0:
                return NEVER
            continue
        if v[i] == 0:
            lost = True
            most = max(most, u[i])
        else:
            most = max(most, u[i] - v[i])
            varies += abs(v[i] - u[i] - before)
            before = v[i] - u[i]
    if not lost:
        return (varies + abs(before)) // 2
    return _with_losses(u, v, low, high, most)


@nb.njit(cache=True, nogil=True)
def _with_losses(u, v, low, high, most):  # type: ignore[no-untyped-def]
    """Fewest events where segments are lost: least over the losses, 0 to `most`, at each segment.

    Gains are losses plus the difference; at what is lost for good they are whatever is cheapest.
    """
    cost, new = np.full(most + 1, NEVER), np.empty(most + 1, np.int64)
    cost[0] = 0
    gap, before = 0, 0
    for i in range(low, high):
        if u[i] == 0:
            continue
        if v[i] == 0:
            gap = max(gap, u[i])
            continue
        differs = v[i] - u[i]
        for e in range(most + 1):
            new[e] = NEVER
            if e < -differs or e > u[i] - 1:
                continue
            for d in range(most + 1):
                gains = max(0, e + differs - d - before)
                new[e] = min(new[e], cost[d] + max(0, max(gap, e) - d) + gains)
        cost[:] = new
        gap, before = 0, differs
    least = NEVER
    for d in range(most + 1):
        least = min(least, cost[d] + max(0, gap - d))
    return least


@nb.njit(cache=True, nogil=True)
def apart(u, v, low, high):  # type: ignore[no-untyped-def]
    """Fewest events by which two profiles of a contig come from an ancestor.

    Of two ancestors: the one profile with what it has lost as in the other, and the reverse.
    Parameters are as of `one_way`.
    """
    varies, before, meet = 0, 0, False
    for i in range(low, high):
        meet |= (u[i] == 0) != (v[i] == 0)
        if u[i] > 0 and v[i] > 0:
            varies += abs(v[i] - u[i] - before)
            before = v[i] - u[i]
    if not meet:
        return (varies + abs(before)) // 2
    a, b = u.copy(), v.copy()
    for i in range(low, high):
        a[i], b[i] = a[i] or v[i], b[i] or u[i]
    by_a = one_way(a, u, low, high) + one_way(a, v, low, high)
    return min(by_a, one_way(b, u, low, high) + one_way(b, v, low, high))


@nb.njit(cache=True, nogil=True)
def undoubled(v, normal, first):  # type: ignore[no-untyped-def]
    """Profile just before a doubling from which the fewest events lead to `v`.

    Parameters
    ----------
    v, normal : arrays of int64, shape (k,)
        The profile of today, and the normal one.
    first : array of int64, shape (contigs + 1,)
        First segment of each contig, and one past the last.

    Returns
    -------
    array of int64, shape (k,)
        Least in half the variation before and after, over all profiles along each contig.
    """
    k, states = v.size, max(v.max(), normal.max()) + 1
    out = np.empty(k, np.int64)
    cost, new = np.empty(states, np.int64), np.empty(states, np.int64)
    origin = np.empty((k, states), np.int64)
    for c in range(first.size - 1):
        low, high = first[c], first[c + 1]
        for i in range(low, high):
            for x in range(states):
                then, now = x - normal[i], v[i] - 2 * x
                if i == low:
                    new[x] = abs(then) + abs(now)
                    continue
                least, at = NEVER, 0
                for w in range(states):
                    other = abs(then - (w - normal[i - 1])) + abs(now - (v[i - 1] - 2 * w))
                    if cost[w] + other < least:
                        least, at = cost[w] + other, w
                new[x], origin[i, x] = least, at
            cost[:] = new
        for x in range(states):
            cost[x] += abs(x - normal[high - 1]) + abs(v[high - 1] - 2 * x)
        x = np.argmin(cost)
        for i in range(high - 1, low - 1, -1):
            out[i] = x
            x = origin[i, x]
    return out


@nb.njit(cache=True, nogil=True)
def doubled(profiles, normal, first):  # type: ignore[no-untyped-def]
    """Which profiles come from the normal one by fewer events if the genome was doubled.

    Parameters
    ----------
    profiles : array of int64, shape (n, k)
    normal : array of int64, shape (k,)
    first : array of int64, shape (contigs + 1,)

    Returns
    -------
    doubled : array of bool, shape (n,)
    before : array of int64, shape (n, k)
        Profiles just before the doubling.
    """
    found, before = np.zeros(len(profiles), np.bool_), np.empty_like(profiles)
    for row in range(len(profiles)):
        before[row] = undoubled(profiles[row], normal, first)
        plain, twice = 0, 1
        for c in range(first.size - 1):
            low, high = first[c], first[c + 1]
            plain += apart(normal, profiles[row], low, high)
            twice += apart(normal, before[row], low, high)
            twice += one_way(2 * before[row], profiles[row], low, high)
        found[row] = twice < plain
    return found, before


@nb.njit(cache=True, nogil=True)
def distances(profiles, twice, before, first, by_contig):  # type: ignore[no-untyped-def]
    """Fewest events between all profiles.

    Parameters
    ----------
    profiles : array of int64, shape (n, k)
    twice : array of bool, shape (n,)
        Whether its genome was doubled.
    before : array of int64, shape (n, k)
        Profiles just before that.
    first : array of int64, shape (contigs + 1,)
    by_contig : bool
        Whether contigs are kept apart.

    Returns
    -------
    array of int32, shape (contigs + 1 or 1, n, n)
        Events on each contig, and doublings in the last; or all together.
    """
    n, contigs = len(profiles), first.size - 1
    out = np.zeros((contigs + 1 if by_contig else 1, n, n), np.int32)
    ways = np.zeros((3, contigs + 1), np.int64)
    for i in range(n):
        for j in range(i + 1, n):
            ways[:] = 0
            for c in range(contigs):
                ways[0, c] = apart(profiles[i], profiles[j], first[c], first[c + 1])
            at = 0
            if twice[i] != twice[j]:
                a, b = (j, i) if twice[i] else (i, j)
                for c in range(contigs):
                    low, high = first[c], first[c + 1]
                    ways[1, c] = one_way(2 * profiles[a], profiles[b], low, high)
                    ways[2, c] = apart(profiles[a], before[b], low, high)
                    ways[2, c] += one_way(2 * before[b], profiles[b], low, high)
                ways[1, contigs] = ways[2, contigs] = 1
                at = int(np.argmin(ways.sum(axis=1)))
            for c in range(contigs + 1):
                out[c if by_contig else 0, i, j] += ways[at, c]
            for c in range(len(out)):
                out[c, j, i] = out[c, i, j]
    return out


@nb.njit(cache=True, nogil=True)
def to_own(cells, profiles, own, first):  # type: ignore[no-untyped-def]
    """Fewest events between each cell and the profile that is its own, shape (m,).

    Parameters
    ----------
    cells : array of int64, shape (m, k)
    profiles : array of int64, shape (g, k)
    own : array of int64, shape (m,)
        Index of each cell's profile.
    first : array of int64, shape (contigs + 1,)
    """
    out = np.zeros(len(cells), np.int64)
    for i in range(len(cells)):
        for c in range(first.size - 1):
            out[i] += apart(profiles[own[i]], cells[i], first[c], first[c + 1])
    return out
