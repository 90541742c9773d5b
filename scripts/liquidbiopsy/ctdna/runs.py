"""Which substitutions side by side are one variant: those that lie on the same molecules.

Side by side is next to each other, or with one unchanged base between, as two of one codon may be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.alleles import Allele
from liquidbiopsy.ctdna.contexts import Kinds, coded
from liquidbiopsy.ctdna.delins import MOSTLY
from liquidbiopsy.ctdna.pileup import Pile


@dataclass(frozen=True)
class Together:
    """Runs that are one variant."""

    runs: list[Allele]
    members: list[Kinds]
    """Substitutions (site * 4 + base) of each."""
    absorbed: npt.NDArray[np.bool_]
    """Shape (alternatives of the pile,): substitutions that are told as a part of a run."""


def together(pile: Pile, least: int) -> Together:
    """Runs of which the molecules with any of its substitutions mostly have all of them.

    Parameters
    ----------
    pile : Pile
    least : int
        Molecules from which on a run is looked at.
    """
    keys = pile.alt_site * 4 + pile.alt_base
    total = pile.alt_count.sum(axis=(1, 2, 3))
    absorbed = np.zeros(keys.size, bool)
    runs: list[tuple[Allele, Kinds]] = []
    candidates = [a for a in pile.alleles if not a.is_gap and a.having.sum() >= least]
    for run in sorted(candidates, key=_order):
        site, last = (pile.site(run.chrom, run.pos + i) for i in (0, len(run.ref) - 1))
        if site is None or last is None or last - site != len(run.ref) - 1:
            continue
        changed = _changed(run)
        sites = site + changed
        if (pile.trinucleotide[sites] < 0).all():
            continue
        own = sites * 4 + coded(run.alt)[changed]
        at = np.searchsorted(keys, own)
        if not absorbed[at].any() and run.having.sum() >= MOSTLY * total[at].max():
            absorbed[at] = True
            runs.append((run, own))
    runs.sort(key=lambda r: r[0].key)
    return Together([r[0] for r in runs], [r[1] for r in runs], absorbed)


def _changed(run: Allele) -> Kinds:
    """Which of its bases differ from the reference."""
    return np.flatnonzero(coded(run.alt) != coded(run.ref))


def _order(run: Allele) -> tuple[bool, int, tuple[str, int, str, str]]:
    """Those with an unchanged base first: what they have beside it is a run too; then by size."""
    return _changed(run).size == len(run.ref), -int(run.having.sum()), run.key
