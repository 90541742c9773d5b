"""Step `consensus`: files out, overlap of mates, realignment, the same bytes, what fails."""

from pathlib import Path

import numpy as np
import pysam
import pytest
import umi_reads
from library_steps import run_consensus
from umi_reads import pair, read, settings, write

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.ctdna.overlap import settle
from liquidbiopsy.ctdna.tables import LIBRARIES, MOLECULE_METRICS
from liquidbiopsy.reads.bam import BamReader
from liquidbiopsy.reads.reference import index_reference

S40 = "ACGTTGCAGT" * 4
DEFAULTS = {"max_read_error": 0.025, "max_base_error": 0.1, "max_no_calls": 0.2}


def changed(at, base, bases=S40):
    return bases[:at] + base + bases[at + 1 :]


def library(folder, status="measured", kind="raw"):
    row = {f.name: None for f in LIBRARIES.schema} | {
        "specimen_id": "P1", "library_id": "lib", "role": "plasma", "library": "panel",
        "status": status, "kind": kind, "umi": "rx", "mutations": False,
    }  # fmt: skip
    path = folder / "library.parquet"
    write_table(table_of([row], LIBRARIES), path, LIBRARIES, Provenance("x"))
    return str(path)


def run(folder, reads, index=None, threads=1, chosen=None, **kind):
    """The outputs of a library: paths by name."""
    folder.mkdir(exist_ok=True)
    chosen = chosen or settings(consensus=DEFAULTS)
    row = library(folder, **kind)
    return run_consensus(folder, reads, row, chosen, index=index, threads=threads)


def alignments(outputs):
    with pysam.AlignmentFile(str(outputs["consensus"])) as bam:
        return list(bam)


def molecules(rng, genome, n, length=60):
    """Pairs of n molecules of a genome, both strands, some read twice or more."""
    reads = []
    for m in range(n):
        size = int(rng.integers(length - 10, 180))
        at = int(rng.integers(0, len(genome) - size))
        parts = ["".join("ACGT"[b] for b in rng.integers(0, 4, 6)) for _ in range(2)]
        for k in range(int(rng.geometric(0.5))):
            strand = "AB"[int(rng.integers(0, 2))]
            seq = genome[at : at + size]
            take = min(length, size)
            ends = []
            for start in (0, size - take):
                bases = list(seq[start : start + take])
                if rng.random() < 0.3:
                    bases[int(rng.integers(0, take))] = "ACGT"[int(rng.integers(0, 4))]
                ends.append((at + start, "".join(bases)))
            rx = "-".join(parts if strand == "A" else parts[::-1])
            reads += pair(f"m{m}.{k}", *ends, rx, strand)
    return reads


@pytest.fixture(scope="module")
def genome():
    rng = np.random.default_rng(11)
    return "".join("ACGT"[b] for b in rng.integers(0, 4, 20_000))


@pytest.fixture(scope="module")
def reads(tmp_path_factory, genome):
    made = molecules(np.random.default_rng(7), genome, 400)
    return write(tmp_path_factory.mktemp("reads") / "reads.bam", made)


@pytest.fixture(scope="module")
def index(tmp_path_factory, genome):
    folder = tmp_path_factory.mktemp("index")
    other = "".join("ACGT"[b] for b in np.random.default_rng(12).integers(0, 4, 3000))
    (folder / "g.fa").write_text(f">chr1\n{genome}\n>chr2\n{other}\n")
    index_reference(str(folder / "g.fa"), str(folder))
    return str(folder / "genome")


def test_a_library(tmp_path, reads):
    outputs = run(tmp_path / "a", reads)
    found = alignments(outputs)
    with pysam.AlignmentFile(str(outputs["consensus"])) as bam:
        assert bam.header.to_dict() == {
            "HD": {"VN": "1.6", "SO": "coordinate"},
            "SQ": [{"SN": n, "LN": length} for n, length in umi_reads.CONTIGS.items()],
            "RG": [{"ID": "lib", "SM": "P1", "LB": "lib"}],
        }
        assert bam.has_index() and bam.count("chr1", 0, 20_000) == len(found)
    families = read_table(outputs["families"]).to_pylist()
    total = sum(row["molecules"] for row in families)
    assert 380 <= total <= 400 and len(found) == 2 * total
    quality = {row["metric"]: row for row in read_table(outputs["quality"]).to_pylist()}
    assert {name: row["unit"] for name, row in quality.items()} == {
        name: unit for name, (_, unit, _) in MOLECULE_METRICS.items()
    }
    with pysam.AlignmentFile(reads) as bam:
        raw = sum(1 for _ in bam)
    assert quality["reads"]["value"] == raw and quality["grouped_share"]["value"] == 1
    assert quality["molecules"]["value"] == total
    assert quality["consensus_reads"]["value"] == len(found)
    both = sum(row["duplex"] for row in families)
    assert quality["duplex_share"]["value"] == both / total > 0.2
    assert {r.query_name for r in found} == {f"lib:{r.get_tag('MI')}" for r in found}
    pysam.quickcheck(str(outputs["consensus"]))


def test_mates_are_seen_once_and_agree_with_the_genome(tmp_path, reads, genome):
    covered, wrong, bases = set(), 0, 0
    found = alignments(run(tmp_path / "a", reads))
    mates = {}
    for one in found:
        places = {(one.query_name, p) for p in one.get_reference_positions()}
        assert not places & covered
        covered |= places
        mates.setdefault(one.query_name, []).append(one)
        for q, p in one.get_aligned_pairs(matches_only=True):
            b = one.query_sequence[q]
            wrong += b not in ("N", genome[p])
            bases += 1
    for one, other in mates.values():
        assert one.next_reference_start == other.reference_start
        assert one.get_tag("MC") == other.cigarstring
        assert one.template_length == -other.template_length != 0
        assert one.is_proper_pair and one.is_read1 != other.is_read1
    assert wrong / bases < 3e-3  # single reads keep their errors


@pytest.mark.parametrize("realign", [False, True])
def test_the_same_bytes_whatever_the_threads(tmp_path, reads, index, realign):
    chosen = settings(consensus={**DEFAULTS, "realign": realign})
    made = [
        {n: p.read_bytes() for n, p in run(tmp_path / str(k), reads, index, k, chosen).items()}
        for k in (1, 2, 3)
    ]
    assert made[0] == made[1] == made[2]
    assert str(tmp_path).encode() not in b"".join(made[0].values())
    header = pysam.AlignmentFile(str(tmp_path / "1" / "consensus.bam")).text
    assert "@PG" not in header and "@CO" not in header


def test_realigned_reads_carry_all_tags(tmp_path, reads, index):
    chosen = settings(consensus={**DEFAULTS, "realign": True})
    plain = {(r.query_name, r.is_read2): r for r in alignments(run(tmp_path / "a", reads, index))}
    again = alignments(run(tmp_path / "b", reads, index, chosen=chosen))
    assert len(again) == len(plain)
    same = 0
    for one in again:
        other = plain[one.query_name, one.is_read2]
        for tag in ("MI", "RX", "cD", "cM", "cE", "aD", "bD", "aM", "bM", "aE", "bE", "RG"):
            assert one.get_tag(tag) == other.get_tag(tag)
        assert not one.has_tag("zz")
        same += one.reference_start == other.reference_start and one.cigar == other.cigar
        if not one.is_unmapped:
            assert one.has_tag("MD") and one.get_tag("NM") <= 8
    assert same > 0.9 * len(again)
    with pysam.AlignmentFile(str(tmp_path / "b" / "consensus.bam")) as bam:
        assert dict(zip(bam.references, bam.lengths, strict=True)) == {"chr1": 20_000, "chr2": 3000}


def test_realigned_reads_have_each_tag_once_and_an_md_that_fits(tmp_path, reads, index):
    """NM and MD of the reads went through the aligner beside its own, and stood there first."""
    tagged = tmp_path / "tagged.bam"
    with (
        pysam.AlignmentFile(reads) as source,
        pysam.AlignmentFile(str(tagged), "wb", header=source.header) as target,
    ):
        for one in source:
            one.set_tag("NM", 0)
            one.set_tag("MD", str(one.query_length))
            target.write(one)
    chosen = settings(consensus={**DEFAULTS, "realign": True})
    found = alignments(run(tmp_path / "a", str(tagged), index, chosen=chosen))
    clipped = 0
    for one in found:
        names = [name for name, _ in one.get_tags()]
        assert len(names) == len(set(names))
        if one.is_unmapped:
            assert not one.has_tag("MD")
            continue
        assert one.get_reference_sequence()  # raises where MD and CIGAR do not agree
        clipped += "S" in one.cigarstring
    assert clipped


# --- overlap


def settled(path, made):
    with BamReader(write(path, made)) as reader:
        (chunk,) = reader
        records, differ, clipped = settle(chunk)
        header = reader.header
    from liquidbiopsy.ctdna.step_consensus import header_bytes
    from liquidbiopsy.reads.bgzf import BgzfWriter

    with BgzfWriter(str(path) + ".out") as out:
        out.write(header_bytes(header.text, header.contigs))
        out.write(records.data)
    with pysam.AlignmentFile(str(path) + ".out") as bam:
        return list(bam), differ, clipped


def test_mates_that_differ_are_n_and_parted_at_the_middle(tmp_path):
    made = pair("a", (1000, changed(25, "A"), 30), (1020, S40, 37), "A-C")
    (one, other), differ, clipped = settled(tmp_path / "a.bam", made)
    assert (differ, clipped) == (1, 1)
    assert (one.cigarstring, other.cigarstring) == ("30M10S", "10S30M")
    assert (one.reference_start, other.reference_start) == (1000, 1030)
    assert one.query_sequence[25] == other.query_sequence[5] == "N"
    assert one.query_qualities[25] == 2 and one.query_qualities[26] == 37  # the better of two
    assert one.get_tag("MC") == "10S30M" and one.next_reference_start == 1030
    assert (one.template_length, other.template_length) == (60, -60)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        # a deletion of both mates in the middle: whole on one side
        ("18M4D22M", "2M4D38M", [("18M4D22M", 1016), None]),
        ("40M", "40M", [("30M10S", 1000), ("10S30M", 1030)]),
        ("5S35M", "35M5S", [("28M7S", None), None]),
        ("20M3I17M", "3I37M", None),
    ],
)
def test_indels_are_not_parted(tmp_path, left, right, expected):
    made = pair(
        "a", (1000, S40, 37, left), (1020 if "4D" not in left else 1016, S40, 37, right), "A-C"
    )
    before = [r.cigarstring for r in made]
    (one, other), _, clipped = settled(tmp_path / "a.bam", made)
    assert clipped == 1 and before == [left, right]
    a, b = set(one.get_reference_positions()), set(other.get_reference_positions())
    assert not a & b
    for r in (one, other):
        assert r.infer_query_length() == 40 and r.cigartuples[0][0] in (0, 4)
        assert r.cigartuples[-1][0] in (0, 4)
    if "4D" in left:  # one of them has it, with bases beside it
        assert sum("4D" in r.cigarstring for r in (one, other)) == 1
    if "3I" in left:
        assert "3I" in one.cigarstring


def test_mates_apart_and_single_reads_stay(tmp_path):
    made = [*pair("a", (1000, S40), (1100, S40), "A-C"), read("b", 0, 1000, S40, rx="A-C")]
    found, differ, clipped = settled(tmp_path / "a.bam", made)
    assert (differ, clipped) == (0, 0) and {r.cigarstring for r in found} == {"40M"}


def test_md_follows_the_clips(tmp_path):
    made = pair("a", (1000, S40), (1020, S40), "A-C")
    for one, md in zip(made, ("5C33G0", "0T39"), strict=True):
        one.set_tag("MD", md)
    (one, other), _, _ = settled(tmp_path / "a.bam", made)
    assert (one.get_tag("MD"), one.get_tag("NM")) == ("5C24", 1)
    assert (other.get_tag("MD"), other.get_tag("NM")) == ("30", 0)


# --- what comes in otherwise


def test_a_ready_library_passes_through(tmp_path):
    made = [read(f"r{k}", 0, 100 + k, S40, tags=[("cD", 3)]) for k in range(5)]
    ready = tmp_path / "ready.bam"
    pysam.sort("--no-PG", "-o", str(ready), write(tmp_path / "x.bam", made, order=False))
    outputs = run(tmp_path / "a", ready, kind="ready")
    assert outputs["consensus"].read_bytes() == ready.read_bytes()
    assert outputs["index"].stat().st_size
    for name in ("families", "quality"):
        assert read_table(outputs[name]).num_rows == 0


def test_a_failed_library_gives_empty_files(tmp_path):
    empty = write(tmp_path / "x.bam", [], order=False)
    outputs = run(tmp_path / "a", empty, status="failed", kind=None)
    assert alignments(outputs) == []
    for name in ("families", "quality"):
        assert read_table(outputs[name]).num_rows == 0


def test_a_library_without_a_grouped_read(tmp_path, index):
    none = write(tmp_path / "x.bam", pair("n", (1000, S40), (1100, S40), "ACNT"))
    for realign in (False, True):
        chosen = settings(consensus={**DEFAULTS, "realign": realign})
        outputs = run(tmp_path / "a", none, index, chosen=chosen)
        assert alignments(outputs) == []
        quality = {r["metric"]: r["value"] for r in read_table(outputs["quality"]).to_pylist()}
        assert quality["reads_umi_with_n"] == 2 and quality["grouped_share"] == 0
        (row,) = read_table(outputs["library"]).to_pylist()
        assert row["status"] == "failed"
        assert "none of 2 reads makes a molecule: 2 have an N in their barcode" in row["reason"]


def test_a_library_of_which_no_molecule_is_kept(tmp_path, reads):
    chosen = settings(consensus={**DEFAULTS, "min_reads": 100})
    outputs = run(tmp_path / "a", reads, chosen=chosen)
    (row,) = read_table(outputs["library"]).to_pylist()
    assert row["status"] == "failed" and alignments(outputs) == []
    assert "is kept: molecules_few_reads of `consensus` leaves out" in row["reason"]


def test_single_and_paired_reads_in_one_library(tmp_path, genome, index):
    made = molecules(np.random.default_rng(1), genome, 20)
    made += [read(f"s{k}", 0, 50 * k, genome[50 * k : 50 * k + 60], rx="ACGTAC-TTTTTT")
             for k in range(10)]  # fmt: skip
    chosen = settings(consensus={**DEFAULTS, "realign": True})
    found = alignments(run(tmp_path / "a", write(tmp_path / "x.bam", made), index, chosen=chosen))
    assert sum(not r.is_paired for r in found) == 10


def test_a_cut_off_file_is_named(tmp_path, reads):
    short = tmp_path / "short.bam"
    short.write_bytes(Path(reads).read_bytes()[:-2000])
    with pytest.raises(InputError, match=r"short\.bam: .*record"):
        run(tmp_path / "a", short)
    assert not (tmp_path / "a" / "consensus.bam").exists()
