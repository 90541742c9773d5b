"""Calling: probabilities against twins, errors estimated, nulls that stay nulls."""

import dataclasses

import numpy as np
import pytest
from counts import RATES, called, hits, simulated
from molecules import SETTINGS
from scipy.special import betaln, binom, gammaincinv
from scipy.stats import betabinom

from liquidbiopsy.core.intervals import exact_poisson
from liquidbiopsy.ctdna import contexts
from liquidbiopsy.ctdna.background import LeftOut, counts_of, estimate
from liquidbiopsy.ctdna.background_fit import beta_of, fitted_shape
from liquidbiopsy.ctdna.budget import Budget, budget_of
from liquidbiopsy.ctdna.call import limit_of_detection
from liquidbiopsy.ctdna.consensus_reads import DUPLEX
from liquidbiopsy.ctdna.library_variants import call_library, normals_of
from liquidbiopsy.ctdna.tails import log_none, share_detected, tails, weights_of
from liquidbiopsy.reads.hotspots import Codon


def twin_tail(counts, n, a, b, factor=1.0):
    """Add up the probabilities of all counts with as much evidence or more."""
    weights = weights_of(np.array(a, float), np.array(b, float))
    total = {0: 1.0}
    for m, x, y, w in zip(n, a, b, weights.tolist(), strict=True):
        new = {}
        for j in range(m + 1):
            z = (x + y) / factor - x
            p = binom(m, j) * np.exp(betaln(x + j, z + m - j) - betaln(x, z))
            for t, q in total.items():
                new[t + j * w] = new.get(t + j * w, 0) + p * q
        total = new
    evidence = int((np.array(counts) * weights).sum())
    return sum(q for t, q in total.items() if t >= evidence)


@pytest.mark.parametrize(
    ("counts", "n", "a", "b"),
    [
        ([1, 0, 0], [20, 10, 5], [1, 1, 1], [1e3, 1e4, 1e6]),
        ([2, 1, 0], [20, 10, 5], [0.5, 2, 1], [50, 2e4, 1e6]),
        ([0, 3, 2], [20, 10, 5], [0.5, 2, 1], [50, 2e4, 1e6]),
        ([9, 3, 0], [20, 10, 5], [0.2, 20, 1], [50, 2e4, 1e6]),
        ([0, 0, 5], [20, 10, 5], [0.2, 20, 1], [50, 2e4, 1e6]),
    ],
)
def test_the_tail_is_exact(counts, n, a, b):
    got = tails([counts], [n], [a], [b])[0]
    assert got == pytest.approx(twin_tail(counts, n, a, b), rel=1e-4)


@pytest.mark.parametrize("shared", [0.5, 1, 3])
def test_a_factor_of_all_strata_is_integrated_over(shared):
    """Against a fine grid over the gamma distribution."""
    n, a, b = [20, 10, 5], [0.5, 2, 1], [5e3, 2e5, 1e6]
    factor = gammaincinv(1 / shared, (np.arange(500) + 0.5) / 500) * shared
    for counts in ([1, 1, 0], [0, 0, 2], [1, 0, 1]):
        exact = np.mean([twin_tail(counts, n, a, b, g) for g in factor])
        got = tails([counts], [n], [a], [b], shared)[0]
        assert got == pytest.approx(exact, rel=0.08)
    apart, together = (tails([[0, 0, 2]], [n], [a], [b], x)[0] for x in (0.0, shared))
    assert together > (1 + 0.8 * shared) * apart
    assert tails([[1, 0, 0]], [n], [a], [b], 1e-5) == tails([[1, 0, 0]], [n], [a], [b])


@pytest.mark.parametrize("k", [1, 2, 5, 30])
def test_one_stratum_is_a_beta_binomial(k):
    got = tails([[k]], [[3000]], [[2.0]], [[2e4]])[0]
    terms = betabinom.pmf(np.arange(k, 3001), 3000, 2, 2e4)
    assert got == pytest.approx(terms.sum(), rel=1e-6)


@pytest.mark.parametrize(("n", "a", "b"), [(3000, 2.0, 3e7), (50, 0.3, 60), (900, 40, 1e5)])
def test_none_by_the_product(n, a, b):
    expected = np.log1p(-a / (a + b + np.arange(n))).sum()
    assert log_none(n, a, b) == pytest.approx(expected, rel=1e-10, abs=1e-14)


def test_golden_probabilities():
    n, a, b = [[1500, 1400]], [[2.0, 1.0]], [[2e5, 3e6]]
    got = tails([[1, 0], [5, 0], [0, 2], [2, 1], [300, 300]], n * 5, a * 5, b * 5)
    golden = [0.0152924, 1.79911e-10, 3.09688e-07, 9.55937e-08, 1e-300]
    assert got == pytest.approx(golden, rel=1e-4, abs=0)


def test_the_limit_of_detection_is_detected_so_often():
    n, a, b = np.array([800, 700, 0]), np.array([1.0, 2, 1]), np.array([1e5, 4e6, 10])
    share = share_detected(n, a, b, 0.0, 1e-6, 2, 0.95)
    rng = np.random.default_rng(3)
    x = rng.binomial(n, share, (4000, 3))
    p = tails(x, np.tile(n, (4000, 1)), np.tile(a, (4000, 1)), np.tile(b, (4000, 1)))
    assert np.mean(p <= 1e-6) == pytest.approx(0.95, abs=0.015)
    assert share_detected([1, 1, 0], a, b, 0.0, 1e-12, 2, 0.95) is None
    even = limit_of_detection(np.array([3000]), np.array([1.0]), np.array([1e6]), 0.0, 1e-4, 2)
    assert even == pytest.approx(1 - 0.05 ** (1 / 3000), rel=1) and even > 1 / 3000


def test_beta_of_mean_and_dispersion():
    a, b = beta_of(np.array(1e-3), np.array(2.0))
    mean, variance = a / (a + b), a * b / (a + b) ** 2 / (a + b + 1)
    assert (mean, variance / mean**2) == pytest.approx((1e-3, 2.0))


@pytest.mark.parametrize("shape", [0.5, 3])
def test_unevenness_of_sites_is_found_beside_variants(shape):
    rng = np.random.default_rng(2)
    mean = rng.uniform(0.05, 2, 60_000)
    counts = rng.poisson(mean * rng.gamma(shape, 1 / shape, mean.size)).astype(float)
    assert fitted_shape(counts, mean) == pytest.approx(shape, rel=0.1)
    counts[:60] += rng.integers(3, 400, 60)
    assert fitted_shape(counts, mean, variants=True) == pytest.approx(shape, rel=0.15)


def test_errors_are_counted_by_the_strand_they_were_read_from():
    """Every C>T before G on one strand: one kind; the complement opposite is the same kind."""
    pile = simulated(1, sites=2000)
    none = LeftOut(np.zeros(pile.sites, bool), frozenset(), frozenset())
    counts = counts_of([pile], none)
    number = contexts.change_number("ACG>T")
    forward = (pile.trinucleotide == number >> 2).nonzero()[0]
    reverse = (pile.trinucleotide == int(contexts.complement(number)) >> 2).nonzero()[0]
    bases = pile.depth[forward, 2, 0, 0].sum() + pile.depth[reverse, 2, 1, 0].sum()
    assert counts.bases[number, 2, 0] == bases
    seen = sum(int(pile.count(s, 3)[2, 0, 0]) for s in forward)
    seen += sum(int(pile.count(s, 0)[2, 1, 0]) for s in reverse)
    assert counts.errors[number, 2, 0] == seen
    both = [counts.bases[k, DUPLEX, 0] for k in (number, contexts.complement(number))]
    assert both[0] == both[1] == pile.depth[[*forward, *reverse], DUPLEX, :, 0].sum()


def test_background_finds_the_rates():
    pile = simulated(1)
    none = LeftOut(np.zeros(pile.sites, bool), frozenset(), frozenset())
    found = estimate(counts_of([pile], none))
    of_kind = np.random.default_rng(7).gamma(1.0, 1, contexts.CHANGES)
    kinds = contexts.real_changes()
    for group, near, times in ((0, 0, 1), (2, 0, 1), (2, 1, 3)):
        real = RATES[group] * of_kind[kinds] * times
        ratio = found.rate[kinds, group, near].sum() / real.sum()
        assert ratio == pytest.approx(1, abs=0.15)
    close = found.rate[kinds, 2, 0] / (RATES[2] * of_kind[kinds])
    frequent = of_kind[kinds] > 0.3
    assert np.median(np.abs(np.log(close[frequent]))) < 0.25


@pytest.mark.parametrize("uneven", [None, 2, 0.7])
def test_a_null_stays_a_null(uneven):
    """No false call on 80,000 bases, and no more small p-values than there should be."""
    for seed in (11, 12):
        pile = simulated(seed, uneven=uneven)
        found = called(pile)
        assert not hits(found)
        number = 3 * pile.sites
        for p, slack in ((1e-2, 1.0), (1e-3, 1.0), (1e-4, 1.4)):
            assert (found.evaluated.p_values <= p).sum() <= slack * p * number


@pytest.mark.parametrize(("share", "least"), [(0.0025, 0.85), (0.005, 0.98)])
def test_variants_are_found(share, least):
    rng = np.random.default_rng(4)
    where = np.sort(rng.choice(np.arange(1, 19_999), 40, replace=False))
    pile = simulated(5, sites=20_000, depth=(50, 100, 1500, 1400), uneven=2,
                     variants=[(w, share) for w in where])  # fmt: skip
    found = hits(called(pile))
    assert len(found & set(where.tolist())) >= least * 40
    assert not found - set(where.tolist())


def test_a_panel_of_normals_knows_a_site_that_errs():
    bad, real = 500, 900
    normals = [simulated(20 + k, sites=3000, variants=[(bad, 0.004)]) for k in range(4)]
    own = simulated(30, sites=3000, variants=[(bad, 0.004), (real, 0.006)])
    assert hits(called(own)) == {bad, real}
    assert hits(called(own, normals_of(normals))) == {real}


def test_what_is_germline_in_a_normal_is_no_error_there():
    normals = [simulated(20 + k, sites=3000, variants=[(500, 0.5)] * (k == 0)) for k in range(3)]
    own = simulated(30, sites=3000, variants=[(500, 0.01)])
    assert hits(called(own, normals_of(normals))) == {500}


def test_what_errors_may_do_is_added_up():
    budget = Budget(np.array([1e-8, 1e-6, 1e-3]), np.array([1e-3, 2e-3, 4.0]))
    assert budget.expected([1e-9, 1e-8, 5e-7, 1]).tolist() == pytest.approx([0, 1e-3, 1e-3, 4.003])
    assert [budget.threshold(x) for x in (5e-4, 1e-3, 2e-3, 3.1e-3, 5)] == [0, 1e-8, 1e-8, 1e-6, 1]
    q = budget.q(np.array([1e-3, 1e-6, 1e-8, 1e-9]))
    assert q == pytest.approx([1, 1e-3, 5e-4, 0])


def test_the_budget_is_that_of_the_tests():
    """Against the p-values of counts drawn from the model's own beta-binomials."""
    pile = simulated(3, sites=400, depth=(50, 100, 1500, 400))
    settings = {**SETTINGS, "prior_weight": 1}
    model = called(pile).model
    budget = budget_of(pile, model, settings)
    rng = np.random.default_rng(1)
    sites = np.flatnonzero(pile.trinucleotide >= 0)
    n, draws = pile.depth[sites], 60
    tests = [
        model.substitutions(pile, sites * 4 + (pile.reference[sites] + step) % 4)
        for step in (1, 2, 3)
    ]
    for lengths in ((1, 0), (0, 1)):
        gaps = [model.gap(*lengths, int(tract)) for tract in pile.tract[sites]]
        tests.append(tuple(np.array(v) for v in zip(*gaps, strict=True)))
    seen = dict.fromkeys((1e-2, 1e-3, 1e-4), 0)
    for k, (a, b) in enumerate(tests):
        shared = model.shared(k > 2)
        for _ in range(draws):
            factor = rng.gamma(1 / shared, shared, (sites.size, 1, 1, 1))
            rate = np.minimum(rng.beta(a, (a + b) / factor - a), 0.5)
            p = tails(rng.binomial(n, rate), n, a, b, shared)
            for level in seen:
                seen[level] += int((p <= level).sum())
    for level, count in seen.items():
        low, high = exact_poisson(count, 0.999)
        assert low < draws * budget.expected(level) < high


def test_a_hotspot_needs_less_evidence_and_the_others_pay():
    where = 900
    pile = simulated(31, sites=3000, depth=(50, 50, 350, 1000))
    codon = Codon("G", "H1", "chr1", where - 1, where + 2, "+", "substitution", "b")
    settings = {**SETTINGS, "max_q": 1.0}
    found = [call_library(pile, codons, frozenset(), None, settings) for codons in ((), (codon,))]
    without, with_it = (c.evaluated.threshold for c in found)
    assert with_it <= without <= 1.2 * with_it
    base = (pile.reference[where] + 1) % 4
    seen = np.zeros((1, 4, 2, 2), np.int32)
    seen[0, DUPLEX, 0, 0] = seen[0, 2, 0, 0] = 1
    kept = ~((pile.alt_site == where) & (pile.alt_base == base))
    at = int((pile.alt_site[kept] * 4 + pile.alt_base[kept] < where * 4 + int(base)).sum())
    more = dataclasses.replace(
        pile,
        alt_site=np.insert(pile.alt_site[kept], at, where),
        alt_base=np.insert(pile.alt_base[kept], at, base),
        alt_count=np.insert(pile.alt_count[kept], at, seen, axis=0),
        alt_mapq=np.insert(pile.alt_mapq[kept], at, 60.0),
    )
    for codons, weight in (((), 1), ((codon,), SETTINGS["prior_weight"])):
        told = call_library(more, codons, frozenset(), None, settings)
        (own,) = [e for e in told.evaluated.evidence if e.pos == where and e.having.sum() == 2]
        assert own.threshold == pytest.approx(weight * told.evaluated.threshold)
        assert own.limit >= own.threshold


def test_the_same_in_any_order_and_twice():
    pile = simulated(9, sites=5000, variants=[(700, 0.02)])
    one, two = called(pile), called(dataclasses.replace(pile))
    assert [e.p for e in one.evaluated.evidence] == [e.p for e in two.evaluated.evidence]
