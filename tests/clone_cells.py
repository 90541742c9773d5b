"""Cells of known clones with noise as profiles have it, for the tests of clones and trees."""

import numpy as np

SETTINGS = {
    **{
        "min_cells": 2,
        "small_share": 0.15,
        "small_sd": 5.0,
        "alone_max": 5,
        "wrong_usual": 0.02,
        "wrong_max": 0.05,
    },
    **{"event_bases": 10_000_000, "evidence_min": 5.0, "confidence_min": 0.5},
    **{
        "max_segments": 600,
        "max_clones": 50,
        "doubled_share": 0.02,
        "doubled_wrong": 0.05,
        "normal_share": 0.005,
    },
    **{"ratio_step": 0.25},
}
TREE = {"max_copies": 8, "doubling": True, "max_cells": 1000, "replicates": 200, "seed": 1}
MB = 1_000_000
#: Megabases of the arms of 22 autosomes and X, about as long as they are.
ARMS = (
    (123, 125), (93, 149), (91, 107), (50, 140), (49, 132), (60, 111), (60, 99), (45, 100),
    (43, 95), (40, 94), (53, 82), (36, 98), (2, 96), (2, 89), (4, 83), (37, 53), (25, 58),
    (18, 62), (26, 33), (28, 36), (2, 35), (2, 37), (61, 95),
)  # fmt: skip


class Genome:
    """Bins of 1 Mb; `arm` is the index of each bin's arm."""

    def __init__(self, contigs=23):
        arms = [
            (c, side, n) for c, both in enumerate(ARMS[:contigs]) for side, n in enumerate(both)
        ]
        self.contig = np.concatenate([np.full(n, c) for c, _, n in arms])
        self.arm = np.concatenate([np.full(n, 2 * c + side) for c, side, n in arms])
        self.start = np.concatenate([np.arange(sum(both)) for both in ARMS[:contigs]]) * MB
        self.normal = np.full(self.contig.size, 2)

    def changed(self, copies, rng, events):
        """A genome with so many more events: arms, parts of arms, and now and then a focal one."""
        found = copies.copy()
        arms = [k for k in np.unique(self.arm) if (self.arm == k).sum() > 20]
        for arm in rng.choice(arms, events, replace=False):
            own = np.flatnonzero(self.arm == arm)
            if rng.random() < 0.3:
                own = own[: int(rng.integers(20, own.size + 1))]
            step = rng.choice([-1, 1])
            found[own] = np.maximum(found[own] + step, 1)
        return found


def tumour(genome, seed, clones, private=(2, 5), trunk=8, doubled=False):
    """Profiles of clones on a tree, (clones, bins), and each one's parent, -1 for the trunk."""
    rng = np.random.default_rng((seed, 1))
    base = genome.changed(genome.normal, rng, trunk)
    base = 2 * base if doubled else base
    found, parents = [], []
    for k in range(clones):
        parent = int(rng.integers(-1, k)) if k else -1
        while True:
            own = genome.changed(
                found[parent] if parent >= 0 else base,
                rng,
                int(rng.integers(*private, endpoint=True)),
            )
            if not any((own == one).all() for one in [base, *found]):
                break
        found.append(own)
        parents.append(parent)
    return np.array(found), parents


def noisy(genome, profile, rng, wrong=0.03, missed=0.05, jitter=0.3):
    """A cell: segments that are wrong, breakpoints missed, others off by a bin or two."""
    cell = profile.copy()
    new = np.flatnonzero((np.diff(cell) != 0) & (np.diff(genome.contig) == 0)) + 1
    for at in new:
        if rng.random() < jitter:
            by = int(rng.integers(1, 3))
            if rng.random() < 0.5:
                cell[at : at + by] = cell[at - 1]
            else:
                cell[at - by : at] = cell[at]
    for at in new:  # a segment on one side takes the other's copies
        if rng.random() < missed:
            end = at
            while (
                end < cell.size
                and cell[end] == cell[at]
                and genome.contig[end] == genome.contig[at]
            ):
                end += 1
            if end - at < 60:
                cell[at:end] = cell[at - 1]
    total, most = 0, wrong * cell.size * rng.uniform(0, 2)
    while total < most:
        size = int(np.ceil(rng.exponential(25)))
        at = int(rng.integers(cell.size))
        end = min(at + size, cell.size)
        own = slice(at, at + int((genome.contig[at:end] == genome.contig[at]).sum()))
        cell[own] = np.maximum(cell[own] + rng.choice([-1, 1]), 0)
        total += own.stop - own.start
    return cell


def picked(genome, profiles, shares, cells, seed, **noise):
    """Noisy cells of clones, (cells, bins), and which clone each is of."""
    rng = np.random.default_rng((seed, 2))
    truth = rng.choice(len(profiles), cells, p=shares)
    return np.array([noisy(genome, profiles[k], rng, **noise) for k in truth]), truth


def segment_rows(genome, cells):
    """Cells' own segments: cell, chrom, start, end, copies; as arrays of rows."""
    names = [*map(str, range(1, 23)), "X"]
    change = np.diff(genome.contig, prepend=-1) != 0
    rows = [[], [], [], [], []]
    for k, own in enumerate(cells):
        first = np.flatnonzero(change | (np.diff(own, prepend=-9) != 0))
        last = np.append(first[1:], own.size) - 1
        rows[0].append(np.full(first.size, k))
        rows[1] += [names[c] for c in genome.contig[first]]
        rows[2].append(genome.start[first])
        rows[3].append(genome.start[last] + MB)
        rows[4].append(own[first])
    return [np.concatenate(r) if k != 1 else r for k, r in enumerate(rows)]


def adjusted_rand(one, other):
    """Adjusted Rand index of two groupings (Hubert and Arabie 1985)."""
    _, a = np.unique(one, return_inverse=True)
    _, b = np.unique(other, return_inverse=True)
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)
    pairs = lambda n: float((n * (n - 1) / 2).sum())  # noqa: E731
    both, left, right = pairs(table), pairs(table.sum(1)), pairs(table.sum(0))
    chance = left * right / pairs(np.array([len(a)]))
    most = (left + right) / 2
    return 1.0 if most == chance else (both - chance) / (most - chance)
