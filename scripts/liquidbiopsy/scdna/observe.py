"""What a specimen's single cells say, as observations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr

from liquidbiopsy.core.intervals import clopper_pearson
from liquidbiopsy.core.observations import Observation, failed
from liquidbiopsy.core.tables import FAILED, INADEQUATE, MEASURED, NOT_DETECTED
from liquidbiopsy.scdna.events import NORMAL
from liquidbiopsy.scdna.roles import TUMOUR_CELL

PASSED, COPIES, CLONE, MUTATION = (
    "cells_passed", "cell_gene_copies", "clone_fraction", "cell_mutation_fraction",
)  # fmt: skip
AMPLIFIED = "amplified"
LEVEL = 0.95
Rows = Sequence[Mapping[str, Any]]
Values = npt.NDArray[np.float64]


def observe(cells: Rows, genes: Rows, clones: Rows, hotspots: Rows) -> Iterator[Observation]:
    """All statements of one specimen, of its rows of the tables of these names."""
    tumour = [row for row in cells if row["role"] == TUMOUR_CELL]
    yield of_cells(tumour)
    good = {
        row["cell_id"] for row in tumour if row["status"] == MEASURED and not row.get("doublet")
    }
    yield from of_genes([row for row in genes if row["cell_id"] in good])
    yield from of_clones(clones)
    yield from of_mutations([row for row in hotspots if row["cell_id"] in good])


def of_cells(tumour: Rows) -> Observation:
    """How many picked tumour cells have a profile that can be used."""
    if not tumour:
        return Observation(
            analyte=PASSED,
            status=INADEQUATE,
            reason="no tumour cell was picked, but controls alone",
        )
    passed = sum(row["status"] == MEASURED for row in tumour)
    lost = [f"{row['cell_id']}: {row['reason']}" for row in tumour if row["status"] == FAILED]
    if not passed:
        return failed(PASSED, "no cell passed: " + _shortened(lost))
    return Observation(
        analyte=PASSED,
        value=float(passed),
        unit="{cells}",
        count=float(passed),
        denominator=float(len(tumour)),
        reason=_shortened(lost) or None,
        source_table="cells",
    )


def of_genes(rows: Rows) -> Iterator[Observation]:
    """Copies of each gene over the tumour cells in which they are known.

    A gene that lies in no bin that is used is in the table `genes` alone: it is no fault of the
    specimen.
    """
    for gene in sorted({row["gene"] for row in rows}):
        own = [row for row in rows if row["gene"] == gene and row["copies"] is not None]
        if not own:
            continue
        copies = np.sort([row["copies"] for row in own])
        low, high = median_interval(copies)
        calls = [row["call"] for row in own]
        told = {call: calls.count(call) for call in dict.fromkeys(calls) if call}
        yield Observation(
            analyte=COPIES,
            target=gene,
            value=float(np.median(copies)),
            ci_low=low,
            ci_high=high,
            unit="{copies}",
            ci_method="order_statistics" if low is not None else None,
            count=float(told.get(AMPLIFIED, 0)),
            denominator=float(len(own)),
            reason=", ".join(f"{call} in {n} of {len(own)}" for call, n in sorted(told.items())),
            source_table="genes",
            source_id=gene,
        )


def of_clones(rows: Rows) -> Iterator[Observation]:
    """Share of each clone among the specimen's tumour cells."""
    for row in rows:
        if row["clone"] == NORMAL and not row["cells"]:
            continue
        found = row["cells"] > 0
        yield Observation(
            analyte=CLONE,
            target=row["clone"],
            status=MEASURED if found else NOT_DETECTED,
            value=row["share"],
            ci_low=row["share_low"],
            ci_high=row["share_high"],
            unit="1",
            ci_method="clopper_pearson",
            count=float(row["cells"]),
            denominator=float(row["of"]),
            source_table="clones",
            source_id=row["clone"],
        )


def of_mutations(rows: Rows) -> Iterator[Observation]:
    """Share of cells with each mutation that any of them has, or that was looked for in vain."""
    known = [row for row in rows if row["status"] in (MEASURED, NOT_DETECTED)]
    for change in sorted({row["change"] for row in known if row["status"] == MEASURED}):
        own = [row for row in known if row["change"] == change]
        found = sum(row["status"] == MEASURED for row in own)
        low, high = clopper_pearson(found, len(own))
        origins = {row["origin"] for row in own if row["status"] == MEASURED}
        yield Observation(
            analyte=MUTATION,
            target=change,
            value=found / len(own),
            ci_low=low,
            ci_high=high,
            unit="1",
            ci_method="clopper_pearson",
            count=float(found),
            denominator=float(len(own)),
            reason=", ".join(sorted(filter(None, origins))) or None,
            source_table="hotspots",
            source_id=change,
        )


def median_interval(values: Sequence[float] | Values) -> tuple[float | None, float | None]:
    """Interval of a median by order statistics, of values in order; None of fewer than six.

    Its level is 95 % at least, whatever the values are of.
    """
    n = len(values)
    tails = bdtr(np.arange(n + 1), n, 0.5)  # of a binomial distribution
    below = int(np.searchsorted(tails, (1 - LEVEL) / 2, side="right"))
    if not below:
        return None, None
    return float(values[below - 1]), float(values[n - below])


def _shortened(reasons: Sequence[str], most: int = 3) -> str:
    more = len(reasons) - most
    return "; ".join(reasons[:most]) + (f"; and {more} more" if more > 0 else "")
