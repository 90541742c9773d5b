"""Raw data with known truth, for the demo, tests and benchmarks.

>>> from liquidbiopsy.simulate import ctc_slide
>>> slide = ctc_slide("slide", layout="stack", ctc=20, signal=8)  # doctest: +SKIP
>>> slide.image, slide.truth["kind"].value_counts()  # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from liquidbiopsy.simulate.parameters import Channel, SlideParameters
from liquidbiopsy.simulate.writers import WrittenSlide, read_truth, write_slide

__all__ = ["Channel", "SlideParameters", "WrittenSlide", "ctc_slide", "read_truth", "write_slide"]


def ctc_slide(
    folder: str | Path,
    *,
    layout: str = "frames",
    image_format: str | None = None,
    compression: str | None = None,
    tile: int = 0,
    **parameters: Any,
) -> WrittenSlide:
    """Simulate a CTC slide into a folder: images, truth.tsv, frames.tsv, README.md.

    Parameters
    ----------
    folder : path
        Where to; made if missing.
    layout, image_format, compression, tile
        How the images are written: see `liquidbiopsy.simulate.writers.write_slide`.
    **parameters
        Fields of `SlideParameters`, such as `seed`, `columns`, `ctc`, `signal` (sigma).

    Returns
    -------
    WrittenSlide
        `image` for a sheet, `truth` and `frames` as tables, the `parameters`.

    Raises
    ------
    TypeError
        For a parameter that `SlideParameters` does not have.
    ValueError
        For parameters that contradict each other, or a slide too full.
    """
    made = SlideParameters(**parameters)
    return write_slide(Path(folder), made, layout, image_format, compression, tile)
