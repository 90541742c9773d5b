"""The tree of a patient's clones as static SVG: branches as long as their copy-number events."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.words import number
from liquidbiopsy.report.colours import GREY, NORMAL, in_order
from liquidbiopsy.report.drawing import INK, LINE, SOFT, WIDTHS
from liquidbiopsy.report.vector import element, holding, plain_number, shortened, svg, text

ROW, LINE_PX, TOP, FOOT = 38, 13, 16, 46
LABEL = {"broad": 260, "narrow": 168}
SMALLEST, LARGEST = 4.0, {"broad": 12.0, "narrow": 8.0}
"""Radius of a clone in pixels."""


@dataclass(frozen=True)
class Node:
    """One clone of the patient."""

    name: str
    parent: str | None = None
    cells: int = 0
    """In all specimens."""
    ploidy: float | None = None
    events: int | None = None
    """From the normal genome."""
    doubled: bool = False
    support: float | None = None

    @property
    def words(self) -> list[str]:
        """What is known of it beside its cells."""
        said = [f"ploidy {self.ploidy:.1f}"] if self.ploidy is not None else []
        said += ["doubled"] if self.doubled else []
        said += (
            [f"support {self.support:.0%}".replace("%", " %")] if self.support is not None else []
        )
        return said

    @property
    def size(self) -> str:
        """Its cells in words."""
        return f"{number(float(self.cells))} cell{'' if self.cells == 1 else 's'}"


def rooted(nodes: Iterable[Node]) -> dict[str, Node]:
    """The clones in the order of their rows: each before those that come from it.

    `normal` is put in where it is missing; a clone whose parent is not there, or comes from
    itself, comes from `normal`.
    """
    found = {node.name: node for node in nodes}
    root = found.pop(NORMAL, Node(NORMAL, events=0))
    parent = {n: str(c.parent) if c.parent in found else NORMAL for n, c in found.items()}
    children: dict[str, list[str]] = {}
    for name in in_order(parent):
        if _turns(name, parent):
            parent[name] = NORMAL
        children.setdefault(parent[name], []).append(name)
    placed, waiting = {NORMAL: root}, children.get(NORMAL, [])[::-1]
    while waiting:
        name = waiting.pop()
        node = found[name]
        placed[name] = Node(
            name, parent[name], node.cells, node.ploidy, node.events, node.doubled, node.support
        )
        waiting += children.get(name, [])[::-1]
    return placed


def _turns(name: str, parent: Mapping[str, str]) -> bool:
    """Whether a clone is its own ancestor."""
    at = parent[name]
    for _ in parent:
        if at == name:
            return True
        at = parent.get(at, NORMAL)
    return False


def places(nodes: Mapping[str, Node]) -> tuple[dict[str, float], bool]:
    """How far each clone is from `normal`, and whether events say so; else generations do."""
    known = all(n.events is not None for n in nodes.values() if n.name != NORMAL)
    found: dict[str, float] = {}
    for name, node in nodes.items():
        if node.parent is None:
            found[name] = 0.0
        elif known:
            found[name] = max(float(node.events or 0), found[node.parent])
        else:
            found[name] = found[node.parent] + 1
    return found, known


def tree_svgs(
    nodes: Mapping[str, Node], colours: Mapping[str, str], title: str, key: str
) -> dict[str, str]:
    """The tree, for wide pages and for narrow ones.

    Parameters
    ----------
    nodes : mapping
        As `rooted` gives them.
    colours : mapping
        Clone -> colour.
    title : str
        What the drawing is called.
    key : str
        Prefix of its identifiers, unlike any other on the page.
    """
    return {name: _drawing(nodes, colours, title, (key, name)) for name in WIDTHS}


def _drawing(
    nodes: Mapping[str, Node], colours: Mapping[str, str], title: str, key: tuple[str, str]
) -> str:
    at, known = places(nodes)
    width, largest = WIDTHS[key[1]], LARGEST[key[1]]
    left, split = largest + 4, key[1] == "narrow"
    row = ROW + LINE_PX * split
    room = width - left - largest - LABEL[key[1]]
    far = max(at.values()) or 1.0
    x = {name: left + room * at[name] / far for name in nodes}
    y = {name: TOP + row * k + ROW / 2 for k, name in enumerate(nodes)}
    bottom = TOP + row * len(nodes)
    most = max(max(n.cells for n in nodes.values()), 1)
    body = _axis(far, room, left, bottom) if known else []
    for name, node in nodes.items():
        if node.parent is not None:
            line = f"M{plain_number(x[node.parent])} {y[node.parent]}V{y[name]}"
            body.append(element(
                "path", d=f"{line}H{plain_number(x[name])}", fill="none", stroke=SOFT,
                stroke_width=1.4,
            ))  # fmt: skip
    for name, node in nodes.items():
        radius = SMALLEST + (largest - SMALLEST) * math.sqrt(node.cells / most)
        fill = colours.get(name, GREY)
        spot: dict[str, Any] = {"cx": x[name], "cy": y[name]}
        body.append(element("circle", **spot, r=radius, fill=fill, stroke="#fff", stroke_width=1))
        if node.doubled:
            spot |= {"r": radius + 2.5, "fill": "none", "stroke": INK, "stroke_width": 1.3}
            body.append(element("circle", **spot))
        from_node = x[name] + largest + 7
        space = width - from_node
        clear = {"stroke": "#fff", "stroke_width": 3, "paint_order": "stroke"}
        own = element("tspan", shortened(name, space - 70, 13), font_weight=600, font_size=13)
        size = element("tspan", node.size, fill=SOFT, dx=8)
        body.append(holding("text", own + size, x=from_node, y=y[name] - 2, font_size=12, **clear))
        lines = [", ".join(node.words[:2]), *node.words[2:]] if split else [", ".join(node.words)]
        for k, words in enumerate(lines):
            down = y[name] + 12 + LINE_PX * k
            body.append(text(from_node, down, words, 11, fill=SOFT, **clear))
        if known and node.parent is not None:
            body += _steps(x[node.parent], x[name] - radius, y[name], at[name] - at[node.parent])
    height = bottom + (FOOT if known else 8)
    return svg("-".join(key), (width, height), title, _said(nodes, at, known), body)


def _steps(x: float, x2: float, y: float, steps: float) -> list[str]:
    """The number of events over a branch that is long enough for it."""
    if x2 - x < 30:
        return []
    return [text((x + x2) / 2, y - 4, f"+{steps:.0f}", 10.5, text_anchor="middle", fill=SOFT)]


def _axis(far: float, room: float, left: float, bottom: float) -> list[str]:
    step = next(
        s * 10**p for p in range(12) for s in (1, 2, 5) if far / (s * 10**p) <= max(2, room / 60)
    )
    found = []
    for value in range(0, int(far) + 1, step):
        x = left + room * value / far
        path = f"M{plain_number(x)} {TOP}V{bottom}"
        found.append(element("path", d=path, stroke=LINE, stroke_width=1))
        found.append(text(x, bottom + 14, str(value), 11, text_anchor="middle", fill=SOFT))
    words = "Copy-number events from the normal genome"
    return [*found, text(left - 8, bottom + 34, words, 12, fill=SOFT)]


def _said(nodes: Mapping[str, Node], at: Mapping[str, float], known: bool) -> str:
    """What a reader who does not see the tree is told."""
    told = []
    for name, node in nodes.items():
        if node.parent is not None:
            steps = f" after {at[name] - at[node.parent]:.0f} events" if known else ""
            also = "".join(f", {words}" for words in node.words)
            told.append(f"{name} comes from {node.parent}{steps}: {node.size}{also}")
    return "; ".join(told) + "." if told else "No clone but the normal one."
