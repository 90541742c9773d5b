"""All cells of a specimen read, each by itself: one that cannot be read leaves its reason."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from liquidbiopsy.copynumber.mappable import read_mappable_bins
from liquidbiopsy.core.errors import UserError
from liquidbiopsy.scdna.allele_counts import count_alleles
from liquidbiopsy.scdna.allele_sites import Alleles, Site
from liquidbiopsy.scdna.cell_files import (
    Genome,
    Read,
    align_cell,
    read_aligned,
    read_wig_cell,
)
from liquidbiopsy.scdna.cell_tables import read_cells

log = logging.getLogger(__name__)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Given:
    """What a run has of one reference; paths are None where there is none."""

    fasta: str | None
    build: str | None
    index: str | None
    """Prefix of the BWA index."""
    bins: str | None
    """Table of bins of variable width."""

    @cached_property
    def genome(self) -> Genome:
        """The genome, with its bins read once.

        Raises
        ------
        UserError
            The reference could not be read.
        """
        bins = read_mappable_bins(self.bins).bins if self.bins else None
        return Genome(self.fasta, self.index, bins)


@dataclass(frozen=True)
class Reader:
    """What is the same for all of a specimen's cells."""

    references: Mapping[str | None, Given]
    """By the name in the sheet; that of None for cells that name none."""
    settings: Mapping[str, Any]
    sites: Callable[[str | None], tuple[Site, ...]]
    """Where alleles are counted, by the reference's name."""
    folder: Path
    """For reads that are aligned here, which do not stay."""
    threads: int

    def read(self, rows: Sequence[Row]) -> dict[str, Read | str]:
        """Each cell, or why it is not to be had, by its name."""
        found: dict[str, Read | str] = {}
        for path in dict.fromkeys(row["bins"] for row in rows if row["bins"]):
            found |= of_table(path, [row["cell_id"] for row in rows if row["bins"] == path])
        for row in rows:
            if row["bins"]:
                continue
            try:
                found[row["cell_id"]] = self._cell(row)
            except UserError as error:
                found[row["cell_id"]] = str(error)
                log.warning("%s: %s", row["cell_id"], error)
        return found

    def _cell(self, row: Row) -> Read:
        if row["wig"]:
            return self._with_amplicons(row, read_wig_cell(row["wig"]))
        genome = self.references[row["reference"]].genome
        if row["bam"]:
            found = read_aligned(row["bam"], row["bam"], genome, self.settings)
            return self._with_amplicons(row, found, (row["bam"], row["bam"]))
        if not row["fq1"]:
            raise UserError("the sheet names neither FASTQ, BAM, WIG nor a table of bins")
        place = self.folder / f"{row['cell_id']}.bam"
        try:
            align_cell(row, genome, self.settings["align"]["program"], place, self.threads)
            found = read_aligned(str(place), row["fq1"], genome, self.settings)
            return self._with_amplicons(row, found, (str(place), row["fq1"]))
        finally:
            place.unlink(missing_ok=True)

    def _with_amplicons(self, row: Row, found: Read, *reads: tuple[str, str]) -> Read:
        """The cell with its alleles, of its own reads and of its amplicons."""
        files = list(reads)
        if row["amplicons"]:
            files.append((row["amplicons"], row["amplicons"]))
        if not files:
            return found
        try:
            alleles = self._alleles(row, files)
        except UserError as error:  # its copies need no alleles
            return found.noting(f"its alleles are not known: {error}")
        return found.having(alleles)

    def _alleles(self, row: Row, files: Sequence[tuple[str, str]]) -> Alleles:
        fasta = self.references[row["reference"]].fasta
        sites = self.sites(row["reference"])
        return count_alleles(files, sites, fasta, self.settings["alleles"])


def of_table(path: str, cells: Sequence[str]) -> dict[str, Read | str]:
    """Cells of a ready table, or why they are not to be had."""
    try:
        found = read_cells(path, cells)
    except UserError as error:
        log.warning("%s", error)
        return dict.fromkeys(cells, str(error))
    return {name: one if isinstance(one, str) else Read(one) for name, one in found.items()}
