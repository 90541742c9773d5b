"""People's calls beside the automatic ones: the last review of a cell counts, both are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt
import pyarrow as pa

Reviews = Sequence[Mapping[str, Any]]
"""Rows of reviews.tsv of one specimen."""


def with_calls(
    objects: pa.Table, auto: npt.NDArray[Any], confidence: npt.NDArray[Any], reviews: Reviews
) -> pa.Table:
    """Add automatic calls and people's to a table of objects.

    Parameters
    ----------
    objects : Table
        Has a column `cell_id`.
    auto, confidence : array of str and of float, shape (rows,)
        As `call_events` gives them.
    reviews : list of dict
        The last on a cell counts.

    Returns
    -------
    Table
        With `call`, `auto_call`, `reviewer`, `review_reason` and `confidence`.
    """
    latest = {review["cell_id"]: review for review in reviews}
    mine = [latest.get(cell) for cell in objects["cell_id"].to_pylist()]
    columns = {
        "call": [r["call"] if r else a for r, a in zip(mine, auto, strict=True)],
        "auto_call": list(auto),
        "reviewer": [r["reviewer"] if r else None for r in mine],
        "review_reason": [r["reason"] if r else None for r in mine],
    }
    for name, values in columns.items():
        objects = objects.append_column(name, pa.array(values, pa.string()))
    return objects.append_column("confidence", pa.array(confidence, pa.float64()))


def review_quality(cells: pa.Table, reviews: Reviews) -> list[dict[str, Any]]:
    """Rows of the quality table, without their specimen: how far reviews and gates agree."""
    if not reviews:
        return []
    reviewed, agreed, kappa, unknown = agreement(cells, reviews)
    item = {"item": "reviews", "unit": "1"}
    return [
        {**item, "metric": "reviewed_cells", "value": float(reviewed), "unit": "{cells}"},
        {**item, "metric": "review_agreement", "value": agreed},
        {**item, "metric": "review_kappa", "value": kappa},
        {
            **item,
            "metric": "reviews_of_unknown_cells",
            "value": float(unknown),
            "limit": 0.0,
            "passed": not unknown,
        },
    ]


REVIEW_METRICS = {
    "reviewed_cells": ("`reviews`", "{cells}", "Cells of the specimen that a person has called"),
    "review_agreement": ("`reviews`", "1", "Share of them whose automatic call was kept"),
    "review_kappa": ("`reviews`", "1", "Cohen's kappa between automatic and reviewed calls"),
    "reviews_of_unknown_cells": (
        "`reviews`",
        "1",
        "Reviews of cells that are not in the specimen; the limit is 0",
    ),
}
"""Metric of the quality table -> item that it is of, unit, and what it is."""


def agreement(cells: pa.Table, reviews: Reviews) -> tuple[int, float | None, float | None, int]:
    """How far the automatic calls agree with the reviews.

    Returns
    -------
    reviewed : int
        Cells that were reviewed.
    agreed : float or None
        Share of them whose automatic call was kept.
    kappa : float or None
        Cohen's kappa over all calls; None where it is not defined.
    unknown : int
        Reviews of cells that are not there.

    References
    ----------
    Cohen J. A coefficient of agreement for nominal scales. Educ Psychol Meas 1960;20:37-46.
    """
    known = set(cells["cell_id"].to_pylist())
    unknown = sum(r["cell_id"] not in known for r in reviews)
    rows = [
        (auto, call)
        for auto, call, reviewer in zip(
            cells["auto_call"].to_pylist(),
            cells["call"].to_pylist(),
            cells["reviewer"].to_pylist(),
            strict=True,
        )
        if reviewer is not None
    ]
    if not rows:
        return 0, None, None, unknown
    n = len(rows)
    agreed = sum(a == b for a, b in rows) / n
    autos, calls = [a for a, _ in rows], [b for _, b in rows]
    chance = sum(autos.count(c) * calls.count(c) for c in set(autos)) / n**2
    kappa = None if chance == 1 else (agreed - chance) / (1 - chance)
    return n, agreed, kappa, unknown
