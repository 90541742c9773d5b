"""Write simulated whole genomes: counts and tracks as WIG, and their truth.

A WIG of HMMcopy has no comment, so that the file's name says `simulated`; the truth says it in its
first line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.simulate.plasma_writers import write_truth
from liquidbiopsy.simulate.whole_genome import (
    WholeGenomeParameters,
    expected,
    ploidy_of,
    simulate_counts,
)
from liquidbiopsy.simulate.whole_genome_builds import CONTIGS, MB, Bins, fixed_bins
from liquidbiopsy.simulate.whole_genome_segments import segments_of
from liquidbiopsy.simulate.whole_genome_tracks import Tracks


@dataclass(frozen=True)
class WrittenGenome:
    """What was written."""

    wig: Path
    counts: NDArray[np.int64]
    bins: Bins
    segments: pd.DataFrame
    """One row a segment: see `segment_table`."""
    truth: pd.DataFrame
    """One row: see `truth_table`."""


def write_whole_genome(
    folder: Path,
    p: WholeGenomeParameters,
    tracks: Tracks,
    *,
    bin_bp: int = MB,
    prefix: str = "chr",
) -> WrittenGenome:
    """Simulate a library's counts and write them; equal parameters give equal bytes.

    Its files are `<library_id>.simulated.wig`, `.segments.tsv` and `.truth.tsv`.

    Parameters
    ----------
    folder : Path
        Where to; made if missing.
    p : WholeGenomeParameters
        What to simulate.
    tracks : Tracks
        Of the build that the clones are drawn for.
    bin_bp : int
        Bases of a bin.
    prefix : str
        What stands before the contigs' plain names: `chr` or nothing.
    """
    bins = fixed_bins(tracks.build, bin_bp)
    counts = simulate_counts(p, tracks, bins)
    wig = folder / f"{p.library_id}.simulated.wig"
    write_wig(wig, bins, counts, bin_bp, prefix)
    segments, truth = write_genome_truth(folder, p, tracks)
    return WrittenGenome(wig, counts, bins, segments, truth)


def write_tracks(
    folder: Path, tracks: Tracks, *, bin_bp: int = MB, prefix: str = "chr"
) -> tuple[Path, Path]:
    """Write `gc.simulated.wig` and `mappability.simulated.wig`, and give their paths."""
    bins = fixed_bins(tracks.build, bin_bp)
    paths = folder / "gc.simulated.wig", folder / "mappability.simulated.wig"
    for path, values in zip(paths, tracks.over(bins), strict=True):
        write_wig(path, bins, values, bin_bp, prefix)
    return paths


def write_wig(
    path: Path,
    bins: Bins,
    values: NDArray[np.int64] | NDArray[np.float64],
    step: int,
    prefix: str = "chr",
) -> None:
    """Write bins of one size as readCounter, gcCounter and mapCounter of HMMcopy do.

    One `fixedStep` line a contig; six digits, and -1 for what is not known.
    """
    whole = np.issubdtype(values.dtype, np.integer)
    lines = []
    for k in np.unique(bins.contig):
        lines.append(f"fixedStep chrom={prefix}{CONTIGS[k]} start=1 step={step} span={step}")
        own = values[bins.contig == k]
        known = [str(x) if whole else "-1" if np.isnan(x) else f"{x:.6g}" for x in own.tolist()]
        lines += known
    write_text(path, "\n".join(lines) + "\n")


def write_genome_truth(
    folder: Path, p: WholeGenomeParameters, tracks: Tracks, **more: object
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write `<library_id>.segments.tsv` and `.truth.tsv`, the latter with more columns as given."""
    segments, truth = segment_table(p, tracks.build), truth_table(p, tracks).assign(**more)
    write_truth(folder / f"{p.library_id}.segments.tsv", segments)
    write_truth(folder / f"{p.library_id}.truth.tsv", truth)
    return segments, truth


def segment_table(p: WholeGenomeParameters, build: str) -> pd.DataFrame:
    """One row a segment: chrom, start (0-based), end, and copies of the tumour's cells.

    `copies` is their mean over the clones, `minor` that of the parent's chromosome with fewer, and
    of several clones each has a column of its own. Without a tumour: the donor's.
    """
    found = segments_of(p.clones, build, p.sex)
    shares = p.weights / p.fraction if p.fraction else np.full(len(found.total), 1.0)
    shares = shares / shares.sum()
    table = pd.DataFrame(
        {
            "chrom": np.asarray(CONTIGS)[found.contig], "start": found.start, "end": found.end,
            "copies": shares @ found.total, "minor": shares @ found.copies.min(axis=1),
        }
    )  # fmt: skip
    if len(p.clones) > 1:
        for clone, copies in zip(p.clones, found.total, strict=True):
            table[clone.name] = copies
    return table


def truth_table(p: WholeGenomeParameters, tracks: Tracks) -> pd.DataFrame:
    """One row: fractions, ploidy, sex, and the clones with their shares and events.

    `dna_fraction` is the share of the reads that are the tumour's, `fraction` that of the genomes.
    """
    every, tumour = expected(p, tracks)
    segments = segments_of(p.clones, tracks.build, p.sex)
    clones = [
        f"{clone.name} from {clone.parent}, {share / max(p.fraction, 1e-12):.0%}: "
        + ", ".join(event.name for event in clone.events)
        for clone, share in zip(p.clones, p.weights, strict=True)
    ]
    row = {
        "library_id": p.library_id, "build": tracks.build, "sex": p.sex, "fraction": p.fraction,
        "dna_fraction": tumour.sum() / every.sum(), "ploidy": ploidy_of(p, segments),
        "reads": p.reads, "clones": "; ".join(clones) or "none",
    }  # fmt: skip
    return pd.DataFrame([row])
