"""Colours of copies, clones, roles and specimens, the same in every chart of a page.

Copies run from blue over near white to dark red, which colour-blind readers tell apart, and darken
away from two. Those of clones are the muted scheme of Paul Tol's notes on colours, which is made
for the same readers; the tenth is of his light one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

NORMAL = "normal"
"""Name of the clone of cells with the normal genome."""
NO_CLONE = "none"
MOST_COPIES = 6
COPIES = ("#0a3d8f", "#76aede", "#f4f4f2", "#fdc88a", "#f28a3c", "#c93a1e", "#6f0a12")
"""Of 0 to 6 copies; the last is of more, too."""
UNKNOWN = "#c3c9cf"
CLONES = (
    "#332288", "#ddcc77", "#117733", "#cc6677", "#88ccee", "#882255", "#44aa99", "#999933",
    "#aa4499", "#ee8866",
)  # fmt: skip
GREY, BLANK = "#9aa0a6", "#ffffff"
ROLES = {"tumour_cell": ("#39424c", "tumour"), "normal_cell": ("#d3d8dd", "control")}
"""Role -> its colour and its word."""
EARLY, LATE = (214, 232, 226), (13, 74, 74)
"""Red, green and blue of the first specimen and of the last."""


def in_order(names: Iterable[str]) -> list[str]:
    """Names as people count: numbers by their size, letters of one place before those of two.

    Examples
    --------
    >>> in_order(["clone10", "clone9", "AA", "B", "X", "2", "10"])
    ['2', '10', 'B', 'X', 'AA', 'clone9', 'clone10']
    """

    def key(name: str) -> tuple[object, ...]:
        parts = re.findall(r"\d+|\D+", name)
        return tuple((0, int(p), "") if p.isdecimal() else (1, len(p), p) for p in parts)

    return sorted(set(names), key=lambda name: (key(name), name))


def clone_colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each clone, the normal one first; where they are many, colours come again."""
    own = [name for name in in_order(names) if name not in (NORMAL, NO_CLONE)]
    return {NORMAL: GREY} | {name: CLONES[k % len(CLONES)] for k, name in enumerate(own)}


def shades(many: int) -> list[str]:
    """Colours of specimens in the order of their days, from light to dark."""
    steps = [k / max(1, many - 1) for k in range(many)]
    return [_mixed(step) for step in steps]


def _mixed(step: float) -> str:
    parts = zip(EARLY, LATE, strict=True)
    return "#" + "".join(f"{round(a + (b - a) * step):02x}" for a, b in parts)


def copies_legend() -> Sequence[tuple[str, str]]:
    """Colours of copies with their words."""
    words = [str(k) for k in range(MOST_COPIES)] + [f"{MOST_COPIES} and more"]
    return [*zip(COPIES, words, strict=True), (UNKNOWN, "not known")]
