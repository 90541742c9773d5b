"""Genes that matter in breast cancer: where they are, their copies, and what these are called."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Bins, Mask, Values
from liquidbiopsy.copynumber.regions import known_build
from liquidbiopsy.copynumber.segments import Segments
from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.gates import call_events
from liquidbiopsy.core.settings import read_yaml

GENES = Path(__file__).resolve().parents[3] / "resources" / "genes"
BUILDS = ("GRCh37", "GRCh38")
NEUTRAL = "neutral"


@dataclass(frozen=True)
class Gene:
    """A gene in one build of the genome."""

    gene: str
    """Symbol."""
    chrom: str
    """Contig, by its plain name."""
    start: int
    """First base, from 0."""
    end: int
    """One past the last base."""


def genes_of(build: str | None, folder: Path = GENES) -> tuple[list[Gene], str]:
    """Genes in genome order, and what to say where there are none.

    Parameters
    ----------
    build : str or None
        By any of its usual names.
    folder : Path
        Where breast.yaml is.

    Returns
    -------
    genes : list of Gene
        None where the build is not known: a place in another build would be another gene.
    note : str
        Why there are none; else "".

    Raises
    ------
    UserError
        A gene of the file has no such place; the message names it.
    """
    known = known_build(build)
    if known is None:
        builds = " and ".join(BUILDS)
        return [], f"no genes: build {build or 'not given'} is neither of {builds}"
    return list(_genes(folder / "breast.yaml", known)), ""


@cache
def _genes(path: Path, build: str) -> tuple[Gene, ...]:
    found = []
    for each in read_yaml(path)["genes"]:
        place = each.get(build)
        sound = isinstance(place, list) and len(place) == 2 and 0 <= place[0] < place[1]
        if not sound:
            raise UserError(f"{path.name}, gene {each.get('gene', '?')}: {build} is not a place")
        found.append(Gene(each["gene"], str(each["chrom"]), *place))
    return tuple(found)


def genes_in(
    bins: Bins,
    build: str | None,
    used: Mask,
    log2: Values,
    copies: Values,
    ploidy: float,
    low: Values | None = None,
    high: Values | None = None,
    normal: Values | None = None,
) -> tuple[list[dict[str, Any]], str]:
    """A row a gene: where it is, its copies and what they are called.

    A gene has the copies that most of its bases have, over the bins that are used. Where none of
    its bins is used and the nearest ones to both sides are of one change, it has theirs; where
    these are neutral nothing is said, as an amplification may be narrower than the gap.

    Parameters
    ----------
    bins : Bins
    build : str or None
        By any of its usual names.
    used : array of bool, shape (n,)
        Bins that tell anything.
    log2, copies : arrays of float64, shape (n,)
        Of each bin; `copies` those of its segment (`per_bin` spreads what segments have), NaN where
        not known.
    ploidy : float
        Mean copies in the tumour's cells; NaN where no tumour is seen: then nothing is called.
    low, high : arrays of float64, shape (n,), optional
        95 % interval of the copies; without it they are taken to be sure.
    normal : array of float64, shape (n,), optional
        Copies in a normal cell; 2 without it.

    Returns
    -------
    rows : list of dict
        gene, chrom, start, end, bins (used ones that it lies in), log2 (mean of these), copies,
        copies_low, copies_high, call; None where not known.
    note : str
        Why there are no rows; else "".
    """
    genes, note = genes_of(build)
    low, high = copies if low is None else low, copies if high is None else high
    rows = []
    places = np.full(len(genes), -1)
    for k, gene in enumerate(genes):
        overlap = _overlap(bins, gene, used)
        places[k] = _place(overlap, copies)
        if places[k] < 0:
            places[k] = _beside(bins, gene, used, copies)
        known = np.flatnonzero(overlap)
        mean = float(np.average(log2[known], weights=overlap[known])) if known.size else None
        place = {"chrom": gene.chrom, "start": gene.start, "end": gene.end}
        rows.append({"gene": gene.gene, **place, "bins": int(known.size), "log2": mean})
    at = [np.where(places >= 0, each[places], np.nan) for each in (copies, low, high)]
    usual = np.full(len(bins), 2.0) if normal is None else normal
    calls = call_copies(at[0], at[1], at[2], ploidy, np.where(places >= 0, usual[places], 2.0))
    for k, row in enumerate(rows):
        if not row["bins"] and calls[k] == NEUTRAL:
            calls[k] = None
            at[0][k] = at[1][k] = at[2][k] = np.nan
        for name, values in zip(("copies", "copies_low", "copies_high"), at, strict=True):
            row[name] = float(values[k]) if np.isfinite(values[k]) else None
        row["call"] = calls[k]
    return rows, note


def call_copies(
    copies: Values, low: Values, high: Values, ploidy: float, normal: Values
) -> npt.NDArray[Any]:
    """What copies are called, by the thresholds of resources/genes/calls.yaml.

    Parameters
    ----------
    copies, low, high : arrays of float64, shape (n,)
        Copies in the tumour's cells and their 95 % interval; NaN where not known.
    ploidy : float
    normal : array of float64, shape (n,)
        Copies in a normal cell.

    Returns
    -------
    array of object, shape (n,)
        `amplified`, `gained`, `neutral`, `lost`, `deleted`, or None where the copies, or the
        ploidy, are not known.
    """
    n = np.size(copies)
    columns = {
        "copies": copies,
        "copies_low": low,
        "copies_high": high,
        "ploidy": np.full(n, ploidy),
        "expected": ploidy * np.asarray(normal) / 2,
    }
    calls, _ = call_events(_conditions(), columns, n)
    calls = np.where(calls == "uncertain", NEUTRAL, calls).astype(object)
    calls[~np.isfinite(np.asarray(copies, float)) | ~np.isfinite(ploidy)] = None
    return calls


def per_bin(segments: Segments, values: Values, n: int) -> Values:
    """What segments have, in each of n bins; NaN outside of them.

    Parameters
    ----------
    segments : Segments
    values : array of float64, shape (k,)
    n : int
    """
    out = np.full(n, np.nan)
    for first, last, value in zip(segments.first, segments.last, values, strict=True):
        out[first : last + 1] = value
    return out


@cache
def _conditions() -> tuple[dict[str, str], ...]:
    return tuple(read_yaml(GENES / "calls.yaml")["calls"])


def _overlap(bins: Bins, gene: Gene, used: Mask) -> Values:
    """Bases of a gene in each used bin, shape (n,)."""
    shared = np.zeros(len(bins))
    own = bins.of(gene.chrom)
    within = np.minimum(bins.end[own], gene.end) - np.maximum(bins.start[own], gene.start)
    shared[own] = np.maximum(within, 0) * used[own]
    return shared


def _place(overlap: Values, copies: Values) -> int:
    """Index of a bin that has the copies of a gene; -1 where there is none."""
    own = np.flatnonzero(overlap)
    if not own.size:
        return -1
    levels, which = np.unique(copies[own], return_inverse=True)
    most = int(np.argmax(np.bincount(which, overlap[own], levels.size)))
    return int(own[which == most][0])


def _beside(bins: Bins, gene: Gene, used: Mask, copies: Values) -> int:
    """Index of the used bin before a gene, if that after it has the same copies; else -1."""
    on = bins.of(gene.chrom)
    known = on.start + np.flatnonzero(used[on])
    after = int(np.searchsorted(bins.start[known], gene.start))
    if not 0 < after < known.size:
        return -1
    one, other = known[after - 1], known[after]
    return int(one) if copies[one] == copies[other] else -1
