"""What the settings choose by name, looked up and checked before a run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.gates import check_names, resolve_gates
from liquidbiopsy.core.run import Specimen
from liquidbiopsy.dtc.colours import CHROMOGENS, impossible, reference
from liquidbiopsy.dtc.tables import FEATURES


@dataclass(frozen=True)
class Choice:
    """What a run's settings choose, as plain values for the rules' parameters."""

    gates: list[dict[str, str]]
    stains: dict[str, Any]
    """The settings' section `stains`."""

    def colours_of(self, specimen: Specimen) -> dict[str, Any]:
        """Reference colours for the chromogens of a specimen's slides, and how they are used."""
        used = sorted({item["chromogen"] for item in specimen.items})
        return {
            "estimate": self.stains["estimate"],
            "max_angle": self.stains["max_angle"],
            "haematoxylin": reference("haematoxylin", self.stains.get("haematoxylin")),
            "chromogens": {
                name: {
                    "vector": reference(name, self._of(name).get("vector")),
                    "control": self._of(name).get("control"),
                }
                for name in used
            },
        }

    def controls_of(self, specimen: Specimen) -> list[str]:
        """Control slides that the colours of a specimen's chromogens are estimated from."""
        used = {item["chromogen"] for item in specimen.items}
        return sorted({self._of(n)["control"] for n in used if self._of(n).get("control")})

    def _of(self, chromogen: str) -> Mapping[str, Any]:
        return self.stains["chromogens"].get(chromogen) or {}


def choose(settings: Mapping[str, Any]) -> Choice:
    """Resolve the names in the assay's settings.

    Raises
    ------
    UserError
        A preset or a feature that is named is not there.
    """
    gates = resolve_gates(settings["gates"], "dtc")
    check_names(gates, [f.name for f in FEATURES], "dtc")
    return Choice(gates, settings["stains"])


def check(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with the choices in the assay's settings; asked before the run begins."""
    stains = settings["stains"]
    where = "assays.dtc.stains"
    found = []
    haematoxylin = reference("haematoxylin", stains.get("haematoxylin"))
    problem = impossible(haematoxylin)
    if problem:
        return [f"{where}.haematoxylin: {problem}"]
    for name in CHROMOGENS:
        own = stains["chromogens"].get(name) or {}
        problem = impossible(reference(name, own.get("vector")), haematoxylin)
        if problem:
            found.append(f"{where}.chromogens.{name}.vector: {problem}")
        control = own.get("control")
        if control and not os.access(control, os.R_OK):
            found.append(f"{where}.chromogens.{name}.control: {control} cannot be read")
    try:
        choose(settings)
    except UserError as error:
        found.append(str(error))
    return found
