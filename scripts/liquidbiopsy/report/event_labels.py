"""Labels of events above a timeline, kept apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.words import plain

LETTER_PX = 6.4  # mean width of a letter of an event's label
LONGEST_LABEL = 36
KINDS = {"treatment_start": "Start", "treatment_stop": "Stop", "other": ""}


@dataclass(frozen=True)
class Label:
    """Where the label of an event stands, in pixels from the left of the chart."""

    at: float
    start: float
    end: float
    row: int

    def clear_of(self, other: Label) -> bool:
        """Whether neither text nor line of the one runs through the text of the other."""
        if self.row == other.row:
            return self.end + LETTER_PX < other.start or other.end + LETTER_PX < self.start
        low, high = (self, other) if self.row < other.row else (other, self)
        return not low.start < high.at < low.end


def place_labels(
    events: Sequence[Mapping[str, Any]], first: int, last: int, width: float
) -> tuple[list[dict[str, Any]], int]:
    """Labels of events above the chart, in as many rows as keep them apart, and those rows."""
    taken: list[Label] = []
    placed = []
    latest_first = sorted(events, key=lambda e: (-e["day"], e["kind"], e["label"] or ""))
    for event in latest_first:
        label = event_words(event)
        if len(label) > LONGEST_LABEL:
            label = label[: LONGEST_LABEL - 1].rstrip() + "…"
        at = (event["day"] - first) / (last - first) * width
        long = LETTER_PX * len(label)
        left = at + long > width
        start = at - long if left else at
        rows = range(len(events))
        tried = [Label(at, start, start + long, row) for row in rows]
        place = next((t for t in tried if all(t.clear_of(other) for other in taken)), tried[-1])
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
