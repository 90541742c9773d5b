"""Counting: what is measured, what is not there, what cannot be told, and why."""

import pytest

from liquidbiopsy.ctdna.count import observe

COVERAGE = {"library_id": "P", "start": 0, "end": 8000, "mean": 1400.0, "reason": None}


def library(name="P", **changed):
    return {
        "library_id": name, "role": "plasma", "library": "panel", "status": "measured",
        "reason": None, "mutations": False, **changed,
    }  # fmt: skip


def normal(name="N", **changed):
    return library(name, role="normal", **changed)


def variant(**changed):
    return {
        "library_id": "P", "chrom": "chr3", "pos": 100, "ref": "A", "alt": "G", "filter": "PASS",
        "vaf": 0.01, "vaf_low": 0.005, "vaf_high": 0.02, "lod": 0.003, "alt_molecules": 14,
        "molecules": 1400, "origin": "unknown", "gene": None, "change": None, "hotspot": None,
        "normal_vaf": None, "normal_molecules": None, **changed,
    }  # fmt: skip


def hotspot(**changed):
    """Make the row of a hotspot at which nothing passed."""
    named = {"gene": "PIK3CA", "change": "p.H1047", "hotspot": "PIK3CA H1047", "ref": "CAT"}
    row = {"alt": ".", "filter": "not_detected", "alt_molecules": 0, "vaf": None}
    return variant(**{**row, **named, **changed})


def at_hotspot(reasons, **changed):
    """Make the row of a variant there."""
    named = {"gene": "PIK3CA", "change": "p.H1047R", "hotspot": "PIK3CA H1047"}
    return variant(**{"filter": reasons, "alt_molecules": 2, **named, **changed})


def said(*libraries, variants=(), mrd=(), coverage=(COVERAGE,)):
    return observe(list(libraries), list(variants), list(mrd), list(coverage))


@pytest.mark.parametrize(
    ("others", "changed", "reason"),
    [
        ([], {}, "origin unknown: no matched normal"),
        (
            [normal()],
            {"normal_molecules": 7, "normal_vaf": 0.0},
            "origin unknown: 7 molecules of the matched normal there are too few to tell",
        ),
        (
            [normal(status="failed", reason="N.bam: cannot be read")],
            {},
            "origin unknown: matched normal N could not be read: N.bam: cannot be read",
        ),
        ([normal()], {}, "origin unknown: matched normal N is not of the same reference"),
        ([normal()], {"origin": "tumour", "normal_molecules": 900}, None),
    ],
)
def test_why_an_origin_is_unknown(others, changed, reason):
    (found,) = said(library(), *others, variants=[variant(**changed)])
    assert (found.status, found.value, found.count, found.reason) == ("measured", 0.01, 14, reason)
    assert found.target == "chr3:100:A>G" and found.source_id == "P:chr3:100:A>G"


def test_a_normal_that_could_not_be_called_is_told_of_known_mutations_too():
    lost = {**COVERAGE, "library_id": "N", "reason": "BED: no contig chr9"}
    known = variant(origin="tumour")
    (found,) = said(library(), normal(), variants=[known], coverage=[COVERAGE, lost])
    assert found.reason == "matched normal N could not be read: BED: no contig chr9"
    sound = said(library(), normal(), normal("M"), variants=[known], coverage=[COVERAGE, lost])
    assert sound[0].reason is None  # the other one tells


@pytest.mark.parametrize("origin", ["germline", "chip"])
def test_the_bloods_own_are_no_observations(origin):
    (found,) = said(library(), variants=[variant(origin=origin)])
    what = {"germline": "germline", "chip": "clonal haematopoiesis"}[origin]
    assert found.status == "not_detected" and found.target is None
    assert found.reason == (
        "P: no variant passes as the tumour's or of unknown origin, on 8000 bases under 1400 "
        f"molecules in the mean; 1 taken for {what}; no matched normal"
    )


def test_nothing_at_all():
    (found,) = said(library(), normal())
    assert found.reason.endswith("in the mean")
    (found,) = said(library(), normal(status="failed", reason="gone"))
    assert found.reason.endswith("; matched normal N could not be read: gone")
    (found,) = said(library(), coverage=[{**COVERAGE, "mean": 0.0}])
    assert (found.status, found.reason) == ("inadequate", "P: no molecule lies on the panel")


@pytest.mark.parametrize(
    ("reasons", "status"),
    [
        ("p", "not_detected"), ("q;p", "not_detected"), ("molecules;q;p", "not_detected"),
        ("normal", "not_detected"), ("strand", "inadequate"), ("p;ends", "inadequate"),
        ("families", "inadequate"), ("mapq", "inadequate"), ("depth", "inadequate"),
    ],
)  # fmt: skip
def test_a_hotspot_whose_variant_was_filtered(reasons, status):
    found = said(library(), variants=[at_hotspot(reasons), hotspot()])
    (own,) = [o for o in found if o.target]
    assert (own.status, own.target, own.lod, own.value) == (status, "PIK3CA p.H1047", 0.003, None)
    seen = "PIK3CA p.H1047R on 2 of 1400 molecules, origin unknown"
    assert own.reason == f"{seen}, but filtered: {reasons}"


def test_a_hotspot_at_which_nothing_was_seen():
    silent = at_hotspot("strand", change="p.H1047=")
    none = at_hotspot("molecules;q;p", alt_molecules=0)
    elsewhere = at_hotspot("strand", hotspot="PIK3CA E545")
    found = said(library(), variants=[hotspot(), silent, none, elsewhere])
    (own,) = [o for o in found if o.target]
    assert (own.status, own.reason) == ("not_detected", None)
    (own,) = [o for o in said(library(), variants=[hotspot(lod=None, molecules=9)]) if o.target]
    assert own.status == "inadequate"
    assert own.reason == "9 molecules there are too few to detect anything"


def test_a_genome_that_failed_says_so_of_the_tumour_fraction():
    genome = library("W", library="wgs", status="failed", reason="cannot be read", mutations=True)
    (found,) = said(genome)
    assert (found.analyte, found.status) == ("tumour_fraction", "failed")
    assert found.reason == "W: cannot be read"


def test_a_panel_that_failed_says_so_of_all_that_it_was_for():
    lost = library(status="failed", reason="cannot be read", mutations=True)
    found = said(lost, library("Q"), coverage=[{**COVERAGE, "library_id": "Q"}])
    analytes = ["variant_allele_fraction", "mrd_tumour_fraction", "variant_allele_fraction"]
    assert [o.analyte for o in found] == analytes
    assert [o.status for o in found] == ["failed", "failed", "not_detected"]
    (found,) = said(normal())
    assert found.reason == "has no plasma library: only a normal is in ctdna.tsv"
    (found,) = said(library(), coverage=[{**COVERAGE, "reason": "BED: no contig chr9"}])
    assert (found.status, found.reason) == ("failed", "P: BED: no contig chr9")
