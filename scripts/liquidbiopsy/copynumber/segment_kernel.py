"""Cheapest piecewise constant levels of one or many rows with the same breakpoints, exactly.

The squares that levels leave, and a price for each breakpoint, are made least by dynamic
programming over where the last segment begins. A beginning that cannot become the best again is
left out, which is PELT [1]_; with several rows the squares of all are added, as in multipcf [2]_. A
contig with very many bins is first searched for places where means to both sides differ at all, at
several scales, as in the fast version of [2]_; each breakpoint then moves to its best place between
its neighbours.

References
----------
.. [1] Killick R, Fearnhead P, Eckley IA. Optimal detection of changepoints with a linear
       computational cost. J Am Stat Assoc 2012;107:1590-1598, doi:10.1080/01621459.2012.737745.
.. [2] Nilsen G et al. Copynumber: efficient algorithms for single- and multi-track copy number
       segmentation. BMC Genomics 2012;13:591, doi:10.1186/1471-2164-13-591.
"""

from __future__ import annotations

import numba as nb
import numpy as np

MANY = 2000  # bins of a contig from which not every place is tried
LENIENT = 0.25  # share of a price that must show at a place to both sides


@nb.njit(cache=True, nogil=True)
def cheapest(y, w, contigs, price, min_bins):  # type: ignore[no-untyped-def]
    """Segments of least cost.

    Parameters
    ----------
    y, w : arrays of float64, shape (m, n)
        Values, and weights that are one over the variance; weight 0 where nothing is known.
    contigs : array of int64, shape (c,)
        First bin of each contig, from 0 on.
    price : array of float64, shape (n,)
        What it costs that a segment begins at a bin, in units of the noise; over 0.
    min_bins : int
        Bins that a segment has at least, where its contig has so many.

    Returns
    -------
    array of int64, shape (k,)
        First bin of each segment; those of contigs are among them.
    """
    n = y.shape[1]
    first = np.empty(n, np.int64)
    count = 0
    for c in range(contigs.size):
        low = contigs[c]
        high = contigs[c + 1] if c + 1 < contigs.size else n
        total, weight = _cumulated(y[:, low:high], w[:, low:high])
        own, length = price[low:high], high - low
        places = _likely(total, weight, own, min_bins) if length > MANY else np.arange(length + 1)
        ends = _path(total, weight, places, own, min_bins)
        if length > MANY:
            _settle(total, weight, ends, min_bins)
        for k in range(ends.size - 1):
            first[count] = low + ends[k]
            count += 1
    return first[:count].copy()


@nb.njit(cache=True, nogil=True)
def _cumulated(y, w):  # type: ignore[no-untyped-def]
    """Sums of values and of weights up to each bin, shape (n + 1, m), rows beside each other."""
    m, n = y.shape
    total, weight = np.zeros((n + 1, m)), np.zeros((n + 1, m))
    for i in range(n):
        for row in range(m):
            total[i + 1, row] = total[i, row] + w[row, i] * y[row, i]
            weight[i + 1, row] = weight[i, row] + w[row, i]
    return total, weight


@nb.njit(cache=True, nogil=True)
def _explained(total, weight, low, high):  # type: ignore[no-untyped-def]
    """Squares that the rows' means over bins `low` to before `high` take up."""
    m = total.shape[1]
    a = b = c = d = 0.0  # apart, so that they need not wait for each other
    whole = m - m % 4
    for i in range(0, whole, 4):
        s = total[high, i] - total[low, i]
        a += s * s / max(weight[high, i] - weight[low, i], 1e-300)
        s = total[high, i + 1] - total[low, i + 1]
        b += s * s / max(weight[high, i + 1] - weight[low, i + 1], 1e-300)
        s = total[high, i + 2] - total[low, i + 2]
        c += s * s / max(weight[high, i + 2] - weight[low, i + 2], 1e-300)
        s = total[high, i + 3] - total[low, i + 3]
        d += s * s / max(weight[high, i + 3] - weight[low, i + 3], 1e-300)
    for i in range(whole, m):
        s = total[high, i] - total[low, i]
        a += s * s / max(weight[high, i] - weight[low, i], 1e-300)
    return (a + b) + (c + d)


@nb.njit(cache=True, nogil=True)
def _saved(total, weight, low, middle, high):  # type: ignore[no-untyped-def]
    """Squares that a breakpoint at `middle` saves between `low` and `high`."""
    apart = _explained(total, weight, low, middle) + _explained(total, weight, middle, high)
    return apart - _explained(total, weight, low, high)


@nb.njit(cache=True, nogil=True)
def _path(total, weight, places, price, min_bins):  # type: ignore[no-untyped-def]
    """Ends of the segments of one contig, 0 first; each at one of `places`, which hold 0 and n."""
    many, n, m = places.size, places[-1], total.shape[1]
    cost = np.full(many, np.inf)
    cost[0] = 0.0
    before = np.zeros(many, np.int64)
    useless_from = np.full(many, n + 1)  # the end from which another beginning is always better
    start, begun, value = np.empty(many, np.int64), np.empty(many), np.empty(many)
    below, under = np.empty(many), np.empty(many)  # of one row, side by side
    count, waiting = 0, 0
    for t in range(1, many):
        end = places[t]
        while waiting < t and (end - places[waiting] >= min_bins or waiting == 0):
            if cost[waiting] < np.inf:
                start[count] = waiting
                begun[count] = cost[waiting] + (price[places[waiting]] if waiting > 0 else 0.0)
                below[count], under[count] = total[places[waiting], 0], weight[places[waiting], 0]
                count += 1
            waiting += 1
        if end < n and end < min_bins:
            continue
        if m == 1:
            top, mass = total[end, 0], weight[end, 0] + 1e-300
            for k in range(count):
                step = top - below[k]
                value[k] = begun[k] - step * step / (mass - under[k])
        else:
            for k in range(count):
                value[k] = begun[k] - _explained(total, weight, places[start[k]], end)
        best = 0
        for k in range(1, count):
            if value[k] < value[best]:
                best = k
        cost[t], before[t] = value[best], start[best]
        if t == many - 1:
            break
        worse, kept = cost[t] + price[end], 0
        for k in range(count):
            s = start[k]
            if value[k] >= worse and end + min_bins < useless_from[s]:
                useless_from[s] = end + min_bins
            if useless_from[s] > places[t + 1]:
                start[kept], begun[kept] = s, begun[k]
                below[kept], under[kept] = below[k], under[k]
                kept += 1
        count = kept
    ends, k, t = np.empty(many, np.int64), many, many - 1
    while t > 0:
        k -= 1
        ends[k] = places[t]
        t = before[t]
    k -= 1
    ends[k] = 0
    return ends[k:].copy()


@nb.njit(cache=True, nogil=True)
def _likely(total, weight, price, min_bins):  # type: ignore[no-untyped-def]
    """Places where the means to both sides differ most, at some scale, and not by chance alone."""
    n, rows = total.shape[0] - 1, 0
    for row in range(total.shape[1]):
        rows += weight[n, row] > 0
    kept = np.zeros(n + 1, np.bool_)
    kept[0] = kept[n] = True
    seen = np.empty(n + 1)
    scale = min_bins
    while 2 * scale <= n:
        seen[:] = -1.0
        for t in range(min_bins, n - min_bins + 1):
            low, high = max(0, t - scale), min(n, t + scale)
            seen[t] = _saved(total, weight, low, t, high)
        near = max(scale // 2, 1)
        for t in range(min_bins, n - min_bins + 1):
            if seen[t] < rows + LENIENT * (price[t] - rows):
                continue
            top = True
            for other in range(max(0, t - near), min(n, t + near) + 1):
                if seen[other] > seen[t]:
                    top = False
                    break
            if top:
                kept[t] = True
        scale *= 2
    return np.flatnonzero(kept)


@nb.njit(cache=True, nogil=True)
def _settle(total, weight, ends, min_bins):  # type: ignore[no-untyped-def]
    """Move each breakpoint to its best place between its neighbours, until none moves."""
    for _ in range(10):
        moved = False
        for k in range(1, ends.size - 1):
            best, place = _saved(total, weight, ends[k - 1], ends[k], ends[k + 1]), ends[k]
            for t in range(ends[k - 1] + min_bins, ends[k + 1] - min_bins + 1):
                saved = _saved(total, weight, ends[k - 1], t, ends[k + 1])
                if saved > best + 1e-9:
                    best, place = saved, t
            moved = moved or place != ends[k]
            ends[k] = place
        if not moved:
            break


@nb.njit(cache=True, nogil=True)
def common_rest(y, w, first):  # type: ignore[no-untyped-def]
    """What the rows have left over together in each bin: of variance 1 where each is by itself.

    Parameters
    ----------
    y, w
        As in `cheapest`.
    first : array of int64, shape (k,)
        First bin of each segment.

    Returns
    -------
    rest, known : arrays of float64, shape (n,)
        `known` is 1 in bins that a row knows, else 0.
    """
    m, n = y.shape
    rest, count = np.zeros(n), np.zeros(n)
    for row in range(m):
        for k in range(first.size):
            stop = first[k + 1] if k + 1 < first.size else n
            weight, total = 0.0, 0.0
            for i in range(first[k], stop):
                weight += w[row, i]
                total += w[row, i] * y[row, i]
            for i in range(first[k], stop):
                if w[row, i] > 0:
                    rest[i] += (y[row, i] - total / weight) * np.sqrt(w[row, i])
                    count[i] += 1
    return rest / np.sqrt(np.maximum(count, 1.0)), (count > 0).astype(np.float64)
