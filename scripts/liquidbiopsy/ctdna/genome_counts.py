"""Counts of a library in bins, kept between the steps of whole genomes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bin_table import read_bin_table
from liquidbiopsy.copynumber.bins import Bins, Profile, Values
from liquidbiopsy.copynumber.normals import Normals
from liquidbiopsy.copynumber.own_contigs import build_of_bins
from liquidbiopsy.copynumber.profile import profile_of
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.ctdna.genome_tables import COUNTS


@dataclass(frozen=True)
class Counts:
    """A library as it was counted; arrays of shape (n,)."""

    bins: Bins
    count: Values
    """Reads; NaN on contigs that the library does not know."""
    gc: Values | None
    acgt: Values | None
    mappability: Values | None

    def profile(
        self, build: str | None, normals: Normals | None, settings: Mapping[str, Any]
    ) -> Profile:
        """Corrected, and held against the panel of normals; see `profile_of`."""
        count = np.nan_to_num(self.count)
        known = build or build_of_bins(self.bins)
        return profile_of(
            self.bins, count, self.gc, self.mappability, known, normals, settings, self.acgt
        )


def write_counts(counts: Counts | None, path: str, made: Provenance) -> None:
    """Write counts; a library that could not be counted has no row."""
    if counts is None:
        write_table(table_of([], COUNTS), path, COUNTS, made)
        return
    bins = counts.bins
    columns: dict[str, Any] = {
        "chrom": bins.chrom(),
        "start": bins.start.tolist(),
        "end": bins.end.tolist(),
    }
    for name in ("count", "gc", "acgt", "mappability"):
        values = getattr(counts, name)
        known = values if values is not None else np.full(len(bins), np.nan)
        columns[name] = [None if math.isnan(v) else v for v in known.tolist()]
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    write_table(table_of(rows, COUNTS), path, COUNTS, made)


def read_counts(path: str) -> Counts:
    """Counts that `write_counts` wrote of a library that could be counted."""
    table = read_bin_table(path)
    gc, acgt, mappability = (
        None if np.isnan(values).all() else values
        for values in map(table.numbers, ("gc", "acgt", "mappability"))
    )
    return Counts(table.bins, table.numbers("count"), gc, acgt, mappability)
