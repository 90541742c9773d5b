"""Step `variants`: planted variants and artefacts in, tables and a VCF that bcftools reads out."""

import logging
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pysam
import pysam.bcftools
import pytest
import yaml
from molecules import SETTINGS, Writer, genome, write_fasta

from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.ctdna.step_variants import variants_specimen
from liquidbiopsy.ctdna.tables import LIBRARIES
from liquidbiopsy.ctdna.vcf import vcf_text

LENGTH, START, END = 1200, 200, 1000
DEPTH = 300
BASES = genome(LENGTH, seed=8)
BASES = BASES[:700] + "CAT" + BASES[703:]  # a hotspot's codon
BASES = BASES[:760] + "GAG" + BASES[763:]


def other(position, step=1):
    return "ACGT"[("ACGT".index(BASES[position]) + step) % 4]


def plant(writer, position, many, changes=None, offset=50, steps=20, **how):
    """Add molecules over a position that have its change."""
    own = [(position, other(position))] if changes is None else changes
    for k in range(many):
        how_k = {"strand": "+-"[k % 2], **how}
        writer.molecule(position - offset - k % steps, 100, own, **how_k)


SNV, GERMLINE, CHIP, STRAND, ENDS, DISPUTED, FLAGGED, NOISY = 300, 350, 400, 450, 500, 550, 600, 650
HOTSPOT, MNV, INSERTED, DELETED, MAPQ = 701, 800, 850, 900, 950


def plasma():
    writer = Writer(BASES)
    writer.cover(START - 50, END + 50, DEPTH)
    plant(writer, SNV, 24)
    plant(writer, GERMLINE, 300)
    plant(writer, CHIP, 15)
    plant(writer, STRAND, 30, strand="+")
    plant(writer, ENDS, 12, offset=0, steps=3)
    for k in range(12):
        writer.molecule(DISPUTED - 60 - k, 100, [(DISPUTED, other(DISPUTED), 0)],
                        mates=(DISPUTED - 20 - k, DISPUTED + 70))  # fmt: skip
    plant(writer, FLAGGED, 12, flag=0x400)
    for step in (1, 2, 3):
        plant(writer, NOISY, 25, [(NOISY, other(NOISY, step))])
    plant(writer, HOTSPOT, 12, [(HOTSPOT, "G")])  # CAT to CGT
    plant(writer, MNV, 12, [(MNV, other(MNV)), (MNV + 1, other(MNV + 1))])
    plant(writer, INSERTED, 12, [], gap=(INSERTED, 0, "GATTACA"))
    plant(writer, DELETED, 12, [], gap=(DELETED, 4, ""))
    plant(writer, MAPQ, 12, mapq=25)
    return writer


def normal(chip=15, germline=300):
    writer = Writer(BASES)
    writer.cover(START - 50, END + 50, DEPTH)
    plant(writer, GERMLINE, germline)
    plant(writer, CHIP, chip)
    return writer


HOTSPOTS = {
    "title": "test",
    "version": "1",
    "build": "made",
    "genes": [
        {
            "gene": "PIK3CA",
            "chrom": "chr1",
            "strand": "+",
            "codons": [
                {"residue": "H1047", "start": 700},
                {"residue": "E545", "start": 760},
                {"residue": "W900", "start": 780},  # not what the reference has
                {"residue": "R88", "start": 1100},  # not on the panel
            ],
        }
    ],
}


class Laboratory:
    """A specimen with its files."""

    def __init__(self, folder):
        self.folder, self.libraries, self.settings = folder, [], dict(SETTINGS)
        fasta = write_fasta(folder / "made.fa", {"chr1": BASES})
        (folder / "panel.bed").write_text(f"chr1\t{START}\t{END}\tEXON\n")
        (folder / "spots.yaml").write_text(yaml.safe_dump(HOTSPOTS))
        self.references = {"made": {"fasta": fasta, "build": "made"}}
        self.panels = {"small": {"bed": str(folder / "panel.bed")}}

    def add(self, name, writer, role="plasma", status="measured", **row):
        own = {"specimen_id": "S", "library_id": name, "role": role, "library": "panel",
               "status": status}  # fmt: skip
        path = self.folder / f"{name}.parquet"
        told = {**own, "mutations": bool(row.get("mutations"))}
        write_table(table_of([told], LIBRARIES), path, LIBRARIES, Provenance("x"))
        bam = writer.write(self.folder / f"{name}.bam")
        row = {**own, "panel": "small", "reference": "made", "mutations": None, "bam": bam, **row}
        self.libraries.append({"row": row, "consensus": bam, "library": str(path)})

    def run(self, out="out"):
        names = ("variants", "background", "coverage")
        outputs = {n: str(self.folder / out / f"{n}.parquet") for n in names}
        outputs["vcf"] = str(self.folder / out / "variants.vcf")
        variants_specimen(
            self.libraries, self.panels, self.references, str(self.folder / "spots.yaml"),
            self.settings, "code", outputs,
        )  # fmt: skip
        self.tables = {n: pq.read_table(outputs[n]).to_pylist() for n in names}
        self.vcf, self.outputs = outputs["vcf"], outputs
        return self

    def at(self, position, library="P", alt=None):
        found = [
            r
            for r in self.tables["variants"]
            if (r["library_id"], r["pos"]) == (library, position + 1) and alt in (None, r["alt"])
        ]
        return found[0] if len(found) == 1 else found


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    made = Laboratory(tmp_path_factory.mktemp("lab"))
    known = made.folder / "known.tsv"
    lines = [
        (SNV, BASES[SNV], other(SNV)),
        (DELETED, BASES[DELETED : DELETED + 5], BASES[DELETED]),
        (990, BASES[990], other(990)),
    ]
    text = "".join(f"chr1\t{p + 1}\t{r}\t{a}\tNA\n" for p, r, a in lines)
    known.write_text("CHROM\tPOS\tREF\tALT\tPHASING\n" + text)
    made.add("P", plasma(), mutations=str(known))
    made.add("N", normal(), role="normal")
    empty = Writer(BASES)
    made.add("F", empty, status="failed")
    return made.run()


def test_a_substitution(lab):
    row = lab.at(SNV)
    assert (row["ref"], row["alt"], row["filter"]) == (BASES[SNV], other(SNV), "PASS")
    assert row["alt_molecules"] == row["alt_families"] == 24 and row["alt_duplex"] == 0
    assert row["alt_forward"] == row["alt_reverse"] == 12
    assert row["vaf"] == pytest.approx(24 / row["molecules"])
    assert row["vaf_low"] < row["vaf"] < row["vaf_high"] and 0 < row["lod"] < row["vaf"]
    assert row["q_value"] < 1e-6 and row["error_rate"] < 1e-3
    assert row["origin"] == "tumour" and row["known"] and row["gene"] == "EXON"
    assert row["normal_vaf"] == 0 and row["normal_molecules"] > 200


def test_golden_numbers(lab):
    row = lab.at(SNV)
    got = [row["molecules"], row["vaf"], row["vaf_low"], row["vaf_high"]]
    assert got == pytest.approx([625, 0.0384, 0.024756, 0.056599], abs=2e-6)


def test_a_run_is_one_variant(lab):
    row = lab.at(MNV)
    assert row["ref"] == BASES[MNV : MNV + 2] and row["alt"] == other(MNV) + other(MNV + 1)
    assert row["alt_molecules"] == 12 and row["filter"] == "PASS"
    assert lab.at(MNV + 1) == []


def test_insertions_and_deletions(lab):
    rows = [r for r in lab.tables["variants"] if r["alt"] != "." and len(r["ref"]) != len(r["alt"])]
    assert [r["alt_molecules"] for r in rows] == [12, 12]
    assert {r["filter"] for r in rows} == {"PASS"}
    inserted, deleted = rows
    assert len(inserted["alt"]) == 8 and len(deleted["ref"]) == 5 and deleted["known"]


@pytest.mark.parametrize(
    ("position", "reason"), [(STRAND, "strand"), (ENDS, "ends"), (MAPQ, "mapq")]
)
def test_artefacts_are_filtered(lab, position, reason):
    assert lab.at(position)["filter"] == reason


def test_sites_of_many_alleles_are_filtered(lab):
    rows = lab.at(NOISY)
    assert len(rows) == 3 and {r["filter"] for r in rows} == {"multiallelic"}


@pytest.mark.parametrize("position", [DISPUTED, FLAGGED])
def test_what_mates_dispute_and_duplicates_do_not_count(lab, position):
    assert lab.at(position) == []


def test_origins(lab):
    germline, chip = lab.at(GERMLINE), lab.at(CHIP)
    assert (germline["origin"], germline["filter"]) == ("germline", "normal")
    assert (chip["origin"], chip["filter"]) == ("chip", "normal")
    assert 0 < chip["normal_vaf"] < 0.1 and 0.4 < germline["normal_vaf"] < 0.6
    calls = [r for r in lab.tables["variants"] if r["filter"] == "PASS"]
    assert {r["origin"] for r in calls} == {"tumour"} and len(calls) == 5


def test_hotspots(lab):
    row = lab.at(HOTSPOT)
    assert (row["gene"], row["change"], row["hotspot"]) == ("PIK3CA", "p.H1047R", "PIK3CA H1047")
    (none,) = [r for r in lab.tables["variants"] if r["filter"] == "not_detected"]
    assert (none["pos"], none["ref"], none["alt"]) == (761, "GAG", ".")
    assert (none["hotspot"], none["change"]) == ("PIK3CA E545", "p.E545")
    assert none["molecules"] > 250 and 3 / none["molecules"] / 3 < none["lod"] < 0.05
    assert none["vaf"] is None and none["alt_molecules"] == 0


def test_coverage_and_background(lab):
    rows = {r["library_id"]: r for r in lab.tables["coverage"]}
    assert set(rows) == {"P", "N"} and rows["P"]["name"] == "EXON"
    assert rows["P"]["mean"] > rows["N"]["mean"] > 0.9 * DEPTH and rows["N"]["least"] > 200
    back = [r for r in lab.tables["background"] if r["library_id"] == "P"]
    assert {r["source"] for r in back} == {"sample"}
    assert {r["molecules_class"] for r in back} == {"family"}
    assert {"del1:1-3", "ACA>T"} <= {r["change"] for r in back}
    substitutions = [r for r in back if ">" in r["change"]]
    assert sum(r["errors"] for r in substitutions) == 0  # variants are no errors
    assert all(0 < r["rate"] < 1e-3 and 0 < r["dispersion"] < 1e-2 for r in back)


def test_bcftools_reads_the_vcf(lab, tmp_path):
    view = pysam.bcftools.view(lab.vcf)
    records = [line.split("\t") for line in view.splitlines() if not line.startswith("#")]
    told = [r for r in lab.tables["variants"] if r["alt"] != "."]
    assert len(records) == len(told)
    assert view.splitlines()[-1].count("\t") == 9  # one sample: the plasma library
    fasta = lab.references["made"]["fasta"]
    same = pysam.bcftools.norm("-f", fasta, "-c", "e", lab.vcf)
    kept = [line.split("\t") for line in same.splitlines() if not line.startswith("#")]
    assert [r[:5] for r in kept] == [r[:5] for r in records]  # left-aligned as bcftools has it
    with pysam.VariantFile(lab.vcf) as vcf:
        (record,) = [r for r in vcf if r.pos == SNV + 1]
        assert record.samples["P"]["AD"] == (601, 24) and "KNOWN" in record.info
    assert str(lab.folder) not in Path(lab.vcf).read_text()


def test_bcftools_reads_the_vcf_of_a_specimen_that_failed(tmp_path):
    path = tmp_path / "variants.vcf"
    for contigs in ({}, {"chr1": 1200}):
        path.write_text(vcf_text([], [], contigs))
        view = pysam.bcftools.view(str(path))
        assert view.splitlines()[-1].endswith("FILTER\tINFO")


def test_the_log_says_what_does_not_fit(lab, caplog):
    with caplog.at_level(logging.WARNING):
        lab.run("again")
    said = [r.getMessage() for r in caplog.records]
    assert len([w for w in said if "hotspot PIK3CA W900 is passed by" in w]) == 1
    for name, path in lab.outputs.items():
        first = path.replace("again", "out")
        assert Path(first).read_bytes() == Path(path).read_bytes(), name


def test_without_a_normal(tmp_path):
    made = Laboratory(tmp_path)
    made.add("P", plasma())
    made.run()
    assert made.at(GERMLINE)["origin"] == "germline" and made.at(GERMLINE)["filter"] == "PASS"
    assert made.at(SNV)["origin"] == made.at(CHIP)["origin"] == "unknown"
    assert not made.at(SNV)["known"] and made.at(SNV)["normal_vaf"] is None


def test_a_shallow_normal_proves_nothing(tmp_path):
    made, few = Laboratory(tmp_path), Writer(BASES)
    few.cover(START, END, 20)
    made.add("P", plasma())
    made.add("N", few, role="normal")
    made.run()
    assert made.at(SNV)["origin"] == "unknown" and made.at(SNV)["filter"] == "PASS"


def test_molecules_that_hopped_over_from_another_sample(tmp_path):
    made, writer = Laboratory(tmp_path), Writer(BASES)
    writer.cover(START - 50, END + 50, DEPTH)
    writer.cover(START - 50, END + 50, 10, seed=5, kind="single")
    plant(writer, SNV, 8, kind="single")
    plant(writer, CHIP, 8)
    made.add("P", writer)
    made.run()
    row = made.at(SNV)
    assert (row["filter"], row["alt_families"], row["alt_molecules"]) == ("families", 0, 8)
    assert row["p_value"] < row["p_limit"] and made.at(CHIP)["filter"] == "PASS"


def test_another_build_has_no_hotspots(tmp_path, caplog):
    made = Laboratory(tmp_path)
    made.references["made"]["build"] = "other"
    made.add("P", plasma())
    with caplog.at_level(logging.WARNING):
        made.run()
    assert [r.getMessage() for r in caplog.records] == [
        "hotspots of made are not looked at in libraries of other"
    ]
    assert not [r for r in made.tables["variants"] if r["hotspot"]]


def test_without_panel_and_reference(tmp_path):
    """Regions are what is covered around the known mutation, the reference is that of the tags."""
    made, writer = Laboratory(tmp_path), Writer(BASES)
    writer.cover(100, 1100, 100, md=True)
    plant(writer, SNV, 12, md=True)
    known = tmp_path / "known.tsv"
    known.write_text(f"CHROM\tPOS\tREF\tALT\nchr1\t{SNV + 1}\t{BASES[SNV]}\t{other(SNV)}\n")
    made.add("P", writer, panel=None, reference=None, mutations=str(known))
    made.add("Q", writer, panel=None, reference=None)
    made.run()
    row = made.at(SNV)
    assert row["known"] and row["origin"] == "tumour" and row["filter"] == "PASS"
    regions = {r["library_id"]: (r["start"], r["end"]) for r in made.tables["coverage"]}
    assert regions["P"] == (SNV - 150, SNV + 151)
    low, high = regions["Q"]
    assert low < 100 and high > 1080 and made.at(SNV, "Q")["alt_molecules"] == 12


def test_a_library_that_cannot_be_called_leaves_its_reason(tmp_path):
    made = Laboratory(tmp_path)
    made.add("P", plasma())
    made.add("B", plasma())
    with open(tmp_path / "B.bam", "r+b") as handle:
        handle.truncate(3000)
    made.add("X", plasma(), panel="absent")
    (tmp_path / "absent.bed").write_text("chr9\t1\t5\n")
    made.panels["absent"] = {"bed": str(tmp_path / "absent.bed")}
    made.run()
    reasons = {r["library_id"]: r["reason"] for r in made.tables["coverage"]}
    assert reasons["P"] is None and made.at(SNV)["filter"] == "PASS"
    assert reasons["B"].startswith("B.bam: cannot be read")
    assert "chr9" in reasons["X"] and str(tmp_path) not in reasons["X"] + reasons["B"]


def test_a_panel_of_normals_is_named_as_the_source(tmp_path):
    made = Laboratory(tmp_path)
    made.add("P", plasma())
    made.settings["normals"] = [normal(chip=k).write(tmp_path / f"other{k}.bam") for k in range(2)]
    made.run()
    assert {r["source"] for r in made.tables["background"]} == {"normals"}
    assert made.at(SNV)["filter"] == "PASS"


def test_errors_of_a_mutation_list_do_not_stop_the_calling(tmp_path, caplog):
    made = Laboratory(tmp_path)
    (tmp_path / "bad.tsv").write_text("CHROM\tPOS\tREF\tALT\nchr1\t301\tNOT\tA\n")
    made.add("P", plasma(), mutations=str(tmp_path / "bad.tsv"))
    with caplog.at_level(logging.WARNING):
        made.run()
    assert made.at(SNV)["filter"] == "PASS" and not made.at(SNV)["known"]
    assert any("known mutations are not marked" in r.getMessage() for r in caplog.records)


def test_what_a_mutation_list_itself_filters_is_not_known_of_the_tumour(tmp_path):
    """A caller's file keeps germline variants, with their FILTER."""
    made = Laboratory(tmp_path)
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    lines = [
        f"chr1\t{at + 1}\t.\t{BASES[at]}\t{other(at)}\t.\t{why}\t.\n"
        for at, why in ((SNV, "PASS"), (GERMLINE, "germline"))
    ]
    (tmp_path / "caller.vcf").write_text(head + "".join(lines))
    made.add("P", plasma(), mutations=str(tmp_path / "caller.vcf"))
    made.run()
    assert made.at(SNV)["known"] and made.at(SNV)["origin"] == "tumour"
    assert not made.at(GERMLINE)["known"] and made.at(GERMLINE)["origin"] == "germline"


def test_two_libraries_are_two_samples(tmp_path):
    made, later = Laboratory(tmp_path), Writer(BASES)
    later.cover(START - 50, END + 50, DEPTH)
    plant(later, SNV, 12)
    made.add("P", plasma())
    made.add("Q", later)
    made.run()
    with pysam.VariantFile(made.vcf) as vcf:
        (record,) = [r for r in vcf if r.pos == SNV + 1]
        counts = {name: record.samples[name]["AD"][1] for name in ("P", "Q")}
    assert counts == {"P": 24, "Q": 12}
    assert np.isclose(made.at(SNV, "Q")["vaf"], 12 / made.at(SNV, "Q")["molecules"])
