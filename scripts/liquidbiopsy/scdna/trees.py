"""The tree of a patient's clones, with support, and that of the cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Places, Values
from liquidbiopsy.scdna.clones import Clones
from liquidbiopsy.scdna.events import NORMAL, Events, events_of, filled, firsts
from liquidbiopsy.scdna.events_kernel import to_own
from liquidbiopsy.scdna.support import supported
from liquidbiopsy.scdna.tree import Tree, ancestors, tree_of, with_cells

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class CloneTree:
    """Tree of the clones but `normal`, which is the root."""

    tree: Tree
    events: Events
    parent: Mapping[str, str]
    """Clone that each clone comes from, or `normal`."""


def whole_copies(profile: Values, steps: float = 1.0) -> Places:
    """Whole copies; -1 where not known. `steps` are as many as a copy: 1, or fewer of ratios.

    Of ratios over a `ratio_step` they are 0.5 / `ratio_step`, as if at two copies.
    """
    known = np.isfinite(profile) & (np.nan_to_num(profile, nan=-1.0) >= 0)
    return np.where(known, np.floor(np.where(known, profile, 0) / steps + 0.5), -1).astype(np.int64)


def clone_tree(
    clones: Clones,
    contig: npt.NDArray[Any],
    normal: npt.NDArray[Any],
    settings: Settings,
    steps: float = 1.0,
) -> CloneTree:
    """Join a patient's clones.

    Parameters
    ----------
    clones : Clones
    contig : array of int, shape (k,)
    normal : array of int, shape (k,)
        Copies of the normal genome, 0 and more, in every segment.
    settings : dict
        `tree`: `max_copies`, `doubling`, `replicates`, `seed`.
    steps : float
        As of `whole_copies`.
    """
    own = [k for k, name in enumerate(clones.names) if name != NORMAL]
    names = [clones.names[k] for k in own]
    events = events_of(whole_copies(clones.profile[own], steps), names, contig, normal, settings)
    tree = tree_of(events.names, events.counts.sum(axis=0))
    tree = supported(tree, events, settings["replicates"], settings["seed"])
    return CloneTree(tree, events, ancestors(tree))


def cell_tree(
    values: npt.NDArray[Any],
    names: Sequence[str],
    clones: Clones,
    of_clones: CloneTree,
    contig: npt.NDArray[Any],
    normal: npt.NDArray[Any],
    settings: Settings,
    steps: float = 1.0,
) -> Tree:
    """Join the cells that have a clone; above `max_cells`, hang each on its clone.

    Parameters
    ----------
    values : array of float or int, shape (m, k)
        As given to `clones_of`.
    names : sequence of str, shape (m,)
        Without blanks or any of `()[]:;,'`.
    clones, of_clones
        Of these cells.
    contig, normal, settings, steps
        As of `clone_tree`; also `max_cells`.

    Returns
    -------
    Tree
        Of neighbours joined, its time by the cube of the cells; or the clones' tree in which the
        cells hang on their clones, at as many events as they are off them, in linear time.
    """
    own = np.flatnonzero(clones.clone >= 0)
    copies = whole_copies(np.asarray(values)[own], steps)
    some = [names[k] for k in own.tolist()]
    if own.size <= settings["max_cells"]:
        events = events_of(copies, some, contig, normal, settings, by_contig=False)
        return tree_of(events.names, events.counts[0])
    most = settings["max_copies"]
    profiles = filled(whole_copies(clones.profile, steps), normal, most)
    cells = filled(copies, normal, most)
    off = to_own(cells, profiles, clones.clone[own].astype(np.int64), firsts(contig))
    of = [clones.names[k] for k in clones.clone[own].tolist()]
    return with_cells(of_clones.tree, of, some, off.astype(np.float64))


def cell_order(names: Sequence[str], clones: Clones, of_clones: CloneTree, tree: Tree) -> Places:
    """Order in which a picture shows the cells, shape (m,): indices into `names`.

    Clones as in their tree, `normal` first; the cells of one as in the tree of cells; last those
    that have no clone.
    """
    clone = {name: k for k, name in enumerate([NORMAL, *of_clones.tree.leaves()])}
    place = {name: k for k, name in enumerate(tree.leaves())}
    none = len(clone), 0
    keys = [
        none if of is None else (clone[of], place[name])
        for name, of in zip(names, clones.of_cells(), strict=True)
    ]
    return np.array(sorted(range(len(names)), key=lambda k: (keys[k], k)), np.int64)
