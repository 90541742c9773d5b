"""Bins of a genome, in order, and what is known of a sample in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

AUTOSOMES = tuple(str(k) for k in range(1, 23))
CONTIGS = (*AUTOSOMES, "X", "Y")
"""Contigs that have bins, by their plain names, in genome order."""

Values = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Bins:
    """Bins in genome order; arrays of shape (n,)."""

    contigs: tuple[str, ...]
    """Plain names of the contigs that have bins, in genome order."""
    contig: npt.NDArray[np.int16]
    """Index into `contigs`."""
    start: Places
    """First base, from 0."""
    end: Places
    """One past the last base."""

    def __len__(self) -> int:
        """How many bins there are."""
        return int(self.start.size)

    def of(self, contig: str) -> slice:
        """Where the bins of a contig are, by its plain name; an empty slice where it has none."""
        if contig not in self.contigs:
            return slice(0, 0)
        index = self.contigs.index(contig)
        low, high = np.searchsorted(self.contig, [index, index + 1])
        return slice(int(low), int(high))

    @property
    def autosomal(self) -> Mask:
        """Bins of the contigs 1 to 22."""
        own = np.array([name in AUTOSOMES for name in self.contigs], np.bool_)
        return own[self.contig]

    def chrom(self) -> list[str]:
        """Contig of each bin, by its plain name."""
        return [self.contigs[k] for k in self.contig]


@dataclass(frozen=True)
class Profile:
    """A sample in bins; arrays of shape (n,), NaN where nothing is known."""

    bins: Bins
    count: Values
    """Reads."""
    gc: Values
    """Share of G and C, 0 to 1."""
    mappability: Values
    """0 to 1."""
    corrected: Values
    """Corrected for GC and mappability, over the autosomes' median: 1 at the usual copies."""
    log2: Values
    """log2 of `corrected`, less the panel of normals; NaN where not `used`."""
    noise: Values
    """Standard deviation of `log2` that is expected in a bin without changes."""
    used: Mask
    """Whether the bin tells anything."""


def plain(name: str) -> str:
    """Name of a contig without `chr`: `chr8` and `8` are both `8`, `chrM` and `MT` both `MT`."""
    bare = name[3:] if name[:3].lower() == "chr" else name
    return "MT" if bare == "M" else bare


def grid(lengths: Mapping[str, int], size: int) -> Bins:
    """Bins of one size over the autosomes, X and Y; the last of a contig is what is left.

    Parameters
    ----------
    lengths : dict
        Lengths of contigs, in bases, by their names with or without `chr`; others are passed by.
    size : int
        Bases of a bin.

    Returns
    -------
    Bins
    """
    known = {plain(name): length for name, length in lengths.items()}
    contigs = tuple(name for name in CONTIGS if name in known)
    starts = [np.arange(0, known[name], size, dtype=np.int64) for name in contigs]
    ends = [np.minimum(s + size, known[n]) for s, n in zip(starts, contigs, strict=True)]
    which = [np.full(s.size, k, np.int16) for k, s in enumerate(starts)]
    if not contigs:
        return Bins((), np.empty(0, np.int16), np.empty(0, np.int64), np.empty(0, np.int64))
    return Bins(contigs, np.concatenate(which), np.concatenate(starts), np.concatenate(ends))


def same_bins(one: Bins, other: Bins) -> bool:
    """Whether two sets of bins are the same."""
    return (
        one.contigs == other.contigs
        and np.array_equal(one.start, other.start)
        and np.array_equal(one.end, other.end)
    )
