"""The plasma libraries of the demo cohort; the sheets that describe them are in config/.

Their genome is made up: no place in it is a place of the human genome, so none is a hotspot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import pandas as pd

from liquidbiopsy.simulate.genome import Genome, GenomeParameters, write_genome
from liquidbiopsy.simulate.parameters import SIMULATED
from liquidbiopsy.simulate.plasma import write_plasma
from liquidbiopsy.simulate.plasma_panel import draw_variants, spread_panel
from liquidbiopsy.simulate.plasma_parameters import PlasmaParameters, Region, Variant
from liquidbiopsy.simulate.plasma_writers import write_mutations, write_panel, write_truth

SEED = 7200
LEVEL = 6
USUAL = {"input_ng": 1.5, "read_pairs": 20_000, "read_length": 100}


@dataclass(frozen=True)
class Library:
    """One library of the cohort."""

    specimen_id: str
    """Its folder; as in config/specimens.tsv, except for the leukocytes."""
    library_id: str
    patient_id: str
    vaf: float = 0.0
    """Share of the molecules that have each of the tumour's mutations."""
    fragments: str = "cfdna"
    truncated: bool = False


LIBRARIES = (
    # P01, metastatic: a few per cent of tumour before therapy, little after the third cycle.
    Library("P01_plasma", "plasma", "P01", 0.05),
    Library("P01_plasma_c3", "plasma", "P01", 0.003),
    # Her leukocytes tell what is germline or clonal haematopoiesis.
    Library("P01_leukocytes", "leukocytes", "P01", 0.0, "sheared"),
    # P03, early: no tumour in plasma after surgery.
    Library("P03_plasma", "plasma", "P03", 0.0),
    # P06: one of the files ends half way.
    Library("P06_plasma", "plasma", "P06", 0.01, truncated=True),
)


def variants_of(genome: Genome, panel: tuple[Region, ...], patient_id: str) -> tuple[Variant, ...]:
    """A patient's variants: the tumour's, germline, and clonal haematopoiesis."""
    seed = SEED + int(patient_id[1:])
    tumour = draw_variants(genome, panel, seed, snvs=7, indels=2, mnvs=1, phased=1)
    found = tumour + draw_variants(
        genome, panel, seed + 100, kind="germline_het", snvs=4, indels=1, taken=tumour
    )
    found += draw_variants(genome, panel, seed + 200, kind="germline_hom", snvs=1, taken=found)
    return found + draw_variants(
        genome, panel, seed + 300, kind="chip", vaf=0.03, snvs=2, taken=found
    )


def parameters_of(library: Library, genome: Genome, panel: tuple[Region, ...]) -> PlasmaParameters:
    """Return what a library is made from; its place in the cohort is its seed."""
    variants = tuple(
        replace(v, vaf=library.vaf) if v.kind == "tumour" else v
        for v in variants_of(genome, panel, library.patient_id)
    )
    return PlasmaParameters(
        panel,
        variants,
        seed=SEED + LIBRARIES.index(library),
        library_id=library.library_id,
        fragments=library.fragments,
        input_ng=USUAL["input_ng"],
        read_pairs=int(USUAL["read_pairs"]),
        read_length=int(USUAL["read_length"]),
    )


def write_plasma_demo(folder: Path) -> None:
    """Write the plasma libraries and their truth, telling how far it is.

    Parameters
    ----------
    folder : Path
        Where to: genome, panel and mutations go to `folder/ctdna`, the reads to
        `folder/ctdna/<specimen>`.
    """
    start, rows = perf_counter(), []
    ctdna = folder / "ctdna"
    genome = write_genome(ctdna / "sim.fa", GenomeParameters(seed=SEED))
    panel = spread_panel(genome, 10, 240, SEED, paralogous=1)
    write_panel(ctdna / "panel.bed", panel)
    for patient_id in sorted({library.patient_id for library in LIBRARIES}):
        variants = variants_of(genome, panel, patient_id)
        write_mutations(ctdna / f"{patient_id}.mutations.tsv", variants)
    made = [parameters_of(library, genome, panel) for library in LIBRARIES]
    for number, (library, parameters) in enumerate(zip(LIBRARIES, made, strict=True), start=1):
        since = perf_counter()
        other = replace(made[number % len(made)], hops=0.0, hops_from=None)
        parameters = replace(parameters, hops=0.0005, hops_from=other)
        written = write_plasma(
            ctdna / library.specimen_id, parameters, genome, level=LEVEL, molecule_truth=False
        )
        if library.truncated:
            with written.fq2.open("r+b") as file:
                file.truncate(written.fq2.stat().st_size // 2)
        tumour = written.variants[written.variants["kind"] == "tumour"]
        mutant = int(tumour["mutant_molecules"].sum())
        depth = float(written.variants["molecules"].mean())
        rows.append(
            {
                "specimen_id": library.specimen_id, "library_id": library.library_id,
                "read_pairs": written.read_pairs, "molecules": len(written.molecules),
                "depth": depth, "tumour_vaf": library.vaf, "mutant_molecules": mutant,
                "informative_molecules": int(tumour["molecules"].sum()),
            }
        )  # fmt: skip
        told = f"{written.read_pairs} read pairs, {depth:.0f} molecules deep, {mutant} mutant"
        told += ", truncated on purpose" if library.truncated else ""
        spent = perf_counter() - since
        print(
            f"[{number}/{len(LIBRARIES)}] {library.specimen_id:<14} {library.library_id:<10} {told}"
            f" ({spent:.1f} s)",
            flush=True,
        )
    write_truth(ctdna / "counts.tsv", pd.DataFrame(rows))
    (ctdna / "README.md").write_text(
        f"# {SIMULATED}\n\nsim.fa is a made-up genome, panel.bed a panel on it. Tables named "
        "variants say what the\nlibraries hold, counts.tsv how much.\n",
        encoding="utf-8",
    )
    print(f"simulated {len(rows)} plasma libraries in {perf_counter() - start:.0f} s")
