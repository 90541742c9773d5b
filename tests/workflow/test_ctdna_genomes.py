"""Whole genomes of plasma through the workflow, good ones and bad ones in one run."""

import os
from pathlib import Path
from typing import Any

import pytest
from genome_laboratory import BIN_BP, GenomeLaboratory

SEGMENTS = {
    **dict.fromkeys(["specimen_id", "library_id", "chrom"], "string"),
    **dict.fromkeys(["start", "end", "copies"], "int32"),
    "log2": "double",
}
BINS = {**SEGMENTS, "count": "int64", "corrected": "double", "used": "bool"}
FRAGMENTS = {"specimen_id": "string", "library_id": "string", "length": "int32", "count": "int64"}
FAILED = {  # library of B_bad: gist of the reason of its tumour fraction
    "missing": "missing.wig",
    "step": f"has bins of 1000000 bases, and the settings ask for {BIN_BP}",
    "other": "gc.simulated.wig: is of another build",
    "empty": "empty.bam: has no reads",
    "nothing": "notes.txt",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> GenomeLaboratory:
    folder = tmp_path_factory.mktemp("genomes")
    made = GenomeLaboratory(folder / "lab")
    made.add_genome("A_tumour", "tumour", wig=made.genome("tumour", 0.3, seed=1))
    made.add_genome("A_clear", "clear", wig=made.genome("clear", 0.0, seed=2))
    made.add_genome("A_reads", "reads", bam=made.reads("reads", 0.4, seed=3))
    made.add_genome("A_reads", "single", bam=made.reads("single", 0.4, paired=False, seed=4))
    made.add_genome("B_bad", "missing", wig="genomes/missing.wig")
    step = made.genomes / "step.wig"
    step.write_text("fixedStep chrom=chr1 start=1 step=1000000 span=1000000\n5\n7\n")
    made.add_genome("B_bad", "step", wig="genomes/step.wig")
    other = made.genomes / "other.wig"
    head = f"fixedStep chrom=chr1 start=1 step={BIN_BP} span={BIN_BP}\n"
    other.write_text(head + "1000\n" * 50)
    made.add_genome("B_bad", "other", wig="genomes/other.wig")
    made.add_genome("B_bad", "empty", bam=made.empty_reads("empty"))
    (made.genomes / "notes.txt").write_text("nothing of a genome\n")
    made.add_genome("B_bad", "nothing", bins="genomes/notes.txt")
    ready = made.genomes / "ready.tsv"
    rows = [
        f"chr{c}\t{k * BIN_BP}\t{(k + 1) * BIN_BP}\t{0.58 if c == 8 else 0.02 * (-1) ** k}"
        for c in (1, 3, 8)
        for k in range(60)
    ]
    ready.write_text("\n".join(["chromosome\tstart\tend\tlog2", *rows]) + "\n")
    made.add_genome("A_reads", "ready", bins="genomes/ready.tsv")
    made.finish_at_once()
    return made


def test_tables_have_the_columns_of_the_contract(lab: GenomeLaboratory) -> None:
    for path in (("ctdna", "A_tumour"), ("reports", "A"), ("cohort",)):
        for name, columns in (("segments", SEGMENTS), ("bins", BINS)):
            table = lab.read(*path, f"{name}.parquet")
            assert {n: str(table.schema.field(n).type) for n in columns} == columns, (path, name)
            assert table.num_rows
    table = lab.read("ctdna", "A_reads", "fragments.parquet")
    assert {n: str(table.schema.field(n).type) for n in FRAGMENTS} == FRAGMENTS and table.num_rows


def test_a_tumour_is_measured_and_a_donor_is_not(lab: GenomeLaboratory) -> None:
    (tumour,) = lab.said_of("A_tumour", "tumour_fraction")
    assert tumour["status"] == "measured" and tumour["unit"] == "1"
    assert tumour["ci_low"] <= tumour["value"] <= tumour["ci_high"]
    assert tumour["value"] == pytest.approx(0.3, abs=0.06)
    assert lab.said_of("A_tumour", "ploidy")[0]["value"] > 1
    genes = lab.said_of("A_tumour", "gene_copies")
    assert len(genes) > 20 and {r["status"] for r in genes} == {"measured"}
    known = lab.read("ctdna", "A_tumour", "genes.parquet").to_pylist()
    assert {"ERBB2", "MYC", "CCND1", "PTEN"} <= {r["gene"] for r in known}
    (clear,) = lab.said_of("A_clear", "tumour_fraction")
    assert clear["status"] == "not_detected" and clear["value"] is None and clear["lod"] > 0
    assert not lab.said_of("A_clear", "gene_copies")


def test_reads_give_bins_and_fragments(lab: GenomeLaboratory) -> None:
    (mode,) = lab.said_of("A_reads", "fragment_mode")
    assert 140 <= mode["value"] <= 170 and mode["count"] > 20_000
    (ratio,) = lab.said_of("A_reads", "fragment_short_long_ratio")
    assert ratio["value"] == pytest.approx(ratio["count"] / ratio["denominator"])
    bins = lab.read("ctdna", "A_reads", "bins.parquet").to_pylist()
    assert sum(b["count"] or 0 for b in bins if b["library_id"] == "reads") > 60_000


def test_single_reads_are_counted_and_have_no_fragments(lab: GenomeLaboratory) -> None:
    said = {r["source_id"]: r["status"] for r in lab.said_of("A_reads", "tumour_fraction")}
    assert said["single"] != "failed"
    assert [r["source_id"] for r in lab.said_of("A_reads", "fragment_mode")] == ["reads"]
    sizes = lab.read("ctdna", "A_reads", "fragment_sizes.parquet").to_pylist()
    assert "single-end" in next(r["reason"] for r in sizes if r["library_id"] == "single")


def test_names_with_and_without_chr_are_the_same_and_said(lab: GenomeLaboratory) -> None:
    (sizes,) = lab.read("ctdna", "A_tumour", "fragment_sizes.parquet").to_pylist()
    assert "taken as the same" in sizes["reason"]


def test_a_ready_table_is_taken_as_it_is(lab: GenomeLaboratory) -> None:
    segments = lab.read("ctdna", "A_reads", "segments.parquet").to_pylist()
    assert {s["chrom"] for s in segments if s["library_id"] == "ready"} == {"1", "3", "8"}


@pytest.mark.parametrize("library", FAILED)
def test_a_bad_genome_has_its_row_and_reason(lab: GenomeLaboratory, library: str) -> None:
    said = {r["reason"].split(":")[0]: r for r in lab.said_of("B_bad", "tumour_fraction")}
    assert said[library]["status"] == "failed" and FAILED[library] in said[library]["reason"]
    assert str(lab.folder) not in said[library]["reason"]


def test_segments_open_elsewhere(lab: GenomeLaboratory) -> None:
    path = lab.folder / "results" / "ctdna" / "A_tumour" / "segments.seg"
    head, *lines = path.read_text().splitlines()
    assert head.split("\t")[:4] == ["ID", "chrom", "loc.start", "loc.end"] and lines


def test_the_page_draws_the_genome(lab: GenomeLaboratory) -> None:
    page = Path(lab.folder, "results", "reports", "A", "report.html").read_text("utf-8")
    assert "Copies over the genome" in page and "Lengths of fragments" in page
    assert len(page) < 3_000_000


CHANGES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "max_copies": ({"copies": {"max_copies": 6}}, {"copies", "observe"}),
    "fragments": (
        {"fragments": {"min_mapq": 10}},
        {"normal", "normals", "fragments", "copies", "observe"},
    ),
}
FILES = {
    "donor0.simulated.wig": {"normal", "normals", "copies", "observe"},
    "tumour.simulated.wig": {"fragments", "copies", "observe"},
}
FOLLOWING = {"report", "cohort"}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_does_anew_what_hangs_on_it(lab: GenomeLaboratory, change: str) -> None:
    own = lab.settings["assays"]["ctdna"]["wgs"]
    before = dict(own)
    settings, expected = CHANGES[change]
    own.update(settings)
    try:
        assert set(lab.planned()) == expected | FOLLOWING
    finally:
        own.clear()
        own.update(before)


@pytest.mark.parametrize("name", FILES)
def test_bins_that_are_written_over(lab: GenomeLaboratory, name: str) -> None:
    file = lab.genomes / name
    kept = file.read_bytes(), file.stat()
    file.write_bytes(kept[0] + b"1\n")
    try:
        assert set(lab.planned()) == FILES[name] | FOLLOWING
    finally:
        file.write_bytes(kept[0])
        os.utime(file, ns=(kept[1].st_atime_ns, kept[1].st_mtime_ns))
