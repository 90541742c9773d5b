"""What is known of the bins of a specimen's cells: G and C, known bases, mappability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bin_table import read_bin_table
from liquidbiopsy.copynumber.bins import Bins, Values, same_bins
from liquidbiopsy.copynumber.mappable import read_mappable_bins
from liquidbiopsy.copynumber.reference_gc import read_gc
from liquidbiopsy.copynumber.tracks import names_note, track_on
from liquidbiopsy.copynumber.wig import read_wig
from liquidbiopsy.scdna.cell_counts import TRACKS, Tracks


def tracked(
    bins: Bins,
    rows: Sequence[Mapping[str, Any]],
    references: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> tuple[Tracks, tuple[str, ...]]:
    """What is known of bins, see `Tracks`, and what to say of how contigs are named.

    Those of the settings' WIG files, of the reference's own bins, or of the columns of a ready
    table.

    Parameters
    ----------
    bins : Bins
    rows : list of dict
        Rows of scdna.tsv.
    references : dict
        Those that can be read, by name, with `bins` or `gc` where there are such tables.
    settings : dict
        `counts`: `gc`, `mappability`.

    Raises
    ------
    UserError
        A track does not fit the bins.
    """
    found = {name: np.full(len(bins), np.nan) for name in TRACKS}
    # a ready table may name a reference for its build alone, whose FASTA is not there
    named = [references.get(row["reference"]) for row in rows if row["reference"]]
    own: Mapping[str, Any] = next(filter(None, named), {})
    ready = next((row["bins"] for row in rows if row["bins"]), None)
    if own.get("bins") and not ready:
        made = read_mappable_bins(own["bins"])
        if same_bins(made.bins, bins):  # reads are as many as such places: no curve is fitted
            places = made.mappability * (bins.end - bins.start)
            found |= {"gc": made.gc, "acgt": made.acgt, "mappable_bp": places}
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
