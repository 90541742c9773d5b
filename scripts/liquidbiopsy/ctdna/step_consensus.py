"""Step `consensus` of one library: its reads in, one read or pair a molecule out."""

from __future__ import annotations

import logging
import shutil
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pysam

from liquidbiopsy.core.atomic import atomic_path
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.core.names import without_place
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import FAILED, QUALITY
from liquidbiopsy.ctdna.consensus_quality import (
    copies_row,
    family_rows,
    quality_rows,
    why_none,
)
from liquidbiopsy.ctdna.consensus_stream import Tally, consensus_records
from liquidbiopsy.ctdna.group import template_sorted
from liquidbiopsy.ctdna.overlap import settle
from liquidbiopsy.ctdna.realign import header_text, realigned
from liquidbiopsy.ctdna.tables import FAMILIES, LIBRARIES, RAW
from liquidbiopsy.reads.align import contigs_of
from liquidbiopsy.reads.alignments import header_of, write_empty
from liquidbiopsy.reads.bam import BamReader
from liquidbiopsy.reads.bgzf import BgzfWriter
from liquidbiopsy.reads.chunks import chunk_of
from liquidbiopsy.reads.repeats import repeats_of
from liquidbiopsy.reads.umis import NONE, RX

log = logging.getLogger(__name__)
SORT_MB = 512
NOTHING_KEPT = "are reads, reference, panel and settings of one library?"


def consensus_library(
    inputs: Mapping[str, str],
    source: str,
    index: str | None,
    reference: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
    code: str,
    outputs: Mapping[str, str],
    threads: int,
) -> None:
    """Group the reads of a library by molecule and make a consensus of each.

    Parameters
    ----------
    inputs : dict
        Paths of `reads` (of a raw library sorted by template coordinate) and `library` (how
        aligning it went).
    source : str
        The file that the library is read from, as messages name it.
    index : str, optional
        Prefix of a BWA index, to which consensus reads are aligned where `consensus.realign` says
        so.
    reference : dict, optional
        fasta and build; what they were aligned to.
    settings : dict
        The sections `umi`, `align` and `consensus`.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `consensus` (BAM), `index` (of it), `library` (its row again), `families` and
        `quality`. Of a library that cannot be grouped the row has status `failed` and the reason,
        and the BAM file no reads.
    threads : int
        Chunks worked on at a time, and threads of aligner and sorter; nothing hangs on it.

    Raises
    ------
    InputError
        The reads that step `align` has written are cut off or damaged.
    """
    (library,) = read_table(inputs["library"]).to_pylist()
    tally = Tally()
    rows: list[dict[str, Any]] = []
    if library["status"] != FAILED and library["kind"] == RAW:
        try:
            with _work_beside(outputs["consensus"]) as folder:
                facts = _raw(
                    inputs["reads"], library, source, index, settings, outputs, tally, threads,
                    folder,
                )  # fmt: skip
            rows = quality_rows(library, tally, facts)
            if not facts["consensus_reads"] and tally.fates.any():
                error = InputError(source, why_none(tally), NOTHING_KEPT)
                library = _failed(library, error, index)
        except InputError as error:
            if error.file == inputs["reads"]:
                raise
            library, tally = _failed(library, error, index), Tally()
            _write_none(inputs["reads"], library, outputs["consensus"])
    else:
        with atomic_path(outputs["consensus"]) as partial:
            shutil.copyfile(inputs["reads"], partial)
        if library["status"] != FAILED and library["umi"] == NONE:
            rows = _copies(inputs["reads"], library, source)
    with atomic_path(outputs["index"]) as partial:
        pysam.index("-o", str(partial), outputs["consensus"])
    made = Provenance(
        code,
        {name: dict(settings[name]) for name in ("umi", "align", "consensus")},
        checksums({"reads.bam": inputs["reads"], "aligned.parquet": inputs["library"]}),
    )
    write_table(table_of([library], LIBRARIES), outputs["library"], LIBRARIES, made)
    families = table_of(family_rows(library, tally), FAMILIES)
    write_table(families, outputs["families"], FAMILIES, made)
    write_table(table_of(rows, QUALITY), outputs["quality"], QUALITY, made)


def _failed(library: Mapping[str, Any], error: InputError, index: str | None) -> dict[str, Any]:
    """The row of a library whose reads cannot be grouped, or not be aligned anew."""
    reason = str(error)
    if index:
        reason = without_place(reason, index, Path(index).name)
    log.warning("%s: %s", library["library_id"], reason)
    return {**library, "status": FAILED, "reason": reason}


def _write_none(reads: str, library: Mapping[str, Any], path: str) -> None:
    """A BAM file without reads, with the contigs of another."""
    with BamReader(reads) as reader, atomic_path(path) as partial:
        contigs = reader.header.contigs
        write_empty(partial, header_of(contigs, library["specimen_id"], library["library_id"]))


def _copies(reads: str, library: Mapping[str, Any], source: str) -> list[dict[str, Any]]:
    """Whether copies count as molecules in a library that came aligned and without barcodes."""
    found = repeats_of(reads)
    if found.consensus or found.flagged:
        return []
    row = copies_row(library, found)
    if row["passed"] is False:
        log.warning(
            "%s: %s: no read is flagged as a duplicate, yet its pairs share both ends far more "
            "often than by chance: copies of molecules count as molecules (run samtools markdup "
            "on it, or give the barcodes)", library["library_id"], source,
        )  # fmt: skip
    return [row]


@contextmanager
def _work_beside(path: str) -> Iterator[str]:
    """A folder for what lies between; one that a killed process has left is emptied."""
    folder = Path(path).with_name(f".{Path(path).name}.work")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield str(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _raw(
    reads: str,
    library: Mapping[str, Any],
    source: str,
    index: str | None,
    settings: Mapping[str, Any],
    outputs: Mapping[str, str],
    tally: Tally,
    threads: int,
    folder: str,
) -> dict[str, float]:
    """Write the consensus reads of a raw library; counts of what became of them."""
    name = library["library_id"]
    umi = NONE if library["umi"] == NONE else RX
    with BamReader(reads) as reader:
        path = template_sorted(reads, reader.header, folder, threads)
    facts = {"consensus_reads": 0.0, "mates_differ": 0.0, "mates_clipped": 0.0}
    loose, aligned = Path(folder) / "loose.bam", Path(folder) / "aligned.bam"
    with BamReader(path, name=reads, keep=threads > 1) as reader:
        contigs = reader.header.contigs
        pieces: Iterable[npt.NDArray[np.uint8]] = consensus_records(
            reader, settings, f"{name}:", name, tally, umi, threads, source
        )
        if settings["consensus"]["realign"] and index is not None:
            own, contigs = len(contigs), contigs_of(index)
            text = header_text(contigs, library["specimen_id"], name)
            program = settings["align"]["program"]
            realigned(pieces, own, index, program, text, aligned, threads)
            with BamReader(str(aligned)) as again:
                pieces = whole_templates(again)
                _write(pieces, contigs, text, loose, facts)
        else:
            text = header_text(contigs, library["specimen_id"], name)
            _write(pieces, contigs, text, loose, facts)
    with atomic_path(outputs["consensus"]) as partial:
        options = ["--no-PG", "-@", str(threads - 1), "-m", f"{max(64, SORT_MB // threads)}M"]
        pysam.sort(*options, "-O", "bam", "-T", f"{folder}/sort", "-o", str(partial), str(loose))
    return facts


def whole_templates(reader: BamReader) -> Iterator[npt.NDArray[np.uint8]]:
    """Records of a file in pieces that never part the mates of a molecule."""
    for chunk in reader:
        stop = len(chunk)
        if not reader.ended and stop > 1:
            stop -= 1
            while stop > 0 and chunk.name_of(stop - 1) == chunk.name_of(len(chunk) - 1):
                stop -= 1
            reader.give_back(stop)
        if stop:
            yield chunk.data[chunk.start[0] : chunk.end[stop - 1]]


def _write(
    pieces: Iterable[npt.NDArray[np.uint8]],
    contigs: Mapping[str, int],
    text: str,
    path: Path,
    facts: dict[str, float],
) -> None:
    """Settle the overlap of mates and write the records, not sorted yet."""
    with BgzfWriter(str(path)) as out:
        out.write(header_bytes(text, contigs))
        for piece in pieces:
            chunk = chunk_of(piece, len(contigs))
            records, differ, clipped = settle(chunk)
            out.write(records.data)
            facts["consensus_reads"] += len(chunk)
            facts["mates_differ"] += differ
            facts["mates_clipped"] += clipped


def header_bytes(text: str, contigs: Mapping[str, int]) -> bytes:
    """Header of a BAM file as it begins one."""
    plain = text.encode()
    parts = [b"BAM\1", struct.pack("<i", len(plain)), plain, struct.pack("<i", len(contigs))]
    for name, length in contigs.items():
        letters = name.encode() + b"\0"
        parts += [struct.pack("<i", len(letters)), letters, struct.pack("<i", length)]
    return b"".join(parts)
