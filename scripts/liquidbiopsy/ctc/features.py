"""Features of an event that gates may name."""

from __future__ import annotations

from collections.abc import Iterable

from liquidbiopsy.ctc.tables import MEASURES, SHAPE

STANDARD = ("nucleus", "cytokeratin", "leukocyte")
SKIP = "-"
"""Stands in a platform's list for a channel that is not read."""


def features(channels: Iterable[str]) -> list[str]:
    """Names of all features that a gate may use, for these channels beside the standard ones."""
    every = dict.fromkeys((*STANDARD, *channels))
    shape = [f.name for f in SHAPE]
    return shape + [f"{channel}_{name}" for channel in every for name, _, _ in MEASURES]
