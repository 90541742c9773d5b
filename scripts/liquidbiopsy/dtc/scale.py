"""Lengths of the settings in pixels of a slide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MARGIN_UM = 24.0  # of ground that a tile sees beyond its own, so that nuclei at its edge are whole
FINE_UM = 0.5  # pixel size at which stained objects are measured


def whole_factor(target_um: float, pixel_size_um: float) -> int:
    """Pixels that become one, along each edge, so that it is no larger than about `target_um`."""
    return max(1, int(target_um / pixel_size_um + 0.3))


@dataclass(frozen=True)
class Scale:
    """Lengths in pixels: of the slide where the name ends in `_full`, else reduced by `factor`."""

    pixel_size_um: float
    factor: int
    square: int
    """Edge of a square."""
    squares: int
    """Squares along the edge of a tile."""
    margin: int
    min_nucleus: int
    """Smallest nucleus, in pixels."""

    @classmethod
    def of(cls, detection: Mapping[str, Any], square_um: float, pixel_size_um: float) -> Scale:
        """Lengths for a slide of this pixel size.

        Parameters
        ----------
        detection : dict
            The settings' section `detection`.
        square_um : float
            Edge of a square.
        pixel_size_um : float
            Of the slide.
        """
        factor = whole_factor(detection["working_um"], pixel_size_um)
        working = factor * pixel_size_um
        square = max(8, round(square_um / working))
        return cls(
            pixel_size_um=pixel_size_um,
            factor=factor,
            square=square,
            squares=max(1, round(detection["tile_um"] / (square * working))),
            margin=min(square, round(MARGIN_UM / working)),
            min_nucleus=max(4, round(detection["min_nucleus_um2"] / working**2)),
        )

    @property
    def working_um(self) -> float:
        """Edge of a reduced pixel in micrometres."""
        return self.factor * self.pixel_size_um

    @property
    def tile_full(self) -> int:
        """Edge of a tile."""
        return self.squares * self.square * self.factor

    @property
    def square_full(self) -> int:
        """Edge of a square."""
        return self.square * self.factor
