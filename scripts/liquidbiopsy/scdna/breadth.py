"""How much of the genome the reads of a cell cover."""

from __future__ import annotations

from collections.abc import Mapping

import numba as nb
import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import CONTIGS, plain
from liquidbiopsy.copynumber.count_pass import Watch
from liquidbiopsy.copynumber.record_stream import Bytes, Places
from liquidbiopsy.reads.chunks import int32_at
from liquidbiopsy.reads.fields import reach_of
from liquidbiopsy.scdna.good_reads import LEFT_OUT


class Breadth:
    """Reads that count, gathered while a file of a cell is counted, in the same pass.

    Parameters
    ----------
    min_mapq : int
    """

    def __init__(self, min_mapq: int) -> None:
        self._min_mapq = min_mapq
        self._places: list[npt.NDArray[np.int64]] = []
        self._whole = 0
        self._own = np.empty(0, np.bool_)

    def watch(self, contigs: Mapping[str, int]) -> Watch:
        """What takes the places of records that count, of a file with such contigs."""
        self._own = np.array([plain(name) in CONTIGS for name in contigs], np.bool_)
        self._whole = sum(n for name, n in contigs.items() if plain(name) in CONTIGS)
        return self._look

    def _look(self, data: Bytes, starts: Places) -> None:
        found = np.empty((len(starts), 3), np.int64)
        self._places.append(found[: _good(data, starts, self._own, self._min_mapq, found)].copy())

    def share(self) -> float:
        """Share of the bases of chromosomes 1 to 22, X and Y that a read covers, 0 to 1."""
        places = np.concatenate([np.empty((0, 3), np.int64), *self._places])
        return covered_bases(places) / self._whole if self._whole and len(places) else 0.0


@nb.njit(cache=True, nogil=True)
def _good(data, starts, own, min_mapq, found):  # type: ignore[no-untyped-def]
    """Contig, start and end of records that count, into `found`; how many there are."""
    n = 0
    for i in range(starts.size):
        at = starts[i]
        contig, mapq = int32_at(data, at + 4), np.int64(data[at + 13])
        more = np.int64(int32_at(data, at + 16))
        n_cigar, flag = more & 0xFFFF, (more >> 16) & 0xFFFF
        if flag & LEFT_OUT or mapq < min_mapq or contig < 0 or not own[contig] or not n_cigar:
            continue
        start = np.int64(int32_at(data, at + 8))
        found[n, 0], found[n, 1] = contig, start
        found[n, 2] = start + reach_of(data, at + 36 + np.int64(data[at + 12]), n_cigar)
        n += 1
    return n


def covered_bases(places: npt.NDArray[np.int64]) -> int:
    """Bases that intervals cover; each row of shape (n, 3) is a contig, a start and an end."""
    contig, start, end = places[np.lexsort((places[:, 1], places[:, 0]))].T
    far = int(end.max()) + 1
    low, high = contig * far + start, contig * far + end  # one after the other on one line
    reach = np.maximum.accumulate(high)
    before = np.concatenate([[-1], reach[:-1]])
    return int(np.maximum(high - np.maximum(low, before), 0).sum())
