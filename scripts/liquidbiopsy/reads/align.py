"""BWA-MEM over templates as they come: in this process (pybwa), or by a program on PATH.

Reads are aligned in batches of a fixed size, since BWA takes the insert size from the batch: what
comes out does not hang on the number of threads. Primary alignments alone are given back;
supplementary and secondary ones are left out, as a molecule is to be seen once at a place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pybwa
from pybwa import libbwaindex, libbwamem
from pysam import AlignedSegment, FastxRecord

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads.align_program import align_by_program, on_path
from liquidbiopsy.reads.mates import Pair, join, mark_proper
from liquidbiopsy.reads.templates import Template
from liquidbiopsy.reads.umis import Tags

IN_PROCESS = "pybwa"
PROGRAMS = (IN_PROCESS, "bwa", "bwa-mem2")
BATCH, TAIL = 20_000, 2_000
"""Templates in a batch; a last one of fewer than the tail goes with the batch before it, so that
its insert size is known."""
BASES_IN_CHUNK = 2**30  # more than a batch has, so that pybwa does not cut it by its threads
COMMON_FILES = ("amb", "ann", "pac")
OWN_FILES = {IN_PROCESS: ("bwt", "sa"), "bwa": ("bwt", "sa"), "bwa-mem2": ("0123", "bwt.2bit.64")}
"""Ends of the names of an index's files: of all programs, of each."""

REVERSED = frozenset(["cd", "ce", "ad", "ae", "bd", "be", "aq", "bq"])
"""Tags of consensus reads with a value a base, as fgbio writes them; `ac` and `bc` are bases."""
REVERSE_COMPLEMENTED = frozenset(["ac", "bc"])
_COMPLEMENT = str.maketrans("ACGTNacgtn", "TGCANtgcan")

Aligned = tuple[AlignedSegment, ...]
"""The primary alignments of a template: of its one read, or of both in their order."""


def align(
    templates: Iterable[Template], index: str, program: str, threads: int
) -> Iterator[Aligned]:
    """Align templates, all pairs or all single reads, and join what is found of a pair.

    Parameters
    ----------
    templates : iterable of Template
        Read as they are needed.
    index : str
        Prefix of a BWA index.
    program : str
        `pybwa`, `bwa` or `bwa-mem2`.
    threads : int
        Of BWA; the outcome does not hang on it.

    Yields
    ------
    tuple of AlignedSegment
        In the order of the templates: flags, mate fields, MC and MQ are set, and the tags of the
        template's reads. Alignments are of the index's contigs in their order.

    Raises
    ------
    InputError
        The index or the program is not there; whatever the templates raise.
    """
    where = on_path(program) if program != IN_PROCESS else ""
    _check_files(index, (*COMMON_FILES, *OWN_FILES[program]), program)
    if where:
        yield from align_by_program(templates, index, where, threads, with_tags)
        return
    with TemporaryDirectory() as spare:
        aligner = pybwa.BwaMem(index=_loaded(index, Path(spare)))
    options = {
        paired: pybwa.BwaMemOptions(
            interleaved_paired_end=paired, threads=threads, chunk_size=BASES_IN_CHUNK
        ).finalize()
        for paired in (True, False)
    }
    for batch in batches(templates):
        paired = len(batch[0].reads) == 2
        queries = [
            FastxRecord(name=template.name, sequence=read.bases, quality=read.qualities)
            for template in batch
            for read in template.reads
        ]
        found = iter(aligner.align(queries, options[paired]))
        done = [
            tuple(with_tags(_primary(next(found)), read.tags) for read in template.reads)
            for template in batch
        ]
        if paired:
            pairs: list[Pair] = [(one, other) for one, other in done]
            for first, second in pairs:
                join(first, second)
            mark_proper(pairs)
        yield from done


def batches(
    templates: Iterable[Template], size: int = BATCH, tail: int = TAIL
) -> Iterator[list[Template]]:
    """Templates in lists of a fixed size; a short tail goes with the list before it."""
    source = iter(templates)
    waiting = list(islice(source, size))
    while waiting:
        more = list(islice(source, size))
        if len(more) < tail:
            waiting += more
            more = []
        yield waiting
        waiting = more


def _primary(found: list[AlignedSegment]) -> AlignedSegment:
    """The primary alignment, without the tag of those that are left out."""
    read = next(r for r in found if not r.flag & 0x900)
    if len(found) > 1:
        read.set_tag("SA", None)
    return read


def with_tags(read: AlignedSegment, tags: Tags) -> AlignedSegment:
    """Give an alignment the tags of its read; those with a value a base follow its strand."""
    turned = read.is_reverse
    for tag, value, kind in tags:
        if turned and tag in REVERSED:
            value = value[::-1]
        elif turned and tag in REVERSE_COMPLEMENTED:
            value = str(value).translate(_COMPLEMENT)[::-1]
        read.set_tag(tag, value, kind)
    return read


def contigs_of(prefix: str) -> dict[str, int]:
    """Names and lengths of a BWA index's contigs, in their order.

    Raises
    ------
    InputError
        One of the index's files is not there, or it is none.
    """
    _check_files(prefix, COMMON_FILES)
    try:
        lines = Path(f"{prefix}.ann").read_text(encoding="utf-8").splitlines()[1:]
        names = [line.split()[1] for line in lines[::2]]
        lengths = [int(line.split()[1]) for line in lines[1::2]]
        return dict(zip(names, lengths, strict=True))
    except (OSError, ValueError, IndexError) as error:
        problem = f"is no BWA index: {Path(prefix).name}.ann cannot be read"
        raise InputError(prefix, problem, "make it anew with `bwa index`") from error


def _check_files(prefix: str, ends: Iterable[str], program: str = IN_PROCESS) -> None:
    for end in ends:
        if Path(f"{prefix}.{end}").is_file():
            continue
        name = f"{Path(prefix).name}.{end}"
        problem, remedy = f"is no BWA index: {name} is not there", "or let the run make it"
        if program not in (IN_PROCESS, "bwa"):
            problem = f"is no index of {program}: {name} is not there"
            remedy = "and give its prefix as the reference's `bwa`"
        make = "bwa" if program == IN_PROCESS else program
        raise InputError(prefix, problem, f"make it with `{make} index`, {remedy}")


def _loaded(prefix: str, spare: Path) -> pybwa.BwaIndex:
    """An index in memory; pybwa wants a dictionary beside it, which `bwa index` does not make."""
    libbwaindex._set_bwa_idx_verbosity(1)
    libbwamem._set_bwa_mem_verbosity(1)
    if not Path(prefix).with_suffix(".dict").is_file():
        for end in (*COMMON_FILES, *OWN_FILES[IN_PROCESS]):
            (spare / f"genome.{end}").symlink_to(Path(f"{prefix}.{end}").resolve())
        lines = [f"@SQ\tSN:{name}\tLN:{length}" for name, length in contigs_of(prefix).items()]
        (spare / "genome.dict").write_text("\n".join(lines) + "\n")
        prefix = str(spare / "genome")
    return pybwa.BwaIndex(prefix=prefix)
