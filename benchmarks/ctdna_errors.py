"""Errors of bases, tests at places without variants, and grouping, held against the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pysam

from benchmarks.ctdna_libraries import DAMAGED, STRUCTURES, Bench, timed
from liquidbiopsy.ctdna.consensus_reads import CLASSES, DUPLEX
from liquidbiopsy.ctdna.contexts import CODE_OF
from liquidbiopsy.ctdna.group import group_bam
from liquidbiopsy.ctdna.library_variants import call_library
from liquidbiopsy.ctdna.pileup import Pile, pile
from liquidbiopsy.ctdna.tables import PLASMA
from liquidbiopsy.reads.panel import read_panel
from liquidbiopsy.reads.reference import open_reference
from liquidbiopsy.simulate.plasma import write_plasma
from liquidbiopsy.simulate.plasma_parameters import PlasmaParameters, Variant

INDEL_BP = 15  # beside an indel, whose molecules may be aligned otherwise there
RAW_READS = 200_000  # of a library, evenly taken
P_VALUES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 3e-7)
DAMAGE = ("CT", "GA", "GT", "CA")  # by deamination and oxidation, on either strand
READ_AT_ALL = 2  # quality of bases that are not N

Clear = npt.NDArray[np.bool_]


def places_of(variants: Sequence[Variant]) -> set[tuple[str, int]]:
    """Places, from 0, at which a molecule may rightly differ from the reference."""
    found = set()
    for v in variants:
        beside = INDEL_BP if len(v.ref) != len(v.alt) else 0
        found |= {(v.chrom, v.pos - 1 + k) for k in range(-beside, len(v.ref) + beside)}
    return found


def clear_of(own: Pile, variants: Sequence[Variant]) -> Clear:
    """Which sites of a pile have no variant."""
    clear = own.trinucleotide >= 0
    for chrom, position in places_of(variants):
        site = own.site(chrom, position)
        if site is not None:
            clear[site] = False
    return clear


def piled(bench: Bench, bam: str, **changed: Any) -> Pile:
    """Molecules of a BAM over the panel, as the step of variants counts them."""
    chosen = {**bench.settings["variants"], **changed}
    with open_reference(str(bench.fasta)) as reference:
        return pile(bam, read_panel(str(bench.bed)), reference, chosen)


def consensus_errors(own: Pile, clear: Clear) -> dict[str, dict[str, int]]:
    """Bases by class of their molecule, those that are wrong, and of these what they are like."""
    counts = own.alt_count[clear[own.alt_site]].sum(axis=(0, 2))
    wrong, near = counts.sum(axis=1), counts[:, 1]
    pairs = zip(own.reference[own.alt_site], own.alt_base, strict=True)
    like = np.array(["ACGTN"[a] + "ACGT"[b] in DAMAGE for a, b in pairs], bool)
    damaged = own.alt_count[clear[own.alt_site] & like].sum(axis=(0, 2, 3))
    bases = own.depth[clear].sum(axis=(0, 2, 3))
    return {
        name: {"errors": int(wrong[k]), "damage_like": int(damaged[k]),
               "near_end": int(near[k]), "bases": int(bases[k])}
        for k, name in enumerate(CLASSES)
    }  # fmt: skip


def raw_errors(bench: Bench, bam: str, variants: Sequence[Variant]) -> dict[str, dict[str, int]]:
    """The same of reads as the sequencer gave them: all their bases, and the well read ones."""
    wanted, codes = bench.settings["variants"], bench.genome.codes
    clear = np.zeros(len(codes), bool)
    for region in bench.panel:
        at = bench.genome.start_of(region.chrom)
        clear[at + region.start : at + region.end] = True
    for chrom, position in places_of(variants):
        clear[bench.genome.start_of(chrom) + position] = False
    total = np.zeros((2, 2), np.int64)  # all and well read; errors and bases
    with pysam.AlignmentFile(bam, check_sq=False) as handle:
        starts = [bench.genome.start_of(name) for name in handle.references]
        step = max(1, sum(1 for _ in handle.fetch(until_eof=True)) // RAW_READS)
    with pysam.AlignmentFile(bam, check_sq=False) as handle:
        for number, read in enumerate(handle.fetch(until_eof=True)):
            if number % step or read.is_unmapped or read.mapping_quality < wanted["min_mapq"]:
                continue
            bases = CODE_OF[np.frombuffer((read.query_sequence or "").encode(), np.uint8)]
            quality = np.asarray(read.query_qualities)
            here, at = starts[read.reference_id] + read.reference_start, 0
            for operation, length in read.cigartuples or ():
                if operation in (0, 7, 8):
                    there = slice(here, here + length)
                    good = clear[there] & (bases[at : at + length] < 4)
                    wrong = good & (bases[at : at + length] != codes[there])
                    sure = quality[at : at + length] >= wanted["min_base_q"]
                    total[0] += wrong.sum(), good.sum()
                    total[1] += (wrong & sure).sum(), (good & sure).sum()
                here += length if operation in (0, 2, 3, 7, 8) else 0
                at += length if operation in (0, 1, 4, 7, 8) else 0
    return {
        floor: {"errors": int(errors), "bases": int(bases)}
        for floor, (errors, bases) in zip(("all", "called"), total, strict=True)
    }


def depth_at(own: Pile, variants: Sequence[Variant]) -> list[int]:
    """Molecules that are counted at the first base of each variant."""
    sites = [own.site(v.chrom, v.pos - 1) for v in variants]
    return [0 if site is None else int(own.depth[site].sum()) for site in sites]


def error_rates(
    bench: Bench, reads: str, bam: str, called: Pile, variants: Sequence[Variant]
) -> dict[str, Any]:
    """Errors of raw and of consensus bases, and how the tests do where there is no variant."""
    chosen = bench.settings["variants"]
    every = piled(bench, bam, min_base_q=READ_AT_ALL)
    clear = clear_of(called, variants)
    found = call_library(called, [], frozenset(), None, chosen)
    depth = called.depth.sum(axis=(1, 2, 3))
    p = found.evaluated.p_values[clear[called.alt_site]]
    return {
        "bases": int((depth >= chosen["min_depth"]).sum()),
        "depth": float(depth.mean()),
        "duplex_depth": float(called.depth[:, DUPLEX].sum(axis=(1, 2)).mean()),
        "raw": raw_errors(bench, reads, variants),
        "called": consensus_errors(called, clear),
        "all": consensus_errors(every, clear),
        "tests": 3 * int((clear & (depth > 0)).sum()),
        "at_or_under": {str(a): int((p <= a).sum()) for a in P_VALUES},
    }


# --- grouping ---


def adjusted_rand(true: npt.ArrayLike, found: npt.ArrayLike) -> float:
    """Adjusted Rand index of two partitions (Hubert and Arabie 1985, doi:10.1007/BF01908075)."""
    _, a = np.unique(true, return_inverse=True)
    _, b = np.unique(found, return_inverse=True)
    _, both = np.unique(a.astype(np.int64) * (int(b.max()) + 1) + b, return_counts=True)

    def pairs(counts: Any) -> float:
        return float((counts * (counts - 1.0) / 2).sum())

    one, two, same = pairs(np.bincount(a)), pairs(np.bincount(b)), pairs(both)
    expected = one * two / pairs(np.array([len(a)]))
    most = (one + two) / 2
    return 1.0 if most == expected else (same - expected) / (most - expected)


def more_than_one(of: npt.ArrayLike, among: npt.ArrayLike) -> tuple[int, int]:
    """Groups of one partition that hold pieces of several groups of another, and all groups."""
    both = np.unique(np.column_stack([np.asarray(of), np.asarray(among)]), axis=0)
    _, pieces = np.unique(both[:, 0], return_counts=True)
    return int((pieces > 1).sum()), len(pieces)


def compared(names: Sequence[str], found: Sequence[int]) -> dict[str, Any]:
    """Grouping against what the names of the reads tell (`simulated:<number>:<molecule>:<T|B>`)."""
    true = np.array([int(name.split(":")[2]) for name in names])
    split, molecules = more_than_one(true, found)
    merged, groups = more_than_one(found, true)
    return {
        "ari": adjusted_rand(true, found), "grouped": len(true), "molecules": molecules,
        "split": split, "groups": groups, "merged": merged,
    }  # fmt: skip


def grouping(bench: Bench, folder: Path, seconds: dict[str, float]) -> Mapping[str, Any]:
    """Molecules of a library of fewer regions, as deep as the others, whose read names tell."""
    plan = bench.plan
    step = max(1, plan.regions // plan.grouped_regions)
    panel = bench.panel[step // 2 :: step][: plan.grouped_regions]
    usual = {**DAMAGED, "input_ng": plan.ng, "structures": STRUCTURES}
    other = PlasmaParameters(panel, seed=plan.seed + 901, **{**usual, "hops": 0.0})
    told = PlasmaParameters(
        panel, seed=plan.seed + 900, library_id="told", raw_depth=plan.raw_depth,
        hops_from=other, names_tell=True, **usual,
    )  # fmt: skip
    with timed("grouping", seconds):
        written = write_plasma(folder, told, bench.genome, molecule_truth=False)
        reads = bench.align(bench.row("told", "told", PLASMA, written), folder)
        table = group_bam(reads["reads"], bench.settings).to_pydict()
        return {"pairs": written.read_pairs, **compared(table["read"], table["molecule"])}
