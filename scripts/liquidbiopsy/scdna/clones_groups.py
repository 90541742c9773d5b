"""Groups of cells while clones are sought: parted, assigned, joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Places, Values
from liquidbiopsy.scdna.clones_kernel import HALF, TOP, UNIT, UNKNOWN, middle, shares, wrong
from liquidbiopsy.scdna.clones_levels import Levels, held, scales
from liquidbiopsy.scdna.clones_split import Bytes, Ground, begun, parted

ROUNDS = 6  # of parting, assigning and joining
STEPS = 10  # of assigning cells and finding middles
PRIOR = 20  # cells that what is usually wrong counts as; more tell themselves
NEVER_WRONG = 0.002  # share of the cells in which a segment is wrong at least
NONE = -1  # group of a cell that is of none

Settings = Mapping[str, Any]
Between = Callable[[Bytes, Bytes], Values]


class Groups:
    """Groups of cells while they are sought; m cells, k segments.

    `usual` is the normal genome, UNKNOWN throughout where it is not asked for; it is the last of
    the groups, with or without cells. `levels` are what the copies were told from, or None.
    """

    def __init__(
        self,
        cells: Bytes,
        contig: npt.NDArray[np.int16],
        length: Values,
        settings: Settings,
        usual: Bytes,
        levels: Levels | None = None,
    ) -> None:
        self.cells, self.contig, self.length, self.settings = cells, contig, length, settings
        self.usual, self.levels = usual, levels
        self.normal = NONE  # the group that has the normal genome
        self.of = np.zeros(len(cells), np.int64)
        self.doubled = np.zeros(len(cells), np.bool_)  # twice or half their clone's copies
        self.profiles = middle(cells, np.arange(len(cells)))[None]
        self.ground = self._ground()

    def find(self) -> None:
        """Part, assign, join and add groups until nothing changes; then set cells apart.

        Normal cells are told first: in the end they are nobody's, neither alike nor far.
        """
        for _ in range(ROUNDS):
            before = self.of.copy()
            self.ground = self._ground()
            self._part()
            self.of, self.profiles = self._settled(self.profiles)
            self._drop()
            for _ in range(self.settings["max_clones"]):
                was = self.of, self.profiles
                if not self._add():
                    break
                self._drop()
                if len(self.profiles) <= len(was[1]):  # what was added is gone, or another is
                    self.of, self.profiles = was
                    break
            if (self.of == before).all():
                break
        if (self.usual == UNKNOWN).all():
            self._finish()
            return
        normal, cells, levels = self._normal(), self.cells, self.levels
        rest = np.flatnonzero(~normal)
        of, doubled = np.full(len(cells), NONE), np.zeros(len(cells), np.bool_)
        profiles = self.usual[None]
        if rest.size:
            self.cells, self.of, self.doubled = cells[rest], self.of[rest], doubled[rest]
            self.levels = None if levels is None else levels.of(rest)
            self._renumber(self.profiles)
            self._finish()
            of[rest], doubled[rest] = self.of, self.doubled
            profiles = np.vstack([self.profiles, profiles])
        self.normal = len(profiles) - 1
        of[normal] = self.normal
        self.cells, self.levels = cells, levels
        self.of, self.doubled, self.profiles = of, doubled, profiles

    def _finish(self) -> None:
        """Join groups that are one, and set cells apart."""
        self._join_doubled()
        if self.levels is not None and len(self.profiles) > 1:
            profiles = np.where(self.profiles == UNKNOWN, np.nan, self.profiles / UNIT)
            self.of = held(self.of, profiles, self.levels, self.settings["evidence_min"])
            self._renumber(self.profiles)
        self._set_apart()

    def _normal(self) -> npt.NDArray[np.bool_]:
        """Cells that are nearer to the normal genome than to their group, shape (m,).

        Also all of a group that is normal but for what cells differ from their own groups anyway.
        """
        every = np.arange(len(self.cells))
        groups = self.shares_of(self.cells, self.profiles)[every, self.of]
        least = max(self.settings["normal_share"], float(np.median(groups)))
        off = shares(self.cells, self.usual, self.length)
        nats = self.ground.costs(self.cells, np.vstack([self.profiles, self.usual[None]]))
        price = -np.log(self.settings["doubled_share"] / 2)
        twice = scaled(self.ground.costs, self.cells, self.profiles) + price
        found = nats[:, -1] < np.minimum(nats[every, self.of], twice[every, self.of])
        known = (self.cells != UNKNOWN) & (self.usual != UNKNOWN)
        strong = known & (np.abs(self.cells.astype(np.int16) - self.usual) > UNIT + HALF)
        for g in range(len(self.profiles)):
            own = self.of == g
            if np.median(off[own]) <= least and (strong[own].mean(axis=0) <= 0.5).all():
                found[own] = True  # none has an amplification that most of them share
        return found

    def _ground(self) -> Ground:
        """Prices by how often each segment is wrong."""
        off, known = wrong(self.cells, self.of, self.profiles)
        usual = (self.settings["wrong_usual"] * PRIOR + off) / (PRIOR + known)
        rate = np.clip(usual, NEVER_WRONG, self.settings["wrong_max"])
        price = np.log((1 - rate) / (rate / 2))
        full = self.settings["event_bases"]
        places = max(float(np.minimum(self.length / full, 1).sum()), 1.0)
        event = 0.5 * np.log(len(self.cells)) + np.log(places)
        return Ground(self.contig, self.length, price, event, full)

    def _part(self) -> None:
        waiting = list(range(len(self.profiles)))
        while waiting and len(self.profiles) < self.settings["max_clones"]:
            group = waiting.pop(0)
            members = np.flatnonzero(self.of == group)
            cells = self.cells[members]
            two = parted(cells, self.profiles[group], self.ground, self.settings["evidence_min"])
            if two is None:
                continue
            chosen, profiles = two
            new = len(self.profiles)
            self.of[members[chosen]] = new
            self.profiles = np.vstack([self.profiles, profiles[1]])
            self.profiles[group] = profiles[0]
            waiting += [group, new]

    def _settled(self, profiles: Bytes) -> tuple[Places, Bytes]:
        """Assign all cells, and find all middles, until nothing changes; empty groups go."""
        of, count = np.empty(0, np.int64), np.ones(len(profiles), np.int64)
        for _ in range(STEPS):
            before, nats = of, self.ground.costs(self.cells, profiles)
            kept, of = np.unique((nats + _of_shares(count)).argmin(axis=1), return_inverse=True)
            if len(kept) == len(profiles) and np.array_equal(of, before):
                break
            count = np.bincount(of)
            profiles = np.stack(
                [self.ground.centre(self.cells[of == g], profiles[k]) for g, k in enumerate(kept)]
            )
        return of, profiles

    def _total(self, of: Places, nats: Values, profiles: Bytes) -> float:
        """Nats of the whole description; `nats` of each cell in its group, shape (m,)."""
        count = np.bincount(of, minlength=len(profiles))
        return float(nats.sum() + (count * _of_shares(count)).sum()) + self.ground.of_profiles(
            profiles
        )

    def _drop(self) -> None:
        """Dissolve groups, first those missed least, while the rest describes the cells as well.

        Groups of too few cells go also, where they are not far from the others.
        """
        least = self.settings["evidence_min"]
        while len(self.profiles) > 1:
            count = np.bincount(self.of, minlength=len(self.profiles))
            nats = self.ground.costs(self.cells, self.profiles)
            cost, every = nats + _of_shares(count), np.arange(len(self.of))
            now = self._total(self.of, nats[every, self.of], self.profiles)
            best, found = least, None
            for g in range(count.size):
                others = np.delete(np.arange(count.size), g)
                off = shares(self.profiles[others], self.profiles[g], self.length)
                if off.min() >= self.settings["small_share"]:
                    continue
                of = self.of.copy()
                own = of == g
                of[own] = others[cost[np.ix_(own, others)].argmin(axis=1)]
                lost = self._total(of - (of > g), nats[every, of], self.profiles[others]) - now
                lost -= np.inf if count[g] < self.settings["min_cells"] else 0
                if lost < best:
                    best, found = lost, others
            if found is None:
                return
            self.of, self.profiles = self._settled(self.profiles[found])

    def _add(self) -> bool:
        """Begin one more group, out of all the others, if that describes the cells better."""
        if len(self.profiles) >= self.settings["max_clones"]:
            return False
        every = np.arange(len(self.of))
        base = self.ground.costs(self.cells, self.profiles)[every, self.of]
        now = self._total(self.of, base, self.profiles)
        best = now - self.settings["evidence_min"]
        for one in begun(self.cells, self.profiles[self.of], base, self.ground):
            of, profiles = self._settled(np.vstack([self.profiles, one]))
            nats = self.ground.costs(self.cells, profiles)[every, of]
            total = self._total(of, nats, profiles)
            if total < best:
                best, found = total, (of, profiles)
        if best == now - self.settings["evidence_min"]:
            return False
        self.of, self.profiles = found
        return True

    def _join_doubled(self) -> None:
        """Dissolve groups, small ones first, whose cells are another's but for twice the copies.

        Ratios do not tell the two apart; so it is more likely that copies were mistaken than that
        a genome was doubled, unless the cells also share events that the others do not have.
        """
        count = np.bincount(self.of, minlength=len(self.profiles))
        left = np.arange(count.size)
        price = -np.log(self.settings["doubled_wrong"] / 2)
        for g in np.argsort(count, kind="stable"):
            others = left[(left != g) & (count[left] >= count[g])]
            if not others.size:
                continue
            own = np.flatnonzero(self.of == g)
            rest = left[left != g]
            nats = scaled(self.ground.costs, self.cells[own], self.profiles[others]) + price
            now = self.ground.costs(self.cells[own], self.profiles[g : g + 1])[:, 0]
            to = others[nats.argmin(axis=1)]
            after = count + np.bincount(to, minlength=count.size)
            after[g] = 0
            lost = float((nats.min(axis=1) - now).sum())
            lost += float((after * _of_shares(after)).sum() - (count * _of_shares(count)).sum())
            lost += self.ground.of_profiles(self.profiles[rest])
            lost -= self.ground.of_profiles(self.profiles[left])
            if lost < self.settings["evidence_min"]:
                self.of[own], self.doubled[own] = to, True
                left, count = rest, after
        self._renumber(self.profiles)

    def _set_apart(self) -> None:
        """Make clones of cells that differ from all in much of the genome, while there is room.

        And in more than cells usually do, by the median and its absolute deviation, where there
        are cells enough to tell; and where many of these stand alone, they are noise, and of no
        clone. Those that do not differ with twice or half the copies are of the clone.
        """
        least = self.shares_of(self.cells, self.profiles).min(axis=1)
        far = self.settings["small_share"]
        if least.size >= PRIOR:
            middling = float(np.median(least))
            spread = float(np.median(np.abs(least - middling))) / 0.6745
            far = max(far, middling + self.settings["small_sd"] * spread)
        off = np.flatnonzero((least >= far) & ~self.doubled)
        if not off.size:
            return
        twice = scaled(self.shares_of, self.cells[off], self.profiles)
        if self.levels is not None:
            twice = np.minimum(twice, self._shares_fitted(off))
        near = twice.min(axis=1) < far
        self.of[off] = np.where(near, twice.argmin(axis=1), NONE)
        self.doubled[off] = near
        profiles, before = list(self.profiles), len(self.profiles)
        while (self.of == NONE).any() and len(profiles) < self.settings["max_clones"]:
            leader = int(np.argmax(self.of == NONE))
            alike = shares(self.cells, self.cells[leader], self.length) < far
            alike[leader] = True
            self.of[alike & (self.of == NONE)] = len(profiles)
            profiles.append(self.cells[leader])
        count = np.bincount(self.of + 1, minlength=len(profiles) + 1)[1:]
        alone = before + np.flatnonzero(count[before:] < self.settings["min_cells"])
        if alone.size > self.settings["alone_max"] and count[:before].any() and least.size >= PRIOR:
            self.of[np.isin(self.of, alone)] = NONE
        if (self.of != NONE).any():
            self._renumber(np.stack(profiles))
        else:
            self.of[:] = 0

    def _shares_fitted(self, cells: Places) -> Values:
        """Share of the bases in which cells' ratios, on any scale, differ from profiles."""
        assert self.levels is not None
        own, found = self.levels.of(cells), []
        for one in self.profiles:
            profile = np.where(one == UNKNOWN, np.nan, one / UNIT)
            copies = own.ratio * scales(own, profile)[:, None] * UNIT
            known = np.isfinite(copies)
            whole = np.where(known, np.clip(np.round(copies), 0, TOP), UNKNOWN).astype(np.uint8)
            found.append(shares(whole, one, self.length))
        return np.stack(found, axis=1)

    def shares_of(self, cells: Bytes, profiles: Bytes) -> Values:
        """Share of the bases in which cells differ from profiles, shape (m, g)."""
        return np.stack([shares(cells, one, self.length) for one in profiles], axis=1)

    def _renumber(self, profiles: Bytes) -> None:
        """Leave out groups without cells; find the middle of the others' cells, if not doubled."""
        kept = np.flatnonzero(np.bincount(self.of[self.of != NONE], minlength=len(profiles)))
        place = np.full(len(profiles) + 1, NONE)
        place[kept] = np.arange(kept.size)
        self.of = place[self.of]
        own = [np.flatnonzero((self.of == g) & ~self.doubled) for g in range(kept.size)]
        self.profiles = np.stack(
            [
                middle(self.cells, o) if o.size else profiles[g]
                for g, o in zip(kept, own, strict=True)
            ]
        )

    def one_genome(self) -> Places:
        """For each group the one that has the same genome, shape (g,).

        Where a profile is twice another's, ratios do not tell the two apart: the one with more
        cells stands for both.
        """
        g = len(self.profiles)
        count = np.bincount(self.of[self.of != NONE], minlength=g)
        found = np.arange(g)
        for half in range(g):
            off = shares(self.profiles, times(self.profiles[half], 2), self.length)
            off[half] = 1.0
            for double in np.flatnonzero(off <= self.settings["doubled_share"]):
                if self.normal in (half, double):
                    continue
                one, other = (half, double) if count[half] >= count[double] else (double, half)
                found[found == found[other]] = found[one]
        return found


def _of_shares(count: Places) -> Values:
    """Nats that a cell costs for being in each group."""
    found: Values = -np.log(np.maximum(count, 0.5) / max(count.sum(), 1))
    return found


def scaled(between: Between, cells: Bytes, profiles: Bytes) -> Values:
    """What is between cells and profiles of half or twice their copies, the less, (m, g)."""
    double = np.stack([times(one, 2) for one in profiles])
    return np.minimum(between(cells, double), between(times(cells, 2), profiles))


def times(profile: Bytes, factor: float) -> Bytes:
    """Profiles, of any shape, of a genome so many times as large."""
    more = np.minimum(np.round(profile.astype(np.float64) * factor), TOP)
    return np.where(profile == UNKNOWN, UNKNOWN, more).astype(np.uint8)
