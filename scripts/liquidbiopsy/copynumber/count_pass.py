"""One pass over a file's records: settings and places as the kernel takes them, and its tallies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber import count_kernel as kernel
from liquidbiopsy.copynumber.bins import Bins, Mask, plain
from liquidbiopsy.copynumber.record_stream import Bytes, Places, RecordStream
from liquidbiopsy.copynumber.seen_ends import no_ends, with_room
from liquidbiopsy.reads.panel import Region

Watch = Callable[[Bytes, Places], None]
"""What looks at sound records on the way: inflated bytes, and where the records' sizes are."""


def limits_of(settings: Mapping[str, Any], duplicates: int, *, on_target: bool) -> kernel.Limits:
    """Settings of `count_reads` for the kernel, and which duplicates it looks for."""
    own = settings["fragments"]
    short, long = own["short"], own["long"]
    return kernel.Limits(
        min_mapq=settings["min_mapq"],
        fragment_mapq=own["min_mapq"],
        duplicates=duplicates,
        max_length=own["max_length"],
        short_low=short[0],
        short_high=short[1],
        long_low=long[0],
        long_high=long[1],
        window_bp=own["window_bp"],
        on_target=int(on_target),
    )


def places_of(
    index: npt.NDArray[np.int64], bins: Bins, windows: Bins, regions: Sequence[Region]
) -> kernel.Grid:
    """Bins, windows and regions for the kernel.

    Parameters
    ----------
    index : (contigs of the file,) array of int64
        Contig of the bins, or -1.
    bins, windows : Bins
        Of the same contigs.
    regions : list of Region
        With or without `chr`; those on other contigs are passed by.
    """
    number = {name: k for k, name in enumerate(bins.contigs)}
    table = np.array(_merged(regions, number), np.int64).reshape(-1, 3).T.copy()
    stops = np.arange(len(bins.contigs) + 1)
    firsts = [np.searchsorted(which, stops) for which in (bins.contig, windows.contig, table[0])]
    return kernel.Grid(
        index, firsts[0], bins.start, bins.end, firsts[1], firsts[2], table[1], table[2]
    )


def _merged(regions: Sequence[Region], number: Mapping[str, int]) -> list[tuple[int, int, int]]:
    """Regions in the order of contigs and places; those that touch are one."""
    found: list[tuple[int, int, int]] = []
    named = [(plain(r.chrom), r.start, r.end) for r in regions]
    for contig, start, end in sorted((number[c], s, e) for c, s, e in named if c in number):
        if found and found[-1][0] == contig and start <= found[-1][2]:
            found[-1] = (contig, found[-1][1], max(found[-1][2], end))
        else:
            found.append((contig, start, end))
    return found


def reached_into(places: kernel.Grid, windows: Bins) -> Mask:
    """Windows that a region reaches into which does not lie within them, shape (windows,)."""
    found = np.zeros(len(windows), np.bool_)
    for contig in range(len(places.first_region) - 1):
        own = slice(*places.first_region[contig : contig + 2])
        part = slice(*places.first_window[contig : contig + 2])
        start, end = windows.start[part], windows.end[part]
        for low, high in zip(places.region_start[own], places.region_end[own], strict=True):
            within = (start <= low) & (high <= end)
            found[part] |= (start < high) & (low < end) & ~within
    return found


def tallies_of(
    reader: RecordStream, limits: kernel.Limits, places: kernel.Grid, watch: Watch | None = None
) -> kernel.Tallies:
    """All records of a file, counted; `watch` is shown each piece of them.

    Raises
    ------
    InputError
        The file is cut off or damaged; the record is named.
    """
    bins, windows = len(places.bin_start), int(places.first_window[-1])
    tallies = kernel.Tallies(
        fates=np.zeros(len(kernel.FATES), np.int64),
        reads=np.zeros((2, bins), np.int64),
        lengths=np.zeros((2, limits.max_length + 1), np.int64),
        motifs=np.zeros((2, 4**kernel.END), np.int64),
        windows=np.zeros((2, 2, windows), np.int64),
        others=np.zeros((2, 3), np.int64),
        state=np.zeros(7, np.int64),
    )
    ends = no_ends(limits.max_length)
    contigs = len(reader.header.names)
    for data, starts in reader.pieces():
        ends = with_room(ends, 2 * len(starts))
        bad = kernel.tally(data, starts, contigs, limits, places, ends, tallies)
        if bad >= 0:
            raise reader.damaged(bad)
        if watch is not None:
            watch(data, starts)
    return tallies
