"""Quality of bins, and rows of quality of genomes and fragments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from liquidbiopsy.copynumber.bins import Profile
from liquidbiopsy.copynumber.quality import quality
from liquidbiopsy.ctdna.genome_tables import GENOME_METRICS


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
