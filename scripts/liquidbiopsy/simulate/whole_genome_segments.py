"""Copies of clones by segment, and over bins of any size.

>>> from liquidbiopsy.simulate.karyotypes import clone_of
>>> segments_of([clone_of(["8p-"], seed=1)], "GRCh38").total.min()
1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liquidbiopsy.simulate.karyotypes import DOUBLING, Clone, Event
from liquidbiopsy.simulate.whole_genome_builds import (
    AUTOSOMES,
    CONTIGS,
    Bins,
    chromosomes,
    offsets,
)

NORMAL = Clone("normal", "", ())


@dataclass(frozen=True)
class Segments:
    """Copies of clones between the breakpoints of all of them; arrays of shape (n,)."""

    build: str
    contig: NDArray[np.int64]
    """Index into `CONTIGS`."""
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    copies: NDArray[np.int64]
    """Of each parent's chromosome, shape (clones, 2, n)."""

    @property
    def total(self) -> NDArray[np.int64]:
        """Copies, shape (clones, n)."""
        return np.asarray(self.copies.sum(axis=1))

    @property
    def ploidy(self) -> NDArray[np.float64]:
        """Mean copies of the autosomes, by length, shape (clones,)."""
        weight = (self.end - self.start) * (self.contig < AUTOSOMES)
        return np.asarray(self.total @ weight / weight.sum())


def segments_of(clones: Sequence[Clone], build: str, sex: str = "female") -> Segments:
    """Copies of clones by segment; of none, the normal genome.

    A gain of a chromosome that is gone is one of the other parent's; a loss of it is none.

    Parameters
    ----------
    clones : sequence of Clone
        Drawn for the same build.
    build : str
        One of `BUILDS`.
    sex : str
        `female` or `male`.
    """
    if sex not in ("female", "male"):
        raise ValueError(f"sex is {sex!r}, must be female or male")
    made = chromosomes(build)
    edges = [{0, one.length} for one in made]
    for clone in clones:
        for event in clone.events:
            if event.contig:
                at = CONTIGS.index(event.contig)
                edges[at] |= {min(x, made[at].length) for x in (event.start, event.end)}
    places = [np.array(sorted(found), np.int64) for found in edges]
    contig = np.repeat(np.arange(len(CONTIGS)), [len(p) - 1 for p in places])
    start, end = (np.concatenate([p[s] for p in places]) for s in (slice(-1), slice(1, None)))
    normal = np.ones((2, len(start)), np.int64)
    x, y = contig == CONTIGS.index("X"), contig == CONTIGS.index("Y")
    normal[1, x], normal[0, y], normal[1, y] = sex == "female", 0, sex == "male"
    copies = np.array([_after(c.events, contig, start, end, normal) for c in clones or [NORMAL]])
    # A breakpoint at which no clone changes is none.
    kept = np.ones(len(start), bool)
    kept[1:] = (contig[1:] != contig[:-1]) | (copies[..., 1:] != copies[..., :-1]).any(axis=(0, 1))
    last = np.append(np.flatnonzero(kept)[1:], len(start)) - 1
    return Segments(build, contig[kept], start[kept], end[last], copies[..., kept])


def _after(
    events: Sequence[Event],
    contig: NDArray[np.int64],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    normal: NDArray[np.int64],
) -> NDArray[np.int64]:
    copies = normal.copy()
    for event in events:
        if event.name == DOUBLING:
            copies *= 2
            continue
        here = (contig == CONTIGS.index(event.contig)) & (start >= event.start) & (end <= event.end)
        for side in (0, 1):
            if event.change[side] > 0:
                gone = here & (copies[side] == 0) & (copies[1 - side] > 0)
                copies[1 - side, gone] += event.change[side]
                copies[side, here & (copies[side] > 0)] += event.change[side]
            else:
                copies[side, here] = np.maximum(copies[side, here] + event.change[side], 0)
    return copies


def copies_in(segments: Segments, bins: Bins) -> NDArray[np.float64]:
    """Mean copies of each clone over bins, shape (clones, n); those of a breakpoint are between."""
    at = offsets(segments.build)
    edges = np.append(segments.start + at[segments.contig], at[-1])
    sums = np.cumsum(segments.total * (segments.end - segments.start), axis=1)
    sums = np.concatenate([np.zeros((len(sums), 1)), sums], axis=1)
    first, last = bins.start + at[bins.contig], bins.end + at[bins.contig]
    rows = [np.interp(last, edges, row) - np.interp(first, edges, row) for row in sums]
    return np.array(rows) / (bins.end - bins.start)
