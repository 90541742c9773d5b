"""How many errors are to be expected of an allele: the background, and what normals have there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.alleles import Allele
from liquidbiopsy.ctdna.background import Background, LeftOut
from liquidbiopsy.ctdna.background_fit import Values, beta_of
from liquidbiopsy.ctdna.contexts import Kinds, change_of, coded, indel_kind
from liquidbiopsy.ctdna.normals import SiteErrors
from liquidbiopsy.ctdna.pileup import Pile

CORRELATED = 0.1  # of a base's errors, at most, those that are on a run with the bases beside it


@dataclass(frozen=True)
class Model:
    """Beta distributions of error rates; `a` and `b` by class, strand and nearness to an end."""

    background: Background
    out: LeftOut
    """What was left out where the library's own errors were counted."""
    sites: SiteErrors | None = None
    """Of a panel of normals."""

    def shared(self, gap: bool) -> float:
        """Squared coefficient of variation of the factor that all classes of a site share.

        With a panel of normals it is in the distributions themselves, and so 0 here.
        """
        return 0.0 if self.sites else self.background.shared[int(gap)]

    def substitutions(self, pile: Pile, keys: Kinds) -> tuple[Values, Values]:
        """Those of substitutions (site * 4 + base), arrays of shape (n, 4, 2, 2).

        What the site itself has does not count among the errors that it is held against.
        """
        changes = change_of(pile.trinucleotide[keys >> 2], keys & 3)
        counted = ~(self.out.sites[keys >> 2] | np.isin(keys, self._left_out))
        kept = counted[:, None, None, None]
        less = np.where(kept, counts_at(pile, keys), 0)
        fewer = np.where(kept, pile.depth[keys >> 2], 0)
        a, b = beta_of(*self.background.strata(changes, less, fewer, bool(self.sites)))
        return self.sites.added(keys, a, b) if self.sites else (a, b)

    @cached_property
    def _left_out(self) -> Kinds:
        return np.array(sorted(self.out.keys), np.int64)

    def allele(self, pile: Pile, allele: Allele) -> tuple[Values, Values]:
        """Those of an insertion or deletion, or of a run of substitutions, shape (4, 2, 2)."""
        if not allele.is_gap:
            return self._run(pile, allele)
        site = pile.site(allele.chrom, allele.pos)
        counted = site is not None and not self.out.sites[site] and allele.key not in self.out.gaps
        less, fewer = (allele.having, allele.spanning) if counted else (0, 0)
        inserted, deleted = len(allele.alt) - 1, len(allele.ref) - 1
        a, b = self.gap(inserted, deleted, allele.tract, less, fewer)
        return self.sites.added_gap(allele, a, b) if self.sites else (a, b)

    def gap(
        self,
        inserted: int,
        deleted: int,
        tract: int,
        less: npt.ArrayLike = 0,
        fewer: npt.ArrayLike = 0,
    ) -> tuple[Values, Values]:
        """Those of any insertion or deletion beside a repeat of a length, shape (4, 2, 2)."""
        kind = indel_kind(inserted, deleted, tract)
        a, b = beta_of(*self.background.gap_strata([kind], less, fewer, bool(self.sites)))
        return a[0], b[0]

    def _run(self, pile: Pile, run: Allele) -> tuple[Values, Values]:
        """Those of its rarest substitution, as each of them must have happened, and together."""
        site = pile.site(run.chrom, run.pos)
        assert site is not None
        bases = coded(run.alt)
        changed = np.flatnonzero(bases != coded(run.ref))  # a base between them is as it was
        keys = (site + changed) * 4 + bases[changed]
        keys = keys[pile.trinucleotide[keys >> 2] >= 0]
        a, b = self.substitutions(pile, keys)
        expected = (a / (a + b) * run.spanning).sum(axis=(1, 2, 3))
        rarest = int(expected.argmin())
        return a[rarest], (a[rarest] + b[rarest]) / CORRELATED - a[rarest]


def counts_at(pile: Pile, keys: Kinds) -> npt.NDArray[np.int32]:
    """Molecules that have each of some substitutions (site * 4 + base), shape (n, 4, 2, 2)."""
    own = pile.alt_site * 4 + pile.alt_base
    found = np.zeros((keys.size, 4, 2, 2), np.int32)
    if own.size:
        at = np.minimum(np.searchsorted(own, keys), own.size - 1)
        same = own[at] == keys
        found[same] = pile.alt_count[at[same]]
    return found
