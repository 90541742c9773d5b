"""Segmentation: the optimum beside a plain twin, false breakpoints, truth, and odd input."""

import numpy as np
import pytest

from liquidbiopsy.copynumber.bins import grid
from liquidbiopsy.copynumber.segment import segment, segment_rows
from liquidbiopsy.copynumber.segment_kernel import _path, cheapest
from liquidbiopsy.copynumber.segments import segments_of

SETTINGS = {"min_bins": 2, "false_breakpoints": 0.5, "outlier_sd": 3.0}
MEGABASES = (249, 243, 198, 191, 181, 171, 159, 146, 141, 136, 135, 134, 115, 107, 103, 90, 81, 78,
             59, 63, 48, 51, 155)  # fmt: skip
GENOME = np.repeat(np.arange(23), MEGABASES)
STARTS = np.flatnonzero(np.diff(GENOME, prepend=-1))
N = GENOME.size


def own(found):
    """Breakpoints that are not merely the first bin of a contig."""
    return np.setdiff1d(found.first, STARTS)


def steps(n, places, sizes, rng, sd=1.0):
    y = rng.normal(0, sd, n)
    for (low, high), size in zip(places, sizes, strict=True):
        y[low:high] += size
    return y


# --- the optimum


def plain(y, w, price, min_bins):
    """Segment ends of least cost of one contig, over all pairs of bins; y and w (m, n)."""
    n = y.shape[1]

    def cost(low, high):
        part, weight = y[:, low:high], w[:, low:high]
        mean = (weight * part).sum(1) / np.maximum(weight.sum(1), 1e-300)
        return float((weight * (part - mean[:, None]) ** 2).sum())

    best, before = np.full(n + 1, np.inf), np.zeros(n + 1, int)
    best[0] = 0
    for end in range(1, n + 1):
        for low in range(end):
            if end - low < min_bins and not (low == 0 and end == n):
                continue
            total = best[low] + cost(low, end) + (price[low] if low else 0)
            if total < best[end] - 1e-9:
                best[end], before[end] = total, low
    ends = [n]
    while ends[-1]:
        ends.append(int(before[ends[-1]]))
    return ends[::-1]


@pytest.mark.parametrize("rows", [1, 2, 7])
@pytest.mark.parametrize("min_bins", [1, 2, 5])
@pytest.mark.parametrize("seed", range(3))
def test_the_optimum_is_that_of_all_pairs(rows, min_bins, seed):
    rng = np.random.default_rng([rows, min_bins, seed])
    n = 60
    y = rng.normal(size=(rows, n))
    for low, high in ((10, 13), (30, 45)):
        y[: (rows + 1) // 2, low:high] += rng.uniform(1, 3)
    w = rng.uniform(0.5, 2, (rows, n)) * (rng.random((rows, n)) > 0.1 * (rows > 1))
    price = rng.uniform(2, 5, n) + rows
    starts = np.array([0, 22])
    expected_first = [
        low + end
        for low, high in ((0, 22), (22, n))
        for end in plain(y[:, low:high], w[:, low:high], price[low:high], min_bins)[:-1]
    ]
    found = cheapest(y, w, starts, price, min_bins)
    np.testing.assert_array_equal(found, expected_first)


def test_a_contig_shorter_than_a_segment_is_one():
    y = np.array([[0.0, 9, 9, 9, 0, 0, 0]])
    found = cheapest(y, np.ones_like(y), np.array([0, 3, 6]), np.full(7, 0.1), 2)
    assert found.tolist() == [0, 3, 6] or found.tolist() == [0, 3, 4, 6]
    assert 0 in found and 3 in found and 6 in found and 1 not in found


@pytest.mark.parametrize("rows", [1, 3])
def test_a_contig_of_many_bins_has_the_same_breakpoints(rows):
    rng = np.random.default_rng(4)
    n = 5000
    y = rng.normal(size=(rows, n))
    for low, high, size in ((300, 303, 6), (900, 1500, 1), (2500, 2520, 2.5), (4000, 4990, -0.8)):
        y[:, low:high] += size
    w, price = np.ones_like(y), np.full(n, 14.0 + rows)
    total = np.vstack([np.zeros(rows), np.cumsum(y.T, 0)])
    weight = np.vstack([np.zeros(rows), np.cumsum(w.T, 0)])
    exact = _path(total, weight, np.arange(n + 1), price, 2)[:-1]
    assert len(exact) >= 8
    np.testing.assert_array_equal(cheapest(y, w, np.array([0]), price, 2), exact)


# --- false breakpoints and truth


def shaped(rng, kind):
    if kind == "t":
        return rng.standard_t(4, N)
    y = rng.normal(size=N)
    if kind == "wave":
        y += 0.3 * np.sin(2 * np.pi * np.arange(N) / rng.uniform(30, 80))
    if kind == "red":
        for i in range(1, N):
            y[i] += 0.3 * y[i - 1]
    return y


@pytest.mark.parametrize("kind", ["normal", "t", "wave", "red"])
def test_a_genome_without_changes_has_few_breakpoints(kind):
    genomes = [shaped(np.random.default_rng([seed, 77]), kind) for seed in range(40)]
    found = sum(own(segment(y, np.ones(N), GENOME, SETTINGS)).size for y in genomes)
    assert found <= 40 * 0.5 * 1.6  # three standard deviations of 20 over what is allowed


def test_rows_without_changes_have_few_breakpoints_together():
    people = [np.random.default_rng(seed).normal(size=(12, N)) for seed in range(12)]
    found = sum(own(segment(y, np.ones(N), GENOME, SETTINGS)).size for y in people)
    assert found <= 13  # three standard deviations of 6 over what is allowed


def test_changes_are_found_where_they_are():
    rng = np.random.default_rng(8)
    places = [(20, 70), (300, 304), (700, 720), (1500, 1502)]
    y = steps(N, places, [2, 5, -2.5, 9], rng)
    edges = sorted(e for place in places for e in place)
    found = own(segment(y, np.ones(N), GENOME, SETTINGS))
    assert all(np.abs(found - edge).min() <= 1 for edge in edges) and found.size <= len(edges) + 1


def test_scale_and_level_do_not_matter_and_weights_do():
    rng = np.random.default_rng(9)
    y = steps(N, [(100, 160), (800, 810)], [1.5, 4], rng)
    first = segment(y, np.ones(N), GENOME, SETTINGS).first
    again = segment(0.01 * y - 3, np.full(N, 7.0), GENOME, SETTINGS)
    np.testing.assert_array_equal(again.first, first)
    assert again.noise[0] / np.sqrt(7) == pytest.approx(0.01, rel=0.15)
    doubtful = np.ones(N)
    doubtful[800:810] = 1e-3
    assert not np.isin([800, 810], segment(y, doubtful, GENOME, SETTINGS).first).any()


def test_weak_breakpoints_of_many_rows_are_found_together_and_then_in_each():
    rng = np.random.default_rng(10)
    rows, edges = 40, (120, 135, 900, 930)
    y = rng.normal(size=(rows, N))
    y[:20, 120:135] += 1
    y[:20, 900:930] -= 0.8
    y[5, 1800:1830] += 3  # in one row alone
    together = segment(y, np.ones(N), GENOME, SETTINGS)
    assert all(np.abs(own(together) - edge).min() <= 1 for edge in edges) and own(together).size < 7
    each = segment_rows(y, np.ones(N), GENOME, together, SETTINGS)
    alone = [segment(row, np.ones(N), GENOME, SETTINGS) for row in y]

    def hits(found, some):
        return sum(bool((np.abs(own(f) - edge) <= 1).any()) for f in found[some] for edge in edges)

    with_it, without = slice(0, 20), slice(20, rows)
    assert hits(each, with_it) > 1.8 * hits(alone, with_it)
    assert sum(own(f).size for f in each[without]) <= 1.5 * 20
    assert all(np.abs(own(each[5]) - edge).min() <= 1 for edge in (1800, 1830))


def test_what_all_rows_share_of_noise_is_not_taken_for_evidence():
    rng = np.random.default_rng(11)
    y = rng.normal(size=(60, N)) + 0.5 * rng.normal(size=N)
    assert own(segment(y, np.ones(N), GENOME, SETTINGS)).size <= 3


# --- odd input


def test_bins_without_data_are_passed_by():
    rng = np.random.default_rng(12)
    y = steps(N, [(100, 140)], [3], rng)
    holes = np.arange(N) % 3 == 1
    gone = y.copy()
    gone[holes], gone[400:420] = np.nan, np.inf
    found = segment(gone, np.ones(N), GENOME, SETTINGS)
    kept = np.flatnonzero(np.isfinite(gone))
    alone = segment(gone[kept], np.ones(kept.size), GENOME[kept], SETTINGS)
    np.testing.assert_array_equal(found.first, kept[alone.first])
    assert (np.abs(found.first[:, None] - [100, 140]).min(0) <= 2).all()


def test_little_or_no_data_gives_no_breakpoint():
    none = segment(np.full(N, np.nan), np.ones(N), GENOME, SETTINGS)
    assert none.first.size == 0 and np.isnan(none.noise).all()
    few = np.full(N, np.nan)
    few[:6] = [0, 0, 0, 9, 9, 9]
    found = segment(few, np.ones(N), GENOME, SETTINGS)
    assert found.first.tolist() == [0] and np.isnan(found.noise).all()
    rows = np.random.default_rng(1).normal(size=(3, N))
    rows[1] = np.nan
    rows[2, 12:] = np.nan
    joint = segment(rows, np.ones(N), GENOME, SETTINGS)
    assert np.isnan(joint.noise[1]) and np.isfinite(joint.noise[0])
    each = segment_rows(rows, np.ones(N), GENOME, joint, SETTINGS)
    assert each[1].first.size == 0 and each[2].first.tolist() == [0]


def test_levels_without_noise_are_found_exactly():
    y = np.zeros(N)
    y[100:110] = 1
    found = segment(y, np.ones(N), GENOME, SETTINGS)
    assert own(found).tolist() == [100, 110] and np.isfinite(found.noise).all()


def test_segments_hold_places_means_and_errors():
    bins = grid({"chr1": 10_000, "chr2": 5_500, "chrX": 3_000}, 100)
    rng = np.random.default_rng(13)
    y = rng.normal(0, 0.1, len(bins))
    y[40:60] += 1
    y[bins.of("X")] = np.nan
    y[[0, 40, 154]] = np.nan
    weight = np.ones(len(bins))
    found = segment(y, weight, bins.contig, SETTINGS)
    got = segments_of(bins, y, weight, found, SETTINGS)
    assert got.chrom() == ["1", "1", "1", "2"]
    assert got.start.tolist() == [100, 4100, 6000, 10_000 - 10_000]
    assert got.end.tolist() == [4000, 6000, 10_000, 5_400]
    assert got.bins.tolist() == [39, 19, 40, 54]
    assert got.first.tolist() == [1, 41, 60, 100] and got.last.tolist() == [39, 59, 99, 153]
    for k, (low, high) in enumerate(zip(got.first, got.last, strict=True)):
        assert got.mean[k] == pytest.approx(np.nanmean(y[low : high + 1]), abs=0.02)
        assert got.error[k] == pytest.approx(0.1 / np.sqrt(got.bins[k]), rel=0.4)
    nothing = segments_of(bins, np.full(len(bins), np.nan), weight, found, SETTINGS)
    assert len(nothing) == 0 and nothing.chrom() == []
