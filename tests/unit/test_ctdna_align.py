"""A library from each kind of input: what is in its reads, its row, and how faults are told."""

import array
import os
import stat
import sys
from pathlib import Path

import numpy as np
import pysam
import pytest
from library_steps import reads_in as reads
from library_steps import run_align
from sequenced import SPACER, aligned, indexed, rx, turned, unaligned

from liquidbiopsy.reads import sorting
from liquidbiopsy.reads.align import batches
from liquidbiopsy.reads.mates import proper_lengths

STRUCTURE = ["8M5S+T", "8M5S+T"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return indexed(tmp_path_factory.mktemp("align"), 300)


@pytest.fixture
def run(lab, tmp_path):
    """Return a function that aligns a library and gives its row and the path of its reads."""

    def work(*, name="out", **more):
        return run_align(tmp_path / name, lab, **more)

    return work


def pairs_of(path):
    found = {}
    for read in reads(path):
        assert not read.is_secondary and not read.is_supplementary
        found.setdefault(read.query_name, {})[read.is_read2] = read
    return found


def as_expected(pair, first, second):
    """Compare both reads with what was made, by plain rules of the SAM format."""
    for read, mate, which in ((first, second, 0), (second, first, 1)):
        forward = pair.first_is_forward == (which == 0)
        size = len(pair.reads[which])
        start = pair.start if forward else pair.end - size
        assert (read.reference_name, read.reference_start) == (pair.chrom, start)
        flag = 1 | 2 | (64, 128)[which] | (32 if forward else 16)
        assert read.flag == flag
        assert read.cigarstring == f"{size}M"
        assert read.query_sequence == (pair.reads[which] if forward else turned(pair.reads[which]))
        assert (read.next_reference_name, read.next_reference_start) == (
            pair.chrom, mate.reference_start,
        )  # fmt: skip
        assert read.template_length == (1 if forward else -1) * (pair.end - pair.start)
        assert read.get_tag("MC") == mate.cigarstring
        assert read.get_tag("MQ") == mate.mapping_quality
        assert read.get_tag("RG") == "L1"


def header_is_clean(path, lab, order):
    with pysam.AlignmentFile(path, check_sq=False) as handle:
        head = handle.header.to_dict()
        text = str(handle.header)
    assert head["RG"] == [{"ID": "L1", "SM": "S1", "LB": "L1"}] and "PG" not in head
    assert [s["SN"] for s in head["SQ"]] == list(lab.contigs)
    assert str(lab.folder) not in text and "/" not in text
    if order == "template":
        assert head["HD"] == {
            "VN": "1.6", "SO": "unsorted", "GO": "query", "SS": "unsorted:template-coordinate",
        }  # fmt: skip
    else:
        assert head["HD"] == {"VN": "1.6", "SO": "coordinate"}


def test_fastq(lab, run):
    row, path = run(fq1=lab.fastq[0], fq2=lab.fastq[1], read_structure=STRUCTURE)
    assert row == {
        **row, "status": "measured", "kind": "raw", "umi": "structure", "pairs": 300, "mapped": 300,
        "umi_corrected": 0, "umi_rejected": 0, "reason": None,
    }  # fmt: skip
    header_is_clean(path, lab, "template")
    found = pairs_of(path)
    assert len(found) == 300 and len(reads(path)) == 600
    for pair in lab.made:
        first, second = found[pair.name][False], found[pair.name][True]
        as_expected(pair, first, second)
        for read in (first, second):
            assert read.get_tag("RX") == "-".join(pair.umis)
            assert read.get_tag("QX") == "FFFFFFFF FFFFFFFF"
    places = [(r.reference_id, min(r.reference_start, r.next_reference_start)) for r in reads(path)]
    assert places == sorted(places)


@pytest.mark.parametrize("program", ["pybwa", "bwa"])
def test_same_bytes_for_any_number_of_threads(lab, run, program, bwa):
    kept = []
    for threads in (1, 2, 5):
        _, path = run(
            fq1=lab.fastq[0], fq2=lab.fastq[1], read_structure=STRUCTURE, threads=threads,
            program=program, name=f"out{threads}",
        )  # fmt: skip
        kept.append([Path(path).read_bytes(), Path(path).with_name("l.parquet").read_bytes()])
    assert kept[0] == kept[1] == kept[2]
    assert str(lab.folder).encode() not in kept[0][1]


def test_index_from_elsewhere(lab, run, tmp_path):
    """`bwa index` makes no dictionary, and its prefix is mostly the FASTA file's own name."""
    for file in (lab.folder / "index").iterdir():
        if file.suffix[1:] in ("amb", "ann", "bwt", "pac", "sa"):
            (tmp_path / f"hg.fa{file.suffix}").write_bytes(file.read_bytes())
    row, path = run(
        fq1=lab.fastq[0], fq2=lab.fastq[1], read_structure=STRUCTURE, index=f"{tmp_path}/hg.fa"
    )
    assert row["mapped"] == 300
    own = run(fq1=lab.fastq[0], fq2=lab.fastq[1], read_structure=STRUCTURE, name="own")[1]
    assert Path(path).read_bytes() == Path(own).read_bytes()
    (tmp_path / "hg.fa.sa").unlink()
    row, path = run(fq1=lab.fastq[0], fq2=lab.fastq[1], index=f"{tmp_path}/hg.fa")
    assert row["reason"].startswith("hg.fa: is no BWA index: hg.fa.sa is not there")


def test_reads_that_are_not_mapped(lab, run):
    """One mate of no place, both of no place, mates on two contigs."""
    alone, nowhere, apart = lab.pairs(3)
    other = next(p for p in lab.made if p.chrom != apart.chrom)
    alone.reads = (alone.reads[0], lab.bases(60))
    nowhere.reads = (lab.bases(60), lab.bases(60))
    apart.reads = (apart.reads[0], other.reads[0])
    files = lab.write_fastq([alone, nowhere, apart], "unmapped")
    row, path = run(fq1=files[0], fq2=files[1], read_structure=STRUCTURE)
    assert (row["pairs"], row["mapped"]) == (3, 2)
    found = pairs_of(path)
    first, second = found[alone.name][False], found[alone.name][True]
    strands = 0 if alone.first_is_forward else 16 | 32  # BWA turns the unmapped read as its mate
    assert first.flag == 1 | 8 | 64 | strands and second.flag == 1 | 4 | 128 | strands
    assert second.reference_start == first.reference_start == first.next_reference_start
    assert second.get_tag("MC") == "60M" and not first.has_tag("MC") and not first.has_tag("MQ")
    assert first.template_length == second.template_length == 0
    first, second = found[nowhere.name][False], found[nowhere.name][True]
    assert (first.flag, second.flag) == (77, 141) and first.reference_id == -1
    first, second = found[apart.name][False], found[apart.name][True]
    assert not first.is_proper_pair and first.template_length == 0
    assert first.next_reference_name == other.chrom and second.get_tag("MC") == "60M"


def test_supplementary_alignments_are_left_out(lab, run):
    pair, other = lab.pairs(2, 150, 151)
    lab.length, kept = 120, lab.length
    pair.reads = (pair.reads[0] + other.reads[0], pair.reads[1])
    lab.length = kept
    files = lab.write_fastq([pair], "split")
    row, path = run(fq1=files[0], fq2=files[1], read_structure=STRUCTURE)
    assert len(reads(path)) == 2 and not any(read.has_tag("SA") for read in reads(path))


def test_whitelist(lab, run, tmp_path):
    made = lab.pairs(3)
    listed = [umi for pair in made[:2] for umi in pair.umis]
    (tmp_path / "w.txt").write_text("\n".join(listed))
    off = ("A" if made[1].umis[0][0] != "A" else "C") + made[1].umis[0][1:]
    right, made[1].umis = made[1].umis, (off, made[1].umis[1])
    files = lab.write_fastq(made, "listed")
    row, path = run(
        fq1=files[0], fq2=files[1], read_structure=STRUCTURE, whitelist=str(tmp_path / "w.txt")
    )
    assert (row["pairs"], row["mapped"], row["umi_corrected"], row["umi_rejected"]) == (3, 2, 1, 1)
    found = pairs_of(path)
    assert set(found) == {made[0].name, made[1].name}
    for read in found[made[1].name].values():
        assert read.get_tag("RX") == "-".join(right) and read.get_tag("OX") == f"{off}-{right[1]}"
    assert not found[made[0].name][False].has_tag("OX")
    (tmp_path / "other.txt").write_text("ACG\nTTA\n")
    row, path = run(
        fq1=files[0], fq2=files[1], read_structure=STRUCTURE, whitelist=str(tmp_path / "other.txt")
    )
    assert row["status"] == "failed" and reads(path) == []
    assert row["reason"].startswith("other.txt: has none of the barcodes of 3 pairs")


@pytest.mark.parametrize("kind", ["rx", "structure", "name"])
def test_unaligned_bam_is_aligned_like_fastq(lab, run, kind):
    made = lab.pairs(20)
    if kind == "name":
        for pair in made:
            pair.name += ":" + "+".join(pair.umis)
    inside = kind == "structure"
    records = unaligned(made, tags=rx if kind == "rx" else lambda pair: (), barcode=inside)
    bam = lab.write_bam("unaligned.bam", records, {})
    row, path = run(
        bam=bam, umi="name" if kind == "name" else "auto",
        read_structure=STRUCTURE if kind in ("rx", "structure") else None,
    )  # fmt: skip
    assert (row["status"], row["kind"], row["umi"], row["pairs"]) == ("measured", "raw", kind, 20)
    found = pairs_of(path)
    for pair in made:
        as_expected(pair, found[pair.name][False], found[pair.name][True])
        read = found[pair.name][False]
        assert read.get_tag("RX") == "-".join(pair.umis) and not read.has_tag("MI")
        assert read.has_tag("cz") == (kind == "rx") and read.has_tag("QX") == inside


def test_single_reads_are_aligned(lab, run):
    made = lab.pairs(20)
    bam = lab.write_bam("single.bam", unaligned(made, tags=rx, single=True), {})
    row, path = run(bam=bam)
    assert (row["pairs"], row["mapped"], row["kind"]) == (20, 20, "raw")
    assert {read.flag for read in reads(path)} == {0, 16}


def test_aligned_bam_keeps_its_places(lab, run):
    made = lab.pairs(50)
    records = aligned(made, lab.contigs, tags=rx, flag=2 | 1024)
    records.append({**records[0], "flag": records[0]["flag"] | 2048, "cigarstring": "30H30M"})
    records[-1]["query_sequence"] = records[-1]["query_sequence"][:30]
    records[-1]["query_qualities"] = records[-1]["query_qualities"][:30]
    lost = next(r for r in records if r["query_name"] == made[0].name)
    bam = lab.write_bam("aligned.bam", [r for r in records if r is not lost])
    row, path = run(bam=bam, index=False)
    assert (row["status"], row["kind"], row["umi"]) == ("measured", "raw", "rx")
    assert (row["pairs"], row["mapped"]) == (50, 50)
    header_is_clean(path, lab, "template")
    found = pairs_of(path)
    (alone,) = found[made[0].name].values()
    assert alone.mate_is_unmapped and not alone.is_proper_pair and not alone.has_tag("MC")
    for pair in made[1:]:
        as_expected(pair, found[pair.name][False], found[pair.name][True])
        assert found[pair.name][True].get_tag("RX") == "-".join(pair.umis)
        assert not found[pair.name][True].has_tag("MI")
    again = Path(path).read_bytes()
    assert Path(run(bam=bam, index=False, threads=3)[1]).read_bytes() == again


def test_neither_order_nor_memory_change_what_comes_out(lab, run, monkeypatch):
    records = aligned(lab.pairs(6000), lab.contigs, tags=rx, flag=2)
    kept = []
    for order, memory in ((1, 768), (-1, 768), (1, 1)):
        monkeypatch.setattr(sorting, "_MEMORY_MB", memory)
        monkeypatch.setattr(sorting, "_LEAST_MB", 1)  # so little that the overflow is used
        bam = lab.write_bam("order.bam", records[::order])
        kept.append(Path(run(bam=bam)[1]).read_bytes())
    assert kept[0] == kept[1] == kept[2]


@pytest.mark.parametrize("kind", ["plain", "consensus", "cram"])
def test_ready_reads_are_taken_as_they_are(lab, run, kind):
    made = lab.pairs(30)
    own = [("cD", 5), ("RX", "AC-GT"), ("MI", "1/A")] if kind == "consensus" else []
    records = aligned(made, lab.contigs, tags=lambda pair: own, flag=1024 if kind == "plain" else 2)
    bam = lab.write_bam("ready.bam", records[::-1])
    if kind == "cram":
        cram = str(lab.folder / "ready.cram")
        pysam.view("-C", "-T", str(lab.fasta), "-o", cram, bam, catch_stdout=False)
        os.remove(f"{lab.fasta}.fai")
        bam = cram
    row, path = run(bam=bam, index=False)
    assert (row["status"], row["kind"], row["pairs"], row["mapped"]) == (
        "measured", "ready", 30, 30,
    )  # fmt: skip
    header_is_clean(path, lab, "coordinate")
    found = reads(path)
    assert sorted(r.query_name for r in found) == sorted(r["query_name"] for r in records)
    places = [(r.reference_id, r.reference_start) for r in found]
    assert places == sorted(places)
    assert all(read.is_duplicate == (kind == "plain") for read in found)
    assert found[0].has_tag("MI") == (kind == "consensus")
    assert found[0].query_sequence in {r["query_sequence"] for r in records}
    pysam.index(path)
    os.remove(f"{path}.bai")


def test_unaligned_consensus_is_aligned(lab, run):
    """Values a base follow the strand that a read is turned to."""
    made = lab.pairs(10)
    depth = np.arange(60, dtype=np.int16)

    def tags(pair):
        arrayed = array.array("h", depth.tolist())
        return [("cD", 5), ("cd", arrayed), ("ac", pair.reads[0]), ("MI", "3"), ("RX", "AC-GT")]

    bam = lab.write_bam("consensus.bam", unaligned(made, tags=tags), {})
    row, path = run(bam=bam)
    assert (row["kind"], row["umi"], row["mapped"]) == ("ready", "rx", 10)
    for read in reads(path):
        pair = next(p for p in made if p.name == read.query_name)
        turn = -1 if read.is_reverse else 1
        assert list(read.get_tag("cd")) == depth[::turn].tolist()
        assert read.get_tag("ac") == (turned(pair.reads[0]) if turn < 0 else pair.reads[0])
        assert (read.get_tag("MI"), read.get_tag("RX"), read.get_tag("cD")) == ("3", "AC-GT", 5)


@pytest.fixture
def bwa(lab, tmp_path, monkeypatch):
    """A program `bwa` on PATH that aligns with pybwa, flags as bwa does, and has more to say."""
    script = tmp_path / "bin" / "bwa"
    script.parent.mkdir()
    script.write_text(f"""#!{sys.executable}
import sys, pybwa, pysam
prefix, paired = sys.argv[-2], "-p" in sys.argv
assert sys.argv[1] == "mem" and sys.argv[-1] == "-"
lines = [line.strip() for line in sys.stdin]
queries = [pysam.FastxRecord(name=lines[i][1:], sequence=lines[i + 1], quality=lines[i + 3])
           for i in range(0, len(lines), 4)]
options = pybwa.BwaMemOptions(interleaved_paired_end=paired)
aligner = pybwa.BwaMem(prefix=prefix)
print("@SQ\\tSN:chr1\\tLN:6000\\n@SQ\\tSN:chr2\\tLN:4000\\n@PG\\tID:bwa\\tCL:bwa " + prefix)
for number, found in enumerate(aligner.align(queries, options)):
    for read in found:
        read.flag |= (128 if number % 2 else 64) | 2
        print(read.to_string())
    if number == 3:
        read.flag |= 256
        print(read.to_string())
""")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(script.parent), prepend=os.pathsep)
    return script


def test_program_on_path(lab, run, bwa):
    row, path = run(fq1=lab.fastq[0], fq2=lab.fastq[1], read_structure=STRUCTURE, program="bwa")
    assert (row["status"], row["pairs"], row["mapped"]) == ("measured", 300, 300)
    header_is_clean(path, lab, "template")
    found = pairs_of(path)
    for pair in lab.made:
        as_expected(pair, found[pair.name][False], found[pair.name][True])
        assert found[pair.name][True].get_tag("RX") == "-".join(pair.umis)
    other = lab.write_fastq(lab.pairs(20), "less")
    row, _ = run(fq1=lab.fastq[0], fq2=other[1], read_structure=STRUCTURE, program="bwa")
    assert "less_2.fastq.gz: record 1 is" in row["reason"]
    bwa.write_text("#!/bin/sh\nexit 3\n")
    row, _ = run(fq1=lab.fastq[0], fq2=lab.fastq[1], read_structure=STRUCTURE, program="bwa")
    assert row["status"] == "failed" and row["reason"].startswith("bwa: gave")


def test_batches_have_no_short_tail():
    for n, sizes in ((0, []), (3, [3]), (10, [10]), (12, [12]), (13, [10, 3]), (25, [10, 10, 5])):
        assert [len(b) for b in batches(range(n), 10, 3)] == sizes


def test_lengths_of_proper_pairs():
    """BWA's own words on the Duplex-Seq library: mean 333.54, boundaries 30 and 639."""
    lengths = np.repeat([291, 378], [2000, 1898])
    low, high = proper_lengths(lengths)
    assert (low, high) == (30, 639)
    assert proper_lengths(np.array([5, 6])) == (1, 1000)


def test_spacer_is_left_out(lab, run):
    _, path = run(fq1=lab.fastq[0], fq2=lab.fastq[1], read_structure=STRUCTURE)
    assert all(len(read.query_sequence) == 60 for read in reads(path)) and len(SPACER) == 5
