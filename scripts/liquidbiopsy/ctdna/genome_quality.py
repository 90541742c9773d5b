"""Rows of quality of bins and fragments, without the specimen's name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from liquidbiopsy.copynumber.bins import Profile
from liquidbiopsy.copynumber.counting import Counted
from liquidbiopsy.copynumber.quality import quality
from liquidbiopsy.ctdna.fragments import Features
from liquidbiopsy.ctdna.genome_counts import Counts
from liquidbiopsy.ctdna.genome_tables import GENOME_METRICS


def counted_quality(
    counted: Counted, counts: Counts | None, features: Features | None
) -> dict[str, float | None]:
    """How counting a library went: metric -> value."""
    totals = counted.totals
    found: dict[str, float | None] = {}
    if counts is not None:
        found |= {
            "reads_counted": float(totals.counted),
            "reads_duplicate": float(totals.flagged_duplicates + totals.same_ends),
            "reads_low_mapq": float(totals.low_mapq),
        }
    if features is not None:
        found |= {
            "fragments": float(features.fragments),
            "motif_diversity": features.motif_diversity,
            "periodicity": features.period.amplitude if features.period else None,
        }
    return found


def profile_quality(profile: Profile) -> dict[str, float | None]:
    """How good the bins of a library are: metric -> value."""
    measured = quality(profile)
    return {
        "bins_used": measured.used / measured.bins if measured.bins else 0.0,
        "log2_mad": measured.mad,
        "reads_per_bin": measured.reads_per_bin,
        "gc_bias": measured.gc_bias_before,
        "gc_bias_left": measured.gc_bias_after,
    }


def quality_rows(own: Mapping[str, Any], found: Mapping[str, float | None]) -> list[dict[str, Any]]:
    """Metrics as rows of the quality table.

    Parameters
    ----------
    own : dict
        `specimen_id` and `library_id`.
    found : dict
        Metric -> value; None or NaN where it could not be measured.
    """
    return [
        {
            "specimen_id": own["specimen_id"],
            "item": own["library_id"],
            "metric": metric,
            "value": None if value is None or math.isnan(value) else value,
            "unit": GENOME_METRICS[metric][1],
        }
        for metric, value in found.items()
    ]
