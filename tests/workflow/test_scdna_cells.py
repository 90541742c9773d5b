"""Single cells through the workflow, good ones and bad ones in one run."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cells_laboratory import BIN_BP, CellsLaboratory, wide_table

from liquidbiopsy.simulate.single_cells_parameters import LEUKOCYTE

CELLS = {
    **dict.fromkeys(["specimen_id", "cell_id", "role", "status", "reason", "clone"], "string"),
    **dict.fromkeys(["reads", "breadth", "mapd", "gini", "dropout", "ploidy"], "double"),
}
SEGMENTS = {
    **dict.fromkeys(["specimen_id", "cell_id", "chrom"], "string"),
    **dict.fromkeys(["start", "end", "copies"], "int32"),
}
KINDS = {
    **{f"ctc{k}": (0,) for k in range(1, 6)},
    **{f"ctd{k}": (1,) for k in range(1, 5)},
    "wbc1": (LEUKOCYTE,),
    "wbc2": (LEUKOCYTE,),
}
FAILED = {  # cell of B_bad: gist of its reason
    "missing": "missing.wig",
    "empty": "empty.bam: has no reads",
    "nothing": "notes.txt",
    "other": "has other bins than most of the specimen's cells",
    "few": "fewer than 50000",
    "lost": "has no column lost",
    "unaligned": "cannot be aligned without a reference",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> CellsLaboratory:
    folder = tmp_path_factory.mktemp("cells")
    made = CellsLaboratory(folder / "lab")
    made.add_cells("A_blood", KINDS)
    later = {"dtc1": (0,), "dtc2": (1,), "dtc3": (1,)}
    made.add_cells("A_marrow", later, seed=2)
    made.rows["specimens"][-1] |= {"day": 90, "visit": "progression"}
    _bad(made)
    tables = made.cells("B_counts", {"x1": (0,), "x2": (0,), "x3": (LEUKOCYTE,)}, seed=3)
    counts, ratios = made.tables("B_counts", tables)
    made.settings["references"] = {"away": {"fasta": "nowhere.fa", "build": "GRCh38"}}
    for name, path in (("B_counts", counts), ("B_ratios", ratios)):
        build = {"reference": "away"} if name == "B_ratios" else {}
        for cell, role in (("x1", "tumour_cell"), ("x2", "tumour_cell"), ("x3", "normal_cell")):
            made.add_cell(name, cell, role, bins=Path(path).relative_to(made.folder), **build)
    gained = {f"chr{k}": 3.0 for k in (1, 8)}
    made.add_cell("B_reads", "gain", bam=made.reads("gain", gained))
    made.add_cell("B_reads", "flat", role="normal_cell", bam=made.reads("flat", {}, seed=2))
    made.add_cell("B_one", "only", wig=made.rows["scdna"][0]["wig"])
    made.add_cell("B_controls", "wbc", role="normal_cell", wig=made.rows["scdna"][-1]["wig"])
    made.add_cell("B_gone", "one", wig="cells/gone.wig")
    made.add_cell("B_gone", "two", bins="cells/gone.tsv")
    made.settings["assays"]["scdna"]["quality"] = {"reads_min": 50000}
    made.finish_at_once()
    return made


def _bad(made: CellsLaboratory) -> None:
    """A specimen of which one cell alone is sound, and one has hardly any reads."""
    written = made.cells("B_bad", {"sound": (0,), "twin": (0,)}, seed=4)
    sound = Path(written.wigs["sound"])
    made.add_cell("B_bad", "sound", wig=sound.relative_to(made.folder))
    made.add_cell("B_bad", "alike", wig=Path(written.wigs["twin"]).relative_to(made.folder))
    shutil.copy(sound, made.made / "again.wig")
    made.add_cell("B_bad", "again", wig="cells/again.wig")
    few = [
        x if x.startswith("f") else str(int(x) // 4000) for x in sound.read_text().split("\n")[:-1]
    ]
    (made.made / "few.wig").write_text("\n".join(few) + "\n")
    made.add_cell("B_bad", "few", wig="cells/few.wig")
    made.add_cell("B_bad", "missing", wig="cells/missing.wig")
    made.add_cell("B_bad", "empty", bam=made.empty_reads("empty"))
    (made.made / "notes.txt").write_text("nothing of a genome\n")
    made.add_cell("B_bad", "nothing", bins="cells/notes.txt")
    other = wide_table(
        made.made / "other.parquet",
        {"chrom": ["1"] * 60, "start": list(range(0, 60_000, 1000)),
         "end": list(range(1000, 61_000, 1000)), "other": [5.0] * 60},
    )  # fmt: skip
    made.add_cell("B_bad", "other", bins=other.relative_to(made.folder))
    made.add_cell("B_bad", "lost", bins=other.relative_to(made.folder))
    for mate in (1, 2):
        (made.made / f"r{mate}.fastq").write_text("@r\nACGT\n+\nIIII\n")
    made.add_cell("B_bad", "unaligned", fq1="cells/r1.fastq", fq2="cells/r2.fastq")


def test_tables_have_the_columns_of_the_contract(lab: CellsLaboratory) -> None:
    for path in (("scdna", "A_blood"), ("reports", "A"), ("cohort",)):
        for name, columns in (("cells", CELLS), ("segments", SEGMENTS)):
            table = lab.read(*path, f"{name}.parquet")
            assert {n: str(table.schema.field(n).type) for n in columns} == columns, (path, name)
            assert table.num_rows


def test_clones_are_found_over_the_days(lab: CellsLaboratory) -> None:
    cells = {
        (r["specimen_id"], r["cell_id"]): r["clone"]
        for name in ("A_blood", "A_marrow")
        for r in lab.read("scdna", name, "cells.parquet").to_pylist()
    }
    first, second = cells["A_blood", "ctc1"], cells["A_blood", "ctd1"]
    assert first and second and first != second
    assert {cells["A_blood", f"ctc{k}"] for k in range(1, 6)} == {first}
    assert {cells["A_blood", f"ctd{k}"] for k in range(1, 5)} == {second}
    assert cells["A_marrow", "dtc1"] == first and cells["A_marrow", "dtc2"] == second
    assert cells["A_blood", "wbc1"] in ("normal", None)
    said = {r["target"]: r for r in lab.said_of("A_marrow", "clone_fraction")}
    assert said[second]["count"] == 2 and said[second]["denominator"] == 3
    assert said[second]["ci_low"] < said[second]["value"] < said[second]["ci_high"]
    tree = (lab.folder / "results/scdna/_clones/A/clones.nwk").read_text()
    assert first in tree and second in tree


def test_an_amplified_gene_is_told_with_how_many_cells_have_it(lab: CellsLaboratory) -> None:
    (gene,) = [r for r in lab.said_of("A_blood", "cell_gene_copies") if r["target"] == "CCND1"]
    assert gene["status"] == "measured" and gene["value"] >= 5
    assert gene["count"] == gene["denominator"] == 9


@pytest.mark.parametrize("name", FAILED)
def test_a_bad_cell_says_so_in_its_row(lab: CellsLaboratory, name: str) -> None:
    rows = {r["cell_id"]: r for r in lab.read("scdna", "B_bad", "cells.parquet").to_pylist()}
    assert rows[name]["status"] == "failed" and FAILED[name] in rows[name]["reason"], rows[name]
    assert str(lab.folder) not in rows[name]["reason"]
    assert rows["sound"]["status"] == rows["alike"]["status"] == "measured"
    (passed,) = lab.said_of("B_bad", "cells_passed")
    assert passed["count"] == 3 and passed["denominator"] == 3 + len(FAILED)


def test_the_same_cell_twice_is_told(lab: CellsLaboratory) -> None:
    rows = {r["cell_id"]: r for r in lab.read("scdna", "B_bad", "cells.parquet").to_pylist()}
    told = {name for name, row in rows.items() if "the same cell twice" in (row["reason"] or "")}
    assert told == {"sound"} and "the reads of again" in rows["sound"]["reason"]


def test_a_specimen_without_a_cell_that_can_be_read_says_why(lab: CellsLaboratory) -> None:
    (row,) = lab.said_of("B_gone", "cells_passed")
    assert row["status"] == "failed" and "gone.wig" in row["reason"]
    assert "B_gone" in (lab.folder / "results/run/excluded.tsv").read_text()
    page = (lab.folder / "results/reports/B/report.html").read_text()
    assert "gone.wig" in page


def test_one_cell_alone_and_controls_alone(lab: CellsLaboratory) -> None:
    (row,) = lab.said_of("B_one", "cells_passed")
    assert row["status"] == "measured" and row["value"] == 1
    (row,) = lab.said_of("B_controls", "cells_passed")
    assert row["status"] == "inadequate" and "controls" in row["reason"]


def test_ready_tables_of_counts_and_of_ratios_give_the_same_copies(lab: CellsLaboratory) -> None:
    found = []
    for name in ("B_counts", "B_ratios"):
        cells = {r["cell_id"]: r for r in lab.read("scdna", name, "cells.parquet").to_pylist()}
        assert {r["status"] for r in cells.values()} == {"measured"}, cells
        found.append(cells["x1"]["ploidy"])
        assert cells["x3"]["ploidy"] == pytest.approx(2, abs=0.05)
    assert found[0] == pytest.approx(found[1], abs=0.15)


def test_a_ready_table_needs_no_fasta_of_its_reference(lab: CellsLaboratory) -> None:
    genes = lab.said_of("B_ratios", "cell_gene_copies")
    assert len(genes) > 5 and {r["status"] for r in genes} == {"measured"}


def test_reads_are_counted_and_their_gains_found(lab: CellsLaboratory) -> None:
    rows = {r["cell_id"]: r for r in lab.read("scdna", "B_reads", "cells.parquet").to_pylist()}
    assert rows["gain"]["reads"] == pytest.approx(60_000, rel=0.01)
    assert rows["gain"]["breadth"] == pytest.approx(60_000 * 50 / 2.875e9, rel=0.1)
    table = lab.read("scdna", "B_reads", "segments.parquet").to_pylist()
    copies = {r["chrom"]: r["copies"] for r in table if r["cell_id"] == "gain"}
    assert copies["1"] == copies["8"] == 3 and copies["2"] == 2


def test_bins_come_out_as_a_table_that_can_come_in_again(lab: CellsLaboratory) -> None:
    table = lab.read("scdna", "A_blood", "bins.parquet")
    assert {*KINDS} < set(table.column_names)
    widths = np.unique(table["end"].to_numpy() - table["start"].to_numpy())
    assert BIN_BP in widths
    lines = (lab.folder / "results/scdna/A_blood/segments.seg").read_text().splitlines()
    assert lines[0].startswith("ID\tchrom") and lines[1].startswith("A_blood:ctc1\t1\t")


def test_the_page_shows_cells_and_clones(lab: CellsLaboratory) -> None:
    page = (lab.folder / "results/reports/A/report.html").read_text()
    assert "Copies of single cells" in page and "Clones" in page and "<script" not in page
    logs = "".join(p.read_text() for p in (lab.folder / "results/logs").rglob("*.log"))
    assert "Traceback" not in logs


FROM_CLONES = {"clones", "observe", "report", "cohort"}
FROM_READS = {"reads", "profiles", *FROM_CLONES}
CHANGES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "clones": ({"clones": {"min_cells": 3}}, FROM_CLONES),
    "tree": ({"tree": {"replicates": 20}}, FROM_CLONES),
    "reads_min": ({"quality": {"reads_min": 40000}}, {"profiles", *FROM_CLONES}),
    "ploidy_max": ({"profiles": {"ploidy_max": 6}}, {"profiles", *FROM_CLONES}),
    "alleles": ({"alleles": {"min_reads": 5}}, FROM_READS),
}
FILES = {"counts of a cell": FROM_READS, "role": FROM_READS}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_does_anew_what_hangs_on_it(lab: CellsLaboratory, change: str) -> None:
    own = lab.settings["assays"]["scdna"]
    before = dict(own)
    settings, expected = CHANGES[change]
    own.update(settings)
    try:
        assert set(lab.planned()) == expected
    finally:
        own.clear()
        own.update(before)


def test_another_role_of_one_cell_does_its_specimen_anew(lab: CellsLaboratory) -> None:
    row = next(row for row in lab.rows["scdna"] if row["specimen_id"] == "A_blood")
    before = row["role"]
    row["role"] = "normal_cell"
    try:
        planned = lab.planned()
    finally:
        row["role"] = before
    assert set(planned) == FILES["role"]
    assert planned["reads"] == {"A_blood"} and planned["report"] == {"A"}
    assert lab.planned() == {}


def test_counts_of_one_cell_that_are_written_over(lab: CellsLaboratory) -> None:
    row = next(row for row in lab.rows["scdna"] if row["cell_id"] == "ctc2")
    counts = lab.folder / row["wig"]
    kept = counts.read_bytes(), counts.stat()
    counts.write_bytes(kept[0] + b"1\n")
    try:
        planned = lab.planned()
    finally:
        counts.write_bytes(kept[0])
        os.utime(counts, ns=(kept[1].st_atime_ns, kept[1].st_mtime_ns))
    assert set(planned) == FILES["counts of a cell"]
    assert planned["reads"] == {"A_blood"} and planned["report"] == {"A"}
