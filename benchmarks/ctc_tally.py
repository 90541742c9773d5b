"""Events found, missed and made up, added over slides, with exact intervals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from liquidbiopsy.core.intervals import clopper_pearson
from tests.othermake.score import TUMOUR, score

GOAL = 0.95  # of recall and of precision
GOAL_SIGNAL = 8.0  # noise sd where the cell lies, from which on the goal holds
ROUNDING = 1e-6


@dataclass(frozen=True)
class Tally:
    """Counts over any number of slides; a cluster is one event."""

    truth: int = 0
    """True events that had to be found."""
    called: int = 0
    """Called events, without those on objects that are left out of the score."""
    matched: int = 0
    """Called events that are true ones."""
    clusters: int = 0
    """True clusters that had to be found."""
    clusters_called: int = 0
    """Of these, called clusters."""
    on_slide: int = 0
    """True events on the slides, the weak and those cut by a frame's border as well."""
    counted: int = 0
    """All called events."""
    false_on: Counter[str] = field(default_factory=Counter)
    """What lies where an event was made up."""

    @classmethod
    def of(cls, cells: pd.DataFrame, truth: pd.DataFrame, min_signal: float) -> Tally:
        """One slide; true cells below `min_signal` noise sd are neither needed nor held against."""
        got = score(cells, truth, min_signal=min_signal - ROUNDING)
        return cls(
            truth=got.n_truth,
            called=got.n_called,
            matched=got.matched,
            clusters=got.clusters,
            clusters_called=got.clusters_called,
            on_slide=int(truth["kind"].isin(TUMOUR).sum()),
            counted=int(cells["call"].isin(TUMOUR).sum()),
            false_on=Counter(got.false_kinds),
        )

    def __add__(self, other: Tally) -> Tally:
        """Counts of both."""
        return Tally(**{k: v + getattr(other, k) for k, v in vars(self).items()})

    @property
    def recall(self) -> float:
        """Share of true events found; NaN where there was none."""
        return self.matched / self.truth if self.truth else float("nan")

    @property
    def precision(self) -> float:
        """Share of called events that are true; NaN where none was called."""
        return self.matched / self.called if self.called else float("nan")

    @property
    def reached(self) -> bool:
        """Whether neither recall nor precision is below the goal."""
        return not (self.recall < GOAL or self.precision < GOAL)

    def row(self) -> dict[str, Any]:
        """Counts and shares with their intervals, as JSON has them."""
        return {
            **vars(self),
            "recall": interval(self.matched, self.truth),
            "precision": interval(self.matched, self.called),
        }

    def cells(self) -> str:
        """The columns of a Markdown table that `COLUMNS` names."""
        false = ", ".join(f"{kind} {n}" for kind, n in sorted(self.false_on.items()))
        return (
            f"{self.truth} | {share(self.matched, self.truth)} "
            f"| {share(self.matched, self.called)} | {self.clusters_called}/{self.clusters} "
            f"| {self.on_slide} | {self.counted} | {false}"
        )


COLUMNS = "events | recall | precision | clusters | on the slides | counted | false on"
RULE = "---:|---|---|---:|---:|---:|---"


def interval(count: int, total: int) -> list[float] | None:
    """Share and its 95 % Clopper-Pearson interval; None of nothing."""
    return [count / total, *clopper_pearson(count, total)] if total else None


def share(count: int, total: int) -> str:
    """The same in words."""
    found = interval(count, total)
    return "–" if found is None else "{:.3f} ({:.3f}–{:.3f})".format(*found)
