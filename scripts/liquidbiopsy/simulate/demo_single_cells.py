"""The single cells of the demo cohort; the sheets that describe them are in config/.

They are of the tumour whose plasma `demo_whole_genome` makes: the same clones on the same tracks.
Amplicons lie on GRCh38, what is around their codons is made up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.simulate.demo_whole_genome import BUILD, clones_of
from liquidbiopsy.simulate.demo_whole_genome import SEED as TRACKS
from liquidbiopsy.simulate.parameters import SIMULATED
from liquidbiopsy.simulate.plasma_writers import write_truth
from liquidbiopsy.simulate.single_cells import draw_cell
from liquidbiopsy.simulate.single_cells_alleles import AmpliconParameters, Mutation
from liquidbiopsy.simulate.single_cells_amplicons import write_amplicons
from liquidbiopsy.simulate.single_cells_panel import make_panel
from liquidbiopsy.simulate.single_cells_parameters import (
    LEUKOCYTE,
    ROLES,
    Cell,
    CellParameters,
)
from liquidbiopsy.simulate.single_cells_writers import BIN_BP, write_cells
from liquidbiopsy.simulate.whole_genome_tracks import make_tracks
from liquidbiopsy.simulate.whole_genome_writers import write_tracks

SEED = 7600
USUAL = {"depth": 0.05, "reads": 40, "snps": 40}
WGA = "ampli1"
CELL_KINDS = {"ctc": ROLES[0], "dtc": ROLES[0], "wbc": ROLES[1]}
#: Both clones have the trunk's mutations, TP53 on the one 17p that is left; the second has its own.
MUTATIONS = {
    "P04": (
        Mutation("PIK3CA H1047R", (0, 1)),
        Mutation("TP53 R175H", (0, 1), side=1),
        Mutation("PTEN R130Q", (1,)),
    )
}


@dataclass(frozen=True)
class Specimen:
    """One specimen of the cohort, and its cells."""

    specimen_id: str
    """As in config/specimens.tsv."""
    patient_id: str
    cells: tuple[tuple[str, int, tuple[int, ...], str], ...]
    """Kind (a key of `CELL_KINDS`), how many, genomes as of `Cell`, and what went wrong."""


SPECIMENS = (
    # P04, metastatic: CTCs of both clones before therapy, with leukocytes of the same tube.
    Specimen(
        "P04_ctc_cells", "P04",
        (("ctc", 7, (0,), ""), ("ctc", 3, (1,), ""), ("ctc", 1, (0, 1), ""),
         ("ctc", 1, (0,), "few_reads"), ("wbc", 3, (LEUKOCYTE,), "")),
    ),
    # At progression in bone the second clone rules the marrow; one cell was no tumour cell.
    Specimen(
        "P04_dtc_cells", "P04",
        (("dtc", 1, (0,), ""), ("dtc", 6, (1,), ""), ("dtc", 1, (LEUKOCYTE,), "")),
    ),
)  # fmt: skip


def parameters_of(specimen: Specimen) -> CellParameters:
    """Return what a specimen is made from; its place in the cohort is its seed."""
    clones = clones_of(specimen.patient_id)
    numbers = [0] * len(clones)
    for _, count, genomes, _ in specimen.cells:
        if len(genomes) == 1 and genomes[0] != LEUKOCYTE:
            numbers[genomes[0]] += count
    return CellParameters(
        clones,
        tuple(number / sum(numbers) for number in numbers),
        cells=sum(count for _, count, _, _ in specimen.cells),
        wga=WGA,
        depth=USUAL["depth"],
        seed=SEED + SPECIMENS.index(specimen),
        specimen_id=specimen.specimen_id,
    )


def cells_of(specimen: Specimen) -> tuple[Cell, ...]:
    """Return a specimen's cells; those of a kind are numbered in random order."""
    p = parameters_of(specimen)
    rng = np.random.default_rng(p.seed)
    drawn = []
    for kind, count, genomes, failed in specimen.cells:
        for _ in range(count):
            drawn.append(draw_cell(p, kind, CELL_KINDS[kind], genomes, failed, rng))
    found = []
    for kind in dict.fromkeys(cell.cell_id for cell in drawn):
        own = [cell for cell in drawn if cell.cell_id == kind]
        for number, k in enumerate(rng.permutation(len(own)), start=1):
            found.append(replace(own[k], cell_id=f"{kind}{number:02d}"))
    return tuple(found)


def write_single_cells_demo(folder: Path) -> None:
    """Write tracks and cells with their truth, telling how far it is.

    Parameters
    ----------
    folder : Path
        Where to: tracks go to `folder/scdna/genome`, cells to `folder/scdna/<specimen>`.
    """
    start, rows = perf_counter(), []
    tracks = make_tracks(BUILD, TRACKS)
    write_tracks(folder / "scdna" / "genome", tracks, bin_bp=BIN_BP)
    for number, specimen in enumerate(SPECIMENS, start=1):
        since, p = perf_counter(), parameters_of(specimen)
        place = folder / "scdna" / specimen.specimen_id
        written = write_cells(place, p, tracks, cells_of(specimen))
        # Genotypes are the patient's: the same in all specimens.
        panel = make_panel(SEED + int(specimen.patient_id[1:]), snps=int(USUAL["snps"]))
        mutations = MUTATIONS.get(specimen.patient_id, ())
        reads = AmpliconParameters(p, panel, mutations, depth=USUAL["reads"])
        write_amplicons(place, reads, written.made.cells)
        truth = written.made.truth
        rows.append(truth.assign(specimen_id=specimen.specimen_id))
        told = ", ".join(f"{n} {name}" for name, n in truth["clone"].value_counts().items())
        print(
            f"[{number}/{len(SPECIMENS)}] {specimen.specimen_id:<14} {len(truth):2d} cells: {told}"
            f" ({perf_counter() - since:.1f} s)",
            flush=True,
        )
    table = pd.concat(rows, ignore_index=True)
    order = ["specimen_id", *table.columns.drop("specimen_id")]
    write_truth(folder / "scdna" / "cells.tsv", table[order])
    write_text(
        folder / "scdna" / "README.md",
        f"# {SIMULATED}\n\nReads of single cells in bins of 500 kb, and of amplicons; genome has "
        "tracks of the same bins.\nTables named truth, segments and clones say what the cells "
        "are, cells.tsv sums them up.\n",
    )
    print(f"simulated {len(table)} single cells in {perf_counter() - start:.0f} s")
