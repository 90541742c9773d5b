"""Colours of stains as vectors of optical density: settings are checked with them before a run.

Nothing is compiled here, so that checking waits for no compiler.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]


def unit(vector: npt.ArrayLike) -> Vector:
    """A vector of length 1 in the same direction; zero stays zero."""
    values = np.asarray(vector, float)
    return values / max(float(np.linalg.norm(values)), 1e-12)


def angle(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Angle between two vectors in degrees."""
    cosine = float(np.dot(unit(first), unit(second)))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def unmixing(haematoxylin: npt.ArrayLike, stain: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Matrix that turns optical density into haematoxylin, stain and what neither explains.

    Returns
    -------
    array, shape (3, 3)
        `matrix @ density` is the amount of each in optical density along its own direction.
    """
    first, second = unit(haematoxylin), unit(stain)
    return np.linalg.inv(np.column_stack([first, second, unit(np.cross(first, second))]))
