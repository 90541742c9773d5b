"""Real and published reads: a duplex library, barcodes in names, a tumour-informed test's BAM."""

import os
from pathlib import Path

import pyarrow.parquet as pq
import pysam
import pytest
from repository import ROOT

from liquidbiopsy.ctdna.step_align import align_library
from liquidbiopsy.reads.panel import check_panel, read_panel
from liquidbiopsy.reads.reference import index_reference, open_reference

DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", ROOT / "../shared/data")).resolve()
UMI = DATA / "umi"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not UMI.exists(), reason="the shared data are not at hand: set LIQUIDBIOPSY_SHARED_DATA"
    ),
]


def run(folder, panel=None, fasta=None, index=None, **row):
    outputs = {"reads": f"{folder}/reads.bam", "library": f"{folder}/library.parquet"}
    own = {"specimen_id": "S1", "library_id": "L1", "role": "plasma", "library": "panel"}
    align_library(
        library={**own, **dict.fromkeys(["fq1", "fq2", "bam", "wig", "bins", "mutations"]), **row},
        panel={"bed": None, "read_structure": None, "umi": "auto", "whitelist": None,
               **(panel or {})},
        reference={"fasta": str(fasta)} if fasta else None,
        index=index,
        settings={"program": "pybwa", "min_mapq": 1},
        code="digest",
        outputs=outputs,
        threads=1,
    )  # fmt: skip
    (found,) = pq.read_table(outputs["library"]).to_pylist()
    with pysam.AlignmentFile(outputs["reads"], check_sq=False) as handle:
        return found, list(handle)


def test_duplex_library_is_aligned(tmp_path):
    fasta = UMI / "duplex_reference.fa"
    index_reference(str(fasta), str(tmp_path / "index"))
    row, reads = run(
        tmp_path,
        {"read_structure": ["8M5S+T", "8M5S+T"]},
        fasta,
        f"{tmp_path}/index/genome",
        fq1=str(UMI / "duplex_R1.fastq.gz"),
        fq2=str(UMI / "duplex_R2.fastq.gz"),
    )
    assert (row["kind"], row["umi"], row["pairs"]) == ("raw", "structure", 3898)
    assert row["mapped"] > 0.95 * row["pairs"]
    assert sum(read.is_proper_pair for read in reads) > 0.95 * len(reads)
    assert {len(read.get_tag("RX")) for read in reads} == {17}
    with open_reference(str(fasta)) as genome:
        check_panel(read_panel(str(UMI / "duplex_target.bed")), genome, "duplex_target.bed")


def test_barcodes_in_names(tmp_path):
    row, reads = run(tmp_path, {"umi": "name"}, bam=str(UMI / "umi_tools_chr19.bam"))
    assert (row["kind"], row["umi"], row["pairs"]) == ("raw", "name", 55197)
    assert len(reads) == 55197
    assert all(read.query_name.endswith(f"_{read.get_tag('RX')}") for read in reads)


def plain(read):
    """Return a read as SAM, its tags by name."""
    fields = read.to_string().split("\t")
    return "\t".join(fields[:11] + sorted(fields[11:]))


def test_reads_without_barcodes_are_ready(tmp_path):
    source = DATA / "mrd" / "T1.bam"
    row, reads = run(tmp_path, bam=str(source))
    assert (row["kind"], row["umi"]) == ("ready", "none")
    with pysam.AlignmentFile(str(source)) as handle:
        before = sorted(plain(read).replace("RG:Z:ID1", "RG:Z:L1") for read in handle)
    assert sorted(map(plain, reads)) == before


def test_reference_of_other_contigs_is_told(tmp_path):
    fasta = DATA / "fragments" / "hg19.chr1.10Mb.fa.gz"
    row, reads = run(tmp_path, fasta=fasta, bam=str(DATA / "mrd" / "T1.bam"))
    assert (row["status"], reads) == ("failed", [])
    assert "T1.bam: contig chrM is not in hg19.chr1.10Mb.fa.gz" in row["reason"]
