"""Pairs of FASTQ files, plain or gzipped; faults are named by file and record."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from itertools import zip_longest
from pathlib import Path

import dnaio
from dnaio import SequenceRecord
from dnaio.exceptions import FastqFormatError

from liquidbiopsy.core.errors import InputError

SAME = 50
"""Pairs from which it is told that both files are one."""


def read_fastq(file: str) -> Generator[SequenceRecord, None, None]:
    """Records of one FASTQ file.

    Raises
    ------
    InputError
        It cannot be opened, is cut off, is not FASTQ or has no reads; the record is named.
    """
    if not Path(file).is_file():
        raise InputError(file, "does not exist, or is no file", "check the path in the sheet")
    count = 0
    try:
        # without threads the file is unpacked in this process: a pipe would hide how it ends
        with dnaio.open(file, fileformat="fastq", open_threads=0) as reader:
            for record in reader:
                count += 1
                yield record
    except EOFError as error:
        raise _cut_off(file, count) from error
    except FastqFormatError as error:
        if "remature end of file" in error.message:
            raise _cut_off(file, count) from error
        where = f", line {error.line + 1}," if error.line is not None else " or one soon after it"
        problem = f"record {count + 1}{where} is not FASTQ: {error.message}"
        raise InputError(file, problem, "write the file again, or copy it again") from error
    except Exception as error:  # what unpacks gzip, xz and zstd has errors of its own each
        why = getattr(error, "strerror", None) or str(error)
        remedy = "is it FASTQ, plain or gzipped? copy it again"
        raise InputError(file, f"record {count + 1} cannot be read: {why}", remedy) from error
    if not count:
        raise InputError(file, "has no reads", "was the run or the demultiplexing completed?")


def read_pairs(first: str, second: str) -> Iterator[tuple[SequenceRecord, SequenceRecord]]:
    """Pairs of records from two files that are in step.

    Raises
    ------
    InputError
        As `read_fastq`; names of a pair differ; one file has fewer reads; both are the same reads.
    """
    both = zip_longest(read_fastq(first), read_fastq(second))
    same = True
    for count, (one, other) in enumerate(both, 1):
        if one is None or other is None:
            short, long = (first, second) if one is None else (second, first)
            problem = f"ends after record {count - 1}; {Path(long).name} has more"
            raise InputError(short, problem, "copy both files again: they must have equal reads")
        if not one.is_mate(other):
            problem = f"record {count} is '{other.id}', and '{one.id}' in {Path(first).name}"
            remedy = "the two files are out of step: sort or write them again as pairs"
            raise InputError(second, problem, remedy)
        same = same and one.sequence == other.sequence
        if same and count == SAME:  # ends of fragments are never alike so often
            problem = f"has the reads of {Path(first).name} once more in its first {SAME} records"
            raise InputError(second, problem, "give the file of the second reads")
        yield one, other


def number_in_pair(record: SequenceRecord) -> str:
    """Which of a pair a read says it is, `1` or `2`: by `/2`, or ` 2:N:0:` as Illumina writes it.

    Blank where its name does not tell.
    """
    if record.id[-2:] in ("/1", "/2"):
        return record.id[-1]
    told = re.match(r"([12]):[YN]:\d+", record.comment or "")
    return told[1] if told else ""


def template_name(record: SequenceRecord) -> str:
    """Name that both reads of a pair share: without what follows a blank, without `/1`, `/2`."""
    name = record.id
    return name[:-2] if name.endswith(("/1", "/2")) else name


def _cut_off(file: str, count: int) -> InputError:
    problem = f"is cut off in record {count + 1}"
    return InputError(file, problem, "copy it again, or write it again")
