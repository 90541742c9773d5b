"""One library, whatever it comes as: its reads aligned, with barcodes, in the order they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pysam import AlignedSegment

from liquidbiopsy.core.errors import InputError, UserError
from liquidbiopsy.ctdna.tables import RAW, READY, SIMULATED, WGS
from liquidbiopsy.reads.align import Aligned, align, contigs_of
from liquidbiopsy.reads.alignments import (
    Seen,
    contigs_in,
    header_of,
    look_into,
    open_alignments,
    reads_of,
)
from liquidbiopsy.reads.reference import Reference, check_contigs, check_index, open_reference
from liquidbiopsy.reads.regroup import NOT_PRIMARY, templates_of_aligned
from liquidbiopsy.reads.sorting import COORDINATE, TEMPLATE, Sorter
from liquidbiopsy.reads.structures import Structure, structures_of
from liquidbiopsy.reads.templates import has_rx, templates_of_fastq, templates_of_reads
from liquidbiopsy.reads.umis import AUTO, NAME, NONE, RX, STRUCTURE, Umis, read_whitelist

Row = dict[str, Any]
Item = TypeVar("Item")
NO_REFERENCE = "name a reference in the sheet, or check the path of its FASTA file"


@dataclass
class Library:
    """What is known of a library before it is read, and what is counted as it is."""

    row: Mapping[str, Any]
    panel: Mapping[str, Any]
    reference: Mapping[str, Any] | None
    index: str | None
    program: str
    place: Path
    """Where its reads go, as BAM."""
    threads: int
    pairs: int = 0
    mapped: int = 0
    simulated: bool = False

    def read(self) -> Row:
        """Read the library; give the columns of its row that come of it.

        Raises
        ------
        UserError
            Something is wrong with its files or its settings; the message says what.
        """
        row = self.row
        with ExitStack() as stack:
            genome = None
            if self.reference is not None:
                if self.index is not None:
                    check_index(self.index, self.reference["fasta"])
                genome = stack.enter_context(open_reference(self.reference["fasta"], self.index))
            if row["bam"]:
                kind, umis = self._of_bam(row["bam"], genome)
            elif row["fq1"] and row["fq2"]:
                kind, umis = self._of_fastq(row["fq1"], row["fq2"], genome)
            else:
                raise UserError("the sheet names neither a pair of FASTQ files nor a BAM file")
        if self.pairs and umis.rejected == self.pairs:
            problem = f"has none of the barcodes of {self.pairs} pairs, nor one a base off"
            remedy = "give the list of the kit, in the length that read_structure has, or none"
            raise InputError(self.panel["whitelist"], problem, remedy)
        return {
            "kind": kind,
            "umi": umis.source,
            "pairs": self.pairs,
            "mapped": self.mapped,
            "umi_corrected": umis.corrected,
            "umi_rejected": umis.rejected,
            "simulated": self.simulated,
        }

    def _of_fastq(self, first: str, second: str, genome: Reference | None) -> tuple[str, Umis]:
        structures = self._structures()
        source = self.panel["umi"]
        if source == AUTO:
            source = STRUCTURE if _has_umi(structures) else NONE
            if has_rx(first):
                source = RX
        umis = self._umis(source)
        structures = _left_of(structures, source)
        kind = READY if self.row["library"] == WGS else RAW
        self._align(templates_of_fastq(first, second, structures, umis), kind, genome, first)
        return kind, umis

    def _of_bam(self, file: str, genome: Reference | None) -> tuple[str, Umis]:
        seen = look_into(file, genome)
        structures = self._structures()
        source = self._source(seen, _has_umi(structures))
        umis = self._umis(source)
        kind = READY if seen.consensus or (source == NONE and seen.aligned) else RAW
        with open_alignments(file, genome) as handle:
            reads = reads_of(handle, file)
            if not seen.aligned:
                whole = seen.consensus or source == RX
                umis = Umis(NONE) if seen.consensus else umis
                templates = templates_of_reads(
                    reads, file, None if whole else _left_of(structures, source), umis,
                    keep_molecule=seen.consensus,
                )  # fmt: skip
                self._align(templates, kind, genome, file)
                return kind, Umis(source) if seen.consensus else umis
            contigs = contigs_in(handle)
            if genome is not None:
                check_contigs(contigs, genome, file)
            header = header_of(contigs, self.row["specimen_id"], self.row["library_id"])
            if kind == READY:
                self._write(self._as_it_is(reads), COORDINATE, header)
            else:
                found = templates_of_aligned(
                    reads, file, handle.header, umis, self.place, self.threads
                )
                self._write(self._counted(found), TEMPLATE, header)
        return kind, umis

    def _source(self, seen: Seen, in_structure: bool) -> str:
        """Where a BAM file's barcodes are; one with RX is past its read structure."""
        asked = self.panel["umi"]
        if asked != AUTO:
            return str(asked)
        if seen.rx:
            return RX
        return STRUCTURE if in_structure and not seen.aligned else NONE

    def _structures(self) -> tuple[Structure, Structure]:
        try:
            return structures_of(self.panel["read_structure"])
        except ValueError as error:
            raise UserError(f"read_structure of the panel: {error}") from error

    def _umis(self, source: str) -> Umis:
        file = self.panel["whitelist"]
        return Umis(source, read_whitelist(file) if file and source != NONE else None)

    def _align(
        self, templates: Iterable[Any], kind: str, genome: Reference | None, file: str
    ) -> None:
        if self.index is None:
            raise InputError(file, "cannot be aligned without a reference", NO_REFERENCE)
        contigs = contigs_of(self.index)
        if genome is not None:
            check_contigs(contigs, genome, self.index)
        header = header_of(contigs, self.row["specimen_id"], self.row["library_id"])
        found = align(self._counted(templates), self.index, self.program, self.threads)
        self._write(found, TEMPLATE if kind == RAW else COORDINATE, header, aligned=True)

    def _counted(self, templates: Iterable[Item | None]) -> Iterator[Item]:
        """Count what comes, and pass by what the whitelist leaves out."""
        for template in templates:
            self.pairs += 1
            self._look(template)
            if template is not None:
                yield template

    def _look(self, template: Any) -> None:
        """Note whether the reads say by their names that they are simulated."""
        if template is not None and not self.simulated:
            name = template.name if hasattr(template, "name") else template[0].query_name
            self.simulated = bool(name) and str(name).startswith(SIMULATED)

    def _as_it_is(self, reads: Iterable[AlignedSegment]) -> Iterator[Aligned]:
        """Reads in their order, counted by template."""
        for read in reads:
            self._look((read,))
            if not read.flag & NOT_PRIMARY and not read.is_read2:
                self.pairs += 1
                self.mapped += not read.is_unmapped or (read.is_paired and read.mate_is_mapped)
            yield (read,)

    def _write(
        self, found: Iterable[Aligned], order: str, header: Row, aligned: bool = False
    ) -> None:
        group = self.row["library_id"]
        as_it_is = order == COORDINATE and not aligned
        with Sorter(header, order, self.place, self.threads) as sorter:
            for template in found:
                if not as_it_is:
                    self.mapped += any(not read.is_unmapped for read in template)
                for read in template:
                    read.set_tag("RG", group, "Z")
                    sorter.write(read)
            sorter.finish()


def _left_of(structures: tuple[Structure, Structure], source: str) -> tuple[Structure, Structure]:
    """What of the structures is still to be cut: nothing where barcodes were taken out before."""
    taken = source in (RX, NAME) and _has_umi(structures)
    return structures_of(None) if taken else structures


def _has_umi(structures: tuple[Structure, Structure]) -> bool:
    return any(structure.umi for structure in structures)
