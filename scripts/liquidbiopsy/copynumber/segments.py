"""Segments: runs of bins with one level, of plasma and of single cells alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Bins, Places, Values
from liquidbiopsy.copynumber.segment_noise import drawn_in, neighbour_noise


@dataclass(frozen=True)
class Breakpoints:
    """Where segments begin; contigs' first bins with data are among them."""

    first: Places
    """First bin of each segment, ascending; shape (k,)."""
    noise: Values
    """Standard deviation of a bin of weight 1, with what neighbours share; NaN where too little is
    known; shape (rows,)."""


@dataclass(frozen=True)
class Segments:
    """Segments in genome order; arrays of shape (k,)."""

    contigs: tuple[str, ...]
    """Plain names of contigs."""
    contig: npt.NDArray[np.int16]
    """Index into `contigs`."""
    start: Places
    """First base of the first bin with data, from 0."""
    end: Places
    """One past the last base of the last bin with data."""
    first: Places
    """Index of the first bin with data."""
    last: Places
    """Index of the last bin with data."""
    bins: Places
    """How many bins have data."""
    mean: Values
    """Weighted mean of log2, outliers drawn in."""
    error: Values
    """Standard error of `mean`; NaN where the noise is not known."""

    def __len__(self) -> int:
        """How many segments there are."""
        return int(self.start.size)

    def chrom(self) -> list[str]:
        """Contig of each segment, by its plain name."""
        return [self.contigs[k] for k in self.contig]


def segments_of(
    bins: Bins,
    log2: Values,
    weight: Values,
    found: Breakpoints,
    settings: Mapping[str, Any],
    row: int = 0,
) -> Segments:
    """Segments of one sample or cell between breakpoints.

    Parameters
    ----------
    bins : Bins
    log2, weight : arrays of float64, shape (n,)
        As given to `segment`; bins with NaN, or without weight, have no data.
    found : Breakpoints
        Of `segment` or `segment_rows`; those of many rows do for each of them.
    settings : dict
        min_bins, outlier_sd.
    row : int
        Which of the rows of `found.noise` it is.

    Returns
    -------
    Segments
        Segments without data in this row are left out.
    """
    y, w = known(log2, weight)
    contig = bins.contig.astype(np.int64)  # one type: compiled once
    noise = neighbour_noise(y, w, contig)
    y = drawn_in(y, w, contig, noise, float(settings["outlier_sd"]), int(settings["min_bins"]))
    data = np.flatnonzero(w > 0)
    if not data.size:
        none, nothing = np.empty(0, np.int64), np.empty(0)
        on = np.empty(0, np.int16)
        return Segments(bins.contigs, on, none, none, none, none, none, nothing, nothing)
    which = np.searchsorted(found.first, data, side="right")
    changed = (np.diff(which) != 0) | (np.diff(bins.contig[data]) != 0)
    cuts = np.concatenate([[0], np.flatnonzero(changed) + 1])
    first, last = data[cuts], data[np.append(cuts[1:], data.size) - 1]
    weights = np.add.reduceat(w[data], cuts)
    return Segments(
        contigs=bins.contigs,
        contig=bins.contig[first],
        start=bins.start[first],
        end=bins.end[last],
        first=first,
        last=last,
        bins=np.diff(np.append(cuts, data.size)),
        mean=np.add.reduceat((w * y)[data], cuts) / weights,
        error=found.noise[row] / np.sqrt(weights),
    )


def known(log2: Values, weight: Values) -> tuple[Values, Values]:
    """Values and weights of one shape, both 0 where nothing is known.

    Parameters
    ----------
    log2 : array of float64, shape (n,) or (m, n)
    weight : array of float64, of the same shape or (n,)
    """
    log2 = np.asarray(log2, np.float64)
    weight = np.broadcast_to(np.asarray(weight, np.float64), log2.shape)
    have = np.isfinite(log2) & np.isfinite(weight) & (weight > 0)
    return np.where(have, log2, 0.0), np.where(have, weight, 0.0)
