"""Which bin tells the copies of a gene in each cell, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Mask, Places, Values
from liquidbiopsy.copynumber.genes import Gene, genes_of
from liquidbiopsy.scdna.matrix import Matrix

HALF = 0.75  # ratio of X under which a cell has half of it
NO_Y = 0.15  # ratio of Y under which there is none
FEWEST = 3  # bins of a contig that tell the sex
MALE, FEMALE = "male", "female"


@dataclass(frozen=True)
class Place:
    """A gene over the used bins."""

    gene: Gene
    bins: Places
    """Used bins that it lies in."""
    overlap: Values
    """Its bases in each of them."""

    def of(self, copies: npt.NDArray[np.int16]) -> Places:
        """The bin that tells its copies in each cell, -1 where none does; shape (c,).

        That of the copies that most of its bases have. Where it lies in no used bin its neighbours
        do not tell: an amplification may be narrower than the gap.

        Parameters
        ----------
        copies : array of int, shape (c, n)
        """
        if not self.bins.size:
            return np.full(len(copies), -1)
        own = copies[:, self.bins]
        same = own[:, :, None] == own[:, None, :]
        return np.asarray(self.bins[(same @ self.overlap).argmax(axis=1)])


def places_of(matrix: Matrix, build: str | None) -> tuple[list[Place], str]:
    """Where genes lie among the bins, and what to say where the build is not known."""
    genes, note = genes_of(build)
    found = []
    for gene in genes:
        on = matrix.bins.of(gene.chrom)
        used = on.start + np.flatnonzero(matrix.used[on])
        start, end = matrix.bins.start[used], matrix.bins.end[used]
        overlap = np.minimum(end, gene.end) - np.maximum(start, gene.start)
        own = overlap > 0
        found.append(Place(gene, used[own], overlap[own].astype(np.float64)))
    return found, note


def run_lengths(copies: npt.NDArray[np.int16], contig: npt.NDArray[np.int16]) -> Places:
    """Bins of the cell's own segment that each bin is in, shape (c, u).

    Parameters
    ----------
    copies : array of int, shape (c, u)
        Copies in used bins.
    contig : array of int, shape (u,)
    """
    found = np.empty(copies.shape, np.int64)
    changed = np.diff(contig, prepend=-1) != 0
    for row, own in zip(found, copies, strict=True):
        begun = changed.copy()
        begun[1:] |= np.diff(own) != 0
        which = np.cumsum(begun) - 1
        row[:] = np.bincount(which)[which]
    return found


def sex_of(matrix: Matrix, passed: Mask) -> str:
    """`male` or `female` by X and Y of the normal cells, else by Y of all; "" where neither tells.

    Parameters
    ----------
    matrix : Matrix
    passed : array of bool, shape (m,)
        Cells that have a say.
    """
    normal = passed & ~matrix.roles
    x = _level(matrix, "X", normal)
    if np.isfinite(x):
        return MALE if x < HALF else FEMALE
    y = _level(matrix, "Y", passed)
    return "" if np.isnan(y) else (MALE if y > NO_Y else FEMALE)


def _level(matrix: Matrix, contig: str, cells: Mask) -> float:
    """Median, over cells, of the median ratio of a contig; NaN where it is not known."""
    own = np.zeros(len(matrix.bins), np.bool_)
    own[matrix.bins.of(contig)] = True
    part = matrix.ratio[np.ix_(cells, own & matrix.used)]
    if not part.shape[0] or part.shape[1] < FEWEST:
        return float("nan")
    known = part[:, np.isfinite(part).all(axis=0)]
    return float(np.median(known)) if known.size else float("nan")
