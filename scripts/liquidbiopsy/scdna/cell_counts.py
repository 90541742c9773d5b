"""Cells in bins as a table between steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from liquidbiopsy.copynumber.bin_table import read_bin_table
from liquidbiopsy.copynumber.bins import Bins, Values
from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.scdna.cell_tables import Gathered

TRACKS = ("gc", "acgt", "mappability", "mappable_bp")


@dataclass(frozen=True)
class Tracks:
    """What is known of bins; arrays of shape (n,), NaN where not known."""

    gc: Values
    acgt: Values
    mappability: Values
    mappable_bp: Values
    """Places to which reads map uniquely, of bins that were cut by them."""


@dataclass(frozen=True)
class Counts:
    """Cells in bins as `step_reads` wrote them; m cells, n bins."""

    bins: Bins
    cells: tuple[str, ...]
    values: Values
    """Reads or ratios, shape (m, n)."""
    tracks: Tracks


def counts_table(
    gathered: Gathered | None, cells: Sequence[str], own: Sequence[str], tracks: Tracks | None
) -> pa.Table:
    """The table `counts`: a row a bin, a column a cell of `own`; without rows where there is none.

    Parameters
    ----------
    gathered : Gathered or None
        Of all `cells`.
    cells, own : sequence of str
        Names of all cells, and of those that could be read.
    tracks : Tracks or None
    """
    if gathered is None or tracks is None:
        blank: dict[str, Any] = dict.fromkeys(("chrom", "start", "end", *TRACKS), [])
        kinds = {"chrom": pa.string(), "start": pa.int64(), "end": pa.int64()}
        return pa.table({n: pa.array(v, kinds.get(n, pa.float64())) for n, v in blank.items()})
    bins, place = gathered.bins, {name: k for k, name in enumerate(cells)}
    columns: dict[str, Any] = {
        "chrom": pa.array(bins.chrom(), pa.string()),
        "start": pa.array(bins.start),
        "end": pa.array(bins.end),
    }
    for name in TRACKS:
        columns[name] = pa.array(getattr(tracks, name), from_pandas=True)
    for name in own:
        k = place[name]
        values = np.where(np.isnan(gathered.count[k]), gathered.ratio[k], gathered.count[k])
        columns[name] = pa.array(values, from_pandas=True)
    return pa.table(columns)


def read_counts(path: str) -> Counts | None:
    """The table `counts` of a specimen; None where no cell could be read."""
    if not read_table(path).num_rows:
        return None
    table = read_bin_table(path)
    cells = tuple(name for name in table.others if name not in TRACKS)
    values = np.array([table.numbers(name) for name in cells])
    tracks = Tracks(*(table.numbers(name) for name in TRACKS))
    return Counts(table.bins, cells, values, tracks)
