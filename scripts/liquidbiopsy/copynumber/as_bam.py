"""Alignments as a stream of BAM, whether the file is BAM or CRAM.

CRAM is turned into BAM by samtools in a process of its own, which writes into a pipe; what counting
does not need (names, qualities, all tags but MC) is not decoded.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pysam

from liquidbiopsy.copynumber.record_stream import RecordStream
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads.reference import open_reference

FIELDS = "0xbfe"  # flag, place, quality, CIGAR, mate, length of the template, bases, tags
_RUN = "import sys, pysam; pysam.view(*sys.argv[1:], catch_stdout=False)"
_OUTSIDE = "outside of ref sequence"
"""In samtools' warning where a read lies beyond the reference, whose bases it then makes up."""
_REMEDY = "give the reference that it was written against, or copy the file again"


@contextmanager
def read_alignments(
    path: str, name: str, reference: str | None
) -> Iterator[tuple[RecordStream, dict[str, int]]]:
    """Open a BAM or CRAM file as BAM records, and its contigs; no index is needed.

    Parameters
    ----------
    path : str
    name : str
        The file as messages name it.
    reference : str or None
        FASTA file that a CRAM file was written against. It may be shorter than the file's header
        says, as long as no read goes beyond it.

    Yields
    ------
    reader : RecordStream
    contigs : dict
        Name -> length in bases as the file itself declares it.

    Raises
    ------
    InputError
        The file is not there, is neither, is cut off or damaged, or is CRAM and cannot be read with
        this reference. What is wrong further on in the file is raised as the records are asked for.
    """
    if not Path(path).is_file():
        raise InputError(name, "does not exist, or is no file", "check the path in the sheet")
    try:
        with open(path, "rb") as handle:
            start = handle.read(4)
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise InputError(name, reason, "check the permissions") from error
    if not start:
        raise InputError(name, "is empty: it has not even a header", "copy or make it again")
    if start != b"CRAM":
        with RecordStream(path, name=name) as reader:
            yield reader, reader.header.contigs
        return
    if reference is None:
        remedy = "name the reference that it was written against in the sheet"
        raise InputError(name, "is CRAM, which cannot be read without its reference", remedy)
    with open_reference(reference) as genome, tempfile.TemporaryFile() as errors:
        contigs = _declared(path, name)
        with _from_cram(path, name, str(genome.place), errors) as reader:
            yield reader, contigs


def _declared(path: str, name: str) -> dict[str, int]:
    """Contigs of a CRAM file; turned into BAM it would have the reference's lengths."""
    before = pysam.set_verbosity(0)
    try:
        with pysam.AlignmentFile(path, "rc", check_sq=False) as handle:
            return dict(zip(handle.references, handle.lengths, strict=True))
    except (OSError, ValueError) as error:
        raise InputError(name, f"cannot be read as CRAM: {error}", _REMEDY) from error
    finally:
        pysam.set_verbosity(before)


@contextmanager
def _from_cram(path: str, name: str, fasta: str, errors: IO[bytes]) -> Iterator[RecordStream]:
    command = [sys.executable, "-P", "-c", _RUN, "--no-PG", "-u", "-T", fasta, "--keep-tag", "MC"]
    command += ["--input-fmt-option", f"required_fields={FIELDS}", "-o", "-", path]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
    ) as process:
        assert process.stdout is not None
        try:
            with RecordStream(f"/dev/fd/{process.stdout.fileno()}", name=name) as reader:
                yield reader
                done = reader.ended
            if done:  # else samtools waits to be read on
                _raise_told(name, errors, failed=process.wait() != 0)
        except InputError:
            process.kill()
            process.wait()
            _raise_told(name, errors, failed=False)  # why the stream ended, where samtools says so
            raise
        finally:
            process.kill()


def _raise_told(name: str, errors: IO[bytes], *, failed: bool) -> None:
    """Raise what samtools told to be wrong with the file, or that it failed."""
    errors.seek(0)
    words = errors.read().decode(errors="replace")
    if _OUTSIDE in words:
        raise InputError(name, "has reads beyond the end of the reference", _REMEDY)
    told = [line.split("] ", 1)[-1] for line in words.splitlines() if line.startswith("[E::")]
    if told or failed:
        why = told[0].strip() if told else "samtools view gave up"
        raise InputError(name, f"cannot be read as CRAM: {why}", _REMEDY)
