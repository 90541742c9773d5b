"""Regions that a panel captures: BED files."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from liquidbiopsy.core.errors import InputError

if TYPE_CHECKING:  # the rules read panels before each job, and need no BWA for it
    from liquidbiopsy.reads.reference import Reference

REMEDY = "a panel has `chrom start end [name]` in each line, with tabs between"
NOT_REGIONS = ("#", "track", "browser")


@dataclass(frozen=True, order=True)
class Region:
    """A stretch of a contig."""

    chrom: str
    start: int
    """First base, from 0."""
    end: int
    """One past the last base."""
    name: str = ""


def read_panel(bed: str) -> list[Region]:
    """Regions of a BED file, sorted by contig and place; those that overlap are one.

    Parameters
    ----------
    bed : str
        Plain or gzipped: `chrom start end [name]` with tabs or blanks between; lines that begin
        with `#`, `track` or `browser`, and a line of column names at the top, are passed over.

    Returns
    -------
    list of Region
        A region out of several has their names, each once, with `,` between.

    Raises
    ------
    InputError
        The file cannot be read, a line is no region (it is named), or there is none.
    """
    merged: list[Region] = []
    for region in sorted(_lines(bed)):
        last = merged[-1] if merged else None
        if last is None or last.chrom != region.chrom or last.end <= region.start:
            merged.append(region)
            continue
        names = dict.fromkeys(filter(None, [*last.name.split(","), region.name]))
        end = max(last.end, region.end)
        merged[-1] = Region(last.chrom, last.start, end, ",".join(names))
    if not merged:
        raise InputError(bed, "has no regions: the panel is empty", REMEDY)
    return merged


def bases_of(regions: Iterable[Region]) -> int:
    """Bases of regions that are apart, as `read_panel` gives them."""
    return sum(region.end - region.start for region in regions)


def check_panel(regions: Sequence[Region], reference: Reference, bed: str) -> None:
    """Hold a panel's regions against the reference.

    Raises
    ------
    InputError
        As `check_regions`.
    """
    check_regions(regions, reference.contigs, bed, Path(reference.file).name)


def check_regions(
    regions: Sequence[Region], contigs: Mapping[str, int], bed: str, holder: str
) -> None:
    """Hold a panel's regions against contigs.

    Parameters
    ----------
    regions : list of Region
    contigs : dict
        Name -> length.
    bed : str
        The panel's file.
    holder : str
        What has the contigs, as the message names it.

    Raises
    ------
    InputError
        A contig is not there, or a region goes over its end; the first is named. Where all names
        would be there with or without `chr`, it says so.
    """
    remedy = "give the panel of the reference's build"
    for region in regions:
        length = contigs.get(region.chrom)
        where = f"{region.chrom}:{region.start}-{region.end}"
        if length is None:
            problem = f"{where}: {holder} has no contig {region.chrom}"
            other = _without_or_with_chr(region.chrom)
            if all(_without_or_with_chr(r.chrom) in contigs for r in regions):
                problem += f"; the panel names {region.chrom}, {holder} {other}"
                remedy = "the names differ by `chr` alone: write the panel's as there"
            raise InputError(bed, problem, remedy)
        if region.end > length:
            problem = f"{where} goes over the end of {region.chrom}, which has {length} bases"
            raise InputError(bed, f"{problem} in {holder}", remedy)


def _without_or_with_chr(name: str) -> str:
    """A contig as those name it who write `1` for `chr1`, or the other way round."""
    other = {"chrM": "MT", "MT": "chrM"}
    if name in other:
        return other[name]
    return name.removeprefix("chr") if name.startswith("chr") else f"chr{name}"


def _lines(bed: str) -> Iterator[Region]:
    try:
        content = Path(bed).read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(bed, "is not text, or not in UTF-8", REMEDY) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(bed, "is cut off or damaged", "copy it again") from error
    except OSError as error:
        raise InputError(bed, f"cannot be read: {error.strerror}", REMEDY) from error
    first = True
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split("\t") if "\t" in line else line.split()
        fields = [field.strip() for field in fields]
        if not any(fields) or fields[0].split()[0].lower().startswith(NOT_REGIONS):
            continue
        # a region whose name holds the word, as that of a start codon, is a region
        names = "start" in line.lower() and not any(field.isdigit() for field in fields[1:3])
        header, first = first and names, False
        if header:
            continue
        if len(fields) < 3 or not fields[0]:
            raise InputError(bed, f"line {number} has no chrom, start and end: '{line}'", REMEDY)
        try:
            start, end = int(fields[1]), int(fields[2])
        except ValueError as error:
            problem = f"line {number}: start and end are no numbers: '{fields[1]}', '{fields[2]}'"
            raise InputError(bed, problem, REMEDY) from error
        if start < 0 or end <= start:
            problem = f"line {number}: the region ends before it begins: {start}-{end}"
            raise InputError(bed, problem, "start counts from 0, and end is one past the last base")
        yield Region(fields[0], start, end, fields[3] if len(fields) > 3 else "")
