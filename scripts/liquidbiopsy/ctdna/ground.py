"""The reference under the reads: from a FASTA file, or from the MD tags of the reads themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pysam

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctdna.contexts import CODE_OF, NONE, Codes, coded
from liquidbiopsy.reads.reference import Reference

NUMBER_OR_BASES = re.compile(r"(\d+)|(\^[A-Za-z]+)|([A-Za-z])")


def reference_codes(reference: Reference, chrom: str, start: int, end: int) -> Codes:
    """Codes of a stretch of the reference, from 0, N where it runs over a contig's end."""
    length = reference.contigs[chrom]
    low, high = max(0, start), min(length, end)
    found = np.full(end - start, NONE, np.uint8)
    if low < high:
        found[low - start : high - start] = coded(reference.fetch(chrom, low, high))
    return found


def codes_of_reads(reads: Iterable[pysam.AlignedSegment], start: int, end: int, file: str) -> Codes:
    """Codes of the stretch of the reference from `start` to `end`, as the MD tags of reads tell it.

    Raises
    ------
    InputError
        A read has no MD tag, or one that does not fit it.
    """
    found = np.full(end - start, NONE, np.uint8)
    for read in reads:
        low, high = max(start, read.reference_start), min(end, read.reference_end or 0)
        if low >= high or (found[low - start : high - start] != NONE).all():
            continue
        if not read.has_tag("MD"):
            raise InputError(
                file,
                f"read {read.query_name} has no MD tag, and ctdna.tsv names no reference",
                "name a reference, or write the tags with samtools calmd",
            )
        try:
            codes = _by_tag(read)
        except IndexError as error:
            problem = f"read {read.query_name} has an MD tag that does not fit its CIGAR"
            remedy = "name a reference, or write the tags anew with samtools calmd"
            raise InputError(file, problem, remedy) from error
        found[low - start : high - start] = codes[
            low - read.reference_start : high - read.reference_start
        ]
    return found


def _by_tag(read: pysam.AlignedSegment) -> Codes:
    """Reference codes under the aligned part of a read."""
    sequence = np.frombuffer((read.query_sequence or "").encode("ascii"), np.uint8)
    codes = np.full((read.reference_end or 0) - read.reference_start, NONE, np.uint8)
    kept, at, here = [], 0, 0
    for operation, length in read.cigartuples or ():
        if operation in (0, 7, 8):  # M = X
            codes[here : here + length] = CODE_OF[sequence[at : at + length]]
            kept.append(np.arange(here, here + length))
            here, at = here + length, at + length
        elif operation in (1, 4):  # I S
            at += length
        elif operation in (2, 3):  # D N
            here += length
    aligned = np.concatenate(kept) if kept else np.empty(0, np.int64)
    m = 0  # place among the aligned bases
    for same, gone, other in NUMBER_OR_BASES.findall(str(read.get_tag("MD"))):
        if same:
            m += int(same)
        elif gone:
            begin = int(aligned[m - 1]) + 1 if m else 0
            codes[begin : begin + len(gone) - 1] = coded(gone[1:])
        else:
            codes[aligned[m]] = CODE_OF[ord(other)]
            m += 1
    return codes
