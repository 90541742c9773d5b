"""The model of a consensus base: which base the reads of a molecule say, and how surely.

Of each candidate base the likelihoods of all reads are multiplied: 1 - e where a read shows it,
e / 3 where it shows another, e being the chance that the sequencer (its quality) or the steps
after the UMI was put on (`post_umi_q`) are wrong. The most likely base is called; the chance that
it is wrong takes up what may have happened before the UMI (`pre_umi_q`), so no quality of one
strand's consensus exceeds that [1]_. Constants, rounding and order are those of fgbio.

References
----------
.. [1] Fulcrum Genomics. fgbio: calling consensus reads.
       https://github.com/fulcrumgenomics/fgbio/wiki/Calling-Consensus-Reads
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

LOWEST, HIGHEST = 2, 93  # qualities of a base, as fgbio caps them
NEAR = np.exp(6.0)  # of two error rates so far apart the larger alone counts
ROUND = 0.001  # added before a quality is cut to a whole number
EQUAL = 1e-9  # leads no further apart are the same, whatever the order of the reads
FINE = 8.0  # steps a unit of log likelihood in the look-up of qualities


class Model(NamedTuple):
    """Tables of the model; of log likelihoods the natural logarithm."""

    weight: npt.NDArray[np.float64]
    """By quality: how much more likely a base is that a read shows; 0 under `min_base_q`."""
    single: npt.NDArray[np.uint8]
    """By quality: that of the consensus where a molecule was read once."""
    steps: npt.NDArray[np.float64]
    """By quality: lead in log likelihood that it takes where all reads agree."""
    start: npt.NDArray[np.uint8]
    """By lead in `1 / FINE`: the quality to look from."""
    pre: float
    """Error rate before the UMI."""
    min_base_q: int
    min_consensus_q: int


@nb.njit(cache=True, nogil=True)
def either(x, y):  # type: ignore[no-untyped-def]
    """Error rate of two steps in a row: one wrong, or both and not back to the right base."""
    high, low = max(x, y), min(x, y)
    if low <= 0.0 or high >= NEAR * low:
        return high
    return high + low - 4.0 / 3.0 * high * low


@nb.njit(cache=True, nogil=True)
def phred(p):  # type: ignore[no-untyped-def]
    """Quality of an error rate, cut to a whole number between 2 and 93."""
    if p < 10.0 ** (-HIGHEST / 10):
        return HIGHEST
    return max(LOWEST, int(np.floor(-10.0 * np.log10(p) + ROUND)))


@nb.njit(cache=True, nogil=True)
def call_mixed(lead, pre):  # type: ignore[no-untyped-def]
    """Base and quality from four log likelihoods, up to a common constant.

    Returns
    -------
    base : int
        0 to 3; -1 where two are equally likely.
    quality : int
    """
    best = 0
    for b in range(1, 4):
        if lead[b] > lead[best]:
            best = b
    others = 0.0
    for b in range(4):
        if b != best:
            if lead[b] > lead[best] - EQUAL:
                return -1, LOWEST
            others += np.exp(lead[b] - lead[best])
    return best, phred(either(pre, others / (1.0 + others)))


@nb.njit(cache=True, nogil=True)
def call_agreed(lead, model):  # type: ignore[no-untyped-def]
    """Quality where all reads show one base that leads by so much: `call_mixed`, looked up."""
    at = int(lead * FINE)
    if at >= model.start.size:
        return model.steps.size - 1
    q = int(model.start[at])
    while q + 1 < model.steps.size and lead >= model.steps[q + 1]:
        q += 1
    return q


def model_of(settings: Mapping[str, Any]) -> Model:
    """Tables for the section `consensus` of the settings."""
    names = ("pre_umi_q", "post_umi_q", "min_base_q", "min_consensus_q")
    return _model(*(settings[name] for name in names))


@cache
def _model(pre_umi_q: float, post_umi_q: float, min_base_q: int, min_consensus_q: int) -> Model:
    pre, post = 10 ** (-pre_umi_q / 10), 10 ** (-post_umi_q / 10)
    q = np.arange(256)
    error = np.array([min(either(post, 10 ** (-k / 10)), 0.75) for k in q])
    weight = np.log1p(-error) - np.log(error / 3)
    weight[q < min_base_q] = 0.0
    single = np.array([phred(either(10 ** (-k / 10), max(pre, post))) for k in q], np.uint8)
    steps = _steps(pre)
    marks = np.arange(int(steps[-1] * FINE) + 2) / FINE
    start = np.maximum(np.searchsorted(steps, marks, side="right") - 1, LOWEST).astype(np.uint8)
    return Model(weight, single, steps, start, pre, min_base_q, min_consensus_q)


def _steps(pre: float) -> npt.NDArray[np.float64]:
    """Lead from which on each quality is reached, by bisection."""

    def quality(lead: float) -> int:
        return int(call_mixed(np.array([lead, 0.0, 0.0, 0.0]), pre)[1])

    top = quality(700.0)
    steps = np.zeros(top + 1)
    for q in range(LOWEST + 1, top + 1):
        low, high = 0.0, 64.0
        for _ in range(80):
            middle = (low + high) / 2
            if quality(middle) >= q:
                high = middle
            else:
                low = middle
        steps[q] = high
    return steps
