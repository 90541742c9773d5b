"""What stops a library is its row's reason, in the user's own names, and stops nothing else."""

import dataclasses
import gzip
import stat
from pathlib import Path

import pytest
from library_steps import quality_of, reads_in, row_of, run_align, run_consensus
from sequenced import aligned, indexed, unaligned
from umi_reads import settings

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.ctdna.group import grouped
from liquidbiopsy.ctdna.libraries import failure_of, source_of
from liquidbiopsy.reads.bam import BamReader
from liquidbiopsy.reads.reference import index_reference

STRUCTURE = ["8M5S+T", "8M5S+T"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return indexed(tmp_path_factory.mktemp("failures"), 30)


def through(lab, folder, chosen, index=None, **library):
    """A library that is aligned soundly, and what comes of its consensus."""
    row, reads = run_align(folder / "a", lab, **library)
    assert row["status"] == "measured"
    return run_consensus(
        folder / "c", reads, folder / "a" / "l.parquet", chosen, source="A01.bam", index=index
    )


def rx(*parts):
    """A function that gives every pair of reads one barcode."""
    return lambda pair: [("RX", "-".join(parts))]


CASES = {  # barcode, settings -> gist of the reason
    "long": (("A" * 17, "C" * 17), {}, "has a UMI of more than 32 bases (keep fewer of them"),
    "one of two": (("ACGTACGT",), {"strategy": "paired"}, "carry one UMI each, but umi.strategy"),
}


@pytest.mark.parametrize("case", CASES)
def test_barcodes_that_cannot_be_grouped(lab, tmp_path, case):
    parts, umi, gist = CASES[case]
    bam = lab.write_bam("long.bam", unaligned(lab.made, tags=rx(*parts)), {})
    outputs = through(lab, tmp_path, settings(umi=umi), bam=bam)
    row = row_of(outputs)
    assert row["status"] == "failed" and row["reason"].startswith("A01.bam: ")
    assert gist in row["reason"] and "reads.bam" not in row["reason"]
    assert reads_in(outputs["consensus"]) == [] and quality_of(outputs) == {}
    assert read_table(outputs["families"]).num_rows == 0
    assert failure_of({"library": str(outputs["library"])}) == row["reason"]
    assert sorted(p.name for p in (tmp_path / "c").iterdir()) == sorted(
        p.name for p in outputs.values()
    )


def test_consensus_reads_that_cannot_be_aligned(lab, tmp_path):
    """A library that came aligned meets the aligner only when its consensus is made."""
    bam = lab.write_bam("aligned.bam", aligned(lab.made, lab.contigs, tags=rx("ACGT", "TTGA")))
    chosen = settings(
        align={"program": "bwa-mem2"}, consensus={"realign": True}
    )  # which is not there
    row = row_of(through(lab, tmp_path, chosen, f"{lab.folder}/index/genome", bam=bam))
    assert row["status"] == "failed" and row["reason"].startswith("bwa-mem2: is not on PATH")


def test_damage_on_the_way_is_no_fault_of_the_library(lab, tmp_path):
    """A cut off file that the run itself has made is to be made anew, so the step fails."""
    _, reads = run_align(
        tmp_path / "a", lab, fq1=lab.fastq[0], fq2=lab.fastq[1], read_structure=STRUCTURE
    )
    Path(reads).write_bytes(Path(reads).read_bytes()[:-2000])
    with pytest.raises(InputError, match=r"reads\.bam: .*record"):
        run_consensus(tmp_path / "c", reads, tmp_path / "a" / "l.parquet", settings())
    assert list((tmp_path / "c").iterdir()) == []


def test_the_strategy_is_told_by_the_first_template_there_is(lab, tmp_path):
    """Records that give no template may fill a first chunk."""
    bam = lab.write_bam("dual.bam", aligned(lab.made, lab.contigs, tags=rx("ACGT", "TTGA")))
    _, reads = run_align(tmp_path / "a", lab, bam=bam)
    blank = lab.write_bam("blank.bam", [])
    with BamReader(reads, 1) as reader, BamReader(blank) as none:
        strategies = {s for _, found, s in grouped(reader, settings()) if len(found)}
        assert strategies == {"paired"} and not list(grouped(none, settings()))


def test_libraries_are_named_as_the_sheet_names_them():
    blank = dict.fromkeys(["bam", "fq1", "fq2", "wig", "bins"]) | {"library_id": "L1"}
    assert source_of({**blank, "fq1": "reads/a_1.fq.gz", "fq2": "b"}) == "reads/a_1.fq.gz"
    assert source_of({**blank, "bam": str(Path("/") / "data" / "a.bam")}) == "a.bam"
    assert source_of(blank) == "L1"


# --- references


@pytest.mark.parametrize("content", [b"", b"ACGT\n", gzip.compress(b">chr1\nACGT\n", mtime=0)])
@pytest.mark.parametrize("kind", ["fastq", "aligned", "ready"])
def test_a_reference_of_no_use_fails_its_libraries(lab, tmp_path, content, kind):
    fasta = tmp_path / "bad.fa"
    fasta.write_bytes(content)
    index_reference(str(fasta), str(tmp_path / "index"))
    library = {"fq1": lab.fastq[0], "fq2": lab.fastq[1], "read_structure": STRUCTURE}
    if kind != "fastq":
        tags = rx("ACGT") if kind == "aligned" else lambda pair: []
        library = {"bam": lab.write_bam("x.bam", aligned(lab.made, lab.contigs, tags=tags))}
    row, reads = run_align(
        tmp_path / "a", lab, reference=str(fasta), index=f"{tmp_path}/index/genome", **library
    )
    assert row["status"] == "failed" and row["reason"].startswith("bad.fa: is ")
    assert row["reason"].endswith(")") and reads_in(reads) == []
    outputs = run_consensus(tmp_path / "c", reads, tmp_path / "a" / "l.parquet", settings())
    assert row_of(outputs) == row


def test_the_index_says_what_its_genome_does_not(lab, tmp_path):
    """A FASTA file with an index of its own may open although BWA's could not be made."""
    fasta = tmp_path / "twice.fa"
    fasta.write_text(">chr1\nACGTACGTAC\n>chr1\nACGTACGTAC\n")
    index_reference(str(fasta), str(tmp_path / "index"))
    bam = lab.write_bam("x.bam", aligned(lab.made, lab.contigs))
    row, _ = run_align(
        tmp_path / "a", lab, reference=str(fasta), index=f"{tmp_path}/index/genome", bam=bam
    )
    assert row["reason"].startswith("twice.fa: a contig stands there twice")


# --- barcodes in FASTQ comments


def with_comments(lab, made, name, barcode, comment):
    """Both files of pairs, as samtools fastq -T RX writes them."""
    paths = []
    for which in (0, 1):
        path = lab.folder / f"{name}_{which + 1}.fq"
        with open(path, "w") as handle:
            for pair in made:
                bases = (pair.umis[which] + "TGACT" if barcode else "") + pair.reads[which]
                said = comment(pair, which)
                handle.write(f"@{pair.name}/{which + 1}{said}\n{bases}\n+\n{'I' * len(bases)}\n")
        paths.append(str(path))
    return {"fq1": paths[0], "fq2": paths[1]}


COMMENTS = {
    "samtools": lambda pair, which: "\tRX:Z:" + "-".join(pair.umis),
    "beside others": lambda pair, which: f" {which + 1}:N:0:ACGT\tBC:Z:AC\tRX:Z:{pair.umis[0]}",
}


@pytest.mark.parametrize("comment", COMMENTS)
@pytest.mark.parametrize("structure", [None, STRUCTURE])
@pytest.mark.parametrize("umi", ["auto", "rx"])
def test_barcodes_in_the_comments_are_found(lab, tmp_path, comment, structure, umi):
    """Reads with them are past their read structure, as in BAM files with RX."""
    files = with_comments(lab, lab.made, "rx", False, COMMENTS[comment])
    row, reads = run_align(tmp_path / "a", lab, umi=umi, read_structure=structure, **files)
    assert (row["kind"], row["umi"], row["mapped"]) == ("raw", "rx", 30)
    found = {read.query_name: read for read in reads_in(reads)}
    for pair in lab.made:
        read = found[pair.name]
        parts = pair.umis if comment == "samtools" else pair.umis[:1]
        assert read.get_tag("RX") == "-".join(parts) and len(read.query_sequence) == 60


def test_other_comments_are_no_barcodes(lab, tmp_path):
    files = with_comments(lab, lab.made, "no", True, lambda pair, which: f" {which + 1}:N:0:ACGT")
    row, _ = run_align(tmp_path / "a", lab, read_structure=STRUCTURE, **files)
    assert row["umi"] == "structure"


def test_barcodes_in_names_are_taken_where_it_is_said(lab, tmp_path):
    """`name:UMI+UMI`: reads are past their structure then, too."""
    made = [dataclasses.replace(p, name=f"{p.name}:{'+'.join(p.umis)}") for p in lab.made]
    files = with_comments(lab, made, "name", False, lambda pair, which: "")
    for structure in (None, STRUCTURE):
        folder = tmp_path / str(bool(structure))
        row, reads = run_align(folder, lab, umi="name", read_structure=structure, **files)
        assert (row["umi"], row["mapped"]) == ("name", 30)
        assert {len(read.query_sequence) for read in reads_in(reads)} == {60}
    row, _ = run_align(tmp_path / "auto", lab, **files)
    assert row["umi"] == "none"


# --- programs


def test_programs_that_cannot_be_used_are_told(lab, tmp_path, monkeypatch):
    """Not there; no index of theirs; not to be run; silent."""
    script = tmp_path / "bin" / "bwa-mem2"
    script.parent.mkdir()
    monkeypatch.setenv("PATH", str(script.parent))
    library = {"fq1": lab.fastq[0], "fq2": lab.fastq[1], "program": "bwa-mem2"}
    index = tmp_path / "mem2" / "g.fa"
    index.parent.mkdir()
    for number, (content, files, words) in enumerate([
        (None, (), "g.fa: is no BWA index: g.fa.amb is not there"),
        (None, ("amb", "ann", "pac"), "bwa-mem2: is not on PATH (install it, or set assays.ctdna"),
        ("#!/bin/sh\n", (), "g.fa: is no index of bwa-mem2: g.fa.0123 is not there (make it"),
        ("#!/no/such/interpreter\n", ("0123", "bwt.2bit.64"), "bwa-mem2: cannot be run: No such"),
        ("#!/bin/sh\ncat > /dev/null\n", (), "bwa-mem2: gave no alignment"),
        ("#!/bin/sh\nexit 1\n", (), "bwa-mem2: gave"),
    ]):  # fmt: skip
        if content is not None:
            script.write_text(content)
            script.chmod(script.stat().st_mode | stat.S_IXUSR)
        for end in files:
            made = lab.folder / "index" / f"genome.{end}"
            data = made.read_bytes() if made.is_file() else b"x"
            index.with_name(f"g.fa.{end}").write_bytes(data)
        if content is not None:  # the shell's own tools
            monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")
        row, _ = run_align(tmp_path / str(number), lab, index=str(index), **library)
        assert row["status"] == "failed" and words in row["reason"], row["reason"]
        assert str(tmp_path) not in row["reason"]
