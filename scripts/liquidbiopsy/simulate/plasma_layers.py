"""Layers between the molecules and the sequencer: strands, damage, PCR.

What a layer does to the molecules is kept as *changes*: to one strand's family, for a run of its
reads, at a place of the molecule, what happens there. Bases are coded so that a substitution is an
exclusive or, the same on both strands whatever came before: 2 is a transition, 3 and 1 are
transversions (A-T and C-G; A-C and G-T).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import betaincinv

from liquidbiopsy.simulate.plasma_molecules import Molecules, Whole
from liquidbiopsy.simulate.plasma_parameters import PlasmaParameters
from liquidbiopsy.simulate.plasma_random import binomial, poisson, uniform

FAMILIES, HOPS, DAMAGE, COPIES = 31, 32, 33, 34  # streams of the seed
TRANSITION, A_C_OR_G_T, A_T_OR_C_G = 2, 1, 3
LOSS, GAIN = 16, 17  # of a base in a run
RUN_BP, RUN_GROWTH, RUN_LONGEST = 4, 1.7, 16
C, G = 1, 2


@dataclass(frozen=True)
class Changes:
    """What happens to the reads of each family, sorted by family.

    Families number the strands: twice the molecule, and one more for the lower strand.
    """

    family: Whole
    first: Whole
    """First read, counted over all families, that has it."""
    last: Whole
    """One past the last."""
    pos: Whole
    """In the molecule; -1, -2 ... in the left barcode, its length and on in the right one."""
    what: NDArray[np.int64]
    """A substitution as above, `LOSS` or `GAIN`."""


def family_sizes(p: PlasmaParameters, molecules: Molecules, pairs: int) -> Whole:
    """Read pairs of both strands of every molecule, shape (molecules, 2).

    A strand's share of the reads is its share of the PCR product. A branching process that copies
    with probability e leads to shares close to gamma with shape (1 + e) / (1 - e), whose variance
    is that of the process (Harris 1963, The Theory of Branching Processes, chapter I.8).
    """
    rng = np.random.default_rng((p.seed, FAMILIES))
    own = ~molecules.hopped
    hops = np.random.default_rng((p.seed, HOPS)).binomial(pairs, p.hops) if (~own).any() else 0
    sizes = np.zeros((len(molecules), 2), np.int64)
    for which, count in ((own, pairs - hops), (~own, hops)):
        n = int(which.sum())
        if not n:
            continue
        shape = (1 + p.efficiency) / (1 - p.efficiency)
        amounts = rng.gamma(shape, 1 / shape, (n, 2)) * (rng.random((n, 2)) < p.strand_recovery)
        amounts *= np.exp(rng.normal(0, p.family_spread, (n, 1)))
        shares = (amounts / max(amounts.sum(), 1e-300)).ravel()
        sizes[which] = np.bincount(
            np.searchsorted(np.cumsum(shares), rng.random(count), "right").clip(0, 2 * n - 1),
            minlength=2 * n,
        ).reshape(n, 2)
    return sizes


def damage(p: PlasmaParameters, molecules: Molecules, sizes: Whole) -> Changes:
    """Lesions of single strands before PCR: all reads of that strand have them, the other none.

    Deamination: C reads as T; oxidation of G: it reads as T. On the lower strand that is G to A
    and C to A as the reference is written. In overhangs that repair fills, both strands have it.
    """
    rng = np.random.default_rng((p.seed, DAMAGE))
    total = int(molecules.offsets[-1])
    families, places, whats = [], [], []
    for strand in (0, 1):
        for rate, base, what in (
            (p.deamination, C, TRANSITION),
            (p.oxidation, G, A_C_OR_G_T),
        ):
            at = rng.integers(0, max(total, 1), rng.poisson(total * rate))
            at = at[molecules.bases[at] == (base if strand == 0 else 3 - base)]
            molecule = np.searchsorted(molecules.offsets, at, "right") - 1
            families.append(2 * molecule + strand)
            places.append(at - molecules.offsets[molecule])
            whats.append(np.full(len(at), what))
    lengths = np.diff(molecules.offsets)
    for end in (0, 1):
        count = rng.poisson(len(molecules) * p.overhang_bp * p.overhang_deamination)
        molecule = rng.integers(0, max(len(molecules), 1), count)
        inside = rng.geometric(1 / (1 + p.overhang_bp), count) - 1
        inside = np.minimum(inside, lengths[molecule] - 1)
        inside = lengths[molecule] - 1 - inside if end else inside
        hit = molecules.bases[molecules.offsets[molecule] + inside] == (G if end else C)
        for strand in (0, 1):
            families.append(2 * molecule[hit] + strand)
            places.append(inside[hit])
            whats.append(np.full(hit.sum(), TRANSITION))
    family = np.concatenate(families)
    starts = np.concatenate([[0], np.cumsum(sizes.ravel())])
    seen = sizes.ravel()[family] > 0
    family, pos, what = family[seen], np.concatenate(places)[seen], np.concatenate(whats)[seen]
    # A place is damaged once: a second lesion of the same kind would undo it.
    _, once = np.unique(np.column_stack([family, pos]), axis=0, return_index=True)
    family, pos, what = family[once], pos[once], what[once]
    return Changes(family, starts[family], starts[family + 1], pos, what)


def copies(p: PlasmaParameters, molecules: Molecules, sizes: Whole) -> Changes:
    """Errors of PCR: the family's reads are leaves of a tree, and inherit what its branches got."""
    state = np.random.default_rng((p.seed, COPIES)).integers(0, 2**64, 1, np.uint64)
    shape = (1 + p.efficiency) / (1 - p.efficiency)
    halves = betaincinv(shape, shape, (np.arange(4096) + 0.5) / 4096)
    found = _copy(
        state, molecules.offsets, molecules.bases, sizes.ravel(), halves, p.umi_bp, p.cycles,
        2 * p.efficiency / (1 + p.efficiency), (p.pcr_error, p.umi_error, p.stutter),
        (0.0, 0.0, p.sequencing_stutter),
    )  # fmt: skip
    return Changes(*(found[:, k] for k in range(5)))


def together(one: Changes, two: Changes) -> Changes:
    """Both, sorted by family."""
    order = np.argsort(np.concatenate([one.family, two.family]), kind="stable")
    return Changes(
        *(
            np.concatenate([getattr(one, name), getattr(two, name)])[order]
            for name in ("family", "first", "last", "pos", "what")
        )
    )


@njit(cache=True, nogil=True)
def _run_weight(bases, first, last, choose):  # type: ignore[no-untyped-def]
    """Weight of all runs of one base, 1 for a run of 8; or where the chosen weight falls."""
    total = 0.0
    at = first
    while at < last:
        stop = at + 1
        while stop < last and bases[stop] == bases[at]:
            stop += 1
        if stop - at >= RUN_BP:
            total += RUN_GROWTH ** (min(stop - at, RUN_LONGEST) - 8)
            if choose >= 0 and total > choose:
                return float(at - first)
        at = stop
    return total if choose < 0 else -1.0


@njit(cache=True, nogil=True)
def _add(found, count, family, lo, hi, pos, what):  # type: ignore[no-untyped-def]
    if count == len(found):
        more = np.empty((2 * len(found), 5), np.int64)
        for row in range(count):
            for k in range(5):
                more[row, k] = found[row, k]
        found = more
    found[count, 0], found[count, 1], found[count, 2] = family, lo, hi
    found[count, 3], found[count, 4] = pos, what
    return found, count + 1


@njit(cache=True, nogil=True)
def _err(  # type: ignore[no-untyped-def]
    state, found, count, family, lo, hi, bases, first, last, umi_bp, times, rates, runs
):
    """Errors of some copyings at once, for reads `lo` to `hi`."""
    length = last - first
    pcr, umi, stutter = rates
    both = length * pcr + 2 * umi_bp * umi
    for _ in range(poisson(state, times * both)):
        weight = uniform(state) * both
        if weight < length * pcr:
            pos = min(np.int64(weight / pcr), length - 1)
        else:
            side = min(np.int64((weight - length * pcr) / umi), 2 * umi_bp - 1)
            pos = -1 - side if side < umi_bp else length + side - umi_bp
        kind = uniform(state)
        what = np.int64(2 if kind < 2 / 3 else (1 if kind < 5 / 6 else 3))
        found, count = _add(found, count, family, lo, hi, pos, what)
    for _ in range(poisson(state, times * runs * stutter)):
        pos = np.int64(_run_weight(bases, first, last, uniform(state) * runs))
        if pos >= 0:
            what = np.int64(LOSS if uniform(state) < 0.7 else GAIN)
            found, count = _add(found, count, family, lo, hi, pos, what)
    return found, count


@njit(cache=True, nogil=True)
def _copy(  # type: ignore[no-untyped-def]
    state, offsets, bases, sizes, halves, umi_bp, cycles, doubled, rates, late_rates
):
    """Walk down the tree of every family; a branch that leads to no read is not followed.

    Seen from a read back in time, a cycle is a copying with probability 2 e / (1 + e) (a copied
    molecule has twice the descendants), and half of them led to the new strand. Two branches share
    the reads as two equal gammas do: see `family_sizes`.
    """
    found = np.empty((1024, 5), np.int64)
    count, next_read, once = np.int64(0), np.int64(0), np.int64(1)
    stack = np.empty((cycles + 2, 3), np.int64)
    for family in range(len(sizes)):
        size = sizes[family]
        if size == 0:
            continue
        first, last = offsets[family // 2], offsets[family // 2 + 1]
        runs = 0.0
        if rates[2] + late_rates[2] > 0:
            runs = _run_weight(bases, first, last, -1.0)
        stack[0, 0], stack[0, 1], stack[0, 2] = next_read, next_read + size, 0
        height = 1
        while height:
            height -= 1
            lo, hi, cycle = stack[height, 0], stack[height, 1], stack[height, 2]
            while cycle < cycles and hi - lo > 1:
                cycle += 1
                if uniform(state) >= doubled:
                    continue
                share = halves[np.int64(uniform(state) * len(halves))]
                old = binomial(state, hi - lo, share)
                if lo + old < hi:
                    found, count = _err(
                        state, found, count, family, lo + old, hi, bases, first, last, umi_bp,
                        once, rates, runs,
                    )  # fmt: skip
                    if old > 0:
                        stack[height, 0], stack[height, 1], stack[height, 2] = lo + old, hi, cycle
                        height += 1
                        hi = lo + old
            # One read is left (or the last cycle's copy was read more than once).
            times = binomial(state, cycles - cycle, doubled / 2)
            found, count = _err(
                state, found, count, family, lo, hi, bases, first, last, umi_bp, times, rates, runs
            )
            for read in range(lo, hi):
                found, count = _err(
                    state, found, count, family, read, read + 1, bases, first, last, umi_bp, once,
                    late_rates, runs,
                )  # fmt: skip
        next_read += size
    return found[:count]
