"""Reads into molecules: by the ends of their templates and by their UMIs.

Of a duplex library (strategy `paired`) a molecule's top strand carries the UMIs `A-B` on its first
and second read, its bottom strand `B-A`: put by the genome, left end first, they are one, and the
strand is known by whether the first read is the left end (strand A) or the right one (B) [1]_.
Reads without UMIs are grouped by their ends alone, both strands together, as Picard and samtools
mark duplicates. With the other strategies the two strands are different molecules.

References
----------
.. [1] Schmitt MW et al. Detection of ultra-rare mutations by next-generation sequencing. PNAS
       2012;109:14508-14513, doi:10.1073/pnas.1208715109.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pysam

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctdna.molecules import PAIRED, POSITION, Molecules, molecules_of
from liquidbiopsy.ctdna.templates import NONE, SOURCES, find_templates
from liquidbiopsy.reads.bam import CHUNK, BamReader
from liquidbiopsy.reads.chunks import BamHeader, Chunk
from liquidbiopsy.reads.fields import five_prime


def strategy_of(wanted: str, chunk: Chunk, source: int, file: str) -> str | None:
    """The strategy for a library: `auto` is `paired` where the first UMI has two parts.

    None where no template of the chunk tells.

    Raises
    ------
    InputError
        `paired` is asked for, but the UMIs have one part; as `find_templates`.
    """
    if source == NONE:
        return POSITION
    found = find_templates(chunk, True, 0, source, file)
    if not len(found.lengths):
        return None
    dual = bool((found.lengths[0] & 255) and found.lengths[0] >> 8)
    if wanted == PAIRED and not dual:
        problem = "its reads carry one UMI each, but umi.strategy is paired, which needs two"
        raise InputError(file, problem, "set it to auto or directional")
    if wanted == "auto":
        return PAIRED if dual else "directional"
    return wanted


def template_sorted(bam: str, header: BamHeader, folder: str, threads: int = 1) -> str:
    """The file itself where it is sorted by template coordinate, else a sorted copy in a folder."""
    marks = header.lines("HD")
    if marks and "template-coordinate" in marks[0].get("SS", ""):
        return bam
    target = str(Path(folder) / "sorted.bam")
    options = ["--template-coordinate", "--no-PG", "-l", "1", "-@", str(threads - 1)]
    try:
        pysam.sort(*options, "-T", f"{folder}/sort", "-o", target, bam)
    except pysam.SamtoolsError as error:
        words = str(error).strip().splitlines()[-1] if str(error).strip() else "failed"
        raise InputError(
            bam, f"cannot be sorted by template: {words}", "see samtools sort"
        ) from None
    return target


def grouped(
    reader: BamReader, settings: Mapping[str, Any], umi: str = "rx", name: str | None = None
) -> Iterator[tuple[Chunk, Molecules, str]]:
    """Chunks with their molecules and the strategy; no position is ever cut.

    Parameters
    ----------
    reader : BamReader
        Of a file sorted by template coordinate.
    settings : dict
        The sections `umi` and `align`.
    umi : str
        `rx`, `name` or `none`: the reads have none, and are grouped by position alone.
    name : str, optional
        The library's file, where UMIs are at fault; else the reader's own.

    Raises
    ------
    InputError
        As `strategy_of`; the file is damaged.
    """
    source, file = SOURCES[umi], name or reader.shown
    wanted, edits = settings["umi"]["strategy"], settings["umi"]["max_edits"]
    strategy = None
    for chunk in reader:
        strategy = strategy or strategy_of(wanted, chunk, source, file)
        found = find_templates(chunk, reader.ended, settings["align"]["min_mapq"], source, file)
        reader.give_back(found.carry)
        chosen = strategy or POSITION  # which one does not matter to a chunk without templates
        yield chunk, molecules_of(found, chosen, edits), chosen


def umi_text(code: int, lengths: int) -> str:
    """A packed UMI in letters, its two parts joined by `-`.

    Examples
    --------
    >>> umi_text(0b0001_1011, 2 << 8 | 2)
    'AC-GT'
    """
    total = (lengths >> 8) + (lengths & 255)
    letters = "".join("ACGT"[(int(code) >> 2 * k) & 3] for k in range(total - 1, -1, -1))
    return letters[: lengths >> 8] + ("-" + letters[lengths >> 8 :] if lengths & 255 else "")


def group_bam(
    bam: str, settings: Mapping[str, Any], umi: str = "rx", chunk: int = CHUNK
) -> pa.Table:
    """The molecule of every read pair, or single read, that is grouped.

    Parameters
    ----------
    bam : str
        Sorted by template coordinate; one that is not is sorted first.
    settings : dict
        The sections `umi` and `align`.
    umi : str
        Where UMIs are: `rx`, `name` or `none`.
    chunk : int
        Bytes worked on at a time; no result depends on it.

    Returns
    -------
    Table
        read (name), molecule (number from 0), contig and position (unclipped 5' end of the first
        read, from 0), umi (that of the molecule), strand (`A` or `B` where both strands are
        grouped together, else `+` or `-` of the first read).
    """
    columns: dict[str, list[Any]] = {
        name: [] for name in ("read", "molecule", "contig", "position", "umi", "strand")
    }
    before = 0
    with tempfile.TemporaryDirectory() as folder:
        with BamReader(bam) as reader:
            path = template_sorted(bam, reader.header, folder)
        with BamReader(path, chunk, bam) as reader:
            for piece, found, strategy in grouped(reader, settings, umi):
                for m in range(len(found)):
                    umi_of = umi_text(found.code[m], int(found.lengths[m]))
                    for t in found.order[found.start[m] : found.start[m + 1]]:
                        i = int(found.templates.first[t])
                        where = five_prime(
                            piece.data,
                            piece.cigar[i],
                            piece.n_cigar[i],
                            piece.pos[i],
                            piece.flag[i],
                        )
                        back = int(piece.flag[i]) >> 4 & 1
                        if strategy in (PAIRED, POSITION):
                            strand = "AB"[found.templates.right[t]]
                        else:
                            strand = "+-"[back]
                        columns["read"].append(piece.name_of(i))
                        columns["molecule"].append(before + m)
                        columns["contig"].append(reader.header.names[piece.tid[i]])
                        columns["position"].append(int(where))
                        columns["umi"].append(umi_of)
                        columns["strand"].append(strand)
                before += len(found)
    kinds = (pa.string(), pa.int64(), pa.string(), pa.int64(), pa.string(), pa.string())
    return pa.table({n: pa.array(v, k) for (n, v), k in zip(columns.items(), kinds, strict=True)})
