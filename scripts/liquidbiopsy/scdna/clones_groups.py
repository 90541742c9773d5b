"""Groups of cells while clones are sought: parted, assigned, joined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Places, Values
from liquidbiopsy.scdna.clones_kernel import TOP, UNKNOWN, middle, shares, wrong
from liquidbiopsy.scdna.clones_split import Bytes, Ground, parted

ROUNDS = 6  # of parting, assigning and joining
STEPS = 10  # of assigning cells and finding middles
PRIOR = 20  # cells that what is usually wrong counts as
NEVER_WRONG = 0.002  # share of the cells in which a segment is wrong at least
NONE = -1  # group of a cell that is of none

Settings = Mapping[str, Any]


class Groups:
    """Groups of cells while they are sought; m cells, k segments."""

    def __init__(
        self, cells: Bytes, contig: npt.NDArray[np.int16], length: Values, settings: Settings
    ) -> None:
        self.cells, self.contig, self.length, self.settings = cells, contig, length, settings
        self.of = np.zeros(len(cells), np.int64)
        self.profiles = middle(cells, np.arange(len(cells)))[None]
        self.ground = self._ground()

    def find(self) -> None:
        """Part, assign and join groups until nothing changes; then the cells that differ much."""
        for _ in range(ROUNDS):
            before = self.of.copy()
            self.ground = self._ground()
            self._part()
            self._settle()
            while self._drop_one():
                self._settle()
            if (self.of == before).all():
                break
        self._set_apart()

    def _ground(self) -> Ground:
        """Prices by how often each segment is wrong."""
        off, known = wrong(self.cells, self.of, self.profiles)
        usual = (self.settings["wrong_usual"] * PRIOR + off) / (PRIOR + known)
        rate = np.clip(usual, NEVER_WRONG, self.settings["wrong_max"])
        m, k = self.cells.shape
        event = 0.5 * np.log(m) + np.log(2 * k)
        price = np.log((1 - rate) / (rate / 2))
        return Ground(self.contig, self.length, price, event, self.settings["event_bases"])

    def _part(self) -> None:
        waiting = list(range(len(self.profiles)))
        while waiting and len(self.profiles) < self.settings["max_clones"]:
            group = waiting.pop(0)
            members = np.flatnonzero(self.of == group)
            cells = self.cells[members]
            chosen = parted(cells, self.profiles[group], self.ground, self.settings["evidence_min"])
            if chosen is None:
                continue
            new = len(self.profiles)
            self.of[members[chosen]] = new
            self.profiles = np.vstack([self.profiles, self.profiles[:1]])
            for one in (group, new):
                self.profiles[one] = middle(self.cells, np.flatnonzero(self.of == one))
                waiting.append(one)

    def _cost(self) -> Values:
        """Nats of each cell in each group, shape (m, g)."""
        count = np.bincount(self.of, minlength=len(self.profiles))
        share = np.log(np.maximum(count, 0.5) / len(self.of))
        return self.ground.costs(self.cells, self.profiles) - share

    def _settle(self) -> None:
        """Assign all cells, and find all middles, until nothing changes; empty groups go."""
        for _ in range(STEPS):
            of = self._cost().argmin(axis=1)
            kept, of = np.unique(of, return_inverse=True)
            same = len(kept) == len(self.profiles) and (of == self.of).all()
            self.of = of
            self.profiles = np.stack(
                [middle(self.cells, np.flatnonzero(of == g)) for g in range(len(kept))]
            )
            if same:
                return

    def _drop_one(self) -> bool:
        """Dissolve the group that is missed least, if the rest describes its cells as well.

        Or if it has too few cells, and is not far from the others.
        """
        if len(self.profiles) < 2:
            return False
        cost, far = self._cost(), self.settings["small_share"]
        missed = []
        for g in range(len(self.profiles)):
            members = np.flatnonzero(self.of == g)
            others = np.delete(np.arange(len(self.profiles)), g)
            at = shares(self.profiles[others], self.profiles[g], self.length)
            lost = float((cost[members][:, others].min(axis=1) - cost[members, g]).sum())
            event = min(self.ground.of_profile(self.profiles[g], self.profiles[o]) for o in others)
            kept = at.min() >= far
            few = members.size < self.settings["min_cells"]
            worth = lost - event >= self.settings["evidence_min"]
            missed.append(np.inf if kept or (worth and not few) else lost - event)
        least = int(np.argmin(missed))
        if missed[least] == np.inf:
            return False
        cost[:, least] = np.inf
        gone = self.of == least
        self.of[gone] = cost[gone].argmin(axis=1)
        self.of[self.of > least] -= 1
        self.profiles = np.delete(self.profiles, least, axis=0)
        return True

    def _set_apart(self) -> None:
        """Make clones of cells that differ from all in much of the genome, while there is room."""
        far = self.settings["small_share"]
        near = np.stack([shares(self.cells, one, self.length) for one in self.profiles], axis=1)
        self.of[near.min(axis=1) >= far] = NONE
        profiles = list(self.profiles)
        while (self.of == NONE).any() and len(profiles) < self.settings["max_clones"]:
            leader = int(np.argmax(self.of == NONE))
            alike = shares(self.cells, self.cells[leader], self.length) < far
            alike[leader] = True
            self.of[alike & (self.of == NONE)] = len(profiles)
            profiles.append(self.cells[leader])
        kept = np.flatnonzero(np.bincount(self.of[self.of != NONE], minlength=len(profiles)))
        place = np.full(len(profiles) + 1, NONE)
        place[kept] = np.arange(kept.size)
        self.of = place[self.of]
        self.profiles = np.stack(
            [middle(self.cells, np.flatnonzero(self.of == g)) for g in range(kept.size)]
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
                one, other = (half, double) if count[half] >= count[double] else (double, half)
                found[found == found[other]] = found[one]
        return found


def times(profile: Bytes, factor: float) -> Bytes:
    """A profile of a genome so many times as large."""
    more = np.minimum(np.round(profile.astype(np.float64) * factor), TOP)
    return np.where(profile == UNKNOWN, UNKNOWN, more).astype(np.uint8)
