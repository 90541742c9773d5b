"""One run with a bad library of every kind among good ones: each has its row, all finish."""

import gzip
import os
import shutil

import pysam
import pytest
from plasma_laboratory import PlasmaLaboratory

DAMAGED = {  # library of the specimen A_bad: gist of the reason
    "truncated": "plasma_R1.cut.fastq.gz: is cut off in record",
    "outofstep": "record",
    "short": "record 3",
    "text": "cannot be read",
    "gone": "does not exist",
    "brokenbam": "broken.bam",
    "othercontigs": "contig",
    "noreference": "cannot be aligned without a reference",
}
PANELS = {  # specimen: gist of the reason of its variants
    "B_emptybed": "empty.bed: ",
    "B_textbed": "line 1",
    "B_offbed": "other",
}
MUTATIONS = {  # specimen: gist of the reason of its test for known mutations
    "C_mismatch": "line 2",
    "C_nocolumn": "no column",
    "C_gone": "does not exist",
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
    lines = gzip.decompress((made.folder / first).read_bytes()).decode().splitlines(keepends=True)

    def fastq(name: str, content: list[str]) -> str:
        (reads / name).write_text("".join(content))
        return f"reads/{name}"

    whole = (made.folder / first).read_bytes()
    (reads / "plasma_R1.cut.fastq.gz").write_bytes(whole[: len(whole) // 2])
    short = list(lines)
    short[9], short[11] = "ACGTAC\n", "IIIIII\n"
    (reads / "page.fastq.gz").write_text("<html>not found</html>")
    (reads / "plain_R1.fastq.gz").write_bytes(whole)

    def pair(name: str, fq1: str) -> None:
        """A library of a spoilt first file and a copy of the second."""
        shutil.copy(made.folder / second, reads / f"{name}_R2.fastq.gz")
        made.add_library("A_bad", name, fq1=fq1, fq2=f"reads/{name}_R2.fastq.gz")

    pair("truncated", "reads/plasma_R1.cut.fastq.gz")
    pair("outofstep", fastq("late.fastq", lines[4:]))
    pair("short", fastq("short.fastq", short))
    pair("text", "reads/page.fastq.gz")
    made.add_library("A_bad", "gone", fq1="reads/no_R1.fastq.gz", fq2="reads/no_R2.fastq.gz")
    (reads / "broken.bam").write_bytes(b"BAM\1 and no more")
    made.add_library("A_bad", "brokenbam", bam="reads/broken.bam")
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": "chr7", "LN": 5000}]}
    with pysam.AlignmentFile(str(reads / "other.bam"), "wb", header=header) as bam:
        read = pysam.AlignedSegment(bam.header)
        read.query_name, read.query_sequence, read.cigarstring = "a", "ACGT", "4M"
        read.reference_id, read.reference_start, read.mapping_quality = 0, 10, 60
        bam.write(read)
    made.add_library("A_bad", "othercontigs", bam="reads/other.bam")
    pair("noreference", "reads/plain_R1.fastq.gz")
    made.rows["ctdna"][-1]["reference"] = None
    beds = {"emptybed": "# nothing\n", "textbed": "a\tb\tc\n", "offbed": "other\t10\t200\n"}
    for name, content in beds.items():
        (reads / f"{name.removesuffix('bed')}.bed").write_text(content)
        panel = {"bed": f"reads/{name.removesuffix('bed')}.bed"}
        made.settings["assays"]["ctdna"]["panels"][name] = {
            **made.settings["assays"]["ctdna"]["panels"]["sim"], **panel,
        }  # fmt: skip
        made.add_library(f"B_{name}", "plasma", panel=name)
    v = made.tumour[0]
    wrong = next(b for b in "ACGT" if b not in (v.ref, v.alt))
    tables = {
        "mismatch": f"CHROM\tPOS\tREF\tALT\n{v.chrom}\t{v.pos}\t{wrong}\t{v.alt}\n",
        "nocolumn": f"CHROM\tPOS\tREF\n{v.chrom}\t{v.pos}\t{v.ref}\n",
    }
    for name in ("mismatch", "nocolumn", "gone"):
        if name in tables:
            (reads / f"{name}.tsv").write_text(tables[name])
        made.add_library(f"C_{name}", "plasma", mutations=f"reads/{name}.tsv")
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
    made.said = made.finish()  # type: ignore[attr-defined]
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
