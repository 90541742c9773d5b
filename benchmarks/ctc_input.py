"""Slides to measure on, with their truth: of the make that no detector here was tuned on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from benchmarks.ctc_methods import Given
from tests.othermake.files import write_frames
from tests.othermake.scenarios import CARTRIDGE, IMPOSTORS
from tests.othermake.slides import Slide, make_slide


def cartridge(n_frames: int) -> Slide:
    """A CellTracks-like slide of ordinary difficulty, with HER2; `n_frames` a multiple of four."""
    columns = min(4, n_frames)
    settings = {
        **{**CARTRIDGE, **IMPOSTORS, "grid": (n_frames // columns, columns)},
        **{"leukocytes": 400, "ctcs": 5 * n_frames, "clusters": n_frames, "clumps": n_frames},
        **{"shade": "vignette", "shade_depth": 0.4, "signal": 14.0, "blur_px": 1.0},
        **{"texture": 0.2, "spread": 0.3, "markers": {"her2": (0.0, 6.0, 15.0, 40.0)}},
    }
    return make_slide(11, **settings)


def write(slide: Slide, folder: Path, compression: str | None = None) -> Given:
    """Write a slide as a folder of frames."""
    s = slide.settings
    write_frames(slide, folder, compression)
    return Given(
        str(folder),
        slide.channels,
        s.pixel_size_um,
        s.frame_shape,
        slide.n_frames,
        s.grid[1],
        s.order,
        s.overlap_px,
    )


def repeated(given: Given, folder: Path, n_frames: int) -> Given:
    """The same frames over and over, as links, until there are `n_frames`."""
    folder.mkdir()
    paths = sorted(Path(given.folder).glob("*.tif"))
    for k in range(n_frames):
        (folder / f"frame_{k:04d}.tif").symlink_to(paths[k % len(paths)])
    return Given(**{**asdict(given), "folder": str(folder), "n_frames": n_frames})
