"""Axes of the timeline, and where the labels of its events stand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.words import NARROW_SPACE, number, plain

LETTER_PX = 6.4  # mean width of a letter of an event's label
LINE_PX = 15
LONGEST_LABEL = 36
KINDS = {"treatment_start": "Start", "treatment_stop": "Stop", "other": ""}
STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Scale:
    """From values to pixels above the foot of a panel."""

    top: float
    """Value at the upper border."""
    step: float | None
    """Below it a log scale is linear; None of a linear scale."""
    ticks: Sequence[float]

    def share(self, value: float) -> float:
        """Where a value stands between foot (0) and upper border (1)."""
        value = min(max(value, 0.0), self.top)
        if self.step is None:
            return value / self.top
        return math.log1p(value / self.step) / math.log1p(self.top / self.step)


def value_scale(values: Sequence[float], kind: str) -> Scale:
    """A scale from 0 to a little above the largest value.

    Parameters
    ----------
    values : sequence of float
        All that is to be seen: values, ends of intervals, limits, cut-offs.
    kind : str
        `log`, which is linear below the smallest step that matters, or `linear`.
    """
    found = [v for v in values if v > 0]
    top = max(found, default=1.0)
    if kind != "log":
        step = _nice(top / 4)
        count = math.floor(top * 1.08 / step)
        return Scale(top * 1.08, None, [float(f"{k * step:.6g}") for k in range(count + 1)])
    step = min(1.0, 10.0 ** math.floor(math.log10(min(found, default=1.0))))
    ticks = log_ticks(step, top)
    return Scale(max(top * 1.15, ticks[-1]), step, ticks)


def log_ticks(step: float, top: float) -> list[float]:
    """Ticks 0, 1, 2, 5, 10, 20 … steps up to `top`; decades alone where those would be many.

    Examples
    --------
    >>> log_ticks(1, 12)
    [0.0, 1.0, 2.0, 5.0, 10.0]
    """
    decades = range(math.floor(math.log10(max(top / step, 1))) + 1)
    within = STEPS if len(decades) <= 3 else (1,)
    ticks = [float(f"{step * w * 10**d:.6g}") for d in decades for w in within]
    return [0.0, *(t for t in ticks if t <= max(top, step))]


def spread(scale: Scale, height: float) -> list[float]:
    """Ticks of which each has room for its words, 0 before others, on so many pixels."""
    kept: list[float] = []
    for tick in scale.ticks:
        if not kept or (scale.share(tick) - scale.share(kept[-1])) * height >= LINE_PX:
            kept.append(tick)
    return kept


def tick_words(value: float) -> str:
    """A number of the axis, without an exponent where it is short.

    Examples
    --------
    >>> tick_words(0.0001), tick_words(0.00001), tick_words(0.00002)
    ('0.0001', '10⁻⁵', '2×10⁻⁵')
    """
    if value >= 1e-4 or not value:
        return f"{value:,.7g}".replace(",", NARROW_SPACE)
    digits, power = number(value).split(" × ")
    return power if digits == "1.0" else f"{digits.removesuffix('.0')}×{power}"


def span(days: Sequence[int]) -> tuple[int, int]:
    """First and last day of the axis, with some room."""
    first, last = min(days, default=0), max(days, default=0)
    room = max(3, round(0.04 * (last - first)))
    return first - room, last + room


def day_ticks(first: int, last: int, most: int) -> list[int]:
    """Days that the axis names, not more than about `most`.

    Examples
    --------
    >>> day_ticks(-3, 47, 6)
    [0, 10, 20, 30, 40]
    """
    step = max(1, round(_nice((last - first) / most)))
    return list(range(math.ceil(first / step) * step, last + 1, step))


def _nice(step: float) -> float:
    """The next of 1, 2, 5, 10 … that is not smaller."""
    decade = 10.0 ** math.floor(math.log10(step))
    return next(w * decade for w in (*STEPS, 10) if w * decade >= step * 0.999)


@dataclass(frozen=True)
class _Label:
    """Where the label of an event stands, in pixels from the left of the chart."""

    at: float
    start: float
    end: float
    row: int

    def beside(self, other: _Label) -> bool:
        """Whether the texts of the two do not touch."""
        apart = self.end + LETTER_PX < other.start or other.end + LETTER_PX < self.start
        return self.row != other.row or apart

    def clear_of(self, other: _Label) -> bool:
        """Whether neither text nor line of the one runs through the text of the other."""
        if self.row == other.row:
            return self.beside(other)
        low, high = (self, other) if self.row < other.row else (other, self)
        return not low.start < high.at < low.end


def place_labels(
    events: Sequence[Mapping[str, Any]], first: int, last: int, width: float
) -> tuple[list[dict[str, Any]], int]:
    """Labels of events above the chart, in as many rows as keep them apart, and those rows."""
    taken: list[_Label] = []
    placed = []
    latest_first = sorted(events, key=lambda e: (-e["day"], e["kind"], e["label"] or ""))
    for event in latest_first:
        label = event_words(event)
        at = (event["day"] - first) / (last - first) * width
        longest = min(LONGEST_LABEL, int(max(at, width - at) / LETTER_PX))
        if len(label) > longest:
            label = label[: longest - 1].rstrip() + "…"
        long = LETTER_PX * len(label)
        left = at + long > width
        start = at - long if left else at
        rows = range(len(events))
        tried = [_Label(at, start, start + long, row) for row in rows]
        clear = (t for t in tried if all(t.clear_of(other) for other in taken))
        # Where many are close together a line runs behind a text; two texts never meet.
        place = next(clear, None) or next(
            t for t in tried if all(t.beside(other) for other in taken)
        )
        taken.append(place)
        side = {"align": "right", "dx": -2} if left else {"align": "left", "dx": 2}
        placed.append({"day": event["day"], "label": label, "row": place.row, **side})
    return placed, max((t.row + 1 for t in taken), default=0)


def event_words(event: Mapping[str, Any]) -> str:
    """An event in a few words: `Stop: first-line chemotherapy`."""
    kind = KINDS.get(event["kind"], plain(event["kind"]))
    if not event["label"]:
        return plain(event["kind"])
    return f"{kind}: {event['label']}" if kind else event["label"]
