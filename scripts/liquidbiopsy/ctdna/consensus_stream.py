"""A library's reads to the consensus reads of its molecules, chunk by chunk, in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.consensus import OUTCOMES, Consensus, call_consensus
from liquidbiopsy.ctdna.consensus_bam import records_of
from liquidbiopsy.ctdna.group import grouped
from liquidbiopsy.ctdna.molecules import PAIRED, Molecules
from liquidbiopsy.ctdna.templates import FATES
from liquidbiopsy.reads.bam import BamReader
from liquidbiopsy.reads.chunks import Chunk

Records = npt.NDArray[np.uint8]


@dataclass
class Tally:
    """What became of a library's reads and molecules."""

    fates: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(FATES), np.int64))
    """Reads by `FATES`."""
    outcomes: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(len(OUTCOMES), np.int64)
    )
    """Molecules by `OUTCOMES`."""
    unlike: int = 0
    """Reads whose alignment is not the most common one of their molecule."""
    unplaced: int = 0
    """Molecules none of whose good bases is aligned."""
    sizes: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    """Shape (largest size + 1, 2): molecules by size, and those read from both strands."""
    strategy: str = ""

    @property
    def molecules(self) -> int:
        """Molecules found."""
        return int(self.outcomes.sum())

    def add(self, found: Molecules, made: Consensus, unplaced: int) -> None:
        """Count a chunk in."""
        self.fates += np.bincount(found.templates.fate, minlength=len(FATES))
        self.outcomes += np.bincount(made.outcome, minlength=len(OUTCOMES))
        self.unlike += made.unlike
        self.unplaced += unplaced
        size, both = made.strands.sum(1), (made.strands > 0).all(1)
        longest = max(int(size.max()) + 1 if len(size) else 0, len(self.sizes))
        grown = np.zeros((longest, 2), np.int64)
        grown[: len(self.sizes)] = self.sizes
        grown[:, 0] += np.bincount(size, minlength=longest)
        grown[:, 1] += np.bincount(size[both], minlength=longest)
        self.sizes = grown


def is_duplex(strategy: str, wanted: str | bool) -> bool:
    """Whether the strands of a molecule are joined; YAML may have read on and off as truths."""
    return strategy == PAIRED and wanted not in ("off", False)


def consensus_records(
    reader: BamReader,
    settings: Mapping[str, Any],
    prefix: str,
    group: str,
    tally: Tally,
    umi: str = "rx",
    threads: int = 1,
    name: str | None = None,
) -> Iterator[Records]:
    """Consensus reads as BAM records.

    Parameters
    ----------
    reader : BamReader
        Of a file sorted by template coordinate; with `keep` where there are several threads.
    settings : dict
        The sections `umi`, `align` and `consensus`.
    prefix : str
        Begins their names.
    group : str
        Their read group.
    tally : Tally
        Filled as they come.
    umi : str
        Where UMIs are: `rx`, `name` or `none`.
    threads : int
        Chunks that are worked on at a time; nothing hangs on it.
    name : str, optional
        The library's file, as messages name it where UMIs are at fault.

    Yields
    ------
    array of uint8
        Those of a chunk; the mates of a molecule follow each other.
    """

    def work(
        chunk: Chunk, found: Molecules, before: int, duplex: bool
    ) -> tuple[Records, Molecules, Consensus, int]:
        made = call_consensus(chunk, found, settings["consensus"], duplex)
        records, unplaced = records_of(chunk, found, made, before, duplex, prefix, group)
        return records, found, made, unplaced

    before = 0
    waiting: deque[Future[tuple[Records, Molecules, Consensus, int]]] = deque()
    wanted = settings["consensus"]["duplex"]
    with ThreadPoolExecutor(threads) as pool:
        for chunk, found, strategy in grouped(reader, settings, umi, name):
            tally.strategy = strategy
            duplex = is_duplex(strategy, wanted)
            if threads == 1:
                records, _, made, unplaced = work(chunk, found, before, duplex)
                tally.add(found, made, unplaced)
                yield records
            else:
                waiting.append(pool.submit(work, chunk, found, before, duplex))
            before += len(found)
            while len(waiting) > threads:
                records, done, made, unplaced = waiting.popleft().result()
                tally.add(done, made, unplaced)
                yield records
        while waiting:
            records, done, made, unplaced = waiting.popleft().result()
            tally.add(done, made, unplaced)
            yield records
