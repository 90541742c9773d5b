"""A panel of normals: what bins of people without tumour have, after correction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from liquidbiopsy.copynumber.bin_table import read_bin_table
from liquidbiopsy.copynumber.bins import Bins, Profile, Values
from liquidbiopsy.copynumber.middle import library_noise, middle_of, spread_of
from liquidbiopsy.core.errors import InputError, UserError
from liquidbiopsy.core.parquet import write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.core.tables import Table, column, real, text

PREFIX = "log2 "
"""Of the columns of libraries in a panel's Parquet file."""
BESIDES = {"width", "strand", "gc", "map", "mappability", "name", "gene"}
"""Columns of other programs' tables that are no library."""
LOG2 = 0.5  # a library of log2 has its autosomes' median nearer to 0
NO_Y = -2.0  # log2 of the copies of Y under which a library has none
PLACE = (
    column("chrom", text, "Contig, by its plain name", nullable=False),
    column("start", pa.int64(), "First base, from 0", "{base}", nullable=False),
    column("end", pa.int64(), "One past the last base", "{base}", nullable=False),
)


@dataclass(frozen=True)
class Normals:
    """Bins of normal libraries; arrays of shape (n,), NaN where the panel knows nothing."""

    bins: Bins
    names: tuple[str, ...]
    """The libraries."""
    log2: Values
    """Shape (n, libraries): corrected log2, 0 at the median of its autosomes, X and Y at their own
    medians; NaN where a library has none."""
    file: str = "the panel of normals"
    """Where it was read from, for messages."""

    @property
    def n(self) -> int:
        """How many libraries there are."""
        return len(self.names)

    @cached_property
    def noise(self) -> Values:
        """Standard deviation of log2 within each library, shape (libraries,)."""
        return library_noise(self.bins, self.log2)

    @cached_property
    def median(self) -> Values:
        """Middle of log2 over the libraries, each by its noise; see `middle_of`."""
        return middle_of(self.log2, self.noise)

    @cached_property
    def spread(self) -> Values:
        """Standard deviation of log2 in a library of the panel's usual noise; see `spread_of`."""
        return spread_of(self.log2, self.noise, self.median)

    def leave_out(self, name: str) -> Normals:
        """The panel without a library; the same where it has none of that name.

        Raises
        ------
        UserError
            Nothing is left.
        """
        if name not in self.names:
            return self
        kept = [k for k, other in enumerate(self.names) if other != name]
        if not kept:
            raise UserError(f"{self.file}: nothing is left of the panel without {name}")
        return replace(self, names=tuple(self.names[k] for k in kept), log2=self.log2[:, kept])

    def on(self, bins: Bins) -> tuple[Values, Values]:
        """`median` and `spread` in the bins of a sample, NaN in those that the panel lacks.

        Raises
        ------
        InputError
            The panel's bins are of another size or build.
        """
        median, spread = np.full(len(bins), np.nan), np.full(len(bins), np.nan)
        own_size, size = (int((b.end - b.start).max(initial=0)) for b in (self.bins, bins))
        if own_size != size:
            problem = f"has bins of {own_size} bases, and the sample of {size}"
            raise InputError(self.file, problem, "give a panel of the same bins")
        for name in set(self.bins.contigs) & set(bins.contigs):
            own, there = self.bins.of(name), bins.of(name)
            last = there.stop - there.start - 1
            at = np.minimum(np.searchsorted(bins.start[there], self.bins.start[own]), last)
            same = bins.start[there][at] == self.bins.start[own]
            same &= (bins.end[there][at] == self.bins.end[own]) | (at == last)
            if not same.all():
                place = f"{name}:{self.bins.start[own][same.argmin()] + 1}"
                problem = f"is of another build: the sample has no such bin as that at {place}"
                raise InputError(self.file, problem, "give a panel of the same build and bins")
            median[there.start + at], spread[there.start + at] = self.median[own], self.spread[own]
        return median, spread


def make_normals(profiles: Mapping[str, Profile]) -> Normals:
    """A panel from profiles that were made without one, by the names of their libraries.

    Raises
    ------
    UserError
        There is none, or their bins differ.
    """
    if not profiles:
        raise UserError("the panel of normals: there is no library to make it from")
    names = tuple(sorted(profiles))
    bins = profiles[names[0]].bins
    for name in names[1:]:
        if not _same(bins, profiles[name].bins):
            raise UserError(f"the panel of normals: {name} has other bins than {names[0]}")
    log2 = np.stack([profiles[name].log2 for name in names], axis=1)
    return Normals(bins, names, _centred(bins, log2))


def read_normals(path: str) -> Normals:
    """A panel from Parquet (`write_normals`) or a table of log2 with a column a library.

    Raises
    ------
    InputError
        It cannot be read, or a column or a value is missing or wrong; the row is named.
    """
    table = read_bin_table(path)
    columns = [name for name in table.others if name.lower() not in BESIDES]
    if not columns:
        raise InputError(path, "has no library", "give log2 of each normal library in a column")
    log2 = np.stack([table.numbers(name) for name in columns], axis=1)
    log2[~np.isfinite(log2)] = np.nan
    for name, values in zip(columns, log2.T, strict=True):
        own = values[table.bins.autosomal & np.isfinite(values)]
        if not own.size or not abs(np.median(own)) < LOG2:
            problem = f"column {name} is no corrected log2: its median is not near 0"
            raise InputError(path, problem, "give log2 over the library's median")
    names = tuple(name.removeprefix(PREFIX) for name in columns)
    return Normals(table.bins, names, _centred(table.bins, log2), path)


def write_normals(normals: Normals, path: str, provenance: Provenance) -> None:
    """Write a panel as Parquet."""
    libraries = tuple(
        column(PREFIX + name, real, f"Corrected log2 of {name}") for name in normals.names
    )
    kind = Table("normals", "one bin of the panel of normals", (*PLACE, *libraries))
    bins = normals.bins
    columns = [bins.chrom(), bins.start, bins.end, *normals.log2.T]
    arrays = [pa.array(values, from_pandas=True) for values in columns]
    write_table(pa.table(arrays, names=kind.schema.names), path, kind, provenance)


def _same(a: Bins, b: Bins) -> bool:
    return (
        a.contigs == b.contigs and np.array_equal(a.start, b.start) and np.array_equal(a.end, b.end)
    )


def _centred(bins: Bins, log2: Values) -> Values:
    """Each library less the median of its autosomes, and of its own X and Y."""
    centred = log2.copy()
    autosomes = np.flatnonzero(bins.autosomal)
    sex = [np.arange(len(bins))[bins.of(name)] for name in ("X", "Y")]
    for k in range(log2.shape[1]):
        base = _median(log2[autosomes, k])
        centred[autosomes, k] -= base
        for name, own in zip("XY", sex, strict=True):
            level = _median(log2[own, k])
            without = name == "Y" and level - base < NO_Y
            centred[own, k] = np.nan if without else log2[own, k] - level
    return centred


def _median(values: Values) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else 0.0
