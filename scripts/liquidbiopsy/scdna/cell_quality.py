"""Quality of each cell, and whether it is good enough.

MAPD, the median absolute difference of log2 between neighbouring bins, tells the noise of a cell
and not its copies; the Gini coefficient how unevenly its reads are spread, by both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bins import Mask, Values
from liquidbiopsy.copynumber.noise import mad
from liquidbiopsy.scdna.evenness import gini_of
from liquidbiopsy.scdna.matrix import Matrix

HALF_A_READ = 0.5  # taken where a bin has no read, so that it has a logarithm
LEAST_RATIO = 0.01  # the same of a cell of ratios
NO_READS = "no reads in the bins that are used"


@dataclass(frozen=True)
class Quality:
    """What was measured of each cell; arrays of shape (m,), NaN where not known."""

    reads: Values
    """Reads in bins, duplicates left out."""
    duplicates: Values
    """Share of the mapped reads, 0 to 1, as given."""
    breadth: Values
    """Share of the genome that is covered, 0 to 1, as given."""
    mapd: Values
    """Median absolute difference of log2 between neighbouring bins."""
    gini: Values
    """Gini coefficient of corrected reads over bins, 0 to 1."""
    covered: Values
    """Share of the used autosomal bins that have a read, 0 to 1."""
    passed: Mask
    reason: tuple[str, ...]
    """Why a cell failed; empty where it passed."""


def quality_of(
    matrix: Matrix,
    settings: Mapping[str, Any],
    *,
    duplicates: Values | None = None,
    breadth: Values | None = None,
    failed: Mapping[str, str] | None = None,
) -> Quality:
    """Measure each cell, and hold it against the settings.

    Parameters
    ----------
    matrix : Matrix
    settings : dict
        `quality`: `reads_min`, `mapd_max`, `gini_max`, `covered_min`, `duplicates_max`,
        `breadth_min`. A measure that is not known is not held against anything.
    duplicates, breadth : array of float, shape (m,), optional
        As counting the reads gave them, NaN where not known.
    failed : dict, optional
        Cells that could not be read at all, and why.

    Returns
    -------
    Quality
    """
    unknown = np.full(matrix.m, np.nan)
    base = matrix.base
    found: dict[str, Values] = {
        "reads": _reads(matrix.count),
        "duplicates": unknown if duplicates is None else duplicates,
        "breadth": unknown if breadth is None else breadth,
        "mapd": np.array([mapd_of(matrix, k) for k in range(matrix.m)]),
        "gini": np.array([gini_of(row[base]) for row in matrix.ratio]),
        "covered": np.array([_covered(row[base]) for row in matrix.ratio]),
    }
    empty = [not np.isfinite(row[base]).any() for row in matrix.ratio]
    told = dict(failed or {})
    reasons = []
    for k, name in enumerate(matrix.cells):
        own = {measure: float(values[k]) for measure, values in found.items()}
        why = "; ".join(_short_of(own, settings["quality"]))
        reasons.append(told[name] if name in told else why or (NO_READS if empty[k] else ""))
    passed = np.array([not reason for reason in reasons], np.bool_)
    return Quality(**found, passed=passed, reason=tuple(reasons))


def mapd_of(matrix: Matrix, cell: int) -> float:
    """MAPD of a cell over the autosomes; NaN where too little is known."""
    ratio, base = matrix.ratio[cell], matrix.base
    least = np.full(ratio.shape, LEAST_RATIO)
    if np.isfinite(matrix.count[cell]).any():
        least = HALF_A_READ / matrix.expected(cell)
    return mad(matrix.bins, np.log2(np.maximum(ratio, least)), base & np.isfinite(ratio))


def _reads(count: Values) -> Values:
    known = np.isfinite(count)
    return np.where(known.any(axis=1), np.where(known, count, 0.0).sum(axis=1), np.nan)


def _covered(ratio: Values) -> float:
    known = ratio[np.isfinite(ratio)]
    return float((known > 0).mean()) if known.size else float("nan")


def _short_of(own: Mapping[str, float], settings: Mapping[str, Any]) -> Iterator[str]:
    """What a cell falls short of, in words; a measure of NaN falls short of nothing."""
    if own["reads"] < settings["reads_min"]:
        yield f"{own['reads']:.0f} reads, fewer than {settings['reads_min']:g}"
    if own["covered"] < settings["covered_min"]:
        share = f"{own['covered']:.0%}"
        yield f"{share} of the bins have a read, less than {settings['covered_min']:.0%}"
    if own["breadth"] < settings["breadth_min"]:
        yield f"breadth {own['breadth']:.4f}, less than {settings['breadth_min']:g}"
    if own["duplicates"] > settings["duplicates_max"]:
        yield f"{own['duplicates']:.0%} duplicates, more than {settings['duplicates_max']:.0%}"
    if own["mapd"] > settings["mapd_max"]:
        yield f"MAPD {own['mapd']:.2f}, more than {settings['mapd_max']:g}"
    if own["gini"] > settings["gini_max"]:
        yield f"Gini coefficient {own['gini']:.2f}, more than {settings['gini_max']:g}"
