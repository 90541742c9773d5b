"""GC and mappability of bins from WIG files, held against the bins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from liquidbiopsy.copynumber.bins import AUTOSOMES, Bins, Values, plain
from liquidbiopsy.copynumber.wig import Wig
from liquidbiopsy.core.errors import InputError


def track_on(bins: Bins, wig: Wig) -> Values:
    """Values of a track in bins, shape (n,), 0 to 1; NaN where it has none (below 0).

    Raises
    ------
    InputError
        Its step is not the size of the bins, it has another number of bins on a contig (it is of
        another build), it lacks an autosome, or values are above 1.
    """
    found = np.full(len(bins), np.nan)
    size = int((bins.end - bins.start).max(initial=0))
    if size != wig.step:
        problem = f"has bins of {wig.step} bases, and the counts of {size}"
        raise InputError(wig.path, problem, "give a track of the same step")
    for name in bins.contigs:
        own = bins.of(name)
        if name not in wig.values:
            if name in AUTOSOMES:
                raise InputError(wig.path, f"has no chromosome {name}", "give a track of all")
            continue
        values, many = wig.values[name], own.stop - own.start
        if values.size != many:
            problem = f"is of another build: {values.size} bins on chromosome {name}, where the "
            remedy = "give the track of the build that the reads are aligned to"
            if many < values.size:
                remedy += "; or the counts are cut off"
            raise InputError(wig.path, f"{problem}counts have {many}", remedy)
        found[own] = values
    found[found < 0] = np.nan
    above = np.flatnonzero(found > 1)
    if above.size:
        place = f"{bins.contigs[bins.contig[above[0]]]}:{bins.start[above[0]] + 1}"
        problem = f"has {found[above[0]]:g} at {place}, where a share of 0 to 1 was expected"
        raise InputError(wig.path, problem, "are these read counts, or per cent?")
    return found


def names_note(files: Mapping[str, Iterable[str]]) -> str:
    """What to say where some files name contigs with `chr` and others without; else "".

    Parameters
    ----------
    files : dict
        Name of each file -> its contigs as it names them (`Wig.names`, contigs of a BAM ...).

    Examples
    --------
    >>> names_note({"a.bam": ["chr1", "chr2"], "gc.wig": ["1", "2"]})
    'contigs are named chr1, … in a.bam and 1, … in gc.wig: taken as the same'
    """
    with_chr: list[tuple[str, str]] = []
    without: list[tuple[str, str]] = []
    for file, names in files.items():
        known = [name for name in names if plain(name) in (*AUTOSOMES, "X", "Y")]
        if known:
            (without if known[0] == plain(known[0]) else with_chr).append((file, known[0]))
    if not with_chr or not without:
        return ""
    parts = (f"{each[0][1]}, … in {', '.join(f for f, _ in each)}" for each in (with_chr, without))
    return f"contigs are named {' and '.join(parts)}: taken as the same"
