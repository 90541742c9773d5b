"""Regions of a genome build in which reads tell nothing: its centromeres."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bins import Bins, Mask
from liquidbiopsy.core.settings import read_yaml

REGIONS = Path(__file__).resolve().parents[3] / "resources" / "regions"


def known_build(build: str | None) -> str | None:
    """`GRCh37` or `GRCh38` for any of the usual names (hg19, b37, hs38DH ...); None for others."""
    found = _regions_of(build)
    return None if found is None else str(found["build"])


def in_centromeres(bins: Bins, build: str | None, flank: int) -> Mask:
    """Bins that touch a centromere or its flanks, shape (n,); none where the build is not known.

    Parameters
    ----------
    bins : Bins
    build : str or None
        As the settings name it.
    flank : int
        Bases on each side.
    """
    inside = np.zeros(len(bins), np.bool_)
    found = _regions_of(build)
    if found is None:
        return inside
    for name, (first, end) in found["centromeres"].items():
        own = bins.of(name)
        inside[own] = (bins.start[own] < end + flank) & (bins.end[own] > first - flank)
    return inside


def build_note(build: str | None) -> str:
    """What to say where centromeres cannot be left out, since the build is not known; else ""."""
    if _regions_of(build) is not None:
        return ""
    known = ", ".join(sorted(str(each["build"]) for each in _all_regions()))
    return f"centromeres are not left out: build {build or 'not given'} is not among {known}"


def _regions_of(build: str | None) -> dict[str, Any] | None:
    bare = (build or "").lower()
    return next((each for each in _all_regions() if bare in each["names"]), None)


@cache
def _all_regions() -> tuple[dict[str, Any], ...]:
    return tuple(read_yaml(path) for path in sorted(REGIONS.glob("grch*.yaml")))
