"""What a breakpoint must save, held against simulated noise, and how noise is measured."""

import numpy as np
import pytest

from liquidbiopsy.copynumber.segment_noise import drawn_in, joint_variance, neighbour_noise
from liquidbiopsy.copynumber.segment_penalty import a_stretch, expected, one_change, penalty

MEGABASES = (249, 243, 198, 191, 181, 171, 159, 146, 141, 136, 135, 134, 115, 107, 103, 90, 81, 78,
             59, 63, 48, 51, 155)  # fmt: skip


# --- the price


@pytest.mark.parametrize("rows", [1, 20])
def test_the_largest_difference_in_noise_is_as_said(rows):
    rng = np.random.default_rng(rows)
    n, many = 150, 1500
    k = np.arange(1, n)[:, None]
    largest = np.empty(many)
    for i in range(many):
        total = np.cumsum(rng.normal(size=(n, rows)), 0)
        z = (total[:-1] - total[-1] * k / n) ** 2 / (k * (n - k) / n)
        largest[i] = z.sum(1)[1:-1].max()
    for level in np.quantile(largest, [0.8, 0.9, 0.95]):
        assert one_change(n, rows, 2, level) == pytest.approx((largest > level).mean(), rel=0.35)


def test_the_largest_stretch_in_noise_is_as_said():
    rng = np.random.default_rng(2)
    n, many = 60, 1500
    low, high = np.triu_indices(n + 1, 2)
    inner = (low >= 2) & (high <= n - 2)
    low, high = low[inner], high[inner]
    size = high - low
    largest = np.empty(many)
    for i in range(many):
        total = np.concatenate([[0], np.cumsum(rng.normal(size=n))])
        z = total[high] - total[low] - total[-1] * size / n
        largest[i] = (z**2 / (size * (n - size) / n)).max()
    for level in np.quantile(largest, [0.8, 0.9, 0.95]):
        assert a_stretch(n, 1, 2, level) == pytest.approx((largest > level).mean(), rel=0.35)


def test_price_and_expected_number_are_each_others_inverse():
    for rows, allowed in ((1, 0.1), (1, 2.0), (100, 0.5)):
        level = penalty(MEGABASES, rows, 2, allowed)
        assert expected(MEGABASES, rows, 2, level) == pytest.approx(allowed, rel=1e-6)
    assert penalty([3, 1], 1, 2, 0.5) == np.inf
    assert penalty(MEGABASES, 1, 2, 0.1) > penalty(MEGABASES, 1, 2, 1.0)


# --- noise


def test_outliers_alone_are_drawn_in_and_runs_are_kept():
    rng = np.random.default_rng(1)
    y = rng.normal(0, 0.1, 200)
    y[50], y[100:102], y[150] = 2.0, 1.5, -3.0
    w, contig = np.ones(200), np.repeat([0, 1], 100)
    noise = neighbour_noise(y, w, contig)
    assert noise == pytest.approx(0.1, rel=0.2)
    out = drawn_in(y, w, contig, noise, 3.0, 2)
    assert out[50] < 0.6 and out[150] > -0.6
    np.testing.assert_array_equal(out[100:102], y[100:102])
    assert (np.delete(out, [50, 150]) == np.delete(y, [50, 150])).mean() > 0.98
    assert drawn_in(y, w, contig, noise, 3.0, 3)[100] < 0.6


def test_noise_that_neighbours_share_counts_and_steps_do_not():
    rng = np.random.default_rng(3)
    n = 20_000
    white = rng.normal(size=n)
    red = np.empty(n)
    red[0] = white[0]
    for i in range(1, n):
        red[i] = 0.4 * red[i - 1] + white[i]
    one, w = np.zeros(1, np.int64), np.ones(n)
    assert joint_variance(white, w, one) == pytest.approx(1, rel=0.08)
    # (1 + 0.4) / (1 - 0.4) times its variance over sums without end; over 8 bins about 2
    assert 1.7 < joint_variance(red, w, one) / red.var() < 2.4
    many = np.arange(0, n, 40)
    stepped = white + 5 * (np.arange(n) // 40 % 2)
    assert joint_variance(stepped, w, many) == pytest.approx(1, rel=0.1)
    assert neighbour_noise(stepped, w, np.zeros(n)) == pytest.approx(1, rel=0.1)
    assert neighbour_noise(white[:20], w[:20], np.zeros(20)) == np.inf
