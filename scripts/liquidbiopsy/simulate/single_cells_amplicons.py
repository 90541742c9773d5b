"""Write the amplicons of simulated single cells: a BAM a cell, panel, genotypes, allele counts.

Alignments carry MD and NM, so that they can be read without the reference: there is none, as all
bases but the codons of hotspots are made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from liquidbiopsy.core.atomic import atomic_path, write_text
from liquidbiopsy.simulate.genome import LETTERS
from liquidbiopsy.simulate.parameters import SIMULATED
from liquidbiopsy.simulate.plasma_parameters import Region
from liquidbiopsy.simulate.plasma_writers import write_panel, write_truth
from liquidbiopsy.simulate.single_cells_alleles import AmpliconParameters, CellReads, read_cell
from liquidbiopsy.simulate.single_cells_panel import Panel
from liquidbiopsy.simulate.single_cells_parameters import Cell
from liquidbiopsy.simulate.whole_genome_builds import CONTIGS, chromosomes

STRANDS = 65  # stream of the seed
REVERSE, BEST_MAPQ, QUALITY = 16, 60, 37
TRUE = ["ref_copies", "alt_copies", "ref_kept", "alt_kept"]


@dataclass(frozen=True)
class WrittenAmplicons:
    """What was written."""

    bams: dict[str, Path]
    """By cell_id."""
    vcf: Path
    alleles: pd.DataFrame
    """One row a cell and site: see `single_cells_alleles.allele_tables`."""


def write_amplicons(
    folder: Path, p: AmpliconParameters, cells: Sequence[Cell], prefix: str = "chr"
) -> WrittenAmplicons:
    """Simulate the amplicons of a specimen's cells and write them; equal parameters, equal bytes.

    Its files are `<cell_id>.amplicons.simulated.bam` with its index; `<specimen_id>.` and
    `amplicons.simulated.bed`, `germline.simulated.vcf` (genotypes of the leukocytes),
    `alleles.simulated.tsv` (counts, with chrom, pos, ref and alt), and `alleles.truth.tsv`.

    Parameters
    ----------
    folder : Path
        Where to; made if missing.
    p : AmpliconParameters
        What to simulate.
    cells : sequence of Cell
        The specimen's, in its order.
    prefix : str
        What stands before the contigs' plain names: `chr` or nothing.
    """
    bams, tables = {}, []
    for number, cell in enumerate(cells):
        reads = read_cell(p, cell, number)
        bams[cell.cell_id] = folder / f"{cell.cell_id}.amplicons.simulated.bam"
        _write_bam(bams[cell.cell_id], p, cell, number, reads, prefix)
        tables.append(reads.table)
    alleles = pd.concat(tables, ignore_index=True)
    stem = p.specimen.specimen_id
    named = alleles.assign(chrom=prefix + alleles["chrom"])
    write_truth(folder / f"{stem}.alleles.simulated.tsv", named.drop(columns=TRUE))
    write_truth(folder / f"{stem}.alleles.truth.tsv", named[["cell_id", "site", *TRUE]])
    write_panel(folder / f"{stem}.amplicons.simulated.bed", regions_of(p.panel, prefix))
    vcf = folder / f"{stem}.germline.simulated.vcf"
    write_genotypes(vcf, p.panel, prefix)
    return WrittenAmplicons(bams, vcf, alleles)


def regions_of(panel: Panel, prefix: str = "chr") -> tuple[Region, ...]:
    """The amplicons as regions, named by their sites."""
    length = panel.bases.shape[1]
    found = []
    for k, (contig, start) in enumerate(zip(panel.contig, panel.start, strict=True)):
        names = [panel.sites[s].name for s in np.flatnonzero(panel.amplicon == k)]
        chrom = prefix + CONTIGS[contig]
        found.append(Region(chrom, int(start), int(start) + length, ",".join(names)))
    return tuple(found)


def write_genotypes(path: Path, panel: Panel, prefix: str = "chr") -> None:
    """Write the genotypes of the patient's leukocytes at the SNPs as VCF, `0/0` ones too."""
    lines = [
        "##fileformat=VCFv4.3",
        f"##source={SIMULATED}",
        '##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency among people">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    ]
    lines += [f"##contig=<ID={prefix}{x.name},length={x.length}>" for x in chromosomes(panel.build)]
    heads = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "leukocytes")
    lines.append("\t".join(heads))
    for site in panel.sites:
        if site.frequency:
            genotype = "/".join(str(allele) for allele in sorted(site.germline))
            cells = (
                prefix + site.contig, str(site.pos), site.name, site.ref, site.alt, "100", "PASS",
                f"AF={site.frequency:.3f}", "GT", genotype,
            )  # fmt: skip
            lines.append("\t".join(cells))
    write_text(path, "\n".join(lines) + "\n")


def _write_bam(
    path: Path, p: AmpliconParameters, cell: Cell, number: int, reads: CellReads, prefix: str
) -> None:
    panel = p.panel
    rng = np.random.default_rng((p.specimen.seed, STRANDS, number))
    reverse = rng.random(len(reads.amplicon)) < 0.5
    name = f"simulated_{p.specimen.specimen_id}_{cell.cell_id}"
    header = pysam.AlignmentHeader.from_dict(
        {
            "HD": {"VN": "1.6", "SO": "coordinate"},
            "SQ": [{"SN": prefix + x.name, "LN": x.length} for x in chromosomes(panel.build)],
            "RG": [{"ID": "simulated", "SM": name}],
            "CO": [SIMULATED],
        }
    )
    length = panel.bases.shape[1]
    letters = LETTERS[reads.codes].tobytes().decode()
    quality = pysam.qualitystring_to_array(chr(33 + QUALITY) * length)
    different = reads.codes != panel.bases[reads.amplicon]
    with atomic_path(path) as partial:
        with pysam.AlignmentFile(str(partial), "wb", header=header) as out:
            for k, amplicon in enumerate(reads.amplicon):
                read = pysam.AlignedSegment(header)
                read.query_name = f"simulated:{k + 1:06d}"
                read.flag = REVERSE * int(reverse[k])
                read.reference_id = int(panel.contig[amplicon])
                read.reference_start = int(panel.start[amplicon])
                read.mapping_quality = BEST_MAPQ
                read.cigartuples = [(0, length)]
                read.query_sequence = letters[k * length : (k + 1) * length]
                read.query_qualities = quality
                wrong = np.flatnonzero(different[k])
                read.set_tag("NM", len(wrong), "i")
                read.set_tag("MD", _md(wrong, panel, int(amplicon)))
                read.set_tag("RG", "simulated")
                out.write(read)
        with atomic_path(path.with_name(path.name + ".csi")) as index:
            pysam.index("-c", str(partial), str(index))


def _md(wrong: np.ndarray, panel: Panel, amplicon: int) -> str:
    """The MD tag of an alignment that differs from the reference in these places."""
    text, at = "", 0
    for place in wrong.tolist():
        text += f"{place - at}{chr(LETTERS[panel.bases[amplicon, place]])}"
        at = place + 1
    return f"{text}{panel.bases.shape[1] - at}"
