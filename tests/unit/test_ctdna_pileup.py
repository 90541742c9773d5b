"""The pileup: molecules once, by class, strand and nearness to an end; gaps and runs as alleles."""

from collections import defaultdict

import numpy as np
import pysam
import pytest
from molecules import SETTINGS, Writer, genome, write_fasta

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctdna import contexts
from liquidbiopsy.ctdna.alleles import last_base, left_aligned
from liquidbiopsy.ctdna.consensus_reads import CLASSES, DUPLEX
from liquidbiopsy.ctdna.pileup import pile
from liquidbiopsy.reads.panel import Region
from liquidbiopsy.reads.reference import open_reference

LENGTH = 1500


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """A reference with a run of A at 600 and a repeat of CA at 700, and its FASTA file."""
    bases = list(genome(LENGTH))
    bases[599:609] = "GAAAAAAAAT"[:10]
    bases[699:711] = "GCACACACACAT"
    bases = "".join(bases)
    path = tmp_path_factory.mktemp("ground") / "g.fa"
    return bases, write_fasta(path, {"chr1": bases})


def piled(writer, path, ground, regions=((0, LENGTH),), **settings):
    with open_reference(ground[1]) as reference:
        listed = [Region("chr1", a, b, "") for a, b in regions]
        return pile(writer.write(path / "a.bam"), listed, reference, {**SETTINGS, **settings})


def twin(path, reference, settings):
    """Count each molecule's bases by dictionaries."""
    molecules = defaultdict(list)
    with pysam.AlignmentFile(path) as bam:
        for read in bam:
            if not read.flag & 0xF04 and read.mapping_quality >= settings["min_mapq"]:
                molecules[read.query_name].append(read)
    counts = np.zeros((len(reference), 4, 4, 2, 2), int)
    for reads in molecules.values():
        seen = defaultdict(list)
        reads.sort(key=lambda r: r.reference_start)
        ends = [[r.reference_start, r.reference_end] for r in reads]
        if len(ends) == 2 and ends[1][0] <= ends[0][1]:
            joined = [ends[0][0], max(ends[0][1], ends[1][1])]
            ends = [joined, joined]
        forward = reads[0].is_reverse == (reads[0].is_read2 if reads[0].is_paired else False)
        for read, (low, high) in zip(reads, ends, strict=True):
            tags = dict(read.get_tags())
            group = min(tags.get("cD", 1) - 1, 2)
            group = 3 if tags.get("aD") and tags.get("bD") else group
            for at, place in read.get_aligned_pairs(matches_only=True):
                base, good = read.query_sequence[at], read.query_qualities[at]
                if base in "ACGT" and good >= settings["min_base_q"]:
                    near = min(place - low, high - 1 - place) < settings["ends"]
                    seen[place].append((base, group, near))
        for place, found in seen.items():
            if len({f[0] for f in found}) == 1:
                group = max(f[1] for f in found)
                base = "ACGT".index(found[0][0])
                near = int(all(f[2] for f in found))
                counts[place, base, group, int(not forward), near] += 1
    return counts


def test_agrees_with_a_plain_twin(tmp_path, ground):
    rng, writer = np.random.default_rng(5), Writer(ground[0])
    kinds = ["none", "single", "pair", "family", "duplex"]
    for _ in range(400):
        start, length = int(rng.integers(0, 1300)), int(rng.integers(40, 120))
        changes = [
            (int(p), "ACGTN"[rng.integers(5)]) for p in start + rng.integers(0, length, 6)
        ] + [(int(start + rng.integers(length)), "ACGT"[rng.integers(4)], 1)]
        mates = None
        if rng.random() < 0.6:
            low = start + int(rng.integers(1, length + 20))
            mates = (low, min(low + 80, LENGTH))
        writer.molecule(
            start, length, changes, strand="+-"[rng.integers(2)], kind=kinds[rng.integers(5)],
            mapq=int(rng.choice([10, 30, 60])), mates=mates,
            flag=int(rng.choice([0, 0, 0, 0x400, 0x100])),
            quals=lambda n: rng.integers(15, 40, n).tolist(),
        )  # fmt: skip
    path = writer.write(tmp_path / "a.bam")
    with open_reference(ground[1]) as reference:
        got = pile(path, [Region("chr1", 0, LENGTH, "")], reference, SETTINGS)
    expected = twin(path, ground[0], SETTINGS)
    np.testing.assert_array_equal(got.depth, expected.sum(axis=1))
    for site in range(LENGTH):
        for base in range(4):
            np.testing.assert_array_equal(got.count(site, base), expected[site, base])
    assert got.alt_count.sum() > 300


def test_regions_and_blocks_give_the_same(tmp_path, ground, monkeypatch):
    writer = Writer(ground[0])
    writer.cover(0, LENGTH, 20, mates=None)
    writer.molecule(480, 60, [(499, "A"), (500, "A"), (501, "A")])
    whole = piled(writer, tmp_path, ground)
    monkeypatch.setattr("liquidbiopsy.ctdna.pileup.BLOCK", 100)
    parts = piled(writer, tmp_path, ground, regions=[(0, 500), (500, 777), (777, LENGTH)])
    np.testing.assert_array_equal(whole.depth, parts.depth)
    np.testing.assert_array_equal(whole.alt_count, parts.alt_count)
    assert [a.key for a in whole.alleles] == [a.key for a in parts.alleles]
    assert parts.place(parts.site("chr1", 777)) == ("chr1", 777)
    assert parts.site("chr1", LENGTH) is None and parts.site("chr2", 3) is None


def test_mates_count_once_and_not_where_they_disagree(tmp_path, ground):
    bases, writer = ground[0], Writer(ground[0])
    other = "A" if bases[150] != "A" else "C"
    writer.molecule(100, 100, [(150, other)], mates=(140, 240))
    writer.molecule(100, 100, [(150, other, 0)], mates=(140, 240))
    got = piled(writer, tmp_path, ground)
    assert got.depth[150].sum() == 1 and got.count(150, "ACGT".index(other)).sum() == 1
    assert got.depth[149].sum() == got.depth[151].sum() == 2


def test_the_middle_of_a_molecule_is_no_end(tmp_path, ground):
    """Mates that were clipped where they meet have no ends there; those apart have."""
    writer = Writer(ground[0])
    writer.molecule(100, 100, mates=(200, 300))
    writer.molecule(500, 100, mates=(620, 720))
    got = piled(writer, tmp_path, ground)
    near = got.depth.sum(axis=(1, 2))[:, 1]
    assert np.flatnonzero(near).tolist() == [
        *(100, 101, 102, 297, 298, 299),
        *(500, 501, 502, 597, 598, 599, 620, 621, 622, 717, 718, 719),
    ]


def test_classes_and_strands(tmp_path, ground):
    writer = Writer(ground[0])
    for kind in ("none", "single", "pair", "family", "duplex"):
        writer.molecule(100, kind=kind)
        writer.molecule(100, kind=kind, strand="-", mates=(150, 250))
    got = piled(writer, tmp_path, ground)
    assert got.depth[140, :, :, 0].tolist() == [[2, 2], [1, 1], [1, 1], [1, 1]]
    assert CLASSES[DUPLEX] == "duplex"


GAPS = {
    "deletion": ((300, 3, ""), (300, 3, "")),
    "insertion": ((300, 0, "TTGCA"), None),
    "deletion at the end of a run": ((606, 1, ""), (599, 1, "")),
    "insertion in a run": ((603, 0, "A"), (599, 0, "A")),
    "deletion in a repeat": ((705, 2, ""), (699, 2, "")),
    "insertion in a repeat, turned": ((704, 0, "AC"), (699, 0, "CA")),
}


@pytest.mark.parametrize("name", GAPS)
def test_gaps_are_left_aligned_and_anchored(tmp_path, ground, name):
    bases, writer = ground[0], Writer(ground[0])
    gap, expected = GAPS[name]
    for k in range(3):
        writer.molecule(gap[0] - 50 - k, 120, gap=gap)
    for k in range(5):
        writer.molecule(gap[0] - 60 - k, 120)
    writer.molecule(gap[0] - 99, 101)  # ends before it could tell
    got = piled(writer, tmp_path, ground)
    (allele,) = got.alleles
    assert allele.having.sum() == 3 and allele.is_gap
    # what the twin says: all places of the same haplotype, the leftmost of them
    anchor, deleted, inserted = gap
    changed = bases[: anchor + 1] + inserted + bases[anchor + 1 + deleted :]
    places = [
        (p, seq)
        for p in range(anchor, 200, -1)
        for seq in [changed[p + 1 : p + 1 + len(inserted)]]
        if bases[: p + 1] + seq + bases[p + 1 + deleted :] == changed
    ]
    leftmost, seq = places[-1]
    if expected:
        assert (leftmost, seq) == (expected[0], expected[2])
    assert allele.pos == leftmost
    assert allele.ref == bases[leftmost : leftmost + deleted + 1]
    assert allele.alt == bases[leftmost] + seq
    assert allele.spanning.sum() == 8 + (name in ("deletion", "insertion") and bases_reach(got))


def bases_reach(got):
    """Whether the molecule that ends two bases behind the anchor tells: not with three gone."""
    (allele,) = got.alleles
    return len(allele.ref) == 1 and got.reference[allele.pos + 1] != "ACGT".index(allele.alt[1])


def test_gaps_of_poor_bases_or_that_mates_dispute_do_not_count(tmp_path, ground):
    writer = Writer(ground[0])
    writer.molecule(250, 100, gap=(300, 0, "GG"), quals=lambda n: [10] * n)
    writer.molecule(250, 100, gap=(300, 0, "GG"))
    got = piled(writer, tmp_path, ground)
    (allele,) = got.alleles
    assert allele.having.sum() == allele.spanning.sum() == 1


def test_shifting_by_hand():
    codes = contexts.coded("TGAAAACT")
    assert left_aligned(codes, 4, 1, "") == (1, "")
    assert last_base(codes, 1, 1, "") == 6
    assert left_aligned(codes, 5, 0, "A") == (1, "A")
    assert last_base(codes, 1, 0, "A") == 6
    assert contexts.tracts(codes).tolist() == [1, 4, 1, 1, 1, 1, 1, 1]


def test_runs_are_those_of_the_same_molecules(tmp_path, ground):
    bases, writer = ground[0], Writer(ground[0])
    a, b = ("A" if bases[p] != "A" else "C" for p in (400, 401))
    for k in range(4):
        writer.molecule(350 + k, changes=[(400, a), (401, b)])
    writer.molecule(360, changes=[(400, a)])
    writer.molecule(361, changes=[(401, b)])
    got = piled(writer, tmp_path, ground)
    (run,) = got.alleles
    assert run.key == ("chr1", 400, bases[400:402], a + b)
    assert run.having.sum() == 4 and run.spanning.sum() == 6
    assert got.count(400, "ACGT".index(a)).sum() == 5  # the pile counts bases, runs or not


def test_the_reference_from_tags(tmp_path, ground):
    writer = Writer(ground[0])
    for start in range(0, LENGTH - 100, 25):
        writer.molecule(start, 100, [(start + 40, "A"), (start + 41, "G")], md=True)
    writer.molecule(560, 100, gap=(599, 1, ""), md=True)
    writer.molecule(560, 100, gap=(300 + 299, 0, "CG"), md=True)
    path = writer.write(tmp_path / "a.bam")
    regions = [Region("chr1", 200, 900, "")]
    with open_reference(ground[1]) as reference:
        by_fasta = pile(path, regions, reference, SETTINGS)
    by_tags = pile(path, regions, None, SETTINGS)
    for name in ("reference", "trinucleotide", "tract", "depth", "alt_count"):
        np.testing.assert_array_equal(getattr(by_fasta, name), getattr(by_tags, name))
    assert [a.key for a in by_fasta.alleles] == [a.key for a in by_tags.alleles]


def test_what_cannot_be_read_is_named(tmp_path, ground):
    writer = Writer(ground[0])
    writer.cover(0, 300, 5)
    path = writer.write(tmp_path / "a.bam")
    with pytest.raises(InputError, match=r"a\.bam: read m0\d+ has no MD tag"):
        pile(path, [Region("chr1", 0, 100, "")], None, SETTINGS)
    with pytest.raises(InputError, match=r"a\.bam: has no contig chrX"):
        pile(path, [Region("chrX", 0, 100, "")], None, SETTINGS)
    (tmp_path / "b.bam").write_bytes((tmp_path / "a.bam").read_bytes())
    with pytest.raises(InputError, match=r"b\.bam: cannot be read as an indexed BAM"):
        pile(str(tmp_path / "b.bam"), [Region("chr1", 0, 100, "")], None, SETTINGS)


def test_changes_and_their_names():
    names = {contexts.change_name(int(k)) for k in contexts.real_changes()}
    assert len(names) == 192
    for name in names:
        number = contexts.change_number(name)
        assert contexts.change_name(number) == name
        assert contexts.complement(contexts.complement(number)) == number
    numbers = {contexts.indel_number(contexts.indel_name(k)) for k in range(20)}
    assert numbers == set(range(20)) and contexts.indel_name(contexts.indel_kind(0, 1, 5)) == (
        "del1:4-5"
    )
    codes = contexts.coded("ACGNT")
    assert contexts.trinucleotides(codes).tolist() == [-1, 6, -1, -1, -1]
