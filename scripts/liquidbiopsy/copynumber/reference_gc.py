"""The share of G and C in bins of a reference, counted once for all libraries of a run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bins import Bins, Values, grid
from liquidbiopsy.copynumber.gc_content import gc_of_reference
from liquidbiopsy.core.errors import InputError, UserError
from liquidbiopsy.core.names import without_place
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import Table, column, real, text, whole
from liquidbiopsy.reads.reference import open_reference

GC = Table(
    name="gc",
    row="one bin of a reference; where it cannot be read, the one row says why",
    columns=(
        column("chrom", text, "Contig, without `chr`", nullable=False),
        column("start", whole, "First base, from 0", "{bases}", nullable=False),
        column("end", whole, "One past its last base", "{bases}", nullable=False),
        column("gc", real, "Share of G and C of the known bases, 0 to 1"),
        column("acgt", real, "Known bases over all, 0 to 1"),
        column("reason", text, "Why the reference cannot be read"),
    ),
)


def gc_reference(fasta: str, size: int, code: str, path: str) -> None:
    """Write the bins of a reference with their GC; one that cannot be read leaves the reason.

    Parameters
    ----------
    fasta : str
        FASTA file of the reference.
    size : int
        Bases of a bin.
    code : str
        Digest of the code.
    path : str
        Where the table goes.
    """
    try:
        with open_reference(fasta) as reference:
            bins = grid(reference.contigs, size)
        rows = _rows(bins, *gc_of_reference(fasta, bins))
    except InputError as error:
        reason = without_place(str(error), fasta, Path(fasta).name)
        rows = [{"chrom": "", "start": 0, "end": 0, "reason": reason}]
    made = Provenance(code, {"size": size}, checksums({Path(fasta).name: fasta}))
    write_table(table_of(rows, GC), path, GC, made)


def read_gc(path: str, bins: Bins) -> tuple[Values, Values]:
    """GC and share of known bases in bins, shape (n,); NaN in those that the reference lacks.

    Raises
    ------
    UserError
        The reference could not be read.
    """
    table = read_table(path).to_pydict()
    reason = next(filter(None, table["reason"]), None)
    if reason:
        raise UserError(reason)
    there = {place: k for k, place in enumerate(zip(table["chrom"], table["start"], strict=True))}
    at = [there.get(place) for place in zip(bins.chrom(), bins.start.tolist(), strict=True)]
    gc, acgt = (
        np.array([np.nan if k is None or table[n][k] is None else table[n][k] for k in at])
        for n in ("gc", "acgt")
    )
    return gc, acgt


def _rows(bins: Bins, gc: Values, acgt: Values) -> list[dict[str, Any]]:
    columns = (bins.chrom(), bins.start.tolist(), bins.end.tolist(), gc.tolist(), acgt.tolist())
    return [
        {"chrom": c, "start": s, "end": e, "gc": None if math.isnan(share) else share, "acgt": k}
        for c, s, e, share, k in zip(*columns, strict=True)
    ]
