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
NO_BUILD = (
    "no genes were looked up: nothing says which build of the genome the bins are of; name in the "
    "column `reference` of scdna.tsv one of the settings' references that has a `build`"
)
Rows = Sequence[Mapping[str, Any]]
Values = npt.NDArray[np.float64]


def observe(
    cells: Rows, genes: Rows, clones: Rows, hotspots: Rows, build: str | None
) -> Iterator[Observation]:
    """All statements of one specimen, of its rows of the tables of these names.

    Parameters
    ----------
    cells, genes, clones, hotspots : sequence of dict
        Rows; of `cells` with their clone, where they are in one.
    build : str or None
        Build of the genome, where a reference says it.
    """
    tumour = [row for row in cells if row["role"] == TUMOUR_CELL]
    yield of_cells(tumour)
    good = [row for row in tumour if _single(row)]
    changed = {row["cell_id"] for row in good if row.get("clone") != NORMAL}
    if good and not genes and build is None:
        yield Observation(analyte=COPIES, status=INADEQUATE, reason=NO_BUILD)
    elif good and not changed:
        reason = f"none of the {len(good)} cells has a tumour's genome: they look normal"
        yield Observation(analyte=COPIES, status=INADEQUATE, reason=reason)
    yield from of_genes([row for row in genes if row["cell_id"] in changed])
    yield from of_clones(clones)
    names = {row["cell_id"] for row in good}
    yield from of_mutations([row for row in hotspots if row["cell_id"] in names])


def _single(row: Mapping[str, Any]) -> bool:
    """Whether a cell has a profile, of one cell."""
    return row["status"] == MEASURED and not row.get("doublet")


def of_cells(tumour: Rows) -> Observation:
    """How many picked tumour cells have a profile that can be used: one of a single cell."""
    if not tumour:
        return Observation(
            analyte=PASSED,
            status=INADEQUATE,
            reason="no tumour cell was picked, but controls alone",
        )
    passed = sum(_single(row) for row in tumour)
    lost = [f"{row['cell_id']}: {row['reason']}" for row in tumour if row["status"] == FAILED]
    two = sum(bool(row.get("doublet")) for row in tumour)
    normal = sum(row.get("clone") == NORMAL for row in tumour if _single(row))
    told = [f"{two} suspected to be two cells"] if two else []
    told += [f"{normal} like normal cells"] if normal else []
    told += [_shortened(lost)] if lost else []
    if not passed:
        return failed(PASSED, "no cell passed: " + "; ".join(told))
    return Observation(
        analyte=PASSED,
        value=float(passed),
        unit="{cells}",
        count=float(passed),
        denominator=float(len(tumour)),
        reason="; ".join(told) or None,
        source_table="cells",
    )


def of_genes(rows: Rows) -> Iterator[Observation]:
    """Copies of each gene over the cells of tumour clones in which they are known.

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
