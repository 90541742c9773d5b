"""The test for minimal residual disease: is there tumour DNA, how much, and what would be seen.

Loci are mutations, or groups of mutations in phase; cells are the molecules of one class over one
locus. `mrd_statistic` has the model. The probability of a statistic as great without tumour DNA is
found by simulation with a fixed seed, in which error rates vary as far as they are not known, and
from site to site. Where it is too small to be counted, samples with the tumour fraction found are
simulated too and weighted by how probable they would be without it (importance sampling).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize_scalar
from scipy.special import chdtri, logsumexp

from liquidbiopsy.core.tables import INADEQUATE, MEASURED, NOT_DETECTED
from liquidbiopsy.ctdna.mrd_statistic import locus_weights, statistics

SEED = 20200617
SAMPLES = (2_000, 10_000)  # simulated, at least and at most
DRAWS = 5_000_000  # molecule counts that are drawn, at most
ENOUGH = 50  # simulated samples beyond the statistic, for its probability to be counted
POWER = 0.95
POWER_SAMPLES = (500, 2_000)
SMALLEST = 1e-300
SURE = 1e9  # gamma shape over which a rate is taken as it is

Reals = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Evidence:
    """Counts of one library and the errors they are held against; arrays of shape (cells,)."""

    locus: Ints
    """Locus of each cell, from 0."""
    molecules: Ints
    mutated: Ints
    errors: Reals
    """Error rate of each cell."""
    stratum: Ints
    """Cells of one stratum share what is not known of their rates."""
    certainty: Reals
    """Gamma shape of what is known of each stratum's rate, shape (strata,)."""
    evenness: Reals
    """Gamma shape of the rates over sites, shape (loci,)."""

    @cached_property
    def expected(self) -> Reals:
        """Mutated molecules that errors alone would give."""
        return self.molecules * self.errors

    @property
    def loci(self) -> int:
        """Number of loci."""
        return len(self.evenness)


@dataclass(frozen=True)
class Verdict:
    """What the test says of one library."""

    status: str
    """MEASURED is detected, from however few molecules; NOT_DETECTED; INADEQUATE where nothing was
    detected and the molecules are too few to say that nothing is there, still with numbers."""
    p_value: float
    fraction: float
    """Share of molecules over mutations that are mutated by the tumour, 0 to 1: the mean VAF."""
    low: float
    high: float
    """Limits of its profile-likelihood interval."""
    informative: int
    mutated: int
    expected: float
    """Mutated molecules expected from errors alone."""
    lod95: float | None
    """Fraction that is detected with 95 % probability; None where none is."""
    weights: Reals
    """Of the loci."""


def judge(evidence: Evidence, settings: Mapping[str, Any]) -> Verdict:
    """Test one library for tumour DNA.

    Parameters
    ----------
    evidence : Evidence
        Its molecules over the known mutations.
    settings : dict
        `max_p`, `min_informative`, `confidence`, `max_outlier_p`.
    """
    informative, mutated = int(evidence.molecules.sum()), int(evidence.mutated.sum())
    if not informative:
        none = np.ones(evidence.loci)
        return Verdict(INADEQUATE, 1.0, 0.0, 0.0, 1.0, 0, 0, 0.0, None, none)
    weights = weights_of(evidence, settings["max_outlier_p"])
    fraction, low, high = interval(evidence, weights, settings["confidence"])
    null = Null(evidence, settings["max_outlier_p"])
    p = null.p_value(evidence.mutated, fraction)
    if p <= settings["max_p"]:
        status = MEASURED  # p takes into account how few molecules there are
    else:
        enough = informative >= settings["min_informative"]
        status = NOT_DETECTED if enough else INADEQUATE
    return Verdict(
        status, p, fraction, low, high, informative, mutated, float(evidence.expected.sum()),
        null.lod(settings["max_p"]), weights,
    )  # fmt: skip


def weights_of(evidence: Evidence, max_outlier_p: float) -> Reals:
    """Weight of each locus, 0 to 1: less where it has far more mutated molecules than others."""
    sums = (
        np.bincount(evidence.locus, values, evidence.loci).astype(float)
        for values in (evidence.mutated, evidence.molecules, evidence.expected)
    )
    weights = np.ones(evidence.loci)
    mutated, molecules, expected = sums
    locus_weights(mutated, molecules, expected, max_outlier_p, weights)
    return weights


class Null:
    """Samples like this one without tumour DNA, simulated.

    Parameters
    ----------
    evidence : Evidence
        Its molecules and error rates; what is mutated is not looked at.
    max_outlier_p : float
        Probability under which a locus stands out.
    """

    def __init__(self, evidence: Evidence, max_outlier_p: float) -> None:
        self.evidence, self._max_outlier_p = evidence, max_outlier_p
        cells = max(len(evidence.locus), 1)
        self.samples = int(np.clip(DRAWS // cells, *SAMPLES))
        self._counts, self._rates = self.draw(0.0, self.samples)
        self.statistics = self.statistic(self._counts)

    def draw(self, fraction: float, samples: int) -> tuple[Ints, Reals]:
        """Mutated molecules of samples with a tumour fraction, and the error rates behind them.

        Returns
        -------
        counts, rates : array, shape (samples, cells)
        """
        e, rng = self.evidence, np.random.default_rng(SEED)
        rates = np.broadcast_to(e.errors, (samples, len(e.errors)))
        for shapes, of in ((e.certainty, e.stratum), (e.evenness, e.locus)):
            loose = np.minimum(shapes, SURE)
            rates = rates * (rng.gamma(loose, 1.0, (samples, len(shapes))) / loose)[:, of]
        rates = np.clip(rates, 1e-12, 0.5)
        return rng.binomial(e.molecules, fraction + (1 - fraction) * rates), rates

    def statistic(self, counts: Ints) -> Reals:
        """The statistic of samples; `counts` has shape (samples, cells)."""
        e = self.evidence
        return statistics(
            counts, e.molecules.astype(float), e.errors, e.locus, e.expected, e.loci,
            self._max_outlier_p,
        )  # fmt: skip

    def p_value(self, mutated: Ints, fraction: float) -> float:
        """Probability of a statistic as great as that of `mutated`, by errors alone.

        Parameters
        ----------
        mutated : array of int64, shape (cells,)
            What was counted.
        fraction : float
            Tumour fraction found, at which samples are simulated where p is small.
        """
        reached = float(self.statistic(mutated[None, :])[0]) - 1e-9
        beyond = int((self.statistics >= reached).sum())
        if beyond >= ENOUGH or fraction <= 0:
            return (beyond + 1) / (self.samples + 1)
        counts, rates = self.draw(fraction, self.samples)
        far = self.statistic(counts) >= reached
        near = self.statistics >= reached
        logs = np.concatenate([
            self._log_weight(counts[far], rates[far], fraction),
            self._log_weight(self._counts[near], self._rates[near], fraction),
        ])  # fmt: skip
        if not len(logs):
            return 1 / (self.samples + 1)
        return float(np.exp(max(logsumexp(logs) - np.log(2 * self.samples), np.log(SMALLEST))))

    def _log_weight(self, counts: Ints, rates: Reals, fraction: float) -> Reals:
        """Log of a sample's probability without tumour DNA over that in the two halves together."""
        wild = self.evidence.molecules - counts
        ratio = counts * np.log(fraction / rates + 1 - fraction) + wild * np.log1p(-fraction)
        return np.asarray(np.log(2.0) - np.logaddexp(0.0, ratio.sum(axis=1)))

    def lod(self, max_p: float) -> float | None:
        """Smallest tumour fraction that is detected with 95 % probability; None where none is."""
        allowed = int(max_p * (self.samples + 1)) - 1  # samples at or beyond a detected one
        bound = np.sort(self.statistics)[::-1][max(allowed, 0)] + 1e-9
        molecules = float(self.evidence.molecules.sum())

        samples = int(np.clip(self.samples // 4, *POWER_SAMPLES))

        def misses(log_fraction: float) -> float:
            counts, _ = self.draw(float(np.exp(log_fraction)), samples)
            return POWER - float((self.statistic(counts) > bound).mean())

        low, high = np.log(0.1 / molecules), np.log(min(5.0 / molecules, 0.9))
        while misses(high) > 0:
            low, high = high, high + np.log(4.0)
            if high > np.log(0.99):
                return None
        for _ in range(12):
            middle = (low + high) / 2
            low, high = (middle, high) if misses(middle) > 0 else (low, middle)
        return float(np.exp(high))


def interval(evidence: Evidence, weights: Reals, level: float) -> tuple[float, float, float]:
    """Tumour fraction with the interval of its profile likelihood.

    The error rates are profiled out: a common factor on them, known as well as the errors that they
    were counted from allow.

    Returns
    -------
    fraction, low, high : float
    """
    seen = evidence.mutated > 0
    w = weights[evidence.locus]
    k, e = (w * evidence.mutated)[seen], evidence.errors[seen]
    wild = float((w * (evidence.molecules - evidence.mutated)).sum())
    error_wild = float((w * (evidence.molecules - evidence.mutated) * evidence.errors).sum())
    strata = np.bincount(evidence.stratum, w * evidence.expected, len(evidence.certainty))
    spread = (strata**2 / evidence.certainty).sum()
    shape = float(np.clip(strata.sum() ** 2 / spread if spread > 0 else SURE, 0.1, SURE))

    def likelihood(f: float, log_scale: float) -> float:
        scale = np.exp(log_scale)
        hit = float((k * np.log(f + (1 - f) * scale * e)).sum())
        return hit + wild * np.log1p(-f) - scale * error_wild + shape * (log_scale - scale)

    def profile(f: float) -> float:
        found = minimize_scalar(
            lambda s: -likelihood(f, s), bounds=(-12.0, 6.0), method="bounded",
            options={"xatol": 1e-7},
        )  # fmt: skip
        return -float(found.fun)

    total = float(k.sum())
    top = min(total / (total + wild), 1 - 1e-9) if total else 0.0
    best, at_zero = 0.0, profile(0.0)
    peak = at_zero
    if top > 0:
        found = minimize_scalar(
            lambda f: -profile(f), bounds=(0.0, top), method="bounded",
            options={"xatol": top * 1e-6},
        )  # fmt: skip
        for f in (float(found.x), top):
            if profile(f) > peak + 1e-9:
                best, peak = f, profile(f)
    bound = peak - chdtri(1, 1 - level) / 2

    def above(f: float) -> float:
        return profile(f) - bound

    low = 0.0 if best == 0 or at_zero >= bound else brentq(above, best * 1e-9, best, rtol=1e-8)
    ceiling = 1 - 1e-12
    high = ceiling if above(ceiling) > 0 else brentq(above, max(best, 1e-12), ceiling, rtol=1e-8)
    return best, float(low), float(min(high, 1.0))
