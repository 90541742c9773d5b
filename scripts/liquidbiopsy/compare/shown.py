"""The differences between two result sets as text for a terminal and as a page."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from liquidbiopsy import __version__
from liquidbiopsy.compare.causes import KINDS
from liquidbiopsy.compare.differences import Comparison
from liquidbiopsy.compare.places import SAME, Difference
from liquidbiopsy.core.pages import render

TEMPLATES = Path(__file__).with_name("templates")
HEADER = ("patient", "assay", "specimen", "what", "A", "B", "cause")
WHOLE = "(as a whole)"


def as_text(found: Comparison, a: str, b: str) -> str:
    """A line for each difference, in columns, and the verdict."""
    head = [f"A: {a}", f"B: {b}"]
    if not found.differences:
        return "\n".join([*head, verdict(found)]) + "\n"
    rows = [HEADER, *map(_cells, found.differences)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([*head, "", *(line.rstrip() for line in lines), "", verdict(found)]) + "\n"


def as_page(found: Comparison, a: str, b: str) -> str:
    """One HTML page without scripts: the verdict, the causes counted, a table a patient."""
    by_patient: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for difference in found.differences:
        by_patient[difference.patient].append(_cells(difference)[1:])
    return render(
        TEMPLATES,
        "compare.html.j2",
        version=__version__,
        simulated=None,
        a=a,
        b=b,
        verdict=verdict(found),
        same=not found.differences,
        causes=causes(found),
        patients=by_patient,
        header=[word.capitalize() for word in HEADER[1:]],
    )


def verdict(found: Comparison) -> str:
    """What was compared and what came out, in a sentence or two."""
    compared = (
        f"{_many(found.patients, 'patient')}, {_many(found.specimens, 'specimen')} and "
        f"{_many(found.tables, 'table')} compared"
    )
    if not found.differences:
        return f"Nothing differs: {compared}."
    values = sum(d.of_values for d in found.differences)
    said = f"{_many(values, 'difference')} of values" if values else "All values are the same"
    other = len(found.differences) - values
    made = f", {_many(other, 'place')} made otherwise with the same values" if other else ""
    counted = ", ".join(f"{kind} {n}" for kind, n in causes(found))
    return f"{said}{made}; {compared}. Causes: {counted}."


def causes(found: Comparison) -> list[tuple[str, int]]:
    """How many differences each kind of cause has a part in, in the order of the kinds."""
    counted = Counter(
        kind for d in found.differences for kind in {cause.kind for cause in d.causes}
    )
    return [(kind, counted[kind]) for kind in KINDS if counted[kind]]


def _cells(difference: Difference) -> tuple[str, ...]:
    """A row of the table, as `HEADER` names its columns."""
    return (
        difference.patient or "all",
        difference.assay,
        difference.specimen,
        difference.subject or WHOLE,
        difference.a,
        "" if difference.a == difference.b == SAME else difference.b,
        "; ".join(map(str, difference.causes)),
    )


def _many(n: int, word: str) -> str:
    return f"{n} {word}{'s' if n != 1 else ''}"
