"""BAM and CRAM files from elsewhere: opened, looked into, read with every fault named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pysam
from pysam import AlignedSegment, AlignmentFile

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads.reference import Reference

LOOKED_INTO = 10_000
"""Reads from which it is told what a file is."""
CONSENSUS_TAG = "cD"
"""Depth of a consensus read, as fgbio and fgumi write it."""


@dataclass(frozen=True)
class Seen:
    """What the first reads of a file are."""

    aligned: bool
    consensus: bool
    rx: bool


@contextmanager
def open_alignments(file: str, reference: Reference | None) -> Iterator[AlignmentFile]:
    """Open a BAM or CRAM file for reading.

    Raises
    ------
    InputError
        It is not there, is neither, is cut off, or is a CRAM file without a reference.
    """
    if not Path(file).is_file():
        raise InputError(file, "does not exist, or is no file", "check the path in the sheet")
    before = pysam.set_verbosity(0)
    place = None if reference is None else str(reference.place)
    try:
        handle = AlignmentFile(file, "r", check_sq=False, reference_filename=place)
    except (OSError, ValueError) as error:
        words = str(error)
        if "EOF marker" in words or "truncated" in words.lower():
            problem = "is cut off: the block that ends a BAM file is not there"
            raise InputError(file, problem, "copy it again, or write it again") from error
        raise InputError(file, "is neither BAM nor CRAM, or cannot be read", words) from error
    finally:
        pysam.set_verbosity(before)
    if handle.is_cram and reference is None:
        handle.close()
        remedy = "name the reference that it was written against in the sheet"
        raise InputError(file, "is CRAM, which cannot be read without its reference", remedy)
    try:
        yield handle
    finally:
        with suppress(OSError):  # htslib says once more that the file is damaged
            handle.close()


def contigs_in(handle: AlignmentFile) -> dict[str, int]:
    """Names and lengths of a file's contigs, in their order."""
    return dict(zip(handle.references, handle.lengths, strict=True))


def reads_of(handle: AlignmentFile, file: str) -> Iterator[AlignedSegment]:
    """All reads of a file in its order.

    Raises
    ------
    InputError
        The file is damaged or cut off; the record is named.
    """
    count = 0
    before = pysam.set_verbosity(0)
    try:
        for read in handle.fetch(until_eof=True):
            count += 1
            yield read
    except (OSError, ValueError) as error:
        problem = f"record {count + 1} cannot be read: the file is cut off or damaged"
        if handle.is_cram:
            problem += ", or was not written against this reference"
        raise InputError(file, problem, "copy it again, or write it again") from error
    finally:
        pysam.set_verbosity(before)


def look_into(file: str, reference: Reference | None) -> Seen:
    """Tell from its first reads what a file is.

    Raises
    ------
    InputError
        As `open_alignments` and `reads_of`; it has no reads.
    """
    with open_alignments(file, reference) as handle:
        first = list(islice(reads_of(handle, file), LOOKED_INTO))
    if not first:
        raise InputError(file, "has no reads")
    return Seen(
        aligned=any(not read.is_unmapped for read in first),
        consensus=any(read.has_tag(CONSENSUS_TAG) for read in first),
        rx=any(read.has_tag("RX") for read in first),
    )


def header_of(contigs: Mapping[str, int], specimen: str, library: str) -> dict[str, Any]:
    """A header with nothing of the machine in it.

    Parameters
    ----------
    contigs : mapping
        Name -> length.
    specimen, library : str
        Become sample and library of the one read group, which has the library's name.
    """
    return {
        "HD": {"VN": "1.6", "SO": "unsorted"},
        "SQ": [{"SN": name, "LN": length} for name, length in contigs.items()],
        "RG": [{"ID": library, "SM": specimen, "LB": library}],
    }


def write_empty(place: Path, header: Mapping[str, Any]) -> None:
    """A BAM file without reads."""
    header = {**header, "HD": {"VN": "1.6", "SO": "coordinate"}}
    with AlignmentFile(str(place), "wb", header=header):
        pass
