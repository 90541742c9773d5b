"""Reads without barcodes are grouped by their ends; copies in a file taken as it is are told."""

import logging
from dataclasses import replace

import numpy as np
import pysam
import pytest
from library_steps import quality_of, reads_in, row_of, run_align, run_consensus
from sequenced import Sequenced, aligned, unaligned
from umi_reads import pair, settings, write

from liquidbiopsy.ctdna.group import group_bam
from liquidbiopsy.reads.reference import index_reference
from liquidbiopsy.reads.repeats import repeats_of

STRUCTURE = ["13S+T", "13S+T"]  # what the laboratory writes before each read is passed over
S40 = "ACGTTGCAGT" * 4


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    made = Sequenced(tmp_path_factory.mktemp("none"))
    index_reference(str(made.fasta), str(made.folder / "index"))
    made.made = made.pairs(120)
    return made


def turned_round(pair):
    """The pair as the other strand of its molecule gives it."""
    return replace(pair, first_is_forward=not pair.first_is_forward, reads=pair.reads[::-1])


def copies(made):
    """Of each molecule one to four pairs, from both strands, an error in one of four."""
    found = []
    for m, one in enumerate(made):
        for k in range(1 + m % 4):
            copy = turned_round(one) if k % 2 else one
            if k == 3:
                first = copy.reads[0]
                copy = replace(copy, reads=(first[:20] + "N" + first[21:], copy.reads[1]))
            found.append(replace(copy, name=f"{one.name}:{k}"))
    return found


@pytest.mark.parametrize("kind", ["fastq", "bam"])
def test_copies_are_one_molecule(lab, tmp_path, kind):
    made = copies(lab.made)
    if kind == "fastq":
        first, second = lab.write_fastq(made, "copies")
        files = {"fq1": first, "fq2": second, "read_structure": STRUCTURE}
    else:
        files = {"bam": lab.write_bam("copies.bam", unaligned(made), {})}
    row, reads = run_align(tmp_path / "a", lab, **files)
    assert (row["kind"], row["umi"], row["pairs"]) == ("raw", "none", len(made))
    found = run_consensus(tmp_path / "c", reads, tmp_path / "a" / "l.parquet", settings())
    told = quality_of(found)
    ends = {(p.chrom, p.start, p.end) for p in made}
    assert told["molecules"] == len(ends) and told["duplex_share"] == 0
    assert told["reads_no_umi"] == 0 and told["grouped_share"] == 1
    depths = {}
    for read in reads_in(found["consensus"]):
        assert not read.has_tag("RX") and not read.has_tag("aD")
        depths.setdefault(read.query_name, read.get_tag("cD"))
        shown = lab.genome[read.reference_name][read.reference_start : read.reference_end]
        aligned_to = read.query_sequence[read.query_alignment_start : read.query_alignment_end]
        assert aligned_to == shown  # the copies of an end are of one strand, so they agree
    assert sorted(depths.values())[-30:] == [4] * 30


def test_strands_share_a_molecule_by_their_ends(tmp_path):
    """As samtools markdup, which does not ask which read was the first."""
    reads = [
        *pair("a", (1000, S40), (1100, S40), None),
        *pair("b", (1000, S40), (1100, S40), None, "B"),
        *pair("c", (1004, S40, 37, "4S36M"), (1100, S40), None),  # clipped: the same end
        *pair("d", (1001, S40), (1100, S40), None),
    ]
    table = group_bam(write(tmp_path / "a.bam", reads), settings(), umi="none").to_pylist()
    groups = {}
    for row in table:
        groups.setdefault(row["molecule"], set()).add(row["read"])
        assert row["umi"] == "" and row["strand"] == ("B" if row["read"] == "b" else "A")
    assert sorted(map(sorted, groups.values())) == [["a", "b", "c"], ["d"]]
    plain, marked = str(tmp_path / "n.bam"), str(tmp_path / "m.bam")
    pysam.sort("-n", "-o", plain, str(tmp_path / "a.bam"))
    pysam.fixmate("-m", plain, str(tmp_path / "f.bam"))
    pysam.sort("-o", str(tmp_path / "s.bam"), str(tmp_path / "f.bam"))
    pysam.markdup(str(tmp_path / "s.bam"), marked)
    left = {read.query_name for read in reads_in(marked) if not read.is_duplicate}
    assert len(left) == len(groups) and "d" in left


def test_any_strategy_will_do_without_barcodes(tmp_path):
    file = write(tmp_path / "a.bam", pair("a", (1000, S40), (1100, S40), None))
    for strategy in ("auto", "paired", "identity"):
        chosen = settings(umi={"strategy": strategy})
        assert group_bam(file, chosen, umi="none")["molecule"].to_pylist() == [0]


# --- an aligned file is taken as it is: do its pairs look like copies?


def plain_expected(pairs):
    """Distinct ends by chance, told plainly."""
    lengths = [length for _, length in set(pairs)]
    starts = [start for start, _ in pairs]
    total = 0.0
    for start in set(starts):
        n = starts.count(start)
        for length in set(lengths):
            total += 1 - (1 - lengths.count(length) / len(lengths)) ** n
    return total


def fragments(lab, n, copies, seed=1):
    """Pairs of n molecules over few places, each so many times over."""
    rng, made = np.random.default_rng(seed), []
    for m in range(n):
        start, size = int(rng.integers(0, 60)), int(rng.normal(150, 12))
        one = lab.pairs(1, 80, 81)[0]
        bases = lab.genome["chr1"][start : start + size]
        ends = bases[:60], bases[-60:][::-1].translate(str.maketrans("ACGT", "TGCA"))
        whole = replace(
            one, chrom="chr1", start=start, end=start + size, reads=ends, first_is_forward=True
        )
        made += [replace(whole, name=f"m{m}.{k}") for k in range(copies)]
    return made


def ready(lab, folder, made, **more):
    """An aligned file through both steps."""
    records = aligned(made, lab.contigs, flag=2, **more)
    for record in records:  # what an aligner says of the mate
        one = next(p for p in made if p.name == record["query_name"])
        back = record["flag"] & 16
        size = one.end - one.start
        record |= {
            "next_reference_id": record["reference_id"],
            "next_reference_start": one.start if back else one.end - 60,
            "template_length": -size if back else size,
        }
    return run_align(folder, lab, bam=lab.write_bam(f"{folder.name}.bam", records))


@pytest.mark.parametrize(("copies", "passed"), [(1, True), (2, False), (4, False)])
def test_copies_in_an_aligned_file_are_told(lab, tmp_path, caplog, copies, passed):
    row, reads = ready(lab, tmp_path / "a", fragments(lab, 1200 // copies, copies))
    assert (row["kind"], row["umi"]) == ("ready", "none")
    with caplog.at_level(logging.WARNING):
        found = run_consensus(tmp_path / "c", reads, tmp_path / "a" / "l.parquet", settings())
    told = quality_of(found)
    assert list(told) == ["ends_against_chance"]
    assert (told["ends_against_chance"] >= 0.8) == passed
    said = [r.getMessage() for r in caplog.records]
    assert bool(said) != passed
    if said:
        assert "L1: L1.bam: no read is flagged as a duplicate" in said[0]
        assert "run samtools markdup on it, or give the barcodes" in said[0]
    assert row_of(found)["status"] == "measured"
    assert len(reads_in(found["consensus"])) == 2 * (1200 // copies) * copies  # taken as it is


def test_expected_ends_beside_a_plain_twin(lab, tmp_path):
    made = fragments(lab, 150, 2)
    _, reads = ready(lab, tmp_path / "a", made)
    told = repeats_of(reads)
    pairs = [(p.start, p.end - p.start) for p in made]
    assert (told.pairs, told.distinct, told.flagged) == (300, len(set(pairs)), 0)
    assert told.expected == pytest.approx(plain_expected(pairs))


def test_chunks_do_not_matter_to_repeats(lab, tmp_path):
    _, reads = ready(lab, tmp_path / "a", fragments(lab, 200, 2))
    assert repeats_of(reads, 1) == repeats_of(reads, 100_000) == repeats_of(reads)


@pytest.mark.parametrize("kind", ["flagged", "consensus", "few"])
def test_what_is_not_asked_for_copies(lab, tmp_path, kind):
    made = fragments(lab, 40, 5)
    more = {"tags": lambda pair: [("cD", 3)] if kind == "consensus" else []}
    _, reads = ready(lab, tmp_path / "a", made, **more)
    if kind == "flagged":
        out = str(tmp_path / "marked.bam")
        found = reads_in(reads)
        found[0].is_duplicate = True
        with pysam.AlignmentFile(reads) as source, pysam.AlignmentFile(out, "wb", source) as to:
            for read in found:
                to.write(read)
        reads = out
    outputs = run_consensus(tmp_path / "c", reads, tmp_path / "a" / "l.parquet", settings())
    quality = quality_of(outputs)
    assert list(quality) == (["ends_against_chance"] if kind == "few" else [])
