"""Integer copy numbers of each cell of a specimen.

Cells are segmented together, so that a breakpoint that is weak in each is found where many have it;
what is left of GC is taken out within segments; a ploidy is looked for; and copies are the
likeliest path of whole numbers along each cell's genome. A change that one cell has alone is found
all the same, where it is strong enough. Cells that look like two are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Bins, Mask, Places, Values
from liquidbiopsy.scdna import joint, trend
from liquidbiopsy.scdna.cell_quality import Quality
from liquidbiopsy.scdna.copies import Whole, copies_of
from liquidbiopsy.scdna.doublets import doublets_of
from liquidbiopsy.scdna.matrix import Matrix
from liquidbiopsy.scdna.ploidy import searched
from liquidbiopsy.scdna.pooling import pooled_levels

UNKNOWN = -1
"""Copies where nothing is known: of cells that failed, and of bins that are not used."""
BROAD_BP = 20_000_000  # loss of all copies over so many bases is unlikely


@dataclass(frozen=True)
class Segments:
    """Segments that the cells share, in genome order; k of them."""

    contigs: tuple[str, ...]
    contig: npt.NDArray[np.int16]
    """Index into `contigs`, shape (k,)."""
    start: Places
    """First base, from 0."""
    end: Places
    """One past the last base."""
    first: Places
    """Index of the first used bin, shape (k,)."""
    last: Places
    """Index of the last used bin, shape (k,)."""
    bins: Places
    """How many are used, shape (k,)."""

    def __len__(self) -> int:
        """How many there are."""
        return int(self.start.size)


@dataclass(frozen=True)
class Profiles:
    """Copy number of each cell; m cells, k segments, n bins. NaN in cells that failed."""

    matrix: Matrix
    """The matrix, with what was left of GC taken out."""
    segments: Segments
    """Between all places where any cell's copies change."""
    copies: Whole
    """Shape (m, k), UNKNOWN in cells that failed."""
    passed: Mask
    """Cells with a profile, shape (m,)."""
    scale: Values
    """Copies at a ratio of 1, shape (m,)."""
    ploidy: Values
    """Mean copies over the autosomes, shape (m,)."""
    second_ploidy: Values
    """That of the runner-up, shape (m,); NaN where there is none."""
    confidence: Values
    """Probability of the ploidy under the model, 0 to 1, shape (m,)."""
    margin: Values
    """Nats by which levels alone fit it better than any other, shape (m,)."""
    noise: Values
    """Standard deviation of a bin's copies where there are two, shape (m,)."""
    doublet: Mask
    """Whether a cell is suspected to be two, shape (m,)."""
    doublet_score: Values
    """Log odds, to the base of 10, of two cells over one, shape (m,)."""
    doublet_of: tuple[str, ...]
    """Which two a suspected doublet looks like, in words; else empty."""

    @property
    def bins(self) -> Bins:
        """Bins of the matrix."""
        return self.matrix.bins

    @property
    def cells(self) -> tuple[str, ...]:
        """Names of the cells."""
        return self.matrix.cells

    def per_bin(self) -> Whole:
        """Copies in bins, shape (m, n); UNKNOWN where nothing is known."""
        used = np.flatnonzero(self.matrix.used)
        found = np.full((self.matrix.m, len(self.bins)), UNKNOWN, np.int16)
        if used.size:
            which = np.searchsorted(self.segments.first, used, side="right") - 1
            found[:, used] = self.copies[:, which]
        return found


def profiles_of(matrix: Matrix, quality: Quality, settings: Mapping[str, Any]) -> Profiles:
    """Joint segments, integer copies, ploidies and suspected doublets of a specimen's cells.

    Parameters
    ----------
    matrix : Matrix
    quality : Quality
        Cells that failed have no profile.
    settings : dict
        `profiles`: `min_bins`, `false_breakpoints`, `outlier_sd`, `ploidy_min`, `ploidy_max`,
        `doubled_share`, `level_error`, `copies_max`, `doublet_score_min`.

    Returns
    -------
    Profiles
    """
    own = settings["profiles"]
    cells, used = np.flatnonzero(quality.passed), np.flatnonzero(matrix.used)
    m = matrix.m
    copies = np.full((m, used.size), UNKNOWN, np.int16)
    scale, ploidy, second, sure, margin, noise, score = (np.full(m, np.nan) for _ in range(7))
    two = np.zeros(m, np.bool_)
    words = [""] * m
    if cells.size and used.size:
        rows = joint.Rows(matrix, cells, own)
        first, spread = joint.shared_breakpoints(rows)
        if np.isfinite(matrix.gc[used]).all():
            matrix = _without_trend(rows, first)
            rows = joint.Rows(matrix, cells, own)
            first, spread = joint.shared_breakpoints(rows)
        levels, mean = pooled_levels(rows, first, spread)
        size = float(np.median((matrix.bins.end - matrix.bins.start)[used]))
        found = searched(levels, matrix.roles[cells], own, BROAD_BP / size)
        path = copies_of(rows, first, spread, found.ploidy / mean)
        doubt = doublets_of(rows, first, path.noise, path.copies)
        copies[cells], scale[cells] = path.copies, path.scale
        noise[cells] = path.noise * np.sqrt(2 * path.scale)
        ploidy[cells] = _mean(matrix, path.copies)
        second[cells], sure[cells] = found.second, found.confidence
        margin[cells] = found.margin
        score[cells] = doubt.score
        two = score >= own["doublet_score_min"]
        for cell, pair in zip(cells, doubt.cells, strict=True):
            words[cell] = " and ".join(_like(matrix, cells, k) for k in pair) if two[cell] else ""
    segments, first = _segments(matrix.bins, used, copies[cells])
    return Profiles(
        matrix, segments, copies[:, first], quality.passed.copy(), scale, ploidy, second, sure,
        margin, noise, two, score, tuple(words),
    )  # fmt: skip


def _without_trend(rows: joint.Rows, first: Places) -> Matrix:
    """The matrix without what follows GC within segments."""
    matrix = rows.matrix
    ratio, used = matrix.ratio.copy(), np.flatnonzero(matrix.used)
    for places, steady in rows:
        cells = rows.cells[places]
        part = ratio[cells]
        trend.take_out(part, used, steady.y, steady.weight, first, matrix.gc)
        ratio[cells] = part
    return replace(matrix, ratio=ratio)


def _mean(matrix: Matrix, copies: Whole) -> Values:
    """Mean copies over the bases of the autosomes, shape (c,)."""
    base = matrix.base[matrix.used]
    length = (matrix.bins.end - matrix.bins.start)[matrix.used][base].astype(np.float64)
    return np.asarray(copies[:, base] @ length / length.sum())


def _like(matrix: Matrix, cells: Places, place: int) -> str:
    return "a normal cell" if place < 0 else f"one like {matrix.cells[cells[place]]}"


def _segments(bins: Bins, used: Places, copies: Whole) -> tuple[Segments, Places]:
    """Segments between all changes, and the first used bin of each among those used."""
    contig = bins.contig[used]
    changed = np.diff(contig, prepend=-1) != 0
    changed[1:] |= (copies[:, 1:] != copies[:, :-1]).any(axis=0)
    first = np.flatnonzero(changed)
    last = np.append(first[1:], used.size)[: first.size] - 1
    found = Segments(
        contigs=bins.contigs,
        contig=contig[first],
        start=bins.start[used[first]],
        end=bins.end[used[last]],
        first=used[first],
        last=used[last],
        bins=last - first + 1,
    )
    return found, first
