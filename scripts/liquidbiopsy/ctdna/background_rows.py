"""The background as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from liquidbiopsy.ctdna.background import Background
from liquidbiopsy.ctdna.background_fit import beta_of
from liquidbiopsy.ctdna.consensus_reads import CLASSES, DUPLEX
from liquidbiopsy.ctdna.contexts import CHANGES, INDEL_KINDS, change_name, indel_name, real_changes


def background_rows(found: Background, library: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of the table `background`, of the strata in which anything was looked at.

    Of duplex molecules, in which a change and its complement are one kind, the one of C or T has a
    row. `dispersion` is that of sites alone: the correlation of two molecules of a site, which is
    1 / (a + b + 1) of the beta distribution.
    """
    kinds = [(int(k), change_name(int(k))) for k in real_changes()]
    kinds += [(CHANGES + k, indel_name(k)) for k in range(INDEL_KINDS)]
    rates = found.rate
    for kind, name in kinds:
        gap = int(kind >= CHANGES)
        for group, class_name in enumerate(CLASSES):
            if group == DUPLEX and not gap and name[1] in "AG":
                continue
            for near in range(2):
                bases = found.bases[kind, group, near]
                if bases <= 0:
                    continue
                rate = rates[kind, group, near]
                a, b = beta_of(np.array(rate), np.array(found.spread[gap, group, near]))
                yield {
                    "specimen_id": library["specimen_id"],
                    "library_id": library["library_id"],
                    "change": name,
                    "molecules_class": class_name,
                    "near_end": bool(near),
                    "errors": int(found.errors[kind, group, near]),
                    "bases": int(bases),
                    "rate": float(rate),
                    "dispersion": float(1 / (a + b + 1)),
                    "source": str(found.source[gap, group, near]),
                }
