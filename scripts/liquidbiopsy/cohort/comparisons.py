"""The rows of statistics that one rule's outcomes give at one endpoint."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from liquidbiopsy.cohort.agreement import fisher, proportion
from liquidbiopsy.cohort.choices import Choices
from liquidbiopsy.cohort.followup import FollowUp
from liquidbiopsy.cohort.rates import DAYS_A_YEAR, rate, rate_ratio
from liquidbiopsy.cohort.survival import Curve, Hazard, cox, kaplan_meier, log_rank
from liquidbiopsy.core.errors import UserError

Row = dict[str, Any]
SIDES = {"two-sided": "fisher_two_sided", "less": "fisher_less", "greater": "fisher_greater"}
UNKNOWN = (None, "unknown")


def curves(people: FollowUp, choices: Choices) -> dict[str, Curve]:
    """The curve of each group that is large enough to have one."""
    found = {}
    for name in people.names:
        own = people.of(name)
        if len(own.groups) >= choices.min_group:
            found[name] = kaplan_meier(own.days, own.events)
    return found


def compared(people: FollowUp, drawn: Mapping[str, Curve], choices: Choices) -> Iterator[Row]:
    """Each group by itself, then the groups of sufficient size, `drawn`, against each other.

    A statistic that rests on too few events or patients has its row, with the reason in place of
    the number.
    """
    for name in people.names:
        yield from _of_group(name, people.of(name), drawn.get(name), choices)
    if len(people.names) < 2:
        return
    names = [n for n in people.names if n in drawn]
    if len(names) < 2:
        reason = f"fewer than two outcomes with {choices.min_group} patients"
        yield {**_counts(people), "statistic": "log_rank", "reason": reason}
        return
    kept = people.of(*names)
    few = _too_few(int(kept.events.sum()), choices.min_events)

    def tested() -> Row:
        test = log_rank(kept.days, kept.events, kept.groups)
        return {"estimate": test.statistic, "p_value": test.p}

    yield {
        **_counts(kept),
        "statistic": "log_rank",
        "method": f"log-rank, chi-squared, {len(names) - 1} degrees of freedom",
        **_or_reason(tested, few),
    }
    for name in names[1:]:
        yield from _pair(kept.of(name), kept.of(names[0]), choices)
    yield from _models(kept, names, choices)


def _of_group(name: str, own: FollowUp, curve: Curve | None, choices: Choices) -> Iterator[Row]:
    events, years = int(own.events.sum()), float(own.days.sum()) / DAYS_A_YEAR
    base = {**_counts(own), "group": name}
    row = {**base, "statistic": "median_survival", "unit": "d"}
    row["method"] = "Kaplan-Meier, log-log interval"
    few = _too_few(events, choices.min_events)
    if curve is None:
        row["reason"] = f"too few patients: {len(own.groups)}, at least {choices.min_group}"
    elif few:
        row["reason"] = few
    elif math.isinf(curve.median):
        row |= {"reason": "not reached", "low": _finite(curve.median_low)}
    else:
        limits = {"low": _finite(curve.median_low), "high": _finite(curve.median_high)}
        row |= {"estimate": curve.median, **limits}
    yield row
    found = rate(events, years)
    method = f"exact Poisson, {years:.1f} person-years"
    numbers = {"estimate": found.rate, "low": found.low, "high": found.high}
    yield {**base, "statistic": "event_rate", "unit": "/a", "method": method, **numbers}
    share = proportion(events, len(own.groups))
    numbers = {"estimate": share.value, "low": share.low, "high": share.high}
    yield {**base, "statistic": "share_with_event", "method": "Clopper-Pearson", **numbers}


def _pair(group: FollowUp, reference: FollowUp, choices: Choices) -> Iterator[Row]:
    """A group against the largest: rates, and shares whatever the follow-up."""
    a, b = int(group.events.sum()), int(reference.events.sum())
    n, m = len(group.groups), len(reference.groups)
    few = _too_few(a + b, choices.min_events)
    base: Row = {"group": group.groups[0], "reference": reference.groups[0]}
    base |= {"n": n + m, "events": a + b}

    def ratio() -> Row:
        years = (float(p.days.sum()) / DAYS_A_YEAR for p in (group, reference))
        found = rate_ratio(a, next(years), b, next(years))
        limits = {"low": found.low, "high": _finite(found.high)}
        return {"estimate": _finite(found.ratio), **limits, "p_value": found.p}

    method = "exact conditional"
    yield {**base, "statistic": "rate_ratio", "method": method, **_or_reason(ratio, few)}
    for side, name in SIDES.items():
        told = {"method": f"Fisher's exact, {side}; time to event not considered"}
        test = {"reason": few} if few else {"p_value": fisher(a, n, b, m, side)}
        yield {**base, "statistic": name, **told, **test}


def _models(people: FollowUp, names: list[str], choices: Choices) -> Iterator[Row]:
    """Hazard ratios against the largest group, alone and adjusted."""
    chosen = {n: np.array([float(g == n) for g in people.groups]) for n in names[1:]}
    yield from _hazards(people, "hazard_ratio", chosen, {}, choices, "")
    known = np.array(
        [all(p.get(c) not in UNKNOWN for c in choices.adjust) for p in people.patients], bool
    )
    some = people.where(known)
    if not choices.adjust:
        return
    others = _covariates(some, choices.adjust)
    remark = f"{int((~known).sum())} patients with unknown covariates left out"
    chosen = {n: values[known] for n, values in chosen.items()}
    yield from _hazards(some, "hazard_ratio_adjusted", chosen, others, choices, remark)


def _hazards(
    people: FollowUp,
    statistic: str,
    chosen: Mapping[str, np.ndarray],
    others: Mapping[str, np.ndarray],
    choices: Choices,
    remark: str,
) -> Iterator[Row]:
    method = "Cox, Efron" + (f", adjusted for {', '.join(others)}" if others else "")
    reference = next(iter(sorted(set(people.groups) - set(chosen))), None)
    base = {**_counts(people), "statistic": statistic, "reference": reference, "method": method}
    covariates = {**chosen, **others}
    few = _too_few(int(people.events.sum()), choices.min_events * len(covariates))
    for name in [*chosen, reference]:
        own = people.of(name).events if name else np.zeros(0)
        if not few and not own.sum():
            few = f"no event among {name or 'the reference'}"
    if not few and statistic.endswith("adjusted") and not others:
        few = "no covariate differs between patients"
    hazards: dict[str, Hazard] = {}
    if not few:
        try:
            fitted = cox(people.days, people.events, covariates).hazards
            hazards = {h.covariate: h for h in fitted}
        except UserError as error:
            few = str(error)
    for name in chosen:
        if few:
            yield {**base, "group": name, "reason": few}
            continue
        h = hazards[name]
        numbers = {"estimate": h.ratio, "low": h.low, "high": h.high, "p_value": h.p}
        yield {**base, "group": name, **numbers, "reason": remark or None}


def _covariates(people: FollowUp, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Columns of patients.tsv as numbers: words against the first word, constants left out."""
    found: dict[str, np.ndarray] = {}
    for name in names:
        values = [p[name] for p in people.patients]
        levels = sorted(set(values))
        if all(isinstance(v, int | float) for v in values) and len(levels) > 1:
            found[name] = np.array(values, float)
        else:
            for level in levels[1:]:
                found[f"{name} {level}"] = np.array([float(v == level) for v in values])
    return found


def _counts(people: FollowUp) -> Row:
    return {"n": len(people.groups), "events": int(people.events.sum())}


def _too_few(events: int, least: int) -> str:
    """Words, or none where there are enough."""
    return f"too few events: {events}, at least {least}" if events < least else ""


def _or_reason(compute: Callable[[], Row], few: str) -> Row:
    if few:
        return {"reason": few}
    try:
        return compute()
    except UserError as error:
        return {"reason": str(error)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
