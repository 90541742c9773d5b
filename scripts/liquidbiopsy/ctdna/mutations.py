"""The known mutations of a patient's tumour: read from VCF or TSV, and held against the genome."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pysam

from liquidbiopsy.core.errors import InputError, did_you_mean

COLUMNS = {  # as files name them -> as this module does
    **{"chrom": "chrom", "chr": "chrom", "chromosome": "chrom", "pos": "pos", "position": "pos"},
    **{"start_position": "pos", "ref": "ref", "reference_allele": "ref", "alt": "alt"},
    **{"tumor_seq_allele2": "alt", "phasing": "phase", "phase": "phase"},
}
NEEDED = ("chrom", "pos", "ref", "alt")
BLANK = {"", ".", "na", "nan", "none", "null"}
ALLELE = re.compile(r"[ACGT]+")
NO_BASES = re.compile(r"\*|\.|<[^<>]+>|.*[\[\]].*|[ACGTN]*N[ACGTN]*")
"""What VCF may have as ALT and no read can show: VCF 4.3, 1.6.1 and 5."""
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
LONGEST = 200  # bases of an allele that a read can hold


class Genome(Protocol):
    """What tells the bases of the genome: a reference, or the MD tags of reads."""

    @property
    def contigs(self) -> Mapping[str, int]:
        """Lengths of the contigs, by name."""

    def fetch(self, chrom: str, start: int, end: int) -> str:
        """Upper-case bases from `start`, from 0, up to `end`; N where they are not known."""


@dataclass(frozen=True)
class Mutation:
    """One known mutation."""

    chrom: str
    pos: int
    """Position of the first base of `ref`, from 1."""
    ref: str
    alt: str
    phase: str | None = None
    """Mutations of one name lie on one molecule."""
    record: str = ""
    """Where it stands in its file: `line 3`."""
    filter: str = ""
    """Why it is to be left out: FILTER of a VCF, where that is not PASS, or what its ALT is."""

    def __str__(self) -> str:
        """Place and change: `chr14:106327474 C>G`."""
        return f"{self.chrom}:{self.pos} {self.ref}>{self.alt}"


MISTAKES: dict[str, Callable[[Mutation, str], tuple[str, str]]] = {
    "the base after it fits, as in a file that counts from 0: add 1 to POS": (
        lambda m, there: (there[2 : 2 + len(m.ref)], m.ref)
    ),
    "the base before it fits: POS is 1 too high": lambda m, there: (there[: len(m.ref)], m.ref),
    "the genome has ALT there: REF and ALT are swapped": (
        lambda m, there: (there[1 : 1 + len(m.alt)], m.alt)
    ),
    "the other strand fits: alleles are written by the forward strand": (
        lambda m, there: (there[1 : 1 + len(m.ref)], m.ref.translate(COMPLEMENT)[::-1])
    ),
}
"""What a REF may come from that the genome does not have -> bases that would then be the same."""


def read_mutations(
    file: str, reference: Genome | None = None, contigs: Mapping[str, int] | None = None
) -> list[Mutation]:
    """Known mutations from a VCF (plain, gzipped or BCF) or a tab-separated table.

    Parameters
    ----------
    file : str
        A VCF, or a table with the columns CHROM, POS, REF, ALT and perhaps PHASING.
    reference : Genome, optional
        The genome, or what the reads tell of it; each REF is held against it.
    contigs : dict, optional
        Contigs of the alignments that the mutations are looked for in.

    Returns
    -------
    list of Mutation
        In the order of the file.

    Raises
    ------
    InputError
        Names the line: no number, no allele, a contig that is not there, a REF that the genome
        does not have, a mutation that stands there twice; or the file is empty or unreadable.
    """
    lines = list(_lines(file))
    start = lines[0][1] if lines else ""
    is_vcf = start.startswith("##") or start.split("\t")[:3] == ["#CHROM", "POS", "ID"]
    found = list(_of_vcf(file, lines) if is_vcf else _of_table(file, lines))
    if not found:
        raise InputError(file, "holds no mutation", "give at least one, or leave the cell blank")
    first: dict[tuple[str, int, str, str], str] = {}
    for m in found:
        key = (m.chrom, m.pos, m.ref, m.alt)
        if key in first and not m.filter:
            problem = f"{m.record}: {m} stands there twice, first in {first[key]}"
            raise InputError(file, problem, "leave one of them out")
        first[key] = m.record
    for known in (contigs, reference.contigs if reference else None):
        if known:
            _check_places(file, found, known)
    if reference:
        _check_bases(file, found, reference)
    return found


def _lines(file: str) -> Iterator[tuple[str, str]]:
    """Lines of a file that are not blank, each with its place; a BCF as the VCF that it stands for.

    Raises
    ------
    InputError
        It cannot be read.
    """
    remedy = "give a VCF, or a table with the columns CHROM, POS, REF, ALT"
    try:
        with open(file, "rb") as handle:
            packed = handle.read(2) == b"\x1f\x8b"
        with gzip.open(file) if packed else open(file, "rb") as handle:
            binary = handle.read(3) == b"BCF"
        if binary:
            with pysam.VariantFile(file) as records:
                yield from (("header", line) for line in str(records.header).splitlines())
                yield from ((f"record {n}", str(r)) for n, r in enumerate(records, 1))
            return
        with (
            gzip.open(file, "rt", encoding="utf-8-sig")
            if packed
            else open(file, encoding="utf-8-sig") as text
        ):
            for number, line in enumerate(text, 1):
                if line.strip():
                    yield f"line {number}", line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(file, "is not a text file", remedy) from error
    except (OSError, EOFError, ValueError, zlib.error) as error:
        words = getattr(error, "strerror", None) or str(error)
        if isinstance(error, FileNotFoundError):
            raise InputError(file, "does not exist", "check the path in the sheet") from error
        raise InputError(file, f"cannot be read: {words}", remedy) from error


def _of_table(file: str, lines: Sequence[tuple[str, str]]) -> Iterator[Mutation]:
    if not lines:
        raise InputError(file, "is empty", "give at least one mutation, or leave the cell blank")
    while len(lines) > 1 and lines[0][1].startswith("#") and "\t" not in lines[0][1]:
        lines = lines[1:]  # as `#version 2.4`, with which a MAF begins
    names = [n.strip().lower() for n in lines[0][1].lstrip("#").split("\t")]
    places = {COLUMNS[name]: at for at, name in enumerate(names) if name in COLUMNS}
    for name in NEEDED:
        if name not in places:
            hint = did_you_mean(name, names) if len(names) > 1 else "; columns stand between tabs"
            raise InputError(file, f"{lines[0][0]}: no column {name.upper()}{hint}")
    for record, line in lines[1:]:
        if line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        cells += [""] * (len(names) - len(cells))
        row = {name: cells[at] for name, at in places.items()}
        phase = row.get("phase", "")
        yield from _mutations(file, record, row, None if phase.lower() in BLANK else phase)


def _of_vcf(file: str, lines: Sequence[tuple[str, str]]) -> Iterator[Mutation]:
    for record, line in lines:
        if line.startswith("#"):
            continue
        cells = line.rstrip().split("\t")
        if len(cells) < 5:
            problem = f"{record}: {len(cells)} columns where a VCF has at least 8"
            raise InputError(file, problem, "columns stand between tabs")
        cells += ["."] * (8 - len(cells))
        row = {"chrom": cells[0], "pos": cells[1], "ref": cells[3], "alt": cells[4]}
        distrusted = "" if cells[6] in ("PASS", ".", "") else f"FILTER is {cells[6]}"
        yield from _mutations(file, record, row, _phase_of(cells), distrusted, is_vcf=True)


def _phase_of(cells: Sequence[str]) -> str | None:
    """Name of a record's haplotype: INFO PHASING, or the phase set of the first sample with ALT."""
    info = dict(item.partition("=")[::2] for item in cells[7].split(";"))
    for name in ("PHASING", "PHASE"):
        if info.get(name, "").lower() not in BLANK:
            return info[name]
    if len(cells) < 10:
        return None
    for sample in cells[9:]:
        values = dict(zip(cells[8].split(":"), sample.split(":"), strict=False))
        block = values.get("PS") or values.get("PID") or ""
        alleles = values.get("PGT" if "PID" in values else "GT", "").split("|")
        if block.lower() not in BLANK and len(alleles) == 2 and alleles.count("0") == 1:
            return f"{block}|{1 - alleles.index('0')}"
    return None


def _mutations(
    file: str,
    record: str,
    row: Mapping[str, str],
    phase: str | None,
    distrusted: str = "",
    is_vcf: bool = False,
) -> Iterator[Mutation]:
    """The mutations of one line: one for each of its alternate alleles."""
    if row["chrom"].lower() in BLANK:
        raise InputError(file, f"{record}: no contig in CHROM")
    if not re.fullmatch(r"\d{1,10}", row["pos"]) or int(row["pos"]) < 1:
        problem = f"{record}: POS '{row['pos']}' is not a position"
        raise InputError(file, problem, "positions are whole numbers that count from 1")
    ref, alternates = row["ref"].upper(), row["alt"].upper().split(",")
    shown = [alt for alt in alternates if not (is_vcf and NO_BASES.fullmatch(alt))]
    named = [("REF", ref), *(("ALT", a) for a in shown)] if shown else []
    for name, allele in named:
        if not ALLELE.fullmatch(allele):
            remedy = "an insertion or deletion is written with the base before it, as in VCF"
            problem = f"{record}: {name} '{allele}' is not a sequence of A, C, G and T"
            raise InputError(file, problem, remedy)
        if len(allele) > LONGEST:
            problem = f"{record}: {name} is {len(allele)} bases long"
            raise InputError(file, problem, f"reads can show {LONGEST} at most; leave it out")
    if ref in alternates:
        raise InputError(file, f"{record}: REF and ALT are both {ref}")
    for alt in alternates:
        why = distrusted if alt in shown else f"ALT is {alt}, which no read can show"
        yield Mutation(row["chrom"], int(row["pos"]), ref, alt, phase, record, why)


def _check_places(file: str, mutations: Sequence[Mutation], contigs: Mapping[str, int]) -> None:
    for m in mutations:
        if m.chrom not in contigs:
            other = m.chrom[3:] if m.chrom.startswith("chr") else f"chr{m.chrom}"
            problem = f"{m.record}: contig '{m.chrom}' is not in the alignments or their reference"
            if other not in contigs:
                raise InputError(file, problem + did_you_mean(m.chrom, contigs))
            problem += f", which call it '{other}': the names differ by `chr`"
            raise InputError(file, problem, "write the file's contigs as they do")
        if m.pos + len(m.ref) - 1 > contigs[m.chrom]:
            problem = f"{m.record}: {m} lies past the end of {m.chrom} ({contigs[m.chrom]} bases)"
            raise InputError(file, problem, "the file is of another genome build?")


def _check_bases(file: str, mutations: Sequence[Mutation], reference: Genome) -> None:
    """Hold every REF against the genome, and say what the mistake looks like.

    Raises
    ------
    InputError
        The genome has something else; what fits all the mutations instead is named.
    """
    there = {m: _around(m, reference) for m in mutations if ALLELE.fullmatch(m.alt)}
    wrong = [m for m in there if not _same(there[m][1 : 1 + len(m.ref)], m.ref)]
    if not wrong:
        return
    m = wrong[0]
    fits = [
        words for words, test in MISTAKES.items() if all(_same(*test(x, there[x])) for x in wrong)
    ]
    hint = f"{len(wrong)} of {len(mutations)} differ"
    hint += f"; {'; or '.join(fits)}" if fits else ": the file is of another genome build?"
    seen = there[m][1 : 1 + len(m.ref)]
    raise InputError(file, f"{m.record}: REF is {m.ref} at {m.chrom}:{m.pos}, but the genome has "
                     f"{seen} there", hint)  # fmt: skip


def _around(mutation: Mutation, reference: Genome) -> str:
    """Bases from one before REF to one past it, and as many as ALT takes; N where not known."""
    start = mutation.pos - 2
    end = min(
        mutation.pos + max(len(mutation.ref), len(mutation.alt)), reference.contigs[mutation.chrom]
    )
    bases = reference.fetch(mutation.chrom, max(start, 0), end)
    return "N" * (start < 0) + bases


def _same(there: str, wanted: str) -> bool:
    """Whether the genome may read as wanted: N agrees with all."""
    return len(there) == len(wanted) and all(
        a in (b, "N") for a, b in zip(there, wanted, strict=True)
    )
