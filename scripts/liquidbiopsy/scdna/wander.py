"""How far levels of long segments lie off, for bias that many neighbouring bins share."""

from __future__ import annotations

import numba as nb
import numpy as np

SCALES = (8, 16, 32)  # bins in the sums
FEWEST = 20  # sums under which nothing is said
NORMAL = 1.4826


@nb.njit(cache=True, nogil=True)
def wander(y, weight, first):  # type: ignore[no-untyped-def]
    """Variance of sums of bins about their segments' means, over that of independent bins.

    Parameters
    ----------
    y, weight : arrays of float64, shape (u,)
        A cell's values, and one over their variance; 0 where not known.
    first : array of int64, shape (k,)
        First bins of its segments.

    Returns
    -------
    float
        The largest of sums over 8, 16 and 32 bins, by the median; 1 or more.
    """
    u, worst = y.size, 1.0
    sums = np.empty(u)
    rest = np.empty(u)
    for scale in SCALES:
        count = 0
        for s in range(first.size):
            stop = first[s + 1] if s + 1 < first.size else u
            n, top, low = 0, 0.0, 0.0
            for i in range(first[s], stop):
                if weight[i] > 0:
                    top += weight[i] * y[i]
                    low += weight[i]
            if low <= 0:
                continue
            mean = top / low
            for i in range(first[s], stop):
                if weight[i] > 0:
                    rest[n] = (y[i] - mean) * np.sqrt(weight[i])
                    n += 1
            if n < 2 * scale:
                continue
            usual = np.sqrt(scale * (1 - scale / n))
            for b in range(n // scale):
                part = 0.0
                for i in range(b * scale, (b + 1) * scale):
                    part += rest[i]
                sums[count] = abs(part) / usual
                count += 1
        if count >= FEWEST:
            worst = max(worst, (NORMAL * np.median(sums[:count])) ** 2)
    return worst
