"""Panels of the step `variants`: too large, of another genome, and how much lies on them."""

import os
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pysam
import pytest
from molecules import SETTINGS, Writer, write_fasta
from variant_step import BASES, LENGTH, Step, covered

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.core.tables import QUALITY
from liquidbiopsy.ctdna.choices import Choice, panel_bases
from liquidbiopsy.ctdna.contexts import coded, tracts, trinucleotides
from liquidbiopsy.ctdna.genome_tables import GENOME_TABLES
from liquidbiopsy.ctdna.on_target import on_target
from liquidbiopsy.ctdna.pileup import pile
from liquidbiopsy.ctdna.pileup_sites import Block, Sites
from liquidbiopsy.ctdna.step_count import count_specimen
from liquidbiopsy.ctdna.tables import FAMILIES, METRICS, MRD
from liquidbiopsy.reads.panel import Region, check_regions, read_panel
from liquidbiopsy.reads.reference import open_reference


def test_a_panel_that_is_too_large_is_named_with_its_size(tmp_path):
    step = Step(tmp_path, bed="chr1\t0\t400\nchr1\t500\t900\n", settings={"max_panel_mb": 0.0005})
    assert step.reason.startswith("small.bed: has 0.0 megabases in 2 regions, and 0.0005 are")
    for words in ("`wgs` in the column `library`", "assays.ctdna.variants.max_panel_mb"):
        assert words in step.reason
    assert step.quality == {}


BAD = {
    "empty": ("# nothing\n", "has no region"),
    "text": ("a\tb\tc\n", "line 1: "),
    "over the end": (
        "chr1\t900\t1001\n",
        "chr1:900-1001 goes over the end of chr1, which has 1000",
    ),
    "no contig": ("chr1\t300\t400\nchr9\t5\t9\n", "chr9:5-9: made.fa has no contig chr9 (give the"),
    "without chr": (
        "1\t300\t400\n",
        "1:300-400: made.fa has no contig 1; the panel names 1, made.fa chr1 (the names differ by",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_panel_of_another_genome_is_told(tmp_path, name):
    bed, words = BAD[name]
    assert Step(tmp_path, bed=bed).reason.startswith(f"small.bed: {words}")


def test_names_that_differ_by_chr():
    regions = [Region("chr1", 5, 9), Region("chrM", 1, 2)]
    with pytest.raises(InputError, match=r"has no contig chr1; the panel names chr1, x\.bam 1 "):
        check_regions(regions, {"1": 100, "MT": 50}, "p.bed", "x.bam")
    with pytest.raises(InputError, match=r"x\.bam has no contig chr1 \(give the panel"):
        check_regions(regions, {"1": 100}, "p.bed", "x.bam")


def test_the_contigs_of_the_reads_are_asked_too(tmp_path):
    step = Step(tmp_path, bed="chrX\t5\t9\n", reference=None, bam=str(tmp_path / "plasma.bam"))
    assert step.reason.startswith("small.bed: chrX:5-9: plasma.bam has no contig chrX")


def test_reads_without_bases_are_told(tmp_path, caplog):
    writer = covered()
    for read in writer.reads:
        read.query_sequence = None
    step = Step(tmp_path, writer=writer)
    assert step.reason.startswith(f"plasma_R1.fq.gz: its {len(writer.reads)} mapped reads have no")
    assert "SEQ is *" in step.reason and str(tmp_path) not in step.reason
    writer = covered()
    writer.reads[3].query_sequence = None
    assert Step(tmp_path, writer=writer).coverage[0]["mean"] > 30
    assert f"1 of {len(writer.reads)} mapped reads have no bases" in caplog.text


def test_reasons_name_the_sheets_file(tmp_path):
    writer = covered()
    step = Step(tmp_path, writer=writer, reference=None)
    assert step.reason.startswith("plasma_R1.fq.gz: read m0") and "MD tag" in step.reason
    step = Step(tmp_path, writer=writer, reference=None, fq1=None, bam="reads/plasma.bam")
    assert step.reason.startswith("reads/plasma.bam: read m0")
    for one in writer.reads:  # as of a read that was clipped after its tag was written
        one.set_tag("MD", f"{one.query_length + 4}A0")
    step = Step(tmp_path, writer=writer, reference=None)
    assert step.reason.startswith("plasma_R1.fq.gz: read m0")
    assert "has an MD tag that does not fit its CIGAR" in step.reason


def twin(path, regions):
    """Count by sets of places."""
    target = {p for r in regions for p in range(r.start, r.end)}
    molecules, bases, on = {}, 0, 0
    with pysam.AlignmentFile(path) as bam:
        for read in bam:
            if read.flag & 0xF04:
                continue
            places = set(read.get_reference_positions())
            bases, on = bases + len(places), on + len(places & target)
            touched = molecules.get(read.query_name, False)
            molecules[read.query_name] = touched or bool(places & target)
    return len(molecules), sum(molecules.values()), bases, on


def test_on_target_agrees_with_a_plain_twin(tmp_path):
    rng, writer = np.random.default_rng(9), Writer(BASES)
    for k in range(400):
        start, length = int(rng.integers(0, 700)), int(rng.integers(30, 90))
        low = start + int(rng.integers(0, 120))
        mates = (low, low + int(rng.integers(30, 90))) if k % 2 else None
        writer.molecule(
            start, length, mates=mates, strand="+-"[rng.integers(2)],
            gap=(start + 15, int(rng.integers(1, 9)), "") if k % 3 == 0 and not mates else None,
            flag=int(rng.choice([0, 0, 0, 0x400])),
        )  # fmt: skip
    of = {}
    for read in writer.reads:
        of.setdefault(read.query_name, []).append(read)
    for own in of.values():
        if len(own) == 2:
            for read, mate in (own, own[::-1]):
                read.next_reference_id, read.next_reference_start = 0, mate.reference_start
                low, high = read.reference_start, max(r.reference_end for r in own)
                size = high - min(low, mate.reference_start)
                left = low < mate.reference_start or (low == mate.reference_start and read.is_read1)
                read.template_length = size if left else -size
    path = writer.write(tmp_path / "a.bam")
    regions = [Region("chr1", 100, 140), Region("chr1", 141, 160), Region("chr1", 400, 600)]
    found = on_target(path, regions)
    got = found.molecules, found.molecules_on, found.bases, found.bases_on
    assert got == twin(path, regions) and 0 < found.molecules_on < found.molecules


def test_on_target_is_in_the_quality_table(tmp_path):
    step = Step(tmp_path)
    assert set(step.quality) == {"on_target_share", "on_target_base_share"}
    on = twin(step.bam, read_panel(str(tmp_path / "small.bed")))
    assert step.quality["on_target_share"] == on[1] / on[0] < 1
    assert step.quality["on_target_base_share"] == on[3] / on[2] < step.quality["on_target_share"]
    assert Step(tmp_path, panel=None).quality == {}  # what is covered is no panel


def test_bases_of_a_panel_are_looked_up_once_a_file(tmp_path, monkeypatch):
    bed = tmp_path / "p.bed"
    bed.write_text("chr1\t0\t3000000\nchr1\t1000000\t4000000\n")
    assert panel_bases(str(bed)) == 4_000_000
    settings = {"panels": {"p": {"bed": str(bed)}}, "variants": {"normals": [], "max_panel_mb": 80}}
    libraries = {"L": {"panel": "p"}, "M": {"panel": None}}
    small = Choice(settings, {}, "r").calling_mb(libraries)
    settings["variants"]["normals"] = ["a.bam"] * 3
    assert Choice(settings, {}, "r").calling_mb(libraries) > small > 500
    assert Choice(settings, {}, "r").calling_minutes(libraries) > 0
    monkeypatch.setattr("liquidbiopsy.ctdna.choices.read_panel", None)
    assert panel_bases(str(bed)) == 4_000_000
    settings["variants"]["max_panel_mb"] = 3  # such a job ends before it counts
    assert Choice(settings, {}, "r").calling_mb(libraries) == 0


def test_a_panel_that_cannot_be_read_has_no_bases(tmp_path):
    bed = tmp_path / "p.bed"
    assert panel_bases(None) == panel_bases(str(bed)) == 0
    bed.write_text("chr1\t5\n")
    assert panel_bases(str(bed)) == 0
    bed.write_text("chr1\t5\t8\n")
    os.utime(bed, ns=(1, 1))
    assert panel_bases(str(bed)) == 3


def test_wide_numbers_only_where_they_are_needed():
    def block(many):
        codes = coded("ACGT")
        counts = np.zeros((4, 4, 4, 2, 2), np.int32)
        counts[1, 3, 2, 0, 0], counts[1, 1, 2, 0, 0] = 2, many
        quality = counts.sum(axis=(2, 3, 4)).astype(np.int64) * 60
        return Block(codes, trinucleotides(codes), tracts(codes), counts, quality, [])

    for many, kind in ((32_765, np.int16), (32_766, np.int32)):
        sites = Sites(12)
        sites.put(block(7))
        sites.put(replace(block(7), counts=None, mapq_sum=None))
        sites.put(block(many))
        made = sites.fields()
        assert made["depth"].dtype == made["alt_count"].dtype == kind
        assert made["depth"][[1, 9], 2, 0, 0].tolist() == [9, many + 2]
        assert made["alt_site"].tolist() == [1, 9] and made["alt_base"].tolist() == [3, 3]
        assert np.isnan(made["mapq"][4:8]).all() and made["mapq"][9] == 60


def test_what_no_read_covers_is_counted_as_nothing(tmp_path):
    path = covered().write(tmp_path / "a.bam")
    fasta = write_fasta(tmp_path / "g.fa", {"chr1": BASES})
    with open_reference(fasta) as reference:
        whole = pile(path, [Region("chr1", 0, LENGTH)], reference, SETTINGS)
        empty = pile(path, [Region("chr1", 0, 50)], reference, SETTINGS)
    assert not empty.depth.any() and np.isnan(empty.mapq).all()
    np.testing.assert_array_equal(empty.trinucleotide, whole.trinucleotide[:50])
    np.testing.assert_array_equal(empty.tract, whole.tract[:50])
    np.testing.assert_array_equal(whole.reference, coded(BASES))


def test_the_step_count_hands_it_on(tmp_path):
    step = Step(tmp_path)
    empty = {"mrd": MRD, "families": FAMILIES, "molecules": QUALITY}
    empty |= {table.name: table for table in GENOME_TABLES}
    for name, table in empty.items():
        write_table(table_of([], table), tmp_path / f"{name}.parquet", table, Provenance("x"))
    inputs = {name: step.outputs[name] for name in ("variants", "coverage")}
    inputs |= {"mrd": str(tmp_path / "mrd.parquet"), "on_target": step.outputs["quality"]}
    inputs |= {name: str(tmp_path / f"{name}.parquet") for name in ("genomes", "genes")}
    inputs["copies_quality"] = str(tmp_path / "molecules.parquet")
    lists = {"libraries": "l", "families": "families", "quality": "molecules"}
    lists |= {name: name for name in ("fragment_sizes", "fragments", "motifs", "windows")}
    lists["fragments_quality"] = "molecules"
    inputs |= {name: [str(tmp_path / f"{file}.parquet")] for name, file in lists.items()}
    names = ("observations", "quality", "families", "fragment_sizes", "fragments", "motifs")
    names += ("windows",)
    outputs = {name: str(tmp_path / f"counted_{name}.parquet") for name in names}
    specimen = {"specimen_id": "S", "patient_id": "P", "assay": "ctdna", "visit": "v", "day": 3}
    count_specimen(inputs, specimen, "code", outputs)
    rows = pq.read_table(outputs["quality"]).to_pylist()
    found = {r["metric"]: (r["item"], r["value"], r["unit"]) for r in rows}
    assert found["on_target_share"] == ("L", step.quality["on_target_share"], "1")
    assert found["on_target_base_share"] == ("L", step.quality["on_target_base_share"], "1")
    assert found["depth"][1] > 30 and {"readable", "depth"} < set(found) <= set(METRICS)
