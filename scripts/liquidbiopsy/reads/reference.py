"""Reference genomes: bases by place, contigs, and the index that BWA needs."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import pybwa
import pysam

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads.bgzf import END

log = logging.getLogger(__name__)
PREFIX = "genome"
"""Prefix of an index within its folder."""
PROBLEM = "problem.json"
"""Ends the name of what lies in place of an index that could not be made."""
SEVERAL = str.maketrans(dict.fromkeys("BDHKMRSVWXY", "N"))
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

        Codes of several bases are N: chromosome 3 of GRCh37 has an M and two R.

        Raises
        ------
        InputError
            There is no such contig, or it is shorter.
        """
        length = self.contigs.get(chrom)
        if length is None or not 0 <= start <= end <= length:
            has = "has no such contig" if length is None else f"{chrom} has {length} bases"
            raise InputError(self.file, f"{chrom}:{start}-{end} is not in it: {has}")
        return self._fasta.fetch(chrom, start, end).upper().translate(SEVERAL)

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

    A file that is of no use stops no run: the folder then has the diagnosis alone, which
    `check_index` raises for each library of that genome.

    Parameters
    ----------
    fasta : str
        The genome, plain or bgzipped.
    folder : str
        What is made: `genome.{amb,ann,bwt,pac,sa}`, `genome.fai` (and `genome.gzi`),
        `genome.dict`; or `genome.problem.json`. It is written beside its place and renamed.
    """
    final = Path(folder)
    partial = final.with_name(f".{final.name}.part")
    try:
        _emptied(partial)
        try:
            _make_index(fasta, partial)
        except InputError as error:
            log.warning("%s", error)
            _emptied(partial)
            said = {"problem": error.problem, "remedy": error.remedy}
            (partial / f"{PREFIX}.{PROBLEM}").write_text(json.dumps(said) + "\n", encoding="utf-8")
        shutil.rmtree(final, ignore_errors=True)
        os.replace(partial, final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_index(prefix: str, fasta: str) -> None:
    """See that an index could be made of a genome.

    Parameters
    ----------
    prefix : str
        Of the index.
    fasta : str
        The genome, for the message.

    Raises
    ------
    InputError
        What `index_reference` found wrong with the genome.
    """
    place = Path(f"{prefix}.{PROBLEM}")
    if place.is_file():
        said = json.loads(place.read_text(encoding="utf-8"))
        raise InputError(fasta, said["problem"], said["remedy"])


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
    if zipped and not _ends_as_bgzip(path):
        problem = "is cut off: the block that ends a file of bgzip is not there"
        raise InputError(fasta, problem, "copy it again")
    if not zipped and not start.lstrip().startswith(b">"):
        what = "is empty" if not start else "is not FASTA: it does not begin with >"
        raise InputError(fasta, what, REMEDY)
    return path


def _ends_as_bgzip(path: Path) -> bool:
    with open(path, "rb") as handle:
        handle.seek(max(path.stat().st_size - len(END), 0))
        return handle.read() == END


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _make_index(fasta: str, folder: Path) -> None:
    """Put the index of a FASTA file into a folder.

    Raises
    ------
    InputError
        The file cannot be read, is not FASTA, is cut off, or has a contig twice or without bases.
    """
    # BWA ends the process where it cannot read a file, so what is wrong must be known before
    place = _make_fai(fasta, _readable(fasta), folder)
    for end in (".fai", ".gzi"):
        if Path(f"{place}{end}").exists():
            os.replace(f"{place}{end}", folder / f"{PREFIX}{end}")
    pybwa.BwaIndex.index(str(place), prefix=str(folder / PREFIX))
    lines = (folder / f"{PREFIX}.fai").read_text(encoding="utf-8").splitlines()
    bases = sum(int(line.split("\t")[1]) for line in lines)
    found = (folder / f"{PREFIX}.ann").read_text(encoding="utf-8").split(maxsplit=2)
    if [int(number) for number in found[:2]] != [bases, len(lines)]:
        problem = "a contig stands there twice, is without bases, or has blanks in its lines"
        raise InputError(fasta, problem, "leave out what is not a sequence of its own")
    _without_places(folder / f"{PREFIX}.dict")
    place.unlink()


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
