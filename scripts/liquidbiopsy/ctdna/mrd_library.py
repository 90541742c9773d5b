"""One library tested for the known mutations of its patient: BAM in, rows of the table out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pysam
from scipy.special import betainc

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.core.tables import INADEQUATE
from liquidbiopsy.core.words import number
from liquidbiopsy.ctdna.consensus_reads import CLASSES
from liquidbiopsy.ctdna.mrd import Evidence, Verdict, judge
from liquidbiopsy.ctdna.mrd_background import FLOOR, Rate, from_sites, from_table
from liquidbiopsy.ctdna.mrd_fragments import (
    SEVERAL,
    Molecules,
    count_molecules,
    groups_of,
)
from liquidbiopsy.ctdna.mrd_sites import count_sites
from liquidbiopsy.ctdna.mrd_targets import Target, target_of
from liquidbiopsy.ctdna.mutations import Genome, Mutation

USED, OUTLIER, IN_NORMAL = "used", "outlier", "in_normal"
FILTERED, NOT_COVERED = "filtered", "not_covered"
HALF = 0.5  # weight under which a mutation is called an outlier
IN_NORMAL_P = 0.01  # probability over all mutations, at most, of as many in the normal by error
IN_NORMAL_MOLECULES = 2  # mutated, at least, in the normal: one may have come by a wrong index
DUPLEX = CLASSES.index("duplex")


@dataclass(frozen=True)
class Counted:
    """Molecules of one library over mutations, and the error rates they are held against."""

    targets: list[Target]
    groups: list[int]
    molecules: Molecules
    rates: dict[tuple[int, int], Rate]
    """(mutation, class) -> error rate; of those that molecules cover."""
    source: str
    """Where the rates are from."""


def count_library(
    bam: pysam.AlignmentFile,
    genome: Genome,
    mutations: Sequence[Mutation],
    table: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> Counted:
    """Count a library's molecules over mutations, and find its error rates.

    Parameters
    ----------
    bam : pysam.AlignmentFile
        Its molecules, or plain reads.
    genome : Genome
        Bases of the genome, by a reference or by MD tags.
    mutations : list of Mutation
        Those that are looked for.
    table : list of dict
        Rows of the table of errors; without any of this library its own bases tell.
    settings : dict
        `min_mapq`, `min_base_q` and `max_background_vaf`.

    Raises
    ------
    InputError
        A mutation lies on a contig that the alignments do not have.
    """
    for mutation in mutations:
        if mutation.chrom not in bam.references:  # a normal may be aligned to another genome
            name = str(bam.filename.decode() if isinstance(bam.filename, bytes) else bam.filename)
            raise InputError(name, f"has no contig '{mutation.chrom}', where {mutation} lies")
    if not mutations:  # all are left aside
        return Counted([], [], Molecules.none(), {}, "")
    targets = [target_of(mutation, genome) for mutation in mutations]
    groups = groups_of(targets)
    bounds = settings["min_mapq"], settings["min_base_q"]
    molecules = count_molecules(bam, targets, groups, *bounds)
    background = from_table(table)
    if not background.known:
        background = from_sites(count_sites(bam, targets, *bounds), settings["max_background_vaf"])
    if not background.known:
        return Counted(targets, groups, Molecules.none(), {}, background.source)
    rates = {
        (at, cls): background.rate_of(targets[at], cls, genome)
        for at, cls in sorted(molecules.covering)
    }
    return Counted(targets, groups, molecules, rates, background.source)


def evidence_of(counted: Counted) -> Evidence:
    """Counts and error rates as the test takes them: one cell a class and locus.

    Molecules over several mutations in phase look mutated by error where two errors meet: the
    product of the two greatest rates, or a floor.
    """
    rows, strata = [], dict[str, tuple[int, float]]()
    evenness = np.full(max(counted.groups, default=-1) + 1, np.inf)
    members_of: dict[int, list[int]] = defaultdict(list)
    for at, group in enumerate(counted.groups):
        members_of[group].append(at)
    for count in counted.molecules.counts:
        several = count.mutation == SEVERAL
        members = members_of[count.group] if several else [count.mutation]
        known = [counted.rates[at, count.cls] for at in members if (at, count.cls) in counted.rates]
        known = sorted(known, key=lambda r: r.rate, reverse=True)
        rate = known[0].rate
        if several:
            rate = max(known[0].rate * known[1].rate, FLOOR)
        stratum = strata.setdefault(known[0].stratum, (len(strata), known[0].certainty))
        evenness[count.group] = min(evenness[count.group], known[0].evenness)
        rows.append((count.group, count.molecules, count.mutated, rate, stratum[0]))
    locus, molecules, mutated, errors, stratum_of = np.array(rows, float).reshape(-1, 5).T
    return Evidence(
        locus.astype(np.int64), molecules.astype(np.int64), mutated.astype(np.int64), errors,
        stratum_of.astype(np.int64), np.array([c for _, c in strata.values()]), evenness,
    )  # fmt: skip


def in_normal(counted: Counted) -> set[Mutation]:
    """Mutations that a matched normal has too, those in phase with them included."""
    evidence = evidence_of(counted)
    found: set[Mutation] = set()
    for group in range(evidence.loci):
        mine = evidence.locus == group
        mutated, expected = evidence.mutated[mine].sum(), evidence.expected[mine].sum()
        if mutated < IN_NORMAL_MOLECULES:
            continue
        certain = evidence.certainty[evidence.stratum[mine]].min()
        shape = min(certain, evidence.evenness[group])
        p = betainc(mutated, shape, expected / (shape + expected))  # of a negative binomial
        if p * evidence.loci < IN_NORMAL_P:
            of_group = zip(counted.targets, counted.groups, strict=True)
            found |= {target.mutation for target, g in of_group if g == group}
    return found


def rows_of(
    mutations: Sequence[Mutation],
    aside: Mapping[Mutation, tuple[str, str]],
    counted: Counted,
    settings: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Rows of one library: one for each mutation, and the one that sums them up.

    Parameters
    ----------
    mutations : list of Mutation
        All of the file.
    aside : dict
        Those that are not tested -> status and reason.
    counted : Counted
        The others, counted.
    settings : dict
        Of the test.
    """
    verdict = judge(evidence_of(counted), settings)
    places = {target.mutation: at for at, target in enumerate(counted.targets)}
    rows = []
    for mutation in mutations:
        named = {name: getattr(mutation, name) for name in ("chrom", "pos", "ref", "alt", "phase")}
        if mutation in aside:
            status, reason = aside[mutation]
            rows.append({**named, "status": status, "reason": reason, "weight": 0.0})
        else:
            rows.append({**named, **_of_mutation(counted, places[mutation], verdict)})
    return [*rows, _sum(rows, counted, verdict, settings)]


def _of_mutation(counted: Counted, at: int, verdict: Verdict) -> dict[str, Any]:
    found = counted.molecules
    molecules = [found.covering[at, cls] for cls in range(len(CLASSES))]
    total = sum(molecules)
    row: dict[str, Any] = {
        "molecules": total,
        "alt_molecules": sum(found.mutated[at, cls] for cls in range(len(CLASSES))),
        "duplex": molecules[DUPLEX],
        "alt_duplex": found.mutated[at, DUPLEX],
        "left_out": found.left_out[at],
        "status": USED,
    }
    if not total:
        return {**row, "status": NOT_COVERED, "reason": "no molecule shows it", "weight": 0.0}
    rates = [counted.rates[at, cls].rate * n for cls, n in enumerate(molecules) if n]
    row |= {"error_rate": sum(rates) / total, "weight": verdict.weights[counted.groups[at]]}
    if row["weight"] < HALF:
        why = "more molecules are mutated than the other mutations allow"
        row |= {"status": OUTLIER, "reason": why}
    return row


def _sum(
    rows: Sequence[Mapping[str, Any]],
    counted: Counted,
    verdict: Verdict,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    duplex = [c for c in counted.molecules.counts if c.cls == DUPLEX]
    has = verdict.informative > 0
    return {
        "molecules": verdict.informative,
        "alt_molecules": verdict.mutated,
        "duplex": sum(c.molecules for c in duplex),
        "alt_duplex": sum(c.mutated for c in duplex),
        "left_out": sum(row.get("left_out") or 0 for row in rows),
        "error_rate": verdict.expected / verdict.informative if has else None,
        "status": verdict.status,
        "reason": _reason(rows, verdict, settings),
        "p_value": verdict.p_value if has else None,
        "tumour_fraction": verdict.fraction if has else None,
        "low": verdict.low if has else None,
        "high": verdict.high if has else None,
        "lod95": verdict.lod95,
        "background": counted.source or None,
    }


def _reason(
    rows: Sequence[Mapping[str, Any]], verdict: Verdict, settings: Mapping[str, Any]
) -> str | None:
    """Why it is inadequate, and what became of mutations that were not used."""
    parts = []
    if verdict.status == INADEQUATE:
        least = number(float(settings["min_informative"]))
        parts.append(
            f"{number(float(verdict.informative))} informative molecules, of {least} at least"
        )
    for status, words in (
        (OUTLIER, "stand out from the others, and count for less"),
        (IN_NORMAL, "are in the normal, and were left out"),
        (FILTERED, "are filtered in their file or have no bases as ALT, and were left out"),
        (NOT_COVERED, "are not covered"),
    ):
        n = sum(row["status"] == status for row in rows)
        if n:
            parts.append(f"{n} of {len(rows)} mutations {words}")
    return "; ".join(parts) or None
