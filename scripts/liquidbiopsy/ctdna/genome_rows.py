"""One genome's estimate as rows of the tables, and as a SEG file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber import seg_file
from liquidbiopsy.copynumber.bins import Profile, Values
from liquidbiopsy.copynumber.genes import genes_in
from liquidbiopsy.copynumber.normals import Normals
from liquidbiopsy.ctdna.genome_quality import profile_quality, quality_rows
from liquidbiopsy.ctdna.tumour_fraction import MEASURED, Estimate, estimate
from liquidbiopsy.ctdna.tumour_fraction_search import Solution
from liquidbiopsy.ctdna.tumour_fraction_segments import Segment, segments_of

Row = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """Rows of a library by table, and its segments."""

    tables: Mapping[str, list[Row]]
    name: str = ""
    segments: Sequence[Segment] = field(default=())


def genome_rows(
    own: Mapping[str, Any],
    profile: Profile,
    build: str | None,
    normals: Normals | None,
    settings: Mapping[str, Any],
    remark: str | None,
) -> Found:
    """Estimate a genome and tell it as rows.

    Parameters
    ----------
    own : dict
        `specimen_id` and `library_id`.
    profile : Profile
    build : str or None
        Build of the genome, which says where genes are.
    normals : Normals or None
        The panel that it was held against.
    settings : dict
        The section `wgs`, with `copies`.
    remark : str or None
        What to say beside the result.
    """
    found = estimate(profile, settings["copies"])
    segments = segments_of(found, profile)
    genes, note = _genes(profile, build, found, segments)
    reason = "; ".join(words for words in (found.reason, remark, note) if words) or None
    genome = {
        "status": found.status,
        "reason": reason,
        "tumour_fraction": _real(found.chosen.fraction if found.chosen else math.nan),
        "low": _real(found.fraction_low),
        "high": _real(found.fraction_high),
        "lod": _real(found.limit),
        "ploidy": _real(found.ploidy),
        "ploidy_low": _real(found.ploidy_low),
        "ploidy_high": _real(found.ploidy_high),
        "log_ratio": _real(found.log_ratio),
        "sex": None if found.sex == "unknown" else found.sex,
        "normals": normals.n if normals else 0,
    }
    tables = {
        "genomes": [genome],
        "bins": _bins(profile, found),
        "segments": [_segment(each, found.status == MEASURED) for each in segments],
        "solutions": [_solution(k, s) for k, s in enumerate(found.solutions, 1)],
        "genes": genes,
    }
    named = {name: [{**own, **row} for row in rows] for name, rows in tables.items()}
    named["quality"] = quality_rows(own, profile_quality(profile))
    return Found(named, f"{own['specimen_id']}:{own['library_id']}", segments)


def seg_text(found: Iterable[Found]) -> str:
    """All libraries of a specimen in one SEG file."""
    return seg_file.seg_text(
        (one.name, [(s.contig, s.start, s.end, s.bins, s.log2) for s in one.segments])
        for one in found
        if one.segments
    )


def _genes(
    profile: Profile, build: str | None, found: Estimate, segments: Sequence[Segment]
) -> tuple[list[Row], str]:
    """Rows of genes by the segments that they lie in; none where no tumour is detected."""
    if found.status != MEASURED:
        return [], ""
    copies, low, high = (
        _over_bins(profile, segments, n) for n in ("average", "copies_low", "copies_high")
    )
    used = profile.used & np.isfinite(copies)
    return genes_in(
        profile.bins, build, used, profile.log2, copies, found.ploidy, low, high, found.normal
    )


def _over_bins(profile: Profile, segments: Sequence[Segment], name: str) -> Values:
    """What segments have, in each bin; NaN outside of them."""
    values = np.full(len(profile.bins), np.nan)
    for segment in segments:
        own = profile.bins.of(segment.contig)
        within = (profile.bins.start[own] >= segment.start) & (profile.bins.end[own] <= segment.end)
        values[own][within] = getattr(segment, name)
    return values


def _bins(profile: Profile, found: Estimate) -> list[Row]:
    bins, copies = profile.bins, found.genome.copies
    columns: dict[str, Sequence[Any]] = {
        "chrom": bins.chrom(),
        "start": bins.start.tolist(),
        "end": bins.end.tolist(),
        "count": [None if math.isnan(n) else round(n) for n in profile.count.tolist()],
        "gc": _reals(profile.gc),
        "mappability": _reals(profile.mappability),
        "corrected": _reals(profile.corrected),
        "log2": _reals(profile.log2),
        "noise": _reals(profile.noise),
        "used": profile.used.tolist(),
        "copies": [None if n < 0 else n for n in copies.tolist()],
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _segment(segment: Segment, detected: bool) -> Row:
    return {
        "chrom": segment.contig,
        "start": segment.start,
        "end": segment.end,
        "bins": segment.bins,
        "log2": segment.log2,
        "copies": segment.copies,
        "copies_low": _real(segment.copies_low) if detected else None,
        "copies_high": _real(segment.copies_high) if detected else None,
        "subclonal": segment.subclonal,
    }


def _solution(rank: int, solution: Solution) -> Row:
    return {
        "rank": rank,
        "tumour_fraction": solution.fraction,
        "ploidy": _real(solution.ploidy),
        "usual_copies": solution.usual,
        "log_likelihood": solution.log_likelihood,
        "score": solution.score,
        "subclonal_share": solution.subclonal,
    }


def _reals(values: npt.NDArray[np.float64]) -> list[float | None]:
    return [_real(value) for value in values.tolist()]


def _real(value: float) -> float | None:
    return value if math.isfinite(value) else None
