"""Bins of a specimen's cells as a table between steps, and the G and C in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from liquidbiopsy.copynumber.bin_table import read_bin_table
from liquidbiopsy.copynumber.bins import Bins, Values, same_bins
from liquidbiopsy.copynumber.mappable import read_mappable_bins
from liquidbiopsy.copynumber.reference_gc import read_gc
from liquidbiopsy.copynumber.tracks import names_note, track_on
from liquidbiopsy.copynumber.wig import read_wig
from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.scdna.cell_tables import Gathered

TRACKS = ("gc", "acgt", "mappability")


@dataclass(frozen=True)
class Tracks:
    """What is known of bins; arrays of shape (n,), NaN where not known."""

    gc: Values
    acgt: Values
    mappability: Values


@dataclass(frozen=True)
class Counts:
    """Cells in bins as `step_reads` wrote them; m cells, n bins."""

    bins: Bins
    cells: tuple[str, ...]
    values: Values
    """Reads or ratios, shape (m, n)."""
    tracks: Tracks


def tracked(
    bins: Bins,
    rows: Sequence[Mapping[str, Any]],
    references: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> tuple[Tracks, tuple[str, ...]]:
    """G and C, known bases and mappability of bins, and what to say of how contigs are named.

    Those of the settings' WIG files, of the reference's own bins, or of the columns of a ready
    table.

    Parameters
    ----------
    bins : Bins
    rows : list of dict
        Rows of scdna.tsv.
    references : dict
        By name, with `bins` or `gc` where there are such tables.
    settings : dict
        `counts`: `gc`, `mappability`.

    Raises
    ------
    UserError
        A track does not fit the bins.
    """
    found = {name: np.full(len(bins), np.nan) for name in TRACKS}
    own = next((references[row["reference"]] for row in rows if row["reference"]), {})
    ready = next((row["bins"] for row in rows if row["bins"]), None)
    if own.get("bins") and not ready:
        made = read_mappable_bins(own["bins"])
        if same_bins(made.bins, bins):  # their width makes them equal: mappability is not asked
            found |= {"gc": made.gc, "acgt": made.acgt}
    elif own.get("gc") and not ready:
        found["gc"], found["acgt"] = read_gc(own["gc"], bins)
    elif ready:
        found |= _of_table(ready, bins)
    names: dict[str, tuple[str, ...]] = {}
    for name in ("gc", "mappability"):
        if settings[name]:
            wig = read_wig(settings[name])
            found[name] = track_on(bins, wig)
            names[settings[name]] = wig.names
    note = names_note(names)
    return Tracks(**found), (note,) if note else ()


def _of_table(path: str, bins: Bins) -> dict[str, Values]:
    """Tracks that a ready table of bins has."""
    table = read_bin_table(path)
    if not same_bins(table.bins, bins):
        return {}
    names = {name: table.column(name) for name in ("gc", "mappability")}
    return {name: table.numbers(column) for name, column in names.items() if column}


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
