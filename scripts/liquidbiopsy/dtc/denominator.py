"""How sure the count of nuclei is: ground counted again, and split more or less readily."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from liquidbiopsy.dtc.ground import Ground
from liquidbiopsy.dtc.nuclei import Nuclear
from liquidbiopsy.dtc.survey import Survey, like_usual

REPEATS, ONE_IN = 6, 60  # pieces, at most and as a share, that are counted again
PIECE = 8  # squares along the edge of a piece
READIER, MORE_RELUCTANT = 0.3, 3.0  # times the depth at which touching nuclei are split
NORMAL = 1.96
LEAST_ERROR = 0.03  # of the count, as on slides of known number (docs/benchmarks.md)

Again = Callable[[Ground, int, Nuclear], npt.NDArray[np.float32]]
"""Nuclei of a piece of ground counted again, from it, the shift in pixels, and how."""


@dataclass(frozen=True)
class Denominator:
    """Nuclei evaluated, with an interval."""

    mnc: int
    low: float
    high: float
    repeat_error: float | None
    """Relative difference between counts of the same ground at shifted tilings."""


def denominator(
    surveyed: Survey, again: Again, how: Nuclear, slide: tuple[int, int]
) -> Denominator:
    """The count of nuclei and how far it may be off.

    A few pieces of ground that hold many nuclei are counted again with the grid shifted by half a
    square and a pixel, which moves levels, tile edges and the pixels that are averaged; and with
    touching nuclei split more readily and more reluctantly, which bounds what their outlines leave
    open. Neither sees what every count of the slide has in common: the interval is never narrower
    than the error of counts on slides of known number.

    Parameters
    ----------
    surveyed : Survey
    again : callable
        Counts a piece of ground again.
    how : Nuclear
        How nuclei were found.
    slide : (int, int)
        Height and width of the slide in pixels.
    """
    mnc = surveyed.mnc
    if mnc == 0:
        return Denominator(0, 0.0, 0.0, None)
    shift = surveyed.scale.square_full // 2 + 1
    errors, counts, fewer, more = [], 0, 0, 0
    for ground in _chosen(surveyed):
        first = _like_usual(again(ground, 0, how), surveyed)
        second = _like_usual(again(ground, shift, how), surveyed)
        n, m = _on_common_ground(first, second, ground, surveyed, shift, slide)
        if n + m:
            errors.append(2 * (n - m) / (n + m))
        counts += len(first)
        readier = replace(how, depth=READIER * how.depth)
        reluctant = replace(how, depth=MORE_RELUCTANT * how.depth)
        more += len(_like_usual(again(ground, 0, readier), surveyed))
        fewer += len(_like_usual(again(ground, 0, reluctant), surveyed))
    repeat = float(np.sqrt(np.mean(np.square(errors)))) if errors else 0.0
    chance = NORMAL * repeat
    low = mnc * max(0.0, min(1 - LEAST_ERROR, fewer / max(counts, 1)) - chance)
    high = mnc * (max(1 + LEAST_ERROR, more / max(counts, 1)) + chance)
    return Denominator(mnc, float(np.floor(low)), float(np.ceil(high)), repeat)


def _chosen(surveyed: Survey) -> list[Ground]:
    """Pieces of ground to count again: those with the most nuclei."""
    rows, columns = surveyed.count.shape
    pieces = [
        Ground(i, j, (i, j), (min(i + PIECE, rows), min(j + PIECE, columns)))
        for i in range(0, rows, PIECE)
        for j in range(0, columns, PIECE)
    ]
    held = {
        p: int(surveyed.count[p.first[0] : p.end[0], p.first[1] : p.end[1]].sum()) for p in pieces
    }
    pieces = sorted(pieces, key=lambda p: (-held[p], p.first))
    return pieces[: max(1, min(REPEATS, len(pieces) // ONE_IN))]


def _like_usual(nuclei: npt.NDArray[np.float32], surveyed: Survey) -> npt.NDArray[np.float32]:
    return like_usual(
        nuclei,
        surveyed.min_nucleus_um2,
        surveyed.nucleus_area_um2,
        surveyed.nucleus_od,
        surveyed.scale.pixel_size_um,
    )


def _on_common_ground(
    first: npt.NDArray[np.float32],
    second: npt.NDArray[np.float32],
    ground: Ground,
    surveyed: Survey,
    shift: int,
    slide: tuple[int, int],
) -> tuple[int, int]:
    """How many nuclei each count has on the ground that both have seen."""
    edge = surveyed.scale.square_full
    top, left = (edge * n + shift for n in ground.first)
    bottom, right = (min(edge * n, size) for n, size in zip(ground.end, slide, strict=True))

    def within(nuclei: npt.NDArray[np.float32]) -> int:
        y, x = nuclei[:, 0], nuclei[:, 1]
        return int(((y >= top) & (y < bottom) & (x >= left) & (x < right)).sum())

    return within(first), within(second)
