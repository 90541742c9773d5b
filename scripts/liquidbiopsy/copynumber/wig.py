"""WIG files with one value a bin, as HMMcopy's readCounter, gcCounter and mapCounter write them.

References
----------
.. [1] UCSC Genome Browser. Wiggle Track Format (WIG), fixedStep.
       https://genome.ucsc.edu/goldenPath/help/wiggle.html
.. [2] Ha G et al. Integrative analysis of genome-wide loss of heterozygosity and monoallelic
       expression at nucleotide resolution reveals disrupted pathways in triple-negative breast
       cancer. Genome Res 2012;22:1995-2007, doi:10.1101/gr.137570.112 (HMMcopy).
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from liquidbiopsy.copynumber.bins import CONTIGS, Bins, Values, plain
from liquidbiopsy.core.errors import InputError

REMEDY = "make it with HMMcopy's readCounter, gcCounter or mapCounter"
MOST = 5_000_000  # bins of a file
BESIDES = ("track", "browser", "#")
"""How lines begin that say nothing of a bin."""


@dataclass(frozen=True)
class Wig:
    """Values in bins of one size, by contig."""

    path: str
    """The file, as it was named."""
    step: int
    """Bases of a bin; equal to its span."""
    values: dict[str, Values]
    """Values by the plain name of the contig, from its first base; NaN where the file has none."""
    names: tuple[str, ...]
    """Contigs as the file names them, in its order; others than 1 to 22, X and Y too."""


@dataclass
class _Block:
    """A line `fixedStep` and the values under it."""

    line: int
    chrom: str
    first: int
    """First base, from 1."""
    step: int
    values: list[float] = field(default_factory=list)


def read_wig(path: str) -> Wig:
    """A WIG file, plain or gzipped.

    Raises
    ------
    InputError
        The file cannot be read, is empty, is variableStep, has blocks of several steps or of a
        span that is not the step, or a line that is no number; the line is named.
    """
    blocks = list(_blocks(path))
    if not any(block.values for block in blocks):
        raise InputError(path, "is empty", REMEDY)
    step = blocks[0].step
    found: dict[str, Values] = {}
    for block in blocks:
        if block.step != step:
            problem = f"line {block.line}: step {block.step}, and {step} on line {blocks[0].line}"
            raise InputError(path, problem, "bins must be of one size")
        if (block.first - 1) % step:
            problem = f"line {block.line}: start {block.first} is not at the edge of a bin"
            raise InputError(path, problem, f"bins of {step} bases start at 1, {step + 1}, …")
        before = found.get(plain(block.chrom), np.empty(0))
        at = (block.first - 1) // step
        if at < before.size:
            raise InputError(path, f"line {block.line}: {block.chrom} has bins twice", REMEDY)
        if at > MOST:
            raise InputError(path, f"line {block.line}: start {block.first} is beyond any contig")
        gap = np.full(at - before.size, np.nan)
        found[plain(block.chrom)] = np.concatenate([before, gap, np.array(block.values, float)])
    names = tuple(dict.fromkeys(block.chrom for block in blocks))
    return Wig(path, step, found, names)


def as_bins(wig: Wig) -> tuple[Bins, Values]:
    """The bins of a file of read counts, and the counts, shape (n,).

    The end of a contig is not in such a file: its last bin is as long as the others.

    Raises
    ------
    InputError
        It has no contig 1 to 22, X or Y, or a count below 0.
    """
    contigs = tuple(name for name in CONTIGS if name in wig.values)
    if not contigs:
        problem = f"has no chromosome 1 to 22, X or Y, but {', '.join(wig.names[:3])}"
        raise InputError(wig.path, problem, "only human genomes are read")
    sizes = [wig.values[name].size for name in contigs]
    start = np.concatenate([np.arange(size, dtype=np.int64) * wig.step for size in sizes])
    contig = np.repeat(np.arange(len(contigs), dtype=np.int16), sizes)
    count = np.nan_to_num(np.concatenate([wig.values[name] for name in contigs]))
    below = np.flatnonzero(count < 0)
    if below.size:
        place = f"{contigs[contig[below[0]]]}:{start[below[0]] + 1}"
        raise InputError(wig.path, f"has {count[below[0]]:g} reads at {place}", "is it a GC track?")
    return Bins(contigs, contig, start, start + wig.step), count


def _blocks(path: str) -> Iterator[_Block]:
    """The blocks of a file, in order."""
    block: _Block | None = None
    seen = 0
    for number, line in _lines(path):
        try:
            value = float(line)
        except ValueError:
            if line.startswith("fixedStep"):
                if block is not None:
                    yield block
                block = _header(path, number, line)
                continue
            if not line or line.startswith(BESIDES):
                continue
            what = "is variableStep" if line.startswith("variableStep") else "is no number"
            problem = f"line {number} {what}: {line[:60]!r}"
            raise InputError(path, problem, "bins must be written as fixedStep") from None
        if block is None:
            raise InputError(path, f"line {number}: a value before the first fixedStep", REMEDY)
        if math.isinf(value):
            raise InputError(path, f"line {number} is no number: {line[:60]!r}", REMEDY)
        seen += 1
        if seen > MOST:
            problem = f"has over {MOST:,} values: a step of {block.step} bases is too small"
            raise InputError(path, problem, "bins have 10,000 bases or more")
        block.values.append(value)
    if block is not None:
        yield block


def _lines(path: str) -> Iterator[tuple[int, str]]:
    """Numbered lines, without blanks at their ends."""
    try:
        with open(path, "rb") as handle:
            zipped = handle.read(2) == b"\x1f\x8b"
        with (gzip.open if zipped else open)(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                yield number, line.strip()
    except UnicodeDecodeError:
        raise InputError(path, "is not a text file", REMEDY) from None
    except (EOFError, zlib.error):
        raise InputError(path, "is cut off or damaged", "copy or make it again") from None
    except OSError as error:
        reason = error.strerror or "is damaged"
        raise InputError(path, reason, "check the path and its permissions") from None


def _header(path: str, number: int, line: str) -> _Block:
    """A block without values, from its line `fixedStep`."""
    fields = dict(word.partition("=")[::2] for word in line.split()[1:])
    try:
        first, step = int(fields["start"]), int(fields["step"])
        span = int(fields.get("span", step))
        block = _Block(number, fields["chrom"], first, step)
    except (KeyError, ValueError):
        problem = f"line {number}: no chrom, start and step in {line[:80]!r}"
        raise InputError(path, problem, REMEDY) from None
    if step < 1 or first < 1 or span != step:
        problem = f"line {number}: start {first}, step {step} and span {span} make no row of bins"
        raise InputError(path, problem, "start counts from 1, and span must equal step")
    return block
