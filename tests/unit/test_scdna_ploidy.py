"""Ploidies of cells: the search, its prior, what like cells lend, and its kernels' plain twins."""

import numpy as np
import pytest
from picked_cells import BINS, DOUBLED, NORMAL, SETTINGS, TUMOUR, copies_of, made

from liquidbiopsy.scdna import joint
from liquidbiopsy.scdna.alike import friends_of, references_of
from liquidbiopsy.scdna.ploidy import (
    Levels,
    evidence_of,
    grid_of,
    priors_of,
    searched,
)
from liquidbiopsy.scdna.ploidy_kernel import BLURRED, MOST_LOOSE, NEAR, STEEP, STRAY, common, fits
from liquidbiopsy.scdna.trend import basis_of, trend_of
from liquidbiopsy.scdna.wander import wander

OWN = SETTINGS["profiles"]
BROAD = 40.0


def levels_of(*cells, sd=0.02, seed=0):
    """Levels of cells, given as (copies, bins) of their segments, with noise."""
    rng = np.random.default_rng(seed)
    level, bins, first = [], [], [0]
    for cell in cells:
        copies, many = (np.array(x, float) for x in zip(*cell, strict=True))
        ratio = copies / np.average(copies, weights=many)
        level.append(np.maximum(ratio * (1 + rng.normal(0, sd, ratio.size)), STRAY))
        bins.append(many)
        first.append(first[-1] + ratio.size)
    joined = np.concatenate(level)
    variance = (sd * np.maximum(joined, 0.1)) ** 2
    return Levels(joined, variance, np.concatenate(bins), np.array(first))


def ploidy(kind):
    """Mean copies of the autosomes."""
    return copies_of(kind)[BINS.autosomal].mean()


def found(levels, tumour=None):
    tumour = np.ones(len(levels.first) - 1, bool) if tumour is None else np.array(tumour)
    return searched(levels, tumour, OWN, BROAD)


DIPLOID = [(2, 900), (3, 200), (2, 700), (1, 150), (2, 500), (3, 120), (1, 100), (2, 300)]
TWICE = [(4, 900), (6, 200), (3, 300), (4, 400), (2, 150), (5, 90), (4, 500), (6, 120), (3, 100)]
EVEN = [(2 * copies, bins) for copies, bins in DIPLOID]
TRIPLOID = [(3, 900), (4, 300), (2, 300), (3, 700), (5, 100), (3, 400), (2, 150), (4, 200)]


def mean(cell):
    copies, bins = zip(*cell, strict=True)
    return np.average(copies, weights=bins)


@pytest.mark.parametrize("cell", [DIPLOID, TWICE, TRIPLOID, [(2, 1000)], [(2, 800), (1, 200)]])
@pytest.mark.parametrize("seed", range(3))
def test_the_ploidy_is_that_on_which_levels_are_whole_numbers(cell, seed):
    result = found(levels_of(cell, seed=seed))
    assert result.ploidy[0] == pytest.approx(mean(cell), abs=0.1)


def test_a_doubling_without_odd_numbers_is_in_doubt_and_is_the_runner_up():
    even, twice = found(levels_of(EVEN)), found(levels_of(TWICE))
    assert even.ploidy[0] == pytest.approx(mean(DIPLOID), abs=0.1)
    assert even.second[0] == pytest.approx(mean(EVEN), abs=0.2)
    assert even.confidence[0] < 0.99 < twice.confidence[0]


def test_narrow_segments_off_whole_numbers_do_not_double_a_genome():
    biased = [*DIPLOID, (2.5, 8), (2, 300), (3.4, 17), (2, 300), (2.6, 9), (1, 300), (3, 200)]
    assert found(levels_of(biased)).ploidy[0] == pytest.approx(mean(biased), abs=0.1)
    wide = [(copies, 40 * bins if bins < 20 else bins) for copies, bins in biased]
    assert found(levels_of(wide)).ploidy[0] > 3  # so much of the genome is no bias


def wavy(copies, wave, seed, parts=15):
    """A cell whose segments fall apart where GC is high, as of bins that were not corrected."""
    rng = np.random.default_rng(seed)
    off = [abs(rng.normal(0, wave)) * (0.3, -1)[k % 2] for k in range(parts * len(copies))]
    bins = np.tile([900, 100], parts * len(copies))[: len(off)]
    return list(zip(np.repeat(copies, parts) * (1 + np.array(off)), bins, strict=True))


@pytest.mark.parametrize("wave", [0.04, 0.08, 0.12])
def test_waves_are_no_copies(wave):
    cells = [wavy([2], wave, seed, parts=45) for seed in range(10)]
    cells += [wavy([2, 1, 2, 2, 3], wave * 2 / 3, seed) for seed in range(10)]
    result = found(levels_of(*cells, sd=0.015))
    assert result.ploidy == pytest.approx([mean(cell) for cell in cells], abs=0.3)


def test_waves_of_a_flat_cell_tell_neither_a_doubling_nor_that_there_is_none():
    flat, wave = [(2, 5000)], wavy([2], 0.08, 1, parts=45)
    alone, both = found(levels_of(flat)), found(levels_of(wave, *[TWICE] * 5))
    assert both.ploidy[0] == pytest.approx(2, abs=0.1)
    assert both.margin[0] == pytest.approx(alone.margin[0], abs=0.3) and both.margin[0] < 3
    assert both.confidence[0] == pytest.approx(alone.confidence[0], abs=0.02)


def test_the_levels_alone_tell_a_doubling_by_its_odd_numbers():
    assert found(levels_of(TWICE)).margin[0] > 3
    assert abs(found(levels_of(DIPLOID)).margin[0]) < 3  # it might be one with even numbers alone


def test_amplified_genes_do_not_make_a_doubling_more_or_less_likely():
    high = [*DIPLOID[:4], (24, 9), *DIPLOID[4:]]
    plain, with_it = found(levels_of(DIPLOID, sd=0.01)), found(levels_of(high, sd=0.01))
    assert with_it.ploidy[0] == pytest.approx(mean(high), abs=0.1)
    assert with_it.confidence[0] == pytest.approx(plain.confidence[0], abs=0.1)


def test_broad_losses_of_all_copies_are_hardly_believed():
    none = levels_of([(2, 900), (0, 300), (2, 800)])
    with_it, without = (evidence_of(none, OWN, b)[0].max() for b in (1e6, BROAD))
    assert with_it - without > 3
    levels = levels_of([(2, 900), (1, 300), (2, 800)])
    np.testing.assert_allclose(evidence_of(levels, OWN, 1e6), evidence_of(levels, OWN, BROAD))


def test_cells_given_as_normal_are_hardly_ever_doubled():
    odd = [(4, 900), (5, 60), (4, 900)]
    result = found(levels_of(odd, odd, sd=0.04, seed=4), [True, False])
    assert result.ploidy[0] > 3 and result.ploidy[1] < 2.4


def test_what_some_cells_show_of_a_doubling_is_learnt_for_those_in_doubt():
    sure = [TWICE] * 6
    alone = found(levels_of(EVEN))
    together = found(levels_of(*sure, EVEN, [(2, 1000)]))
    chance = [r.confidence[k] for r, k in ((alone, 0), (together, 6))]
    assert together.ploidy[6] > 3 or chance[1] < chance[0] - 0.1
    assert together.ploidy[7] == pytest.approx(2, abs=0.1)  # a cell without changes learns nothing


def test_cells_in_doubt_make_each_other_no_surer():
    alone, together = found(levels_of(EVEN)), found(levels_of(*[EVEN] * 40))
    assert together.confidence.max() < alone.confidence[0] + 0.03


def test_the_prior_has_its_places_and_its_share():
    ploidies = grid_of(OWN)
    once, twice = priors_of(ploidies, 0.3)
    assert ploidies[once.argmax()] == pytest.approx(2) and 3 < ploidies[twice.argmax()] < 4
    assert twice.sum() / (once + twice).sum() == pytest.approx(0.3, abs=0.05)
    assert ploidies[0] == OWN["ploidy_min"] and ploidies[-1] == pytest.approx(OWN["ploidy_max"])


# --- cells that are alike


def test_friends_are_cells_of_the_same_levels_and_not_the_cell_itself():
    rng = np.random.default_rng(0)
    base = rng.choice([0.5, 1, 1.5], (2, 30))
    base[1, :27] = base[0, :27]  # two clones that differ in three segments
    kind = np.arange(40) % 2
    level = base[kind] + rng.normal(0, 0.05, (40, 30))
    friends = friends_of(level, np.full(level.shape, 0.05**2))
    others = references_of(40)
    for k, own in enumerate(friends):
        assert len(own) > 10 and k not in others[own]
        assert (kind[others[own]] == kind[k]).all()
    stranger = np.vstack([level[:5], rng.choice([0.5, 1, 1.5], (1, 30))])
    assert friends_of(stranger, np.full(stranger.shape, 0.05**2))[5].size == 0


def test_each_cell_is_held_against_no_more_than_so_many():
    assert references_of(10_000).size == 200 and references_of(3).tolist() == [0, 1, 2]


def test_noisy_cells_of_a_doubled_clone_are_right_together():
    how = {"noise": 0.2, "wave": 0.08, "depth": 120.0}
    _, _, many = made([DOUBLED] * 16, seed=5, **how)
    assert np.abs(many.ploidy - ploidy(DOUBLED)).max() < 0.4
    assert (many.confidence > 0.9).mean() > 0.9


@pytest.mark.parametrize("kind", [TUMOUR, DOUBLED, NORMAL])
def test_one_cell_alone_has_its_ploidy(kind):
    _, _, profiles = made([kind], seed=2)
    assert profiles.ploidy[0] == pytest.approx(ploidy(kind), abs=0.03)
    assert profiles.confidence[0] > 0.7


# --- twins


def plain_fits(levels, ploidies, odd, broad, gone, loose):
    """What the kernel says, over all numbers of copies by the definition."""
    out = np.zeros((2, len(levels.first) - 1, ploidies.size))
    for p, ploidy in enumerate(ploidies):
        numbers = np.arange(int(20 * ploidy))
        for kind in (0, 1):
            parity = np.where(numbers % 2, odd, 1 - odd) if kind else np.ones(numbers.size)
            prior = (1 + 2 * np.abs(numbers / ploidy - 1)) ** -STEEP * parity
            prior /= prior.sum()
            for cell in range(out.shape[1]):
                for k in range(levels.first[cell], levels.first[cell + 1]):
                    x, v = levels.level[k], levels.variance[k]
                    mean = np.where(numbers > 0, numbers / ploidy, STRAY)
                    each = prior * np.exp(-((x - mean) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)
                    each[0] *= gone if levels.bins[k] >= broad else 1
                    low = max(0, int(x * ploidy) - NEAR + 1)
                    sum_ = each[low : low + 2 * NEAR].sum()
                    own = min(max(loose, BLURRED / levels.bins[k]), MOST_LOOSE)
                    stray = own * (1 + 2 * abs(x - 1)) ** -STEEP * (STEEP - 1)
                    out[kind, cell, p] += np.log((1 - own) * sum_ + stray)
    return out


def test_the_search_is_that_of_its_plain_twin():
    levels = levels_of(DIPLOID, TWICE, [(2, 50), (0, 60), (0, 9), (30, 5)])
    ploidies = np.array([1.4, 2.0, 3.1, 4.06, 6.9])
    arrays = levels.level, levels.variance, levels.bins, levels.first, ploidies
    mine = fits(*arrays, 0.1, BROAD, 1e-3, 0.02)
    np.testing.assert_allclose(mine, plain_fits(levels, ploidies, 0.1, BROAD, 1e-3, 0.02), 1e-9)
    assert common(1.0) == 1 and common(2.0) == pytest.approx(3.0**-STEEP)


def test_bias_that_neighbours_share_is_told_from_noise():
    rng = np.random.default_rng(0)
    first = np.array([0, 700, 1500])
    white = rng.normal(0, 1, 2400)
    slow = np.repeat(rng.normal(0, 1, 240), 10)
    level = np.repeat([1.0, 5.0, 2.0], [700, 800, 900])
    weight = np.ones(2400)
    assert wander(level + white, weight, first) < 1.6
    assert wander(level + white + slow, weight, first) > 4
    weight[::3] = 0
    assert wander(level + white, weight, first) < 1.9
    assert wander(white[:9], np.ones(9), np.array([0])) == 1


def test_the_trend_is_that_of_least_squares_with_a_level_for_each_segment():
    rng = np.random.default_rng(1)
    first = np.array([0, 200, 350])
    basis = basis_of(rng.normal(0.42, 0.04, 500))
    factor = 1 + 0.1 * basis[:, 0] - 0.05 * basis[:, 1]
    y = np.repeat([2.0, 2.8, 1.4], [200, 150, 150]) * factor + rng.normal(0, 0.05, 500)
    weight = rng.uniform(0.5, 2, 500)
    level = np.zeros((500, 3))
    for k, (a, b) in enumerate(zip(first, [200, 350, 500], strict=True)):
        level[a:b, k] = 1
    mean = np.array([np.average(y[level[:, k] > 0], weights=weight[level[:, k] > 0])
                     for k in range(3)])  # fmt: skip
    scale = level @ mean
    root = np.sqrt(weight) * scale
    design = np.hstack([basis, level]) * root[:, None]
    fit = np.linalg.lstsq(design, (y / scale - 1) * root, rcond=None)[0][: basis.shape[1]]
    own = weight * scale**2
    plain = 1 + (basis - own @ basis / own.sum()) @ fit
    np.testing.assert_allclose(trend_of(y, weight, first, basis), plain, rtol=1e-3)
    assert (trend_of(y, np.zeros(500), first, basis) == 1).all()


def test_neighbours_that_do_not_differ_are_one():
    y = np.repeat([1.0, 1.01, 2.0, 2.0, 1.0], 20)
    first = np.arange(0, 100, 20)
    kept = joint.merged(y, np.full(100, 100.0), first, 10.0)
    assert kept.tolist() == [0, 40, 80]
    assert joint.merged(y, np.zeros(100), first, 10.0).size == 0
    mean, total, bins = joint.levels(y, np.full(100, 100.0), kept, 5)
    np.testing.assert_allclose(mean, [1.005, 2.0, 1.0], atol=1e-3)
    assert total.tolist() == [3800, 3800, 1800] and bins.tolist() == [38, 38, 18]
