"""Genes: places in both builds, copies and calls; SEG text."""

import csv
import io

import numpy as np
import pytest
from repository import ROOT

from liquidbiopsy.copynumber.bins import grid
from liquidbiopsy.copynumber.genes import call_copies, genes_in, genes_of, per_bin
from liquidbiopsy.copynumber.seg_file import rows_of, seg_text
from liquidbiopsy.copynumber.segments import Segments
from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.settings import read_yaml

LISTED = {each["gene"]: each for each in read_yaml(ROOT / "resources/genes/breast.yaml")["genes"]}
ASKED = {
    "ERBB2", "CCND1", "MYC", "FGFR1", "PIK3CA", "PTEN", "RB1", "TP53", "CDK4", "CDK6", "CDKN2A",
    "MDM2", "EGFR", "ESR1", "GATA3", "TOP2A", "AURKA", "ZNF703", "FGF3", "FGF4", "FGF19",
    "CCNE1", "BRCA1", "BRCA2", "MAP2K4", "NF1", "ATM",
}  # fmt: skip
PLACES = {  # first and last base in GRCh38, from 1, as NCBI Gene and Ensembl list these transcripts
    "ERBB2": (39700064, 39728658), "EGFR": (55019017, 55211628), "MET": (116672196, 116798377),
    "CCNE1": (29811991, 29824312), "CCND1": (69641156, 69654474),
}  # fmt: skip


# --- the list


def test_every_gene_that_was_asked_for_is_there_once():
    assert set(LISTED) >= ASKED
    listed = read_yaml(ROOT / "resources/genes/breast.yaml")["genes"]
    assert len(listed) == len(LISTED)


@pytest.mark.parametrize("gene", sorted(LISTED))
def test_a_gene_is_as_long_and_on_the_same_arm_in_both_builds(gene):
    row = LISTED[gene]
    old, new = row["GRCh37"], row["GRCh38"]
    lengths = [end - start for start, end in (old, new)]
    assert lengths[0] == pytest.approx(lengths[1], rel=0.1) and min(lengths) > 1000
    arm = row["band"].removeprefix(row["chrom"])[0]
    for build, place in (("grch37", old), ("grch38", new)):
        first, last = read_yaml(ROOT / f"resources/regions/{build}.yaml")["centromeres"][
            row["chrom"]
        ]
        assert place[1] <= first if arm == "p" else place[0] >= last


def test_genes_are_in_genome_order_and_hold_their_hotspots():
    for build in ("hg19", "GRCh38"):
        genes, note = genes_of(build)
        assert note == "" and len(genes) == len(LISTED)
        order = [*map(str, range(1, 23)), "X"]
        keys = [(order.index(g.chrom), g.start) for g in genes]
        assert build == "hg19" or keys == sorted(keys)
    hotspots = read_yaml(ROOT / "resources/hotspots/breast_grch38.yaml")["genes"]
    inside = 0
    for each in hotspots:
        if each["gene"] not in LISTED:
            continue
        row = LISTED[each["gene"]]
        assert each["chrom"] == f"chr{row['chrom']}" and each["strand"] == row["strand"]
        for codon in each["codons"]:
            end = codon.get("end", codon["start"] + 3)
            assert row["GRCh38"][0] < codon["start"] < end < row["GRCh38"][1]
            inside += 1
    codons = sum(len(each["codons"]) for each in hotspots if each["gene"] != "SF3B1")
    assert inside == codons  # of SF3B1 the copies do not matter


@pytest.mark.parametrize("gene", PLACES)
def test_places_that_other_sources_list(gene):
    first, last = PLACES[gene]
    assert LISTED[gene]["GRCh38"] == [first - 1, last]


def test_an_unknown_build_has_no_genes_and_says_so():
    for build in (None, "mm10"):
        genes, note = genes_of(build)
        assert genes == [] and "GRCh37 and GRCh38" in note and (build or "not given") in note
    bins = grid({"1": 10_000}, 1000)
    flat = np.full(10, 2.0)
    assert genes_in(bins, "mm10", flat > 0, flat, flat, 2.0)[0] == []


def test_a_gene_without_a_place_is_named(tmp_path):
    (tmp_path / "breast.yaml").write_text("genes: [{gene: A1, chrom: '1', GRCh37: [5, 2]}]")
    with pytest.raises(UserError, match="gene A1: GRCh37 is not a place"):
        genes_of("hg19", tmp_path)


# --- copies of genes


@pytest.fixture
def flat():
    bins = grid({"chr17": 83_257_441, "chr8": 145_138_636}, 1_000_000)
    n = len(bins)
    return bins, np.ones(n, bool), np.zeros(n), np.full(n, 2.0)


def rows_by_gene(*given, **more):
    rows, note = genes_in(*given, **more)
    assert note == ""
    return {row["gene"]: row for row in rows}


def test_a_gene_has_the_copies_of_its_bins(flat):
    bins, used, log2, copies = flat
    place = bins.of("17").start + 39
    log2[place], copies[place] = 2.5, 12
    rows = rows_by_gene(bins, "hg38", used, log2, copies, 2.0)
    own = rows["ERBB2"]
    assert own == {
        "gene": "ERBB2", "chrom": "17", "start": 39700063, "end": 39728658, "bins": 1, "log2": 2.5,
        "copies": 12.0, "copies_low": 12.0, "copies_high": 12.0, "call": "amplified",
    }  # fmt: skip
    assert rows["TP53"]["call"] == "neutral" and rows["TOP2A"]["copies"] == 2
    assert rows["PTEN"]["copies"] is None and rows["PTEN"]["call"] is None
    assert rows["PTEN"]["bins"] == 0 and rows["PTEN"]["log2"] is None  # there is no chromosome 10


def test_a_gene_over_a_breakpoint_has_what_most_of_it_has(flat):
    bins, used, _, copies = flat
    place = bins.of("17").start + 31  # NF1: 31.09 to 31.38 Mb; in small bins it lies in several
    small = grid({"17": 83_257_441}, 100_000)
    copies = np.full(len(small), 2.0)
    copies[:312] = 1  # 31.2 Mb
    rows = rows_by_gene(small, "hg38", np.ones(len(small), bool), copies - 2, copies, 2.0)
    assert rows["NF1"]["bins"] == 4 and rows["NF1"]["copies"] == 2
    assert -1 < rows["NF1"]["log2"] < 0
    copies[:313] = 1
    rows = rows_by_gene(small, "hg38", np.ones(len(small), bool), copies - 2, copies, 2.0)
    assert rows["NF1"]["copies"] == 1 and rows["NF1"]["call"] == "lost"
    assert place < len(bins)


def test_of_a_gene_whose_bins_are_not_used_nothing_is_said(flat):
    # between neutral neighbours an amplification may be that is narrower than the gap
    bins, used, log2, copies = flat
    place = bins.of("17").start + 39
    used[place], copies[place] = False, np.nan
    own = rows_by_gene(bins, "hg38", used, log2, copies, 2.0)["ERBB2"]
    assert own["bins"] == 0 and own["log2"] is None
    assert own["copies"] is None and own["call"] is None


def test_of_a_gene_whose_bins_are_not_used_a_change_on_both_sides_is_told(flat):
    bins, used, log2, copies = flat
    place = bins.of("17").start + 39
    copies[place - 9 : place + 9] = 5
    used[place], copies[place] = False, np.nan
    own = rows_by_gene(bins, "hg38", used, log2, copies, 2.0)["ERBB2"]
    assert own["bins"] == 0 and own["copies"] == 5 and own["call"] in ("gained", "amplified")
    copies[place + 1] = 2
    own = rows_by_gene(bins, "hg38", used, log2, copies, 2.0)["ERBB2"]
    assert own["copies"] is None and own["call"] is None


def test_no_tumour_no_call(flat):
    bins, used, log2, copies = flat
    rows = rows_by_gene(bins, "hg38", used, log2, copies, np.nan)
    assert {row["call"] for row in rows.values()} == {None}


@pytest.mark.parametrize(
    ("copies", "low", "high", "ploidy", "normal", "call"),
    [
        (4.6, 4, 5.2, 2.0, 2, "amplified"),
        (4.6, 1.9, 9.0, 2.0, 2, "neutral"),  # five, or two
        (4.4, 4, 5, 2.0, 2, "gained"),
        (6, 6, 6, 3.6, 2, "gained"),  # of a doubled genome: not yet nine
        (9, 9, 9, 3.6, 2, "amplified"),
        (0.2, 0, 0.6, 2.0, 2, "deleted"),
        (0.2, 0, 2.2, 2.0, 2, "neutral"),
        (0.6, 0.4, 0.8, 3.6, 2, "deleted"),
        (1, 1, 1, 2.1, 2, "lost"),
        (1, 1, 1, 2.1, 1, "neutral"),  # the X of a man
        (2, 2, 2, 3.1, 2, "lost"),
        (3, 3, 3, 3.1, 2, "neutral"),
        (np.nan, np.nan, np.nan, 2.0, 2, None),
    ],
)
def test_calls(copies, low, high, ploidy, normal, call):
    given = [np.array([value], float) for value in (copies, low, high)]
    assert call_copies(*given, ploidy, np.array([normal], float)).tolist() == [call]


# --- SEG


def some_segments():
    def places(*values):
        return np.array(values, np.int64)

    return Segments(
        contigs=("1", "X"), contig=np.array([0, 0, 1], np.int16),
        start=places(0, 5000, 100), end=places(4000, 9000, 300), first=places(0, 5, 9),
        last=places(3, 8, 10), bins=places(4, 3, 2), mean=np.array([-0.00001, 1.23456, np.nan]),
        error=np.ones(3),
    )  # fmt: skip


def test_seg_text_is_what_igv_and_cbioportal_read():
    text = seg_text([("P1 a\tb", rows_of(some_segments())), ("P2", [])])
    assert text.endswith("\n") and "\r" not in text
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
    assert list(rows[0]) == ["ID", "chrom", "loc.start", "loc.end", "num.mark", "seg.mean"]
    assert [list(row.values()) for row in rows] == [
        ["P1 a b", "1", "1", "4000", "4", "0.0000"],
        ["P1 a b", "1", "5001", "9000", "3", "1.2346"],
    ]
    assert seg_text([]) == "ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\n"


def test_what_segments_have_in_bins():
    spread = per_bin(some_segments(), np.array([1.0, 2, 3]), 12)
    np.testing.assert_array_equal(spread, [1, 1, 1, 1, np.nan, 2, 2, 2, 2, 3, 3, np.nan])
