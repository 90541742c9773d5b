"""What is to be aligned: reads without barcode and spacer, with the tags that they will carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain
from typing import NamedTuple

from dnaio import SequenceRecord
from pysam import AlignedSegment, qualities_to_qualitystring

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads.fastq import number_in_pair, read_fastq, read_pairs, template_name
from liquidbiopsy.reads.structures import Structure
from liquidbiopsy.reads.umis import NAME, NONE, RX, STRUCTURE, Tags, Umis, joined, umi_of_name

ALIGNMENT_TAGS = frozenset(
    ["AS", "CC", "CP", "HI", "IH", "MC", "MD", "MQ", "NH", "NM", "PG", "RG", "SA", "TC", "XA", "XS"]
)
"""Tags of an earlier alignment or run, which do not go with a read."""
BARCODE_TAGS = frozenset(["RX", "QX", "OX", "MI"])


class Read(NamedTuple):
    """One read of a template."""

    bases: str
    qualities: str | None
    tags: Tags


class Template(NamedTuple):
    """A sequenced fragment: one read of it, or both."""

    name: str
    reads: tuple[Read, ...]


Piece = tuple[str, str | None]
"""Bases and qualities."""


def templates_of_fastq(
    first: str, second: str, structures: tuple[Structure, Structure], umis: Umis
) -> Iterator[Template | None]:
    """Templates of a pair of FASTQ files; None for a pair whose barcode is not on the whitelist.

    Raises
    ------
    InputError
        As `read_pairs`; a read is too short for its structure; there is no barcode where one is
        looked for; the files are swapped, and their structures differ.
    """
    differ = structures[0].text != structures[1].text
    for number, (one, other) in enumerate(read_pairs(first, second), 1):
        if differ and (number_in_pair(one), number_in_pair(other)) == ("2", "1"):
            problem = f"record {number} '{one.id}' says that it is the second read of its pair"
            remedy = "fq1 and fq2 are swapped in the sheet, and the read structures are not alike"
            raise InputError(first, problem, remedy)
        for file, record, structure in zip((first, second), (one, other), structures, strict=True):
            if len(record.sequence) < structure.needed:
                raise _too_short(file, number, record.id, len(record.sequence), structure)
        pieces = [(one.sequence, one.qualities), (other.sequence, other.qualities)]
        name = template_name(one)
        rx = _comment_rx(one) if umis.source == RX else None
        yield _barcode(first, number, name, pieces, structures, umis, rx)


def templates_of_reads(
    records: Iterable[AlignedSegment],
    file: str,
    structures: tuple[Structure, Structure] | None,
    umis: Umis,
    *,
    keep_molecule: bool,
) -> Iterator[Template | None]:
    """Templates of an unaligned BAM file, whose pairs lie next to each other.

    Parameters
    ----------
    records : iterable of AlignedSegment
        Its reads in their order.
    file : str
        Its name in messages.
    structures : tuple of Structure, optional
        Of both reads; of a single read the first.
    umis : Umis
        Makes the tags of barcodes.
    keep_molecule : bool
        Whether they are consensus reads, which keep barcode and molecule (RX, MI) as they are.

    Raises
    ------
    InputError
        Two reads of a pair do not follow each other; pairs and single reads are mixed; as
        `templates_of_fastq`.
    """
    number = 0
    paired: bool | None = None
    reads = iter(records)
    dropped = ALIGNMENT_TAGS if keep_molecule else ALIGNMENT_TAGS | BARCODE_TAGS
    for one in reads:
        number += 1
        if paired is None:
            paired = one.is_paired
        if one.is_paired != paired:
            remedy = "a library has pairs, or single reads"
            raise InputError(file, f"record {number} '{one.query_name}' {_unlike(paired)}", remedy)
        group = [one]
        if paired:
            other = next(reads, None)
            if other is None or other.query_name != one.query_name:
                what = f"'{other.query_name}'" if other else "the end of the file"
                problem = f"record {number} '{one.query_name}' is of a pair, and {what} follows it"
                raise InputError(file, problem, "sort it by read name: samtools sort -n")
            group = [other, one] if one.is_read2 else [one, other]
        yield _of_records(file, number, group, structures, umis, dropped)
        number += len(group) - 1


def _of_records(
    file: str,
    number: int,
    group: list[AlignedSegment],
    structures: tuple[Structure, Structure] | None,
    umis: Umis,
    dropped: frozenset[str],
) -> Template | None:
    name = str(group[0].query_name)
    pieces: list[Piece] = []
    for at, record in enumerate(group):
        bases = record.get_forward_sequence() or ""
        quals = record.get_forward_qualities()
        pieces.append((bases, None if quals is None else qualities_to_qualitystring(quals)))
        needed = structures[at].needed if structures else 1
        if len(bases) < needed:
            if not structures:
                raise InputError(file, f"record {number + at} '{name}' has no bases")
            raise _too_short(file, number + at, name, len(bases), structures[at])
    found = _barcode(file, number, name, pieces, structures, umis, text_tag(group[0], "RX"))
    if found is None:
        return None
    if umis.source == RX and group[0].has_tag("QX"):
        qx = ("QX", group[0].get_tag("QX"), "Z")
        found = Template(name, tuple(r._replace(tags=[*r.tags, qx]) for r in found.reads))
    return Template(
        name,
        tuple(
            read._replace(tags=[*read.tags, *_kept(record, dropped)])
            for read, record in zip(found.reads, group, strict=True)
        ),
    )


def text_tag(read: AlignedSegment, tag: str) -> str | None:
    """Value of a tag, or None where the read does not have it."""
    return str(read.get_tag(tag)) if read.has_tag(tag) else None


def _kept(record: AlignedSegment, dropped: frozenset[str]) -> Tags:
    tags = record.get_tags(with_value_type=True)
    return [(t, v, None if k == "B" else k) for t, v, k in tags if t not in dropped]


def _barcode(
    file: str,
    number: int,
    name: str,
    pieces: list[Piece],
    structures: tuple[Structure, Structure] | None,
    umis: Umis,
    rx: str | None,
) -> Template | None:
    """A template out of whole reads; None where the whitelist does not have its barcode."""
    parts = list(zip(pieces, structures or (), strict=False))
    tags: Tags | None = []
    if umis.source == STRUCTURE:
        cut = [(bases[s], quals and quals[s]) for (bases, quals), own in parts for s in own.umi]
        quality = " ".join(q for _, q in cut if q)
        tags = umis.tags("-".join(bases for bases, _ in cut).upper(), quality)
    elif umis.source != NONE:
        tags = umis.tags(checked_umi(file, number, name, rx, umis))
    if tags is None:
        return None
    sample = [bases[s] for (bases, _), own in parts for s in own.sample]
    if sample:
        tags = [*tags, ("BC", "-".join(sample), "Z")]
    if structures:
        pieces = [(b[own.template], q and q[own.template]) for (b, q), own in parts]
    return Template(name, tuple(Read(bases, quals, tags) for bases, quals in pieces))


def checked_umi(file: str, number: int, name: str, rx: str | None, umis: Umis) -> str:
    """The barcode of a read from its tag or its name, with `-` between two.

    Raises
    ------
    InputError
        There is none; file, record and read are named.
    """
    if umis.source == NAME:
        found = umi_of_name(name)
        where, remedy = "at the end of its name", "set `umi` of the panel to where barcodes are"
    else:
        found = joined(rx) if rx else None
        where, remedy = "in RX", "set `umi` of the panel to where barcodes are"
    if found is None:
        raise InputError(file, f"record {number} '{name}' has no barcode {where}", remedy)
    return found


def has_rx(file: str) -> bool:
    """Whether the first read of a FASTQ file has its barcode in the comment, as RX:Z:.

    Raises
    ------
    InputError
        As `read_fastq`.
    """
    with closing(read_fastq(file)) as reads:
        return _comment_rx(next(reads)) is not None


def _comment_rx(record: SequenceRecord) -> str | None:
    """RX out of a FASTQ comment, as `samtools fastq -T RX` writes it."""
    if not record.comment:
        return None
    fields = chain.from_iterable(part.split() for part in record.comment.split("\t"))
    return next((field[5:] for field in fields if field.startswith("RX:Z:")), None)


def _too_short(file: str, number: int, name: str, length: int, own: Structure) -> InputError:
    problem = (
        f"record {number} '{name}' has {length} bases; its read structure {own.text} needs "
        f"{own.needed}"
    )
    return InputError(file, problem, "check the panel's read_structure, or leave out short reads")


def _unlike(paired: bool | None) -> str:
    return "is a single read among pairs" if paired else "is of a pair among single reads"
