"""Errors: rates of rare kinds, what is a variant among them, and no rate that feeds on itself."""

import numpy as np
import pytest
from counts import RATES, called, simulated

from liquidbiopsy.ctdna import contexts
from liquidbiopsy.ctdna.background import GROUPS, ONE_OF_TWO, LeftOut, counts_of, estimate
from liquidbiopsy.ctdna.background_counts import hidden_variants
from liquidbiopsy.ctdna.background_fit import fitted_rates, true_share
from liquidbiopsy.ctdna.consensus_reads import DUPLEX

ALL = np.ones(6, bool)
TWO = np.array([0, 0, 0, 1, 1, 1])


def test_rates_are_drawn_to_their_group_and_their_class():
    """Kinds of which nothing was seen take the rate of those of the same change."""
    errors, bases = np.array([40.0, 60, 0, 0, 0, 0]), np.array([1e6, 1e6, 1e3, 1e6, 1e6, 0])
    fit = fitted_rates(errors, bases, TWO, ALL, 1e-5)
    rate, unsure = fit.of(np.arange(6))
    assert rate[:2] == pytest.approx([4e-5, 6e-5], rel=0.15)
    assert rate[2] == pytest.approx(5e-5, rel=0.15)  # as its group, not as its class of 2.5e-5
    assert rate[5] < 3e-6 and rate[5] == pytest.approx(rate[3], rel=0.5)
    assert unsure[0] < 0.05 < unsure[2] < unsure[5]


def test_a_site_is_held_against_the_errors_of_others():
    errors, bases = np.array([40.0, 60, 5, 0, 0, 0]), np.full(6, 1e6)
    fit = fitted_rates(errors, bases, TWO, ALL, 1e-5)
    kind = np.array([0])
    without, _ = fit.of(kind, np.array([30.0]), np.array([1e4]))
    fewer = fitted_rates(errors - [30, 0, 0, 0, 0, 0], bases - [1e4, 0, 0, 0, 0, 0], TWO, ALL, 1e-5)
    again, _ = fewer.of(kind)
    assert without == pytest.approx(again, rel=0.25) and without < 0.6 * fit.of(kind)[0]


def test_few_errors_are_known_badly():
    """The mean of a class itself is not known where next to nothing was seen."""
    some, none = (
        fitted_rates(np.full(6, x), np.full(6, 1e6), TWO, ALL, 1e-5).of(np.arange(6))
        for x in (100.0, 0.0)
    )
    assert (none[1] > 1.5).all() and (some[1] < 0.05).all()


@pytest.mark.parametrize(("seen", "hidden"), [(12, 9.0), (3, 10.0), (40, 2.0), (0, 4.0)])
def test_the_share_of_errors_among_errors_and_variants(seen, hidden):
    """Against sums over every number of errors that may have been."""
    errors = np.linspace(0, 200, 200_001)
    log = seen * np.log(errors + hidden) - errors
    weight = np.exp(log - log.max())
    expected = (errors * weight).sum() / weight.sum()
    bounded = max(expected, 1.0)
    assert true_share(seen, hidden) * (seen + 1) == pytest.approx(bounded, rel=1e-3)
    assert true_share(seen, 0) == 1
    assert true_share(2, 5000) == pytest.approx(1 / 3)


def test_rare_variants_hardly_raise_the_rates():
    """A panel so full of variants that more of them than errors are on one duplex molecule."""
    rng = np.random.default_rng(3)
    where = np.sort(rng.choice(np.arange(1, 9999), 120, replace=False))
    shares = 10 ** rng.uniform(-3.3, -1.7, where.size)
    deep, kinds = (25, 20, 350, 1050), contexts.real_changes()
    dense = simulated(6, sites=10_000, depth=deep, variants=list(zip(where, shares, strict=True)))
    clean = called(simulated(6, sites=10_000, depth=deep)).background
    found = called(dense)
    hidden = hidden_variants(dense, found.model.out)
    assert hidden.shape == (4, 2) and 5 < hidden[DUPLEX].sum() < 20
    naive = estimate(counts_of([dense], found.model.out))
    rates = [b.rate[kinds, DUPLEX, 0].mean() for b in (clean, found.background, naive)]
    assert 0.7 < rates[1] / rates[0] < rates[2] / rates[0] - 0.3
    none = LeftOut(np.zeros(dense.sites, bool), frozenset(), frozenset())
    assert hidden_variants(dense, none).sum() == 0  # nothing was found yet


def test_what_is_seen_once_stays_an_error_however_rare():
    """Rates of kinds that seldom err must not fall as their errors are taken for variants."""
    pile = simulated(8, sites=20_000, depth=(25, 20, 350, 1000))
    found = called(pile)
    once = pile.alt_count.sum(axis=(1, 2, 3)) == 1
    keys = (pile.alt_site * 4 + pile.alt_base)[once]
    assert not set(keys.tolist()) & found.model.out.keys
    whole = LeftOut(np.zeros(pile.sites, bool), frozenset(), frozenset())
    all_errors = counts_of([pile], whole).errors[:, DUPLEX].sum()
    assert found.background.errors[:, DUPLEX].sum() >= 0.97 * all_errors


def test_duplex_errors_are_counted_once():
    none = LeftOut(np.zeros(5000, bool), frozenset(), frozenset())
    found = estimate(counts_of([simulated(2, sites=5000)], none))
    assert found.kinds[0].copies[DUPLEX].tolist() == [2, 2]
    assert ONE_OF_TWO.sum() == 128 and set(GROUPS[0].tolist()) == set(range(16))
    assert found.kinds[0].copies[:DUPLEX].tolist() == [[1, 1]] * 3
    assert RATES[DUPLEX] > 0
