"""What the lengths and ends of a plasma's fragments say: features that are described, no diagnosis.

References
----------
.. [1] Cristiano S et al. Genome-wide cell-free DNA fragmentation in patients with cancer. Nature
       2019;570:385-389. (short 100-150, long 151-220 bases)
.. [2] Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of
       the binomial. Biometrika 1934;26:404-413.
.. [3] Jiang P et al. Plasma DNA end-motif profiling as a fragmentomic marker in cancer, pregnancy,
       and transplantation. Cancer Discovery 2020;10:664-673.
.. [4] Przyborowski J, Wilenski H. Homogeneity of results in testing samples from Poisson series.
       Biometrika 1940;31:313-323.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr

from liquidbiopsy.copynumber.counting import Fragments
from liquidbiopsy.core.intervals import clopper_pearson
from liquidbiopsy.ctdna.fragment_period import Period, period_of

LEVEL = 0.95
MOTIFS = tuple("".join(bases) for bases in product("ACGT", repeat=4))
"""End motifs in the order of `Fragments.motifs`."""

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Mode:
    """The commonest length, in bases."""

    length: int
    """The shortest where several are as common."""
    low: int
    high: int
    """The shortest and the longest length whose count does not differ from its own."""
    count: int
    """Fragments of that length."""


@dataclass(frozen=True)
class Ratio:
    """Short over long fragments."""

    value: float | None
    """None without a long fragment."""
    low: float | None
    high: float | None
    short: int
    long: int


@dataclass(frozen=True)
class Features:
    """A library's fragments in a few numbers."""

    fragments: int
    """Those of a length that is counted."""
    mode: Mode
    ratio: Ratio
    period: Period | None
    """The swing of counts with the turn of the helix; None where there are too few fragments."""
    motif_diversity: float | None
    """0 where all ends are alike, 1 where all motifs are as common; None without an end."""
    ends: int
    """5' ends whose motif was read."""


def features_of(fragments: Fragments, settings: Mapping[str, Any]) -> Features:
    """Features of a library's fragments.

    Parameters
    ----------
    fragments : Fragments
    settings : mapping
        `fragments`, as for `count_reads`, with `period_bp` and `period_range`.
    """
    own = settings["fragments"]
    return Features(
        fragments=int(fragments.lengths.sum()),
        mode=mode_of(fragments.lengths),
        ratio=ratio_of(fragments.lengths, own["short"], own["long"]),
        period=period_of(fragments.lengths, own["period_bp"], own["period_range"]),
        motif_diversity=motif_diversity(fragments.motifs),
        ends=int(fragments.motifs.sum()),
    )


def mode_of(lengths: Whole) -> Mode:
    """The commonest length, with the lengths that may as well be it.

    Two counts differ where a conditional binomial test [4]_ rejects, at 5 %, that they are of one
    rate.

    Parameters
    ----------
    lengths : (n,) array of int64
        Fragments by length in bases; there is at least one.
    """
    top = int(np.argmax(lengths))
    count = int(lengths[top])
    tail = bdtr(lengths, lengths + count, 0.5)
    alike = np.flatnonzero((2 * tail >= 1 - LEVEL) & (lengths > 0))
    return Mode(top, int(alike[0]), int(alike[-1]), count)


def ratio_of(lengths: Whole, short: tuple[int, int], long: tuple[int, int]) -> Ratio:
    """Short over long fragments [1]_, with its interval.

    Given how many there are of both, the short ones are binomial: the interval is that of their
    share [2]_, turned into a ratio.

    Parameters
    ----------
    lengths : (n,) array of int64
        Fragments by length in bases.
    short, long : (first, last)
        Lengths, both counted in.
    """
    few = int(lengths[short[0] : short[1] + 1].sum())
    many = int(lengths[long[0] : long[1] + 1].sum())
    if not many:
        return Ratio(None, None, None, few, many)
    low, high = clopper_pearson(few, few + many, LEVEL)
    return Ratio(few / many, low / (1 - low), high / (1 - high), few, many)


def motif_diversity(motifs: Whole) -> float | None:
    """Motif diversity score: the entropy of 4-base end motifs over that of even ones [3]_."""
    total = motifs.sum()
    if not total:
        return None
    share = motifs[motifs > 0] / total
    return float(-(share * np.log(share)).sum() / np.log(len(motifs)))


def length_rows(fragments: Fragments) -> list[dict[str, Any]]:
    """A row a length that was seen: length, count."""
    seen = np.flatnonzero(fragments.lengths)
    return [{"length": int(n), "count": int(fragments.lengths[n])} for n in seen]


def motif_rows(fragments: Fragments) -> list[dict[str, Any]]:
    """A row an end motif, all 256: motif, count, share (None where no end was read)."""
    total = int(fragments.motifs.sum())
    return [
        {"motif": motif, "count": int(count), "share": int(count) / total if total else None}
        for motif, count in zip(MOTIFS, fragments.motifs, strict=True)
    ]
