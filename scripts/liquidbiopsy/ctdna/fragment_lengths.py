"""Fragments of a panel's molecules: those that overlap what the panel captures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from liquidbiopsy.copynumber import count_kernel as kernel
from liquidbiopsy.copynumber.as_bam import read_alignments
from liquidbiopsy.copynumber.bins import Bins, plain
from liquidbiopsy.copynumber.count_pass import limits_of, places_of, tallies_of
from liquidbiopsy.copynumber.counting import Counted, counted_of
from liquidbiopsy.copynumber.own_contigs import match_contigs
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads.panel import Region


def fragment_lengths(
    path: str,
    name: str,
    regions: Sequence[Region],
    reference: str | None,
    settings: Mapping[str, Any],
) -> Counted:
    """Lengths and ends of a library's molecules on target.

    Every record is taken for a molecule of its own: consensus reads, or reads whose duplicates are
    flagged; two molecules may have the same ends.

    Parameters
    ----------
    path : str
        BAM or CRAM file, in any order.
    name : str
        The file as messages name it.
    regions : list of Region
        What the panel captures; a fragment counts where it shares a base with one.
    reference, settings
        As for `count_reads`.

    Returns
    -------
    Counted
        `bins` are the panel's contigs, whole; fragments have no windows.

    Raises
    ------
    InputError
        As `count_reads`; the file knows no contig of the panel.
    """
    with read_alignments(path, name, reference) as (reader, contigs):
        wanted = {plain(region.chrom) for region in regions}
        mine = {plain(own): length for own, length in contigs.items() if plain(own) in wanted}
        if not mine:
            problem = f"knows none of the panel's contigs ({', '.join(sorted(wanted)[:3])} …)"
            raise InputError(name, problem, "give the panel of the reference's build")
        bins = _whole(mine)
        matched = match_contigs(contigs, bins, name)
        limits = limits_of(settings, kernel.NEVER, on_target=True)
        none = _whole({})
        tallies = tallies_of(reader, limits, places_of(matched.index, bins, none, regions))
    return counted_of(tallies, limits, bins, (none, np.zeros(0, np.bool_)), matched, name)


def _whole(lengths: Mapping[str, int]) -> Bins:
    """One bin a contig."""
    n = len(lengths)
    ends = np.array(list(lengths.values()), np.int64)
    return Bins(tuple(lengths), np.arange(n, dtype=np.int16), np.zeros(n, np.int64), ends)
