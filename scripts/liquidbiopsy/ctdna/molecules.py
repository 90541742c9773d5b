"""Templates of one position dealt out into molecules by their UMIs."""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.templates import Templates
from liquidbiopsy.ctdna.umi_graph import ADJACENCY, DIRECTIONAL, IDENTITY, by_abundance, cluster

PAIRED, POSITION = "paired", "position"
"""Strategies by which both strands of a molecule are grouped together: by UMIs, by ends alone."""
STRATEGIES = {
    "identity": IDENTITY, "adjacency": ADJACENCY, "directional": DIRECTIONAL, PAIRED: DIRECTIONAL,
    POSITION: IDENTITY,
}  # fmt: skip


@dataclass(frozen=True)
class Molecules:
    """Molecules of a chunk, in their order: by position, then the most abundant UMI first."""

    templates: Templates
    order: npt.NDArray[np.int64]
    """Templates, those of one molecule together."""
    start: npt.NDArray[np.int64]
    """Where in `order` each molecule begins; one more than there are molecules."""
    code: npt.NDArray[np.uint64]
    """UMI of each, two bits a base; with `by_genome` the left end's first."""
    lengths: npt.NDArray[np.int32]
    """Bases of its first part, times 256, and of its second."""
    by_genome: bool
    """Whether both strands of a molecule are in it; else it has one."""

    def __len__(self) -> int:
        """Molecules."""
        return len(self.code)


@nb.njit(cache=True, nogil=True)
def _sorted(places, kind, code):  # type: ignore[no-untyped-def]
    """Templates of a position by kind, then UMI, the equal in their order."""
    n = places.size
    if n > 24:
        places = places[np.argsort(code[places], kind="mergesort")]
        return places[np.argsort(kind[places], kind="mergesort")]
    for i in range(1, n):
        here, j = places[i], i
        while j > 0:
            other = places[j - 1]
            if kind[other] < kind[here]:
                break
            if kind[other] == kind[here] and code[other] <= code[here]:
                break
            places[j] = other
            j -= 1
        places[j] = here
    return places


@nb.njit(cache=True, nogil=True)
def _assign(  # type: ignore[no-untyped-def]
    run, kind, code, edits, strategy, order, start, final_code, final_kind
):  # fmt: skip
    """Deal the templates out into molecules; the number of these."""
    total, molecules, at, filled = run.size, 0, 0, 0
    while at < total:
        stop = at + 1
        while stop < total and run[stop] == run[at]:
            stop += 1
        if stop == at + 1:  # as most positions of a whole genome
            order[filled], start[molecules] = at, filled
            final_code[molecules], final_kind[molecules] = code[at], kind[at]
            filled, molecules, at = filled + 1, molecules + 1, stop
            continue
        places = _sorted(np.arange(at, stop), kind, code)
        i = 0
        while i < places.size:  # templates of one kind, which alone may belong together
            j, distinct = i, 0
            while j < places.size and kind[places[j]] == kind[places[i]]:
                if j == i or code[places[j]] != code[places[j - 1]]:
                    distinct += 1
                j += 1
            codes, counts = np.empty(distinct, np.uint64), np.zeros(distinct, np.int64)
            begin = np.empty(distinct + 1, np.int64)
            u = -1
            for k in range(i, j):
                if k == i or code[places[k]] != code[places[k - 1]]:
                    u += 1
                    codes[u], begin[u] = code[places[k]], k
                counts[u] += 1
            begin[distinct] = j
            k = kind[places[i]]
            leader = cluster(codes, counts, (k >> 8 & 255) + (k & 255), edits, strategy)
            ranked = by_abundance(counts)
            # one pass over the UMIs by leader, the leaders from the most abundant on
            rank = np.empty(distinct, np.int64)
            leaders = 0
            for u in ranked:
                if leader[u] == u:
                    rank[u] = leaders
                    leaders += 1
            slot = np.zeros(leaders + 1, np.int64)
            for u in range(distinct):
                slot[rank[leader[u]] + 1] += counts[u]
            for m in range(leaders):
                slot[m + 1] += slot[m]
            for u in ranked:
                if leader[u] == u:
                    final_code[molecules + rank[u]], final_kind[molecules + rank[u]] = codes[u], k
                    start[molecules + rank[u]] = filled + slot[rank[u]]
            for u in range(distinct):
                m = rank[leader[u]]
                for p in range(begin[u], begin[u + 1]):
                    order[filled + slot[m]] = places[p]
                    slot[m] += 1
            molecules += leaders
            filled += j - i
            i = j
        at = stop
    start[molecules] = filled
    return molecules


@nb.njit(cache=True, nogil=True)
def _by_genome(code, lengths, right):  # type: ignore[no-untyped-def]
    """UMIs with the left end's part first."""
    turned, sizes = code.copy(), lengths.copy()
    for i in range(code.size):
        one, two = lengths[i] >> 8, lengths[i] & 255
        if right[i] and one and two:
            low = code[i] & ((np.uint64(1) << np.uint64(2 * two)) - np.uint64(1))
            high = code[i] >> np.uint64(2 * two)
            turned[i] = (low << np.uint64(2 * one)) | high
            sizes[i] = two << 8 | one
    return turned, sizes


def molecules_of(templates: Templates, strategy: str, edits: int) -> Molecules:
    """Molecules among templates.

    Parameters
    ----------
    templates : Templates
    strategy : str
        `identity`, `adjacency`, `directional`, `paired` or `position`.
    edits : int
        Bases in which UMIs of one molecule may differ.
    """
    n = len(templates.first)
    code, kind = templates.code, templates.lengths
    by_genome = strategy in (PAIRED, POSITION)
    if by_genome:
        code, kind = _by_genome(code, kind, templates.right)
    else:  # the strands apart
        kind = kind | (templates.right.astype(np.int32) << 16)
    order, start = np.empty(n, np.int64), np.empty(n + 1, np.int64)
    final_code, final_kind = np.empty(n, np.uint64), np.empty(n, np.int32)
    count = _assign(
        templates.run, kind, code, edits, STRATEGIES[strategy], order, start, final_code, final_kind
    )
    return Molecules(
        templates, order, start[: count + 1], final_code[:count], final_kind[:count] & 0xFFFF,
        by_genome,
    )  # fmt: skip
