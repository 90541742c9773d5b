"""Groups of cells while clones are sought: parted, assigned, joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Places, Values
from liquidbiopsy.scdna.clones_kernel import TOP, UNKNOWN, middle, shares, wrong
from liquidbiopsy.scdna.clones_levels import Levels
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
        """Part, assign, join and add groups until nothing changes."""
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

    def _ground(self) -> Ground:
        """Prices by how often each segment is wrong."""
        off, known = wrong(self.cells, self.of, self.profiles)
        left = [np.maximum(off - k, 0) for k in range(self.settings["min_cells"] + 1)]
        price, *without = (self._price(own, known) for own in left)
        # Those of a least clone that is not parted yet are not to make its own events cheaper.
        usual = self._price(np.zeros_like(off), np.zeros_like(known))
        price = np.maximum(price, np.minimum(np.mean(without, axis=0), usual))
        full = self.settings["event_bases"]
        places = max(float(np.minimum(self.length / full, 1).sum()), 1.0)
        event = 0.5 * np.log(len(self.cells)) + np.log(places)
        return Ground(self.contig, self.length, price, event, full)

    def _price(self, off: Places, known: Places) -> Values:
        """Nats of a cell's event in segments where so many cells are wrong, shape (k,)."""
        usual = (self.settings["wrong_usual"] * PRIOR + off) / (PRIOR + known)
        rate = np.clip(usual, NEVER_WRONG, self.settings["wrong_max"])
        price: Values = np.log((1 - rate) / (rate / 2))
        return price

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
            kept, of = np.unique((nats + of_shares(count)).argmin(axis=1), return_inverse=True)
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
        return float(nats.sum() + (count * of_shares(count)).sum()) + self.ground.of_profiles(
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
            cost, every = nats + of_shares(count), np.arange(len(self.of))
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

    def shares_of(self, cells: Bytes, profiles: Bytes) -> Values:
        """Share of the bases in which cells differ from profiles, shape (m, g)."""
        return np.stack([shares(cells, one, self.length) for one in profiles], axis=1)

    def renumber(self, profiles: Bytes) -> None:
        """Leave out groups without cells; find the middle of the others' cells, if not doubled.

        Two cells have none where they differ: there the profile stays.
        """
        kept = np.flatnonzero(np.bincount(self.of[self.of != NONE], minlength=len(profiles)))
        place = np.full(len(profiles) + 1, NONE)
        place[kept] = np.arange(kept.size)
        self.of = place[self.of]
        found = []
        for g, old in enumerate(profiles[kept]):
            own = self.cells[(self.of == g) & ~self.doubled]
            new = middle(own, np.arange(len(own))) if len(own) else old
            found.append(self.ground.centre(own, old) if len(own) == 2 else new)
        self.profiles = np.stack(found)


def of_shares(count: Places) -> Values:
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
