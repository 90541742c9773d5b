"""Genomes of breast cancers: events of copy number, and clones that share a trunk.

Which events there are, and how often, follows the recurrent ones of the intrinsic subtypes [1]_;
losses and gains of arms before and after a doubling of the whole genome give its odd states [2]_.

>>> from liquidbiopsy.simulate.karyotypes import draw_clones
>>> [clone.parent for clone in draw_clones("her2", seed=7, clones=3)]

References
----------
.. [1] The Cancer Genome Atlas Network (2012). Comprehensive molecular portraits of human breast
       tumours. Nature 490, 61-70. doi:10.1038/nature11412
.. [2] Bielski et al. (2018). Genome doubling shapes the evolution and prognosis of advanced
       cancers. Nature Genetics 50, 1189-1195. doi:10.1038/s41588-018-0165-1
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from liquidbiopsy.simulate.whole_genome_builds import MB, arm, chromosomes, gene

EVENTS = 41  # stream of the seed
ARM = re.compile(r"([1-9]|1\d|2[0-2]|X)([pq])([+-])")
DOUBLING = "genome doubling"
ALL = 99  # more copies than there are: a loss of all
PARTIAL = 0.3  # share of the arm events that take the end of an arm only
SHORTEST_BP = 20 * MB

#: Focal events: gene, narrowest and widest (Mb), fewest and most copies added; 0 and 0 for a loss
#: of all copies.
FOCAL = {
    "17q12 (ERBB2)": ("ERBB2", 1.0, 4.0, 6, 20),
    "11q13 (CCND1)": ("CCND1", 2.0, 10.0, 3, 8),
    "8p11 (FGFR1)": ("FGFR1", 1.5, 8.0, 3, 8),
    "8q24 (MYC)": ("MYC", 2.0, 12.0, 2, 6),
    "20q13 (ZNF217)": ("ZNF217", 2.0, 10.0, 2, 6),
    "PTEN loss": ("PTEN", 1.0, 6.0, 0, 0),
    "RB1 loss": ("RB1", 1.0, 6.0, 0, 0),
    "CDKN2A loss": ("CDKN2A", 1.0, 6.0, 0, 0),
}

#: Kinds of tumour: how likely each event is in the trunk.
KINDS: dict[str, dict[str, float]] = {
    "luminal": {
        "1q+": 0.75, "16q-": 0.75, "8q+": 0.5, "16p+": 0.4, "11q13 (CCND1)": 0.35,
        "8p11 (FGFR1)": 0.25, "17p-": 0.4, "13q-": 0.35, "8p-": 0.4, "11q-": 0.3, "20q+": 0.3,
        "22q-": 0.3, "6q-": 0.25, "8q24 (MYC)": 0.15, "18q-": 0.2,
    },
    "her2": {
        "17q12 (ERBB2)": 1.0, "1q+": 0.6, "8q+": 0.6, "17p-": 0.6, "13q-": 0.4, "16q-": 0.3,
        "20q13 (ZNF217)": 0.4, "8q24 (MYC)": 0.3, "18q-": 0.35, "8p-": 0.45, "7p+": 0.25,
        "9p-": 0.3, "11q13 (CCND1)": 0.2,
    },
    "basal": {
        "8q24 (MYC)": 0.5, "8q+": 0.6, "1q+": 0.6, "10p+": 0.5, "3q+": 0.5, "5q-": 0.6,
        "4q-": 0.45, "4p-": 0.4, "PTEN loss": 0.4, "10q-": 0.3, "13q-": 0.45, "17p-": 0.7,
        "12p+": 0.4, "6p+": 0.4, "14q-": 0.4, "15q-": 0.4, "Xq-": 0.3, "RB1 loss": 0.2,
        "CDKN2A loss": 0.15,
    },
    "quiet": {"1q+": 0.6, "16q-": 0.6},
    "diploid": {},
}  # fmt: skip
#: How likely the genome of each is doubled.
DOUBLED = {"luminal": 0.3, "her2": 0.5, "basal": 0.55, "quiet": 0.0, "diploid": 0.0}


@dataclass(frozen=True)
class Event:
    """A change of copy number, 0-based and half-open."""

    name: str
    """Such as `1q+`, `17q12 (ERBB2)` or `genome doubling`."""
    contig: str
    """Without `chr`; empty for a doubling."""
    start: int
    end: int
    change: tuple[int, int]
    """Copies added to the one and the other parent's chromosome."""


@dataclass(frozen=True)
class Clone:
    """Cells of one genome."""

    name: str
    parent: str
    """The clone it comes from, or `trunk`."""
    events: tuple[Event, ...]
    """All since the normal genome, in order: those of its parent first."""


def event_of(name: str, build: str, rng: np.random.Generator) -> Event:
    """Make an event of a name: an arm's (`8q+`, `16q-`), one of `FOCAL`, or a doubling.

    Widths, copies and the parent's chromosome are drawn.

    Raises
    ------
    ValueError
        For a name that is none of these.
    """
    side = int(rng.integers(2))
    if name == DOUBLING:
        return Event(name, "", 0, 0, (0, 0))
    if name in FOCAL:
        symbol, narrow, wide, fewest, most = FOCAL[name]
        contig, middle = gene(build, symbol)
        width = MB * float(np.exp(rng.uniform(np.log(narrow), np.log(wide))))
        start = max(0, round(middle - width * rng.uniform(0.3, 0.7)))
        copies = int(rng.integers(fewest, most + 1)) if most else -ALL
        change = (copies * (side == 0), copies * (side == 1)) if most else (-ALL, -ALL)
        return Event(name, contig, start, round(start + width), change)
    found = ARM.fullmatch(name)
    if not found:
        raise ValueError(f"{name!r} is no event: write 8q+, 16q-, or one of {', '.join(FOCAL)}")
    contig, start, end = arm(build, found[1] + found[2])
    if rng.random() < PARTIAL and end - start > 2 * SHORTEST_BP:
        kept = round(rng.uniform(SHORTEST_BP, 0.8 * (end - start)))
        start, end = (end - kept, end) if found[2] == "q" else (start, start + kept)
    step = 1 if found[3] == "+" else -1
    return Event(name, contig, start, end, (step * (side == 0), step * (side == 1)))


def clone_of(names: Iterable[str], seed: int, build: str = "GRCh38", name: str = "clone1") -> Clone:
    """A clone that has the named events in this order."""
    rng = np.random.default_rng((seed, EVENTS))
    return Clone(name, "trunk", tuple(event_of(one, build, rng) for one in names))


def draw_clones(
    kind: str,
    seed: int,
    build: str = "GRCh38",
    clones: int = 1,
    doubled: bool | None = None,
    private: tuple[int, int] = (2, 5),
) -> tuple[Clone, ...]:
    """Draw a tumour: a trunk of a kind's events, and clones on it.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    seed : int
        Equal seeds give equal tumours.
    build : str
        One of `BUILDS`.
    clones : int
        How many; one alone is the trunk.
    doubled : bool, optional
        Whether the whole genome was doubled, in the trunk; drawn by the kind where None.
    private : (int, int)
        Fewest and most events of each clone that its parent does not have.

    Returns
    -------
    tuple of Clone
        The first on the trunk, the others on the trunk or on one before them.

    Raises
    ------
    ValueError
        For an unknown kind or build, or no clones.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}, must be one of {', '.join(KINDS)}")
    if clones < 1:
        raise ValueError("a tumour has at least one clone")
    rng = np.random.default_rng((seed, EVENTS))
    chosen = [name for name, chance in KINDS[kind].items() if rng.random() < chance]
    if not chosen:
        chosen = list(KINDS[kind])[:1]
    trunk = [event_of(chosen[k], build, rng) for k in rng.permutation(len(chosen))]
    toss = bool(rng.random() < DOUBLED[kind])
    if toss if doubled is None else doubled:
        trunk.insert(
            int(rng.integers(len(trunk) // 2, len(trunk) + 1)), event_of(DOUBLING, build, rng)
        )
    if clones == 1:
        return (Clone("clone1", "trunk", tuple(trunk)),)
    found: list[Clone] = []
    for number in range(1, clones + 1):
        at = int(rng.integers(len(found) + 1)) if found else 0
        parent, before = (found[at - 1].name, found[at - 1].events) if at else ("trunk", trunk)
        own: list[Event] = []
        for _ in range(int(rng.integers(private[0], private[1] + 1))):
            own.append(_private([*before, *own], build, rng))
        found.append(Clone(f"clone{number}", parent, (*before, *own)))
    return tuple(found)


def _private(before: Sequence[Event], build: str, rng: np.random.Generator) -> Event:
    """An event on an arm where the clone has none yet."""
    arms = [
        (one.name, side, *arm(build, one.name + side)[1:])
        for one in chromosomes(build)
        for side in "pq"
        if one.name != "Y" and (side == "q" or one.p_end)
    ]
    free = [
        (contig, side, start, end)
        for contig, side, start, end in arms
        if not any(e.contig == contig and e.start < end and e.end > start for e in before)
    ]
    weights = np.array([end - start for *_, start, end in free or arms], float)
    contig, side, *_ = (free or arms)[int(rng.choice(len(weights), p=weights / weights.sum()))]
    return event_of(contig + side + ("+" if rng.random() < 0.5 else "-"), build, rng)
