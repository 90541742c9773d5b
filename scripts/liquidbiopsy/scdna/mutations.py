"""Mutations of a specimen's cells at hotspots, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import plain
from liquidbiopsy.core.tables import INADEQUATE, MEASURED, NOT_DETECTED
from liquidbiopsy.reads.hotspots import Codon, agrees, codons_of, protein_change
from liquidbiopsy.scdna.allele_sites import BASES, HOTSPOT, Alleles
from liquidbiopsy.scdna.genotypes import FEWEST, Called, called

TUMOUR, GERMLINE, UNKNOWN = "tumour", "germline", "unknown"
NOT_LOOKED_AT = "insertions and deletions are not looked for in single cells"
GERMLINE_SHARE = 0.5  # of the normal cells that tell, from which a change is the patient's own
Row = dict[str, Any]


@dataclass(frozen=True)
class Codons:
    """One hotspot over all cells."""

    codon: Codon
    counts: npt.NDArray[np.int64]
    """Fragments, shape (m, 3 bases of the codon, 4)."""
    bases: str
    """Of the reference; `N` where it is not known."""

    @property
    def reads(self) -> npt.NDArray[np.int64]:
        """Fragments at the base with the fewest, shape (m,)."""
        found: npt.NDArray[np.int64] = self.counts.sum(axis=2).min(axis=1)
        return found


def mutation_rows(
    cells: Mapping[str, Alleles],
    normal: Iterable[str],
    dropout: Mapping[str, float],
    hotspots: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> list[Row]:
    """Rows of the table `hotspots`, without the specimen's name.

    Parameters
    ----------
    cells : dict
        Alleles by cell.
    normal : iterable of str
        Normal cells among them.
    dropout : dict
        Share of heterozygous sites of which a cell has lost one allele, 0 to 1.
    hotspots : list of dict
        As `read_hotspots` gives them.
    settings : dict
        `alleles` of the assay's settings.
    """
    names = sorted(cells)
    controls = np.isin(names, sorted(normal))
    lost = np.array([dropout[name] for name in names])
    rows: list[Row] = []
    for content in hotspots:
        everywhere = {gene["chrom"]: 0 for gene in content["genes"]}
        found, several = [], []
        for codon in codons_of(content, everywhere):
            own = _codon(codon, [cells[name] for name in names]) if codon.single else None
            if own is not None:
                found += _of_codon(own, names, controls, lost, settings)
            elif not codon.single:
                several += _not_looked_at(codon, names)
        rows += [*found, *several] if found else []  # else they are of another build
    return rows


def _not_looked_at(codon: Codon, names: Sequence[str]) -> list[Row]:
    """Rows of a hotspot of several codons, where mostly bases are put in or left out."""
    about: Row = {"gene": codon.gene, "chrom": plain(codon.chrom), "change": codon.name}
    about |= {"pos": codon.start + 1, "status": INADEQUATE, "reason": NOT_LOOKED_AT}
    return [{**about, "cell_id": name} for name in names]


def _codon(codon: Codon, cells: Sequence[Alleles]) -> Codons | None:
    """A hotspot's bases in all cells; None where they were not looked at."""
    places = [(plain(codon.chrom), pos) for pos in range(codon.start, codon.end)]
    counts = np.zeros((len(cells), 3, 4), np.int64)
    bases, there = ["N"] * 3, False
    for k, cell in enumerate(cells):
        for j, place in enumerate(places):
            at = cell.at(HOTSPOT).get(place)
            if at is None:
                continue
            there = True
            counts[k, j] = cell.counts[at]
            bases[j] = cell.ref[at] or bases[j]
    return Codons(codon, counts, "".join(bases)) if there else None


def _of_codon(
    own: Codons,
    names: Sequence[str],
    controls: npt.NDArray[np.bool_],
    lost: npt.NDArray[np.float64],
    settings: Mapping[str, Any],
) -> list[Row]:
    codon = own.codon
    about: Row = {"gene": codon.gene, "chrom": plain(codon.chrom)}
    reads, enough = own.reads, own.reads >= settings["min_reads"]
    if not agrees(codon, own.bases):
        unknown = not enough.any() or "N" in own.bases
        why = _few(settings) if not enough.any() else "the bases of the reference are not known"
        why = why if unknown else f"the reference has {own.bases} there: is it of another build?"
        common = {**about, "change": codon.name, "pos": codon.start + 1, "status": INADEQUATE}
        return [
            {**common, "cell_id": name, "reads": int(n), "reason": why}
            for name, n in zip(names, reads, strict=True)
        ]
    rows: list[Row] = []
    for j, ref in enumerate(own.bases):
        total = own.counts[:, j].sum(axis=1)
        for alt in BASES.replace(ref, ""):
            there = own.counts[:, j, BASES.index(alt)]
            if (there >= FEWEST).any():
                found = called(there, total, lost, settings)
                if found.mutated.any():
                    change = protein_change(codon, own.bases, codon.start + j, ref, alt)
                    more = {"change": f"{codon.gene} {change}", "pos": codon.start + j + 1}
                    told = {**about, **more, "ref": ref, "alt": alt}
                    rows += _of_change(told, found, there, total, names, controls, settings)
    if rows:
        return rows
    nothing = called(np.zeros_like(reads), reads, lost, settings)
    for k, name in enumerate(names):
        row = {**about, "cell_id": name, "change": codon.name, "pos": codon.start + 1}
        row |= {"reads": int(reads[k]), "detectable": float(nothing.detectable[k])}
        row |= {"status": NOT_DETECTED if enough[k] else INADEQUATE}
        rows.append({**row, "reason": None if enough[k] else _few(settings)})
    return rows


def _of_change(
    about: Row,
    found: Called,
    alt: npt.NDArray[np.int64],
    total: npt.NDArray[np.int64],
    names: Sequence[str],
    controls: npt.NDArray[np.bool_],
    settings: Mapping[str, Any],
) -> list[Row]:
    """A change in each cell."""
    enough = total >= settings["min_reads"]
    origin = _origin(found.mutated[controls & enough])
    with_it = int(found.mutated.sum())
    rows = []
    for k, name in enumerate(names):
        mutated = bool(found.mutated[k])
        status = MEASURED if mutated else NOT_DETECTED if enough[k] else INADEQUATE
        remark = "in one cell alone" if mutated and with_it == 1 else None
        row = {**about, "cell_id": name, "status": status, "reads": int(total[k])}
        row |= {"alt_reads": int(alt[k]), "vaf": float(alt[k] / total[k]) if total[k] else None}
        row |= {"posterior": float(found.posterior[k]) if total[k] else None}
        row |= {"detectable": float(found.detectable[k]), "cells_with": with_it, "origin": origin}
        rows.append({**row, "reason": _few(settings) if status == INADEQUATE else remark})
    return rows


def _origin(normal: npt.NDArray[np.bool_]) -> str:
    """Where a change is from, by the normal cells that tell."""
    if not normal.size:
        return UNKNOWN
    share = float(normal.mean())
    return GERMLINE if share >= GERMLINE_SHARE else UNKNOWN if share > 0 else TUMOUR


def _few(settings: Mapping[str, Any]) -> str:
    return f"fewer than {settings['min_reads']} reads"
