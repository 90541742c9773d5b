"""What galleries of all assays have in common: which cells they show, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from liquidbiopsy.core.pictured import PicturedCell

OTHERS = 60
"""Cells of the calls that are not shown whole, at most."""


@dataclass(frozen=True)
class Group:
    """The events of one call, the surest first."""

    call: str
    cells: list[PicturedCell]
    total: int
    """How many there are, shown or not."""


def rows_to_show(cells: pa.Table, pictured: set[str], shown: Sequence[str]) -> list[dict[str, Any]]:
    """Every cell of the calls `shown`, surest first; of the others some that have a picture.

    Of those others the least sure come first: a reviewer will rather want to change them.

    Parameters
    ----------
    cells : Table
        With `cell_id`, `call` and `confidence`.
    pictured : set of str
        Names of the cells that have pictures.
    shown : sequence of str
        Calls.
    """
    names = ("ascending", "descending")
    rows: list[dict[str, Any]] = []
    for call in shown:
        of_call = cells.filter(pc.equal(cells["call"], call))
        rows += of_call.sort_by([("confidence", names[1]), ("cell_id", names[0])]).to_pylist()
    rest = cells.filter(pc.invert(pc.is_in(cells["call"], pa.array(shown))))
    rest = rest.filter(pc.is_in(rest["cell_id"], pa.array(sorted(pictured), pa.string())))
    others = sorted(rest["call"].unique().to_pylist())
    for call in others:
        of_call = rest.filter(pc.equal(rest["call"], call))
        least_sure = of_call.sort_by([("confidence", names[0]), ("cell_id", names[0])])
        rows += least_sure.slice(0, max(1, OTHERS // len(others))).to_pylist()
    return rows
