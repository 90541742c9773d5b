"""What a slide of the second make is asked for, and the scenarios that tests and benchmarks use."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Fractions of light that pass one unit of each dye, in red, green and blue.
DYES = {
    "haematoxylin": (0.27, 0.17, 0.50),
    "dab": (0.50, 0.26, 0.15),
    "fast_red": (0.60, 0.13, 0.36),
    "new_fuchsin": (0.58, 0.11, 0.40),
    "aec": (0.52, 0.22, 0.24),
}


@dataclass(frozen=True)
class Recipe:
    """One slide. Lengths in micrometres, amounts in units of dye."""

    seed: int = 1
    side_px: int = 1600
    um_per_px: float = 0.5
    dye: str = "dab"
    per_mm2: float = 3000.0
    clumped: float = 0.3
    """Share of the marrow's cells that lie in clumps, touching."""
    tumour: int = 8
    groups: int = 1
    """Groups of two to four tumour cells."""
    rotten: int = 2
    squames: int = 1
    plasma: int = 8
    """Marrow cells with a moderate vacuolated stain beside an eccentric small nucleus."""
    tinged: int = 30
    """Marrow cells with a weak even stain."""
    giants: int = 1
    """Megakaryocytes: a huge lobed nucleus, no stain."""
    crumbs: int = 8
    """Precipitate of the dye."""
    soot: int = 8
    """Dark grains."""
    keratin: float = 0.7
    tinge: float = 0.12
    chromatin: float = 0.75
    haze: float = 0.03
    """Dye everywhere."""
    slope: float = 0.0
    """Relative change of both dyes across the slide."""
    blur_um: float = 0.45
    """Radius of the disc of confusion."""
    lamp: tuple[float, float, float] = (236.0, 236.0, 236.0)
    grain: float = 2.0
    jpeg: int = 0
    """Quality; 0 for none."""
    round_field: bool = False
    """Whether cells lie in a disc within clear glass."""


BASE = Recipe()
SCENARIOS = {
    "clean": BASE,
    "dense": replace(BASE, per_mm2=6500, clumped=0.4),
    "sparse": replace(BASE, per_mm2=500),
    "weak": replace(BASE, keratin=0.4, chromatin=0.45),
    "strong": replace(BASE, keratin=1.3, chromatin=1.2),
    "hazy": replace(BASE, haze=0.15),
    "sloping": replace(BASE, slope=0.5, haze=0.08),
    "soft": replace(BASE, blur_um=1.1),
    "warm": replace(BASE, lamp=(243.0, 228.0, 205.0)),
    "cold": replace(BASE, lamp=(205.0, 222.0, 245.0)),
    "fine": replace(BASE, um_per_px=0.25, side_px=2800),
    "jpeg": replace(BASE, jpeg=75),
    "dirty": replace(BASE, crumbs=40, soot=40),
    "tinged": replace(BASE, tinged=150, plasma=40),
    "all_at_once": replace(
        BASE, per_mm2=5000, keratin=0.5, haze=0.1, slope=0.3, blur_um=0.8, crumbs=20, soot=20,
        lamp=(240.0, 230.0, 214.0), jpeg=80, plasma=20, tinged=80,
    ),
}  # fmt: skip
