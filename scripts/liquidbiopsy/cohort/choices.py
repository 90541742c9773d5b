"""Settings of the statistics over the patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Choices:
    """The settings' `cohort`; what is absent has the schema's default."""

    min_events: int = 5
    """Events, for each covariate of a model, under which a comparison is not made."""
    min_group: int = 5
    """Patients under which a group has no curve and no part in a comparison."""
    landmarks: tuple[int | str, ...] = ()
    """Days, or labels of visits, from which survival is counted once more."""
    adjust: tuple[str, ...] = ("er", "her2", "grade")
    """Columns of patients.tsv in the adjusted model."""

    @staticmethod
    def of(settings: Mapping[str, Any]) -> Choices:
        """The choices that a slice of the settings makes."""
        listed: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()
        }
        return Choices(**listed)
