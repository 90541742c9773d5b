"""Cells that are two: found where the two differ, and none where a cell is one."""

import numpy as np
import pytest
from picked_cells import DOUBLED, NORMAL, SISTER, TUMOUR, cell, copies_of, profiled

from liquidbiopsy.scdna.doublets import NONE, doubt_of, odds_of
from liquidbiopsy.scdna.doublets_kernel import (
    BREAKS,
    CHANGED,
    LEAST,
    REACH,
    mixture,
    of_a_clone,
    of_its_own,
    scale_of,
)
from liquidbiopsy.scdna.parents import parents_of, segment_levels
from liquidbiopsy.scdna.ploidy_kernel import STEEP, STRAY


def cells(kinds, seed=0, **how):
    """Counts of cells, each of one or two kinds."""
    return np.array(
        [
            cell(1000 * seed + k, None, copies=sum(copies_of(one) for one in own), **how)
            for k, own in enumerate(kinds)
        ]
    )


def test_doublets_of_clones_and_of_normal_cells_are_found_and_no_single_cell_is_one():
    kinds = [(TUMOUR,)] * 14 + [(SISTER,)] * 9 + [(NORMAL,)] * 4
    two = [(TUMOUR, SISTER)] * 3 + [(TUMOUR, NORMAL)] * 3 + [(SISTER, NORMAL)]
    roles = [True] * 23 + [False] * 4 + [True] * 7
    _, _, profiles = profiled(cells(kinds + two), roles)
    assert profiles.doublet[27:].all() and not profiles.doublet[:27].any()
    assert (profiles.doublet_score[27:] > 4).all()
    said = profiles.doublet_of[31]
    assert said.startswith("a normal cell and one like c") and int(said.split(" c")[-1]) < 14
    assert profiles.doublet_of[0] == ""


def test_a_normal_cell_need_not_be_there_to_be_one_of_two():
    _, _, profiles = profiled(cells([(TUMOUR,)] * 6 + [(TUMOUR, NORMAL)]))
    assert profiles.doublet.tolist() == [False] * 6 + [True]


def test_doublets_of_doubled_genomes_are_found():
    _, _, profiles = profiled(cells([(DOUBLED,)] * 8 + [(DOUBLED, NORMAL)] * 2))
    assert profiles.doublet.tolist() == [False] * 8 + [True] * 2


def test_two_cells_of_one_clone_cannot_be_told():
    _, _, profiles = profiled(cells([(TUMOUR,)] * 6 + [(TUMOUR, TUMOUR)]))
    assert not profiles.doublet.any()


def test_a_clone_between_two_others_is_none():
    between = {**TUMOUR, "3": 1}  # one of the changes that SISTER has
    kinds = [(TUMOUR,)] * 8 + [(SISTER,)] * 8 + [(between,)] * 3
    assert not profiled(cells(kinds))[2].doublet.any()


def test_a_cell_with_changes_of_its_own_is_none():
    own = {**TUMOUR, "2": 3, "9": 1, "13:0-30": 3}
    assert not profiled(cells([(TUMOUR,)] * 8 + [(own,)]))[2].doublet.any()


def test_one_cell_alone_and_two_alike():
    _, _, one = profiled(cells([(TUMOUR,)]))
    assert not one.doublet[0] and one.doublet_of == ("",)
    count = cells([(TUMOUR,)])
    assert not profiled(np.vstack([count, count]))[2].doublet.any()


# --- parts


def drawn(seed, k=24, r=4):
    rng = np.random.default_rng(seed)
    copies = rng.choice([0, 1, 2, 2, 3, 4, 9], (r, k)).astype(float)
    copies[0] = 2
    v = rng.uniform(0.01, 0.1, k) ** 2
    return rng, copies, v, rng.integers(5, 200, k).astype(float)


def normal(x, mean, v):
    return np.exp(-0.5 * (x - mean) ** 2 / v) / np.sqrt(2 * np.pi * v)


def rare(x):
    return (1 + 2 * np.abs(x - 1)) ** -STEEP


@pytest.mark.parametrize("seed", range(4))
def test_the_best_mixture_is_that_of_its_plain_twin(seed):
    rng, copies, v, length = drawn(seed)
    x = np.maximum(0.3 * copies[1] + 0.15 * copies[3] + rng.normal(0, np.sqrt(v)), 0)
    best, pair = -np.inf, (-1, -1)
    for a in range(4):
        for b in range(a + 1, 4):
            both = copies[[a, b]].T / np.sqrt(v)[:, None]
            parts = np.linalg.lstsq(both, x / np.sqrt(v), rcond=None)[0]
            reads = parts * (copies[[a, b]] @ length)
            if (parts <= 0).any() or not LEAST <= reads[0] / reads.sum() <= 1 - LEAST:
                continue
            fit = normal(x, np.maximum(parts @ copies[[a, b]], STRAY), v)
            found = np.log((1 - CHANGED) * fit + CHANGED * rare(x) * (STEEP - 1)).sum()
            if found > best:
                best, pair = found, (a, b)
    mine, a, b = mixture(x, v, length, copies)
    assert pair == (1, 3) == (a, b)
    assert mine == pytest.approx(best - np.log(6) - 0.5 * np.log(x.size))


@pytest.mark.parametrize("seed", range(4))
def test_one_cell_is_held_against_profiles_as_its_plain_twin_does(seed):
    rng, copies, v, _ = drawn(seed)
    own = copies[2].copy()
    own[5] += 1
    x = np.maximum(0.5 * own + rng.normal(0, np.sqrt(v)), 0)
    numbers = np.arange(REACH)
    found = []
    for profile in copies:
        scale = scale_of(x, v, profile)
        prior = rare(numbers * scale) / rare(numbers * scale).sum()
        mean = np.where(numbers > 0, numbers * scale, STRAY)
        near = numbers[None] - np.floor(x / scale)[:, None]
        near = (near >= -3) & (near <= 4) | (numbers[None] < 8) & (x < 4 * scale)[:, None] & (
            numbers[None] < np.maximum(np.floor(x / scale) - 3, 0)[:, None] + 8
        )
        other = (normal(x[:, None], mean, v[:, None]) * prior * near).sum(axis=1)
        fit = normal(x, np.maximum(scale * profile, STRAY), v)
        found.append(np.log((1 - CHANGED) * fit + CHANGED * other + 1e-300).sum())
    assert of_a_clone(x, v, copies) == pytest.approx(max(found) - np.log(4))
    scale = scale_of(x, v, own)
    assert scale == pytest.approx(0.5, rel=0.05)
    prior = rare(numbers * scale) / rare(numbers * scale).sum()
    fit = normal(x, np.maximum(scale * own, STRAY), v)
    told = np.log((1 - CHANGED) * fit + CHANGED * rare(x) * (STEEP - 1))
    new = np.append(True, own[1:] != own[:-1])
    price = np.where(new, np.log(BREAKS * prior[own.astype(int)]), np.log(1 - BREAKS))
    assert of_its_own(x, v, own) == pytest.approx((told + price).sum())


def test_nothing_is_said_where_nothing_is_known():
    nothing = np.full(3, np.nan)
    score, pair = odds_of(nothing, nothing, np.ones(3), np.ones(3), np.full((2, 3), 2.0))
    assert np.isnan(score) and pair == NONE


def profiles_beside(kinds, level, told=0.01):
    """Profiles of cells, the normal one first, of segments of 100 bins."""
    error = np.full(level.shape, 1e-4)
    return parents_of(
        kinds, level, error, np.full(level.shape[1], 100.0), np.full(level.shape, told)
    )


def test_profiles_are_those_of_cells_alike_and_a_cell_is_no_parent_of_its_own():
    kinds = np.array([[2, 3, 2, 1], [2, 3, 4, 1]])[[0] * 6 + [1] * 3].astype(float)
    kinds = np.vstack([kinds, [[2, 1, 1, 2]]])
    level = kinds / kinds.mean(axis=1, keepdims=True)
    found = profiles_beside(kinds, level)
    assert [own.tolist() for own in found.members] == [[], [*range(6)], [6, 7, 8], [9]]
    assert found.copies[0].tolist() == [2, 2, 2, 2]
    np.testing.assert_allclose(found.level[1], level[0])
    assert found.but(9, kinds)[1].tolist() == [-1, 0, 6]
    assert found.but(0, kinds)[1].tolist() == [-1, 1, 6, 9]


def test_a_cells_own_copies_are_no_part_of_a_profile_that_it_is_held_against():
    kinds = np.array([[2, 3, 2, 1], [2, 3, 4, 1]])[[0, 0, 1, 0, 0, 1, 1, 1]].astype(float)
    kinds[0, 3] = 2  # alike all the same: the level is not
    found = profiles_beside(kinds, kinds[[1, 1, 2, 3, 4, 5, 6, 7]] / 2)
    assert [own.tolist() for own in found.members[1:]] == [[0, 1, 3, 4], [2, 5, 6, 7]]
    two = found.some(np.array([0, 1]))
    assert two.but(0, kinds)[0][1].tolist() == [2, 3, 2, 1]


def test_a_level_between_two_numbers_makes_no_two_profiles():
    rng = np.random.default_rng(1)
    level = np.tile([4.0, 3.0, 5.0, 2.0] * 5 + [4.5, 3.5], (9, 1))
    level += rng.normal(0, 0.08, level.shape)
    found = profiles_beside(level.round(), level / 4)
    assert len(np.unique(level.round(), axis=0)) > 2 and len(found.members) == 2


@pytest.mark.parametrize("cells, profiles", [(3, 1), (20, 2)])
def test_few_cells_do_not_tell_what_is_noise(cells, profiles):
    kinds = np.full((cells, 50), 3.0)
    kinds[0, 7] = 4.0  # in a fiftieth of the genome
    assert len(profiles_beside(kinds, kinds / 3).members) == 1 + profiles


def biased(seed, clone, two=None):
    """Levels, variances, copies and bins of eight cells of a clone, and of one more: `two`.

    Bias that the cells share, some more than others, is in the last 16 segments, the narrow ones.
    """
    rng = np.random.default_rng(seed)
    true = np.vstack([np.tile(clone, (8, 1)), *([] if two is None else [two])])
    narrow = np.arange(clone.size) >= clone.size - 16
    bias = np.where(narrow, rng.uniform(0.86, 0.94, clone.size), 1.0)
    part = rng.uniform(0.1, 1.5, (len(true), 1))
    v = np.where(narrow, 4e-4, 2e-5)
    level = true / true.mean(axis=1, keepdims=True) * (1 + (bias - 1) * part)
    level += rng.normal(0, np.sqrt(v), true.shape)
    return level, v + (0.01 * level) ** 2, np.round(level * clone.mean()), 100.0 + 800 * ~narrow


@pytest.mark.parametrize("seed", range(3))
def test_bias_that_cells_share_makes_no_doublets_of_one_clone(seed):
    clone = np.random.default_rng(seed).integers(2, 7, 60)
    found = doubt_of(*biased(seed, clone), 0.01)
    assert not (found.score > 0).any()


@pytest.mark.parametrize("seed", range(3))
def test_doublets_are_found_beside_bias_that_cells_share(seed):
    clone = np.random.default_rng(seed).integers(2, 7, 60)
    found = doubt_of(*biased(seed, clone, (clone + 2) / 2), 0.01)
    assert found.score[-1] > 2 and not (found.score[:-1] > 0).any()
    assert found.cells[-1][0] == -1


def test_levels_leave_out_the_ends_of_segments_and_short_ones():
    y = 2 * np.sqrt(np.array([9, 1, 1, 1, 9, 4, 4, 4, 4.0]))
    first, last = np.array([0, 5]), np.array([5, 9])
    level, variance = segment_levels(y, np.ones(9), first, last, 0.1)
    assert level[0] == pytest.approx(1) and np.isnan(level[1])
    assert variance[0] == pytest.approx(1 / 3 + 0.01)
