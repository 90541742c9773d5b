"""Whether cells of one group are better described as two.

A description costs, in nats: each event that a cell has and its clone's profile has not, by how
often a segment is wrong; each cell, by its clone's share of the cells; each event by which clones'
profiles differ [1]_. Two groups are better than one where that is less. The price of a profile's
event is that of the extended Bayesian information criterion [2]_: half the logarithm of the number
of cells, and the logarithm of the number of places where it could be, since all are looked at.

References
----------
.. [1] Rissanen J. Modeling by shortest data description. Automatica 1978;14:465-471,
       doi:10.1016/0005-1098(78)90005-5.
.. [2] Chen J, Chen Z. Extended Bayesian information criteria for model selection with large model
       spaces. Biometrika 2008;95:759-771, doi:10.1093/biomet/asn034.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liquidbiopsy.copynumber.bins import Mask, Places, Values
from liquidbiopsy.scdna.clones_kernel import REACH, carriers, costs, markers, middle, offsets, saved

Bytes = npt.NDArray[np.uint8]

MARKERS = 24  # events, and as many pairs of events, that groups are begun with
CANDIDATES = 200  # events that these are chosen from
LEADERS = (10, 40)  # cells far from their profile that groups are begun with, likewise
ALIKE = 0.7  # of two events' cells, in both over in either: one of them is enough
TRIED = (3, 12)  # beginnings that are followed to the end, of many cells and of few
FEW = 200
STEPS = 8  # rounds of assigning cells and finding the middle anew


@dataclass(frozen=True)
class Ground:
    """What costs are counted by; k segments."""

    contig: npt.NDArray[np.int16]
    length: Values
    price: Values
    """Nats of a cell's event in each segment, shape (k,)."""
    event: float
    """Nats of an event in a clone's profile."""
    full: float
    """Bases times copies from which a run is a whole event."""

    def costs(self, cells: Bytes, profiles: Bytes) -> Values:
        """Nats of the cells' differences from profiles, shape (m, g)."""
        found: Values = costs(cells, profiles, self.contig, self.length, self.price, self.full)
        return found

    def saved(self, cells: Bytes, base: Values, profile: Bytes) -> Values:
        """Nats that a profile saves each cell of `base`, shape (m,)."""
        found: Values = saved(cells, base, profile, self.contig, self.length, self.price, self.full)
        return found

    def centre(self, cells: Bytes, old: Bytes, base: Bytes | None = None) -> Bytes:
        """The middle of a group's cells, or the old profile where that costs no more.

        Between groups that are one as yet the middle is of neither. Where two cells differ, and
        the group is parted from one of the profile `base`, it is as that: what one has alone is an
        event of the cell, and none of the clone's.
        """
        new: Bytes = middle(cells, np.arange(len(cells)))
        now, before = self.costs(cells, np.stack([new, old])).sum(axis=0)
        if base is not None:
            if len(cells) == 2:
                new = np.where(offsets(cells[:1], cells[1:])[0] != 0, base, new)
                now = self.costs(cells, new[None]).sum()
            now += self.of_profile(new, base)
            before += self.of_profile(old, base)
        return new if now < before else old

    def events(self, cells: Bytes, profiles: Bytes) -> Values:
        """How many events cells differ from profiles by, shape (m, g); short ones are parts."""
        flat = np.ones(self.length.shape)
        found: Values = costs(cells, profiles, self.contig, self.length, flat, self.full)
        return found

    def of_profile(self, profile: Bytes, other: Bytes) -> float:
        """Nats of the events by which a clone's profile differs from another's."""
        return float(self.events(profile[None], other[None])[0, 0]) * self.event

    def of_profiles(self, profiles: Bytes) -> float:
        """Nats of the events that tell clones' profiles, the first apart, each from the nearest."""
        between = self.events(profiles, profiles) * self.event
        near, total = between[0], 0.0
        left = np.arange(len(profiles)) > 0
        while left.any():
            nearest = int(np.argmin(np.where(left, near, np.inf)))
            total += float(near[nearest])
            left[nearest] = False
            near = np.minimum(near, between[nearest])
        return total


def parted(
    cells: Bytes, profile: Bytes, ground: Ground, evidence_min: float
) -> tuple[Mask, Bytes] | None:
    """Cells that are better described as a group of their own; None where there are none.

    Parameters
    ----------
    cells : array of uint8, shape (m, k)
        Those of one group, in eighths of a copy.
    profile : array of uint8, shape (k,)
        Their middle.
    ground : Ground
    evidence_min : float
        Nats that two groups must save.

    Returns
    -------
    which : array of bool, shape (m,)
    profiles : array of uint8, shape (2, k)
        Those of the cells that stay, and of the others.
    """
    if len(cells) < 2:
        return None
    base = ground.costs(cells, profile[None])[:, 0]
    before, best, found = float(base.sum()), evidence_min, None
    off = offsets(cells, np.broadcast_to(profile, cells.shape))
    for other, chosen in _most_promising(_of_markers(cells, off, ground), cells, base, ground):
        gain, which, two = _followed(cells, chosen, np.stack([profile, other]), ground)
        if before + gain > best:
            best, found = before + gain, (which, two)
    return found


def begun(cells: Bytes, own: Bytes, base: Values, ground: Ground) -> list[Bytes]:
    """Profiles with which one more group might be begun, out of all that there are.

    Parameters
    ----------
    cells, own : array of uint8, shape (m, k)
        Cells, and the profile of each one's group.
    base : array of float64, shape (m,)
        Nats of each cell's differences from that.
    ground : Ground
    """
    few, left = len(cells) <= FEW, base.copy()
    leaders: list[Bytes] = []
    while len(leaders) < LEADERS[few] and left.max() > 0:
        leader = int(np.argmax(left))
        leaders.append(cells[leader])
        if not few:
            left[ground.saved(cells, base, cells[leader]) > base / 2] = 0
        left[leader] = 0
    found = [*leaders, *_of_markers(cells, offsets(cells, own), ground)]
    return [profile for profile, _ in _most_promising(found, cells, base, ground)]


def _most_promising(
    begun: Iterable[Bytes], cells: Bytes, base: Values, ground: Ground
) -> list[tuple[Bytes, Mask]]:
    """The profiles that save most, and the cells that they save something of."""
    ranked = []
    for profile in begun:
        gain, chosen = _promise(ground.saved(cells, base, profile))
        if chosen.any():
            ranked.append((gain, profile, chosen))
    ranked.sort(key=lambda one: -one[0])
    return [(profile, chosen) for _, profile, chosen in ranked[: TRIED[len(cells) <= FEW]]]


def _promise(saves: Values) -> tuple[float, Mask]:
    """Nats saved by a group of those cells that save more than belonging to it costs."""
    m, chosen = saves.size, saves > 0
    for _ in range(STEPS):
        n = int(chosen.sum())
        if n == 0:
            return 0.0, chosen
        better = saves > np.log(m / n)
        if (better == chosen).all():
            break
        chosen = better
    n = int(chosen.sum())
    return (float((saves[chosen] - np.log(m / n)).sum()) if n else 0.0), chosen


def _followed(cells: Bytes, chosen: Mask, two: Bytes, ground: Ground) -> tuple[float, Mask, Bytes]:
    """Assign cells to two groups, and find both middles anew, until nothing changes.

    The best on the way: less its nats, the second group, and the two profiles.
    """
    m, best = len(cells), (-np.inf, chosen, two)
    for _ in range(STEPS):
        n = int(chosen.sum())
        if n in (0, m):
            break
        first = ground.centre(cells[~chosen], two[0])
        two = np.stack([first, ground.centre(cells[chosen], two[1], first)])
        cost = ground.costs(cells, two) - np.log(np.array([m - n, n]) / m)
        gain = -float(cost.min(axis=1).sum()) - ground.of_profile(two[1], two[0])
        better = cost[:, 1] < cost[:, 0]
        if gain > best[0] and 0 < better.sum() < m:
            best = gain, better, two
        if (better == chosen).all():
            break
        chosen = better
    return best


def _of_markers(cells: Bytes, off: Bytes, ground: Ground) -> Iterator[Bytes]:
    """Middles of cells that share an event, and of those that share a second one elsewhere."""
    m = len(cells)
    count, weight = markers(off, ground.contig, ground.length, ground.full)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = weight * ground.price[:, None] - count * np.log(m / count)
    score[(count < 2) | (count == m)] = -np.inf
    score[:, REACH] = -np.inf
    order = np.argsort(-score, axis=None, kind="stable")[:CANDIDATES]
    taken: list[Mask] = []
    for place in order:
        segment, at = divmod(int(place), score.shape[1])
        if not np.isfinite(score[segment, at]) or len(taken) == MARKERS:
            return
        own = carriers(off, segment, at)
        if any((own & one).sum() > ALIKE * (own | one).sum() for one in taken):
            continue
        taken.append(own)
        yield middle(cells, np.flatnonzero(own))
        both = _with_second(off, own, segment, count, ground)
        if both is not None:
            yield middle(cells, np.flatnonzero(both))


def _with_second(off: Bytes, own: Mask, segment: int, count: Places, ground: Ground) -> Mask | None:
    """Those of some cells that share one more event, on another contig, beyond chance."""
    n, m = int(own.sum()), len(off)
    within, _ = markers(off[own], ground.contig, ground.length, ground.full)
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = within * np.log(within * m / (n * count))
    lift[(within < 2) | (within == n)] = -np.inf
    lift[ground.contig == ground.contig[segment]] = -np.inf
    place = int(np.argmax(lift))
    if not lift.flat[place] > 0:
        return None
    second, at = divmod(place, lift.shape[1])
    found: Mask = own & carriers(off, second, at)
    return found
