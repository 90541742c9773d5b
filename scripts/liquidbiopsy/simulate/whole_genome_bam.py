"""Write the reads of a simulated whole genome as a sorted BAM with its index and truth.

Read names begin with `simulated` and tell nothing else. Records are put together in compiled code,
as SAMv1 section 4.2 says.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pysam
from numba import njit
from numpy.typing import NDArray

from liquidbiopsy.core.atomic import atomic_path
from liquidbiopsy.simulate.parameters import SIMULATED
from liquidbiopsy.simulate.plasma_writers import write_truth
from liquidbiopsy.simulate.whole_genome_bases import Scaled, base_at, mixed, scaled
from liquidbiopsy.simulate.whole_genome_builds import CONTIGS
from liquidbiopsy.simulate.whole_genome_reads import Fragments, ReadParameters, place_fragments
from liquidbiopsy.simulate.whole_genome_tracks import Tracks
from liquidbiopsy.simulate.whole_genome_writers import write_genome_truth

FLAGS = 39  # stream of the seed
PAIRED, PROPER, UNMAPPED, MATE_UNMAPPED, REVERSE, MATE_REVERSE = 1, 2, 4, 8, 16, 32
FIRST, SECOND, DUPLICATE = 64, 128, 1024
NAME = b"simulated:"
NAME_DIGITS = 9
CHUNK = 100_000  # records put together at a time
QUALITY, BEST_MAPQ, LOW_MAPQ = 37, 60, 20
PACKED = np.array([1, 2, 4, 8, 15], np.uint8)  # A C G T N


@dataclass(frozen=True)
class WrittenReads:
    """What was written."""

    bam: Path
    fragments: Fragments
    """Those that were placed, without copies."""
    truth: pd.DataFrame
    """One row: see `whole_genome_writers.truth_table`, and the reads by what they are."""


@dataclass(frozen=True)
class _Records:
    """Alignments in the order of the file; arrays of shape (n,)."""

    contig: NDArray[np.int64]  # -1 where it is not placed
    place: NDArray[np.int64]
    bases: NDArray[np.int64]
    mapq: NDArray[np.int64]
    flag: NDArray[np.int64]
    mate: NDArray[np.int64]  # where the mate is placed, on the same contig; -1 where nowhere
    span: NDArray[np.int64]  # TLEN
    pair: NDArray[np.int64]  # number of the pair, of which the name is made


def write_reads(
    folder: Path, p: ReadParameters, tracks: Tracks, *, scale: int = 1, level: int = 6
) -> WrittenReads:
    """Simulate a library's reads and write them; equal parameters give equal bytes.

    Its files are `<library_id>.simulated.bam`, its index, `.truth.tsv`, `.segments.tsv`, and
    `.lengths.tsv`: the fragments by length, without copies.

    Parameters
    ----------
    folder : Path
        Where to; made if missing.
    p : ReadParameters
        What to simulate.
    tracks : Tracks
        Of the build that the clones are drawn for.
    scale : int
        How many times the genome is scaled down: see `whole_genome_bases.scaled`, from which
        `whole_genome_bases.write_reference` writes its FASTA.
    level : int
        Of compression, 1 to 9.

    Raises
    ------
    ValueError
        For a scale that does not fit.
    """
    g = scaled(tracks, scale)
    rng = np.random.default_rng((p.genome.seed, FLAGS))
    unmapped = round(p.pairs * p.unmapped)
    copies = round(p.pairs * p.duplicates)
    fragments = place_fragments(p, tracks, g, p.pairs - unmapped - copies)
    records = _records(p, fragments, copies, unmapped, rng)
    bam = folder / f"{p.genome.library_id}.simulated.bam"
    bgzf: Any = pysam.BGZFile  # htslib takes the level at the mode's end, the types do not say so
    with atomic_path(bam) as partial:
        with bgzf(str(partial), f"wb{level}") as out:
            out.write(_header(p, g))
            for at in range(0, len(records.pair), CHUNK):
                out.write(_bytes(records, g, slice(at, at + CHUNK)))
        with atomic_path(bam.with_name(bam.name + ".bai")) as index:
            pysam.index(str(partial), str(index))
    more = {
        "reads": len(records.pair), "pairs": p.pairs, "fragments": len(fragments.start),
        "duplicate_pairs": copies, "unmapped_pairs": unmapped,
        "tumour_fragments": int(fragments.tumour.sum()),
        "low_mapq_reads": int(((records.mapq < LOW_MAPQ) & (records.contig >= 0)).sum()),
    }  # fmt: skip
    _, truth = write_genome_truth(folder, p.genome, tracks, **more)
    write_truth(folder / f"{p.genome.library_id}.lengths.tsv", length_table(fragments))
    return WrittenReads(bam, fragments, truth)


def length_table(fragments: Fragments) -> pd.DataFrame:
    """One row a length that there is: how many fragments, and how many of them the tumour's."""
    every = np.bincount(fragments.length)
    tumour = np.bincount(fragments.length[fragments.tumour], minlength=len(every))
    there = np.flatnonzero(every)
    return pd.DataFrame({"length": there, "fragments": every[there], "tumour": tumour[there]})


def _records(
    p: ReadParameters, f: Fragments, copies: int, unmapped: int, rng: np.random.Generator
) -> _Records:
    """Both reads of every pair, by place; those that are not placed last."""
    source = np.append(np.arange(len(f.start)), rng.integers(0, len(f.start), copies))
    n = len(source)
    contig, start, length = f.contig[source], f.start[source], f.length[source]
    bases = np.minimum(length, p.read_length)
    copy = (np.arange(n) >= len(f.start)) & p.mark_duplicates
    chance = np.clip(p.low_mapq + 0.5 * (0.9 - f.mappability[source]), p.low_mapq, 1)
    mapq = np.where(rng.random((2, n)) < chance, rng.integers(0, LOW_MAPQ, (2, n)), BEST_MAPQ)
    left_first = rng.random(n) < 0.5
    common = PAIRED + PROPER + DUPLICATE * copy
    left = common + MATE_REVERSE + np.where(left_first, FIRST, SECOND)
    right = common + REVERSE + np.where(left_first, SECOND, FIRST)
    far = start + length - bases
    both = _Records(
        np.tile(contig, 2), np.append(start, far), np.tile(bases, 2), mapq.ravel(),
        np.append(left, right), np.append(far, start), np.append(length, -length),
        np.tile(np.arange(n), 2),
    )  # fmt: skip
    order = np.lexsort((np.arange(2 * n), both.pair, both.place, both.contig))
    if not p.paired:
        one = np.append(left_first, ~left_first)
        order = order[one[order]]
        alone = both.flag & (REVERSE + DUPLICATE)
        nowhere = np.full(2 * n, -1)
        both = _Records(
            both.contig, both.place, both.bases, both.mapq, alone, nowhere, 0 * both.span, both.pair
        )
    ends = 2 if p.paired else 1
    lost = np.repeat(np.arange(n, n + unmapped), ends)
    flags = [PAIRED + UNMAPPED + MATE_UNMAPPED + x for x in (FIRST, SECOND)]
    tail = _Records(
        np.full(len(lost), -1), np.full(len(lost), -1), np.full(len(lost), p.read_length),
        0 * lost, np.tile(flags if p.paired else [UNMAPPED], unmapped), np.full(len(lost), -1),
        0 * lost, lost,
    )  # fmt: skip
    names = list(_Records.__dataclass_fields__)
    return _Records(*(np.append(getattr(both, k)[order], getattr(tail, k)) for k in names))


def _header(p: ReadParameters, g: Scaled) -> bytes:
    names = [p.prefix + name for name in CONTIGS]
    lines = ["@HD\tVN:1.6\tSO:coordinate"]
    lines += [f"@SQ\tSN:{name}\tLN:{length}" for name, length in zip(names, g.lengths, strict=True)]
    lines += [f"@RG\tID:simulated\tSM:simulated_{p.genome.library_id}", f"@CO\t{SIMULATED}"]
    text = ("\n".join(lines) + "\n").encode()
    found = [b"BAM\1", struct.pack("<i", len(text)), text, struct.pack("<i", len(names))]
    for name, length in zip(names, g.lengths, strict=True):
        found.append(struct.pack("<i", len(name) + 1) + name.encode() + b"\0")
        found.append(struct.pack("<i", length))
    return b"".join(found)


def _bytes(records: _Records, g: Scaled, part: slice) -> bytes:
    name_bytes = len(NAME) + NAME_DIGITS + 1
    contig, bases = records.contig[part], records.bases[part]
    sizes = 36 + name_bytes + 4 * (contig >= 0) + (bases + 1) // 2 + bases
    at = np.concatenate([[0], np.cumsum(sizes)])
    out = np.zeros(int(at[-1]), np.uint8)
    _encode(
        out, at, contig, records.place[part], bases, records.mapq[part], records.flag[part],
        records.mate[part], records.span[part], records.pair[part],
        np.frombuffer(NAME, np.uint8), g.seed, g.first_cell, g.cell_bp, g.strong,
    )  # fmt: skip
    return out.tobytes()


@njit(cache=True, nogil=True)
def _put(out, at, value, size):  # type: ignore[no-untyped-def]
    for k in range(size):
        out[at + k] = (value >> (8 * k)) & 255
    return at + size


@njit(cache=True, nogil=True)
def _window(first, last):  # type: ignore[no-untyped-def]
    """Bin of the index that holds an alignment (SAMv1 section 5.3)."""
    last -= 1
    for shift, base in ((14, 4681), (17, 585), (20, 73), (23, 9), (26, 1)):
        if first >> shift == last >> shift:
            return base + (first >> shift)
    return 0


@njit(cache=True, nogil=True)
def _encode(  # type: ignore[no-untyped-def]
    out, starts, contig, place, bases, mapq, flag, mate, span, pair, name, seed, first_cell,
    cell_bp, strong
):  # fmt: skip
    for r in range(len(contig)):
        there, n = contig[r] >= 0, bases[r]
        w = _put(out, starts[r], starts[r + 1] - starts[r] - 4, 4)
        w = _put(out, w, contig[r], 4)
        w = _put(out, w, place[r], 4)
        w = _put(out, w, len(name) + NAME_DIGITS + 1, 1)
        w = _put(out, w, mapq[r], 1)
        w = _put(out, w, _window(place[r], place[r] + n) if there else 4680, 2)
        w = _put(out, w, 1 if there else 0, 2)
        w = _put(out, w, flag[r], 2)
        w = _put(out, w, n, 4)
        w = _put(out, w, contig[r] if mate[r] >= 0 else -1, 4)
        w = _put(out, w, mate[r], 4)
        w = _put(out, w, span[r], 4)
        out[w : w + len(name)] = name
        number = pair[r] + 1
        for k in range(NAME_DIGITS):
            out[w + len(name) + NAME_DIGITS - 1 - k] = 48 + number % 10
            number //= 10
        w += len(name) + NAME_DIGITS + 1
        if there:
            w = _put(out, w, n << 4, 4)
        for k in range(n):
            if there:
                code = base_at(contig[r], place[r] + k, seed, first_cell, cell_bp, strong)
            else:
                code = np.int64(mixed((2 * pair[r] + (flag[r] >> 7)) * 512 + k) & np.uint64(3))
            out[w + (k >> 1)] |= PACKED[code] << (0 if k & 1 else 4)
        w += (n + 1) >> 1
        out[w : w + n] = QUALITY
