"""Aligned reads with barcodes: kept as they lie, made ready to be grouped by molecule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any

from pysam import AlignedSegment

from liquidbiopsy.reads.align import Aligned, with_tags
from liquidbiopsy.reads.mates import join, lone
from liquidbiopsy.reads.sorting import NAME, Sorter
from liquidbiopsy.reads.templates import checked_umi, text_tag
from liquidbiopsy.reads.umis import Umis

DUPLICATE, NOT_PRIMARY = 0x400, 0x900


def templates_of_aligned(
    reads: Iterable[AlignedSegment], file: str, header: Any, umis: Umis, place: Path, threads: int
) -> Iterator[Aligned | None]:
    """Primary alignments by template, with what a pair says of its mate set anew.

    Flags of duplicates are taken away, as molecules are told by their barcodes; a name of a
    molecule from an earlier grouping (MI) too.

    Parameters
    ----------
    reads : iterable of AlignedSegment
        In any order.
    file : str
        Their file, for messages.
    header : dict or AlignmentHeader
        With their contigs.
    umis : Umis
        Where barcodes are, and the whitelist.
    place : Path
        Beside what the overflow of sorting by name lies.
    threads : int
        Of that sorting.

    Yields
    ------
    tuple of AlignedSegment or None
        Both reads of a pair, or one; None for what the whitelist leaves out.

    Raises
    ------
    InputError
        A read has no barcode; record and read are named.
    """
    with Sorter(header, NAME, place, threads, to_file=False) as by_name:
        for number, read in enumerate(reads, 1):
            if read.flag & NOT_PRIMARY:
                continue
            rx = text_tag(read, "RX")
            umi = checked_umi(file, number, str(read.query_name), rx, umis)
            read.set_tag("RX", umi, "Z")
            read.set_tag("MI", None)
            read.set_tag("SA", None)
            read.flag &= ~DUPLICATE
            by_name.write(read)
        found = by_name.sorted()
        for _, several in groupby(found.fetch(until_eof=True), lambda read: read.query_name):
            for template in _paired(list(several)):
                yield _with_umi(template, umis)
        found.close()
        by_name.finish()


def _paired(reads: list[AlignedSegment]) -> Iterator[Aligned]:
    """Reads of one name as pairs; a read whose mate is not there, and a single one, alone."""
    for read in reads:
        if not read.is_paired:
            yield (read,)
    firsts = [read for read in reads if read.is_paired and not read.is_read2]
    seconds = [read for read in reads if read.is_paired and read.is_read2]
    for first, second in zip_longest(firsts, seconds):
        if first is not None and second is not None:
            join(first, second)
            yield first, second
        else:
            read = first or second
            lone(read)
            yield (read,)


def _with_umi(template: Aligned, umis: Umis) -> Aligned | None:
    own = template[0]
    tags = umis.tags(text_tag(own, "RX") or "", text_tag(own, "QX") or "")
    return None if tags is None else tuple(with_tags(read, tags) for read in template)
