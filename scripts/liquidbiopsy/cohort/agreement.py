"""Shares, two-by-two tables, and how two states of the same patients agree."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.intervals import LEVEL


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, and p where it is tested."""

    value: float
    low: float
    high: float
    p: float | None = None


@dataclass(frozen=True)
class Transitions:
    """How often a patient went from each state to each."""

    states: tuple[str, ...]
    counts: np.ndarray
    """(states, states) of int: rows the first state, columns the second."""


def proportion(count: int, total: int) -> Estimate:
    """A share with the Clopper-Pearson interval; 0 <= count <= total, total > 0."""
    if total <= 0:
        raise UserError("a share of no patients")
    low, high = proportion_confint(count, total, alpha=1 - LEVEL, method="beta")
    # statsmodels leaves NaN where the limit is the edge
    ends = (0.0 if count == 0 else float(low), 1.0 if count == total else float(high))
    return Estimate(count / total, *ends)


def fisher(count: int, total: int, other: int, other_total: int, side: str = "two-sided") -> float:
    """Give p of Fisher's exact test that two groups have one share.

    Parameters
    ----------
    count, total : int
        Patients with the event, and all, of the first group.
    other, other_total : int
        The same of the second.
    side : str
        `two-sided`; `less`: the first group's share is the smaller one; `greater`.
    """
    table = [[count, total - count], [other, other_total - other]]
    return float(scipy.stats.fisher_exact(table, alternative=side).pvalue)


def transitions(first: Sequence[str], second: Sequence[str]) -> Transitions:
    """Count the pairs of two states of each patient.

    Parameters
    ----------
    first, second : (n,) sequence of str
        State of each patient, earlier and later, or by two methods.
    """
    states = tuple(sorted({*first, *second}))
    counts = np.zeros((len(states), len(states)), int)
    for a, b in zip(first, second, strict=True):
        counts[states.index(a), states.index(b)] += 1
    return Transitions(states, counts)


def mcnemar_exact(counts: np.ndarray | Sequence[Sequence[int]]) -> float:
    """Give p of McNemar's exact test on a two-by-two table of transitions.

    Raises
    ------
    UserError
        Not two states, or no patient who changed.
    """
    table = np.asarray(counts)
    if table.shape != (2, 2):
        raise UserError(f"McNemar's test is of two states, not of {table.shape[0]}")
    if table[0, 1] + table[1, 0] == 0:
        raise UserError("no patient changed")
    return float(mcnemar(table, exact=True).pvalue)


def kappa(counts: np.ndarray | Sequence[Sequence[int]]) -> Estimate:
    """Cohen's kappa of a square table of counts.

    Raises
    ------
    UserError
        All patients are in one state, so that there is nothing to agree on beyond chance.
    """
    table = np.asarray(counts)
    if (table.sum(axis=0) > 0).sum() < 2 and (table.sum(axis=1) > 0).sum() < 2:
        raise UserError("all patients are in one state")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = cohens_kappa(table)
    value, low, high = float(found.kappa), float(found.kappa_low), float(found.kappa_upp)
    if not all(map(math.isfinite, (value, low, high))):
        raise UserError("kappa is not defined for this table")
    return Estimate(value, max(-1.0, low), min(1.0, high))
