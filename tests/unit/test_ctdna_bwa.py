"""Where the program `bwa` is installed: it and pybwa give the same alignments."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from library_steps import reads_in, run_align, run_consensus
from sequenced import Sequenced
from umi_reads import settings

from liquidbiopsy.reads.reference import index_reference

STRUCTURE = ["8M5S+T", "8M5S+T"]

pytestmark = pytest.mark.skipif(not shutil.which("bwa"), reason="bwa is not installed")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A library with substitutions, deletions, and mates of no place."""
    made = Sequenced(tmp_path_factory.mktemp("bwa"))
    index_reference(str(made.fasta), str(made.folder / "index"))
    rng, pairs = np.random.default_rng(1), made.pairs(1500)
    for pair in pairs:
        reads = []
        for bases in pair.reads:
            changed = list(bases)
            for at in rng.integers(0, 60, int(rng.integers(0, 6))):
                changed[at] = "ACGT"[rng.integers(4)]
            if rng.random() < 0.1:
                del changed[20 : 20 + int(rng.integers(1, 8))]
            reads.append(made.bases(60) if rng.random() < 0.03 else "".join(changed))
        pair.reads = (reads[0], reads[1])
    made.fastq = made.write_fastq(pairs)
    return made


@pytest.fixture(scope="module")
def aligned(lab, tmp_path_factory):
    """Rows and reads by program."""
    folder = tmp_path_factory.mktemp("both")
    files = {"fq1": lab.fastq[0], "fq2": lab.fastq[1], "read_structure": STRUCTURE}
    return {p: run_align(folder / p, lab, program=p, threads=2, **files) for p in ("pybwa", "bwa")}


def told(path):
    """What each record says, its tags in their order by name."""
    found = [read.to_string().split("\t") for read in reads_in(path)]
    return [[*record[:11], *sorted(record[11:])] for record in found]


def test_every_record_is_the_same(aligned):
    (row, reads), (other, more) = aligned["pybwa"], aligned["bwa"]
    assert row == other and row["mapped"] < row["pairs"] == 1500
    assert told(reads) == told(more)


def test_threads_do_not_matter(aligned, lab, tmp_path):
    files = {"fq1": lab.fastq[0], "fq2": lab.fastq[1], "read_structure": STRUCTURE}
    _, reads = run_align(tmp_path / "a", lab, program="bwa", threads=1, **files)
    assert Path(reads).read_bytes() == Path(aligned["bwa"][1]).read_bytes()


def test_consensus_reads_are_aligned_alike(aligned, lab, tmp_path):
    found = {}
    for program, (_, reads) in aligned.items():
        chosen = settings(align={"program": program}, consensus={"realign": True})
        outputs = run_consensus(
            tmp_path / program, reads, Path(reads).with_name("l.parquet"), chosen,
            index=f"{lab.folder}/index/genome",
        )  # fmt: skip
        found[program] = told(outputs["consensus"])
    assert found["pybwa"] == found["bwa"] and len(found["bwa"]) > 2500
