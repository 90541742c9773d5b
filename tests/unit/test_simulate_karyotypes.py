"""Simulated karyotypes: events where they should be, clones on a trunk, copies by segment."""

import numpy as np
import pytest

from liquidbiopsy.simulate.karyotypes import (
    DOUBLING,
    FOCAL,
    KINDS,
    Clone,
    Event,
    clone_of,
    draw_clones,
    event_of,
)
from liquidbiopsy.simulate.whole_genome_builds import (
    BUILDS,
    CONTIGS,
    MB,
    Bins,
    arm,
    chromosomes,
    fixed_bins,
    gene,
)
from liquidbiopsy.simulate.whole_genome_segments import copies_in, segments_of


def at(build, contig, place, clones, sex="female"):
    """Copies of each clone at a place."""
    k = CONTIGS.index(contig)
    one = Bins(np.array([k]), np.array([place]), np.array([place + 1]))
    return copies_in(segments_of(clones, build, sex), one)[:, 0].tolist()


def test_builds_are_the_human_genome():
    for build, total in zip(BUILDS, (3_095_677_412, 3_088_269_832), strict=True):
        found = chromosomes(build)
        assert tuple(one.name for one in found) == CONTIGS
        assert sum(one.length for one in found) == total
        assert all(0 <= one.p_end < one.q_start < one.q_end <= one.length for one in found)
        made = fixed_bins(build, 500_000)
        assert (made.end - made.start).sum() == total
        assert arm(build, "8p")[2] == arm(build, "8q")[1]
    with pytest.raises(ValueError, match="not an arm"):
        arm("GRCh38", "13p")
    with pytest.raises(ValueError, match="must be one of GRCh37"):
        chromosomes("hg19")


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("name", FOCAL)
def test_focal_events_hold_their_gene(build, name):
    symbol, _, widest, fewest, most = FOCAL[name]
    for seed in range(20):
        clone = clone_of([name], seed, build)
        event = clone.events[0]
        contig, middle = gene(build, symbol)
        assert event.contig == contig and event.start < middle < event.end
        assert event.end - event.start <= widest * MB + 1
        copies = at(build, contig, middle, [clone])[0]
        assert 2 + fewest <= copies <= 2 + most if most else copies == 0


def test_arms_gain_and_lose_and_the_genome_doubles():
    whole = {name: clone_of([name], 3) for name in ("1q+", "16q-", "17p-", "Xq-", "8q+")}
    for name, clone in whole.items():
        contig, _, end = arm("GRCh38", name[:-1])
        inside = clone.events[0].end - 1 if name[-2] == "q" else 0
        assert at("GRCh38", contig, inside, [clone]) == [3 if name[-1] == "+" else 1]
        assert clone.events[0].end <= end
    twice = clone_of(["16q-", DOUBLING, "1q+"], 3)
    found = segments_of([twice], "GRCh38")
    assert set(found.total[0].tolist()) == {0, 2, 4, 5}  # Y, lost before, usual, gained after
    assert at("GRCh38", "1", 248_000_000, [twice]) == [5]
    assert found.ploidy[0] == pytest.approx(4, abs=0.1)
    for sex, x, y in (("female", 2, 0), ("male", 1, 1)):
        normal = segments_of((), "GRCh38", sex)
        assert len(normal.start) == 24 and normal.ploidy[0] == 2
        assert at("GRCh38", "X", 5, (), sex) == [x] and at("GRCh38", "Y", 5, (), sex) == [y]
    for bad in ("23q+", "8q", "13p", "ERBB2"):
        with pytest.raises(ValueError, match=bad):
            event_of(bad + "-" * (bad == "13p"), "GRCh38", np.random.default_rng(1))


def test_what_is_gone_stays_gone_and_gains_take_the_other_chromosome():
    def event(change, name="x"):
        return Event(name, "3", 10, 1000, change)

    both = Clone("a", "trunk", (event((-1, 0)), event((4, 0))))
    assert at("GRCh38", "3", 10, [both]) == [5]
    gone = Clone("a", "trunk", (event((-1, -1)), event((4, 0)), event((0, -1))))
    found = segments_of([gone], "GRCh38")
    assert at("GRCh38", "3", 999, [gone]) == [0] and found.copies.min() == 0
    # Two events that undo each other leave no breakpoint; clones share theirs.
    none = Clone("a", "trunk", (event((1, 0)), event((-1, 0))))
    assert len(segments_of([none], "GRCh38").start) == 24
    assert len(segments_of([none, both], "GRCh38").start) == 26


@pytest.mark.parametrize("kind", KINDS)
def test_clones_share_a_trunk_and_differ_by_their_own_events(kind):
    for seed in range(6):
        clones = draw_clones(kind, seed, clones=4, private=(2, 4))
        assert clones == draw_clones(kind, seed, clones=4, private=(2, 4))
        by_name = {clone.name: clone for clone in clones}
        trunk = draw_clones(kind, seed)[0].events
        found = segments_of(clones, "GRCh38")
        assert len({tuple(row) for row in found.total.tolist()}) == 4
        for clone in clones:
            before = trunk if clone.parent == "trunk" else by_name[clone.parent].events
            assert clone.events[: len(before)] == before
            own = clone.events[len(before) :]
            assert 2 <= len(own) <= 4
            for k, event in enumerate(own):
                for other in (*before, *own[:k]):
                    assert event.contig != other.contig or (
                        event.end <= other.start or event.start >= other.end
                    )
        names = {event.name for event in trunk}
        assert names <= {*KINDS[kind], DOUBLING}
    assert draw_clones("her2", 1) != draw_clones("her2", 2)
    assert DOUBLING in {e.name for e in draw_clones(kind, 1, doubled=True)[0].events}
    with pytest.raises(ValueError, match="must be one of luminal"):
        draw_clones("other", 1)


def test_copies_over_bins_are_those_of_a_plain_twin():
    found = segments_of(draw_clones("basal", 4, clones=2), "GRCh38")
    made = fixed_bins("GRCh38", 3_700_001)
    fast = copies_in(found, made)
    for k in range(0, len(made), 7):
        same = found.contig == made.contig[k]
        low = np.maximum(found.start[same], made.start[k])
        shared = np.clip(np.minimum(found.end[same], made.end[k]) - low, 0, None)
        slow = found.total[:, same] @ shared / shared.sum()
        assert fast[:, k] == pytest.approx(slow, abs=1e-6)
