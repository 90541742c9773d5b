"""What the settings choose by name: gates and marker rules, looked up and checked before a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.ctc.features import features
from liquidbiopsy.ctc.gates import check_names, resolve_gates
from liquidbiopsy.ctc.markers import marker_channels, marker_settings


@dataclass(frozen=True)
class Choice:
    """Gates, markers and channels of a run, as plain values for the rules' parameters."""

    gates: list[dict[str, str]]
    markers: dict[str, dict[str, Any]]
    channels: list[str]


def choose(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> Choice:
    """Resolve the names in the assay's settings.

    Raises
    ------
    UserError
        A preset, a rule or a feature that is named is not there.
    """
    channels = marker_channels(settings["platforms"])
    gates = resolve_gates(settings["gates"])
    check_names(gates, features(channels))
    return Choice(gates, marker_settings(settings, schema), channels)


def check(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with the names in the assay's settings; asked before the run begins."""
    try:
        choose(settings, schema)
    except UserError as error:
        return [str(error)]
    bounds = [settings["controls"].get(level) for level in ("high", "low")]
    if any(b and b["min"] > b["max"] for b in bounds):
        return ["assays.ctc.controls: a range whose min is above its max"]
    return []
