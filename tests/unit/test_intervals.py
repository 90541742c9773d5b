"""Exact intervals against published tables and against their own definition."""

import pytest
from scipy import stats

from liquidbiopsy.core.intervals import clopper_pearson, exact_poisson

# count -> limits, as tables of Garwood's interval print them
POISSON = {
    0: (0.00, 3.69),
    1: (0.03, 5.57),
    2: (0.24, 7.22),
    3: (0.62, 8.77),
    5: (1.62, 11.67),
    10: (4.80, 18.39),
}


@pytest.mark.parametrize("count", POISSON)
def test_poisson_as_printed(count):
    assert tuple(round(x, 2) for x in exact_poisson(count)) == POISSON[count]


@pytest.mark.parametrize("count", [1, 4, 50, 3000])
def test_poisson_leaves_a_tail_on_each_side(count):
    low, high = exact_poisson(count)
    assert stats.poisson.sf(count - 1, low) == pytest.approx(0.025, rel=1e-6)
    assert stats.poisson.cdf(count, high) == pytest.approx(0.025, rel=1e-6)


def test_poisson_of_another_level_is_wider():
    assert exact_poisson(0, 0.99)[1] == pytest.approx(5.298, abs=1e-3)


def test_clopper_pearson_as_printed():
    assert tuple(round(x, 3) for x in clopper_pearson(14, 52)) == (0.156, 0.410)


@pytest.mark.parametrize(("count", "total"), [(95, 1317), (1, 2), (51, 52), (3, 10_000)])
def test_clopper_pearson_leaves_a_tail_on_each_side(count, total):
    low, high = clopper_pearson(count, total)
    assert low < count / total < high
    assert stats.binom.sf(count - 1, total, low) == pytest.approx(0.025, rel=1e-6)
    assert stats.binom.cdf(count, total, high) == pytest.approx(0.025, rel=1e-6)


def test_clopper_pearson_at_the_ends():
    low, high = clopper_pearson(0, 10)
    assert low == 0 and high == pytest.approx(1 - 0.025**0.1)
    low, high = clopper_pearson(10, 10)
    assert low == pytest.approx(0.025**0.1) and high == 1


@pytest.mark.parametrize(("count", "total"), [(-1, 5), (6, 5), (0, 0)])
def test_no_proportion(count, total):
    with pytest.raises(ValueError, match="is not a proportion"):
        clopper_pearson(count, total)


def test_no_count():
    with pytest.raises(ValueError, match="cannot be negative"):
        exact_poisson(-1)
