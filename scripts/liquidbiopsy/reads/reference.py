"""Reference genomes: bases by place, contigs, and the index that BWA needs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import pybwa
import pysam

from liquidbiopsy.core.errors import InputError

PREFIX = "genome"
"""Prefix of an index within its folder."""
REMEDY = "the reference must be a FASTA file, plain or compressed with bgzip"


class Reference:
    """A FASTA file whose bases are fetched by place.

    Parameters
    ----------
    file : str
        The file as the settings name it.
    place : Path
        The same with its index beside it.
    spare : TemporaryDirectory, optional
        What is to go with it when it is closed.
    """

    def __init__(
        self, file: str, place: Path, spare: TemporaryDirectory[str] | None = None
    ) -> None:
        self.file, self.place, self._spare = file, place, spare
        self._fasta = pysam.FastaFile(str(place))
        names, lengths = self._fasta.references, self._fasta.lengths
        self.contigs: dict[str, int] = dict(zip(names, lengths, strict=True))

    def fetch(self, chrom: str, start: int, end: int) -> str:
        """Bases of a contig in capitals, from `start` (from 0) to before `end`.

        Raises
        ------
        InputError
            There is no such contig, or it is shorter.
        """
        length = self.contigs.get(chrom)
        if length is None or not 0 <= start <= end <= length:
            has = "has no such contig" if length is None else f"{chrom} has {length} bases"
            raise InputError(self.file, f"{chrom}:{start}-{end} is not in it: {has}")
        return self._fasta.fetch(chrom, start, end).upper()

    def close(self) -> None:
        """Close the file, and remove an index that was made for this use."""
        self._fasta.close()
        if self._spare is not None:
            self._spare.cleanup()

    def __enter__(self) -> Reference:
        """Open already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


def open_reference(fasta: str, index: str | None = None) -> Reference:
    """Open a FASTA file, plain or bgzipped; nothing is written beside it.

    Parameters
    ----------
    fasta : str
        The file. Where it has no `.fai`, one is taken from `index` or made in a temporary folder.
    index : str, optional
        Prefix of the BWA index beside which `index_reference` has put one.

    Raises
    ------
    InputError
        The file cannot be read, or is not FASTA.
    """
    path = _readable(fasta)
    try:
        if _indexed(path, path):
            return Reference(fasta, path)
    except (OSError, ValueError) as error:
        raise InputError(fasta, f"its .fai index is not of use: {error}", "remove it") from error
    spare = TemporaryDirectory(prefix="reference-")
    try:
        if index and _indexed(path, Path(index)):
            place = Path(spare.name) / path.name
            place.symlink_to(path.resolve())
            for end in (".fai", ".gzi"):
                if Path(f"{index}{end}").is_file():
                    shutil.copyfile(f"{index}{end}", f"{place}{end}")
        else:
            place = _make_fai(fasta, path, Path(spare.name))
        return Reference(fasta, place, spare)
    except BaseException:
        spare.cleanup()
        raise


def index_reference(fasta: str, folder: str) -> None:
    """Make a folder with the BWA index of a FASTA file and its list of contigs.

    Parameters
    ----------
    fasta : str
        The genome, plain or bgzipped.
    folder : str
        What is made: `genome.{amb,ann,bwt,pac,sa}`, `genome.fai` (and `genome.gzi`),
        `genome.dict`. It is written beside its place and renamed.

    Raises
    ------
    InputError
        The file cannot be read, or is not FASTA.
    """
    path = _readable(fasta)
    final = Path(folder)
    partial = final.with_name(f".{final.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        # BWA ends the process where it cannot read a file, so what is wrong must be known before
        place = _make_fai(fasta, path, partial)
        for end in (".fai", ".gzi"):
            if Path(f"{place}{end}").exists():
                os.replace(f"{place}{end}", partial / f"{PREFIX}{end}")
        pybwa.BwaIndex.index(str(place), prefix=str(partial / PREFIX))
        _without_places(partial / f"{PREFIX}.dict")
        place.unlink()
        shutil.rmtree(final, ignore_errors=True)
        os.replace(partial, final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_contigs(names: Mapping[str, int], reference: Reference, file: str) -> None:
    """Hold the contigs of a file against those of the reference.

    Parameters
    ----------
    names : mapping
        Contig -> length, in the file's order.
    reference : Reference
        What the file is said to be aligned to; it may have more contigs.
    file : str
        The file, for the message.

    Raises
    ------
    InputError
        A contig is not in the reference, or has another length; the first is named.
    """
    remedy = "give the reference that the file was aligned to"
    for name, length in names.items():
        known = reference.contigs.get(name)
        if known == length:
            continue
        place = Path(reference.file).name
        if known is not None:
            problem = f"contig {name} has {length} bases, and {known} in {place}"
            raise InputError(file, problem, remedy)
        problem = f"contig {name} is not in {place}"
        other = name.removeprefix("chr") if name.startswith("chr") else f"chr{name}"
        if reference.contigs.get(other) == length:
            problem += f", which calls it {other}: the names differ by `chr`"
        raise InputError(file, problem, remedy)


def _readable(fasta: str) -> Path:
    path = Path(fasta)
    if not path.is_file():
        raise InputError(fasta, "does not exist, or is no file", "check the path of the reference")
    try:
        with open(path, "rb") as handle:
            start = handle.read(18)
    except OSError as error:
        raise InputError(fasta, f"cannot be read: {error.strerror}", REMEDY) from error
    zipped = start.startswith(b"\x1f\x8b")
    if zipped and start[12:14] != b"BC":
        remedy = "unpack it, or compress it with bgzip"
        raise InputError(fasta, "is compressed by gzip, which has no access by place", remedy)
    if not zipped and not start.lstrip().startswith(b">"):
        what = "is empty" if not start else "is not FASTA: it does not begin with >"
        raise InputError(fasta, what, REMEDY)
    return path


def _indexed(path: Path, prefix: Path) -> bool:
    """Whether there is an index of that prefix, with that of the blocks of a bgzipped file."""
    if not Path(f"{prefix}.fai").is_file():
        return False
    with open(path, "rb") as handle:
        zipped = handle.read(2) == b"\x1f\x8b"
    return not zipped or Path(f"{prefix}.gzi").is_file()


def _make_fai(fasta: str, path: Path, folder: Path) -> Path:
    """A link to the FASTA file in a folder, with an index beside it."""
    place = folder / f"link-{path.name}"
    place.symlink_to(path.resolve())
    before = pysam.set_verbosity(0)
    try:
        pysam.faidx(str(place))
        with pysam.FastaFile(str(place)) as found:
            if not found.nreferences or not sum(found.lengths):
                raise InputError(fasta, "has no sequences", REMEDY)
    except (pysam.SamtoolsError, OSError, ValueError) as error:
        problem = "cannot be indexed: is it cut off, or are its lines of unequal length?"
        raise InputError(fasta, problem, REMEDY) from error
    finally:
        pysam.set_verbosity(before)
    return place


def _without_places(dictionary: Path) -> None:
    """Take the path of the machine out of a sequence dictionary."""
    lines = dictionary.read_text().splitlines()
    kept = ["\t".join(f for f in line.split("\t") if not f.startswith("UR:")) for line in lines]
    dictionary.write_text("\n".join(kept) + "\n")
