"""First layer of a simulated library: the molecules, their variants and their barcodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from liquidbiopsy.simulate.genome import CODES, UNKNOWN, Genome
from liquidbiopsy.simulate.plasma_parameters import PlasmaParameters

PLACES, VARIANTS, BARCODES = 21, 22, 23  # streams of the seed
SHORT_BP = 151

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Molecules:
    """Double-stranded fragments; places count from the genome's start."""

    start: Whole
    """First base on the reference."""
    end: Whole
    """One past the last."""
    offsets: Whole
    """Where each one's bases start in `bases`; shape (molecules + 1,)."""
    bases: NDArray[np.uint8]
    """Their upper strands, one after the other."""
    left: NDArray[np.uint8]
    """Barcode at the left end as a read shows it, shape (molecules, barcode length)."""
    right: NDArray[np.uint8]
    """Barcode at the right end."""
    carriers: Whole
    """Pairs of molecule and variant that it has, shape (pairs, 2), sorted."""
    hopped: NDArray[np.bool_]
    """Whether it is another library's."""

    def __len__(self) -> int:
        """How many."""
        return len(self.start)


def simulate_molecules(p: PlasmaParameters, genome: Genome) -> Molecules:
    """Place the molecules of a library, and give them their variants and barcodes."""
    start, end = _places(p, genome, np.random.default_rng((p.seed, PLACES)))
    carriers = _carriers(p, genome, start, end, np.random.default_rng((p.seed, VARIANTS)))
    pos, refs, alts, alt_starts = _edits(p, genome)
    molecule_starts = np.searchsorted(carriers[:, 0], np.arange(len(start) + 1))
    carried = np.ascontiguousarray(carriers[:, 1])
    room = np.maximum(end - start, 1) + 0
    grown = np.diff(alt_starts)[carried] - refs[carried]
    np.add.at(room, carriers[:, 0], np.maximum(grown, 0))
    roomy = np.concatenate([[0], np.cumsum(room)])
    bases = np.empty(int(roomy[-1]), np.uint8)
    lengths = _write_bases(
        genome.codes, start, end, molecule_starts, carried, pos, refs, alts, alt_starts,
        roomy, bases,
    )  # fmt: skip
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    within = np.arange(int(offsets[-1])) + np.repeat(roomy[:-1] - offsets[:-1], lengths)
    left, right = _barcodes(p, len(start), np.random.default_rng((p.seed, BARCODES)))
    return Molecules(
        start, end, offsets, bases[within], left, right, carriers, np.zeros(len(start), bool)
    )


def joined(own: Molecules, other: Molecules) -> Molecules:
    """Molecules of two libraries, the second's marked as hopped and without their variants."""
    return Molecules(
        np.concatenate([own.start, other.start]),
        np.concatenate([own.end, other.end]),
        np.concatenate([own.offsets, other.offsets[1:] + own.offsets[-1]]),
        np.concatenate([own.bases, other.bases]),
        np.concatenate([own.left, other.left]),
        np.concatenate([own.right, other.right]),
        own.carriers,
        np.concatenate([own.hopped, np.ones(len(other), bool)]),
    )


def length_shares(p: PlasmaParameters) -> NDArray[np.float64]:
    """Share of the molecules that have each length, from 0; sums to 1.

    Cell-free DNA: a peak at 167 bases, below it a shoulder with a period of 10.4 bases as the
    double helix turns on the nucleosome, and a few per cent on two nucleosomes. From 110 to
    210 bases within a fifth of 43,000 real fragments, those of the plasma that FinaleToolkit ships.
    """
    x = np.arange(600.0)
    if p.lengths:
        shares = np.zeros(max(length for length, _ in p.lengths) + 1)
        for length, count in p.lengths:
            shares[length] += count
    elif p.fragments == "sheared":
        shares = np.exp(-0.5 * (np.log(np.maximum(x, 1) / 220) / 0.28) ** 2) * (x >= 60)
    elif p.fragments == "cfdna":
        below = 167 - x
        turns = 1 + 0.3 * np.clip((160 - x) / 20, 0, 1) * np.cos(2 * np.pi * (x - 143.5) / 10.4)
        left = 0.25 * np.exp(-0.5 * (below / 7) ** 2) + 0.75 * np.exp(-below / 19) * turns
        right = 0.6 * np.exp(-0.5 * (below / 10) ** 2) + 0.4 * np.exp(-0.5 * (below / 23) ** 2)
        two = 0.03 * np.exp(-0.5 * ((x - 330) / 28) ** 2)
        shares = np.where(x < 167, left * (x >= 70), right) + two
    else:
        raise ValueError(f"fragments is {p.fragments!r}, must be cfdna or sheared")
    return np.asarray(shares / shares.sum())


def _places(p: PlasmaParameters, genome: Genome, rng: np.random.Generator) -> tuple[Whole, Whole]:
    """Start and end of the captured molecules, sorted."""
    total = int(genome.offsets[-1])
    shares = length_shares(p)
    longest = len(shares)
    steps = np.cumsum(shares)
    density = p.genomes / float(shares @ np.arange(longest))  # starts at a base
    wanted, second = np.zeros(total + 1, np.int32), np.zeros(total + 1, np.int32)
    for region in p.panel:
        at = genome.start_of(region.chrom)
        wanted[at + region.start + 1 : at + region.end + 1] = 1
    for x in genome.paralogs:
        for one, two in ((x.first, x.second), (x.second, x.first)):
            inside = wanted[one + 1 : one + x.length + 1]
            second[two + 1 : two + x.length + 1] = inside
    second[wanted > 0] = 0
    near = wanted + second
    windows = np.flatnonzero(np.diff(np.concatenate([[0], near, [0]])))
    wanted, second = np.cumsum(wanted, dtype=np.int32), np.cumsum(second, dtype=np.int32)
    starts = np.zeros(total, bool)  # where a molecule that is captured may start
    for first, last in windows.reshape(-1, 2):
        starts[max(0, first - 1 - longest) : last - 1] = True
    places = np.flatnonzero(starts)
    count = rng.poisson(density * len(places))
    start = places[rng.integers(0, len(places), count)]
    end = start + np.searchsorted(steps, rng.random(count))
    least = min(p.min_overlap_bp, min(region.end - region.start for region in p.panel))
    lucky = rng.random(count) < p.paralog_capture
    inside = np.minimum(end, total)
    on = wanted[inside] - wanted[start] >= least
    on |= (second[inside] - second[start] >= least) & lucky
    extra = rng.poisson(on.sum() * p.off_target / (1 - p.off_target))
    more = rng.integers(0, total, extra)
    start = np.concatenate([start[on], more])
    end = np.concatenate([end[on], more + np.searchsorted(steps, rng.random(extra))])
    # A molecule lies on one contig, on known bases.
    contig = np.searchsorted(genome.offsets, start, "right")
    unknown = np.concatenate([[0], np.cumsum(genome.codes == UNKNOWN, dtype=np.int32)])
    good = (end <= genome.offsets[contig]) & (end - start >= 20)
    good[good] = unknown[end[good]] == unknown[start[good]]
    order = np.lexsort((end[good], start[good]))
    return start[good][order].astype(np.int64), end[good][order].astype(np.int64)


def _carriers(
    p: PlasmaParameters, genome: Genome, start: Whole, end: Whole, rng: np.random.Generator
) -> Whole:
    """Toss for each molecule and variant that it spans; phased variants share a toss."""
    haplotype = rng.integers(0, 2, len(start))
    phases: dict[str, NDArray[np.float64]] = {}
    pairs = []
    longest = int((end - start).max(initial=0))
    for number, v in enumerate(p.variants):
        at = genome.start_of(v.chrom) + v.pos - 1
        if genome.text(v.chrom, v.pos - 1, v.pos - 1 + len(v.ref)) != v.ref:
            raise ValueError(f"{v.chrom}:{v.pos} is not {v.ref} in the genome")
        first, last = np.searchsorted(start, [at - longest, at + len(v.ref)])
        spans = first + np.flatnonzero(end[first:last] > at)
        if v.phase:
            toss = phases.setdefault(v.phase, rng.random(len(start)))[spans]
        else:
            toss = rng.random(len(spans))
        if v.kind == "germline_het":
            has = haplotype[spans] == v.haplotype
        elif v.kind == "tumour" and p.tumour_short != 1:
            short = end[spans] - start[spans] < SHORT_BP
            mean = 1 + (p.tumour_short - 1) * short.mean()
            has = toss < v.vaf * np.where(short, p.tumour_short, 1) / mean
        else:
            has = toss < v.share
        pairs.append(np.column_stack([spans[has], np.full(has.sum(), number)]))
    found = np.concatenate([*pairs, np.empty((0, 2), np.int64)]).astype(np.int64)
    # In the order in which the variants lie on a molecule.
    places = np.array([genome.start_of(v.chrom) + v.pos for v in p.variants], np.int64)
    return found[np.lexsort((places[found[:, 1]], found[:, 0]))] if len(found) else found


def _edits(p: PlasmaParameters, genome: Genome) -> tuple[Whole, Whole, NDArray[np.uint8], Whole]:
    """Variants without the bases that reference and variant begin with alike."""
    pos, refs, alts, starts = [], [], [], [0]
    for v in p.variants:
        same = 0
        while same < min(len(v.ref), len(v.alt)) and v.ref[same] == v.alt[same]:
            same += 1
        pos.append(genome.start_of(v.chrom) + v.pos - 1 + same)
        refs.append(len(v.ref) - same)
        alts.append(CODES[np.frombuffer(v.alt[same:].encode(), np.uint8)])
        starts.append(starts[-1] + len(v.alt) - same)
    flat = np.concatenate([*alts, np.empty(0, np.uint8)])
    return np.array(pos, np.int64), np.array(refs, np.int64), flat, np.array(starts, np.int64)


def _barcodes(
    p: PlasmaParameters, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    if p.umis:
        known = np.array([CODES[np.frombuffer(umi.encode(), np.uint8)] for umi in p.umis])
        chosen = rng.integers(0, len(known), (2, count))
        return known[chosen[0]], known[chosen[1]]
    both = rng.integers(0, 4, (2, count, p.umi_bp), np.uint8)
    return both[0], both[1]


@njit(cache=True, nogil=True)
def _write_bases(  # type: ignore[no-untyped-def]
    codes, start, end, molecule_starts, carried, pos, refs, alts, alt_starts, roomy, bases
):
    """Write every molecule's bases with its variants, put `start` and `end` right, give lengths."""
    lengths = np.zeros(len(start), np.int64)
    for m in range(len(start)):
        first, last, w = start[m], end[m], roomy[m]
        at = first
        for k in range(molecule_starts[m], molecule_starts[m + 1]):
            v = carried[k]
            place, gone = pos[v], refs[v]
            a, b = alt_starts[v], alt_starts[v + 1]
            while at < min(place, last):
                bases[w] = codes[at]
                at += 1
                w += 1
            if place >= last or at > place + gone:
                continue
            if b - a == gone:  # base for base: a molecule may have a part of it
                for i in range(at - place, min(gone, last - place)):
                    bases[w] = alts[a + i]
                    w += 1
                at = min(place + gone, last)
            elif at > place or (gone == 0 and place == first):  # it starts inside the change
                if at == first and place + gone < last:
                    at = max(at, place + gone)
                    start[m] = at
            else:
                for i in range(a, b):
                    bases[w] = alts[i]
                    w += 1
                at = place + gone
                if at > last:  # it ends inside a deletion
                    end[m] = place
        while at < last:
            bases[w] = codes[at]
            at += 1
            w += 1
        lengths[m] = w - roomy[m]
    return lengths
