"""samtools sort of reads that come one by one, in a process of its own with bounded memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from pysam import AlignmentFile

TEMPLATE, COORDINATE, NAME = "template-coordinate", "coordinate", "name"
_ORDERS = {TEMPLATE: ["--template-coordinate"], COORDINATE: [], NAME: ["-n"]}
_MEMORY_MB, _LEAST_MB = 768, 64
_RUN = "import sys, pysam; pysam.sort(*sys.argv[1:], catch_stdout=False)"


class Sorter:
    """Reads go in by `write`, and come out sorted in a file, or by `sorted` as they are needed.

    No more than 768 MB are held (64 MB a thread at least); what is more lies in a folder beside the
    output, which goes when the block ends. The order is total for primary reads, so neither memory
    nor threads change the outcome.

    Parameters
    ----------
    header : dict
        Of the output; its sort order is set.
    order : str
        TEMPLATE, COORDINATE or NAME.
    place : Path
        Output file, or, where only `sorted` is used, beside what the overflow may lie.
    threads : int
        Of samtools.
    to_file : bool
        Whether the output is a BAM file at `place`.
    """

    def __init__(
        self, header: Any, order: str, place: Path, threads: int, *, to_file: bool = True
    ) -> None:
        self.place = place
        self.overflow = place.with_name(f".{place.name}.{order}")
        shutil.rmtree(self.overflow, ignore_errors=True)
        self.overflow.mkdir(parents=True)
        self.errors: IO[bytes] = open(self.overflow / "errors", "w+b")  # noqa: SIM115
        command = [sys.executable, "-P", "-c", _RUN, *_ORDERS[order], "--no-PG", "-O", "bam"]
        command += ["-l", "1" if to_file else "0", "-@", str(max(0, threads - 1))]
        command += ["-m", f"{max(_LEAST_MB, _MEMORY_MB // max(1, threads))}M"]
        command += ["-T", str(self.overflow / "part")]
        command += ["-o", str(place) if to_file else "-", "-"]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if to_file else subprocess.PIPE,
            stderr=self.errors,
        )
        assert self.process.stdin is not None
        self.pipe = AlignmentFile(self.process.stdin, "wbu", header=header)
        self.write = self.pipe.write

    def sorted(self) -> AlignmentFile:
        """End the input and give the sorted reads; call `finish` after the last."""
        self._end_input()
        assert self.process.stdout is not None
        return AlignmentFile(self.process.stdout, "rb", check_sq=False)

    def finish(self) -> None:
        """Wait until all is written.

        Raises
        ------
        OSError
            samtools gave up, as on a full disk; its words are in the message.
        """
        try:
            self._end_input()
        finally:
            self._raise_if_failed(self.process.wait())

    def _raise_if_failed(self, code: int) -> None:
        if code:
            self.errors.seek(0)
            words = self.errors.read().decode(errors="replace").strip().splitlines()
            raise OSError(f"samtools sort: {words[-1] if words else 'failed'}")

    def _end_input(self) -> None:
        self.pipe.close()
        if self.process.stdin is not None:
            self.process.stdin.close()

    def __enter__(self) -> Sorter:
        """Started already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop samtools where something went wrong, and clear up."""
        try:
            if isinstance(error, BrokenPipeError) or "Broken pipe" in str(error):
                self._raise_if_failed(self.process.wait())
            if error is not None:
                self.process.kill()
                self.process.wait()
                with suppress(OSError):  # what is not written yet has no reader any more
                    self._end_input()
        finally:
            self.errors.close()
            if self.process.stdout is not None:
                self.process.stdout.close()
            shutil.rmtree(self.overflow, ignore_errors=True)
