"""What a bin has in every cell of a run, whatever its copies: from cells that have two everywhere.

Normal cells of the run are the best there is. Without them, the cells whose reads are spread the
most evenly serve, as SCOPE takes those of low Gini coefficient for normal [1]_; whole arms must lie
at the cell's median, or an even tumour would be taken out of itself. What cells do not agree on is
noise, so that the mean of few cells is drawn towards none at all.

References
----------
.. [1] Wang R, Lin DY, Jiang Y. SCOPE: a normalization and copy-number estimation method for
       single-cell DNA sequencing. Cell Syst 2020;10:445-452, doi:10.1016/j.cels.2020.03.005
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bins import Bins, Mask, Places, Values
from liquidbiopsy.copynumber.middle import library_noise, middle_of
from liquidbiopsy.scdna.evenness import gini_of

STRETCH_BP = 20_000_000
"""Length of the stretches whose levels tell a cell of two copies from one with changes."""
CHANGED = 0.25  # off the median from which a stretch is nearer to another number of copies than two
FEWEST = 8  # bins of a stretch with a level
MANY = 200  # cells, about, that are more than enough
CHANCE = 16.0  # squares, in those of its noise, that a bin is off by chance at most
NO_Y = 0.15  # ratio of Y under which a cell has none


@dataclass(frozen=True)
class Baseline:
    """What all cells share; arrays of shape (n,)."""

    level: Values | None
    """To divide by; 1 where nothing is known. None where there is no baseline."""
    usual: Values
    """Median ratio of the cells that it was made of, else of all; NaN where not known."""
    words: str
    """What it was made of."""


def baseline_of(
    bins: Bins,
    cells: Sequence[str],
    roles: Mask,
    count: Values,
    ratio: Values,
    used: Mask,
    settings: Mapping[str, Any],
) -> Baseline:
    """The baseline of a run's cells.

    Parameters
    ----------
    bins : Bins
    cells : sequence of str
        Names.
    roles : array of bool, shape (m,)
        Whether a cell is a tumour cell.
    count, ratio : array of float, shape (m, n)
        Reads, NaN in cells that came as ratios, and corrected reads.
    used : array of bool, shape (n,)
    settings : dict
        `baseline`: `altered_max`, `low_gini_max`, `low_gini_cells`; `quality`: `reads_min`,
        `gini_max`.
    """
    own, quality = settings["baseline"], settings["quality"]
    base = used & bins.autosomal if (used & bins.autosomal).any() else used
    reads = np.nansum(count, axis=1)
    if not np.isfinite(count).any():
        unknown = np.full(len(bins), np.nan)
        return Baseline(None, unknown, "none: the cells came as ratios, which stay as they are")
    gini = np.ones(len(ratio))
    for k in np.flatnonzero(reads >= quality["reads_min"]):
        part = ratio[k, base]
        if np.isfinite(part).any():
            gini[k] = gini_of(part)

    def flat(cells: Mask, gini_max: float) -> Places:
        good = np.flatnonzero(cells & (gini <= gini_max))
        altered = [altered_of(bins, ratio[k], base) for k in good]
        return good[np.array(altered) <= own["altered_max"]]

    normal = flat(~roles, quality["gini_max"])
    if normal.size:
        left = int((~roles).sum()) - normal.size
        words = f"{_cells(normal.size, 'normal cell')}"
        words += f"; {left} more are too poor or have changes" if left else ""
        return _made(bins, ratio, normal, used, words)
    why = "no normal cells" if roles.all() else "no normal cell is good enough"
    even = flat(np.ones_like(roles), own["low_gini_max"])
    if even.size >= own["low_gini_cells"]:
        words = f"{why}; {_cells(even.size, 'cell')} of low Gini coefficient instead"
        return _made(bins, ratio, even, used, words)
    some = np.flatnonzero(gini < 1)
    some = some[:: max(some.size // MANY, 1)]
    rows = ratio[some] / _medians(ratio[some], base)
    return Baseline(None, _median(rows), f"none: {why}, and too few cells of low Gini coefficient")


def altered_of(bins: Bins, ratio: Values, base: Mask) -> float:
    """Share of a cell's long stretches that lie off its median, 0 to 1.

    Parameters
    ----------
    bins : Bins
    ratio : array of float, shape (n,)
    base : array of bool, shape (n,)
        Bins that count.
    """
    own = np.flatnonzero(base & np.isfinite(ratio))
    middle = float(np.median(ratio[own])) if own.size else 0.0
    if not middle > 0:
        return 1.0
    values = ratio[own] / middle
    place = bins.contig[own].astype(np.int64) * 1000 + bins.start[own] // STRETCH_BP
    first = np.flatnonzero(np.diff(place, prepend=-1))
    parts = [part for part in np.split(values, first[1:]) if part.size >= FEWEST]
    levels = np.array([np.median(part) for part in parts])
    return float((np.abs(levels - 1) > CHANGED).mean()) if parts else 0.0


def _made(bins: Bins, ratio: Values, own: Places, used: Mask, words: str) -> Baseline:
    """A baseline of some cells; X and Y are put at their own medians first."""
    own = own[:: max(own.size // MANY, 1)]
    base = used & bins.autosomal if (used & bins.autosomal).any() else used
    rows = ratio[own] / _medians(ratio[own], base)
    usual = _median(rows)
    for name in ("X", "Y"):
        at = bins.of(name)
        if at.stop > at.start:
            level = _medians(rows[:, at], used[at])
            rows[:, at] /= np.where(level > NO_Y, level, np.nan)
    root = np.sqrt(rows.T)
    root[~used] = np.nan
    noise = library_noise(bins, root)
    middle = middle_of(root, noise)
    error = 1 / np.sum(1 / noise**2)
    return Baseline(_drawn(middle, float(error)), usual, words)


def _drawn(root: Values, error: float) -> Values:
    """Squares of roots about 1, drawn towards 1 by their share of noise; 1 where not known.

    The variance of the bias is what is seen beyond `error`; where one bin's own is more, it counts.
    """
    off = np.where(np.isfinite(root), root - 1, 0.0)
    known = np.isfinite(root)
    seen = (1.4826 * float(np.median(np.abs(off[known])))) ** 2 if known.any() else 0.0
    bias = np.maximum(max(seen - error, 0.0), off**2 - CHANCE * error)
    total = bias + error
    share = np.divide(bias, total, out=np.zeros_like(bias), where=total > 0)
    return np.asarray((1 + share * off) ** 2)


def _medians(ratio: Values, base: Mask) -> Values:
    """Median of each row over some bins, shape (m, 1); 1 where there is none."""
    found = np.ones((len(ratio), 1))
    for k, row in enumerate(ratio):
        known = row[base & np.isfinite(row)]
        middle = float(np.median(known)) if known.size else 0.0
        found[k] = middle if middle > 0 else 1.0
    return found


def _median(ratio: Values) -> Values:
    """Median of each bin over rows that know it, shape (n,)."""
    found = np.full(ratio.shape[1], np.nan)
    if not len(ratio):
        return found
    known = np.isfinite(ratio).all(axis=0)
    found[known] = np.median(ratio[:, known], axis=0)
    for k in np.flatnonzero(~known & np.isfinite(ratio).any(axis=0)):
        found[k] = np.nanmedian(ratio[:, k])
    return found


def _cells(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
