"""One cell in bins, whatever it comes as: reads, aligned or not, or counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from liquidbiopsy.copynumber.as_bam import read_alignments
from liquidbiopsy.copynumber.bins import Bins, grid
from liquidbiopsy.copynumber.counting import Counted, count_reads
from liquidbiopsy.copynumber.own_contigs import check_whole
from liquidbiopsy.copynumber.wig import as_bins, read_wig
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads.align import align, contigs_of
from liquidbiopsy.reads.alignments import header_of
from liquidbiopsy.reads.reference import check_index, open_reference
from liquidbiopsy.reads.sorting import COORDINATE, Sorter
from liquidbiopsy.reads.structures import structures_of
from liquidbiopsy.reads.templates import templates_of_fastq
from liquidbiopsy.reads.umis import NONE, Umis
from liquidbiopsy.scdna.allele_sites import Alleles
from liquidbiopsy.scdna.breadth import Breadth
from liquidbiopsy.scdna.cell_tables import Loaded

FRAGMENTS = {
    "min_mapq": 30,
    "max_length": 1000,
    "short": (100, 150),
    "long": (151, 220),
    "window_bp": 5_000_000,
}
"""What counting measures of fragments on its way, which amplified DNA tells nothing by."""
NO_REFERENCE = "name a reference in the sheet, or check the path of its FASTA file"


@dataclass(frozen=True)
class Read:
    """A cell as it was read."""

    loaded: Loaded
    duplicates: float | None = None
    """Share of the mapped reads, 0 to 1."""
    breadth: float | None = None
    """Share of the genome, 0 to 1."""
    note: str | None = None
    alleles: Alleles | None = None

    def noting(self, words: str) -> Read:
        """The same with something more to say."""
        return replace(self, note="; ".join(filter(None, (self.note, words))))

    def having(self, alleles: Alleles) -> Read:
        """The same with its alleles."""
        return replace(self, alleles=alleles)


def read_wig_cell(path: str) -> Read:
    """A cell of a file of read counts."""
    bins, count = as_bins(read_wig(path))
    return Read(Loaded(bins, count, None, path))


@dataclass(frozen=True)
class Genome:
    """The reference of cells, and the bins that their reads are counted in."""

    fasta: str | None
    index: str | None
    """Prefix of its BWA index."""
    bins: Bins | None
    """None where they are made of the contigs that a file declares."""

    @cached_property
    def contigs(self) -> dict[str, int]:
        """Lengths of the reference's contigs; none where it cannot be read, as others say."""
        try:
            with open_reference(self.fasta or "") as reference:
                return reference.contigs
        except InputError:
            return {}

    def bins_of(self, file: str, name: str, size: int) -> Bins:
        """Bins of a file's reads; its contigs must be the reference's, as long as they are there.

        Reads of another build may all lie within contigs that are longer here: only their lengths
        tell it.
        """
        with read_alignments(file, name, self.fasta) as (_, contigs):
            check_whole(contigs, self.contigs, name)
        if self.bins is not None:
            return self.bins
        bins = grid(contigs, size)
        if not len(bins):
            raise InputError(name, "knows none of the chromosomes 1 to 22, X and Y")
        return bins


def read_aligned(file: str, name: str, genome: Genome, settings: Mapping[str, Any]) -> Read:
    """A cell of aligned reads.

    Parameters
    ----------
    file : str
        BAM or CRAM file.
    name : str
        The file as messages name it.
    genome : Genome
    settings : dict
        `counts`: `bin_size`, `min_mapq`, `duplicates`.

    Raises
    ------
    UserError
        It cannot be read, or has no read that counts.
    """
    own = settings["counts"]
    bins = genome.bins_of(file, name, own["bin_size"])
    asked = {**own, "fragments": FRAGMENTS}
    breadth = Breadth(own["min_mapq"])
    counted = count_reads(file, name, bins, genome.fasta, asked, watch=breadth.watch)
    return Read(
        Loaded(bins, counted.count, None, name),
        duplicates=_duplicates(counted),
        breadth=breadth.share(),
        note="; ".join(counted.notes) or None,
    )


def align_cell(
    row: Mapping[str, Any], genome: Genome, program: str, place: Path, threads: int
) -> None:
    """Align a cell's pair of FASTQ files, and sort what is found by place.

    Parameters
    ----------
    row : dict
        Its row of scdna.tsv.
    genome : Genome
    program : str
        `pybwa`, `bwa` or `bwa-mem2`.
    place : Path
        Where the BAM file goes.
    threads : int

    Raises
    ------
    UserError
        There is no reference, or the files cannot be read.
    """
    if genome.index is None or genome.fasta is None:
        raise InputError(str(row["fq1"]), "cannot be aligned without a reference", NO_REFERENCE)
    check_index(genome.index, genome.fasta)
    plain = Umis(NONE)
    pairs = templates_of_fastq(row["fq1"], row["fq2"], structures_of(None), plain)
    known = (pair for pair in pairs if pair is not None)
    header = header_of(contigs_of(genome.index), row["specimen_id"], row["cell_id"])
    with Sorter(header, COORDINATE, place, threads) as sorter:
        for template in align(known, genome.index, program, threads):
            for read in template:
                read.set_tag("RG", row["cell_id"], "Z")
                sorter.write(read)
        sorter.finish()


def _duplicates(counted: Counted) -> float | None:
    totals = counted.totals
    twice = totals.flagged_duplicates + totals.same_ends
    return twice / (twice + totals.counted) if twice + totals.counted else None
