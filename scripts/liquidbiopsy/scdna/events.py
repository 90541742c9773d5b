"""Fewest events between the normal genome and the profiles of clones or cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Mask, Places
from liquidbiopsy.scdna.events_kernel import distances, doubled

NORMAL = "normal"
"""Name of the normal genome, and of the clone that has it."""


@dataclass(frozen=True)
class Events:
    """Fewest events between the normal genome, which is the first, and profiles; n in all."""

    names: tuple[str, ...]
    counts: npt.NDArray[np.int32]
    """Shape (contigs + 1, n, n), doublings last; (1, n, n) where not by contig."""
    twice: Mask
    """Whether the genome was doubled on the way from normal, shape (n,)."""


def events_of(
    profiles: npt.NDArray[Any],
    names: Sequence[str],
    contig: npt.NDArray[Any],
    normal: npt.NDArray[Any],
    settings: Mapping[str, Any],
    *,
    by_contig: bool = True,
) -> Events:
    """Fewest events between profiles, and between each and the normal genome.

    Parameters
    ----------
    profiles : array of int, shape (n, k)
        Copies; what is not known (under 0) counts as in the normal genome.
    names : sequence of str
        Shape (n,).
    contig : array of int, shape (k,)
        Contig of each segment, in genome order.
    normal : array of int, shape (k,)
        Copies of the normal genome.
    settings : dict
        `max_copies`: more count as that many; `doubling`: whether a doubling is an event.
    by_contig : bool
        Whether contigs are kept apart, as support needs it.

    Returns
    -------
    Events
    """
    own = filled(profiles, normal, settings["max_copies"])
    rows = np.vstack([filled(normal, normal, settings["max_copies"]), own])
    first = firsts(contig)
    twice, before = np.zeros(len(rows), np.bool_), rows
    if settings["doubling"] and rows.shape[1]:
        twice, before = doubled(rows, rows[0], first)
    return Events(
        (NORMAL, *names), distances(rows, twice, before, first, by_contig), np.asarray(twice)
    )


def filled(profiles: npt.NDArray[Any], normal: npt.NDArray[Any], most: int) -> Places:
    """Copies, at most so many, shape (n, k); what is not known as in the normal genome."""
    usual = np.asarray(normal, np.int64)
    own = np.atleast_2d(np.asarray(profiles, np.int64))
    return np.minimum(np.where(own < 0, usual, own), most)


def firsts(contig: npt.NDArray[Any]) -> Places:
    """First segment of each contig, and one past the last, shape (contigs + 1,)."""
    return np.append(np.flatnonzero(np.diff(contig, prepend=-1)), len(contig))
