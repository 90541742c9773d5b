"""Cells by bins: the common ground of all that is said of a specimen's cells.

Counts are corrected for GC and mappability cell by cell, and what normal cells of the run have in
common in a bin, which is amplification and sequencing, not copies, is taken out of all: `baseline`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bins import Bins, Mask, Values
from liquidbiopsy.copynumber.correct import correct_many
from liquidbiopsy.copynumber.profile import sound_bins
from liquidbiopsy.scdna.baseline import baseline_of

BLOCK = 500  # cells that are corrected at a time, for memory
FIXED = 0.9  # share of the bins that have one size, where it is meant to be one
NARROW = 0.5  # of the usual size under which a bin is not used
FAR = 3.0  # times the usual from which a bin of the baseline is not used, nor under its inverse


@dataclass(frozen=True)
class Matrix:
    """Cells of a specimen over the same bins; m cells, n bins."""

    bins: Bins
    cells: tuple[str, ...]
    """Names of the cells, shape (m,)."""
    roles: Mask
    """Whether a cell is a tumour cell, shape (m,); else a normal one."""
    count: Values
    """Reads, shape (m, n); NaN where a cell came as ratios."""
    ratio: Values
    """Corrected, the baseline out, shape (m, n): 1 at the median of the cell's autosomes; NaN
    where not known."""
    gc: Values
    """Share of G and C, 0 to 1, shape (n,); NaN where not known."""
    mappability: Values
    """0 to 1, shape (n,); NaN where not known."""
    used: Mask
    """Bins that tell something, shape (n,)."""
    baseline: str = ""
    """What the baseline was made of, in words."""

    @property
    def m(self) -> int:
        """How many cells there are."""
        return len(self.cells)

    @property
    def base(self) -> Mask:
        """Used bins of the autosomes, shape (n,); all that are used where there are none."""
        own = self.used & self.bins.autosomal
        return own if own.any() else self.used

    def expected(self, cell: int) -> Values:
        """Reads of a cell in bins where its ratio is 1, shape (n,).

        That of the bin's neighbours where it has no read; 1 throughout for a cell of ratios.
        """
        count, ratio = self.count[cell], self.ratio[cell]
        known = (count > 0) & (ratio > 0)
        if not known.any():
            return np.ones(count.shape)
        own = np.flatnonzero(known)
        found: Values = np.interp(np.arange(count.size), own, count[own] / ratio[own])
        return found


def matrix_of(
    bins: Bins,
    cells: Sequence[str],
    roles: Mask,
    count: Values,
    gc: Values | None,
    mappability: Values | None,
    build: str | None,
    settings: Mapping[str, Any],
    *,
    acgt: Values | None = None,
    mappable_bp: Values | None = None,
    ratio: Values | None = None,
) -> Matrix:
    """Correct the counts of all cells, and take the baseline out.

    Parameters
    ----------
    bins : Bins
    cells : sequence of str
        Names, shape (m,).
    roles : array of bool, shape (m,)
        Whether a cell is a tumour cell.
    count : array of float, shape (m, n)
        Reads; NaN throughout in a cell that came as ratios, or could not be read.
    gc, mappability : array of float, shape (n,), or None
        0 to 1, NaN where not known; None where nothing is corrected for it.
    build : str or None
        Build of the genome, whose centromeres are left out.
    settings : dict
        `correction` (as of copynumber's `profile_of`) and `baseline`.
    acgt : array of float, shape (n,), optional
        Share of known bases.
    mappable_bp : array of float, shape (n,), optional
        Places to which reads map uniquely, of bins that were cut by them.
    ratio : array of float, shape (m, n), optional
        Ratios of the cells that came so, NaN in the others. They stay as they are, but for their
        median.

    Returns
    -------
    Matrix
    """
    correction = settings["correction"]
    count = np.asarray(count, np.float64)
    sound = sound_bins(bins, gc, build, correction, acgt)
    fitted = sound & bins.autosomal if (sound & bins.autosomal).any() else sound
    found = np.full(count.shape, np.nan)
    own = np.flatnonzero(np.isfinite(count).any(axis=1))
    size = sizes_of(bins, mappability is not None, mappable_bp)
    sound &= size >= NARROW
    for block in np.array_split(own, -(-own.size // BLOCK)) if own.size else ():
        part = np.nan_to_num(count[block]) / size
        part, _ = correct_many(part, gc, mappability, fitted, correction)
        part[np.isnan(count[block])] = np.nan
        found[block] = part
    used = sound if mappability is None else sound & (mappability >= correction["mappability_min"])
    base = baseline_of(bins, cells, np.asarray(roles), count, found, used, settings)
    if mappability is None and own.size:
        # Nothing else tells bins that no read can be mapped to; a loss that all cells have is held
        # for one of them where there are no normal cells.
        used = used & ((base.usual >= correction["ratio_min"]) | ~bins.autosomal)
    if base.level is not None:
        found /= base.level  # ratios come in below: what they are was settled elsewhere
        used = used & (base.level < FAR) & (base.level > 1 / FAR)
    if ratio is not None:
        given = np.isfinite(ratio).any(axis=1)
        found[given] = ratio[given]
    used = used & np.isfinite(found).any(axis=0)
    matrix = Matrix(
        bins=bins,
        cells=tuple(cells),
        roles=np.asarray(roles, np.bool_),
        count=count,
        ratio=found,
        gc=np.full(len(bins), np.nan) if gc is None else gc,
        mappability=np.full(len(bins), np.nan) if mappability is None else mappability,
        used=used,
        baseline=base.words,
    )
    _centre(matrix.ratio, matrix.base)
    return matrix


def sizes_of(bins: Bins, mappable: bool, mappable_bp: Values | None = None) -> Values:
    """How many times the usual reads a bin has for its size, shape (n,).

    Bins that were cut by their mappable places have reads by these, however wide they are; bins of
    one size, but for the last of a contig, by their width. Others, of many sizes, are taken to be
    equal in what can be mapped to, unless mappability is corrected for.
    """
    width = (bins.end - bins.start).astype(np.float64)
    if mappable_bp is not None and not mappable:
        return np.nan_to_num(mappable_bp) / max(float(np.nanmedian(mappable_bp)), 1.0)
    if not width.size:
        return width
    usual = float(np.median(width))
    fixed = float((width == usual).mean()) >= FIXED
    return width / usual if fixed or mappable else np.ones(width.size)


def _centre(ratio: Values, base: Mask) -> None:
    """Bring each cell's median to 1, in place; a cell without one is known nowhere."""
    for row in ratio:
        known = row[base & np.isfinite(row)]
        middle = float(np.median(known)) if known.size else 0.0
        row /= middle if middle > 0 else np.nan
