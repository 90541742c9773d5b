"""Classification: stained objects become cells, by the gates, and by people's reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from liquidbiopsy.core.gates import call_events
from liquidbiopsy.core.reviews import Reviews, with_calls
from liquidbiopsy.dtc.tables import CELLS, FEATURES


def classify(objects: pa.Table, gates: Sequence[Mapping[str, str]], reviews: Reviews) -> pa.Table:
    """Call every stained object, and put people's calls in.

    Parameters
    ----------
    objects : Table
        The objects table.
    gates : list of dict
        As `resolve_gates` gives them.
    reviews : list of dict
        Rows of reviews.tsv of this specimen; the last on a cell counts.

    Returns
    -------
    Table
        The cells table; `call` is the review where there is one.
    """
    columns: dict[str, Any] = {
        f.name: objects[f.name].cast(pa.float64()).to_numpy(zero_copy_only=False)
        if f.type != pa.bool_()
        else objects[f.name].cast(pa.int8()).cast(pa.float64()).to_numpy(zero_copy_only=False)
        for f in FEATURES
    }
    auto, confidence = call_events(gates, columns, objects.num_rows)
    called = with_calls(objects, auto, confidence, reviews)
    return called.select(CELLS.schema.names)
