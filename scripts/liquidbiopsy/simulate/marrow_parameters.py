"""What a simulated slide of bone marrow is made from."""

from __future__ import annotations

from dataclasses import dataclass

#: Optical density of pure stains in red, green and blue; each slide strays a little from them.
STAINS: dict[str, tuple[float, float, float]] = {
    "haematoxylin": (0.66, 0.69, 0.30),
    "dab": (0.29, 0.58, 0.76),
    "fast_red": (0.20, 0.84, 0.50),
    "new_fuchsin": (0.22, 0.90, 0.38),
    "aec": (0.27, 0.70, 0.66),
}


@dataclass(frozen=True)
class MarrowParameters:
    """A cytospin of bone marrow, stained for cytokeratin.

    Counts are of the whole slide; optical densities are those in the middle of a kind of cell, from
    cell to cell they vary by a quarter.
    """

    seed: int = 0
    width_px: int = 2000
    height_px: int = 2000
    pixel_size_um: float = 0.5
    chromogen: str = "dab"
    """A key of `STAINS`."""
    nuclei: int = 2000
    """Haematopoietic cells that are sought; fewer where the slide is too full."""
    spot: bool = False
    """Whether the cells lie in a round spot with clear glass around it."""
    overlap: float = 0.1
    """Share of their radii by which neighbouring nuclei may overlap."""
    tumour: int = 0
    """Single tumour cells."""
    clusters: int = 0
    """Clusters of 2 to 5 tumour cells."""
    probable: int = 0
    """Cells with strong irregular stain over a nucleus that is hardly enlarged."""
    degenerated: int = 0
    """Tumour cells without an intact nucleus."""
    squamous: int = 0
    """Squamous cells: very large and thin, with a small nucleus."""
    stained: int = 0
    """Haematopoietic cells with weak even stain around, not over, their nucleus."""
    debris: int = 0
    """Clots of chromogen without a cell."""
    pigment: int = 0
    """Brown and black grains."""
    ink: bool = False
    """Whether a line of a pen crosses the slide."""
    stain_od: float = 0.55
    """Optical density of cytokeratin in tumour cells."""
    weak_od: float = 0.14
    """Optical density of the chromogen in stained haematopoietic cells."""
    nuclear_od: float = 0.5
    """Optical density of haematoxylin in nuclei."""
    background_od: float = 0.02
    """Optical density of the chromogen everywhere on the slide."""
    unevenness: float = 0.15
    """Relative difference of stain between one side of the slide and the other."""
    defocus_um: float = 0.0
    """Blur beside that of the lens: standard deviation in micrometres."""
    blurred_share: float = 0.0
    """Share of the slide's width, from the right, that is far out of focus."""
    white: tuple[int, int, int] = (242, 241, 244)
    """Intensity of clear glass in red, green and blue."""
    noise: float = 1.6
    """Standard deviation of the camera's noise, of 255."""
    stray_deg: float = 4.0
    """Degrees by which the slide's colours stray from `STAINS`."""

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        if self.chromogen not in STAINS or self.chromogen == "haematoxylin":
            raise ValueError(f"no such chromogen: {self.chromogen}")
        if min(self.width_px, self.height_px) < 64 or self.pixel_size_um <= 0:
            raise ValueError("a slide has at least 64 pixels along each edge, and their size")
