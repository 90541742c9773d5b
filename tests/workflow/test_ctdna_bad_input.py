"""One run with bad libraries among good ones: each has its row, all finish.

What else may be wrong with a file is in unit/test_ctdna_align.py, test_ctdna_panels.py and
test_ctdna_mutations.py.
"""

import os
import shutil

import pysam
import pytest
from plasma_laboratory import PlasmaLaboratory

DAMAGED = {  # library of the specimen A_bad: gist of the reason
    "truncated": "plasma_R1.cut.fastq.gz: is cut off in record",
    "gone": "does not exist",
    "othercontigs": "contig",
}
PANELS = {  # specimen: gist of the reason of its variants
    "B_emptybed": "empty.bed: ",
}
MUTATIONS = {  # specimen: gist of the reason of its test for known mutations
    "C_mismatch": "line 2",
}
WHOLE = {  # specimen, a patient of its own: reason of its only library
    "D_reference": "plasma: empty.fa: is empty (the reference must be a FASTA file",
    "E_barcodes": "long: reads/long.bam: the read 'r0' has a UMI of more than 32 bases (keep fewer",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> PlasmaLaboratory:
    folder = tmp_path_factory.mktemp("bad_plasma")
    made = PlasmaLaboratory(folder / "lab")
    made.plasma("plasma", seed=1, read_pairs=1500, input_ng=0.6)
    reads = made.folder / "reads"
    first, second = (f"reads/plasma/plasma_R{k}.fastq.gz" for k in (1, 2))
    whole = (made.folder / first).read_bytes()
    (reads / "plasma_R1.cut.fastq.gz").write_bytes(whole[: len(whole) // 2])
    shutil.copy(made.folder / second, reads / "cut_R2.fastq.gz")
    cut = {"fq1": "reads/plasma_R1.cut.fastq.gz", "fq2": "reads/cut_R2.fastq.gz"}
    made.add_library("A_bad", "truncated", **cut)
    made.add_library("A_bad", "gone", fq1="reads/no_R1.fastq.gz", fq2="reads/no_R2.fastq.gz")
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": "chr7", "LN": 5000}]}
    with pysam.AlignmentFile(str(reads / "other.bam"), "wb", header=header) as bam:
        read = pysam.AlignedSegment(bam.header)
        read.query_name, read.query_sequence, read.cigarstring = "a", "ACGT", "4M"
        read.reference_id, read.reference_start, read.mapping_quality = 0, 10, 60
        bam.write(read)
    made.add_library("A_bad", "othercontigs", bam="reads/other.bam")
    (reads / "empty.bed").write_text("# nothing\n")
    panels = made.settings["assays"]["ctdna"]["panels"]
    panels["emptybed"] = panels["sim"] | {"bed": "reads/empty.bed"}
    made.add_library("B_emptybed", "plasma", panel="emptybed")
    v = made.tumour[0]
    wrong = next(b for b in "ACGT" if b not in (v.ref, v.alt))
    row = f"{v.chrom}\t{v.pos}\t{wrong}\t{v.alt}"
    (reads / "mismatch.tsv").write_text(f"CHROM\tPOS\tREF\tALT\n{row}\n")
    made.add_library("C_mismatch", "plasma", mutations="reads/mismatch.tsv")
    (reads / "empty.fa").write_text("")
    made.settings["references"]["empty"] = {"fasta": "reads/empty.fa", "build": "simulated"}
    made.add_library("D_reference", "plasma", reference="empty")
    lines = (made.folder / "reads/sim.fa").read_text().split("\n")
    with pysam.AlignmentFile(str(reads / "long.bam"), "wb", header={"HD": {"VN": "1.6"}}) as bam:
        for k in range(20):
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.flag, read.query_sequence = f"r{k}", 4, lines[60]
            read.query_qualities = pysam.qualitystring_to_array("I" * len(lines[60]))
            read.set_tag("RX", "ACGTACGTACGTACGTA-ACGTACGTACGTACGTA")
            bam.write(read)
    made.add_library("E_barcodes", "long", bam="reads/long.bam")
    made.said = made.finish_at_once()  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize("name", DAMAGED)
def test_a_bad_library_says_so_in_its_row(lab: PlasmaLaboratory, name: str) -> None:
    rows = lab.read("ctdna", "A_bad", "observations.parquet").to_pylist()
    (row,) = [r for r in rows if r["reason"].startswith(f"{name}: ")]
    assert row["status"] == "failed" and DAMAGED[name] in row["reason"], row["reason"]
    assert str(lab.folder) not in row["reason"]


@pytest.mark.parametrize("name", PANELS)
def test_a_bad_panel_is_named(lab: PlasmaLaboratory, name: str) -> None:
    (row,) = lab.said_of(name, "variant_allele_fraction")
    assert row["status"] == "failed" and PANELS[name] in row["reason"], row["reason"]


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_bad_list_of_mutations_is_named(lab: PlasmaLaboratory, name: str) -> None:
    (row,) = lab.said_of(name, "mrd_tumour_fraction")
    assert row["status"] == "failed" and MUTATIONS[name] in row["reason"], row["reason"]
    assert "failed" not in {r["status"] for r in lab.said_of(name, "variant_allele_fraction")}


@pytest.mark.parametrize("name", WHOLE)
def test_a_reference_or_barcodes_of_no_use_stop_no_other_patient(
    lab: PlasmaLaboratory, name: str
) -> None:
    (row,) = lab.said_of(name, "variant_allele_fraction")
    assert row["status"] == "failed" and row["reason"].startswith(WHOLE[name]), row["reason"]
    assert (lab.folder / f"results/reports/{name[0]}/report.html").is_file()
    said = (lab.folder / "results/run/excluded.tsv").read_text()
    assert row["reason"] in said


def test_a_mended_reference_is_seen_whatever_its_date(lab: PlasmaLaboratory) -> None:
    empty, whole = (lab.folder / "reads" / f"{name}.fa" for name in ("empty", "sim"))
    before = empty.stat()
    shutil.copy(whole, empty)
    os.utime(empty, ns=(before.st_atime_ns, before.st_mtime_ns))
    try:
        said = lab.finish("--dry-run")
    finally:
        empty.write_text("")
        os.utime(empty, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "index of the reference empty" in said
    assert "index of the reference sim" not in said


def test_the_run_goes_to_its_end_and_names_them_all(lab: PlasmaLaboratory) -> None:
    assert "(100%) done" in lab.said and "Traceback" not in lab.said  # type: ignore[attr-defined]
    lines = (lab.folder / "results/run/excluded.tsv").read_text().splitlines()
    assert {line.split("\t")[0] for line in lines[1:]} == {"A_bad", *PANELS, *MUTATIONS, *WHOLE}
    logs = "".join(p.read_text() for p in (lab.folder / "results/logs").rglob("*.log"))
    assert "Traceback" not in logs
