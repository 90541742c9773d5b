"""Tree of clones, or of cells, rooted at the normal genome.

Neighbour joining [1]_ [2]_ of the fewest events between profiles (`events`); the normal genome is
one of the joined and becomes the root. Branches under zero become zero, and their neighbour takes
the difference [3]_; inner branches without an event are left out, so that a node has as many
children as there are.

References
----------
.. [1] Saitou N, Nei M. The neighbor-joining method. Mol Biol Evol 1987;4:406-425,
       doi:10.1093/oxfordjournals.molbev.a040454.
.. [2] Studier JA, Keppler KJ. A note on the neighbor-joining algorithm of Saitou and Nei. Mol Biol
       Evol 1988;5:729-731, doi:10.1093/oxfordjournals.molbev.a040527.
.. [3] Kuhner MK, Felsenstein J. A simulation comparison of phylogeny algorithms. Mol Biol Evol
       1994;11:459-468, doi:10.1093/oxfordjournals.molbev.a040126.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Places, Values
from liquidbiopsy.scdna.events import NORMAL

SAME = 0.75  # events: a leaf nearer to its node is that node
NONE = 1e-6  # events: a branch that is not there

Names = Sequence[str]


@dataclass(frozen=True)
class Tree:
    """Nodes, each after its parent and the root first; n of them."""

    names: tuple[str, ...]
    """Of leaves and of named nodes; empty of other inner nodes."""
    parent: Places
    """Shape (n,); -1 of the root."""
    length: Values
    """Events on the branch to the parent, shape (n,); 0 of the root."""
    support: Values
    """Share of the replicates that have the same leaves together, shape (n,); NaN if not known."""

    @property
    def children(self) -> list[list[int]]:
        """Children of each node, in order."""
        found: list[list[int]] = [[] for _ in self.names]
        for node, above in enumerate(self.parent[1:], 1):
            found[above].append(node)
        return found

    def leaves(self) -> list[str]:
        """Names of all but the root and the inner nodes, from the top of the drawn tree down."""
        children = self.children
        return [self.names[k] for k in self._walk() if k and not children[k]]

    def _walk(self) -> list[int]:
        """Nodes from the top of the drawn tree down, each before its children."""
        children, stack, found = self.children, [0], []
        while stack:
            node = stack.pop()
            found.append(node)
            stack += reversed(children[node])
        return found

    def clades(self) -> dict[int, frozenset[str]]:
        """Leaves under each inner node but the root."""
        under: list[set[str]] = [set() for _ in self.names]
        children = self.children
        for node in range(len(self.names) - 1, 0, -1):
            under[node] |= set() if children[node] else {self.names[node]}
            under[self.parent[node]] |= under[node]
        return {k: frozenset(under[k]) for k in range(1, len(under)) if children[k]}

    def newick(self) -> str:
        """The tree as text: lengths are events, inner nodes are named or have their support."""
        text = [""] * len(self.names)
        children = self.children
        for node in range(len(self.names) - 1, -1, -1):
            inner = ",".join(text[k] for k in children[node])
            known = children[node] and np.isfinite(self.support[node])
            label = self.names[node] or (f"{self.support[node]:.2f}" if known else "")
            own = f":{round(float(self.length[node]), 4):g}" if node else ""
            text[node] = (f"({inner})" if inner else "") + label + own
        return text[0] + ";"


def tree_of(names: Names, distance: npt.NDArray[Any]) -> Tree:
    """Join neighbours, and root the tree at the first, the normal genome.

    Equal profiles (no event apart) hang on one node. The time grows with the cube of how many
    different profiles there are.

    Parameters
    ----------
    names : sequence of str
        Shape (n,), the normal genome first.
    distance : array of float, shape (n, n)
        Symmetric, in events.

    Returns
    -------
    Tree
        Children in order of how many leaves they have, then of their first leaf's name.
    """
    d = np.asarray(distance, np.float64)
    kept: list[int] = []
    alike = np.empty(len(names), np.int64)
    for row in range(len(names)):
        same = np.flatnonzero(d[row, kept] == 0) if kept else np.empty(0, np.int64)
        alike[row] = same[0] if same.size else len(kept)
        if not same.size:
            kept.append(row)
    one, other, length = _joined(d[np.ix_(kept, kept)].copy())
    near: dict[int, list[tuple[int, float]]] = {}
    for a, b, events in zip(one.tolist(), other.tolist(), length.tolist(), strict=True):
        near.setdefault(a, []).append((b, events))
        near.setdefault(b, []).append((a, events))
    members: dict[int, list[str]] = {}
    for row, name in enumerate(names[1:], 1):
        members.setdefault(int(alike[row]), []).append(name)
    found, parent, lengths = [names[0]], [-1], [0.0]

    def put(name: str, above: int, events: float) -> int:
        found.append(name)
        parent.append(above)
        lengths.append(events)
        return len(found) - 1

    for name in members.pop(0, []):
        put(name, 0, 0.0)
    stack = [(k, 0, 0, events) for k, events in near.get(0, [])]
    while stack:
        node, came, above, events = stack.pop()
        own = members.get(node, [])
        further = [(k, e) for k, e in near[node] if k != came]
        if len(own) == 1:
            put(own[0], above, events)  # always a leaf
            continue
        at = above if events < NONE and not own else put("", above, events)
        for name in own:
            put(name, at, 0.0)
        stack += [(k, node, at, e) for k, e in further]
    unknown = np.full(len(found), np.nan)
    return _in_order(Tree(tuple(found), np.array(parent), np.array(lengths), unknown))


def _in_order(tree: Tree) -> Tree:
    """Nodes from the top of the drawn tree down, small branches first."""
    children = tree.children
    size, first = np.zeros(len(tree.names), np.int64), list(tree.names)
    for node in range(len(tree.names) - 1, -1, -1):
        below = children[node]
        size[node] = sum(size[k] for k in below) or 1
        first[node] = min((first[k] for k in below), default=first[node])
    order, stack = [], [0]
    while stack:
        node = stack.pop()
        order.append(node)
        stack += sorted(children[node], key=lambda k: (size[k], first[k]), reverse=True)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    parent = np.array([-1, *(place[tree.parent[k]] for k in order[1:])], np.int64)
    names = tuple(tree.names[k] for k in order)
    return Tree(names, parent, tree.length[order], tree.support[order])


def with_cells(tree: Tree, clone: Names, cells: Names, events: Values) -> Tree:
    """Hang cells on their clones, which become inner nodes; linear in cells.

    Parameters
    ----------
    tree : Tree
        Of clones.
    clone, cells : sequence of str, shape (m,)
        Clone of each cell, `NORMAL` at the root, and the cell's name; cells of none are left out.
    events : array of float, shape (m,)
        From the clone to the cell.
    """
    at = {name: k for k, name in enumerate(tree.names) if name}
    own = [k for k, name in enumerate(clone) if name in at]
    return replace(
        tree,
        names=(*tree.names, *(cells[k] for k in own)),
        parent=np.concatenate([tree.parent, np.array([at[clone[k]] for k in own], np.int64)]),
        length=np.concatenate([tree.length, np.asarray(events, np.float64)[own]]),
        support=np.concatenate([tree.support, np.full(len(own), np.nan)]),
    )


def ancestors(tree: Tree) -> dict[str, str]:
    """The clone that each clone comes from: the nearest one above it that is a node by itself.

    That is one whose own branch is shorter than three quarters of an event, as joining is not
    exact; else it is the normal genome.
    """
    children = tree.children
    found = {}
    for node in range(1, len(tree.names)):
        if children[node]:
            continue
        above = int(tree.parent[node])
        if tree.length[node] < SAME and above:
            above = int(tree.parent[above])
        name = NORMAL
        while above > 0 and name == NORMAL:
            own = [k for k in children[above] if not children[k] and tree.length[k] < SAME]
            nearest = min(own, key=lambda k: (tree.length[k], tree.names[k]), default=0)
            name = tree.names[nearest]
            above = int(tree.parent[above])
        found[tree.names[node]] = name
    return found


@nb.njit(cache=True, nogil=True)
def _joined(d):  # type: ignore[no-untyped-def]
    """Branches of the neighbour-joining tree: both ends and lengths; `d` is used up."""
    n = len(d)
    one, other = np.empty(max(2 * n - 3, 0), np.int64), np.empty(max(2 * n - 3, 0), np.int64)
    length = np.empty(max(2 * n - 3, 0))
    label, total = np.arange(n), d.sum(axis=1)
    left, count, fresh = n, 0, n
    while left > 2:
        least, a, b = np.inf, 0, 1
        for i in range(left):
            for j in range(i + 1, left):
                q = (left - 2) * d[i, j] - total[i] - total[j]
                if q < least:
                    least, a, b = q, i, j
        both = d[a, b]
        near = min(max(both / 2 + (total[a] - total[b]) / (2 * (left - 2)), 0.0), both)
        for own, events in ((a, near), (b, both - near)):
            one[count], other[count], length[count] = label[own], fresh, events
            count += 1
        for k in range(left):
            if k != a and k != b:
                to = max((d[a, k] + d[b, k] - both) / 2, 0.0)
                total[k] += to - d[a, k] - d[b, k]
                d[a, k] = d[k, a] = to
        last = left - 1
        label[a] = fresh
        label[b], total[b] = label[last], total[last]
        for k in range(left):
            d[b, k] = d[last, k]
            d[k, b] = d[k, last]
        d[b, b] = 0.0
        fresh, left = fresh + 1, last
        total[a] = 0.0
        for k in range(left):
            total[a] += d[a, k] if k != a else 0.0
    if left == 2:
        one[count], other[count], length[count] = label[0], label[1], d[0, 1]
    return one, other, length
