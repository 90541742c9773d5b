"""What the page shows of one chart: the drawing, its legend, words about it, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Specimens = Sequence[Mapping[str, Any]]
"""Rows of specimens.tsv, by day."""
Legend = Sequence[tuple[str, Sequence[tuple[str, str]]]]
"""For each line of a legend its name, and its entries: colour and word."""
MOST_NAMES = 24
"""Entries of a line of a legend."""


@dataclass(frozen=True)
class Drawn:
    """One chart, and the table under it."""

    key: str
    """Its identifier, unlike any other on the page."""
    title: str
    svgs: Mapping[str, str]
    """Width (`broad`, `narrow`) -> SVG; nothing where `notes` say why there is no drawing."""
    heads: Sequence[str]
    """Heads of the table; those of numbers begin with `>`."""
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    """Sentences beside the drawing."""
    legend: Legend = ()
    day: int | None = None
    """Day of the library that it is of; None of one that is of all specimens of the patient."""
    visit: str | None = None
    specimen_id: str = ""
    library_id: str = ""


def few(entries: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Entries of a line of the legend, and how many more there are."""
    more = len(entries) - MOST_NAMES
    return [*entries[:MOST_NAMES], *([("", f"and {more} more")] if more > 0 else [])]
