"""What the page shows of one chart: the drawing, its legend, words about it, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Legend = Sequence[tuple[str, Sequence[tuple[str, str]]]]
"""For each line of a legend its name, and its entries: colour and word."""


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
    legend: Legend = field(default_factory=tuple)
    day: int | None = None
    """Day of the library that it is of; None of one that is of all specimens of the patient."""
    visit: str | None = None
    specimen_id: str = ""
    library_id: str = ""
