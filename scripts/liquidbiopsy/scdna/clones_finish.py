"""What becomes of the groups in the end: normal cells, groups that are one, cells set apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Places, Values
from liquidbiopsy.scdna.clones_groups import NONE, PRIOR, Groups, of_shares, scaled, times
from liquidbiopsy.scdna.clones_kernel import HALF, TOP, UNIT, UNKNOWN, shares
from liquidbiopsy.scdna.clones_levels import held, scales


def finish(groups: Groups) -> None:
    """Tell normal cells, join groups that are one, and set cells apart.

    Normal cells are told first, and are in nobody's way afterwards: neither like a clone of half
    its copies nor far from all.
    """
    if (groups.usual == UNKNOWN).all():
        _finish(groups)
        return
    normal, cells, levels = _normal(groups), groups.cells, groups.levels
    rest = np.flatnonzero(~normal)
    of, doubled = np.full(len(cells), NONE), np.zeros(len(cells), np.bool_)
    profiles = groups.usual[None]
    if rest.size:
        groups.cells, groups.of, groups.doubled = cells[rest], groups.of[rest], doubled[rest]
        groups.levels = None if levels is None else levels.of(rest)
        groups.renumber(groups.profiles)
        _finish(groups)
        of[rest], doubled[rest] = groups.of, groups.doubled
        profiles = np.vstack([groups.profiles, profiles])
    groups.normal = len(profiles) - 1
    of[normal] = groups.normal
    groups.cells, groups.levels = cells, levels
    groups.of, groups.doubled, groups.profiles = of, doubled, profiles


def _finish(groups: Groups) -> None:
    """Join groups that are one, and set cells apart."""
    _join_doubled(groups)
    if groups.levels is not None and len(groups.profiles) > 1:
        profiles = np.where(groups.profiles == UNKNOWN, np.nan, groups.profiles / UNIT)
        groups.of = held(groups.of, profiles, groups.levels, groups.settings["evidence_min"])
        groups.renumber(groups.profiles)
    _set_apart(groups)


def _normal(groups: Groups) -> npt.NDArray[np.bool_]:
    """Cells that are nearer to the normal genome than to their group, shape (m,).

    Also all of a group that is normal but for what cells differ from their own groups anyway.
    """
    every = np.arange(len(groups.cells))
    apart = groups.shares_of(groups.cells, groups.profiles)[every, groups.of]
    least = max(groups.settings["normal_share"], float(np.median(apart)))
    off = shares(groups.cells, groups.usual, groups.length)
    nats = groups.ground.costs(groups.cells, np.vstack([groups.profiles, groups.usual[None]]))
    price = -np.log(groups.settings["doubled_wrong"] / 2)
    twice = scaled(groups.ground.costs, groups.cells, groups.profiles) + price
    found = nats[:, -1] < np.minimum(nats[every, groups.of], twice[every, groups.of])
    known = (groups.cells != UNKNOWN) & (groups.usual != UNKNOWN)
    strong = known & (np.abs(groups.cells.astype(np.int16) - groups.usual) > UNIT + HALF)
    for g in range(len(groups.profiles)):
        own = groups.of == g
        if np.median(off[own]) <= least and (strong[own].mean(axis=0) <= 0.5).all():
            found[own] = True  # none has an amplification that most of them share
    return found


def _join_doubled(groups: Groups) -> None:
    """Dissolve groups, small ones first, whose cells are another's but for twice the copies.

    Ratios do not tell the two apart; so it is more likely that copies were mistaken than that
    a genome was doubled, unless the cells also share events that the others do not have.
    """
    count = np.bincount(groups.of, minlength=len(groups.profiles))
    left = np.arange(count.size)
    price = -np.log(groups.settings["doubled_wrong"] / 2)
    for g in np.argsort(count, kind="stable"):
        others = left[(left != g) & (count[left] >= count[g])]
        if not others.size:
            continue
        own = np.flatnonzero(groups.of == g)
        rest = left[left != g]
        nats = scaled(groups.ground.costs, groups.cells[own], groups.profiles[others]) + price
        now = groups.ground.costs(groups.cells[own], groups.profiles[g : g + 1])[:, 0]
        to = others[nats.argmin(axis=1)]
        after = count + np.bincount(to, minlength=count.size)
        after[g] = 0
        lost = float((nats.min(axis=1) - now).sum())
        lost += float((after * of_shares(after)).sum() - (count * of_shares(count)).sum())
        lost += groups.ground.of_profiles(groups.profiles[rest])
        lost -= groups.ground.of_profiles(groups.profiles[left])
        if lost < groups.settings["evidence_min"]:
            groups.of[own], groups.doubled[own] = to, True
            left, count = rest, after
    groups.renumber(groups.profiles)


def _set_apart(groups: Groups) -> None:
    """Make clones of cells that differ from all in much of the genome, while there is room.

    And in more than cells usually do, by the median and its absolute deviation, where there
    are cells enough to tell; and where many of these stand alone, they are noise, and of no
    clone. Those that do not differ with twice or half the copies are of the clone.
    """
    least = groups.shares_of(groups.cells, groups.profiles).min(axis=1)
    far = groups.settings["small_share"]
    if least.size >= PRIOR:
        middling = float(np.median(least))
        spread = float(np.median(np.abs(least - middling))) / 0.6745
        far = max(far, middling + groups.settings["small_sd"] * spread)
    off = np.flatnonzero((least >= far) & ~groups.doubled)
    if not off.size:
        return
    twice = scaled(groups.shares_of, groups.cells[off], groups.profiles)
    if groups.levels is not None:
        twice = np.minimum(twice, _shares_fitted(groups, off))
    near = twice.min(axis=1) < far
    groups.of[off] = np.where(near, twice.argmin(axis=1), NONE)
    groups.doubled[off] = near
    profiles, before = list(groups.profiles), len(groups.profiles)
    while (groups.of == NONE).any() and len(profiles) < groups.settings["max_clones"]:
        leader = int(np.argmax(groups.of == NONE))
        alike = shares(groups.cells, groups.cells[leader], groups.length) < far
        alike[leader] = True
        groups.of[alike & (groups.of == NONE)] = len(profiles)
        profiles.append(groups.cells[leader])
    count = np.bincount(groups.of + 1, minlength=len(profiles) + 1)[1:]
    alone = before + np.flatnonzero(count[before:] < groups.settings["min_cells"])
    if alone.size > groups.settings["alone_max"] and count[:before].any() and least.size >= PRIOR:
        groups.of[np.isin(groups.of, alone)] = NONE
    if (groups.of != NONE).any():
        groups.renumber(np.stack(profiles))
    else:
        groups.of[:] = 0


def _shares_fitted(groups: Groups, cells: Places) -> Values:
    """Share of the bases in which cells' ratios, on any scale, differ from profiles."""
    assert groups.levels is not None
    own, found = groups.levels.of(cells), []
    for one in groups.profiles:
        profile = np.where(one == UNKNOWN, np.nan, one / UNIT)
        copies = own.ratio * scales(own, profile)[:, None] * UNIT
        known = np.isfinite(copies)
        whole = np.where(known, np.clip(np.round(copies), 0, TOP), UNKNOWN).astype(np.uint8)
        found.append(shares(whole, one, groups.length))
    return np.stack(found, axis=1)


def one_genome(groups: Groups) -> Places:
    """For each group the one that has the same genome, shape (g,).

    Where a profile is twice another's, ratios do not tell the two apart: the one with more
    cells stands for both.
    """
    g = len(groups.profiles)
    count = np.bincount(groups.of[groups.of != NONE], minlength=g)
    found = np.arange(g)
    for half in range(g):
        off = shares(groups.profiles, times(groups.profiles[half], 2), groups.length)
        off[half] = 1.0
        for double in np.flatnonzero(off <= groups.settings["doubled_share"]):
            if groups.normal in (half, double):
                continue
            one, other = (half, double) if count[half] >= count[double] else (double, half)
            found[found == found[other]] = found[one]
    return found
