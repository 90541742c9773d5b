"""Rows of the table `quality` of single cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liquidbiopsy.core.tables import FAILED

Row = dict[str, Any]
AT_LEAST = {"reads": "reads_min", "breadth": "breadth_min", "covered": "covered_min"}
AT_MOST = {"duplicates": "duplicates_max", "mapd": "mapd_max", "gini": "gini_max"}


def quality_rows(
    cells: Sequence[Mapping[str, Any]],
    counted: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> list[Row]:
    """How well each cell came out, measure by measure, held against the settings.

    Parameters
    ----------
    cells : list of dict
        Rows of the table `profiled`.
    counted : dict
        Rows of the table `counted` by cell: how reading it went.
    settings : dict
        `quality` of the assay's settings.
    """
    rows: list[Row] = []
    for cell in cells:
        own = {"specimen_id": cell["specimen_id"], "item": cell["cell_id"]}
        read = counted[cell["cell_id"]]
        there = read["status"] != FAILED
        rows.append(
            {**own, "metric": "readable", "value": float(there), "unit": "1", "passed": there}
        )
        if read["simulated"]:
            rows.append({**own, "metric": "simulated", "value": 1.0, "unit": "1"})
        for metric, limit in {**AT_LEAST, **AT_MOST}.items():
            value, bound = cell.get(metric), float(settings[limit])
            if value is None:
                continue
            met = value >= bound if metric in AT_LEAST else value <= bound
            unit = "{reads}" if metric == "reads" else "1"
            more = {"limit": bound, "passed": bool(met)}
            rows.append({**own, "metric": metric, "value": float(value), "unit": unit, **more})
    return rows
