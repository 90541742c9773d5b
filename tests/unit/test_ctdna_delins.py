"""Deletions and insertions with substitutions beside them, and substitutions a base apart."""

import numpy as np
import pytest
from molecules import SETTINGS, Writer, genome, write_fasta
from variant_step import Step

from liquidbiopsy.ctdna.delins import trimmed
from liquidbiopsy.ctdna.known import known_keys
from liquidbiopsy.ctdna.mutations import Mutation
from liquidbiopsy.ctdna.pileup import pile
from liquidbiopsy.ctdna.runs import together
from liquidbiopsy.reads.panel import Region
from liquidbiopsy.reads.reference import open_reference

LENGTH, AT = 1200, 400


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """A reference with AGGC at 400, ACGT at 500, a run of A at 600, a repeat of CA at 700."""
    bases = list(genome(LENGTH, seed=3))
    for place, own in ((398, "TCAGGCT"), (499, "TACGT"), (599, "GAAAAAAAAAT"), (699, "GCACACACAT")):
        bases[place : place + len(own)] = own
    bases = "".join(bases)
    return bases, write_fasta(tmp_path_factory.mktemp("ground") / "g.fa", {"chr1": bases})


def piled(writer, path, ground, regions=((0, LENGTH),), known=frozenset()):
    with open_reference(ground[1]) as reference:
        listed = [Region("chr1", a, b, "") for a, b in regions]
        return pile(writer.write(path / "a.bam"), listed, reference, SETTINGS, known)


def plant(writer, many, at=AT, **how):
    for k in range(many):
        writer.molecule(at - 60 - k, 130, strand="+-"[k % 2], **how)


def spelt(bases, changes, gap):
    """What an alignment spells: the allele, trimmed, from the strings themselves."""
    own = list(bases)
    for position, base in changes:
        own[position] = base
    anchor, deleted, inserted = gap
    own = "".join(own[: anchor + 1]) + inserted + "".join(own[anchor + 1 + deleted :])
    end = next(k for k in range(LENGTH) if own[-1 - k] != bases[-1 - k])
    start = next(k for k in range(LENGTH) if own[k] != bases[k])
    longest = min(len(own), len(bases)) - 1
    end = min(end, longest)
    start = min(start, longest - end)
    return start, bases[start : len(bases) - end], own[start : len(own) - end]


# positions and bases that are substituted, and the gap beside them
WAYS = {
    "AGG>T, substituted before": ([(400, "T")], (400, 2, "")),
    "AGG>T, substituted behind": ([(402, "T")], (399, 2, "")),
    "two behind, one apart": ([(404, "A")], (400, 2, "")),
    "both sides": ([(400, "T"), (403, "A")], (400, 2, "")),
    "beside an insertion": ([(401, "T")], (400, 0, "CA")),
    "behind a run": ([(610, "C")], (603, 1, "")),
    "within a run": ([(606, "T")], (600, 1, "")),
    "within a run, shifted right": ([(605, "T")], (607, 1, "")),
    "beside a repeat": ([(709, "G")], (703, 2, "")),
}


@pytest.mark.parametrize("name", WAYS)
def test_one_allele_is_what_the_alignment_spells(tmp_path, ground, name):
    bases, writer = ground[0], Writer(ground[0])
    changes, gap = WAYS[name]
    at = gap[0]
    plant(writer, 12, at, changes=changes, gap=gap)
    plant(writer, 20, at)
    got = piled(writer, tmp_path, ground)
    (allele,) = got.alleles
    assert allele.key[1:] == spelt(bases, changes, gap)
    assert allele.having.sum() == 12 and allele.spanning.sum() == 32 and allele.is_gap
    assert got.alt_site.size == 0  # its substitutions are no variants of their own
    position = changes[0][0]
    assert got.depth[position].sum() == 20


def test_ways_to_align_it_are_one(tmp_path, ground):
    writer = Writer(ground[0])
    for name in ("AGG>T, substituted before", "AGG>T, substituted behind"):
        changes, gap = WAYS[name]
        plant(writer, 6, changes=changes, gap=gap)
    plant(writer, 5, changes=[(402, "T")], gap=(399, 2, ""), quals=lambda n: [10] * n)
    (allele,) = piled(writer, tmp_path, ground).alleles
    assert allele.key == ("chr1", 400, "AGG", "T")
    assert allele.having.sum() == 12 == allele.spanning.sum()  # poor bases do not tell
    with open_reference(ground[1]) as reference:
        (known,) = known_keys([Mutation("chr1", 400, "CAGG", "CT")], reference)
    assert known == allele.key


def test_what_is_mostly_apart_stays_apart(tmp_path, ground):
    writer = Writer(ground[0])
    plant(writer, 5, changes=[(400, "T")], gap=(400, 2, ""))
    plant(writer, 20, gap=(400, 2, ""))  # the deletion of the one and the other
    got = piled(writer, tmp_path, ground)
    assert [(a.ref, a.alt, a.having.sum()) for a in got.alleles] == [("AGG", "A", 25)]
    assert got.count(400, 3).sum() == 5
    writer = Writer(ground[0])
    plant(writer, 5, changes=[(400, "T")], gap=(400, 2, ""))
    plant(writer, 20, changes=[(400, "T")])
    got = piled(writer, tmp_path, ground)
    assert [(a.ref, a.alt, a.having.sum()) for a in got.alleles] == [("AGG", "A", 5)]
    assert got.count(400, 3).sum() == 25


def test_too_far_or_a_single_molecule(tmp_path, ground):
    writer = Writer(ground[0])
    plant(writer, 9, changes=[(406, "ACGT"[("ACGT".index(ground[0][406]) + 1) % 4])],
          gap=(400, 2, ""))  # fmt: skip
    (allele,) = piled(writer, tmp_path, ground).alleles
    assert (allele.ref, allele.alt) == ("AGG", "A")
    writer = Writer(ground[0])
    plant(writer, 1, changes=[(400, "T")], gap=(400, 2, ""))
    (alone,) = piled(writer, tmp_path, ground).alleles
    assert (alone.ref, alone.alt) == ("AGG", "A")
    (known,) = piled(writer, tmp_path, ground, known=frozenset({("chr1", 400, "AGG", "T")})).alleles
    assert known.key == ("chr1", 400, "AGG", "T") and known.having.sum() == 1


@pytest.mark.parametrize("name", ["both sides", "behind a run", "within a run, shifted right"])
def test_edges_of_blocks_and_regions_do_not_matter(tmp_path, ground, monkeypatch, name):
    writer = Writer(ground[0])
    changes, gap = WAYS[name]
    plant(writer, 8, gap[0], changes=changes, gap=gap)
    plant(writer, 9, gap[0])
    whole = piled(writer, tmp_path, ground)
    for edge in range(gap[0] - 16, gap[0] + 16, 3):
        parts = piled(writer, tmp_path, ground, regions=[(0, edge), (edge, LENGTH)])
        np.testing.assert_array_equal(whole.depth, parts.depth)
        assert [a.key for a in whole.alleles] == [a.key for a in parts.alleles]
        assert whole.alt_site.tolist() == parts.alt_site.tolist()


def test_trimming_leaves_a_base():
    assert trimmed(5, "GG", "G") == (5, "GG", "G")
    assert trimmed(5, "ACGT", "ACT") == (6, "CG", "C")
    assert trimmed(5, "CATG", "CTTTG") == (6, "A", "TT")


def test_substitutions_with_a_base_between_are_one(tmp_path, ground):
    writer = Writer(ground[0])
    plant(writer, 10, 500, changes=[(500, "T"), (502, "T")])
    plant(writer, 10, 500)
    got = piled(writer, tmp_path, ground)
    (run,) = got.alleles
    assert run.key == ("chr1", 500, "ACG", "TCT") and run.having.sum() == 10
    assert run.spanning.sum() == 20
    found = together(got, 2)
    assert [r.key for r in found.runs] == [run.key] and found.absorbed.all()
    assert [m.tolist() for m in found.members] == [[500 * 4 + 3, 502 * 4 + 3]]


def test_a_run_with_a_base_between_takes_the_place_of_its_parts(tmp_path, ground):
    writer = Writer(ground[0])
    plant(writer, 10, 500, changes=[(500, "T"), (501, "G"), (503, "A")])
    plant(writer, 2, 500, changes=[(500, "T"), (501, "G")])
    found = together(piled(writer, tmp_path, ground), 2)
    assert [(r.ref, r.alt) for r in found.runs] == [("ACGT", "TGGA")]
    writer = Writer(ground[0])
    plant(writer, 2, 500, changes=[(500, "T"), (501, "G"), (503, "A")])
    plant(writer, 10, 500, changes=[(500, "T"), (501, "G")])
    found = together(piled(writer, tmp_path, ground), 2)
    assert [(r.ref, r.alt) for r in found.runs] == [("AC", "TG")]
    assert found.absorbed.tolist() == [True, True, False]


def test_two_bases_between_are_two_variants(tmp_path, ground):
    writer = Writer(ground[0])
    plant(writer, 10, 500, changes=[(500, "T"), (503, "A")])
    got = piled(writer, tmp_path, ground)
    assert not got.alleles and not together(got, 2).runs and got.alt_site.tolist() == [500, 503]


def test_a_run_over_a_hole_in_the_panel_is_none(tmp_path, ground):
    writer = Writer(ground[0])
    plant(writer, 10, 500, changes=[(500, "T"), (501, "G"), (502, "T")])
    got = piled(writer, tmp_path, ground, regions=[(400, 501), (502, 600)])
    assert not together(got, 2).runs


@pytest.mark.parametrize("many", [1, 12])
def test_the_patients_known_mutations_are_recognised(tmp_path, ground, many):
    """Each with as many molecules: a deletion with a substitution, and one with a base between."""
    bases, writer = ground[0], Writer(ground[0])
    writer.cover(300, 600, 300)
    plant(writer, many, changes=[(400, "T")], gap=(400, 2, ""))
    plant(writer, 12, 500, changes=[(500, "T"), (502, "T")])
    lines = [("400", "CAGG", "CT"), ("501", "ACG", "TCT")]
    known = tmp_path / "known.tsv"
    text = "".join(f"chr1\t{p}\t{r}\t{a}\n" for p, r, a in lines)
    known.write_text(f"CHROM\tPOS\tREF\tALT\n{text}")
    step = Step(tmp_path, "chr1\t320\t580\n", (), writer, bases, mutations=str(known))
    found = {(r["pos"], r["ref"], r["alt"]): r for r in step.variants}
    assert set(found) == {(401, "AGG", "T"), (501, "ACG", "TCT")}
    assert [r["alt_molecules"] for r in found.values()] == [many, 12]
    assert all(r["known"] and r["origin"] == "tumour" for r in found.values())
    passed = ["PASS", "PASS"] if many > 1 else ["molecules", "PASS"]
    assert [r["filter"].split(";")[0] for r in found.values()] == passed
