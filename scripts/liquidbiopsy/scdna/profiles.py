"""Integer copy numbers of each cell of a specimen.

Cells are segmented together, so that a breakpoint that is weak in each is found where many have it;
what of GC is left is taken out within segments; a ploidy is looked for; and copies are the likeliest
path of whole numbers along each cell's genome, for which a change costs less where the cells share a
breakpoint. A change that one cell has alone is found all the same, where it is strong enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Bins, Mask, Places, Values
from liquidbiopsy.copynumber.segment_noise import joint_variance
from liquidbiopsy.scdna import joint, trend
from liquidbiopsy.scdna.cell_quality import Quality
from liquidbiopsy.scdna.copies_kernel import likeliest
from liquidbiopsy.scdna.matrix import Matrix
from liquidbiopsy.scdna.pooling import pooled_levels
from liquidbiopsy.scdna.ploidy import Ploidies, evidence_of, ploidies_of
from liquidbiopsy.scdna.ploidy_kernel import STRAY

Whole = npt.NDArray[np.int16]
UNKNOWN = -1
"""Copies where nothing is known: of cells that failed, and of bins that are not used."""
BROAD_BP = 20_000_000  # loss of all copies over so many bases is unlikely
ROUNDS = 2  # of finding copies, and with them scale and noise


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
    """Copy number of each cell; m cells, k segments, n bins."""

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
    """Mean copies over the autosomes, shape (m,); NaN in cells that failed."""
    second_ploidy: Values
    """That of the runner-up, shape (m,); NaN where there is none."""
    confidence: Values
    """Probability of the ploidy under the model, 0 to 1, shape (m,)."""
    noise: Values
    """Standard deviation of a bin's copies where there are two, shape (m,)."""

    @property
    def cells(self) -> tuple[str, ...]:
        """Names of the cells."""
        return self.matrix.cells

    def per_bin(self) -> Whole:
        """Copies in bins, shape (m, n); UNKNOWN where nothing is known."""
        used = np.flatnonzero(self.matrix.used)
        which = np.searchsorted(self.segments.first, used, side="right") - 1
        found = np.full((self.matrix.m, len(self.matrix.bins)), UNKNOWN, np.int16)
        found[:, used] = self.copies[:, which]
        return found


def profiles_of(matrix: Matrix, quality: Quality, settings: Mapping[str, Any]) -> Profiles:
    """Joint segments, integer copies and ploidies of a specimen's cells.

    Parameters
    ----------
    matrix : Matrix
    quality : Quality
        Cells that failed have no profile.
    settings : dict
        `profiles`: `min_bins`, `false_breakpoints`, `outlier_sd`, `ploidy_min`, `ploidy_max`,
        `doubled_share`, `level_error`, `copies_max`.

    Returns
    -------
    Profiles
    """
    own = settings["profiles"]
    cells = np.flatnonzero(quality.passed)
    m, used = matrix.m, np.flatnonzero(matrix.used)
    if not cells.size or not used.size:
        return _nothing(matrix, used)
    rows = joint.Rows(matrix, cells, own)
    first, noise = joint.shared_breakpoints(rows)
    if np.isfinite(matrix.gc[used]).all():
        matrix = _without_trend(rows, first)
        rows = joint.Rows(matrix, cells, own)
        first, noise = joint.shared_breakpoints(rows)
    levels, mean = pooled_levels(rows, first, noise)
    size = float(np.median((matrix.bins.end - matrix.bins.start)[used]))
    evidence = evidence_of(levels, own, BROAD_BP / size)
    found = ploidies_of(evidence, matrix.roles[cells], own)
    copies = np.full((m, used.size), UNKNOWN, np.int16)
    scale, spread = np.full(m, np.nan), np.full(m, np.nan)
    for place, row, its_scale, its_noise in _copies(rows, first, noise, found.ploidy / mean):
        cell = cells[place]
        copies[cell], scale[cell], spread[cell] = row, its_scale, its_noise
    return _profiles(matrix, cells, copies, scale, spread, found)


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


def _copies(
    rows: joint.Rows, first: Places, noise: Values, scales: Values
) -> Iterator[tuple[int, Whole, float, float]]:
    """Place of each cell, its copies in used bins, those at a ratio of 1, and noise at two."""
    settings = rows.settings
    for places, steady in rows:
        price = joint.prices(steady.contig, first, settings)
        most = 2 * price.max() / (settings["min_bins"] - 0.5)
        for k, place in enumerate(places):
            scale, own = float(scales[place]), float(noise[place])
            y, weight = steady.y[k], steady.weight[k]
            for _ in range(ROUNDS):
                states = means_of(scale, y, settings["copies_max"])
                row = likeliest(y, weight / own**2, states, steady.contig, price, most)
                scale = scale_of(y, weight, row, scale)
                own = noise_about(y, weight, row, steady.contig, float(steady.noise[k]))
            yield int(place), row, scale, own * float(np.sqrt(2 * scale))


def means_of(scale: float, y: Values, most: int) -> Values:
    """Values of y at 0, 1, 2 ... copies, up to the most that a cell has."""
    top = int(min(np.ceil(scale * (y.max() / 2) ** 2) + 1, most))
    ratio = np.arange(top + 1) / scale
    ratio[0] = STRAY
    return np.asarray(2 * np.sqrt(ratio))


def scale_of(y: Values, weight: Values, copies: Whole, scale: float) -> float:
    """Copies at a ratio of 1 by least squares, the numbers being known; as it is where none is."""
    root = np.sqrt(np.maximum(copies, 0))
    low = float(weight @ root**2)
    top = float((weight * y) @ root)
    return (2 * low / top) ** 2 if top > 0 and low > 0 else scale


def noise_about(y: Values, weight: Values, copies: Whole, contig: Any, least: float) -> float:
    """Standard deviation of a bin of weight 1 about a cell's own segments."""
    changed = (np.diff(copies, prepend=-2) != 0) | (np.diff(contig, prepend=-1) != 0)
    return max(float(np.sqrt(joint_variance(y, weight, np.flatnonzero(changed)))), least)


def _profiles(
    matrix: Matrix,
    cells: Places,
    copies: Whole,
    scale: Values,
    noise: Values,
    found: Ploidies,
) -> Profiles:
    used = np.flatnonzero(matrix.used)
    segments, first = _segments(matrix.bins, used, copies[cells])
    auto = matrix.base[used]
    length = (matrix.bins.end - matrix.bins.start)[used][auto].astype(np.float64)
    ploidy, second, confidence = (np.full(matrix.m, np.nan) for _ in range(3))
    ploidy[cells] = copies[cells][:, auto] @ length / length.sum()
    second[cells] = found.second
    confidence[cells] = found.confidence
    passed = np.zeros(matrix.m, np.bool_)
    passed[cells] = True
    return Profiles(
        matrix, segments, copies[:, first], passed, scale, ploidy, second, confidence, noise
    )


def _segments(bins: Bins, used: Places, copies: Whole) -> tuple[Segments, Places]:
    """Segments between all changes, and the first used bin of each among those used."""
    contig = bins.contig[used]
    changed = np.diff(contig, prepend=-1) != 0
    changed[1:] |= (copies[:, 1:] != copies[:, :-1]).any(axis=0)
    first = np.flatnonzero(changed)
    last = np.append(first[1:], used.size) - 1
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


def _nothing(matrix: Matrix, used: Places) -> Profiles:
    """What is said where no cell passed."""
    unknown = np.full(matrix.m, np.nan)
    none = np.full((matrix.m, used.size), UNKNOWN, np.int16)
    segments, first = _segments(matrix.bins, used, none)
    failed = np.zeros(matrix.m, np.bool_)
    return Profiles(matrix, segments, none[:, first], failed, *(unknown.copy() for _ in range(5)))
