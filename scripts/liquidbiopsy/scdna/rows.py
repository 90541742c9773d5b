"""Rows of the tables of cells: segments, cells, bins and genes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from liquidbiopsy.scdna.cell_quality import Quality
from liquidbiopsy.scdna.matrix import Matrix
from liquidbiopsy.scdna.profiles import Profiles

Row = dict[str, Any]


def segment_rows(profiles: Profiles) -> pa.Table:
    """A row a cell and segment of its own: cell_id, chrom, start, end, bins, ratio, copies."""
    raise NotImplementedError


def cell_rows(matrix: Matrix, quality: Quality, profiles: Profiles) -> list[Row]:
    """A row a cell: cell_id, role, status, reason, reads, … ploidy, confidence, doublet."""
    raise NotImplementedError


def bin_rows(matrix: Matrix, profiles: Profiles) -> pa.Table:
    """A row a bin: chrom, start, end, gc, mappability, used, and a column of ratios a cell."""
    raise NotImplementedError


def gene_rows(matrix: Matrix, profiles: Profiles, genes: Any) -> list[Row]:
    """A row a cell and gene: cell_id, gene, chrom, start, end, bins, copies, call."""
    raise NotImplementedError
