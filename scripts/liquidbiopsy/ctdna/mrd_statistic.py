"""The likelihood ratio for tumour DNA over all known mutations, outliers held back.

A molecule over a mutation is mutated with probability f + (1 - f) e: f is the share of molecules
that are mutated, the tumour fraction as this assay means it (the mean VAF of the mutations, not
doubled for diploid cells), and e the error rate there. The statistic is twice the log-likelihood at
the best f over that at f = 0 [1]_. A locus with far more mutated molecules than the others allow is
germline, of clonal haematopoiesis, or should not be on the list; it counts for less. That is done
to simulated samples without tumour DNA in just the same way, so that p-values hold.

References
----------
.. [1] Wan JCM et al. ctDNA monitoring using patient-specific sequencing and integration of variant
       reads. Sci Transl Med 2020;12:eaaz8084.
"""

from __future__ import annotations

from math import lgamma, log

import numba as nb
import numpy as np
import numpy.typing as npt

ROUNDS = 3  # passes in which loci are held against the others, as these count by then
UNEVEN = 2.0  # gamma shape of what is allowed to loci: tumours are uneven, in copies and in clones
STEPS = 60

Reals = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@nb.njit(cache=True, nogil=True)
def locus_weights(mutated, molecules, expected, max_p, weights):  # type: ignore[no-untyped-def]
    """Weight of each locus, from 1 down to 0 as it stands out more; written to `weights`.

    Parameters
    ----------
    mutated, molecules, expected : array of float64, shape (loci,)
        Mutated molecules, all of them, and mutated ones expected from errors alone.
    max_p : float
        Probability, over all loci, under which a locus stands out.
    """
    loci = mutated.size
    weights[:] = 1.0
    fresh = np.ones(loci)
    for _ in range(ROUNDS):
        k_all, n_all, e_all = 0.0, 0.0, 0.0
        for at in range(loci):
            k_all += weights[at] * mutated[at]
            n_all += weights[at] * molecules[at]
            e_all += weights[at] * expected[at]
        changed = False
        for at in range(loci):
            fresh[at] = 1.0
            if mutated[at] < 2:  # a single molecule never stands out
                continue
            rest = n_all - weights[at] * molecules[at]
            if rest < 0.5:
                continue
            excess = k_all - weights[at] * mutated[at] - (e_all - weights[at] * expected[at])
            excess = max(excess, 0.0)
            mean = expected[at] + (excess + 1) * molecules[at] / rest
            p = _tail(int(mutated[at]), min(1 + excess, UNEVEN), mean)
            fresh[at] = min(1.0, p * loci / max_p)
            if abs(fresh[at] - weights[at]) > 1e-9:
                changed = True
        weights[:] = fresh
        if not changed:
            break


@nb.njit(cache=True, nogil=True)
def _tail(count, shape, mean):  # type: ignore[no-untyped-def]
    """Probability of `count` or more, of a negative binomial."""
    if count <= mean:
        return 1.0  # not far out: not needed more exactly
    q = mean / (mean + shape)
    term = lgamma(count + shape) - lgamma(shape) - lgamma(count + 1.0)
    term = np.exp(term + shape * log(1 - q) + count * log(q))
    total = 0.0
    for k in range(count, count + 10_000):
        total += term
        term *= (k + shape) / (k + 1) * q
        if term < total * 1e-6:
            break
    return min(total, 1.0)


@nb.njit(cache=True, nogil=True)
def statistics(counts, molecules, errors, locus, expected, loci, max_p):  # type: ignore[no-untyped-def]
    """The statistic of each of many samples.

    Parameters
    ----------
    counts : array of int64, shape (samples, cells)
        Mutated molecules of each sample in each cell: of one class, over one locus.
    molecules, errors : array of float64, shape (cells,)
        Molecules, and their error rate.
    locus : array of int64, shape (cells,)
        Locus of each cell.
    expected : array of float64, shape (cells,)
        Mutated molecules expected from errors alone.
    loci : int
        How many there are.
    max_p : float
        As in `locus_weights`.

    Returns
    -------
    array of float64, shape (samples,)
    """
    cells = molecules.size
    all_n, all_e = np.zeros(loci), np.zeros(loci)
    for c in range(cells):
        all_n[locus[c]] += molecules[c]
        all_e[locus[c]] += expected[c]
    found = np.zeros(counts.shape[0])
    all_k, weights = np.zeros(loci), np.ones(loci)
    k, e = np.zeros(cells), np.zeros(cells)
    for s in range(counts.shape[0]):
        all_k[:] = 0.0
        for c in range(cells):
            all_k[locus[c]] += counts[s, c]
        locus_weights(all_k, all_n, all_e, max_p, weights)
        used, wild = 0, 0.0
        for c in range(cells):
            w = weights[locus[c]]
            wild += w * (molecules[c] - counts[s, c])
            if counts[s, c] and w > 0:
                k[used], e[used] = w * counts[s, c], errors[c]
                used += 1
        f = _best(k, e, used, wild)
        if f > 0:
            gain = wild * log(1 - f)
            for c in range(used):
                gain += k[c] * log((f + (1 - f) * e[c]) / e[c])
            found[s] = 2 * max(gain, 0.0)
    return found


@nb.njit(cache=True, nogil=True)
def _best(k, e, used, wild):  # type: ignore[no-untyped-def]
    """Share at which the likelihood is greatest: where its slope, which falls, is 0."""
    slope, total = -wild, 0.0
    for c in range(used):
        slope += k[c] * (1 - e[c]) / e[c]
        total += k[c]
    if slope <= 0 or total == 0:
        return 0.0
    low, high = 0.0, min(total / (total + wild), 1 - 1e-12)  # no error at all gives the highest
    f = high
    for _ in range(STEPS):
        slope, bend = -wild / (1 - f), -wild / (1 - f) ** 2
        for c in range(used):
            part = (1 - e[c]) / (f + (1 - f) * e[c])
            slope += k[c] * part
            bend -= k[c] * part * part
        if slope > 0:
            low = f
        else:
            high = f
        f -= slope / bend
        if not low < f < high:
            f = (low + high) / 2
        if high - low < 1e-9 * high:
            break
    return f
