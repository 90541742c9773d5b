"""What a simulated CTC slide is made of: every number that shapes it, with its unit.

Signals are in *sigma*: the mean signal of a cell over its outline, in focus and under full
illumination, divided by the standard deviation of the noise of one background pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

SIMULATED = "SIMULATED data, made by liquidbiopsy.simulate: no patient, no specimen, no microscope"

#: Channels that are not markers: their names in `Channel.name`.
BASE_CHANNELS = ("nucleus", "cytokeratin", "leukocyte")


@dataclass(frozen=True)
class Channel:
    """One fluorescence channel of the microscope."""

    name: str
    """`nucleus`, `cytokeratin`, `leukocyte`, or the name of a marker such as `her2`."""
    psf_um: float = 0.5
    """Standard deviation of the Gaussian point spread function in focus, µm."""
    background_electrons: float = 200.0
    """Mean autofluorescence of the empty slide, photo-electrons per pixel."""


NUCLEUS = Channel("nucleus", 0.45, 160.0)
CYTOKERATIN = Channel("cytokeratin", 0.55, 260.0)
LEUKOCYTE = Channel("leukocyte", 0.65, 120.0)
HER2 = Channel("her2", 0.50, 200.0)


@dataclass(frozen=True)
class SlideParameters:
    """A simulated slide: its stage grid, its cells, the optics and the camera."""

    seed: int = 1
    """Seed of every random number: the same parameters give the same bytes."""

    # --- stage ---
    frame_width_px: int = 1384
    """Width of a frame, pixels."""
    frame_height_px: int = 1036
    """Height of a frame, pixels."""
    pixel_size_um: float = 0.64
    """Side of a pixel on the slide, µm."""
    columns: int = 3
    """Frames in a row of the stage grid."""
    rows: int = 2
    """Rows of frames."""
    overlap_px: int = 0
    """Pixels that neighbouring frames share."""
    order: str = "serpentine"
    """`raster` (every row left to right) or `serpentine` (odd rows right to left)."""
    stage_jitter_px: int = 0
    """Largest error of the stage at a frame in x and in y, whole pixels."""

    # --- cells: numbers ---
    ctc: int = 10
    """Single CTCs on the slide."""
    ctc_clusters: int = 1
    """Clusters of 2 to 5 touching CTCs on the slide."""
    leukocytes_per_frame: float = 40.0
    """Mean number of leukocytes in the area of one frame."""
    double_positive: int = 3
    """Leukocytes with dim cytokeratin on the slide."""
    tdev: int = 8
    """Tumour-derived extracellular vesicles and cytokeratin fragments on the slide."""
    bare_nuclei: int = 6
    """Nuclei that have lost their cell, on the slide."""
    debris: int = 4
    """Specks bright in every channel, on the slide."""
    fibres: int = 1
    """Fibres bright in every channel, on the slide."""
    touching_fraction: float = 0.15
    """Fraction (0 to 1) of single CTCs that a leukocyte touches."""
    clumping_fraction: float = 0.08
    """Fraction (0 to 1) of leukocytes that lie against another leukocyte."""

    # --- cells: sizes ---
    ctc_diameter_um: float = 12.4
    """Median diameter of a CTC, µm (breast, PMC7782084)."""
    ctc_diameter_spread: float = 0.18
    """Standard deviation of the natural logarithm of CTC diameters."""
    leukocyte_diameter_um: float = 9.4
    """Median diameter of a leukocyte, µm (PMC7782084)."""
    leukocyte_diameter_spread: float = 0.10
    """Standard deviation of the natural logarithm of leukocyte diameters of one type."""

    # --- cells: signals ---
    signal: float = 25.0
    """Median cytokeratin signal of CTCs, sigma."""
    signal_spread: float = 0.5
    """Standard deviation of the natural logarithm of that signal; 0 makes all CTCs alike."""
    nucleus_signal: float = 40.0
    """Median nuclear signal over the nucleus, sigma."""
    leukocyte_signal: float = 20.0
    """Median CD45 signal of leukocytes, sigma."""
    tdev_signal: float = 25.0
    """Median cytokeratin signal of vesicles and fragments, sigma."""
    double_positive_signal: float = 5.0
    """Median cytokeratin signal of double positive leukocytes, sigma."""
    artefact_signal: float = 50.0
    """Median signal of debris and fibres in every channel, sigma."""
    autofluorescence: float = 0.5
    """Mean signal of any cell in the channels it is not stained in, sigma."""
    stain_spread: float = 0.3
    """Standard deviation of the natural logarithm of all signals but that of CTCs."""
    marker_fractions: tuple[float, float, float, float] = (0.4, 0.3, 0.2, 0.1)
    """Fractions of tumour cells at marker level 0, 1+, 2+ and 3+; they add up to 1."""
    marker_signals: tuple[float, float, float, float] = (0.0, 6.0, 18.0, 54.0)
    """Median marker signal at level 0, 1+, 2+ and 3+, sigma."""

    # --- optics ---
    channels: tuple[Channel, ...] = (NUCLEUS, CYTOKERATIN, LEUKOCYTE)
    """The channels in file order."""
    halo_fraction: float = 0.10
    """Fraction (0 to 1) of the light that is spread wide, from out of the focal plane."""
    halo_um: float = 3.0
    """Standard deviation of that spread, µm."""
    defocus_um: float = 0.0
    """Typical blur from small focus errors, added to every frame's PSF, µm."""
    out_of_focus_fraction: float = 0.0
    """Fraction (0 to 1) of frames that are lost to focus."""
    out_of_focus_um: float = 5.0
    """Blur of a frame lost to focus, standard deviation, µm."""
    illumination_loss: float = 0.25
    """Fraction (0 to 1) of the light missing in the darkest corner of a frame."""
    background_gradient: float = 0.25
    """Change of the background across the slide, as a fraction of its mean, from stray light."""
    frame_variation: float = 0.03
    """Standard deviation of the natural logarithm of a frame's background."""
    bleed_through: tuple[tuple[str, str, float], ...] = (
        ("leukocyte", "cytokeratin", 0.01),
        ("cytokeratin", "leukocyte", 0.01),
        ("her2", "cytokeratin", 0.02),
        ("nucleus", "her2", 0.01),
    )
    """(from, to, fraction): photo-electrons of one channel seen in another as well."""

    # --- camera ---
    bit_depth: int = 12
    """8, 12 or 16: values saturate at 2**bit_depth - 1."""
    gain: float | None = None
    """Counts per photo-electron; by default 1 at 12 bit, 1/16 at 8 bit and 2 at 16 bit."""
    offset_counts: float | None = None
    """Camera offset, counts; by default 1/40 of the range."""
    read_noise_electrons: float = 6.0
    """Standard deviation of the camera's read noise, photo-electrons."""

    sigma_electrons: dict[str, float] = field(init=False, repr=False, compare=False)
    """Noise of one background pixel a channel, photo-electrons: one sigma."""

    def __post_init__(self) -> None:
        """Check what would otherwise fail late or draw nonsense."""
        names = [channel.name for channel in self.channels]
        if len(set(names)) < len(names):
            raise ValueError(f"a channel is named twice: {names}")
        if self.order not in ("raster", "serpentine"):
            raise ValueError(f"order is {self.order!r}, must be 'raster' or 'serpentine'")
        if self.bit_depth not in (8, 12, 16):
            raise ValueError(f"bit_depth is {self.bit_depth}, must be 8, 12 or 16")
        if abs(sum(self.marker_fractions) - 1) > 1e-6:
            raise ValueError(f"marker_fractions add up to {sum(self.marker_fractions)}, not 1")
        if not 0 <= self.overlap_px < min(self.frame_width_px, self.frame_height_px) / 2:
            raise ValueError(f"overlap_px is {self.overlap_px}: not from 0 to half a frame")
        sigma = {
            channel.name: sqrt(channel.background_electrons + self.read_noise_electrons**2)
            for channel in self.channels
        }
        object.__setattr__(self, "sigma_electrons", sigma)

    @property
    def markers(self) -> tuple[str, ...]:
        """Names of the channels that are markers."""
        return tuple(c.name for c in self.channels if c.name not in BASE_CHANNELS)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.columns * self.rows

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the whole slide, pixels."""
        step_x = self.frame_width_px - self.overlap_px
        step_y = self.frame_height_px - self.overlap_px
        return self.columns * step_x + self.overlap_px, self.rows * step_y + self.overlap_px

    @property
    def size_um(self) -> tuple[float, float]:
        """Width and height of the whole slide, µm."""
        width, height = self.size_px
        return width * self.pixel_size_um, height * self.pixel_size_um

    @property
    def counts_per_electron(self) -> float:
        """The gain in use, counts per photo-electron."""
        return self.gain if self.gain is not None else {8: 1 / 16, 12: 1.0, 16: 2.0}[self.bit_depth]

    @property
    def offset(self) -> float:
        """The camera offset in use, counts."""
        return 2**self.bit_depth / 40 if self.offset_counts is None else self.offset_counts
