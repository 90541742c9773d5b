"""How sure the count of nuclei is: ground counted again, and split more or less readily."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from liquidbiopsy.dtc.nuclei import Nuclear
from liquidbiopsy.dtc.survey import PALE, SMALL, Survey
from liquidbiopsy.dtc.tile import Tile

REPEATS = 6  # tiles, at most, that are counted again
READIER, MORE_RELUCTANT = 0.3, 3.0  # times the depth at which touching nuclei are split
NORMAL = 1.96

Again = Callable[[Tile, int, Nuclear], npt.NDArray[np.float32]]
"""Nuclei of a tile's ground counted again, from the tile, the shift in pixels, and how."""


@dataclass(frozen=True)
class Denominator:
    """Nuclei evaluated, with an interval."""

    mnc: int
    low: float
    high: float
    repeat_error: float | None
    """Relative difference between counts of the same ground at shifted tilings."""


def denominator(
    surveyed: Survey, tiles: Sequence[Tile], again: Again, how: Nuclear, slide: tuple[int, int]
) -> Denominator:
    """The count of nuclei and how far it may be off.

    A few tiles that hold many nuclei are counted again with the grid shifted by half a square and
    a pixel, which moves levels, tile edges and the pixels that are averaged; and with touching
    nuclei split more readily and more reluctantly, which bounds what their outlines leave open.

    Parameters
    ----------
    surveyed : Survey
    tiles : sequence of Tile
        All tiles of the slide.
    again : callable
        Counts a tile again.
    how : Nuclear
        How nuclei were found.
    slide : (int, int)
        Height and width of the slide in pixels.
    """
    mnc = surveyed.mnc
    if mnc == 0:
        return Denominator(0, 0.0, 0.0, None)
    full = sorted(tiles, key=lambda t: (-len(t.nuclei), t.ground.first))
    chosen = full[: max(1, min(REPEATS, len(full) // 8))]
    shift = surveyed.scale.square_full // 2 + 1
    errors, counts, fewer, more = [], 0, 0, 0
    for tile in chosen:
        first = _like_usual(tile.nuclei, surveyed)
        second = _like_usual(again(tile, shift, how), surveyed)
        n, m = _on_common_ground(first, second, tile, surveyed, shift, slide)
        if n + m:
            errors.append(2 * (n - m) / (n + m))
        counts += len(first)
        for times in (READIER, MORE_RELUCTANT):
            other = again(tile, 0, replace(how, depth=times * how.depth))
            if times < 1:
                more += len(_like_usual(other, surveyed))
            else:
                fewer += len(_like_usual(other, surveyed))
    repeat = float(np.sqrt(np.mean(np.square(errors)))) if errors else 0.0
    chance = NORMAL * repeat
    low = mnc * max(0.0, min(1.0, fewer / max(counts, 1)) - chance)
    high = mnc * (max(1.0, more / max(counts, 1)) + chance)
    return Denominator(mnc, float(np.floor(low)), float(np.ceil(high)), repeat)


def _like_usual(nuclei: npt.NDArray[np.float32], surveyed: Survey) -> npt.NDArray[np.float32]:
    """Nuclei that are not far paler or smaller than the slide's."""
    kept = nuclei[:, 2] >= SMALL * surveyed.nucleus_area_um2
    return nuclei[kept & (nuclei[:, 3] >= PALE * surveyed.nucleus_od)]


def _on_common_ground(
    first: npt.NDArray[np.float32],
    second: npt.NDArray[np.float32],
    tile: Tile,
    surveyed: Survey,
    shift: int,
    slide: tuple[int, int],
) -> tuple[int, int]:
    """How many nuclei each count has on the ground that both have seen."""
    edge = surveyed.scale.square_full
    top, left = (edge * n + shift for n in tile.ground.first)
    bottom, right = (min(edge * n, size) for n, size in zip(tile.ground.end, slide, strict=True))

    def within(nuclei: npt.NDArray[np.float32]) -> int:
        y, x = nuclei[:, 0], nuclei[:, 1]
        return int(((y >= top) & (y < bottom) & (x >= left) & (x < right)).sum())

    return within(first), within(second)
