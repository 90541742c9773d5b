"""Clones of simulated cells against their truth, and what they make of odd cells."""

import numpy as np
import pytest
from clone_cells import SETTINGS, Genome, adjusted_rand, noisy, picked, segment_rows, tumour

from liquidbiopsy.scdna import clones_kernel as kernel
from liquidbiopsy.scdna.clones import clones_of, in_bytes
from liquidbiopsy.scdna.events import NORMAL
from liquidbiopsy.scdna.shared_segments import normal_genome, shared_segments

GENOME = Genome()


def clustered(cells, built=None, confidence=None, genome=GENOME, **settings):
    """Clones of cells in bins, by way of their segments."""
    cells, own = np.asarray(cells), {**SETTINGS, **settings}
    m = len(cells)
    shared = shared_segments(*segment_rows(genome, cells), m, own["max_segments"])
    return clones_of(
        shared.values,
        shared.contig,
        shared.length,
        np.ones(m, bool) if built is None else np.asarray(built, bool),
        np.ones(m) if confidence is None else np.asarray(confidence, float),
        normal_genome(shared),
        own,
    )


@pytest.mark.parametrize("clones, cells, seed", [(2, 60, 900), (3, 100, 901), (4, 200, 902)])
def test_clones_of_a_tumour_are_found(clones, cells, seed):
    profiles, _ = tumour(GENOME, seed, clones)
    made, truth = picked(GENOME, profiles, np.full(clones, 1 / clones), cells, seed)
    found = clustered(made)
    assert adjusted_rand(truth, found.clone) >= 0.95
    assert len(found.names) == clones
    assert np.nanmin(found.confidence) > 0.5


def two_of_eleven(seed):
    """Eleven cells without noise; two are of a clone of their own, and have an event each."""
    profiles, _ = tumour(GENOME, seed, 1)
    other = profiles[0].copy()
    for arm, step in ((2, 1), (35, -1), (23, 1), (40, 1)):
        other[GENOME.arm == arm] += step
    two = np.array([other, other])
    for cell, arm in zip(two, (13, 11), strict=True):
        cell[np.flatnonzero(GENOME.arm == arm)[:20]] += 1
    return np.vstack([[profiles[0]] * 9, two])


@pytest.mark.parametrize("seed", range(920, 923))
def test_a_clone_of_two_cells_that_share_four_clear_events_is_found(seed):
    cells = two_of_eleven(seed)
    for own in (cells, cells[3:]):
        found = clustered(own)
        assert found.of_cells() == ["clone1"] * (len(own) - 2) + ["clone2"] * 2
        assert found.confidence.min() > 0.99
    # what one of the two has alone is not in the clone's profile
    assert found.share[-2:] == pytest.approx([20 / GENOME.normal.size] * 2, abs=1e-3)


def test_confidence_is_low_of_a_cell_that_differs_from_its_clone_as_none_does_by_noise():
    cells = two_of_eleven(920)
    found = clustered(cells[:10])
    assert found.of_cells() == ["clone1"] * 10
    assert found.confidence[9] < 0.2 and found.confidence[:9].min() > 0.99
    profiles, _ = tumour(GENOME, 914, 1)
    made, _ = picked(GENOME, profiles, [1.0], 30, 914)
    assert np.median(clustered(made).confidence) > 0.9


def test_clones_of_a_doubled_genome_and_a_rare_one_are_found():
    profiles, _ = tumour(GENOME, 903, 3, doubled=True)
    made, truth = picked(GENOME, profiles, [0.72, 0.25, 0.03], 300, 903)
    found = clustered(made)
    assert adjusted_rand(truth, found.clone) >= 0.95
    assert len(found.names) == 3


@pytest.mark.parametrize("cells", [3, 8, 25, 100])
def test_noise_of_cells_makes_no_clone(cells):
    profiles, _ = tumour(GENOME, 904, 1)
    made, _ = picked(GENOME, profiles, [1.0], cells, 904 + cells, wrong=0.05)
    assert clustered(made).of_cells() == ["clone1"] * cells


def test_a_clone_has_the_copies_that_most_of_its_cells_have():
    profiles, _ = tumour(GENOME, 905, 2)
    made, truth = picked(GENOME, profiles, [0.6, 0.4], 60, 905, missed=0.0)
    shared = shared_segments(*segment_rows(GENOME, made), 60, SETTINGS["max_segments"])
    found = clustered(made)
    for g in range(2):
        own = profiles[np.bincount(truth[found.clone == g]).argmax()]
        off = 0
        for s in range(shared.contig.size):
            inside = GENOME.contig == shared.contig[s]
            inside &= (GENOME.start >= shared.start[s]) & (GENOME.start < shared.end[s])
            off += int((own[inside] != found.profile[g, s]).sum())
        assert off <= 10  # of 3,000 bins


def test_neither_order_of_cells_nor_of_rows_matters():
    profiles, _ = tumour(GENOME, 906, 3)
    made, _ = picked(GENOME, profiles, [0.5, 0.3, 0.2], 50, 906)
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(50)
    found, other = clustered(made), clustered(made[shuffled])
    assert [found.of_cells()[k] for k in shuffled] == other.of_cells()
    rows = segment_rows(GENOME, made)
    mixed = rng.permutation(len(rows[0]))
    again = [np.asarray(r)[mixed] for r in rows]
    one, two = (shared_segments(*r, 50, 600) for r in (rows, again))
    np.testing.assert_array_equal(one.values, two.values)


def test_one_cell_cells_alike_and_no_cell():
    profiles, _ = tumour(GENOME, 907, 1)
    assert clustered(profiles).of_cells() == ["clone1"]
    assert clustered(profiles[[0, 0]]).of_cells() == ["clone1"] * 2
    assert clustered(profiles[[0] * 40]).of_cells() == ["clone1"] * 40
    none = clustered(profiles, built=[False])
    assert none.names == () and none.of_cells() == [None] and none.profile.shape[0] == 0


def test_one_contig_is_enough():
    small = Genome(contigs=1)
    one = np.where(np.arange(small.normal.size) < 80, 3, 2)
    two = np.where(np.arange(small.normal.size) >= 150, 1, one)
    found = clustered([one] * 6 + [two] * 6, genome=small)
    assert adjusted_rand([0] * 6 + [1] * 6, found.clone) == 1


def test_a_cell_is_a_clone_alone_only_where_it_differs_in_much():
    profiles, _ = tumour(GENOME, 908, 1)
    rng = np.random.default_rng(1)
    many = [noisy(GENOME, profiles[0], rng) for _ in range(15)]
    far, near = profiles[0].copy(), profiles[0].copy()
    for arm in (1, 3, 11, 20, 22, 35):  # about a sixth of the genome
        far[GENOME.arm == arm] += 1
    near[GENOME.arm == 11] += 1
    found = clustered([*many, far, near])
    assert found.of_cells() == ["clone1"] * 15 + ["clone2", "clone1"]
    assert clustered([profiles[0], far]).names == ("clone1", "clone2")
    assert clustered([*many, far, near], small_share=0.3).names == ("clone1",)


def test_many_cells_that_stand_alone_are_noise():
    profiles, _ = tumour(GENOME, 913, 1)
    rng = np.random.default_rng(5)
    many = [noisy(GENOME, profiles[0], rng) for _ in range(40)]
    bad = [noisy(GENOME, profiles[0], rng, wrong=0.4) for _ in range(12)]
    found = clustered([*many, *bad])
    assert found.names == ("clone1",) and found.of_cells()[:40] == ["clone1"] * 40
    assert found.of_cells()[40:].count(None) >= 6
    assert np.isfinite(found.share).all() and (found.share[found.clone < 0] >= 0.1).all()


def test_cells_that_are_not_built_from_are_assigned_or_left_blank():
    profiles, _ = tumour(GENOME, 909, 2)
    made, truth = picked(GENOME, profiles, [0.5, 0.5], 30, 909)
    doublet = made[0] + GENOME.normal
    doublet[GENOME.contig < 6] += 2
    cells = [*made, doublet, 2 * profiles[0]]
    built = [True] * 30 + [False, True]
    found = clustered(cells, built, [1.0] * 31 + [0.2])
    assert adjusted_rand(truth, found.clone[:30]) >= 0.95
    of = found.of_cells()
    assert of[30] is None and np.isnan(found.confidence[30])
    assert of[31] == of[int(np.flatnonzero(truth == 0)[0])]  # twice the copies, and not sure of it
    assert not found.built[30] and not found.built[31]


def test_mistaken_doublings_make_no_clone_but_true_ones_do():
    profiles, _ = tumour(GENOME, 910, 1)
    rng = np.random.default_rng(2)
    usual = [noisy(GENOME, profiles[0], rng) for _ in range(30)]
    mistaken = [2 * noisy(GENOME, profiles[0], rng) for _ in range(5)]
    assert clustered([*usual, *mistaken]).of_cells() == ["clone1"] * 35
    later = 2 * profiles[0]
    for arm in (2, 9, 17, 24):
        later[GENOME.arm == arm] += 1
    true = [noisy(GENOME, later, rng) for _ in range(15)]
    assert clustered([*usual, *true]).of_cells() == ["clone1"] * 30 + ["clone2"] * 15


def test_normal_cells_are_no_clone_of_the_tumour():
    profiles, _ = tumour(GENOME, 911, 1)
    rng = np.random.default_rng(3)
    cells = [noisy(GENOME, GENOME.normal, rng) for _ in range(12)]
    assert clustered(cells).names == (NORMAL,)
    found = clustered([*cells, *(noisy(GENOME, profiles[0], rng) for _ in range(5))])
    assert found.of_cells() == [NORMAL] * 12 + ["clone1"] * 5
    amplified = GENOME.normal.copy()
    amplified[(GENOME.contig == 16) & (GENOME.start // 1_000_000 == 39)] = 9  # one bin, at ERBB2
    assert clustered([amplified] * 4).names == ("clone1",)


def test_ratios_without_copies_make_the_same_clones():
    profiles, _ = tumour(GENOME, 912, 3)
    rng = np.random.default_rng(4)
    truth = np.repeat([0, 1, 2], [30, 20, 10])
    rows = segment_rows(GENOME, profiles[truth])
    size = (rows[3] - rows[2]) / 1_000_000
    mean = np.array([profile.mean() for profile in profiles])[truth][rows[0]]
    ratio = rows[4] / mean + rng.normal(size=size.size) * 0.25 / np.sqrt(size)
    shared = shared_segments(*rows[:4], ratio, 60, SETTINGS["max_segments"])
    found = clones_of(
        shared.values / SETTINGS["ratio_step"],
        shared.contig,
        shared.length,
        np.ones(60, bool),
        np.ones(60),
        np.full(shared.contig.size, 1 / SETTINGS["ratio_step"]),
        SETTINGS,
    )
    assert adjusted_rand(truth, found.clone) >= 0.95


def test_segments_are_cut_where_most_cells_change():
    cell, chrom = np.array([0, 0, 1, 1, 2, 2, 2]), ["1"] * 5 + ["1", "2"]
    start = np.array([0, 50, 0, 50, 0, 80, 0])
    end = np.array([50, 100, 50, 100, 80, 100, 30])
    values = np.array([2.0, 3.0, 2.0, 4.0, 2.0, 1.0, 2.0])
    every = shared_segments(cell, chrom, start, end, values, 4, 10)
    assert every.start.tolist() == [0, 50, 80, 0] and every.end.tolist() == [50, 80, 100, 30]
    np.testing.assert_array_equal(every.values[:3, :3], [[2, 3, 3], [2, 4, 4], [2, 2, 1]])
    assert np.isnan(every.values[3]).all() and np.isnan(every.values[:2, 3]).all()
    few = shared_segments(cell, chrom, start, end, values, 4, 1)
    assert few.start.tolist() == [0, 50, 0]
    np.testing.assert_array_equal(few.values[2], [2, 2, 2])


def plain_cost(cell, profile, contig, length, price, full):
    off = np.where((cell == 255) | (profile == 255), 0, cell.astype(int) - profile)
    known = np.flatnonzero((cell != 255) & (profile != 255))
    side = np.where(off > 4, 1, np.where(off < -4, -1, 0))
    runs, last = [], None
    for s in known:
        if side[s]:
            if last == (contig[s], side[s]):
                runs[-1].append(s)
            else:
                runs.append([s])
        last = (contig[s], side[s])
    total = 0.0
    for run in runs:
        weight = length[run] * np.minimum(np.abs(off[run]) / 8, 5)
        total += min(weight.sum() / full, 1) * np.average(price[run], weights=weight)
    return total


@pytest.mark.parametrize("seed", range(4))
def test_kernels_beside_plain_twins(seed):
    rng = np.random.default_rng(seed)
    cells = in_bytes(np.where(rng.random((9, 40)) < 0.1, np.nan, rng.integers(0, 6, (9, 40))))
    contig, length = np.sort(rng.integers(0, 4, 40)), rng.uniform(1e6, 2e7, 40)
    price = rng.uniform(2, 6, 40)
    got = kernel.costs(cells, cells[:3], contig, length, price, 1e7)
    want = [[plain_cost(c, p, contig, length, price, 1e7) for p in cells[:3]] for c in cells]
    np.testing.assert_allclose(got, want)
    base = got[:, 0] + 5
    np.testing.assert_allclose(
        kernel.saved(cells, base, cells[1], contig, length, price, 1e7),
        np.maximum(base - got[:, 1], 0),
    )
    median = []
    for column in cells.T:
        known = np.sort(column[column != 255])
        median.append(known[(known.size - 1) // 2] if known.size else 255)
    np.testing.assert_array_equal(kernel.middle(cells, np.arange(9)), median)
    off = kernel.offsets(cells, np.broadcast_to(cells[0], cells.shape))
    count, weight = kernel.markers(off, contig, length, 1e7)
    for at in (0, 2, 4, 6):
        np.testing.assert_array_equal(count[:, at], (off == at - 3).sum(axis=0))
        np.testing.assert_array_equal(kernel.carriers(off, 7, at), off[:, 7] == at - 3)
    assert (weight <= count + 1e-9).all() and (weight[count > 0] > 0).all()
