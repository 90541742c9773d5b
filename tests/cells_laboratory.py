"""A laboratory that sequences single cells, simulated."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pysam
from laboratory import SHEETS, Laboratory

from liquidbiopsy.copynumber.own_contigs import BUILDS
from liquidbiopsy.simulate.karyotypes import draw_clones
from liquidbiopsy.simulate.single_cells import draw_cell
from liquidbiopsy.simulate.single_cells_parameters import LEUKOCYTE, ROLES, Cell, CellParameters
from liquidbiopsy.simulate.single_cells_writers import (
    WrittenCells,
    write_cells,
    write_counts,
    write_ratios,
)
from liquidbiopsy.simulate.whole_genome_tracks import make_tracks
from liquidbiopsy.simulate.whole_genome_writers import write_tracks

BUILD = "GRCh38"
BIN_BP = 2_000_000
COLUMNS = [
    *("specimen_id", "cell_id", "role", "fq1", "fq2", "bam", "wig", "bins", "reference"),
    *("amplicons", "snps"),
]


class CellsLaboratory(Laboratory):
    """As `Laboratory`, with single cells; they and the genome's tracks are in cells/."""

    assay = "scdna"
    sheets = {
        **{name: columns for name, columns in SHEETS.items() if name != "ctc"},
        "scdna": COLUMNS,
    }

    def __init__(self, folder: Path, *more: Any) -> None:
        super().__init__(folder, *more)
        self.made = folder / "cells"
        self.made.mkdir()
        self.tracks = make_tracks(BUILD, 5)
        write_tracks(self.made, self.tracks, bin_bp=BIN_BP)

    def assay_settings(self) -> dict[str, Any]:
        tracks = {n: f"cells/{n}.simulated.wig" for n in ("gc", "mappability")}
        return {"counts": {**tracks, "bin_size": BIN_BP, "bins": "fixed"}}

    def parameters(self, specimen: str, seed: int, clones: int = 2, **more: Any) -> CellParameters:
        drawn = draw_clones("her2", 11, BUILD, clones)
        shares = tuple(1 / clones for _ in drawn)
        own = {"depth": 0.05, "wga": "ampli1", "seed": seed, "specimen_id": specimen, **more}
        return CellParameters(drawn, shares, **own)

    def cells(
        self, specimen: str, kinds: dict[str, tuple[int, ...]], seed: int = 1, **more: Any
    ) -> WrittenCells:
        """WIG files of cells: name -> genomes, `LEUKOCYTE` for a normal cell."""
        p = self.parameters(specimen, seed, cells=len(kinds), **more)
        drawn: list[Cell] = []
        for number, (name, genomes) in enumerate(kinds.items()):
            rng = np.random.default_rng((seed, number))
            role = ROLES[1] if genomes == (LEUKOCYTE,) else ROLES[0]
            drawn.append(draw_cell(p, name, role, genomes, "", rng))
        return write_cells(self.made, p, self.tracks, drawn, bin_bp=BIN_BP)

    def tables(self, specimen: str, written: WrittenCells, **more: Any) -> tuple[Path, Path]:
        """Counts as Parquet and ratios as TSV of cells that were written, a column a cell."""
        p = self.parameters(specimen, 1, cells=len(written.wigs), **more)
        counts, _ = write_counts(self.made, p, self.tracks, written.made)
        _, ratios = write_ratios(self.made, p, self.tracks, written.made)
        return counts, ratios

    def reads(self, name: str, copies: dict[str, float], seed: int = 1, reads: int = 60_000) -> str:
        """A BAM file of a cell with so many copies of contigs, in proportion to their length."""

        lengths = {f"chr{k + 1}": n for k, n in enumerate(BUILDS[BUILD][:22])}
        rng = np.random.default_rng(seed)
        mass = np.array([n * copies.get(c, 2.0) for c, n in lengths.items()])
        per = rng.multinomial(reads, mass / mass.sum())
        header = {
            "HD": {"VN": "1.6", "SO": "coordinate"},
            "SQ": [{"SN": c, "LN": n} for c, n in lengths.items()],
        }
        path = self.made / f"{name}.bam"
        with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
            for tid, (many, n) in enumerate(zip(per, lengths.values(), strict=True)):
                for k, start in enumerate(np.sort(rng.integers(0, n - 100, many))):
                    read = pysam.AlignedSegment(bam.header)
                    read.query_name, read.flag = f"r{tid}_{k}", 0
                    read.reference_id, read.reference_start = tid, int(start)
                    read.mapping_quality, read.cigarstring = 60, "50M"
                    read.query_sequence = "ACGTT" * 10
                    bam.write(read)
        return f"cells/{path.name}"

    def empty_reads(self, name: str) -> str:
        """A BAM file without a read."""
        header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": "chr1", "LN": 248_956_422}]}
        with pysam.AlignmentFile(str(self.made / f"{name}.bam"), "wb", header=header):
            pass
        return f"cells/{name}.bam"

    def add_cell(self, specimen: str, cell: str, role: str = "tumour_cell", **files: Any) -> None:
        """A cell of a specimen, which `files` names."""
        if specimen not in [row["specimen_id"] for row in self.rows["specimens"]]:
            self.add_specimen(specimen)
        self.rows["scdna"].append({"specimen_id": specimen, "cell_id": cell, "role": role, **files})

    def add_cells(self, specimen: str, kinds: dict[str, tuple[int, ...]], **more: Any) -> None:
        """A specimen of simulated cells, a WIG file each."""
        written = self.cells(specimen, kinds, **more)
        for name, genomes in kinds.items():
            role = "normal_cell" if genomes == (LEUKOCYTE,) else "tumour_cell"
            path = Path(written.wigs[name]).relative_to(self.folder)
            self.add_cell(specimen, name, role, wig=path)

    def said_of(self, specimen: str, analyte: str) -> list[dict[str, Any]]:
        """The observations of one analyte of a specimen."""
        rows = self.read("scdna", specimen, "observations.parquet").to_pylist()
        return [r for r in rows if r["analyte"] == analyte]


def wide_table(path: Path, columns: dict[str, Any]) -> Path:
    """A table of bins with a column a cell, as Parquet."""
    pq.write_table(pa.table(columns), path)
    return path
