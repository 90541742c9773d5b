"""Files of simulated single cells: WIG, tables of bins, truth, BAM, and the demo's."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pysam
import pytest

import liquidbiopsy.simulate.demo_single_cells as demo
from liquidbiopsy.simulate.demo_whole_genome import clones_of
from liquidbiopsy.simulate.karyotypes import draw_clones
from liquidbiopsy.simulate.single_cells import CellParameters, plan_cells, simulate_cells
from liquidbiopsy.simulate.single_cells_bam import write_cell_bam
from liquidbiopsy.simulate.single_cells_parameters import LEUKOCYTE, Cell
from liquidbiopsy.simulate.single_cells_writers import (
    ratios_of,
    write_cells,
    write_counts,
    write_ratios,
)
from liquidbiopsy.simulate.whole_genome_builds import CONTIGS, MB, fixed_bins
from liquidbiopsy.simulate.whole_genome_segments import segments_of
from liquidbiopsy.simulate.whole_genome_tracks import Tracks, make_tracks


@pytest.fixture(scope="module")
def tracks() -> Tracks:
    return make_tracks("GRCh38", 5)


def parameters(**changes) -> CellParameters:
    """A few cells of two clones."""
    clones = draw_clones("her2", 7, clones=2, doubled=False)
    usual = {"cells": 8, "normal": 0.25, "doublets": 0.25, "failed": 0.25, "specimen_id": "s1"}
    return CellParameters(clones, **{**usual, **changes})


def read_tsv(path: Path) -> pd.DataFrame:
    """A table that says in its first line that it is simulated."""
    assert path.read_text("utf-8").startswith("# SIMULATED")
    return pd.read_csv(path, sep="\t", comment="#", dtype={"chrom": str})


def test_wigs_and_truth_are_written_as_simulated(tmp_path, tracks):
    p = parameters()
    written = write_cells(tmp_path, p, tracks, prefix="")
    assert list(written.wigs) == [cell.cell_id for cell in plan_cells(p)]
    for (name, path), counts in zip(written.wigs.items(), written.made.counts, strict=True):
        assert path.name == f"{name}.simulated.wig"
        lines = path.read_text().splitlines()
        heads = [line for line in lines if line.startswith("fixedStep")]
        assert heads == [
            f"fixedStep chrom={c} start=1 step=500000 span=500000" for c in CONTIGS
        ]  # fmt: skip
        assert [int(x) for x in lines if not x.startswith("f")] == counts.tolist()
    truth = read_tsv(tmp_path / "s1.truth.tsv")
    assert truth["cell_id"].tolist() == list(written.wigs)
    assert truth["doublet"].sum() == 2 and truth["failed"].sum() == 2
    segments = read_tsv(tmp_path / "s1.segments.tsv")
    found = segments_of(p.clones, "GRCh38")
    for cell in written.made.cells:
        own = segments[segments["cell_id"] == cell.cell_id]
        # By hand: copies of its genomes at the middle of each of its segments.
        for row in own.to_dict("records")[::5]:
            middle = (row["start"] + row["end"]) // 2
            k = np.flatnonzero(
                (found.contig == CONTIGS.index(row["chrom"])) & (found.start <= middle)
            )[-1]
            normal = 0 if row["chrom"] == "Y" else 2
            total = sum(normal if g == LEUKOCYTE else found.total[g, k] for g in cell.genomes)
            assert row["copies"] == total
        alike = own.iloc[1:].reset_index(drop=True)
        before = own.iloc[:-1].reset_index(drop=True)
        same = alike["chrom"] == before["chrom"]
        assert (alike["start"] == before["end"])[same].all()
        assert ((alike[["copies", "minor"]] != before[["copies", "minor"]]).any(axis=1))[same].all()
    clones = read_tsv(tmp_path / "s1.clones.tsv")
    assert clones["clone"].tolist() == ["clone1", "clone2"] and clones["share"].sum() == 1
    again = write_cells(tmp_path / "again", p, tracks, prefix="")
    assert all(
        path.read_bytes() == again.wigs[name].read_bytes() for name, path in written.wigs.items()
    )


def test_tables_have_a_column_a_cell(tmp_path, tracks):
    p = parameters(failed=0, depth=0.1)
    bins = fixed_bins("GRCh38", MB)
    made = simulate_cells(p, tracks, bins)
    names = [cell.cell_id for cell in made.cells]
    for write, before in ((write_counts, ["gc", "mappability"]), (write_ratios, [])):
        parquet, tsv = write(tmp_path, p, tracks, made)
        table = pq.read_table(parquet)
        assert b"SIMULATED" in table.schema.metadata[b"note"]
        assert table.column_names == ["chrom", "start", "end", *before, *names]
        text = read_tsv(tsv)
        assert text.columns.tolist() == table.column_names
        assert np.allclose(text[names], table.to_pandas()[names], equal_nan=True)
        if before:
            assert (made.counts == text[names].to_numpy().T).all()
    ratios = ratios_of(p, tracks, made)
    gc, mappability = tracks.over(bins)
    assert np.isnan(ratios[:, mappability < 0.5]).all()
    auto = np.isfinite(gc) & (mappability >= 0.5) & (bins.contig < 22)
    assert np.median(ratios[:, auto], axis=1) == pytest.approx(1)
    # Corrected: GC content explains nothing of a leukocyte's ratios.
    normal = ratios[[cell.genomes == (LEUKOCYTE,) for cell in made.cells]][:, auto]
    assert np.abs(np.corrcoef(gc[auto], normal.mean(axis=0))[0, 1]) < 0.15


def test_a_bam_has_the_counts_its_duplicates_and_less_breadth_where_alleles_drop_out(
    tmp_path, tracks
):
    p = parameters(read_length=50, wga="mda")
    bins = fixed_bins("GRCh38", 500_000)
    first = np.searchsorted(bins.contig, np.arange(len(CONTIGS)))
    tiles = {}
    for dropout in (0.1, 0.9):
        one = Cell("c1", "tumour_cell", (0,), 0.0003, 1.0, dropout, 0.2)
        written = write_cell_bam(tmp_path / str(dropout), p, tracks, one, 3)
        counts, seen, flagged, last = np.zeros(len(bins), int), set(), 0, (0, 0)
        with pysam.AlignmentFile(written.bam, check_sq=True) as bam:
            assert "SIMULATED" in str(bam.header) and bam.has_index()
            for read in bam.fetch():
                assert (read.reference_id, read.reference_start) >= last
                last = read.reference_id, read.reference_start
                assert read.cigarstring == "50M" and len(read.query_sequence) == 50
                flagged += read.is_duplicate
                if not read.is_duplicate:
                    counts[first[read.reference_id] + read.reference_start // 500_000] += 1
                    seen.add((read.reference_id, read.reference_start // 10_000))
        # A read at the very end of a contig starts a little before its place.
        assert np.abs(counts - written.counts).sum() <= 4
        assert flagged == written.duplicates
        assert flagged / (flagged + counts.sum()) == pytest.approx(0.2, abs=0.02)
        tiles[dropout] = len(seen) / counts.sum()
    assert tiles[0.9] < 0.9 * tiles[0.1]
    with pytest.raises(ValueError, match="must be even"):
        write_cell_bam(tmp_path, replace(p, read_length=51), tracks, one, 3)


# --- the demo ---


def test_demo_writes_every_cell_and_tells(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(demo.USUAL, "reads", 5)
    demo.write_single_cells_demo(tmp_path)
    assert len(capsys.readouterr().out.splitlines()) == len(demo.SPECIMENS) + 1
    truth = read_tsv(tmp_path / "scdna" / "cells.tsv")
    # The tumour is the one whose plasma is in the demo.
    assert demo.parameters_of(demo.SPECIMENS[0]).clones == clones_of("P04")
    for one in demo.SPECIMENS:
        own = truth[truth["specimen_id"] == one.specimen_id]
        folder = tmp_path / "scdna" / one.specimen_id
        for name in own["cell_id"]:
            assert (folder / f"{name}.simulated.wig").stat().st_size > 10_000
            assert (folder / f"{name}.amplicons.simulated.bam").exists()
    before, after = (
        truth[(truth["specimen_id"] == one.specimen_id) & (truth["doublet"] == 0)]["clone"]
        for one in demo.SPECIMENS
    )
    assert (before == "clone1").sum() > (before == "clone2").sum()
    assert (after == "clone2").sum() > (after == "clone1").sum()
    assert truth["doublet"].sum() == 1 and truth["failed"].sum() == 1
    tables = [
        (tmp_path / "scdna" / one.specimen_id / f"{one.specimen_id}.germline.simulated.vcf")
        for one in demo.SPECIMENS
    ]
    assert tables[0].read_text("utf-8") == tables[1].read_text("utf-8")
    for name in ("gc", "mappability"):
        lines = (tmp_path / "scdna" / "genome" / f"{name}.simulated.wig").read_text().split("\n")
        assert "step=500000" in lines[0]
    size = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    assert size < 6_000_000


def test_nothing_is_shared_with_the_analysis():
    files = sorted(Path(demo.__file__).parent.glob("*single_cells*.py"))
    assert len(files) == 9
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("liquidbiopsy"):
                assert node.module.split(".")[1] in ("core", "simulate"), file.name
