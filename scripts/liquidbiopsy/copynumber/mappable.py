"""Bins of equally many places to which reads map uniquely, cut out of a reference.

A place counts where the bases of a read that begins there occur once in the whole reference, on
either strand. Every contig is cut so that its bins have the same number of such places, as Ginkgo
cuts genomes [1]_: a cell without changes has the same number of reads in all.

References
----------
.. [1] Garvin T et al. Interactive analysis and assessment of single-cell copy-number variations.
       Nat Methods 2015;12:1058-1060, doi:10.1038/nmeth.3578
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber import mappable_kernel as kernel
from liquidbiopsy.copynumber.bin_table import read_bin_table
from liquidbiopsy.copynumber.bins import CONTIGS, Bins, Values, plain
from liquidbiopsy.copynumber.gc_content import gc_of_reference
from liquidbiopsy.copynumber.reference_gc import GC
from liquidbiopsy.core.errors import InputError, UserError
from liquidbiopsy.core.names import without_place
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import Table, column, real
from liquidbiopsy.reads.reference import Reference, open_reference

TILES = 500  # to a bin: its ends are put at those of a tile
PART = 75_000_000  # k-mers that are looked at together, about
ROOM = 1.6  # slots of the table to a k-mer, at least
CODES = np.full(256, kernel.UNKNOWN, np.uint8)
for _code, _letter in enumerate("ACGT"):
    CODES[ord(_letter)] = _code

MAPPABLE = Table(
    name="mappable_bins",
    row="one bin of a reference; where it cannot be read, the one row says why",
    columns=(
        *GC.columns[:-1],
        column("mappability", real, "Places to which reads map uniquely over all, 0 to 1"),
        GC.columns[-1],
    ),
)


@dataclass(frozen=True)
class MappableBins:
    """Bins of a reference; arrays of shape (n,)."""

    bins: Bins
    gc: Values
    acgt: Values
    mappability: Values


def mappable_reference(fasta: str, size: int, length: int, code: str, path: str) -> None:
    """Write the bins of a reference; one that cannot be read leaves the reason.

    Parameters
    ----------
    fasta : str
        FASTA file of the reference.
    size : int
        Mean bases of a bin.
    length : int
        Bases of a read.
    code : str
        Digest of the code.
    path : str
        Where the table goes. Up to a byte a base of the genome lies beside it for a time.
    """
    try:
        tile = max(size // TILES, 1)
        with open_reference(fasta) as reference:
            lengths = {
                plain(name): n for name, n in reference.contigs.items() if plain(name) in CONTIGS
            }
            tiles = mappable_tiles(reference, length, tile, Path(path).parent)
        bins, mappability = cut(tiles, lengths, tile, size)
        if not len(bins):
            raise InputError(fasta, "has no bin of chromosomes 1 to 22, X and Y")
        rows = _rows(bins, *gc_of_reference(fasta, bins), mappability)
    except InputError as error:
        reason = without_place(str(error), fasta, Path(fasta).name)
        rows = [{"chrom": "", "start": 0, "end": 0, "reason": reason}]
    settings = {"size": size, "length": length}
    made = Provenance(code, settings, checksums({Path(fasta).name: fasta}))
    write_table(table_of(rows, MAPPABLE), path, MAPPABLE, made)


def read_mappable_bins(path: str) -> MappableBins:
    """Bins that `mappable_reference` wrote.

    Raises
    ------
    UserError
        The reference could not be read.
    """
    reason = next(filter(None, read_table(path)["reason"].to_pylist()), None)
    if reason:
        raise UserError(reason)
    made = read_bin_table(path)
    return MappableBins(made.bins, *map(made.numbers, ("gc", "acgt", "mappability")))


def mappable_tiles(
    reference: Reference, length: int, tile: int, folder: Path
) -> dict[str, npt.NDArray[np.int64]]:
    """Places to which reads map uniquely, in tiles of each chromosome 1 to 22, X and Y.

    Parameters
    ----------
    reference : Reference
        All of its contigs count where a read may map elsewhere.
    length : int
        Bases of a read.
    tile : int
        Bases of a tile; the last of a contig is what is left.
    folder : Path
        For a file of a byte a base, which goes at the end.
    """
    contigs = list(reference.contigs.items())
    total = sum(n for _, n in contigs)
    parts = max(1, math.ceil(total / PART))
    slots = 1 << math.ceil(math.log2(max(ROOM * min(total, PART * 1.1), 1024)))
    first, count = _first_tiles(contigs, tile)
    counts = np.zeros(count, np.int64)
    with TemporaryDirectory(dir=folder, prefix=".bases-") as spare:
        codes = np.memmap(Path(spare) / "codes", np.uint8, "w+", shape=(max(total, 1),))
        starts = np.cumsum([0, *(n for _, n in contigs)])
        for (name, n), at in zip(contigs, starts, strict=False):
            bases = np.frombuffer(reference.fetch(name, 0, n).encode("ascii"), np.uint8)
            codes[at : at + n] = CODES[bases]
        keys, seen = np.empty(slots, np.uint64), np.empty(slots, np.uint32)
        for part in range(parts):
            seen[:] = kernel.FREE
            for (name, n), at in zip(contigs, starts, strict=False):
                own = codes[at : at + n]
                kernel.add(own, length, part, parts, tile, first.get(name, -1), keys, seen)
            kernel.tally(seen, counts)
        del codes
    return {
        plain(name): counts[first[name] : first[name] + -(-n // tile)]
        for name, n in contigs
        if name in first
    }


def cut(
    tiles: dict[str, npt.NDArray[np.int64]], lengths: dict[str, int], tile: int, size: int
) -> tuple[Bins, Values]:
    """Bins of equally many places, and the share of their bases that are such, shape (n,).

    Parameters
    ----------
    tiles : dict
        Places in each tile, by contig.
    lengths : dict
        Bases of these contigs.
    tile, size : int
        Bases of a tile, and on average of a bin.
    """
    names = [name for name in CONTIGS if name in tiles and tiles[name].sum()]
    mass = sum(int(tiles[name].sum()) for name in names)
    wanted = mass * size / max(sum(lengths[name] for name in names), 1)
    starts, ends, which, shares = [], [], [], []
    for k, name in enumerate(names):
        sums = np.concatenate([[0], np.cumsum(tiles[name])])
        many = max(round(sums[-1] / wanted), 1)
        inner = np.searchsorted(sums, sums[-1] * np.arange(1, many) / many)
        edges = np.unique(np.concatenate([[0], inner * tile, [lengths[name]]])).astype(np.int64)
        at = np.minimum(-(-edges // tile), tiles[name].size)
        starts.append(edges[:-1])
        ends.append(edges[1:])
        which.append(np.full(edges.size - 1, k, np.int16))
        shares.append(np.diff(sums[at]) / np.diff(edges))
    if not names:
        none = np.empty(0, np.int64)
        return Bins((), np.empty(0, np.int16), none, none), np.empty(0)
    bins = Bins(tuple(names), np.concatenate(which), np.concatenate(starts), np.concatenate(ends))
    return bins, np.concatenate(shares)


def _first_tiles(contigs: list[tuple[str, int]], tile: int) -> tuple[dict[str, int], int]:
    """Number of the first tile of each chromosome, the first of its name; and how many."""
    found: dict[str, int] = {}
    known: set[str] = set()
    count = 0
    for name, n in contigs:
        if plain(name) in CONTIGS and plain(name) not in known:
            known.add(plain(name))
            found[name] = count
            count += -(-n // tile)
    return found, count


def _rows(bins: Bins, gc: Values, acgt: Values, mappability: Values) -> list[dict[str, Any]]:
    columns = (bins.chrom(), bins.start.tolist(), bins.end.tolist(), gc.tolist())
    more = (acgt.tolist(), mappability.tolist())
    return [
        {"chrom": c, "start": s, "end": e, "gc": None if math.isnan(share) else share,
         "acgt": known, "mappability": m}
        for c, s, e, share, known, m in zip(*columns, *more, strict=True)
    ]  # fmt: skip
