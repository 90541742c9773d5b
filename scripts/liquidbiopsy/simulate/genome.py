"""A genome to simulate reads from: a small one made up, or one read from a FASTA file.

The made-up one has what alignment finds hard: a GC content that changes along it, few CpG, runs of
one base and of two, copies of an interspersed repeat, and paralogous segments. Its contigs bear
names of their own, as no place in it is a place in a real genome.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pysam
from numpy.typing import NDArray

from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.simulate.parameters import SIMULATED

LETTERS = np.frombuffer(b"ACGTN", np.uint8)
UNKNOWN = 4
#: The code of every byte; what is not A, C, G or T is unknown.
CODES = np.full(256, UNKNOWN, np.uint8)
for _code, _letter in enumerate("ACGT"):
    CODES[[ord(_letter), ord(_letter.lower())]] = _code
LINE_BP = 60
ISOCHORE_BP = 3000
CPG = 0.25  # of the CpG that chance would give: most have decayed


@dataclass(frozen=True)
class GenomeParameters:
    """A made-up genome."""

    seed: int = 0
    contigs: tuple[tuple[str, int], ...] = (("sim1", 50_000), ("sim2", 30_000), ("sim3", 20_000))
    """Name and length in bases of each contig."""
    gc: float = 0.42
    """Mean share of G and C."""
    gc_spread: float = 0.06
    """Standard deviation of that share between stretches of 3 kb."""
    runs_per_kb: float = 1.5
    """Runs of one base (6 to 14 bases) or of a pair (5 to 15 pairs) in a kilobase."""
    repeats: int = 14
    """Copies of one interspersed repeat of 300 bases."""
    repeat_divergence: float = 0.12
    """Share of a repeat's bases that differ from the first copy."""
    paralogs: int = 3
    """Segments that have a second copy elsewhere."""
    paralog_bp: int = 1200
    """Their length in bases."""
    paralog_divergence: float = 0.04
    """Share of the second copy's bases that differ."""

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        if not self.contigs or min(length for _, length in self.contigs) < 5000:
            raise ValueError("a genome has contigs of at least 5000 bases")
        if not 0.2 <= self.gc <= 0.8:
            raise ValueError(f"gc is {self.gc}, must be from 0.2 to 0.8")


@dataclass(frozen=True)
class Paralog:
    """A segment and its second copy, in bases from the genome's start."""

    first: int
    second: int
    length: int


@dataclass(frozen=True)
class Genome:
    """Sequences of all contigs, one after the other."""

    names: tuple[str, ...]
    """Contigs."""
    offsets: NDArray[np.int64]
    """Where each starts, and the end of the last; shape (contigs + 1,)."""
    codes: NDArray[np.uint8]
    """Bases: A 0, C 1, G 2, T 3, unknown 4."""
    masked: NDArray[np.bool_]
    """Bases in repeats or paralogs, or unknown: soft-masked (lower case) in the FASTA."""
    paralogs: tuple[Paralog, ...] = field(default=())
    """Known second copies; none of a genome that was read."""

    def start_of(self, chrom: str) -> int:
        """Where a contig starts.

        Raises
        ------
        ValueError
            For a contig that is not there.
        """
        if chrom not in self.names:
            raise ValueError(f"no contig {chrom!r}, there are {', '.join(self.names)}")
        return int(self.offsets[self.names.index(chrom)])

    def text(self, chrom: str, start: int, end: int) -> str:
        """Bases of a stretch, 0-based and half-open, in capitals."""
        at = self.start_of(chrom)
        return LETTERS[self.codes[at + start : at + end]].tobytes().decode()

    def place(self, at: int) -> tuple[str, int]:
        """Contig and 0-based position of a base counted from the genome's start."""
        index = int(np.searchsorted(self.offsets, at, "right")) - 1
        return self.names[index], at - int(self.offsets[index])


def make_genome(p: GenomeParameters) -> Genome:
    """Make up a genome; equal parameters give equal bases."""
    rng = np.random.default_rng((p.seed, 11))
    names, lengths = zip(*p.contigs, strict=True)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    codes = _background(p, rng, int(offsets[-1]))
    _runs(p, rng, codes)
    masked = np.zeros(len(codes), bool)
    taken = np.zeros(len(codes), bool)
    for edge in offsets:  # copies stay clear of the contigs' ends
        taken[max(0, edge - 300) : edge + 300] = True
    repeat = _background(p, rng, 300)
    for _ in range(p.repeats):
        at = _free(rng, taken, 300)
        codes[at : at + 300] = _diverged(rng, repeat, p.repeat_divergence)
        masked[at : at + 300] = True
    paralogs = []
    for _ in range(p.paralogs):
        first = _free(rng, taken, p.paralog_bp)
        second = _free(rng, taken, p.paralog_bp)
        copy = _diverged(rng, codes[first : first + p.paralog_bp], p.paralog_divergence)
        codes[second : second + p.paralog_bp] = copy
        masked[first : first + p.paralog_bp] = masked[second : second + p.paralog_bp] = True
        paralogs.append(Paralog(first, second, p.paralog_bp))
    return Genome(tuple(names), offsets, codes, masked, tuple(paralogs))


def write_genome(path: Path, p: GenomeParameters) -> Genome:
    """Make up a genome and write its FASTA, repeats and paralogs in lower case."""
    genome = make_genome(p)
    lines = []
    for index, name in enumerate(genome.names):
        part = slice(int(genome.offsets[index]), int(genome.offsets[index + 1]))
        letters = LETTERS[genome.codes[part]] | (genome.masked[part].astype(np.uint8) << 5)
        text = letters.tobytes().decode()
        lines.append(f">{name} {SIMULATED}")
        lines += [text[k : k + LINE_BP] for k in range(0, len(text), LINE_BP)]
    write_text(path, "\n".join(lines) + "\n")
    return genome


def read_genome(fasta: Path, contigs: tuple[str, ...] = ()) -> Genome:
    """Read a FASTA, plain or bgzip.

    Parameters
    ----------
    fasta : Path
        The file; an index is made beside it where there is none.
    contigs : tuple of str
        Those to read; all where none is named.

    Raises
    ------
    InputError
        Where the file cannot be read, or lacks one of the contigs.
    """
    try:
        with pysam.FastaFile(str(fasta)) as file:
            names = contigs or tuple(file.references)
            parts = [np.frombuffer(file.fetch(name).encode(), np.uint8) for name in names]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(str(fasta), f"cannot be read as FASTA: {error}") from error
    letters = np.concatenate(parts)
    codes = CODES[letters]
    masked = (letters >= ord("a")) | (codes == UNKNOWN)
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return Genome(names, offsets, codes, masked)


def _background(p: GenomeParameters, rng: np.random.Generator, length: int) -> NDArray[np.uint8]:
    """Bases of a GC content that changes along them, with few CpG."""
    stretches = -(-length // ISOCHORE_BP)
    gc = np.clip(rng.normal(p.gc, p.gc_spread, stretches), 0.25, 0.75).repeat(ISOCHORE_BP)[:length]
    strong = rng.random(length) < gc
    codes = np.where(strong, 1 + rng.integers(0, 2, length), 3 * rng.integers(0, 2, length))
    cpg = np.flatnonzero((codes[:-1] == 1) & (codes[1:] == 2))
    decayed = cpg[rng.random(len(cpg)) > CPG]
    forward = rng.random(len(decayed)) < 0.5
    codes[decayed[forward]] = 3  # CG decays to TG, or on the other strand to CA
    codes[decayed[~forward] + 1] = 0
    return codes.astype(np.uint8)


def _runs(p: GenomeParameters, rng: np.random.Generator, codes: NDArray[np.uint8]) -> None:
    """Put in runs of one base, mostly A and T, and of pairs."""
    for at in rng.integers(0, len(codes) - 40, int(len(codes) * p.runs_per_kb / 1000)):
        if rng.random() < 0.7:
            codes[at : at + rng.integers(6, 15)] = rng.choice(4, p=(0.42, 0.08, 0.08, 0.42))
        else:
            pair = rng.permutation(4)[:2]
            codes[at : at + 30] = np.where(
                np.arange(30) < 2 * rng.integers(5, 16), np.tile(pair, 15), codes[at : at + 30]
            )


def _free(rng: np.random.Generator, taken: NDArray[np.bool_], length: int) -> int:
    """Find and take a free stretch, 100 bases clear of others."""
    for _ in range(10_000):
        at = int(rng.integers(100, len(taken) - length - 100))
        if not taken[at - 100 : at + length + 100].any():
            taken[at : at + length] = True
            return at
    raise ValueError("the genome is too small for its repeats and paralogs")


def _diverged(
    rng: np.random.Generator, codes: NDArray[np.uint8], share: float
) -> NDArray[np.uint8]:
    """A copy of which a share of bases differs."""
    changed = rng.random(len(codes)) < share
    return np.where(changed, codes ^ rng.integers(1, 4, len(codes)), codes).astype(np.uint8)
