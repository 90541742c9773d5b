"""Step `gc` of a reference: the share of G and C in its bins, counted once for all libraries."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from liquidbiopsy.copynumber.bins import grid
from liquidbiopsy.copynumber.gc_content import gc_of_reference
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.core.names import without_place
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.ctdna.genome_tables import GC
from liquidbiopsy.reads.reference import open_reference


def gc_reference(fasta: str, sizes: Mapping[str, int], code: str, path: str) -> None:
    """Write the bins of a reference with their GC; one that cannot be read leaves the reason.

    Parameters
    ----------
    fasta : str
        FASTA file of the reference.
    sizes : dict
        Bases of `bins` and of `windows`.
    code : str
        Digest of the code.
    path : str
        Where the table goes.
    """
    try:
        rows = [row for kind, size in sizes.items() for row in _rows(fasta, kind, size)]
    except InputError as error:
        reason = without_place(str(error), fasta, Path(fasta).name)
        rows = [{"kind": "", "chrom": "", "start": 0, "end": 0, "reason": reason}]
    made = Provenance(code, dict(sizes), checksums({Path(fasta).name: fasta}))
    write_table(table_of(rows, GC), path, GC, made)


def _rows(fasta: str, kind: str, size: int) -> list[dict[str, Any]]:
    with open_reference(fasta) as reference:
        bins = grid(reference.contigs, size)
    gc, acgt = gc_of_reference(fasta, bins)
    places = zip(bins.chrom(), bins.start.tolist(), bins.end.tolist(), strict=True)
    return [
        {
            "kind": kind,
            "chrom": chrom,
            "start": start,
            "end": end,
            "gc": None if math.isnan(share) else share,
            "acgt": known,
        }
        for (chrom, start, end), share, known in zip(
            places, gc.tolist(), acgt.tolist(), strict=True
        )
    ]
