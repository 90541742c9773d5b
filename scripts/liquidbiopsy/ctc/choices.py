"""What the settings choose by name: gates and marker rules, looked up and checked before a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.errors import UserError, did_you_mean
from liquidbiopsy.core.gates import check_names, resolve_gates
from liquidbiopsy.core.run import Specimen
from liquidbiopsy.ctc.features import SKIP, features
from liquidbiopsy.ctc.markers import marker_channels, marker_settings


@dataclass(frozen=True)
class Choice:
    """What a run's settings choose, as plain values for the rules' parameters."""

    gates: list[dict[str, str]]
    platforms: dict[str, dict[str, Any]]
    markers: dict[str, dict[str, Any]]
    """Settings and rule of every marker channel."""

    def platforms_of(self, specimen: Specimen) -> dict[str, dict[str, Any]]:
        """Settings of the platforms that a specimen's images come from."""
        used = sorted({item["platform"] for item in specimen.items})
        return {name: self.platforms[name] for name in used}

    def markers_of(self, specimen: Specimen) -> dict[str, dict[str, Any]]:
        """Settings and rules of the markers that a specimen's platforms have."""
        return {m: self.markers[m] for m in marker_channels(self.platforms_of(specimen))}


def choose(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> Choice:
    """Resolve the names in the assay's settings.

    Raises
    ------
    UserError
        A preset, a rule or a feature that is named is not there.
    """
    channels = marker_channels(settings["platforms"])
    gates = resolve_gates(settings["gates"], "ctc")
    check_names(gates, features(channels), "ctc")
    return Choice(gates, settings["platforms"], marker_settings(settings, schema))


def check(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with the names in the assay's settings; asked before the run begins."""
    found = []
    for name, platform in settings["platforms"].items():
        named = [c for c in platform["channels"] if c != SKIP]
        for channel in sorted({c for c in named if named.count(c) > 1}):
            found.append(f"assays.ctc.platforms.{name}.channels: '{channel}' stands twice")
    known = marker_channels(settings["platforms"])
    for name, marker in settings["markers"].items():
        if name not in known:
            hint = did_you_mean(name, known)
            found.append(f"assays.ctc.markers: no platform has a channel '{name}'{hint}")
        if marker["grades"] != sorted(marker["grades"]):
            found.append(f"assays.ctc.markers.{name}.grades: a bound is below the one before it")
    for level in ("high", "low"):
        bounds = settings["controls"].get(level)
        if bounds and bounds["min"] > bounds["max"]:
            found.append(f"assays.ctc.controls.{level}: its min is above its max")
    try:
        choose(settings, schema)
    except UserError as error:
        found.append(str(error))
    return found
