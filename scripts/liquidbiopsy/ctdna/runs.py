"""Which substitutions next to each other are one variant: those that lie on the same molecules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.alleles import Allele
from liquidbiopsy.ctdna.contexts import Kinds, coded
from liquidbiopsy.ctdna.pileup import Pile

MOSTLY = 0.5  # share of the molecules of each substitution that have all of the run


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
    for run in sorted(candidates, key=lambda a: (-int(a.having.sum()), a.key)):
        site = pile.site(run.chrom, run.pos)
        if site is None or pile.site(run.chrom, run.pos + len(run.ref) - 1) is None:
            continue
        sites = site + np.arange(len(run.alt))
        if (pile.trinucleotide[sites] < 0).all():
            continue
        own = sites * 4 + coded(run.alt)
        at = np.searchsorted(keys, own)
        if not absorbed[at].any() and run.having.sum() >= MOSTLY * total[at].max():
            absorbed[at] = True
            runs.append((run, own))
    runs.sort(key=lambda r: r[0].key)
    return Together([r[0] for r in runs], [r[1] for r in runs], absorbed)
