"""Noise of bins: outliers drawn in, and the variance that neighbouring bins have together.

Bins that stand alone far off their surroundings are drawn in before segmenting, as in [1]_; a run
of them, long enough to be a segment, is left as it is. The noise of one bin comes from differences
of neighbours, which breakpoints hardly touch. Where noise is not independent from bin to bin, means
of segments vary more than that says: so it is also measured in sums over several bins, about the
levels found, and the largest counts, as in [2]_.

References
----------
.. [1] Nilsen G et al. Copynumber: efficient algorithms for single- and multi-track copy number
       segmentation. BMC Genomics 2012;13:591, doi:10.1186/1471-2164-13-591.
.. [2] Dette H, Eckle T, Vetter M. Multiscale change point detection for dependent data. Scand J
       Stat 2020;47:1243-1274, doi:10.1111/sjos.12465.
"""

from __future__ import annotations

import numba as nb
import numpy as np

NORMAL = 1.4826  # a normal distribution's standard deviation over its median distance
REACH = 5  # bins to either side whose median a bin is held against
FARTHER = 1.0  # standard deviations that a run of bins must be beyond the limit to be kept
SCALES = (1, 2, 4, 8)  # bins in the sums
FEWEST = 20  # neighbours, or sums, below which nothing is said of noise
FAR = 4.0  # standard deviations, beyond which a bin counts no more to the variance
LEAST = 1e-5  # noise taken where there is none, as a share of the standard deviation


@nb.njit(cache=True, nogil=True)
def neighbour_noise(y, w, contig):  # type: ignore[no-untyped-def]
    """Standard deviation of a bin of weight 1, from differences of neighbours on a contig.

    Parameters
    ----------
    y, w : arrays of float64, shape (n,)
        Values and weights; weight 0 where nothing is known.
    contig : array of int, shape (n,)

    Returns
    -------
    float
        Infinite where fewer than 20 neighbours are known.
    """
    n = y.size
    steps = np.empty(n)
    count, last, total, squares, known = 0, -1, 0.0, 0.0, 0
    for i in range(n):
        if w[i] <= 0:
            continue
        total += y[i]
        squares += y[i] * y[i]
        known += 1
        if last >= 0 and contig[last] == contig[i]:
            steps[count] = abs(y[i] - y[last]) / np.sqrt(1 / w[i] + 1 / w[last])
            count += 1
        last = i
    if count < FEWEST:
        return np.inf
    spread = np.sqrt(max(squares / known - (total / known) ** 2, 0.0))
    return max(NORMAL * np.median(steps[:count]), LEAST * spread, 1e-12)


@nb.njit(cache=True, nogil=True)
def drawn_in(y, w, contig, noise, limit, run):  # type: ignore[no-untyped-def]
    """Values with outliers drawn in to `limit` standard deviations off the median around them.

    Parameters
    ----------
    y, w, contig
        As in `neighbour_noise`.
    noise : float
        Standard deviation of a bin of weight 1.
    limit : float
        In standard deviations.
    run : int
        So many neighbours that lie off to one side, all by one standard deviation more, stay.

    Returns
    -------
    array of float64, shape (n,)
    """
    out = y.copy()
    if not noise < np.inf:
        return out
    known = np.flatnonzero(w > 0)
    n = known.size
    middle, off, near = np.empty(n), np.empty(n), np.empty(2 * REACH + 1)
    for i in range(n):
        low, high = max(0, i - REACH), min(n, i + REACH + 1)
        while contig[known[low]] != contig[known[i]]:
            low += 1
        while contig[known[high - 1]] != contig[known[i]]:
            high -= 1
        middle[i] = _median(y, known, low, high, near)
        off[i] = (y[known[i]] - middle[i]) * np.sqrt(w[known[i]]) / noise
    i = 0
    while i < n:
        if abs(off[i]) <= limit:
            i += 1
            continue
        side = 1.0 if off[i] > 0 else -1.0
        stop, far = i, 0
        while stop < n and off[stop] * side > limit and contig[known[stop]] == contig[known[i]]:
            far += off[stop] * side > limit + FARTHER
            stop += 1
        if far < run:
            for k in range(i, stop):
                out[known[k]] = middle[k] + side * limit * noise / np.sqrt(w[known[k]])
        i = stop
    return out


@nb.njit(cache=True, nogil=True)
def _median(y, known, low, high, near):  # type: ignore[no-untyped-def]
    """Median of the values of a few bins, put in order in `near`."""
    n = high - low
    for i in range(n):
        value, k = y[known[low + i]], i
        while k > 0 and near[k - 1] > value:
            near[k] = near[k - 1]
            k -= 1
        near[k] = value
    return (near[(n - 1) // 2] + near[n // 2]) / 2


@nb.njit(cache=True, nogil=True)
def joint_variance(y, w, first):  # type: ignore[no-untyped-def]
    """Variance of a bin of weight 1 about the segments' means, with what neighbours share.

    Parameters
    ----------
    y, w
        As in `neighbour_noise`.
    first : array of int64, shape (k,)
        First bin of each segment.

    Returns
    -------
    float
        Variance of single bins, times the largest ratio of the spread of sums over 2, 4 and 8
        bins to what it would be of independent ones. Spreads are medians, so that changes too
        small to be found, in few places, do not count as noise. 0 where too little is known.
    """
    n = y.size
    rest, sums = np.empty(n), np.empty(n)
    variance, single, ratio = 0.0, 0.0, 1.0
    for scale in SCALES:
        count, squares = 0, 0.0
        for k in range(first.size):
            stop = first[k + 1] if k + 1 < first.size else n
            bins = _rest_of(y, w, first[k], stop, rest)
            if bins < 2 * scale:
                continue
            usual = np.sqrt(scale * (1 - scale / bins))
            for b in range(bins // scale):
                part = 0.0
                for i in range(b * scale, (b + 1) * scale):
                    part += rest[i]
                sums[count] = abs(part) / usual
                squares += min(sums[count], FAR) ** 2
                count += 1
        if count < FEWEST:
            break
        spread = np.median(sums[:count])
        if scale == 1:
            variance, single = squares / count, spread
        elif single > 0:
            ratio = max(ratio, (spread / single) ** 2)
    return variance * ratio


@nb.njit(cache=True, nogil=True)
def _rest_of(y, w, low, high, rest):  # type: ignore[no-untyped-def]
    """What a segment's mean leaves of its known bins, in units of their noise; their number."""
    weight, total, bins = 0.0, 0.0, 0
    for i in range(low, high):
        weight += w[i]
        total += w[i] * y[i]
    for i in range(low, high):
        if w[i] > 0:
            rest[bins] = (y[i] - total / weight) * np.sqrt(w[i])
            bins += 1
    return bins


@nb.njit(cache=True, nogil=True)
def row_noises(y, w, contig):  # type: ignore[no-untyped-def]
    """`neighbour_noise` of each row; y and w of shape (m, n)."""
    out = np.empty(y.shape[0])
    for row in range(y.shape[0]):
        out[row] = neighbour_noise(y[row], w[row], contig)
    return out


@nb.njit(cache=True, nogil=True)
def rows_drawn_in(y, w, contig, noises, limit, run):  # type: ignore[no-untyped-def]
    """`drawn_in` of each row; y and w of shape (m, n)."""
    out = np.empty(y.shape)
    for row in range(y.shape[0]):
        out[row] = drawn_in(y[row], w[row], contig, noises[row], limit, run)
    return out


@nb.njit(cache=True, nogil=True)
def row_variances(y, w, first):  # type: ignore[no-untyped-def]
    """`joint_variance` of each row; y and w of shape (m, n)."""
    out = np.empty(y.shape[0])
    for row in range(y.shape[0]):
        out[row] = joint_variance(y[row], w[row], first)
    return out
