"""BWA-MEM by a program on PATH, fed with templates and read as it goes."""

from __future__ import annotations

import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Thread

from pysam import AlignedSegment, AlignmentFile

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads.mates import join
from liquidbiopsy.reads.templates import Template
from liquidbiopsy.reads.umis import Tags

CHUNK = "10000000"  # bases that are aligned at a time, whatever the threads
INSTEAD = "set assays.ctdna.align.program to pybwa"

Tagged = Callable[[AlignedSegment, Tags], AlignedSegment]


def on_path(program: str) -> str:
    """Where a program is.

    Raises
    ------
    InputError
        It is not on PATH.
    """
    where = shutil.which(program)
    if where is None:
        raise InputError(program, "is not on PATH", f"install it, or {INSTEAD}")
    return where


def align_by_program(
    templates: Iterable[Template], prefix: str, where: str, threads: int, tagged: Tagged
) -> Iterator[tuple[AlignedSegment, ...]]:
    """Align templates with `bwa mem` or `bwa-mem2 mem`, which lie at `where`; else as `align`.

    Raises
    ------
    InputError
        The program cannot be run, gave up, or gave fewer alignments than there are reads.
    """
    feeding = _Feeding(templates, where, prefix, threads)
    try:
        try:
            yield from _joined(feeding, tagged)
        except (OSError, ValueError) as error:
            feeding.check()
            raise InputError(feeding.name, f"gave no alignments: {error}") from error
        feeding.check()
    finally:
        feeding.end()


class _Feeding:
    """The program, and the thread that writes reads to it."""

    def __init__(self, templates: Iterable[Template], where: str, prefix: str, threads: int):
        self.templates = iter(templates)
        self.given: deque[Template] = deque()
        self.error: BaseException | None = None
        self.name = Path(where).name
        first = next(self.templates, None)
        self.paired = first is not None and len(first.reads) == 2
        command = [where, "mem", "-v", "1", "-K", CHUNK, "-t", str(threads)]
        command += ["-p"] if self.paired else []
        try:
            self.process = subprocess.Popen(
                [*command, prefix, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            problem = f"cannot be run: {error.strerror}"
            raise InputError(self.name, problem, f"install it anew, or {INSTEAD}") from error
        self.thread = Thread(target=self._feed, args=(first,), daemon=True)
        self.thread.start()

    def _feed(self, first: Template | None) -> None:
        pipe = self.process.stdin
        assert pipe is not None
        try:
            template = first
            while template is not None:
                self.given.append(template)
                for read in template.reads:
                    quality = read.qualities or "I" * len(read.bases)
                    pipe.write(f"@{template.name}\n{read.bases}\n+\n{quality}\n".encode())
                template = next(self.templates, None)
            pipe.close()
        except BaseException as error:  # it is raised where the alignments are read
            self.error = error
            self.process.kill()

    def check(self) -> None:
        """Raise what went wrong with the reads, or with the program."""
        self.thread.join()
        if self.error is not None and not isinstance(self.error, BrokenPipeError):
            raise self.error
        code = self.process.wait()
        if code:
            raise InputError(self.name, f"gave up with exit code {code}", "see the log for why")
        if self.given:
            problem = f"gave no alignment of '{self.given[0].name}' and what follows"
            raise InputError(self.name, problem, "is it BWA-MEM? see the log")

    def end(self) -> None:
        """Stop the program and the thread, whatever they do."""
        self.process.kill()
        self.process.wait()
        self.thread.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue


def _joined(feeding: _Feeding, tagged: Tagged) -> Iterator[tuple[AlignedSegment, ...]]:
    """Primary alignments by template; the program keeps the order of the reads."""
    source = feeding.process.stdout
    assert source is not None
    with AlignmentFile(source, "r", check_sq=False) as found:
        waiting: list[AlignedSegment] = []
        for read in found.fetch(until_eof=True):
            if read.flag & 0x900:
                continue
            if read.has_tag("SA"):
                read.set_tag("SA", None)
            waiting.append(read)
            if len(waiting) == (2 if feeding.paired else 1):
                template = feeding.given.popleft()
                if template.name != read.query_name:
                    raise ValueError(f"'{read.query_name}' in place of '{template.name}'")
                done = tuple(
                    tagged(one, own.tags) for one, own in zip(waiting, template.reads, strict=True)
                )
                if feeding.paired:
                    join(done[0], done[1])
                yield done
                waiting = []
