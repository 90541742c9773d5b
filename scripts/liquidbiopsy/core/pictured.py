"""Cells on a page: small pictures side by side, and what a detail table says of the cell."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.words import plain, signed

BAR_UM = 10
"""Length of the scale bar under each picture."""
SNR, GRADE = "_snr", "_grade"


@dataclass(frozen=True)
class Picture:
    """A small picture as a page shows it."""

    name: str
    """What it shows."""
    src: str
    alt: str
    bar: float
    """Width of a scale bar of `BAR_UM`, in per cent of the picture; 0 where that is unknown."""


@dataclass(frozen=True)
class PicturedCell:
    """A cell with its pictures side by side and what is said of it."""

    cell_id: str
    call: str
    caption: str
    pictures: tuple[Picture, ...]
    place: str = ""
    """Where it is found again."""


def picture(name: str, png: bytes, pixel_size_um: float | None, cell_id: str) -> Picture:
    """A PNG file as a page shows it, with a scale bar of `BAR_UM`."""
    width = int.from_bytes(png[16:20], "big")  # a PNG file says its width there
    bar = 100 * BAR_UM / (width * pixel_size_um) if pixel_size_um else 0.0
    src = "data:image/png;base64," + base64.b64encode(png).decode("ascii")
    return Picture(plain(name), src, f"Cell {cell_id}, {plain(name)}", round(bar, 1))


def caption(row: Mapping[str, Any]) -> str:
    """What a detail table says of a cell, as far as it has the columns."""
    parts = []
    if row.get("auto_call") not in (None, row.get("call")):
        parts.append(f"by review (gates: {plain(row['auto_call']).lower()})")
    if row.get("confidence") is not None:
        parts.append(f"confidence {row['confidence']:.2f}")
    if row.get("nuclei") is not None:
        parts.append(f"{row['nuclei']} {'nucleus' if row['nuclei'] == 1 else 'nuclei'}")
    if row.get("nuclei") and row.get("nucleus_ratio") is not None:
        parts.append(f"nucleus {row['nucleus_ratio']:.1f} times the slide's median")
    if row.get("diameter_um") is not None:
        parts.append(f"{row['diameter_um']:.1f} µm")
    snr = [f"{plain(name)} {signed(value)}" for name, value in _measured(row, SNR)]
    if snr:
        parts.append(f"SNR: {', '.join(snr)}")
    parts += [
        f"{plain(name)} grade {value}{'+' if value else ''}"
        for name, value in _measured(row, GRADE)
    ]
    return "; ".join(parts)


def _measured(row: Mapping[str, Any], suffix: str) -> list[tuple[str, Any]]:
    """Channels and their values in the columns that end in `suffix`, blank ones left out."""
    return [
        (c.removesuffix(suffix), v) for c, v in row.items() if c.endswith(suffix) and v is not None
    ]
