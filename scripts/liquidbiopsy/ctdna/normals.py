"""What other people's libraries have at each site: a panel of normals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.alleles import Allele
from liquidbiopsy.ctdna.background import LeftOut
from liquidbiopsy.ctdna.background_fit import Values
from liquidbiopsy.ctdna.contexts import Kinds
from liquidbiopsy.ctdna.pileup import Pile

CERTAIN = (0.05, 5)  # share and molecules from which on a base is a variant, not an error
FEW = (0.25, 2)  # the same where few molecules are

Stratified = npt.NDArray[np.int32] | npt.NDArray[np.int64]


@dataclass(frozen=True)
class SiteErrors:
    """Molecules of all normals at each site, variants of their own left out."""

    depth: Stratified
    """Shape (sites, 4, 2, 2): by class, strand and nearness to an end."""
    keys: Kinds
    """Site * 4 + base of each alternative that was seen, sorted."""
    counts: Stratified
    """Shape (keys, 4, 2, 2)."""
    gaps: dict[tuple[str, int, str, str], tuple[Stratified, Stratified]]
    """Molecules that have each insertion or deletion, and that span it."""

    def added(self, keys: Kinds, a: Values, b: Values) -> tuple[Values, Values]:
        """Beta distributions of substitutions, once what the normals have there is known.

        Parameters
        ----------
        keys : array of int, shape (n,)
            Site * 4 + base.
        a, b : array of float, shape (n, 4, 2, 2)
            Parameters before.
        """
        at = np.minimum(np.searchsorted(self.keys, keys), max(self.keys.size - 1, 0))
        seen = np.zeros(a.shape)
        if self.keys.size:
            same = self.keys[at] == keys
            seen[same] = self.counts[at[same]]
        return a + seen, b + np.maximum(self.depth[keys >> 2] - seen, 0)

    def added_gap(self, allele: Allele, a: Values, b: Values) -> tuple[Values, Values]:
        """The same of an insertion or deletion, arrays of shape (4, 2, 2)."""
        if allele.key not in self.gaps:
            return a, b
        having, spanning = self.gaps[allele.key]
        return a + having, b + np.maximum(spanning - having, 0)


def variant_like(pile: Pile) -> tuple[list[int], list[tuple[str, int, str, str]]]:
    """Substitutions (site * 4 + base) and gaps with a share of molecules as variants have it."""
    total = pile.alt_count.sum(axis=(1, 2, 3))
    depth = pile.depth.sum(axis=(1, 2, 3))[pile.alt_site]
    much = _much(total, depth)
    gaps = [
        a.key for a in pile.alleles if a.is_gap and bool(_much(a.having.sum(), a.spanning.sum()))
    ]
    return (pile.alt_site[much] * 4 + pile.alt_base[much]).tolist(), gaps


def _much(having: npt.ArrayLike, depth: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    some, all_ = np.asarray(having), np.asarray(depth)
    certain = (some >= CERTAIN[0] * all_) & (some >= CERTAIN[1])
    return certain | (some >= FEW[0] * all_) & (some >= FEW[1])


def site_errors(piles: Sequence[Pile], left_out: Sequence[LeftOut]) -> SiteErrors:
    """What normals over the same regions have at each site.

    Parameters
    ----------
    piles : list of Pile
        At least one.
    left_out : list of LeftOut
        Variants of each.
    """
    depth = np.zeros(piles[0].depth.shape, np.int32)
    for pile in piles:
        depth += pile.depth
    keys, counts = [], []
    gaps: dict[tuple[str, int, str, str], tuple[Stratified, Stratified]] = {}
    for pile, out in zip(piles, left_out, strict=True):
        own = pile.alt_site * 4 + pile.alt_base
        kept = ~np.isin(own, np.array(sorted(out.keys), np.int64))
        keys.append(own[kept])
        counts.append(pile.alt_count[kept].astype(np.int64))
        for allele in pile.alleles:
            if allele.is_gap and allele.key not in out.gaps:
                own_gap = (allele.having.astype(np.int64), allele.spanning.astype(np.int64))
                having, spanning = gaps.get(allele.key, (0, 0))
                gaps[allele.key] = (having + own_gap[0], spanning + own_gap[1])
    distinct, which = np.unique(np.concatenate(keys), return_inverse=True)
    added = np.zeros((distinct.size, 4, 2, 2), np.int64)
    np.add.at(added, which.reshape(-1), np.concatenate(counts))
    return SiteErrors(depth, distinct, added, gaps)
