"""Quality of counting a library's reads and of its fragments."""

from __future__ import annotations

from liquidbiopsy.copynumber.counting import Counted
from liquidbiopsy.ctdna.fragments import Features
from liquidbiopsy.ctdna.genome_counts import Counts


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
