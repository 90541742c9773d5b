"""Fewest events, trees, their support, rows of clones, and agreement with plasma."""

import re
from collections import deque
from itertools import product

import numpy as np
import pytest
from clone_cells import SETTINGS, TREE, Genome, picked, segment_rows, tumour

from liquidbiopsy.scdna import clone_rows as rows
from liquidbiopsy.scdna.agreement import agreement, log2_of
from liquidbiopsy.scdna.clones import clones_of
from liquidbiopsy.scdna.events import NORMAL, events_of
from liquidbiopsy.scdna.events_kernel import NEVER, apart, one_way, undoubled
from liquidbiopsy.scdna.shared_segments import Shared, normal_genome, shared_segments
from liquidbiopsy.scdna.support import supported
from liquidbiopsy.scdna.tree import ancestors, tree_of, with_cells
from liquidbiopsy.scdna.trees import cell_order, cell_tree, clone_tree, whole_copies

GENOME = Genome()


def all_ways(start, most):
    """Events from a profile to every other, by trying them all."""
    found, queue = {start: 0}, deque([start])
    while queue:
        own = queue.popleft()
        for low, high in ((a, b) for a in range(len(own)) for b in range(a, len(own))):
            for step in (1, -1):
                to = tuple(c + step if low <= k <= high and c else c for k, c in enumerate(own))
                if max(to) <= most and to not in found:
                    found[to] = found[own] + 1
                    queue.append(to)
    return found


def test_fewest_events_are_those_of_trying_all_ways():
    profiles = list(product(range(4), repeat=3))
    ways = {p: all_ways(p, 5) for p in product(range(5), repeat=3)}
    rng = np.random.default_rng(0)
    for u, v in product(profiles, profiles):
        assert one_way(np.array(u), np.array(v), 0, 3) == ways[u].get(v, NEVER), (u, v)
    worse, tried = 0, 0
    for _ in range(300):
        u, v = (profiles[k] for k in rng.integers(len(profiles), size=2))
        best = min(way.get(u, NEVER) + way.get(v, NEVER) for way in ways.values())
        own = apart(np.array(u), np.array(v), 0, 3)
        assert own >= best and own == apart(np.array(v), np.array(u), 0, 3)
        if all((a == 0) == (b == 0) for a, b in zip(u, v, strict=True)):
            assert own == best
        worse, tried = worse + own - best, tried + best
    assert worse <= 0.1 * tried  # only where both have lost for good what the other has


def test_profile_before_a_doubling_is_the_best_of_all():
    first, normal = np.array([0, 2, 4]), np.full(4, 2)
    for v in np.random.default_rng(1).integers(1, 7, (20, 4)):
        own = undoubled(v, normal, first)

        def cost(x, v=v):
            return sum(one_way(normal, x, k, k + 2) + one_way(2 * x, v, k, k + 2) for k in (0, 2))

        best = min(cost(np.array(x)) for x in product(range(1, 5), repeat=4))
        assert cost(np.maximum(own, 1)) == best


def arms(*events, of=None):
    """Profile over 44 arms with events (arm, step) on top of another's."""
    found = np.full(44, 2) if of is None else of.copy()
    for arm, step in events:
        found[arm] += step
    return found


CONTIG = np.repeat(np.arange(22), 2)
TRUNK = arms((2, 1), (9, -1), (31, 1), (40, 1))
A, B = arms((5, 1), (20, -1), of=TRUNK), arms((11, 1), (13, 1), (25, -1), of=TRUNK)
C = arms((1, 1), (30, -1), of=B)


def joined(profiles, names, **settings):
    events = events_of(np.array(profiles), names, CONTIG, np.full(44, 2), {**TREE, **settings})
    return events, tree_of(events.names, events.counts.sum(axis=0))


def test_tree_has_the_branches_of_the_truth():
    events, tree = joined([A, B, C], ["A", "B", "C"])
    assert tree.newick() == "((A:2,(B:0,C:2):3):4)normal;"
    assert ancestors(tree) == {"A": NORMAL, "B": NORMAL, "C": "B"}
    _, other = joined([C, A, B], ["C", "A", "B"])
    assert other.newick() == tree.newick()
    _, with_trunk = joined([A, B, C, TRUNK], ["A", "B", "C", "T"])
    assert ancestors(with_trunk) == {"A": "T", "B": "T", "C": "B", "T": NORMAL}
    strong = supported(tree, events, 300, 1)
    assert strong.newick() == supported(tree, events, 300, 1).newick()
    assert (strong.support[[1, 3]] > 0.8).all()  # both of many events on several contigs
    assert np.isnan(strong.support[0]) and strong.leaves() == ["A", "B", "C"]


def test_support_falls_where_events_contradict_each_other():
    one = arms((1, 1), (3, 1), of=TRUNK)
    two, three = arms((1, 1), (5, 1), of=TRUNK), arms((3, 1), (5, 1), of=TRUNK)
    events, tree = joined([one, two, three], ["a", "b", "c"])
    weak = supported(tree, events, 200, 1).support[2:]
    assert not (weak[np.isfinite(weak)] > 0.8).any()


def test_a_doubling_is_one_event():
    late = arms((1, 1), (33, -1), of=2 * B)
    events, tree = joined([A, 2 * B, late], ["A", "D", "E"])
    assert events.twice.tolist() == [False, False, True, True]
    assert events.counts.sum(axis=0)[0].tolist() == [0, 6, 8, 10]
    assert ancestors(tree)["E"] == "D"
    plain, _ = joined([A, 2 * B, late], ["A", "D", "E"], doubling=False)
    assert plain.counts[-1].sum() == 0 and plain.counts.sum(axis=0)[0, 2] > 20


def test_small_trees_and_equal_profiles():
    assert joined(np.empty((0, 44)), [])[1].newick() == "normal;"
    assert joined([A], ["A"])[1].newick() == "(A:6)normal;"
    assert joined([A, A], ["A", "B"])[1].newick() == "((A:0,B:0):6)normal;"
    assert joined([np.full(44, 2), A], ["N", "A"])[1].newick() == "(A:6,N:0)normal;"
    one = events_of(np.array([[3, 2], [1, 2]]), ["a", "b"], np.zeros(2), np.full(2, 2), TREE)
    tree = supported(tree_of(one.names, one.counts.sum(axis=0)), one, 50, 1)
    assert np.isnan(tree.support).all()  # one contig cannot be drawn otherwise


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_are_joined_as_the_lengths_of_a_tree_say(seed):
    rng = np.random.default_rng(seed)
    parent = [-1, *(int(rng.integers(k)) for k in range(1, 24))]
    length = rng.integers(1, 9, 24)
    above = []
    for k in range(24):
        path = {}
        at = k
        while at > 0:
            path[at] = length[at]
            at = parent[at]
        above.append(path)
    # Every node carries a leaf of its own, so that distances are those of the tree.
    d = np.array([[sum({**a, **b}[k] for k in a.keys() ^ b.keys()) for a in above] for b in above])
    names = [f"n{k}" for k in range(24)]
    tree = tree_of(names, d.astype(float))
    at = {name: k for k, name in enumerate(tree.names) if name}
    depth = np.zeros(len(tree.names))
    for k in range(1, len(depth)):
        depth[k] = depth[tree.parent[k]] + tree.length[k]
    for k in range(1, 24):
        assert depth[at[names[k]]] == pytest.approx(d[0, k])
        assert ancestors(tree)[names[k]] == names[parent[k]].replace("n0", NORMAL)
    assert re.sub(r"[(),;]|:[\d.e-]+", " ", tree.newick()).split().count("n5") == 1


def found_clones(cells=60, seed=920, clones=3):
    profiles, _ = tumour(GENOME, seed, clones)
    made, truth = picked(GENOME, profiles, np.full(clones, 1 / clones), cells, seed)
    shared = shared_segments(*segment_rows(GENOME, made), cells, 600)
    normal = normal_genome(shared)
    own = clones_of(
        shared.values, shared.contig, shared.length, np.ones(cells, bool), np.ones(cells), normal,
        SETTINGS,
    )  # fmt: skip
    return own, shared, normal, truth


def test_cells_are_joined_or_hang_on_their_clones():
    clones, shared, normal, _ = found_clones()
    of_clones = clone_tree(clones, shared.contig, normal, TREE)
    assert sorted(of_clones.tree.leaves()) == sorted(clones.names)
    names = [f"cell{k}" for k in range(60)]
    common = (shared.values, names, clones, of_clones, shared.contig, normal)
    tree = cell_tree(*common, TREE)
    assert sorted(tree.leaves()) == sorted(names)
    order = [clones.clone[int(name[4:])] for name in tree.leaves()]
    assert (np.diff(order) != 0).sum() <= 6  # cells of a clone stand together
    shown = cell_order(names, clones, of_clones, tree)
    assert sorted(shown) == list(range(60)) and (np.diff(clones.clone[shown]) != 0).sum() == 2
    many = cell_tree(*common, {**TREE, "max_cells": 59})
    assert sorted(many.leaves()) == sorted(names)
    at = {name: k for k, name in enumerate(many.names)}
    for k, name in enumerate(names):
        assert many.names[many.parent[at[name]]] == clones.of_cells()[k]
    cell = np.minimum(shared.values[0].astype(int), 8)
    of = np.minimum(whole_copies(clones.profile)[clones.clone[0]], 8)
    own = apart(of, cell, 0, int((shared.contig == 0).sum()))
    assert many.length[at["cell0"]] >= own


def test_cells_of_the_normal_clone_hang_on_the_root():
    _, tree = joined([A], ["A"])
    found = with_cells(tree, [NORMAL, "A", None], ["n1", "a1", "x"], np.array([0.0, 2.0, 9.0]))
    assert found.newick() == "((a1:2)A:6,n1:0)normal;"


def test_rows_of_clones_add_up():
    clones, shared, normal, truth = found_clones()
    tree = clone_tree(clones, shared.contig, normal, TREE)
    counted = np.arange(60) != 7
    cells = [
        {"specimen_id": f"S{k % 2}", "cell_id": f"c{k}", "day": 30 * (k % 2), "material": "blood"}
        for k in range(60)
    ]
    of = rows.clone_rows(clones, tree, shared, counted)
    assert sum(row["cells"] for row in of) == 59 == of[0]["of"]
    assert all(row["share_low"] < row["share"] < row["share_high"] for row in of)
    assert {row["parent"] for row in of} <= {NORMAL, *clones.names}
    assert all(1.5 < row["ploidy"] < 2.6 and row["events"] > 4 for row in of)
    by = rows.specimen_rows(cells, clones, counted)
    assert len(by) == 6 and [row["day"] for row in by] == [0] * 3 + [30] * 3
    assert sum(row["cells"] for row in by) == 59 and by[0]["of"] == 30
    each = rows.cell_rows(cells, clones)
    assert [row["clone"] for row in each] == clones.of_cells()
    assert all(0 <= row["clone_difference"] < 0.2 for row in each)
    pieces = rows.segment_rows(clones, shared)
    for name in clones.names:
        own = [row for row in pieces if row["clone"] == name]
        assert sum(row["end"] - row["start"] for row in own) == shared.length.sum()
        for one, two in zip(own, own[1:], strict=False):
            assert one["chrom"] != two["chrom"] or one["copies"] != two["copies"]


def test_normal_genome_has_the_sex_of_the_cells():
    values = np.array([[2.0, 1.0, 1.0], [3.0, 1.0, 1.0], [2.0, 2.0, 0.0]])
    own = np.array([0, 1, 2], np.int16), np.zeros(3, np.int64), np.full(3, 9, np.int64)
    man = Shared(("1", "X", "Y"), *own, values)
    assert normal_genome(man).tolist() == [2, 1, 1]
    assert normal_genome(man, values[2:]).tolist() == [2, 2, 0]
    assert normal_genome(Shared(("1", "X", "Y"), *own, values[2:])).tolist() == [2, 2, 0]


def test_agreement_of_a_clone_with_plasma():
    profiles, _ = tumour(GENOME, 921, 2)
    rng = np.random.default_rng(5)
    used = rng.random(GENOME.normal.size) < 0.95
    clone, other = (log2_of(profile.astype(float), used) for profile in profiles)
    plasma = np.log2(0.7 + 0.3 * 2.0**clone) + rng.normal(size=clone.size) * 0.05
    own, its = agreement(clone, plasma, used), agreement(other, plasma, used)
    assert own["bins"] == used.sum() and own["reason"] is None
    assert own["pearson"] == pytest.approx(np.corrcoef(clone[used], plasma[used])[0, 1])
    assert own["pearson"] > its["pearson"] and own["p_value"] < 0.01
    assert 0.2 < own["slope"] < 0.4 and own["spearman"] > 0.7
    noise = agreement(clone, rng.normal(size=clone.size))
    assert noise["p_value"] > 0.01 and abs(noise["pearson"]) < 0.1
    flat = agreement(np.zeros(clone.size), plasma)
    assert flat["pearson"] is None and "the clone's copies are the same" in flat["reason"]
    few = agreement(clone[:20], plasma[:20])
    assert few["pearson"] is None and "20 bins" in few["reason"]
    with pytest.raises(ValueError, match="bins of a clone"):
        agreement(clone, plasma[1:])
