"""Classification: events become cells, by the gates, and by people's reviews if there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from liquidbiopsy.core.gates import call_events, named_features
from liquidbiopsy.core.reviews import with_calls
from liquidbiopsy.core.tables import Table
from liquidbiopsy.ctc.features import STANDARD
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
    table = with_calls(objects, auto, confidence, reviews)
    counted = np.isin(np.array(table["call"].to_pylist(), str), COUNTED)
    for marker, settings in sorted(markers.items()):
        if f"{marker}_mean" in table.column_names:
            grades = grade(columns[f"{marker}_{settings['measure']}"], settings["grades"])
            masked = pa.array(grades, pa.int32(), mask=~counted | (grades < 0))
            table = table.append_column(f"{marker}_grade", masked)
    return table
