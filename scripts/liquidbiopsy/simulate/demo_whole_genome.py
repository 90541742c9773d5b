"""The whole genomes of the demo cohort: plasma at low coverage, donors, tracks.

The sheets that describe them are in config/. Contigs are those of GRCh38, what is on them is made
up.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import pandas as pd

from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.simulate.karyotypes import Clone, draw_clones
from liquidbiopsy.simulate.parameters import SIMULATED
from liquidbiopsy.simulate.plasma_writers import write_truth
from liquidbiopsy.simulate.whole_genome import WholeGenomeParameters
from liquidbiopsy.simulate.whole_genome_bam import write_reads
from liquidbiopsy.simulate.whole_genome_builds import MB
from liquidbiopsy.simulate.whole_genome_reads import ReadParameters
from liquidbiopsy.simulate.whole_genome_tracks import make_tracks
from liquidbiopsy.simulate.whole_genome_writers import write_tracks, write_whole_genome

SEED = 7400
BUILD = "GRCh38"
BIN_BP = MB
COLUMNS = ["library_id", "fraction", "dna_fraction", "ploidy", "reads", "clones"]
USUAL = {"reads": 6e6, "pairs": 200_000}
#: Kind, seed and number of clones of each patient's tumour. P04's, whose primary was HER2
#: negative, has ERBB2 amplified: as the CTCs tell.
TUMOURS = {"P02": ("luminal", 44, 1), "P04": ("her2", 15, 2)}
SHARES = {"P04": (0.7, 0.3)}
#: Of the panel of normals; women but for two.
DONORS = tuple(f"donor{number:02d}" for number in range(1, 11))
MEN = ("donor04", "donor09")


@dataclass(frozen=True)
class Library:
    """One library of the cohort."""

    specimen_id: str
    """As in config/specimens.tsv."""
    patient_id: str
    fraction: float
    """Tumour fraction."""
    kind: str = "wig"
    """`wig` or `bam`."""
    library_id: str = "genome"


LIBRARIES = (
    # P04, metastatic: a quarter of the plasma's genomes are the tumour's, few after a cycle.
    Library("P04_plasma", "P04", 0.25),
    Library("P04_plasma_c1", "P04", 0.04),
    # P02, metastatic: reads, a few days before progression.
    Library("P02_plasma_c4", "P02", 0.12, "bam"),
    # P03, early: nothing after surgery; a second library of that tube.
    Library("P03_plasma", "P03", 0.0),
)


def clones_of(patient_id: str) -> tuple[Clone, ...]:
    """A patient's tumour; none where its genome is not simulated."""
    if patient_id not in TUMOURS:
        return ()
    kind, seed, clones = TUMOURS[patient_id]
    return draw_clones(kind, seed, BUILD, clones, doubled=False)


def parameters_of(library: Library) -> WholeGenomeParameters:
    """Return what a library is made from; its place in the cohort is its seed."""
    found = clones_of(library.patient_id) if library.fraction else ()
    return WholeGenomeParameters(
        found,
        SHARES.get(library.patient_id, ()) if found else (),
        library.fraction,
        seed=SEED + LIBRARIES.index(library),
        library_id=library.library_id,
        reads=USUAL["reads"],
    )


def donor_of(name: str) -> WholeGenomeParameters:
    """Return what a donor's library is made from."""
    return WholeGenomeParameters(
        seed=SEED + 100 + DONORS.index(name),
        library_id=name,
        sex="male" if name in MEN else "female",
        reads=USUAL["reads"],
    )


def write_whole_genome_demo(folder: Path) -> None:
    """Write tracks, donors and libraries with their truth, telling how far it is.

    Parameters
    ----------
    folder : Path
        Where to: tracks and donors go to `folder/ctdna/genome`, libraries to
        `folder/ctdna/<specimen>`.
    """
    start, rows = perf_counter(), []
    shared = folder / "ctdna" / "genome"
    tracks = make_tracks(BUILD, SEED)
    write_tracks(shared, tracks, bin_bp=BIN_BP)
    for name in DONORS:
        write_whole_genome(shared, donor_of(name), tracks, bin_bp=BIN_BP)
    for number, library in enumerate(LIBRARIES, start=1):
        since = perf_counter()
        parameters = parameters_of(library)
        place = folder / "ctdna" / library.specimen_id
        if library.kind == "bam":
            reads = ReadParameters(parameters, int(USUAL["pairs"]))
            truth = write_reads(place, reads, tracks).truth
        else:
            truth = write_whole_genome(place, parameters, tracks, bin_bp=BIN_BP).truth
        rows.append(truth[COLUMNS].assign(specimen_id=library.specimen_id))
        spent = perf_counter() - since
        print(
            f"[{number}/{len(LIBRARIES)}] {library.specimen_id:<14} {library.library_id:<10} "
            f"{library.kind}, {library.fraction:.0%} tumour, ploidy {truth['ploidy'][0]:.2f} "
            f"({spent:.1f} s)",
            flush=True,
        )
    write_truth(shared / "libraries.tsv", pd.concat(rows)[["specimen_id", *COLUMNS]])
    write_text(
        shared / "README.md",
        f"# {SIMULATED}\n\ngc and mappability are tracks of 1 Mb bins, donor01 to donor10 the "
        "panel of normals, counted in\nthe same bins. libraries.tsv and the tables named truth and "
        "segments say what the libraries hold.\n",
    )
    print(
        f"simulated {len(rows)} whole genomes and {len(DONORS)} donors in "
        f"{perf_counter() - start:.0f} s"
    )
