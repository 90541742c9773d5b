"""How evenly reads are spread over bins."""

from __future__ import annotations

import numpy as np

from liquidbiopsy.copynumber.bins import Values


def gini_of(values: Values) -> float:
    """Gini coefficient of values from 0 on: 0 where all are alike, near 1 where one has all.

    Parameters
    ----------
    values : array of float, shape (n,)
        NaN is passed by.

    Returns
    -------
    float
        NaN where nothing is known or all is 0.

    References
    ----------
    .. [1] Garvin T et al. Interactive analysis and assessment of single-cell copy-number
           variations. Nat Methods 2015;12:1058-1060, doi:10.1038/nmeth.3578 (Ginkgo).
    """
    known = np.sort(values[np.isfinite(values)])
    total = float(known.sum())
    if not total > 0:
        return float("nan")
    rank = np.arange(1, known.size + 1)
    return float(2 * (rank * known).sum() / (known.size * total) - (known.size + 1) / known.size)
