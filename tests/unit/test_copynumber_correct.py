"""Counts corrected for GC and mappability, against simulated truth and a plain twin."""

import numpy as np
import pytest
from copies import LENGTHS, SETTINGS, bias, genome, reads

from liquidbiopsy.copynumber import loess
from liquidbiopsy.copynumber.bins import grid
from liquidbiopsy.copynumber.correct import correct, correct_many, dead
from liquidbiopsy.copynumber.noise import NORMAL, mad, neighbours
from liquidbiopsy.copynumber.profile import profile_of
from liquidbiopsy.copynumber.quality import quality


def plain_loess(x, y, places, share, degree, rounds):
    """Local regression as the definition has it, with numpy's own least squares."""
    near = min(len(x), max(int(share * len(x) + 1e-5), degree + 2))
    weight, found = np.ones(len(x)), np.empty(len(places))
    for turn in range(rounds + 1):
        for k, place in enumerate(places):
            apart = np.abs(x - place)
            reach = np.sort(apart)[near - 1] * 1.0001 + 1e-12
            own = np.clip(1 - (apart / reach) ** 3, 0, None) ** 3 * weight
            kept = own > 0
            fit = np.polyfit(x[kept] - place, y[kept], degree, w=np.sqrt(own[kept]))
            found[k] = fit[-1]
        left = np.abs(y - np.interp(x, places, found))
        if turn < rounds:
            weight = np.clip(1 - (left / (6 * np.median(left))) ** 2, 0, None) ** 2
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("share", "degree", "rounds"), [(0.1, 2, 0), (0.3, 2, 3), (0.67, 1, 2)])
def test_local_regression_is_that_of_its_plain_twin(seed, share, degree, rounds):
    rng = np.random.default_rng(seed)
    x = np.sort(np.round(rng.beta(3, 4, 300), 3))  # with ties
    y = np.sin(5 * x) + rng.normal(0, 0.1, 300) + (rng.random(300) < 0.05) * 3
    places = np.linspace(x[0], x[-1], 41)
    twin = plain_loess(x, y, places, share, degree, rounds)
    np.testing.assert_allclose(loess.fit(x, y, places, share, degree, rounds), twin, rtol=1e-6)


def test_a_curve_of_points_at_one_place_is_their_mean():
    x, y = np.full(9, 0.4), np.arange(9.0)
    assert loess.fit(x, y, x[:1], 0.3, 2, 1) == pytest.approx([4])
    assert np.isnan(loess.fit(x[:0], y[:0], x[:1], 0.3, 2, 1)).all()


@pytest.mark.parametrize("copies", [{"Y": 0}, {"X": 1, "Y": 1}])
def test_what_gc_and_mappability_do_is_taken_out(copies):
    bins, gc, mappability = genome()
    count = reads(1, bins, gc, mappability, 5000, copies)
    keep = bins.autosomal & (mappability > 0.5)
    corrected, expected = correct(count, gc, mappability, keep, SETTINGS)
    truth = bias(gc, mappability)
    own = keep & np.isfinite(corrected)
    assert own.sum() > 0.99 * keep.sum()
    assert np.median(corrected[own]) == pytest.approx(1, abs=0.002)
    error = expected[own] / truth[own]
    assert np.std(error / error.mean()) < 0.01
    assert abs(np.corrcoef(np.log2(count[own]), gc[own])[0, 1]) > 0.7
    assert abs(np.corrcoef(np.log2(corrected[own]), gc[own])[0, 1]) < 0.05
    for name in ("X", "Y"):
        level = np.nanmedian(corrected[bins.of(name)])
        assert level == pytest.approx(copies.get(name, 2) / 2, abs=0.01)


def test_an_amplified_part_does_not_bend_the_curve():
    bins, gc, mappability = genome()
    gc[bins.of("17")] = np.clip(gc[bins.of("17")] + 0.06, 0, 0.62)
    count = reads(1, bins, gc, mappability, 5000, {"17": 6, "Y": 0})
    corrected, _ = correct(count, gc, mappability, bins.autosomal, SETTINGS)
    own = bins.autosomal & np.isfinite(corrected)
    own[bins.of("17")] = False
    high = gc > np.quantile(gc[own], 0.9)
    assert np.median(corrected[own & high]) == pytest.approx(1, abs=0.03)
    assert np.nanmedian(corrected[bins.of("17")]) == pytest.approx(3, rel=0.05)
    flat, _ = correct(count, gc, mappability, bins.autosomal, {**SETTINGS, "robust_rounds": 0})
    assert np.median(flat[own & high]) < 0.9  # what robust rounds are for


@pytest.mark.parametrize("size", [250_000, 1_000_000])
def test_the_curve_of_a_small_genome_stays_off_zero(size):
    """As few bins as 54, of which the usual share would be two, and some amplified."""
    bins, gc, mappability = genome(
        size=size, lengths={"1": 24_000_000, "2": 18_000_000, "17": 12_000_000}
    )
    uneven = np.random.default_rng(5).gamma(20, 1 / 20, len(bins))
    uneven[bins.of("17")][5:9] *= 5
    for seed in range(10):
        count = reads(seed, bins, gc, mappability, 200, effect=uneven)
        corrected, _ = correct(count, gc, None, bins.autosomal, SETTINGS)
        own = np.isfinite(corrected)
        assert own.mean() > 0.95
        truth = (count / bias(gc, mappability))[own]
        assert np.ptp(np.log2(corrected[own] / truth)) < 2


def test_where_hardly_a_read_is_expected_nothing_is_told():
    bins, gc, mappability = genome()
    usual = np.where(gc < 0.45, 1000.0, 1000 * np.exp(-60 * (gc - 0.45)))  # near 0 at the end
    count = np.random.default_rng(1).poisson(usual).astype(float)
    corrected, expected = correct(count, gc, None, bins.autosomal, SETTINGS)
    assert np.isnan(corrected[(usual < 50) & bins.autosomal]).all()
    assert np.isfinite(corrected[usual > 200]).mean() > 0.99
    assert np.nanmin(expected) > 90


def test_many_samples_are_corrected_as_each_alone():
    bins, gc, mappability = genome()
    counts = np.stack([reads(s, bins, gc, mappability, 20 * 10**s) for s in range(3)])
    counts[1] = 0
    together, expected = correct_many(counts, gc, mappability, bins.autosomal, SETTINGS)
    assert np.isnan(together[1]).all() and np.isnan(expected[1]).all()
    for row, count in enumerate(counts):
        alone = correct(count, gc, mappability, bins.autosomal, SETTINGS)
        np.testing.assert_array_equal(together[row], alone[0])
        np.testing.assert_array_equal(expected[row], alone[1])


@pytest.mark.parametrize("depth", [0.05, 1, 10, 1e6])
def test_the_level_is_right_from_few_reads_to_many(depth):
    bins, gc, mappability = genome(size=200_000)
    count = reads(1, bins, gc, mappability, depth)
    corrected, _ = correct(count, gc, mappability, bins.autosomal, SETTINGS)
    own = bins.autosomal & np.isfinite(corrected)
    ratio = count[own].sum() / (depth * bias(gc, mappability)[own].sum())
    assert corrected[own].mean() == pytest.approx(ratio, rel=0.1)


def test_without_tracks_counts_go_over_their_median():
    bins, gc, mappability = genome()
    count = reads(1, bins, gc, mappability)
    corrected, expected = correct(count, None, None, bins.autosomal, SETTINGS)
    np.testing.assert_allclose(corrected * np.median(count[bins.autosomal]), count)
    assert np.unique(expected).size == 1


def test_an_empty_bin_is_dead_only_where_chance_leaves_none():
    keep = np.ones(1000, bool)
    count = np.r_[np.zeros(10), np.full(990, 50.0)]
    assert dead(count, keep).sum() == 10
    count[10:] = 3
    assert not dead(count, keep).any()
    assert not dead(np.zeros(3), np.zeros(3, bool)).any()


def profile(count, bins, gc, mappability, **more):
    arguments = {"build": None, "normals": None, "settings": SETTINGS, **more}
    return profile_of(bins, count, gc, mappability, **arguments)


def test_bins_that_tell_nothing_are_not_used():
    bins, gc, mappability = genome(lengths={**LENGTHS, "1": 200_000_000})
    mappability = np.clip(mappability + 0.5, 0, 0.99)
    count = reads(1, bins, gc, mappability)
    gc[3], mappability[4], mappability[5], count[6], count[7] = np.nan, 0.89, np.nan, 0, 30
    acgt = np.ones(len(bins))
    acgt[8], acgt[9] = 0.5, np.nan
    found = profile(count, bins, gc, mappability, acgt=acgt, build="hg19")
    assert not found.used[3:10].any()
    assert not found.used[121:125].any()  # the centromere of chromosome 1
    assert found.used[10:121].mean() > 0.97
    assert np.isnan(found.log2[~found.used]).all() and np.isfinite(found.log2[found.used]).all()
    assert np.isnan(found.noise[~found.used]).all() and (found.noise[found.used] > 0).all()
    np.testing.assert_allclose(
        found.log2[found.used], np.log2(found.corrected[found.used]), atol=1e-12
    )


def test_neighbours_are_of_one_contig():
    bins = grid({"1": 40, "2": 20}, 10)
    left, right = neighbours(bins, np.array([True, False, True, True, True, True]))
    assert (left.tolist(), right.tolist()) == ([0, 2, 4], [2, 3, 5])


def test_autosomes_alone_set_the_level():
    bins, gc, mappability = genome(lengths={"1": 100_000_000, "X": 150_000_000, "Y": 60_000_000})
    found = profile(reads(1, bins, gc, mappability, copies={"X": 1, "Y": 1}), bins, gc, mappability)
    own = found.used & bins.autosomal
    assert np.median(found.corrected[own]) == pytest.approx(1, abs=0.005)
    assert np.nanmedian(found.log2[bins.of("X")]) == pytest.approx(-1, abs=0.03)


def test_noise_is_what_neighbours_show():
    bins, gc, mappability = genome()
    rng = np.random.default_rng(5)
    extra = rng.normal(1, 0.1, len(bins))  # more than a Poisson count has
    found = profile(reads(1, bins, gc, mappability, 2000, effect=extra), bins, gc, mappability)
    left, right = neighbours(bins, found.used)
    apart = (found.log2[right] - found.log2[left]) / np.hypot(found.noise[left], found.noise[right])
    assert np.median(np.abs(apart)) == pytest.approx(NORMAL)
    thin = bias(gc, mappability) < np.quantile(bias(gc, mappability), 0.1)
    assert np.nanmedian(found.noise[thin]) > 1.2 * np.nanmedian(found.noise[~thin])
    assert mad(bins, found.log2, found.used) == pytest.approx(0.146, abs=0.02)


def test_one_chromosome_alone_is_corrected():
    lengths = {"6": 170_000_000}
    bins, gc, mappability = genome(lengths=lengths, size=10_000)
    found = profile(reads(1, bins, gc, mappability, 300), bins, gc, mappability)
    assert np.median(found.log2[found.used]) == pytest.approx(0, abs=0.01)
    assert found.used.mean() > 0.9
    only_x = profile(*(v for v in _x()))
    assert np.median(only_x.log2[only_x.used]) == pytest.approx(0, abs=0.02)


def _x():
    bins, gc, mappability = genome(lengths={"X": 60_000_000}, size=100_000)
    return reads(1, bins, gc, mappability, 300), bins, gc, mappability


@pytest.mark.parametrize("n", [1, 2, 3, 12])
def test_a_handful_of_bins_is_no_error(n):
    bins, gc, mappability = genome(lengths={"1": n * 1_000_000})
    found = profile(np.arange(500.0, 500 + n), bins, gc, np.clip(mappability, 0.9, 1))
    assert np.isfinite(found.corrected[found.used]).all() and found.used.any()


def test_a_sample_without_reads_or_bins_has_no_bin_used():
    bins, gc, mappability = genome()
    found = profile(np.zeros(len(bins)), bins, gc, mappability)
    assert not found.used.any()
    measured = quality(found)
    assert (measured.reads, measured.used) == (0, 0) and np.isnan(measured.mad)
    none = np.empty(0)
    assert len(profile(none, grid({}, 1000), none, none).log2) == 0


def test_quality_tells_the_bias_and_that_it_is_gone():
    bins, gc, mappability = genome()
    measured = quality(profile(reads(1, bins, gc, mappability), bins, gc, mappability))
    assert measured.bins == len(bins) and 0.8 < measured.used / measured.bins < 1
    assert measured.gc_correlation_before > 0.7 > 0.1 > abs(measured.gc_correlation_after)
    assert measured.gc_bias_before > 0.1 > 0.02 > measured.gc_bias_after
    assert measured.reads_per_bin == pytest.approx(870, rel=0.1)
