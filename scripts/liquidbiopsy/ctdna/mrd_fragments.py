"""Molecules over a patient's known mutations, each counted once, and which of them are mutated.

A molecule is a read name: mates count together, and where they disagree on a mutation, the
molecule says nothing about it. Mutations in phase count together too: a molecule that covers some
of them is mutated where it has all of these, and says nothing where it has one and not another, so
that a single error makes no molecule mutated that covers two or more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pysam

from liquidbiopsy.ctdna.consensus_reads import LEFT_OUT, class_of
from liquidbiopsy.ctdna.mrd_targets import (
    MUTATED,
    Target,
    blocks_of,
    state_in,
)

SEVERAL = -1
"""In place of a mutation: the molecule covers two or more in phase."""
GAP = 300  # bases between mutations whose reads are fetched together
DISAGREE = 3


@dataclass(frozen=True)
class Count:
    """Molecules of one class that say the same kind of thing about one group of mutations."""

    group: int
    cls: int
    """Index into `consensus_reads.CLASSES`."""
    mutation: int
    """The one mutation of the group that they cover, or SEVERAL."""
    molecules: int
    mutated: int


@dataclass(frozen=True)
class Molecules:
    """What was counted in one library."""

    counts: list[Count]
    """In the order of group, class and mutation."""
    covering: Counter[tuple[int, int]]
    """(mutation, class) -> molecules that cover it."""
    mutated: Counter[tuple[int, int]]
    """(mutation, class) -> those that are mutated."""
    left_out: Counter[int]
    """Mutation -> molecules that say nothing, as mates or mutations in phase disagree."""

    @classmethod
    def none(cls) -> Molecules:
        """No molecule at all."""
        return cls([], Counter(), Counter(), Counter())


def groups_of(targets: Sequence[Target]) -> list[int]:
    """Group of each mutation, by first appearance: those of one phase name, on one contig."""
    numbers: dict[object, int] = {}
    found = []
    for at, target in enumerate(targets):
        m = target.mutation
        key: object = at if m.phase is None else (m.chrom, m.phase)
        found.append(numbers.setdefault(key, len(numbers)))
    return found


def count_molecules(
    bam: pysam.AlignmentFile,
    targets: Sequence[Target],
    groups: Sequence[int],
    min_mapq: int,
    min_base_q: int,
) -> Molecules:
    """Count a library's molecules over mutations.

    Parameters
    ----------
    bam : pysam.AlignmentFile
        Coordinate-sorted and indexed; duplicates that are flagged are left out.
    targets : list of Target
        The mutations.
    groups : list of int
        Group of each, as `groups_of` gives them.
    min_mapq : int
        Mapping quality, at least, of a read.
    min_base_q : int
        Base quality, at least, of the bases that tell a mutation.
    """
    counts: Counter[tuple[int, int, int, bool]] = Counter()
    covering: Counter[tuple[int, int]] = Counter()
    mutated: Counter[tuple[int, int]] = Counter()
    left_out: Counter[int] = Counter()
    for together in _linked(targets, groups):
        seen: dict[str, dict[int, int]] = defaultdict(dict)
        classes: dict[str, int] = {}
        for stretch in _stretches(targets, together):
            _collect(bam, targets, stretch, min_mapq, min_base_q, seen, classes)
        for name, states in seen.items():
            cls = classes[name]
            by_group: dict[int, list[int]] = defaultdict(list)
            for at, state in states.items():
                if state == DISAGREE:
                    left_out[at] += 1
                else:
                    by_group[groups[at]].append(at)
            for group, members in by_group.items():
                is_mutated = [states[at] == MUTATED for at in members]
                if any(is_mutated) != all(is_mutated):
                    left_out.update(members)
                    continue
                one = members[0] if len(members) == 1 else SEVERAL
                counts[group, cls, one, is_mutated[0]] += 1
                for at in members:
                    covering[at, cls] += 1
                    mutated[at, cls] += is_mutated[0]
    kinds = sorted({key[:3] for key in counts})
    listed = [
        Count(*kind, counts[*kind, False] + counts[*kind, True], counts[*kind, True])
        for kind in kinds
    ]
    return Molecules(listed, covering, mutated, left_out)


def _linked(targets: Sequence[Target], groups: Sequence[int]) -> Iterator[list[int]]:
    """Mutations that a molecule or a phase may tie together, so that their reads are kept at once.

    Yields
    ------
    list of int
        Indices of mutations in the order of the genome.
    """
    parent = list(range(len(targets)))

    def root(at: int) -> int:
        while parent[at] != at:
            at = parent[at] = parent[parent[at]]
        return at

    order = sorted(
        range(len(targets)), key=lambda i: (targets[i].mutation.chrom, targets[i].start, i)
    )
    first: dict[int, int] = {}
    for before, at in zip([None, *order[:-1]], order, strict=True):
        if before is not None and _near(targets[before], targets[at]):
            parent[root(at)] = root(before)
        parent[root(at)] = root(first.setdefault(groups[at], at))
    sets: dict[int, list[int]] = defaultdict(list)
    for at in order:
        sets[root(at)].append(at)
    yield from sets.values()


def _near(one: Target, two: Target) -> bool:
    return one.mutation.chrom == two.mutation.chrom and two.start - one.end <= GAP


def _stretches(targets: Sequence[Target], together: Sequence[int]) -> Iterator[list[int]]:
    """Split mutations in the order of the genome where none is near."""
    stretch: list[int] = []
    for at in together:
        if stretch and not _near(targets[stretch[-1]], targets[at]):
            yield stretch
            stretch = []
        stretch.append(at)
    yield stretch


def _collect(
    bam: pysam.AlignmentFile,
    targets: Sequence[Target],
    stretch: Sequence[int],
    min_mapq: int,
    min_base_q: int,
    seen: dict[str, dict[int, int]],
    classes: dict[str, int],
) -> None:
    """Note what each read over a stretch says of its mutations, under the molecule's name."""
    mine = [(at, targets[at]) for at in stretch]
    starts = [target.start for _, target in mine]
    chrom, low = mine[0][1].mutation.chrom, starts[0]
    high = max(target.end for _, target in mine)
    for read in bam.fetch(chrom, low, high):
        if read.flag & LEFT_OUT or read.mapping_quality < min_mapq:
            continue
        start, end = read.reference_start, read.reference_end or 0
        near = mine[bisect_left(starts, start) : bisect_left(starts, end)]
        inside = [(at, target) for at, target in near if target.end <= end]
        if not inside:
            continue
        blocks, bases, given = blocks_of(read), read.query_sequence, read.query_qualities
        if not bases:
            continue
        # where the file has no qualities, every base is taken
        qualities = [min_base_q] * len(bases) if given is None else given
        name = read.query_name or ""
        for at, target in inside:
            state = state_in(target, blocks, bases, qualities, min_base_q)
            if state is None:
                continue
            states = seen[name]
            classes.setdefault(name, class_of(read))
            if states.setdefault(at, state) != state:
                states[at] = DISAGREE
