"""Clones held against the copy number of the same patient's plasma."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from liquidbiopsy.copynumber.bins import AUTOSOMES, Values, plain
from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.scdna.agreement import agreement, log2_of
from liquidbiopsy.scdna.clones import Clones
from liquidbiopsy.scdna.events import NORMAL
from liquidbiopsy.scdna.shared_segments import Shared

NEEDED = ("specimen_id", "library_id", "chrom", "start", "end", "log2", "used")
KEYS = ("plasma_specimen_id", "library_id")


def plasma_rows(clones: Clones, shared: Shared, paths: Sequence[str]) -> list[dict[str, Any]]:
    """A row a plasma library and clone of the tumour; see the table `clones_in_plasma`.

    Parameters
    ----------
    clones, shared
        Of the same segments.
    paths : list of str
        Tables of bins with specimen_id, library_id, chrom, start, end, log2 and used.
    """
    rows = []
    for path in paths:
        table = read_table(path).select(list(NEEDED))
        keys = list(zip(*(table[n].to_pylist() for n in NEEDED[:2]), strict=True))
        for key in dict.fromkeys(keys):
            own = table.filter(pa.array([k == key for k in keys]))
            rows += [
                {**dict(zip(KEYS, key, strict=True)), "clone": name, **_held(own, p, shared)}
                for name, p in zip(clones.names, clones.profile, strict=True)
                if name != NORMAL
            ]
    return rows


def _held(bins: pa.Table, profile: Values, shared: Shared) -> dict[str, Any]:
    """Agreement of a clone with one library over the library's autosomal bins."""
    chrom = np.array([plain(name) for name in bins["chrom"].to_pylist()], object)
    middle = (bins["start"].to_numpy() + bins["end"].to_numpy()) // 2
    log2 = np.array(bins["log2"].to_numpy(), np.float64)
    used = np.array(bins["used"].to_pylist(), bool) & np.isin(chrom, AUTOSOMES)
    copies = np.full(log2.size, np.nan)
    for k, name in enumerate(shared.contigs):
        own = np.flatnonzero(chrom == name)
        at = np.flatnonzero(shared.contig == k)
        if not own.size or not at.size:
            continue
        place = np.searchsorted(shared.start[at], middle[own], side="right") - 1
        inside = (place >= 0) & (middle[own] < shared.end[at[np.maximum(place, 0)]])
        copies[own[inside]] = profile[at[place[inside]]]
    return agreement(log2_of(copies, used), log2, used)
