"""Panels and variants: chosen on a genome, or read from files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.simulate.genome import Genome
from liquidbiopsy.simulate.plasma_parameters import Region, Variant

MARGIN_BP = 500  # between regions, and to a contig's ends
APART_BP = 15


def spread_panel(
    genome: Genome, regions: int, length: int, seed: int = 0, paralogous: int = 0
) -> tuple[Region, ...]:
    """Regions spread over a genome, clear of repeats; some in paralogous segments if asked for.

    Parameters
    ----------
    genome : Genome
        Where to.
    regions, length : int
        How many regions, and their length in bases.
    seed : int
        Seed of the places.
    paralogous : int
        Regions that have a paralog, of those; at most as many as the genome has.

    Raises
    ------
    ValueError
        Where the genome is too small.
    """
    rng = np.random.default_rng((seed, 12))
    places = [x.first + (x.length - length) // 2 for x in genome.paralogs[:paralogous]]
    before = np.concatenate([[0], np.cumsum(genome.masked)])
    free = before[length:] == before[:-length]
    for edge in genome.offsets:
        free[max(0, edge - MARGIN_BP - length) : edge + MARGIN_BP] = False
    for at in places:
        free[max(0, at - length - MARGIN_BP) : at + length + MARGIN_BP] = False
    while len(places) < regions:
        left = regions - len(places)
        candidates = np.flatnonzero(free)
        if not len(candidates):
            raise ValueError("the genome is too small for its panel")
        # The next of as many even steps as there are regions left.
        last = max(1, len(candidates) // left)
        at = int(candidates[rng.integers(last // 2, last)])
        places.append(at)
        free[: at + length + MARGIN_BP] = False
    named = []
    for number, at in enumerate(sorted(places), start=1):
        chrom, start = genome.place(at)
        named.append(Region(chrom, start, start + length, f"region{number}"))
    return tuple(named)


def read_panel(bed: Path) -> tuple[Region, ...]:
    """Read a panel's BED file.

    Raises
    ------
    InputError
        For a line that is no region; file and line are named.
    """
    regions = []
    for number, line in enumerate(bed.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith(("#", "track", "browser")):
            continue
        cells = line.split("\t")
        try:
            name = cells[3] if len(cells) > 3 else ""
            regions.append(Region(cells[0], int(cells[1]), int(cells[2]), name))
        except (IndexError, ValueError) as error:
            raise InputError(str(bed), f"line {number} is no region: {line[:60]!r}") from error
    return tuple(regions)


def read_lengths(table: Path) -> tuple[tuple[int, float], ...]:
    """Read a histogram of fragment lengths: a TSV with columns length and count."""
    rows = [
        line.split("\t") for line in table.read_text(encoding="utf-8").splitlines() if line.strip()
    ]
    try:
        return tuple(
            (int(a), float(b)) for a, b, *_ in rows if not a.startswith("#") and a != "length"
        )
    except ValueError as error:
        raise InputError(str(table), "is no table of length and count") from error


def draw_variants(
    genome: Genome,
    panel: tuple[Region, ...],
    seed: int,
    *,
    kind: str = "tumour",
    vaf: float = 0.01,
    snvs: int = 8,
    indels: int = 0,
    mnvs: int = 0,
    phased: int = 0,
    taken: tuple[Variant, ...] = (),
) -> tuple[Variant, ...]:
    """Draw variants at random places of a panel, one region after the other.

    Parameters
    ----------
    genome, panel : Genome, tuple of Region
        Where they lie.
    seed : int
        Seed of the places.
    kind, vaf : str, float
        Of all of them: see `Variant`.
    snvs, indels, mnvs : int
        How many of each; insertions and deletions by turns, of 1 to 6 bases, left-aligned.
    phased : int
        Further pairs of SNVs, 10 to 40 bases apart on the same molecules.
    taken : tuple of Variant
        Others, to keep away from.

    Raises
    ------
    ValueError
        Where the panel is too small.
    """
    rng = np.random.default_rng((seed, 13))
    drawn: list[Variant] = []
    used = {(v.chrom, v.pos + k) for v in taken for k in range(-APART_BP, APART_BP + 1)}
    whats = ["snv"] * snvs + ["indel"] * indels + ["mnv"] * mnvs + ["pair"] * phased
    order = rng.permutation(len(panel))
    for number, what in enumerate(whats):
        for attempt in range(1000):
            region = panel[order[(number + attempt // 50) % len(panel)]]
            pos = int(rng.integers(region.start + 5, region.end - 10))
            found = _draw(genome, rng, region, pos, what, number)
            inside = all(region.start + 3 < v.pos < region.end - 8 for v in found)
            if found and inside and not any((v.chrom, v.pos) in used for v in found):
                break
        else:
            raise ValueError("the panel is too small for its variants")
        for variant in found:
            near = range(-APART_BP, APART_BP + 1)
            used |= {(variant.chrom, variant.pos + k) for k in near}
            side = int(rng.integers(0, 2))
            drawn.append(replace(variant, kind=kind, vaf=vaf, haplotype=side))
    return tuple(sorted(drawn, key=lambda v: (genome.start_of(v.chrom), v.pos)))


def _draw(
    genome: Genome, rng: np.random.Generator, region: Region, pos: int, what: str, number: int
) -> list[Variant]:
    """One variant, or a phased pair, whose first base is at 0-based `pos`."""

    def other(base: str) -> str:
        return str(rng.choice([b for b in "ACGT" if b != base]))

    def bases(at: int, n: int) -> str:
        return genome.text(region.chrom, at, at + n)

    if "N" in bases(pos, 60):
        return []
    if what == "snv":
        return [Variant(region.chrom, pos + 1, bases(pos, 1), other(bases(pos, 1)))]
    if what == "mnv":
        ref = bases(pos, int(rng.integers(2, 4)))
        return [Variant(region.chrom, pos + 1, ref, "".join(other(base) for base in ref))]
    if what == "pair":
        second = pos + int(rng.integers(APART_BP + 1, 41))
        pair = [
            Variant(region.chrom, at + 1, bases(at, 1), other(bases(at, 1))) for at in (pos, second)
        ]
        phase = f"{pair[0].pos}_{pair[0].ref}_{pair[0].alt}"
        return [replace(v, phase=phase) for v in pair]
    size = int(rng.choice([1, 2, 3, 4, 6], p=(0.4, 0.2, 0.2, 0.1, 0.1)))
    more = "".join(rng.choice(list("ACGT"), size))
    ref, alt = (bases(pos, 1), bases(pos, 1) + more) if number % 2 else (bases(pos, size + 1), "")
    return [left_aligned(genome, Variant(region.chrom, pos + 1, ref, alt or ref[0]))]


def left_aligned(genome: Genome, variant: Variant) -> Variant:
    """The same insertion or deletion as far left as it goes, with one base before it."""
    pos, ref, alt = variant.pos, variant.ref, variant.alt
    while pos > 1 and ref[-1] == alt[-1] and min(len(ref), len(alt)) >= 1:
        ref, alt = ref[:-1], alt[:-1]
        if not ref or not alt:
            before = genome.text(variant.chrom, pos - 2, pos - 1)
            pos, ref, alt = pos - 1, before + ref, before + alt
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        pos, ref, alt = pos + 1, ref[1:], alt[1:]
    return replace(variant, pos=pos, ref=ref, alt=alt)
