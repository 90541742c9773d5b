"""Plasma libraries through the workflow: tables by the contract, and what is said of what."""

import os
from pathlib import Path

import pysam
import pysam.bcftools
import pytest
from plasma_laboratory import PlasmaLaboratory
from repository import other_version

VARIANTS = {
    **dict.fromkeys(["specimen_id", "library_id", "chrom", "ref", "alt", "filter"], "string"),
    **dict.fromkeys(["pos", "alt_molecules", "molecules", "alt_duplex"], "int32"),
    **dict.fromkeys(["vaf", "vaf_low", "vaf_high", "q_value"], "double"),
    "origin": "string",
}


def new_laboratory(folder: Path) -> PlasmaLaboratory:
    lab = PlasmaLaboratory(folder)
    lab.plasma("plasma", seed=1)
    lab.plasma("leukocytes", tumour=False, seed=2, fragments="sheared")
    lab.plasma("clear", tumour=False, seed=3)
    known = {"mutations": "reads/mutations.tsv"}
    lab.add_library("A_tumour", "plasma", **known)
    lab.add_library("A_tumour", "leukocytes", role="normal")
    lab.add_library("B_clear", "clear", **known)
    return lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> PlasmaLaboratory:
    made = new_laboratory(tmp_path_factory.mktemp("two_cores") / "lab")
    made.finish_at_once(cores=2)
    return made


def test_tables_have_the_columns_of_the_contract(lab: PlasmaLaboratory) -> None:
    for path in (("ctdna", "A_tumour"), ("reports", "A"), ("cohort",)):
        table = lab.read(*path, "variants.parquet")
        assert {n: str(table.schema.field(n).type) for n in VARIANTS} == VARIANTS, path
        assert table.num_rows
    assert set(table["origin"].to_pylist()) <= {"tumour", "germline", "chip", "unknown"}


def test_each_mutation_of_the_tumour_is_told(lab: PlasmaLaboratory) -> None:
    said = lab.said_of("A_tumour", "variant_allele_fraction")
    found = {r["target"] for r in said if r["status"] == "measured"}
    true = {f"{v.chrom}:{v.pos}:{v.ref}>{v.alt}" for v in lab.tumour}
    assert found <= true and len(found) >= len(true) - 1
    for row in said:
        assert row["ci_low"] < row["value"] < row["ci_high"] and row["lod"] > 0
        assert row["value"] == pytest.approx(row["count"] / row["denominator"])


def test_germline_is_told_by_the_matched_normal_and_is_no_statement(lab: PlasmaLaboratory) -> None:
    rows = lab.read("ctdna", "A_tumour", "variants.parquet").to_pylist()
    own = {(v.pos, v.alt) for v in lab.germline}
    assert own and {r["origin"] for r in rows if (r["pos"], r["alt"]) in own} == {"germline"}
    assert {r["library_id"] for r in rows} == {"plasma"}


def test_known_mutations_are_detected_where_they_are(lab: PlasmaLaboratory) -> None:
    there, clear = (
        lab.count("A_tumour", "mrd_tumour_fraction"),
        lab.count("B_clear", "mrd_tumour_fraction"),
    )
    assert there["ci_low"] < 0.05 < there["ci_high"] and there["count"] >= 10
    assert clear["value"] is None and 0 < clear["lod"] < 0.05
    assert (there["status"], clear["status"]) == ("measured", "not_detected")


def test_bcftools_reads_the_variants(lab: PlasmaLaboratory) -> None:
    file = str(lab.folder / "results/ctdna/A_tumour/variants.vcf")
    said = pysam.bcftools.query("-f", "%CHROM:%POS:%REF>%ALT\n", "-i", 'FILTER="PASS"', file)
    called = {f"{v.chrom}:{v.pos}:{v.ref}>{v.alt}" for v in lab.tumour}
    assert set(said.split()) <= called | {""} and len(said.split()) >= len(called) - 1


def test_simulated_reads_are_told(lab: PlasmaLaboratory) -> None:
    quality = lab.read("ctdna", "B_clear", "quality.parquet").to_pylist()
    assert [r["value"] for r in quality if r["metric"] == "simulated"] == [1]
    page = (lab.folder / "results/reports/B/report.html").read_text()
    assert "Simulated data" in page


def test_no_path_of_the_machine_is_in_a_result(lab: PlasmaLaboratory) -> None:
    for name, content in lab.results(".parquet", ".vcf").items():
        assert str(lab.folder).encode() not in content, name
    for bam in (lab.folder / "results").rglob("*.bam"):
        with pysam.AlignmentFile(str(bam)) as handle:
            assert str(lab.folder) not in str(handle.header), bam.name


def test_one_core_gives_the_same_bytes(lab, tmp_path: Path) -> None:
    other = PlasmaLaboratory(tmp_path / "lab")
    other.plasma("plasma", seed=1)
    other.add_library("A_tumour", "plasma", mutations="reads/mutations.tsv")
    other.finish_at_once("results/ctdna/A_tumour/libraries/plasma/consensus.bam")
    name = "ctdna/A_tumour/libraries/plasma/consensus.bam"
    place = ("results", *name.split("/"))
    assert other.folder.joinpath(*place).read_bytes() == lab.folder.joinpath(*place).read_bytes()


CHANGES = {
    "nothing": (lambda lab: None, set()),
    "false discovery rate": (
        lambda lab: lab.settings["assays"]["ctdna"].update(variants={"max_q": 0.05}),
        {"variants", "mrd", "observe"},
    ),
    "detection": (
        lambda lab: lab.settings["assays"]["ctdna"].update(mrd={"min_informative": 200}),
        {"mrd", "observe"},
    ),
    "consensus": (
        lambda lab: lab.settings["assays"]["ctdna"].update(consensus={"min_reads": 2}),
        {"consensus", "fragments", "variants", "mrd", "observe"},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_does_anew_what_hangs_on_it(lab: PlasmaLaboratory, change: str) -> None:
    make, expected = CHANGES[change]
    kept = dict(lab.settings["assays"]["ctdna"])
    make(lab)
    try:
        planned = lab.planned()
    finally:
        lab.settings["assays"]["ctdna"] = kept
    assert set(planned) - {"report", "cohort"} == expected
    assert bool(planned) == ("report" in planned)


FROM_READS = {"align", "consensus", "fragments", "variants", "mrd", "observe"}
FILES = {  # what a change of a file's bytes does anew
    "panel.bed": {"fragments", "variants", "mrd", "observe"},
    "sim.fa": {"index", *FROM_READS},
    "mutations.tsv": {"variants", "mrd", "observe"},
    "clear/clear_R1.fastq.gz": FROM_READS,
}


@pytest.mark.parametrize("name", FILES)
def test_changed_bytes_do_anew_what_reads_them(lab: PlasmaLaboratory, name: str) -> None:
    file = lab.folder / "reads" / name
    kept, state = file.read_bytes(), file.stat()
    file.write_bytes(kept + b"\n")
    try:
        planned = lab.planned()
    finally:
        file.write_bytes(kept)
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert set(planned) - {"report", "cohort"} == FILES[name]


PACKAGES = {"pybwa": {"index", *FROM_READS}, "tifffile": set()}


@pytest.mark.parametrize(("package", "expected"), PACKAGES.items(), ids=PACKAGES)
def test_another_version_of_a_package_does_anew_the_steps_that_import_it(
    lab: PlasmaLaboratory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package, expected
) -> None:
    other_version(tmp_path, package)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert set(lab.planned()) - {"report", "cohort"} == expected
