"""Counts of stretches put into the arrays of a whole panel, which are made once and filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.alleles import Allele
from liquidbiopsy.ctdna.contexts import Codes
from liquidbiopsy.ctdna.pileup_reads import Ints

Counted = npt.NDArray[np.int32]
NARROW = np.iinfo(np.int16).max  # molecules, at most, of which numbers of 16 bits are enough


@dataclass(frozen=True)
class Block:
    """What is counted of a stretch of one region."""

    reference: Codes
    trinucleotide: npt.NDArray[np.int16]
    tract: npt.NDArray[np.int16]
    counts: Counted | None
    """Shape (bases, 4, 4, 2, 2): by base, class, strand and nearness; None where no read is."""
    mapq_sum: Ints | None
    """Shape (bases, 4)."""
    alleles: list[Allele]


class Sites:
    """The arrays of a pile, by site, and lists of what is seldom.

    Parameters
    ----------
    sites : int
        Bases of all regions. Depths of stretches without reads are never written, so that they take
        no memory until somebody writes there.
    """

    def __init__(self, sites: int) -> None:
        self.reference = np.empty(sites, np.uint8)
        self.trinucleotide = np.empty(sites, np.int16)
        self.tract = np.empty(sites, np.int16)
        self.depth: npt.NDArray[Any] = np.zeros((sites, 4, 2, 2), np.int16)
        self.mapq = np.full(sites, np.nan)
        self.alleles: list[Allele] = []
        self._filled = 0
        self._alts: list[tuple[npt.NDArray[Any], ...]] = []

    def put(self, block: Block) -> None:
        """Add the next stretch."""
        size = block.reference.size
        own = slice(self._filled, self._filled + size)
        self.reference[own] = block.reference
        self.trinucleotide[own] = block.trinucleotide
        self.tract[own] = block.tract
        self.alleles += sorted(block.alleles, key=lambda a: a.key)
        if block.counts is not None and block.mapq_sum is not None:
            self._count(own, block.reference, block.counts, block.mapq_sum)
        self._filled += size

    def _count(self, own: slice, reference: Codes, counts: Counted, mapq_sum: Ints) -> None:
        total = counts.sum(axis=(2, 3, 4))
        depth = counts.sum(axis=1, dtype=np.int32)
        if self.depth.dtype == np.int16 and depth.max() > NARROW:
            self.depth = self.depth.astype(np.int32)
        self.depth[own] = depth
        with np.errstate(invalid="ignore", divide="ignore"):
            self.mapq[own] = mapq_sum.sum(axis=1) / total.sum(axis=1)
        site, base = np.nonzero((total > 0) & (np.arange(4) != reference[:, None]))
        if site.size:
            mean = mapq_sum[site, base] / total[site, base]
            some = counts[site, base].astype(self.depth.dtype)
            self._alts.append((site + own.start, base.astype(np.uint8), some, mean))

    def fields(self) -> dict[str, Any]:
        """All of it, by the names of `Pile`; the lists are let go of one by one."""
        columns = [list(column) for column in zip(*self._alts, strict=True)] or [[], [], [], []]
        self._alts.clear()
        made: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("reference", "trinucleotide", "tract", "depth", "mapq")
        }
        kinds: tuple[tuple[str, Any, tuple[int, ...]], ...] = (
            ("alt_site", np.int64, ()),
            ("alt_base", np.uint8, ()),
            ("alt_count", self.depth.dtype, (4, 2, 2)),
            ("alt_mapq", np.float64, ()),
        )
        for parts, (name, kind, shape) in zip(columns, kinds, strict=True):
            made[name] = np.concatenate([np.zeros((0, *shape), kind), *parts])
            parts.clear()
        return {**made, "alleles": tuple(self.alleles)}
