"""SEG files: segments as IGV and cBioPortal read them.

Tab-separated, with the columns ID, chrom, loc.start, loc.end, num.mark and seg.mean; the first base
of a segment is counted from 1, and its last is within it. IGV takes the last column as the value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

HEADER = ("ID", "chrom", "loc.start", "loc.end", "num.mark", "seg.mean")
DIGITS = 4  # of the mean


def seg_text(samples: Iterable[tuple[str, Sequence[tuple[str, int, int, int, float]]]]) -> str:
    """Text of a SEG file.

    Parameters
    ----------
    samples : iterable of (str, rows)
        Name of each sample, and a row a segment: contig by its plain name, first base from 0, one
        past the last, bins, mean log2. A segment whose mean is not known is left out.

    Returns
    -------
    str
        With a line end at its end, the header alone where there are no segments.
    """
    lines = ["\t".join(HEADER)]
    for name, rows in samples:
        for chrom, start, end, bins, mean in rows:
            if mean == mean and abs(mean) != float("inf"):
                lines.append(f"{_plain(name)}\t{chrom}\t{start + 1}\t{end}\t{bins}\t{_shown(mean)}")
    return "\n".join(lines) + "\n"


def rows_of(segments: Any) -> list[tuple[str, int, int, int, float]]:
    """Rows of `seg_text`, of a `Segments`."""
    columns = (segments.chrom(), segments.start, segments.end, segments.bins, segments.mean)
    return [
        (chrom, int(start), int(end), int(bins), float(mean))
        for chrom, start, end, bins, mean in zip(*columns, strict=True)
    ]


def _plain(name: str) -> str:
    """A name without what would end its column."""
    return " ".join(name.split())


def _shown(mean: float) -> str:
    """A mean with four digits; never minus zero, which would be another file for the same."""
    return f"{round(mean, DIGITS) + 0.0:.{DIGITS}f}"
