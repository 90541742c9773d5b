"""Clones: cells of a patient with the same copies but for noise.

A mixture of profiles with errors, each cell in one of them, as simple as the cells allow: all begin
as one clone, and a group is parted where two describe its cells more shortly (`clones_split`). How
often a segment is wrong is learnt from the cells, up to a limit: what more cells share is no noise.
So an event makes a clone when several cells have it, and no noise of one cell does. A cell that
differs from all clones in much of its genome is a clone by itself. Time and memory are linear in
cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, softmax

from liquidbiopsy.copynumber.bins import Mask, Places, Values
from liquidbiopsy.scdna.clones_finish import finish, one_genome
from liquidbiopsy.scdna.clones_groups import NONE, Groups, Settings, scaled
from liquidbiopsy.scdna.clones_kernel import HALF, TOP, UNIT, UNKNOWN
from liquidbiopsy.scdna.clones_levels import Levels
from liquidbiopsy.scdna.clones_split import Bytes
from liquidbiopsy.scdna.events import NORMAL

TINY = 1e-9


@dataclass(frozen=True)
class Clones:
    """Clones of a patient; g clones, m cells, k segments."""

    names: tuple[str, ...]
    """`clone1` with the most cells, and so on; `normal` has the normal genome."""
    profile: Values
    """Copies (or ratios, in steps) that most cells have, shape (g, k); NaN where not known."""
    clone: Places
    """Index of each cell's clone, shape (m,); -1 where it is of none."""
    built: Mask
    """Cells that the clones were built from, shape (m,)."""
    confidence: Values
    """Probability of the clone among all of them, times the chance that any cell of it differs from
    it as much; 0 to 1, shape (m,), NaN of cells of none."""
    share: Values
    """Share of the bases in which a cell differs from its clone, else from the nearest, (m,)."""

    def of_cells(self) -> list[str | None]:
        """Name of each cell's clone."""
        return [self.names[k] if k >= 0 else None for k in self.clone]


def clones_of(
    values: npt.NDArray[Any],
    contig: npt.NDArray[Any],
    length: Values,
    built: Mask,
    confidence: Values,
    normal: npt.NDArray[Any],
    settings: Settings,
    levels: Levels | None = None,
) -> Clones:
    """Find the clones of a patient's cells.

    Parameters
    ----------
    values : array of float or int, shape (m, k)
        Copies in segments that all share, in genome order; under 0 or NaN where not known. Where no
        copies are known, ratios over the setting `ratio_step`.
    contig : array of int, shape (k,)
    length : array of float, shape (k,)
        Bases.
    built : array of bool, shape (m,)
        Cells to build from: tumour cells that passed and are not suspected to be two. Others are
        assigned afterwards, where they are near enough.
    confidence : array of float, shape (m,)
        Of each cell's copies, 0 to 1. Those under `confidence_min` are not built from.
    normal : array of float or int, shape (k,)
        The normal genome; under 0 or NaN where not known, or not to be asked.
    settings : dict
        `clones` of the assay's settings.
    levels : Levels, optional
        What the copies were told from: then clones must differ in these as well.

    Returns
    -------
    Clones
        None where there is no cell to build from. The same, whatever the order of the cells.
    """
    every = in_bytes(values)
    sure = np.nan_to_num(confidence, nan=1.0)
    known = (every != UNKNOWN).any(axis=1)
    own = np.asarray(built, np.bool_) & known & (sure >= settings["confidence_min"])
    order = sorted(np.flatnonzero(own), key=lambda i: (-sure[i], every[i].tobytes()))
    length = np.asarray(length, np.float64)
    none = np.full(len(every), np.nan)
    if not order:
        nothing = np.full(len(every), NONE)
        return Clones((), np.empty((0, length.size)), nothing, own, none, none.copy())
    usual = in_bytes(np.atleast_2d(normal))[0]
    own_levels = None if levels is None else levels.of(np.array(order))
    on = np.asarray(contig, np.int16)
    groups = Groups(every[order], on, length, settings, usual, own_levels)
    groups.find()
    finish(groups)
    clone, confidence, share = _assigned(groups, every, np.array(order), settings)
    return _named(groups, clone, confidence, share, own, usual, settings)


def in_bytes(values: npt.NDArray[Any]) -> Bytes:
    """Copies in eighths, at most 31 copies; UNKNOWN where under 0 or NaN."""
    known = np.isfinite(values) & (np.nan_to_num(values, nan=-1.0) >= 0)
    eighths = np.clip(np.round(np.where(known, values, 0) * float(UNIT)), 0, TOP)
    return np.where(known, eighths, UNKNOWN).astype(np.uint8)


def _assigned(
    groups: Groups, every: Bytes, order: Places, settings: Settings
) -> tuple[Places, Values, Values]:
    """Genome (a group), confidence and share of every cell.

    Cells that were not built from may have twice or half the copies of a clone, as they are those
    whose copies are unsure.
    """
    either, double = np.ones(len(every), np.bool_), np.zeros(len(every), np.bool_)
    either[order], double[order] = False, groups.doubled
    known = np.flatnonzero((every != UNKNOWN).any(axis=1))
    nats, off, events = np.full((3, len(every), len(groups.profiles)), np.nan)
    ways = groups.ground.costs, groups.shares_of, groups.ground.events
    for found, between in zip((nats, off, events), ways, strict=True):
        plain = between(every[known], groups.profiles)
        twice = scaled(between, every[known], groups.profiles)
        least = np.where(either[known, None], np.minimum(plain, twice), plain)
        found[known] = np.where(double[known, None], twice, least)
    count = np.bincount(groups.of[groups.of != NONE], minlength=len(groups.profiles))
    nats -= np.log(np.maximum(count, 0.5) / max(count.sum(), 1))
    group = np.full(len(every), NONE)
    rest = known[either[known]]
    group[rest] = nats[rest].argmin(axis=1)
    group[order] = groups.of
    share = np.where(group == NONE, off.min(axis=1), off[np.arange(len(every)), group])
    far = share[rest] >= settings["small_share"]
    # Cells that clones were not built from are no reason to name one.
    group[rest[far | (count[group[rest]] == 0)]] = NONE
    genome = one_genome(groups)
    odds = softmax(-nats, axis=1)
    clone = np.where(group == NONE, NONE, genome[group])
    sure = np.where(genome == clone[:, None], odds, 0).sum(axis=1)
    own = np.flatnonzero(group != NONE)
    sure[own] = np.minimum(sure[own], 1.0) * _fit(events[own, group[own]], groups)
    return clone, np.where(clone == NONE, np.nan, sure), share


def _fit(events: Values, groups: Groups) -> Values:
    """Chance that any of so many cells differs from its clone by as many events, shape (c,).

    Wrong are as many in a cell as in the middle one, and no fewer than are usual. Short events are
    parts of one, so that the chance is that of the incomplete gamma function.
    """
    places = float(np.minimum(groups.length / groups.settings["event_bases"], 1).sum())
    usual = max(float(np.median(events)), groups.settings["wrong_usual"] * places)
    chance = np.where(events > 0, gammainc(np.maximum(events, TINY), max(usual, TINY)), 1.0)
    fit: Values = -np.expm1(events.size * np.log1p(-np.minimum(chance, 1 - TINY)))
    return fit


def _named(
    groups: Groups,
    genome: Places,
    confidence: Values,
    share: Values,
    built: Mask,
    normal: Bytes,
    settings: Settings,
) -> Clones:
    """Clones by name, those of most cells first."""
    count = np.bincount(genome[genome != NONE], minlength=len(groups.profiles))
    order = sorted(np.flatnonzero(count), key=lambda g: (-count[g], groups.profiles[g].tobytes()))
    names, number = [], 0
    for g in order:
        usual = _is_normal(groups.profiles[g], normal, groups.length, settings["normal_share"])
        number += not usual
        names.append(NORMAL if usual and NORMAL not in names else f"clone{number}")
    place = np.full(len(groups.profiles) + 1, NONE)
    place[order] = np.arange(len(order))
    profile = groups.profiles[order].astype(np.float64) / UNIT
    profile[groups.profiles[order] == UNKNOWN] = np.nan
    return Clones(tuple(names), profile, place[genome], built, confidence, share)


def _is_normal(profile: Bytes, normal: Bytes, length: Values, most: float) -> bool:
    """Whether a profile is normal but for noise: no segment two copies off, nor many one off."""
    known = (profile != UNKNOWN) & (normal != UNKNOWN)
    off = np.abs(profile.astype(np.int64) - normal)[known]
    if not known.any() or (off > UNIT + HALF).any():
        return False
    return float(length[known][off > HALF].sum()) <= most * float(length[known].sum())
