"""Drop-out and foreign DNA of each of a specimen's cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from liquidbiopsy.scdna.allele_sites import Alleles, Regions
from liquidbiopsy.scdna.dropout import NAMES, genotyped, lost_of, snps_of
from liquidbiopsy.scdna.roles import NORMAL_CELL

BLANK = {f"{name}{end}": None for name in NAMES for end in ("", "_low", "_high")}


@dataclass(frozen=True)
class Lost:
    """What is known of a specimen's cells."""

    rows: Mapping[str, Mapping[str, Any]]
    """Columns of the table `cells`, by cell."""
    share: Mapping[str, float]
    """Share of heterozygous sites of which an allele is lost, by cell, drawn to the specimen's."""
    normal: tuple[str, ...]
    """Normal cells whose alleles were read."""


def lost_alleles(
    cells: Sequence[Mapping[str, Any]],
    alleles: Mapping[str, Alleles],
    settings: Mapping[str, Any],
    single: Mapping[str, Regions] | None = None,
) -> Lost:
    """Measure drop-out and foreign DNA of each cell.

    Parameters
    ----------
    cells : list of dict
        Rows of the specimen's cells.
    alleles : dict
        By cell, of those that were read.
    settings : dict
        `alleles` of the assay's settings.
    single : dict, optional
        Regions in which a cell has fewer than two copies, by cell: there an allele is missing that
        amplification did not lose.
    """
    normal = tuple(
        c["cell_id"] for c in cells if c["role"] == NORMAL_CELL and c["cell_id"] in alleles
    )
    known = genotyped(alleles, normal)
    rows: dict[str, dict[str, Any]] = {cell["cell_id"]: dict(BLANK) for cell in cells}
    gone = single or {}
    snps = {name: snps_of(own, known, gone.get(name, ())) for name, own in alleles.items()}
    usual = settings["dropout_usual"]
    for name, own in snps.items():
        rows[name] |= lost_of(own, usual, settings)
    told = [row["dropout"] for row in rows.values() if row["dropout"] is not None]
    usual = float(np.mean(told)) if told else usual
    share = {}
    for name, row in rows.items():
        sites = int(snps[name].heterozygous.sum()) if name in snps else 0
        weight = settings["dropout_weight"]
        found = usual if row["dropout"] is None else row["dropout"]
        share[name] = (sites * found + weight * usual) / max(sites + weight, 1)
        if name in snps and row["dropout"] is None:
            row |= lost_of(snps[name], usual, settings)
    return Lost(rows, share, normal)
