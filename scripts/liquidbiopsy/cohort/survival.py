"""Time to event in groups of patients: Kaplan-Meier, log-rank, Cox, landmark; all by lifelines."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.exceptions import ConvergenceError, ConvergenceWarning
from lifelines.statistics import multivariate_logrank_test
from lifelines.utils import median_survival_times

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.intervals import LEVEL

Numbers = Sequence[float] | np.ndarray
FLAT = 1e-9
"""Variance under which a covariate counts as constant."""


@dataclass(frozen=True)
class Curve:
    """A Kaplan-Meier curve: steps at `days`, the first at 0, with the log-log interval."""

    days: np.ndarray
    survival: np.ndarray
    low: np.ndarray
    """NaN where the interval does not exist: before the first event, and at a survival of 0."""
    high: np.ndarray
    at_risk: np.ndarray
    """Patients at risk just before each of `days`."""
    events: np.ndarray
    median: float
    """In days; infinite where half of the patients live beyond the last event."""
    median_low: float
    median_high: float

    def at(self, day: float) -> tuple[float, float, float]:
        """Survival with its interval at a day >= 0."""
        k = int(np.searchsorted(self.days, day, side="right")) - 1
        return float(self.survival[k]), float(self.low[k]), float(self.high[k])


@dataclass(frozen=True)
class Tested:
    """A test: its statistic, degrees of freedom and p."""

    statistic: float
    freedom: int
    p: float


@dataclass(frozen=True)
class Hazard:
    """The hazard ratio of a covariate in a Cox model, with its 95 % interval (Wald)."""

    covariate: str
    ratio: float
    low: float
    high: float
    p: float
    coefficient: float


@dataclass(frozen=True)
class CoxModel:
    """A fitted Cox model: a hazard ratio a covariate, and the partial log likelihood."""

    hazards: tuple[Hazard, ...]
    log_likelihood: float
    n: int
    events: int


def kaplan_meier(days: Numbers, events: Numbers) -> Curve:
    """The product-limit estimate with log-log (exponential Greenwood) 95 % interval.

    Parameters
    ----------
    days : (n,) array-like
        Days to the event or to the end of follow-up, n > 0.
    events : (n,) array-like
        1 event, 0 censored.
    """
    fitter = KaplanMeierFitter(alpha=1 - LEVEL)
    fitter.fit(np.asarray(days, float), np.asarray(events, float))
    table, limits = fitter.event_table, fitter.confidence_interval_
    middle = fitter.median_survival_time_
    between = median_survival_times(limits)
    survival = fitter.survival_function_.iloc[:, 0].to_numpy()
    # lifelines gives 1 to 1 before the first event, as if it were certain: there is no interval.
    none = (survival >= 1) | (survival <= 0)
    return Curve(
        days=table.index.to_numpy(float),
        survival=survival,
        low=np.where(none, np.nan, limits.iloc[:, 0].to_numpy()),
        high=np.where(none, np.nan, limits.iloc[:, 1].to_numpy()),
        at_risk=table["at_risk"].to_numpy(int),
        events=table["observed"].to_numpy(int),
        median=float(middle),
        median_low=float(between.iloc[0, 0]),
        median_high=float(between.iloc[0, 1]),
    )


def log_rank(days: Numbers, events: Numbers, groups: Sequence[str]) -> Tested:
    """The log-rank test that two or more groups have one hazard.

    Parameters
    ----------
    days, events : (n,) array-like
        See `kaplan_meier`.
    groups : (n,) sequence of str
        Group of each patient, at least two different ones.
    """
    names = np.asarray(groups)
    result = multivariate_logrank_test(np.asarray(days, float), names, np.asarray(events, float))
    return Tested(float(result.test_statistic), len(set(groups)) - 1, float(result.p_value))


def cox(days: Numbers, events: Numbers, covariates: Mapping[str, Numbers]) -> CoxModel:
    """A proportional hazards model with Efron's handling of ties.

    Parameters
    ----------
    days, events : (n,) array-like
        See `kaplan_meier`.
    covariates : mapping
        Name -> (n,) values, none missing.

    Raises
    ------
    UserError
        A covariate is constant, or follows from the others, or the fit does not converge, as where
        it separates the events.
    """
    constant = [name for name, values in covariates.items() if np.var(values) < FLAT]
    if constant:
        raise UserError(f"the same in all patients: {', '.join(constant)}")
    named = {f"x{k}": np.asarray(v, float) for k, v in enumerate(covariates.values())}
    together = np.column_stack([v - v.mean() for v in named.values()])
    if np.linalg.matrix_rank(together) < len(named):
        raise UserError(f"one of {', '.join(covariates)} follows from the others")
    frame = pd.DataFrame({"days": np.asarray(days, float), "event": events, **named})
    fitter = CoxPHFitter(alpha=1 - LEVEL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            fitter.fit(frame, "days", "event")
    except (ConvergenceError, ConvergenceWarning) as error:
        raise UserError("the Cox model does not converge: a covariate separates events") from error
    told = fitter.summary
    hazards = tuple(
        Hazard(
            name,
            float(told.loc[key, "exp(coef)"]),
            float(told.loc[key, "exp(coef) lower 95%"]),
            float(told.loc[key, "exp(coef) upper 95%"]),
            float(told.loc[key, "p"]),
            float(told.loc[key, "coef"]),
        )
        for key, name in zip(named, covariates, strict=True)
    )
    return CoxModel(hazards, float(fitter.log_likelihood_), len(frame), int(np.sum(events)))


def landmark(days: Numbers, start: Numbers | float) -> tuple[np.ndarray, np.ndarray]:
    """Follow-up counted from a later day, so that nobody is known to live until it by design.

    Parameters
    ----------
    days : (n,) array-like
        Days to the event or to the end of follow-up, from the index date.
    start : float or (n,) array-like
        The landmark, one for all or one a patient, in days from the index date.

    Returns
    -------
    kept : (n,) bool array
        Patients still at risk: followed beyond the landmark.
    remaining : (n,) float array
        Days from the landmark; to be read where `kept`.
    """
    remaining = np.asarray(days, float) - np.asarray(start, float)
    return remaining > 0, remaining
