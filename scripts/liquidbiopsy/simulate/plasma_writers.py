"""Write simulated libraries: FASTQ pairs, panel, mutations and truth, each said to be simulated.

Reads say it in their names, truth and panel in their first line, mutations in a column.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from isal import igzip
from numpy.typing import NDArray

from liquidbiopsy.core.atomic import atomic_path, write_text
from liquidbiopsy.simulate.genome import Genome
from liquidbiopsy.simulate.parameters import SIMULATED
from liquidbiopsy.simulate.plasma_molecules import Molecules, Whole
from liquidbiopsy.simulate.plasma_parameters import PlasmaParameters, Region, Variant, prefix_of

FAST = 3  # levels up to this one are isal's


@contextmanager
def gzip_writer(path: Path, level: int) -> Iterator[Any]:
    """A gzip file without name and time, so that its bytes are those of its content.

    Parameters
    ----------
    path : Path
        Where to; put in place when all is written.
    level : int
        0 to 3: fast, by isal; 4 to 9: smaller, by zlib.
    """
    make: Any = igzip.IGzipFile if level <= FAST else gzip.GzipFile
    with (
        atomic_path(path) as partial,
        partial.open("wb") as raw,
        make(filename="", mode="wb", compresslevel=level, fileobj=raw, mtime=0) as file,
    ):
        yield file


def write_fastq(
    paths: tuple[Path, Path],
    chunks: Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]],
    level: int,
) -> None:
    """Write both files of a pair as their text comes."""
    with ExitStack() as stack:
        files = [stack.enter_context(gzip_writer(path, level)) for path in paths]
        for chunk in chunks:
            for file, text in zip(files, chunk, strict=True):
                file.write(text.data)


def write_truth(path: Path, table: pd.DataFrame) -> None:
    """Write a truth table, its first line a comment that it is simulated; .gz compresses it."""
    text = f"# {SIMULATED}\n" + table.to_csv(
        sep="\t", index=False, float_format="%.6g", lineterminator="\n"
    )
    if path.suffix == ".gz":
        with gzip_writer(path, FAST) as file:
            file.write(text.encode())
    else:
        write_text(path, text)


def write_panel(path: Path, panel: tuple[Region, ...]) -> None:
    """Write a panel as BED."""
    rows = [f"{r.chrom}\t{r.start}\t{r.end}\t{r.name or '.'}" for r in panel]
    write_text(path, "\n".join([f"# {SIMULATED}", *rows]) + "\n")


def write_mutations(path: Path, variants: tuple[Variant, ...], kind: str = "tumour") -> None:
    """Write the variants of one kind as a table of known mutations.

    It has no comment line, as its readers need not know one; a column says that it is simulated.
    """
    rows = [
        f"{v.chrom}\t{v.pos}\t{v.ref}\t{v.alt}\t{v.phase or 'NA'}\tsimulated"
        for v in variants
        if v.kind == kind
    ]
    write_text(path, "\n".join(["CHROM\tPOS\tREF\tALT\tPHASING\tNOTE", *rows]) + "\n")


def molecule_table(genome: Genome, molecules: Molecules, sizes: Whole) -> pd.DataFrame:
    """One row a molecule that was sequenced; read names that tell call it by its `molecule`."""
    contig = np.searchsorted(genome.offsets, molecules.start, "right") - 1
    table = pd.DataFrame(
        {
            "molecule": np.arange(len(molecules)) + 1,
            "chrom": np.asarray(genome.names)[contig],
            "start": molecules.start - genome.offsets[contig],
            "end": molecules.end - genome.offsets[contig],
            "strands": (sizes > 0).sum(axis=1),
            "upper_reads": sizes[:, 0],
            "lower_reads": sizes[:, 1],
            "hopped": molecules.hopped.astype(int),
        }
    )
    return table[table["strands"] > 0].reset_index(drop=True)


def variant_table(
    p: PlasmaParameters, genome: Genome, molecules: Molecules, sizes: Whole
) -> pd.DataFrame:
    """One row a variant: what was asked for, and the molecules whose reads show its place.

    That is the ceiling of whatever reads the library: no caller can count more mutant molecules.
    `duplex` are those read from both strands, `families` those of at least two read pairs.
    """
    templates = [p.read_length - len(prefix_of(structure)) for structure in p.structures]
    rows = []
    longest = int((molecules.end - molecules.start).max(initial=0))
    for number, v in enumerate(p.variants):
        at = genome.start_of(v.chrom) + v.pos - 1
        stop = at + len(v.ref) + (len(v.ref) != len(v.alt))
        own = np.flatnonzero(~molecules.hopped)
        low, high = np.searchsorted(molecules.start[own], [at - longest, at + 1])
        spans = np.arange(low, high)[molecules.end[low:high] >= stop]
        start, end = molecules.start[spans], molecules.end[spans]
        seen = np.zeros((len(spans), 2), bool)
        for strand in (0, 1):
            from_left, from_right = templates[strand], templates[1 - strand]
            covered = (stop - start <= from_left) | (end - at <= from_right)
            seen[:, strand] = covered & (sizes[spans, strand] > 0)
        reads = (sizes[spans] * seen).sum(axis=1)
        carries = molecules.carriers[molecules.carriers[:, 1] == number, 0]
        mutant = np.isin(spans, carries)
        counts = {"molecules": reads > 0, "duplex": seen.all(axis=1), "families": reads > 1}
        row = {
            "chrom": v.chrom, "pos": v.pos, "ref": v.ref, "alt": v.alt, "kind": v.kind,
            "phase": v.phase or "NA", "vaf": v.share,
        }  # fmt: skip
        for name, which in counts.items():
            row[f"mutant_{name}"] = int((which & mutant).sum())
            row[name] = int(which.sum())
        rows.append(row)
    columns = ["chrom", "pos", "ref", "alt", "kind", "phase", "vaf"]
    columns += [f"{a}{b}" for b in ("molecules", "duplex", "families") for a in ("mutant_", "")]
    return pd.DataFrame(rows, columns=columns)
