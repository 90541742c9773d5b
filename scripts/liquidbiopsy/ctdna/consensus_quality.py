"""How reads became molecules: rows of the families table and of the quality table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from liquidbiopsy.ctdna.consensus import OUTCOMES
from liquidbiopsy.ctdna.consensus_stream import Tally
from liquidbiopsy.ctdna.tables import MOLECULE_METRICS
from liquidbiopsy.ctdna.templates import FATES
from liquidbiopsy.reads.repeats import Repeats

COPIES = "ends_against_chance"
LEAST_SHARE = 0.8
"""Distinct pairs of ends over those expected, under which there must be copies: fragments end more
alike than chance has it, by nucleosomes, but not so much."""
FEWEST = 1000  # pairs from which it can be told
LEFT_OUT = {
    "unmapped": "are not of this reference",
    "mate_unmapped": "have a mate that is not",
    "low_mapq": "are, or their mates, under align.min_mapq",
    "no_umi": "have no barcode",
    "umi_with_n": "have an N in their barcode",
    "mate_missing": "have no mate in the file",
    "failed_qc": "are flagged as failed",
}
"""What is said of reads by what became of them."""


def family_rows(library: Mapping[str, Any], tally: Tally) -> list[dict[str, Any]]:
    """Rows of the families table: molecules by size."""
    own = {name: library[name] for name in ("specimen_id", "library_id")}
    return [
        {**own, "size": size, "molecules": int(count), "duplex": int(both)}
        for size, (count, both) in enumerate(tally.sizes)
        if count
    ]


def why_none(tally: Tally) -> str:
    """Why a library has no molecule: what became of most of its reads, or of its molecules."""
    if tally.molecules:
        found = {name: int(n) for name, n in zip(OUTCOMES, tally.outcomes, strict=True) if n}
        most = max(found, key=lambda name: found[name])
        words = f"none of {tally.molecules} molecules is kept: molecules_{most} of `consensus`"
        return f"{words} leaves out {found[most]}"
    fates = {name: int(tally.fates[FATES.index(name)]) for name in LEFT_OUT}
    told = [f"{n} {LEFT_OUT[name]}" for name, n in fates.items() if n]
    return f"none of {sum(fates.values())} reads makes a molecule: {', '.join(told)}"


def copies_row(library: Mapping[str, Any], found: Repeats) -> dict[str, Any]:
    """Row of the quality table that says whether a library's reads are copies of each other."""
    own = {"specimen_id": library["specimen_id"], "item": library["library_id"]}
    enough = found.pairs >= FEWEST
    return {
        **own, "metric": COPIES, "value": found.share, "unit": "1",
        "limit": LEAST_SHARE if enough else None,
        "passed": found.share >= LEAST_SHARE if enough else None,
    }  # fmt: skip


def quality_rows(
    library: Mapping[str, Any], tally: Tally, facts: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Rows of the quality table of a library whose reads were grouped; see `MOLECULE_METRICS`."""
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
        {**own, "metric": name, "value": value, "unit": MOLECULE_METRICS[name][1]}
        for name, value in values.items()
    ]
