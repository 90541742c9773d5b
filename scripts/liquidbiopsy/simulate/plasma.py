"""A simulated library of plasma or leukocytes: DNA molecules, barcodes, PCR, sequencing, truth.

>>> from liquidbiopsy.simulate.plasma import write_plasma  # doctest: +SKIP
>>> written = write_plasma(folder, PlasmaParameters(panel, variants), genome)  # doctest: +SKIP
>>> written.fq1, written.variants["mutant_molecules"]  # doctest: +SKIP
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from liquidbiopsy.simulate.genome import Genome
from liquidbiopsy.simulate.plasma_layers import copies, damage, family_sizes, together
from liquidbiopsy.simulate.plasma_molecules import Molecules, joined, simulate_molecules
from liquidbiopsy.simulate.plasma_parameters import PlasmaParameters, prefix_of
from liquidbiopsy.simulate.plasma_reads import read_pairs
from liquidbiopsy.simulate.plasma_writers import (
    molecule_table,
    variant_table,
    write_fastq,
    write_truth,
)


@dataclass(frozen=True)
class WrittenPlasma:
    """What was written."""

    fq1: Path
    fq2: Path
    read_pairs: int
    variants: pd.DataFrame
    """One row a variant: see `plasma_writers.variant_table`."""
    molecules: pd.DataFrame
    """One row a sequenced molecule: see `plasma_writers.molecule_table`."""
    parameters: PlasmaParameters


def write_plasma(
    folder: Path,
    parameters: PlasmaParameters,
    genome: Genome,
    *,
    level: int = 1,
    molecule_truth: bool = True,
) -> WrittenPlasma:
    """Simulate a library and write it; equal parameters give equal bytes.

    Its files are `<library_id>_R1.fastq.gz`, `_R2.fastq.gz`, `.variants.tsv`, and
    `.molecules.tsv.gz`.

    Parameters
    ----------
    folder : Path
        Where to; made if missing.
    parameters : PlasmaParameters
        What to simulate.
    genome : Genome
        What the panel and the variants lie on.
    level : int
        Of compression: 0 to 3 fast, 4 to 9 small.
    molecule_truth : bool
        Whether to write the table of molecules.

    Raises
    ------
    ValueError
        For a variant that is not of this genome, or a library without molecules.
    """
    p = parameters
    molecules = simulate_molecules(p, genome)
    if p.hops and p.hops_from is not None:
        molecules = joined(molecules, simulate_molecules(p.hops_from, genome))
    if molecules.hopped.all():
        raise ValueError("the library has no molecules: give it more input or a larger panel")
    pairs = p.read_pairs or pairs_for(p, genome, molecules)
    sizes = family_sizes(p, molecules, pairs)
    changes = together(damage(p, molecules, sizes), copies(p, molecules, sizes))
    fq1, fq2 = (folder / f"{p.library_id}_R{mate}.fastq.gz" for mate in (1, 2))
    write_fastq((fq1, fq2), read_pairs(p, molecules, sizes, changes), level)
    variants = variant_table(p, genome, molecules, sizes)
    table = molecule_table(genome, molecules, sizes)
    write_truth(folder / f"{p.library_id}.variants.tsv", variants)
    if molecule_truth:
        write_truth(folder / f"{p.library_id}.molecules.tsv.gz", table)
    return WrittenPlasma(fq1, fq2, int(sizes.sum()), variants, table, p)


def pairs_for(p: PlasmaParameters, genome: Genome, molecules: Molecules) -> int:
    """Read pairs that cover the panel's bases `raw_depth` times on average, mates counted once."""
    wanted = np.zeros(int(genome.offsets[-1]) + 1, np.int32)
    for region in p.panel:
        at = genome.start_of(region.chrom)
        wanted[at + region.start + 1 : at + region.end + 1] = 1
    bases = int(wanted.sum())
    wanted = np.cumsum(wanted, dtype=np.int32)
    own = ~molecules.hopped
    start, end = molecules.start[own], molecules.end[own]
    first, second = (p.read_length - len(prefix_of(structure)) for structure in p.structures)
    # What read 1 sees of it, and what read 2 sees beyond that.
    middle = np.minimum(start + first, end)
    beyond = np.maximum(end - second, middle)
    seen = wanted[middle] - wanted[start] + wanted[end] - wanted[beyond]
    return int(np.ceil(p.raw_depth * bases / max(float(seen.mean()), 1e-9)))
