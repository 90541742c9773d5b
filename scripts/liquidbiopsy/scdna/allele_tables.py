"""Tables of the alleles and mutations of single cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from liquidbiopsy.core.parquet import table_of
from liquidbiopsy.core.tables import Table, column, real, text, whole
from liquidbiopsy.scdna.allele_sites import BASES, Alleles, Site

READS = "{reads}"
CELL = (
    column("specimen_id", text, "Specimen", nullable=False),
    column("cell_id", text, "Cell as scdna.tsv names it", nullable=False),
)

ALLELES = Table(
    name="alleles",
    row="what one cell shows at one base",
    columns=(
        *CELL,
        column("chrom", text, "Contig, without `chr`", nullable=False),
        column("pos", whole, "Base, from 1", "{bases}", nullable=False),
        column("kind", text, "`hotspot` or `snp`", nullable=False),
        column("ref", text, "Base of the reference, where it is known"),
        column("alt", text, "Other base of a SNP"),
        column("genotype", text, "The patient's, of a SNP: `0/0`, `0/1` or `1/1`"),
        column("frequency", real, "Frequency of `alt` among people, of a SNP"),
        *(column(base, whole, f"Fragments with {base}", READS, nullable=False) for base in BASES),
    ),
)

HOTSPOTS = Table(
    name="hotspots",
    row="one mutation, or one hotspot without any, in one cell",
    columns=(
        *CELL,
        column("gene", text, "Symbol", nullable=False),
        column("change", text, "`PIK3CA p.H1047R`; of a hotspot in which no cell has a mutation "
               "`PIK3CA H1047`", nullable=False),
        column("chrom", text, "Contig, without `chr`", nullable=False),
        column("pos", whole, "Base, from 1; of a hotspot without mutation its first", "{bases}",
               nullable=False),
        column("ref", text, "Base of the reference"),
        column("alt", text, "Base of the mutation"),
        column("status", text, "`measured` (mutated), `not_detected` or `inadequate`",
               nullable=False),
        column("vaf", real, "Share of the reads with it, 0 to 1"),
        column("alt_reads", whole, "Reads with it", READS),
        column("reads", whole, "Reads; of a hotspot, those of its base with the fewest", READS),
        column("posterior", real, "Probability that the cell has it, 0 to 1"),
        column("detectable", real, "Probability with which a mutation of one allele would have "
               "been seen, 0 to 1"),
        column("cells_with", whole, "Cells of the specimen that have it", "{cells}"),
        column("origin", text, "`tumour`, `germline` (normal cells have it) or `unknown`"),
        column("reason", text, "Why it is inadequate; else a remark"),
    ),
    order=("specimen_id", "cell_id", "gene", "pos", "alt"),
)  # fmt: skip


def allele_rows(specimen: str, found: Mapping[str, Alleles]) -> pa.Table:
    """Rows of the table `alleles`: of hotspots all, of SNPs those that have reads."""
    rows: list[dict[str, Any]] = []
    for cell in sorted(found):
        own = found[cell]
        for site, counts, ref in zip(own.sites, own.counts, own.ref, strict=True):
            if site.kind == "hotspot" or counts.any():
                about = {"specimen_id": specimen, "cell_id": cell, "ref": ref or None}
                told = {base: int(n) for base, n in zip(BASES, counts, strict=True)}
                rows.append({**_of_site(site), **about, **told})
    return table_of(rows, ALLELES)


def _of_site(site: Site) -> dict[str, Any]:
    return {
        "chrom": site.chrom,
        "pos": site.pos + 1,
        "kind": site.kind,
        "alt": site.alt or None,
        "genotype": site.genotype or None,
        "frequency": site.frequency,
    }


def read_alleles(table: pa.Table) -> dict[str, Alleles]:
    """Each cell's alleles, of rows of the table `alleles`."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        rows.setdefault(row["cell_id"], []).append(row)
    return {cell: _alleles(own) for cell, own in rows.items()}


def _alleles(rows: list[dict[str, Any]]) -> Alleles:
    sites = tuple(
        Site(r["chrom"], r["pos"] - 1, r["kind"], r["ref"] or "", r["alt"] or "",
             r["genotype"] or "", r["frequency"])
        for r in rows
    )  # fmt: skip
    counts = np.array([[r[base] for base in BASES] for r in rows], np.int64).reshape(-1, 4)
    return Alleles(sites, counts, tuple(site.ref for site in sites))
