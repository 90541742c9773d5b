"""Published reads grouped as UMI-tools groups them, and as the Duplex-Seq pipeline counts them."""

import gzip
import os
from collections import defaultdict
from pathlib import Path

import pytest
from library_steps import quality_of, run_consensus
from repository import ROOT
from umi_reads import settings

from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.ctdna.group import group_bam
from liquidbiopsy.ctdna.step_align import align_library
from liquidbiopsy.reads.reference import index_reference

DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", ROOT / "../shared/data")).resolve()
UMI = DATA / "umi"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not UMI.exists(), reason="the shared data are not at hand: set LIQUIDBIOPSY_SHARED_DATA"
    ),
]


def test_groups_are_those_of_umi_tools():
    """All 55,197 reads in the very groups of `umi_tools group --method=directional`.

    UMI-tools leaves ties between equally abundant UMIs to the order of its reads, we to the
    alphabet: on these reads it makes no difference to any group.
    """
    chosen = settings(umi={"strategy": "directional"})
    found = group_bam(str(UMI / "umi_tools_chr19.bam"), chosen, umi="name").to_pylist()
    with gzip.open(UMI / "umi_tools_chr19.group_directional.expected.tsv.gz", "rt") as handle:
        names = handle.readline().split()
        expected = [dict(zip(names, line.rstrip("\n").split("\t"), strict=True)) for line in handle]
    assert len(found) == len(expected) == 55_197
    ours, theirs = defaultdict(set), defaultdict(set)
    for row in found:  # some reads lie at two places: name and place tell them apart
        place = row["position"] + (row["strand"] == "-")
        ours[row["molecule"]].add((row["read"], row["contig"], place, row["umi"]))
    for row in expected:
        key = row["read_id"], row["contig"], int(row["position"]), row["final_umi"]
        theirs[row["unique_id"]].add(key)
    assert {frozenset(group) for group in ours.values()} == {
        frozenset(group) for group in theirs.values()
    }


@pytest.fixture(scope="module")
def duplex(tmp_path_factory):
    """The Duplex-Seq library aligned: tags of 8 bases and a spacer of one before each read."""
    folder = tmp_path_factory.mktemp("duplex")
    index_reference(str(UMI / "duplex_reference.fa"), str(folder))
    row = {
        "specimen_id": "P", "library_id": "d", "role": "plasma", "library": "panel", "panel": "p",
        "fq1": str(UMI / "duplex_R1.fastq.gz"), "fq2": str(UMI / "duplex_R2.fastq.gz"),
        "bam": None, "reference": "r", "mutations": None,
    }  # fmt: skip
    panel = {
        "bed": str(UMI / "duplex_target.bed"), "read_structure": ["8M1S+T", "8M1S+T"],
        "umi": "auto", "whitelist": None,
    }  # fmt: skip
    outputs = {"reads": str(folder / "reads.bam"), "library": str(folder / "library.parquet")}
    align_library(
        row, panel, {"fasta": str(UMI / "duplex_reference.fa")}, str(folder / "genome"),
        settings()["align"], "code", outputs, 1,
    )  # fmt: skip
    return outputs


@pytest.mark.parametrize(
    ("chosen", "reads", "both"),
    [
        # 826 single-strand consensus reads: 413 pairs, the strands apart, of three pairs or more
        ({"umi": {"strategy": "directional"}, "consensus": {"min_reads": 3}}, 826, 0),
        # 412 duplex consensus reads: 206 pairs with three pairs or more of either strand; one
        # molecule more was read from one strand alone
        ({"consensus": {"min_strand_reads": 3}}, 414, 206),
    ],
)
def test_consensus_reads_of_the_duplex_sequencing_pipeline(duplex, tmp_path, chosen, reads, both):
    """826 single-strand and 412 duplex consensus reads, the published counts of this library."""
    outputs = run_consensus(tmp_path, duplex["reads"], duplex["library"], settings(**chosen))
    quality = quality_of(outputs)
    assert quality["reads"] == 2 * 3898 and quality["grouped_share"] == 1
    assert quality["consensus_reads"] == reads
    duplexes = sum(row["duplex"] for row in read_table(outputs["families"]).to_pylist())
    assert duplexes == both
