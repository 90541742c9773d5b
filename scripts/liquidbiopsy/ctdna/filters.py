"""Reasons against a variant, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy
from scipy.special import bdtr, bdtrc

from liquidbiopsy.core.intervals import clopper_pearson
from liquidbiopsy.ctdna.call import Evidence
from liquidbiopsy.ctdna.consensus_reads import DUPLEX, SINGLE
from liquidbiopsy.ctdna.tables import CHIP, GERMLINE, PASS, TUMOUR, UNKNOWN

ONE_SIDED = 0.1  # share of an allele's molecules on its rarer strand, under which it is one-sided
HOMOZYGOUS = 0.9
LEAST_IN_NORMAL = 2  # molecules: a single one may have hopped over from another sample
MISSED = 0.05  # probability that a normal misses what it should have, over which it proves nothing
MOSTLY = 0.5
"""Share of an allele's molecules: read once, from which on it may have hopped over; near ends, over
which it may be misaligned there."""

FILTERS = {
    "molecules": "Fewer molecules have it than variants.min_molecules",
    "q": "False discovery rate over variants.max_q",
    "p": "Errors may do as much more often than variants.max_false_per_mb",
    "depth": "Fewer molecules there than variants.min_depth",
    "families": "It rests on molecules read once, and the others there were not",
    "strand": "It lies on one strand, and the molecules there do not",
    "ends": "It lies mostly near the ends of molecules, and the others there do not",
    "mapq": "Its molecules are mapped worse than the others there",
    "multiallelic": "More alleles there than variants.max_alleles",
    "normal": "The matched normal has it, above its errors and not much rarer",
}
"""What each reason means, in the order in which a variant names them."""


@dataclass(frozen=True)
class InNormal:
    """What the matched normal has of an allele."""

    having: int
    spanning: int
    p: float
    """Probability of as many by error."""
    once: float = 1.0
    """Probability that so many of them were read once by chance; 1 where few were."""

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
        "p": found.p > found.limit,
        "depth": found.spanning.sum() < settings["min_depth"],
        "families": _by_reads_of_one(found, settings),
        "strand": _on_one_strand(found, settings["max_strand_p"]),
        "ends": _at_the_ends(found, settings["max_end_p"]),
        "mapq": found.mapq_all - found.mapq > settings["max_mapq_drop"],
        "multiallelic": alleles_there > settings["max_alleles"],
        "normal": _of_blood(found, normal, settings) is not None,
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

    Of the blood's own cells where the matched normal has it above its errors, and not so much rarer
    than plasma that it is tumour in the normal: germline from `germline_vaf` of its molecules on,
    else clonal haematopoiesis (CHIP). Of the tumour where it is known, or where the normal is deep
    enough to have shown it. Where there is no such normal, germline if its share may be a half or
    the whole, unless it is a hotspot of tumours; else unknown.

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
    blood = _of_blood(found, normal, settings)
    if blood is not None:
        return blood
    if known or (normal is not None and _too_rare(found, normal)):
        return TUMOUR
    return GERMLINE if not hotspot and _like_germline(found, settings) else UNKNOWN


def read_once(having: npt.NDArray[Any], spanning: npt.NDArray[Any]) -> float:
    """Probability that so many molecules with an allele were read once by chance.

    Molecules that hopped over from another library have one read each, while those of the library
    have as many as it was sequenced deep.

    Parameters
    ----------
    having, spanning : array of int, shape (4, 2, 2)
        Molecules that have it, and that would tell.

    Returns
    -------
    float
        1 where most were read more often, or where most molecules there were read once anyway.
    """
    count, once = int(having.sum()), int(having[SINGLE].sum())
    share = float(spanning[SINGLE].sum() / max(int(spanning.sum()), 1))
    if not once or once < MOSTLY * count or share >= MOSTLY:
        return 1.0
    return float(bdtrc(once - 1, count, share))


def _by_reads_of_one(found: Evidence, settings: Mapping[str, Any]) -> bool:
    """Whether an allele rests on molecules read once, where these are rare."""
    families = int(found.having[SINGLE + 1 :].sum())
    lone = families < settings["min_molecules"]
    least = settings["max_lone_p" if lone else "max_family_p"]
    return read_once(found.having, found.spanning) < least


def _share(found: Evidence) -> float:
    return float(found.having.sum() / max(int(found.spanning.sum()), 1))


def _of_blood(found: Evidence, normal: InNormal | None, settings: Mapping[str, Any]) -> str | None:
    """Which of the blood's own variants the matched normal says that it is."""
    if normal is None or not normal.spanning or normal.having < LEAST_IN_NORMAL:
        return None
    if normal.p > settings["max_normal_p"] or normal.once < settings["max_family_p"]:
        return None
    share = normal.having / normal.spanning
    if share >= settings["germline_vaf"]:
        return GERMLINE
    return CHIP if share >= settings["chip_ratio"] * _share(found) else None


def _too_rare(found: Evidence, normal: InNormal) -> bool:
    """Whether the normal would have shown more molecules, had it the share that plasma has."""
    if not normal.spanning:
        return False
    return bool(bdtr(normal.having, normal.spanning, _share(found)) <= MISSED)


def _like_germline(found: Evidence, settings: Mapping[str, Any]) -> bool:
    """Whether the share of a variant may be a half or the whole, by its 95 % interval."""
    count, total = int(found.having.sum()), int(found.spanning.sum())
    if not count or count / total < settings["germline_floor"]:
        return False
    low, high = clopper_pearson(count, total)
    band = settings["germline_band"]
    return (low <= 0.5 + band and high >= 0.5 - band) or high >= HOMOZYGOUS


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
    return bool(scipy.stats.fisher_exact([alt.tolist(), rest.tolist()])[1] < max_p)


def _at_the_ends(found: Evidence, max_p: float) -> bool:
    """Whether an allele lies mostly near the ends, and would not by chance.

    Mostly, as one misread molecule elsewhere clears no bases that were misaligned at ends.
    """
    count, at_ends = int(found.having.sum()), int(found.having[:, :, 1].sum())
    if at_ends <= MOSTLY * count:
        return False
    near = found.spanning[:, :, 1].sum() / max(int(found.spanning.sum()), 1)
    return bool(bdtrc(at_ends - 1, count, near) < max_p)
