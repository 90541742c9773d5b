"""Read structures: which bases of a read are barcode, spacer and template.

They are written as fgbio writes them (github.com/fulcrumgenomics/fgbio/wiki/Read-Structures):
`8M5S+T` is a barcode of eight bases, five that are skipped, and template for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fgpyo.read_structure import ReadStructure, SegmentType

WHOLE = "+T"
"""A read that is template from end to end."""
KINDS = {
    SegmentType.Template: "T",
    SegmentType.MolecularBarcode: "M",
    SegmentType.SampleBarcode: "B",
    SegmentType.Skip: "S",
}


@dataclass(frozen=True)
class Structure:
    """The structure of one read, as slices of its bases.

    Examples
    --------
    >>> made = structure_of("8M5S+T")
    >>> made.needed, made.template, made.umi
    (14, slice(13, None, None), (slice(0, 8, None),))
    """

    text: str
    needed: int
    """Fewest bases of a read that has it; its template has one at least."""
    template: slice
    umi: tuple[slice, ...]
    """Molecular barcodes."""
    sample: tuple[slice, ...]
    """Sample barcodes."""


def structure_of(text: str) -> Structure:
    """Read one structure.

    Raises
    ------
    ValueError
        It is not one, or has no use here; the message says why.
    """
    try:
        parsed = ReadStructure.from_string(text)
    except (ValueError, AssertionError) as error:
        raise ValueError(f"'{text}' is not a read structure: {error}") from error
    pieces: dict[str, list[slice]] = {kind: [] for kind in KINDS.values()}
    needed = 0
    for segment in parsed:
        if segment.kind not in KINDS:
            raise ValueError(f"'{text}' has the kind {segment.kind.value}; T, M, S and B are known")
        end = None if segment.length is None else segment.offset + segment.length
        pieces[KINDS[segment.kind]].append(slice(segment.offset, end))
        needed += 1 if segment.length is None else segment.length
    if len(pieces["T"]) != 1:
        raise ValueError(f"'{text}' has {len(pieces['T'])} templates (T); a read has one")
    return Structure(text, needed, pieces["T"][0], tuple(pieces["M"]), tuple(pieces["B"]))


def structures_of(texts: Sequence[str] | None) -> tuple[Structure, Structure]:
    """The structures of both reads of a pair; whole reads where there are none."""
    first, second = texts or (WHOLE, WHOLE)
    return structure_of(first), structure_of(second)


def check_structures(texts: Sequence[str] | None) -> list[str]:
    """What is wrong with a panel's read structures; nothing where they are sound.

    Examples
    --------
    >>> check_structures(["8M5S+T", "+T"]), check_structures(None)
    ([], [])
    >>> check_structures(["8M5S"])
    ['2 read structures are needed, one for each read of a pair; 1 is given', "'8M5S' has 0 \
templates (T); a read has one"]
    """
    found: list[str] = []
    if texts is None:
        return found
    if len(texts) != 2:
        given = f"{len(texts)} {'is' if len(texts) == 1 else 'are'} given"
        found.append(f"2 read structures are needed, one for each read of a pair; {given}")
    for text in texts:
        try:
            structure_of(text)
        except ValueError as error:
            found.append(str(error))
    return found
