"""Classification: events become cells, by the gates, and by people's reviews if there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from liquidbiopsy.core.tables import Table
from liquidbiopsy.ctc.features import STANDARD
from liquidbiopsy.ctc.gates import call_events, named_features
from liquidbiopsy.ctc.markers import grade
from liquidbiopsy.ctc.tables import CELLS, channel_columns, grade_columns

COUNTED = ("ctc", "ctc_cluster")


def cells_table(channels: Sequence[str]) -> Table:
    """The cells table of a specimen with these channels."""
    markers = [c for c in channels if c not in STANDARD]
    return CELLS.with_columns(channel_columns(channels) + grade_columns(markers))


def classify(
    objects: pa.Table,
    gates: Sequence[Mapping[str, str]],
    markers: Mapping[str, Mapping[str, Any]],
    reviews: Sequence[Mapping[str, Any]],
) -> pa.Table:
    """Call every event, grade its markers, and put people's calls in.

    Parameters
    ----------
    objects : Table
        The objects table with its channel columns.
    gates : list of dict
        As `resolve_gates` gives them.
    markers : dict
        Marker -> its settings.
    reviews : list of dict
        Rows of reviews.tsv of this specimen; the last on a cell counts.

    Returns
    -------
    Table
        The objects with `auto_call`, `confidence`, `call`, `reviewer`, `review_reason` and a grade
        a marker; `call` is the review where there is one.
    """
    n = objects.num_rows
    named = {name for gate in gates for name in named_features(gate["when"])}
    named |= {f"{marker}_{s['measure']}" for marker, s in markers.items()}
    columns: dict[str, Any] = {name: np.full(n, np.nan) for name in named}
    for name in columns:
        if name in objects.column_names:
            columns[name] = objects[name].to_numpy(zero_copy_only=False)
    auto, confidence = call_events(gates, columns, n)
    latest = {review["cell_id"]: review for review in reviews}
    mine = [latest.get(cell) for cell in objects["cell_id"].to_pylist()]
    call = np.array([r["call"] if r else a for r, a in zip(mine, auto, strict=True)], dtype=object)
    table = objects
    for name, values in (
        ("call", call),
        ("auto_call", auto),
        ("reviewer", [r["reviewer"] if r else None for r in mine]),
        ("review_reason", [r["reason"] if r else None for r in mine]),
    ):
        table = table.append_column(name, pa.array(values, pa.string()))
    table = table.append_column("confidence", pa.array(confidence))
    counted = np.isin(call.astype(str), COUNTED)
    for marker, settings in sorted(markers.items()):
        if f"{marker}_mean" in table.column_names:
            grades = grade(columns[f"{marker}_{settings['measure']}"], settings["grades"])
            masked = pa.array(grades, pa.int32(), mask=~counted | (grades < 0))
            table = table.append_column(f"{marker}_grade", masked)
    return table


def agreement(
    cells: pa.Table, reviews: Sequence[Mapping[str, Any]]
) -> tuple[int, float | None, float | None, int]:
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
