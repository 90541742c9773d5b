"""Contigs of a file held against the bins: their names with or without `chr`, their lengths."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import CONTIGS, Bins, plain
from liquidbiopsy.core.errors import InputError

REMEDY = "give the reference that the file was aligned to"
BUILDS = {
    "GRCh37": (
        249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022,
        141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753,
        81195210, 78077248, 59128983, 63025520, 48129895, 51304566, 155270560, 59373566,
    ),
    "GRCh38": (
        248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636,
        138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345,
        83257441, 80373285, 58617616, 64444167, 46709983, 50818468, 156040895, 57227415,
    ),
}  # fmt: skip
"""Lengths of the contigs 1 to 22, X and Y, in bases, by build."""
REACHED = 0.95
"""Share of a contig's length behind which its last bin begins, where all of it is in bins."""


@dataclass(frozen=True)
class Matched:
    """Which contig of the bins each of a file's is."""

    index: npt.NDArray[np.int64]
    """By the file's contig: index into `Bins.contigs`, or -1."""
    names: tuple[str, ...]
    """The file's own names of the contigs that have bins."""
    partial: tuple[str, ...]
    """Those, by the file's names, of which the bins have only the beginning."""
    absent: tuple[str, ...]
    """Contigs of the bins that the file does not know, by their plain names."""


def _builds() -> dict[str, dict[str, int]]:
    """Length of each contig, by build and plain name."""
    names = [*map(str, range(1, 23)), "X", "Y"]
    return {build: dict(zip(names, own, strict=True)) for build, own in BUILDS.items()}


def build_of(lengths: Mapping[str, int]) -> str | None:
    """The build whose lengths these are, by plain names of contigs; None where there is none."""
    for build, right in _builds().items():
        mine = {name: size for name, size in lengths.items() if name in right}
        if mine and all(right[name] == size for name, size in mine.items()):
            return build
    return None


def match_contigs(contigs: Mapping[str, int], bins: Bins, name: str) -> Matched:
    """Hold a file's contigs against bins.

    Parameters
    ----------
    contigs : dict
        Name -> length in bases, in the file's order.
    bins : Bins
    name : str
        The file as messages name it.

    Raises
    ------
    InputError
        A contig is there twice, as `1` and as `chr1`; a contig is shorter than its bins, or both
        are of known builds that differ; none has bins.
    """
    found: dict[str, str] = {}
    for own in contigs:
        bare = plain(own)
        if bare not in bins.contigs:
            continue
        if bare in found:
            problem = f"has both {found[bare]} and {own} for contig {bare}"
            raise InputError(name, problem, "align to a reference that has each contig once")
        found[bare] = own
    if not found:
        few = ", ".join(list(contigs)[:3]) or "none"
        wanted = ", ".join(bins.contigs[:3])
        problem = f"has no contig that is counted: its contigs are {few} …, and {wanted} … count"
        raise InputError(name, problem, "is it aligned to the reference of the sheet?")
    _check_lengths({bare: contigs[own] for bare, own in found.items()}, bins, found, name)
    partial = [own for bare, own in found.items() if contigs[own] > _end(bins, bare)]
    where = {name: k for k, name in enumerate(bins.contigs)}
    index = [where.get(plain(own), -1) for own in contigs]
    absent = tuple(bare for bare in bins.contigs if bare not in found)
    return Matched(np.array(index, np.int64), tuple(found.values()), tuple(partial), absent)


def check_whole(contigs: Mapping[str, int], reference: Mapping[str, int], name: str) -> None:
    """Hold a file's contigs against those of the reference that it is said to be aligned to.

    Parameters
    ----------
    contigs, reference : dict
        Name -> length in bases, with or without `chr`. Contigs that one of them lacks are passed
        by.
    name : str
        The file as messages name it.

    Raises
    ------
    InputError
        A chromosome has another length; the first is named.
    """
    wanted = {plain(own): length for own, length in reference.items() if plain(own) in CONTIGS}
    mine = {plain(own): length for own, length in contigs.items() if plain(own) in wanted}
    for own, length in contigs.items():
        right = wanted.get(plain(own), length)
        if length != right:
            problem = (
                f"contig {own} has {_said(length, build_of(mine))}, and the reference's has "
                f"{_said(right, build_of(wanted))}: it is another build, or not all of it"
            )
            raise InputError(name, problem, REMEDY)


def _said(length: int, build: str | None) -> str:
    return f"{length} bases" + (f" ({build})" if build else "")


def _check_lengths(
    mine: Mapping[str, int], bins: Bins, names: Mapping[str, str], name: str
) -> None:
    ends = {bare: _end(bins, bare) for bare in bins.contigs}
    own_build, other_build = build_of(mine), build_of(ends)
    differ = own_build is not None and other_build is not None and own_build != other_build
    for bare, length in mine.items():
        span = bins.of(bare)
        step = int((bins.end[span] - bins.start[span]).max())
        # bins of a WIG all have their full size, over the end of the contig
        fits = length == ends[bare] or (
            ends[bare] % step == 0 and ends[bare] - step < length <= ends[bare]
        )
        if fits or (length > ends[bare] and not differ):
            continue
        own = _said(length, own_build)
        other = f"{ends[bare]}" + (f" ({other_build})" if other_build else "")
        problem = f"contig {names[bare]} has {own}, and the bins are of one with {other}"
        raise InputError(name, problem, REMEDY)


def _end(bins: Bins, contig: str) -> int:
    return int(bins.end[bins.of(contig)][-1])


def build_of_bins(bins: Bins) -> str | None:
    """The build whose contigs the bins end with, or whose bins are as many, or that they just fill.

    Bins of variable width end with their contig; where a table does not say the ends, the last ones
    begin near them. None where neither build fits, or both do.
    """
    exact = build_of({name: _end(bins, name) for name in bins.contigs})
    return exact or _only(_as_many, bins) or _only(_filled, bins)


def _only(fits: Callable[[Bins, Mapping[str, int]], bool], bins: Bins) -> str | None:
    """The one build that fits; None where none does, or both."""
    fitting = [
        build
        for build, lengths in _builds().items()
        if all(name in lengths for name in bins.contigs) and fits(bins, lengths)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _as_many(bins: Bins, lengths: Mapping[str, int]) -> bool:
    """Whether each contig holds as many bins of the widest one's size."""
    size = int((bins.end - bins.start).max(initial=1))
    spans = {name: bins.of(name) for name in bins.contigs}
    return all(math.ceil(lengths[k] / size) == own.stop - own.start for k, own in spans.items())


def _filled(bins: Bins, lengths: Mapping[str, int]) -> bool:
    """Whether the last bin of each contig begins in its last part."""
    last = {name: int(bins.start[bins.of(name)][-1]) for name in bins.contigs}
    # the end of Y is one wide bin, or none
    low = {name: 0.0 if name == "Y" else REACHED * lengths[name] for name in last}
    return all(low[name] < at < lengths[name] for name, at in last.items())
