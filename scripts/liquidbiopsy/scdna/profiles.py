"""Integer copy numbers of each cell of a specimen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Bins, Mask, Places, Values
from liquidbiopsy.scdna.cell_quality import Quality
from liquidbiopsy.scdna.matrix import Matrix

Whole = npt.NDArray[np.int16]
UNKNOWN = -1
"""Copies where nothing is known: of cells that failed, and of bins that are not used."""


@dataclass(frozen=True)
class Segments:
    """Segments that the cells share, in genome order; k of them."""

    contigs: tuple[str, ...]
    contig: npt.NDArray[np.int16]
    """Index into `contigs`, shape (k,)."""
    start: Places
    end: Places
    first: Places
    """First used bin, shape (k,)."""
    last: Places
    """Last used bin, shape (k,)."""
    bins: Places
    """Used bins, shape (k,)."""

    def __len__(self) -> int:
        """How many there are."""
        return int(self.start.size)


@dataclass(frozen=True)
class Profiles:
    """Copy number of each cell; m cells, k segments."""

    bins: Bins
    cells: tuple[str, ...]
    segments: Segments
    """Between all places where any cell's copies change."""
    copies: Whole
    """Shape (m, k), UNKNOWN in cells that failed."""
    ratio: Values
    """Mean ratio of each segment in each cell, shape (m, k)."""
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
    """Standard deviation of a bin's ratio about its segment, at two copies, shape (m,)."""
    doublet: Mask
    """Whether a cell is suspected to be two, shape (m,)."""
    doublet_score: Values
    """Log odds (base 10) of two cells over one, shape (m,)."""

    def per_bin(self) -> Whole:
        """Copies in bins, shape (m, n); UNKNOWN where nothing is known."""
        raise NotImplementedError


def profiles_of(matrix: Matrix, quality: Quality, settings: Mapping[str, Any]) -> Profiles:
    """Joint segments, integer copies, ploidies and suspected doublets of a specimen's cells."""
    raise NotImplementedError
