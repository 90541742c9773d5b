"""Reasons against a variant, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binom, fisher_exact

from liquidbiopsy.ctdna.call import Evidence
from liquidbiopsy.ctdna.consensus_reads import DUPLEX
from liquidbiopsy.ctdna.tables import CHIP, GERMLINE, PASS, TUMOUR, UNKNOWN

ONE_SIDED = 0.1  # share of an allele's molecules on its rarer strand, under which it is one-sided
HOMOZYGOUS = 0.9
LEAST_IN_NORMAL = 2  # molecules: a single one may have hopped over from another sample
MISSED = 0.05  # probability that a normal misses what it should have, over which it proves nothing

FILTERS = {
    "molecules": "Fewer molecules have it than variants.min_molecules",
    "q": "False discovery rate over variants.max_q",
    "p": "Probability by error alone over variants.max_p",
    "depth": "Fewer molecules there than variants.min_depth",
    "strand": "It lies on one strand, and the molecules there do not",
    "ends": "It lies near the ends of molecules alone",
    "mapq": "Its molecules are mapped worse than the others there",
    "multiallelic": "More alleles there than variants.max_alleles",
    "normal": "The matched normal has it, above its errors",
}
"""What each reason means, in the order in which a variant names them."""


@dataclass(frozen=True)
class InNormal:
    """What the matched normal has of an allele."""

    having: int
    spanning: int
    p: float
    """Probability of as many by error."""

    @property
    def vaf(self) -> float | None:
        """Share of its molecules, None where it has none there."""
        return self.having / self.spanning if self.spanning else None


def reasons(
    found: Evidence, alleles_there: int, normal: InNormal | None, settings: Mapping[str, Any]
) -> str:
    """Reasons against a variant, joined by `;`, or PASS.

    Parameters
    ----------
    found : Evidence
    alleles_there : int
        Alleles that were called at its position, itself among them.
    normal : InNormal or None
        Of the matched normal.
    settings : dict
        The section `variants`.
    """
    against = {
        "molecules": found.having.sum() < settings["min_molecules"],
        "q": found.q > settings["max_q"],
        "p": found.p > settings["max_p"],
        "depth": found.spanning.sum() < settings["min_depth"],
        "strand": _on_one_strand(found, settings["max_strand_p"]),
        "ends": _at_the_ends(found, settings["max_end_p"]),
        "mapq": found.mapq_all - found.mapq > settings["max_mapq_drop"],
        "multiallelic": alleles_there > settings["max_alleles"],
        "normal": normal is not None and _in_normal(normal, settings),
    }
    return ";".join(name for name in FILTERS if against[name]) or PASS


def origin_of(
    found: Evidence,
    normal: InNormal | None,
    known: bool,
    hotspot: bool,
    settings: Mapping[str, Any],
) -> str:
    """Where a variant comes from.

    With a matched normal: germline where the normal has it from `germline_vaf` on; of blood cells
    (CHIP) where it has it above its errors, and not much rarer than plasma has it, which would be
    tumour in the normal; else of the tumour, unless the normal is too shallow to tell. Without one:
    germline where it is near a half or the whole of the molecules, unless it is known of the
    tumour or a hotspot; else unknown.

    Parameters
    ----------
    found : Evidence
    normal : InNormal or None
        Of the matched normal.
    known, hotspot : bool
        Whether it is among the patient's known mutations, and a hotspot of tumours.
    settings : dict
        The section `variants`.
    """
    vaf = float(found.having.sum() / max(int(found.spanning.sum()), 1))
    if normal is not None and normal.spanning:
        share = normal.having / normal.spanning
        if share >= settings["germline_vaf"]:
            return GERMLINE
        if _in_normal(normal, settings) and share >= settings["chip_ratio"] * vaf:
            return CHIP
        if known or (1 - vaf) ** normal.spanning <= MISSED:
            return TUMOUR
        return UNKNOWN
    if known:
        return TUMOUR
    near_half = abs(vaf - 0.5) <= settings["germline_band"]
    return GERMLINE if (near_half or vaf >= HOMOZYGOUS) and not hotspot else UNKNOWN


def _in_normal(normal: InNormal, settings: Mapping[str, Any]) -> bool:
    return normal.having >= LEAST_IN_NORMAL and normal.p <= settings["max_normal_p"]


def _on_one_strand(found: Evidence, max_p: float) -> bool:
    """Whether an allele lies on one strand where others do not; duplex molecules show both."""
    if found.having[DUPLEX].sum():
        return False
    alt = found.having.sum(axis=(0, 2))
    every = found.spanning[:DUPLEX].sum(axis=(0, 2))
    rest = np.maximum(every - alt, 0)
    if alt.min() >= ONE_SIDED * alt.sum():
        return False
    if not rest.sum():
        return False
    return bool(fisher_exact([alt.tolist(), rest.tolist()])[1] < max_p)


def _at_the_ends(found: Evidence, max_p: float) -> bool:
    """Whether an allele lies near the ends alone, and would not by chance."""
    count = int(found.having.sum())
    if found.having[:, :, 0].sum() or not count:
        return False
    near = found.spanning[:, :, 1].sum() / max(int(found.spanning.sum()), 1)
    return bool(binom.pmf(count, count, near) < max_p)
