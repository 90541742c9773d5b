"""The steps that make molecules of a library, run by themselves, for tests."""

import os
from pathlib import Path

import pyarrow.parquet as pq
import pysam

from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.ctdna.step_align import align_library
from liquidbiopsy.ctdna.step_consensus import consensus_library

BLANK = dict.fromkeys(["fq1", "fq2", "bam", "wig", "bins", "mutations"])
OWN = {"specimen_id": "S1", "library_id": "L1", "role": "plasma", "library": "panel"}


def run_align(
    folder, lab, *, read_structure=None, umi="auto", whitelist=None, threads=1, reference=True,
    index=True, program="pybwa", **row,
):  # fmt: skip
    """Align a library of a `Sequenced` with an index; its row and the path of its reads.

    `reference` and `index` are those of the laboratory where True, none where False.
    """
    fasta = str(lab.fasta) if reference is True else reference
    outputs = {"reads": f"{folder}/reads.bam", "library": f"{folder}/l.parquet"}
    align_library(
        library={**BLANK, **OWN, **row},
        panel={"bed": None, "read_structure": read_structure, "umi": umi, "whitelist": whitelist},
        reference={"fasta": fasta, "build": "x"} if fasta else None,
        index=f"{lab.folder}/index/genome" if index is True else index or None,
        settings={"program": program, "min_mapq": 1},
        code="digest",
        outputs=outputs,
        threads=threads,
    )
    (found,) = pq.read_table(outputs["library"]).to_pylist()
    assert sorted(os.listdir(folder)) == ["l.parquet", "reads.bam"]
    return found, outputs["reads"]


def run_consensus(folder, reads, library, chosen, *, source="L1.bam", index=None, threads=1):
    """Make molecules of a library; paths of what came out, by name."""
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    outputs = {
        "consensus": folder / "consensus.bam", "index": folder / "consensus.bam.bai",
        "library": folder / "made.parquet", "families": folder / "families.parquet",
        "quality": folder / "consensus_quality.parquet",
    }  # fmt: skip
    consensus_library(
        {"reads": str(reads), "library": str(library)}, source, index, None, chosen, "code",
        {name: str(path) for name, path in outputs.items()}, threads,
    )  # fmt: skip
    return outputs


def row_of(outputs):
    """The row of a library after step `consensus`."""
    (row,) = read_table(outputs["library"]).to_pylist()
    return row


def quality_of(outputs):
    """Its quality: metric -> value."""
    return {row["metric"]: row["value"] for row in read_table(outputs["quality"]).to_pylist()}


def reads_in(path):
    """Reads of a BAM file."""
    with pysam.AlignmentFile(str(path), check_sq=False) as handle:
        return list(handle)
