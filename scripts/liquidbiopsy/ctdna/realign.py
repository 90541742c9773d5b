"""Consensus reads aligned anew, as their bases are better than those they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numba as nb
import numpy as np
import numpy.typing as npt
import pysam

from liquidbiopsy.reads.align import align
from liquidbiopsy.reads.chunks import PAIRED, REVERSE, Chunk, chunk_of
from liquidbiopsy.reads.fields import after_tag
from liquidbiopsy.reads.templates import Read, Template

PLAIN = np.frombuffer(b"=ACMGRSVTWYHKDBN", np.uint8)
TURNED = np.frombuffer(b"=TGKCYSBAWRDMHVN", np.uint8)
CARRIED = "zz"
"""Tag that carries all others, but those of the old alignment, two letters a byte, through the
aligner; `overlap` unpacks it."""


@nb.njit(cache=True, nogil=True)
def _texts(data, flag, length, seq, qual, tags, end, out, at):  # type: ignore[no-untyped-def]
    """Bases, qualities and tags of each read as letters, as they were sequenced."""
    filled = 0
    for i in range(flag.size):
        at[i, 0], n = filled, length[i]
        back = flag[i] & REVERSE != 0
        for k in range(n):
            to = filled + (n - 1 - k if back else k)
            byte = np.int64(data[seq[i] + (k >> 1)])
            base = byte & 15 if k & 1 else byte >> 4
            out[to] = TURNED[base] if back else PLAIN[base]
            out[to + n] = data[qual[i] + k] + 33
        filled += 2 * n
        at[i, 1] = filled
        tag = tags[i]
        while tag + 3 < end[i]:
            stop, a, b = after_tag(data, tag, end[i]), data[tag], data[tag + 1]
            if not (a == 77 and b == 68 or a == 78 and b == 77):  # MD, NM: of the old alignment
                for k in range(tag, stop):
                    out[filled], out[filled + 1] = 65 + (data[k] >> 4), 65 + (data[k] & 15)
                    filled += 2
            tag = stop
        at[i, 2] = filled
    return filled


def _reads(chunk: Chunk) -> Iterator[tuple[str, Read]]:
    room = int(2 * chunk.length.sum() + 2 * (chunk.end - chunk.tags).sum())
    out, at = np.empty(room + 1, np.uint8), np.empty((len(chunk), 3), np.int64)
    filled = _texts(
        chunk.data, chunk.flag, chunk.length, chunk.seq, chunk.qual, chunk.tags, chunk.end, out, at
    )
    text = bytes(out[:filled]).decode("ascii")
    for i, (first, middle, stop) in enumerate(at.tolist()):
        half = (first + middle) // 2
        tags: list[tuple[str, object, str | None]] = [(CARRIED, text[middle:stop], "Z")]
        yield chunk.name_of(i), Read(text[first:half], text[half:middle], tags)


def _templates(pieces: Iterable[npt.NDArray[np.uint8]], contigs: int) -> Iterator[Template]:
    for records in pieces:
        chunk = chunk_of(records, contigs)
        waiting: Read | None = None
        for i, (name, read) in enumerate(_reads(chunk)):
            if not chunk.flag[i] & PAIRED:
                yield Template(name, (read,))
            elif waiting is None:  # the mates of a molecule follow each other
                waiting = read
            else:
                yield Template(name, (waiting, read))
                waiting = None


def realigned(
    pieces: Iterable[npt.NDArray[np.uint8]],
    contigs: int,
    index: str,
    program: str,
    text: str,
    path: Path,
    threads: int,
) -> None:
    """Align consensus reads and write them, the mates of a molecule together.

    Parameters
    ----------
    pieces : iterable of arrays of uint8
        Consensus reads as BAM records, as `records_of` makes them.
    contigs : int
        Contigs of the file that they come from.
    index : str
        Prefix of a BWA index.
    program : str
        `pybwa`, `bwa` or `bwa-mem2`.
    text : str
        Header of the output.
    path : Path
        BAM file to write.
    threads : int
        Of the aligner.
    """
    header = pysam.AlignmentHeader.from_text(text)
    odd: list[Template] = []  # the aligner takes pairs or single reads, not both at once
    found = _templates(pieces, contigs)
    first = next(found, None)
    with pysam.AlignmentFile(str(path), "wbu", header=header) as out:
        if first is None:
            return
        ends = len(first.reads)

        def alike() -> Iterator[Template]:
            yield first
            for template in found:
                if len(template.reads) == ends:
                    yield template
                else:
                    odd.append(template)

        for reads in align(alike(), index, program, threads):
            for read in reads:
                out.write(read)
        if odd:
            for reads in align(odd, index, program, threads):
                for read in reads:
                    out.write(read)


def header_text(contigs: dict[str, int], specimen: str, library: str) -> str:
    """Header of a consensus BAM: contigs and one read group; no command, no path."""
    lines = ["@HD\tVN:1.6\tSO:unsorted\tGO:query"]
    lines += [f"@SQ\tSN:{name}\tLN:{length}" for name, length in contigs.items()]
    lines.append(f"@RG\tID:{library}\tSM:{specimen}\tLB:{library}")
    return "\n".join(lines) + "\n"
