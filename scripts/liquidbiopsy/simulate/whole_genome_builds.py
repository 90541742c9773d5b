"""Chromosomes of the human genome in two builds: lengths, centromeres, GC content, a few genes.

Facts of the builds [1]_; stretches that hold no reads are rounded to 0.1 Mb.

References
----------
.. [1] UCSC Genome Browser, chromInfo, gap and centromeres tables of hg19 and hg38.
       https://genome.ucsc.edu
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

BUILDS = ("GRCh37", "GRCh38")
CONTIGS = (*(str(k) for k in range(1, 23)), "X", "Y")
AUTOSOMES = 22
MB = 1_000_000

#: By build: length in bases; where the centromere's dark stretch begins and ends, in Mb (from 0
#: where the whole short arm is dark); and share of G and C.
_TABLE = """
1  249250621 121.4 144.8  248956422 121.9 143.2  0.415
2  243199373  90.5  95.4  242193529  92.1  94.2  0.400
3  198022430  90.5  93.5  198295559  90.5  93.8  0.397
4  191154276  49.1  52.7  190214555  49.6  51.9  0.380
5  180915260  46.4  49.4  181538259  46.4  50.2  0.394
6  171115067  58.8  61.9  170805979  58.5  60.3  0.395
7  159138663  58.0  61.1  159345973  58.1  61.6  0.405
8  146364022  43.8  46.9  145138636  44.0  46.0  0.399
9  141213431  46.0  66.5  138394717  43.2  61.6  0.411
10 135534747  39.1  42.4  133797422  39.6  41.7  0.415
11 135006516  51.6  54.7  135086622  51.0  54.5  0.413
12 133851895  34.8  37.9  133275309  34.7  37.3  0.403
13 115169878   0.0  19.0  114364328   0.0  18.2  0.383
14 107349540   0.0  19.0  107043718   0.0  18.3  0.409
15 102531392   0.0  20.0  101991189   0.0  19.8  0.421
16  90354753  35.2  46.4   90338345  36.2  46.4  0.446
17  81195210  22.2  25.3   83257441  22.8  27.0  0.453
18  78077248  15.4  18.5   80373285  15.4  20.9  0.397
19  59128983  24.6  27.8   58617616  24.4  27.3  0.485
20  63025520  26.3  29.4   64444167  26.4  30.1  0.437
21  48129895   0.0  14.3   46709983   0.0  13.0  0.400
22  51304566   0.0  16.2   50818468   0.0  15.2  0.477
X  155270560  58.5  61.7  156040895  58.5  62.5  0.392
Y   59373566  10.0  13.4   57227415  10.3  10.6  0.387
"""
#: Where the dark end of the long arm of Y begins, Mb.
Y_TAIL = {"GRCh37": 28.8, "GRCh38": 26.6}

#: Middle of a gene, Mb: contig, GRCh37, GRCh38.
GENES = {
    "ERBB2": ("17", 37.86, 39.71),
    "CCND1": ("11", 69.46, 69.65),
    "FGFR1": ("8", 38.30, 38.44),
    "MYC": ("8", 128.75, 127.74),
    "ZNF217": ("20", 52.20, 53.58),
    "PTEN": ("10", 89.68, 87.92),
    "RB1": ("13", 48.96, 48.39),
    "CDKN2A": ("9", 21.98, 21.98),
}


@dataclass(frozen=True)
class Chromosome:
    """One contig of a build."""

    name: str
    length: int
    p_end: int
    """Where the short arm ends and the dark centromere begins; 0 where it is dark in all."""
    q_start: int
    """Where reads begin again on the long arm."""
    q_end: int
    """Where they end: the contig's end, except on Y."""
    gc: float
    """Share of G and C."""


@dataclass(frozen=True)
class Bins:
    """Stretches of the genome in order; arrays of shape (n,)."""

    contig: NDArray[np.int64]
    """Index into `CONTIGS`."""
    start: NDArray[np.int64]
    """From 0."""
    end: NDArray[np.int64]

    def __len__(self) -> int:
        """How many."""
        return len(self.start)


@cache
def chromosomes(build: str) -> tuple[Chromosome, ...]:
    """The 24 contigs of a build.

    Raises
    ------
    ValueError
        For a build that is not one of `BUILDS`.
    """
    if build not in BUILDS:
        raise ValueError(f"build is {build!r}, must be one of {', '.join(BUILDS)}")
    at = 1 + 3 * BUILDS.index(build)
    found = []
    for line in _TABLE.split("\n")[1:-1]:
        cells = line.split()
        length = int(cells[at])
        p_end, q_start = (round(float(cell) * MB) for cell in cells[at + 1 : at + 3])
        q_end = round(Y_TAIL[build] * MB) if cells[0] == "Y" else length
        found.append(Chromosome(cells[0], length, p_end, q_start, q_end, float(cells[7])))
    return tuple(found)


def arm(build: str, name: str) -> tuple[str, int, int]:
    """Contig, start and end of an arm such as `8q`; the dark centromere belongs to the long arm.

    Raises
    ------
    ValueError
        For an arm that there is not, or that is dark in all.
    """
    for one in chromosomes(build):
        if name == one.name + "q":
            return one.name, one.p_end, one.length
        if name == one.name + "p" and one.p_end:
            return one.name, 0, one.p_end
    raise ValueError(f"{name!r} is not an arm that holds reads")


def gene(build: str, name: str) -> tuple[str, int]:
    """Contig and middle of one of `GENES`."""
    contig, *places = GENES[name]
    return contig, round(places[BUILDS.index(build)] * MB)


def fixed_bins(build: str, size: int) -> Bins:
    """Bins of one size over all contigs; the last of each is what is left."""
    edges = [np.arange(0, one.length, size, dtype=np.int64) for one in chromosomes(build)]
    ends = [
        np.minimum(e + size, one.length) for e, one in zip(edges, chromosomes(build), strict=True)
    ]
    contig = np.repeat(np.arange(len(CONTIGS)), [len(e) for e in edges])
    return Bins(contig, np.concatenate(edges), np.concatenate(ends))


def offsets(build: str) -> NDArray[np.int64]:
    """Where each contig starts if they are laid end to end, and the end of the last."""
    lengths = [one.length for one in chromosomes(build)]
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
