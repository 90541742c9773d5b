"""How much of the genome the reads of a cell cover."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import CONTIGS, plain
from liquidbiopsy.reads.alignments import open_alignments, reads_of
from liquidbiopsy.reads.reference import Reference
from liquidbiopsy.scdna.good_reads import is_good


def breadth_of(file: str, genome: Reference | None, settings: Mapping[str, Any]) -> float:
    """Share of the bases of chromosomes 1 to 22, X and Y that a read covers, 0 to 1.

    Parameters
    ----------
    file : str
        BAM or CRAM file, in any order.
    genome : Reference or None
        Which CRAM needs.
    settings : dict
        `min_mapq`.

    Raises
    ------
    InputError
        As `open_alignments` and `reads_of`.
    """
    places: list[tuple[int, int, int]] = []
    with open_alignments(file, genome) as handle:
        own = [plain(name) in CONTIGS for name in handle.references]
        whole = sum(n for n, there in zip(handle.lengths, own, strict=True) if there)
        for read in reads_of(handle, file):
            if is_good(read, settings["min_mapq"]) and own[read.reference_id]:
                places.append((read.reference_id, read.reference_start, read.reference_end or 0))
    if not whole or not places:
        return 0.0
    return covered_bases(np.array(places, np.int64)) / whole


def covered_bases(places: npt.NDArray[np.int64]) -> int:
    """Bases that intervals cover; each row of shape (n, 3) is a contig, a start and an end."""
    contig, start, end = places[np.lexsort((places[:, 1], places[:, 0]))].T
    far = int(end.max()) + 1
    low, high = contig * far + start, contig * far + end  # one after the other on one line
    reach = np.maximum.accumulate(high)
    before = np.concatenate([[-1], reach[:-1]])
    return int(np.maximum(high - np.maximum(low, before), 0).sum())
