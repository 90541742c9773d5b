"""Hotspots: coordinates by codon arithmetic, and what a variant does to a protein."""

from itertools import combinations

import pytest
from molecules import genome

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.reads.hotspots import (
    Codon,
    agrees,
    codons_of,
    lies_in,
    protein_change,
    read_hotspots,
    translated,
)

EXONS = {  # hotspots of one exon each, by gene
    "PIK3CA": [("C420", "E453"), ("E542", "E545", "Q546")],
    "ESR1": [("L536", "Y537", "D538")],
    "ERBB2": [("L755", "D769"), ("772-780", "V777")],
    "TP53": [("G245", "R248"), ("R273", "R282")],
    "GATA3": [("R364", "R366")],
}
COSMIC = {  # well-known substitutions of GRCh38, from 1: each must fall on its base of the codon
    "PIK3CA H1047": ("chr3", 179234297, 1),  # H1047R, c.3140A>G
    "PIK3CA E545": ("chr3", 179218303, 0),  # E545K, c.1633G>A
    "PIK3CA E542": ("chr3", 179218294, 0),  # E542K, c.1624G>A
    "ESR1 D538": ("chr6", 152098791, 1),  # D538G, c.1613A>G
    "AKT1 E17": ("chr14", 104780214, 0),  # E17K, c.49G>A, on the reverse strand
    "TP53 R175": ("chr17", 7675088, 1),  # R175H, c.524G>A
    "KRAS G12": ("chr12", 25245350, 1),  # G12D, c.35G>A
    "SF3B1 K700": ("chr2", 197402110, 0),  # K700E, c.2098A>G
    "PTEN R130": ("chr10", 87933147, 0),  # R130*, c.388C>T
    "ERBB2 S310": ("chr17", 39711955, 1),  # S310F, c.929C>T
}
GENES = {"PIK3CA": 8, "ESR1": 5, "AKT1": 1, "ERBB2": 6, "TP53": 6, "PTEN": 3, "GATA3": 3,
         "SF3B1": 1, "KRAS": 1}  # fmt: skip


@pytest.fixture(scope="module")
def shipped():
    (content,) = read_hotspots("breast_grch38")
    chroms = {gene["chrom"]: 1 for gene in content["genes"]}
    return {codon.name: codon for codon in codons_of(content, chroms)}


def test_the_shipped_list(shipped):
    (content,) = read_hotspots(["breast_grch38"])
    assert content["build"] == "GRCh38" and content["version"] and content["citation"]
    assert {g["gene"]: len(g["codons"]) for g in content["genes"]} == GENES
    assert all(c.end - c.start == 3 for c in shipped.values() if c.single)


@pytest.mark.parametrize("gene", EXONS)
def test_codons_of_an_exon_are_three_bases_apart(shipped, gene):
    for exon in EXONS[gene]:
        for one, two in combinations([shipped[f"{gene} {name}"] for name in exon], 2):
            step = 3 * (two.number - one.number) * (1 if one.strand == "+" else -1)
            assert two.start - one.start == step


@pytest.mark.parametrize("gene", GENES)
def test_codons_of_a_gene_are_in_order(shipped, gene):
    own = sorted((c for c in shipped.values() if c.gene == gene), key=lambda c: c.number)
    starts = [c.start for c in own if c.single]
    assert starts == sorted(starts, reverse=own[0].strand == "-")
    region = [c for c in own if not c.single]
    for codon in region:
        first, last = map(int, codon.residue.split("-"))
        assert codon.end - codon.start == 3 * (last - first + 1)


@pytest.mark.parametrize("name", COSMIC)
def test_known_substitutions_fall_on_their_base(shipped, name):
    chrom, position, base = COSMIC[name]
    codon = shipped[name]
    place = position - 1 - codon.start
    assert codon.chrom == chrom and base == (place if codon.strand == "+" else 2 - place)


def test_translation():
    assert [translated(c) for c in ("CAT", "CGT", "TAA", "ATG", "GGG", "TTT", "AAA")] == list(
        "HR*MGFK"
    )


FORWARD = Codon("PIK3CA", "H1047", "chr3", 100, 103, "+", "substitution", "GRCh38")
REVERSE = Codon("TP53", "R175", "chr17", 100, 103, "-", "substitution", "GRCh38")
YVMAGVGSP = "TACGTGATGGCTGGTGTGGGCTCCCCA"
SEVERAL = Codon("ERBB2", "772-780", "chr17", 100, 127, "+", "insertion", "GRCh38")


@pytest.mark.parametrize(
    ("codon", "bases", "pos", "ref", "alt", "change"),
    [
        (FORWARD, "CAT", 101, "A", "G", "p.H1047R"),
        (FORWARD, "CAT", 102, "T", "C", "p.H1047="),
        (FORWARD, "CAT", 99, "GC", "AT", "p.H1047Y"),
        (FORWARD, "CAT", 101, "AT", "GC", "p.H1047R"),
        (REVERSE, "GCG", 101, "C", "T", "p.R175H"),
        (REVERSE, "GCG", 102, "G", "A", "p.R175C"),
        (REVERSE, "GCG", 100, "G", "A", "p.R175="),
        (FORWARD, "CAT", 100, "CA", "C", "p.H1047fs"),
        (FORWARD, "CAT", 100, "C", "CAAT", "p.H1047ins"),
        (SEVERAL, YVMAGVGSP, 111, "T", "C", "p.A775="),
        (SEVERAL, YVMAGVGSP, 115, "G", "C", "p.V777L"),
        (SEVERAL, YVMAGVGSP, 107, "G", "GATACGTGATGGC", "p.772-780ins"),
    ],
)
def test_what_a_variant_does(codon, bases, pos, ref, alt, change):
    assert lies_in(codon, codon.chrom, pos, ref, alt)
    assert protein_change(codon, bases, pos, ref, alt) == change


def test_where_a_variant_lies():
    assert not lies_in(FORWARD, "chr3", 99, "G", "A")
    assert not lies_in(FORWARD, "chr4", 101, "A", "G")
    assert not lies_in(FORWARD, "chr3", 103, "G", "A")
    assert lies_in(FORWARD, "chr3", 99, "G", "GA") and not lies_in(FORWARD, "chr3", 98, "G", "GA")
    assert lies_in(FORWARD, "chr3", 96, "GACCC", "G") and not lies_in(
        FORWARD, "chr3", 96, "GACC", "G"
    )
    assert not lies_in(FORWARD, "chr3", 102, "TGG", "T")


def test_a_reference_of_another_build_is_seen():
    assert agrees(FORWARD, "CAT") and not agrees(FORWARD, "CGT")
    assert agrees(REVERSE, "GCG") and not agrees(REVERSE, "CAT")
    assert agrees(SEVERAL, genome(27))


def test_contigs_with_and_without_chr():
    content = {"build": "b", "genes": [
        {"gene": "G", "chrom": "chr3", "strand": "+", "codons": [{"residue": "H1", "start": 5}]}
    ]}  # fmt: skip
    assert [c.chrom for c in codons_of(content, {"3": 9})] == ["3"]
    assert [c.chrom for c in codons_of(content, {"chr3": 9})] == ["chr3"]
    assert codons_of(content, {"chr4": 9}) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: x", "needs version, build and genes"),
        ("{version: '1', build: b, genes: [{gene: A, chrom: c, codons: []}]}", "strand is missing"),
        (
            "{version: '1', build: b, genes: [{gene: A, chrom: c, strand: x, codons: []}]}",
            "strand is 'x'",
        ),
        (
            "{version: '1', build: b, genes: [{gene: A, chrom: c, strand: '+', codons: [{a: 1}]}]}",
            "needs residue, start",
        ),
    ],
)
def test_a_bad_file_says_what_is_wrong(tmp_path, text, message):
    path = tmp_path / "h.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_hotspots(str(path))


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(UserError, match="'breast_grch37'; did you mean 'breast_grch38'"):
        read_hotspots("breast_grch37")
