"""Markers on tumour cells: a grade a cell, and from the grades a status by a named rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.core.gates import holds_once
from liquidbiopsy.core.settings import read_yaml, with_defaults

RULES = Path(__file__).resolve().parents[3] / "resources" / "markers.yaml"


def grade(values: npt.NDArray[Any], bounds: Sequence[float]) -> npt.NDArray[np.int32]:
    """Grades 0 to 3 of a marker's measurements by the lower bounds of 1+, 2+ and 3+; -1 for NaN."""
    grades = np.searchsorted(np.asarray(bounds, float), values, side="right").astype(np.int32)
    return np.where(np.isnan(np.asarray(values, float)), np.int32(-1), grades)


def marker_settings(
    settings: Mapping[str, Any], schema: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Settings and patient-level rule of every marker channel of every platform, as plain values.

    Parameters
    ----------
    settings : dict
        The assay's settings.
    schema : dict
        Their schema, which holds the defaults of markers that the settings do not name.
    """
    rules = read_yaml(RULES)
    defaults = schema["properties"]["markers"]["additionalProperties"]
    found = {}
    for name in marker_channels(settings["platforms"]):
        marker = with_defaults(settings["markers"].get(name, {}), defaults)
        found[name] = {**marker, "rule": {"id": marker["rule"], **rules[marker["rule"]]}}
    return found


def marker_channels(platforms: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Channels beside nucleus, cytokeratin and leukocyte, of all platforms, by name."""
    every = {c for platform in platforms.values() for c in platform["channels"]}
    return sorted(every - {"nucleus", "cytokeratin", "leukocyte", "-"})


@dataclass(frozen=True)
class MarkerStatus:
    """A patient-level status from the grades of one specimen's tumour cells."""

    rule: str
    """Name and version of the rule."""
    cells: int
    """Tumour cells that were graded."""
    positive: int
    """Those of the positive grade or more."""
    status: bool | None
    """Whether the rule holds; None where there was no cell to grade."""


def marker_status(grades: Iterable[int | None], settings: Mapping[str, Any]) -> MarkerStatus:
    """Apply a marker's rule to the grades of a specimen's tumour cells."""
    known = [g for g in grades if g is not None]
    rule = settings["rule"]
    positive = sum(g >= settings["positive_grade"] for g in known)
    name = f"{rule['id']}@{rule['version']}"
    if not known:
        return MarkerStatus(name, 0, 0, None)
    mean = sum(known) / len(known)
    quantities = {
        "cells": len(known),
        "positive": positive,
        "mean_grade": mean,
        "h_score": 100 * mean,
    }
    return MarkerStatus(name, len(known), positive, holds_once(rule["when"], quantities))
