"""GC of bins, and their share of known bases, counted over a reference genome."""

from __future__ import annotations

from collections.abc import Iterator

import numba as nb
import numpy as np

from liquidbiopsy.copynumber.bins import Bins, Values, plain
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads.bgzf import blocks

PIECE = 1 << 22  # bytes of a plain file read at a time
REMEDY = "the reference must be a FASTA file, plain or compressed with bgzip"
NOTHING, AT, GC, OTHER, WRONG = range(5)
"""What a byte is: the end of a line, a base, a letter for several bases, nothing of a sequence."""


def _table() -> np.ndarray:
    table = np.full(256, WRONG, np.uint8)
    kinds = ((b"\r\n\t ", NOTHING), (b"ATU", AT), (b"GC", GC), (b"NRYSWKMBDHVX-*.", OTHER))
    for letters, kind in kinds:
        for letter in letters + letters.lower():
            table[letter] = kind
    return table


KINDS = _table()


def gc_of_reference(fasta: str, bins: Bins) -> tuple[Values, Values]:
    """Share of G and C, and of A, C, G and T, in each bin.

    Parameters
    ----------
    fasta : str
        FASTA file, plain or compressed with bgzip; no index is needed.
    bins : Bins

    Returns
    -------
    gc : array of float, shape (n,)
        Of the known bases, 0 to 1; NaN where there is none.
    acgt : array of float, shape (n,)
        Known bases over those of the bin (or up to the end of the contig), 0 to 1.

    Raises
    ------
    InputError
        The file cannot be read, is no FASTA, or has a contig of the bins not or of another length.
    """
    gc, known = np.zeros(len(bins)), np.zeros(len(bins))
    lengths: dict[str, int] = {}
    contig, own, at, place = "", slice(0, 0), 0, 0
    for name, sequence in _pieces(fasta):
        if name != contig:
            contig, own, at, place = name, bins.of(plain(name)), 0, 0
            if plain(name) in lengths:  # the first of a name is the one that counts
                own = slice(0, 0)
        if own.stop > own.start:
            data = np.frombuffer(sequence, np.uint8)
            at, place = _count(data, at, place, bins.end[own], gc[own], known[own], KINDS)
            if at < 0:
                raise InputError(fasta, f"is not FASTA: {name} has letters of no base", REMEDY)
            lengths[plain(name)] = at
    _check_lengths(fasta, bins, lengths)
    reach = np.array([lengths[name] for name in bins.contigs], np.int64)[bins.contig]
    bases = np.minimum(bins.end, reach) - bins.start
    with np.errstate(invalid="ignore", divide="ignore"):
        return gc / known, known / bases


def _check_lengths(fasta: str, bins: Bins, lengths: dict[str, int]) -> None:
    """Refuse a reference whose contigs are not those that the bins were laid over."""
    for name in bins.contigs:
        own = bins.of(name)
        if name not in lengths:
            raise InputError(fasta, f"has no chromosome {name}", "give the reads' own reference")
        last, end = int(bins.start[own.stop - 1]), int(bins.end[own.stop - 1])
        if not last < lengths[name] < end + (end - last):  # some counters leave the last part out
            problem = f"is of another build: chromosome {name} has {lengths[name]} bases, and bins"
            raise InputError(fasta, f"{problem} up to {end}", "give the reads' own reference")


@nb.njit(cache=True, nogil=True)
def _count(data, at, place, ends, gc, known, kinds):  # type: ignore[no-untyped-def]
    """Count a piece of a contig that begins at base `at`, in bin `place`; gives where it ends."""
    limit = ends[place] if place < ends.size else np.int64(1) << 62
    strong = weak = 0
    for letter in data:
        kind = kinds[letter]
        if kind == NOTHING:
            continue
        if kind == WRONG:
            return -1, 0
        if at == limit:
            gc[place] += strong
            known[place] += strong + weak
            strong = weak = 0
            place += 1
            limit = ends[place] if place < ends.size else np.int64(1) << 62
        strong += kind == GC
        weak += kind == AT
        at += 1
    if place < ends.size:
        gc[place] += strong
        known[place] += strong + weak
    return at, place


def _pieces(fasta: str) -> Iterator[tuple[str, memoryview]]:
    """Pieces of sequences, lines unbroken, with the names of their contigs."""
    name, head, begun = "", b"", False
    for chunk in _chunks(fasta):
        if not begun and chunk.lstrip()[:1] != b">":
            raise InputError(fasta, "is not FASTA: it does not begin with >", REMEDY)
        begun, place, view = True, 0, memoryview(chunk)
        while place < len(chunk):
            if head:  # within the line of a name
                stop = chunk.find(b"\n", place)
                head += chunk[place : stop if stop >= 0 else len(chunk)]
                if stop < 0:
                    break
                words = head[1:].split()
                name = words[0].decode("utf-8", "replace") if words else ""
                head, place = b"", stop
            stop = chunk.find(b">", place)
            if name:
                yield name, view[place : stop if stop >= 0 else len(chunk)]
            if stop < 0:
                break
            head, place = b">", stop + 1
    if not begun:
        raise InputError(fasta, "is empty", REMEDY)


def _chunks(fasta: str) -> Iterator[bytes]:
    """Bytes of the file, inflated where it is compressed."""
    try:
        with open(fasta, "rb") as handle:
            start = handle.read(18)
            if start[:2] == b"\x1f\x8b":
                if start[12:14] != b"BC":
                    raise InputError(fasta, "is compressed by gzip, not by bgzip", REMEDY)
                yield from blocks(fasta)
                return
            handle.seek(0)
            while piece := handle.read(PIECE):
                yield piece
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise InputError(fasta, reason, "check the path of the reference") from None
