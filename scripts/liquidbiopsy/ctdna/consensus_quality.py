"""How reads became molecules: rows of the families table and of the quality table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from liquidbiopsy.ctdna.consensus import OUTCOMES
from liquidbiopsy.ctdna.consensus_stream import Tally
from liquidbiopsy.ctdna.templates import FATES

READS, MOLECULES = "{reads}", "{molecules}"
METRICS = {
    "reads": ("a library", READS, "Primary reads, before grouping"),
    "grouped_share": ("a library", "1", "Share of them that belong to a molecule"),
    "reads_unmapped": ("a library", READS, "Left out: neither they nor their mates are mapped"),
    "reads_mate_unmapped": ("a library", READS, "Left out: of a pair with one unmapped mate"),
    "reads_low_mapq": (
        "a library", READS, "Left out: their mapping quality, or their mate's, is under min_mapq"
    ),
    "reads_no_umi": ("a library", READS, "Left out: they carry no UMI"),
    "reads_umi_with_n": ("a library", READS, "Left out: their UMI has an N"),
    "reads_mate_missing": ("a library", READS, "Left out: of a pair whose mate is not in the file"),
    "reads_failed_qc": ("a library", READS, "Left out: flagged by the sequencer"),
    "reads_unlike": (
        "a library", READS, "Grouped, but not counted: their insertions and deletions are not the "
        "most common ones of their molecule"
    ),
    "molecules": ("a library", MOLECULES, "Molecules found"),
    "family_size_mean": ("a library", READS, "Read pairs, or single reads, of a molecule, mean"),
    "duplex_share": ("a library", "1", "Share of the molecules that were read from both strands"),
    "singleton_share": ("a library", "1", "Share of the molecules that were read once"),
    "molecules_few_reads": ("a library", MOLECULES, "Left out: fewer reads than min_reads"),
    "molecules_few_strand_reads": (
        "a library", MOLECULES, "Left out: a strand has fewer reads than min_strand_reads"
    ),
    "molecules_no_bases": ("a library", MOLECULES, "Left out: no base is good enough, or aligned"),
    "molecules_read_errors": (
        "a library", MOLECULES, "Left out: their reads differ in more than max_read_error"
    ),
    "molecules_no_calls": ("a library", MOLECULES, "Left out: more than max_no_calls of N"),
    "consensus_reads": ("a library", READS, "Consensus reads written"),
    "mates_differ": (
        "a library", "{bases}", "Positions where the consensus of two mates differed: N in both"
    ),
    "mates_clipped": ("a library", MOLECULES, "Molecules whose mates overlapped, and were clipped"),
}  # fmt: skip
"""Metric of the quality table -> item that it is of, unit, and what it is."""


def family_rows(library: Mapping[str, Any], tally: Tally) -> list[dict[str, Any]]:
    """Rows of the families table: molecules by size."""
    own = {name: library[name] for name in ("specimen_id", "library_id")}
    return [
        {**own, "size": size, "molecules": int(count), "duplex": int(both)}
        for size, (count, both) in enumerate(tally.sizes)
        if count
    ]


def quality_rows(
    library: Mapping[str, Any], tally: Tally, facts: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Rows of the quality table of a library whose reads were grouped; `METRICS` describes them."""
    fates = dict(zip(FATES, tally.fates.tolist(), strict=True))
    outcomes = dict(zip(OUTCOMES, tally.outcomes.tolist(), strict=True))
    outcomes["no_bases"] += tally.unplaced
    reads = sum(fates.values()) - fates["secondary"]
    sizes = np.arange(len(tally.sizes))
    molecules = tally.molecules
    values: dict[str, float | None] = {"reads": float(reads)}
    values["grouped_share"] = fates["grouped"] / reads if reads else None
    left_out = [name for name in FATES if name not in ("grouped", "secondary")]
    values |= {f"reads_{name}": float(fates[name]) for name in left_out}
    values["reads_unlike"] = float(tally.unlike)
    values["molecules"] = float(molecules)
    if molecules:
        values["family_size_mean"] = float((sizes * tally.sizes[:, 0]).sum() / molecules)
        values["duplex_share"] = float(tally.sizes[:, 1].sum() / molecules)
        values["singleton_share"] = float(tally.sizes[1:2, 0].sum() / molecules)
    values |= {f"molecules_{name}": float(outcomes[name]) for name in OUTCOMES if name != "kept"}
    values |= facts
    own = {"specimen_id": library["specimen_id"], "item": library["library_id"]}
    return [
        {**own, "metric": name, "value": value, "unit": METRICS[name][1]}
        for name, value in values.items()
    ]
