"""Calling: probabilities against twins, errors estimated, nulls that stay nulls."""

import dataclasses

import numpy as np
import pytest
from molecules import SETTINGS
from scipy.special import betaln, binom
from scipy.stats import betabinom

from liquidbiopsy.ctdna import contexts
from liquidbiopsy.ctdna.background import LeftOut, counts_of, estimate
from liquidbiopsy.ctdna.background_fit import among, beta_of, fitted_shape
from liquidbiopsy.ctdna.call import benjamini_hochberg, limit_of_detection
from liquidbiopsy.ctdna.consensus_reads import DUPLEX
from liquidbiopsy.ctdna.library_variants import call_library, normals_of
from liquidbiopsy.ctdna.pileup import Pile
from liquidbiopsy.ctdna.tails import log_none, share_detected, tails, weights_of
from liquidbiopsy.reads.panel import Region

RATES = (3e-4, 5e-5, 1e-5, 5e-7)
"""Errors of a base, to each of three others, by class."""


def simulated(seed, sites=40_000, depth=(50, 100, 1500, 400), uneven=None, variants=()):
    """Make a pile with errors of known rates; `variants` are (site, share of molecules)."""
    rng = np.random.default_rng(seed)
    codes = np.random.default_rng(1).integers(0, 4, sites).astype(np.uint8)
    tri = contexts.trinucleotides(codes)
    of_kind = np.random.default_rng(7).gamma(1.0, 1, contexts.CHANGES)
    mean = np.array(depth)[:, None, None] * np.array([0.47, 0.03])
    deep = rng.poisson(np.broadcast_to(mean, (sites, 4, 2, 2))).astype(np.int32)
    site, base, count = [], [], []
    for step in (1, 2, 3):
        alt = ((codes + step) % 4).astype(np.uint8)
        change = np.maximum(contexts.change_of(tri, alt), 0)
        both = np.stack([of_kind[change], of_kind[contexts.complement(change)]], axis=1)
        if uneven:
            both = both * rng.gamma(uneven, 1 / uneven, (sites, 2))
        rate = np.array(RATES)[:, None, None] * both[:, None, :, None] * np.array([1, 3.0])
        seen = rng.binomial(deep, np.minimum(rate, 0.1)).astype(np.int32)
        for where, share in variants:
            if step == 1:
                seen[where] += rng.binomial(deep[where], share).astype(np.int32)
        seen[tri < 0] = 0
        kept = seen.sum(axis=(1, 2, 3)) > 0
        site.append(np.flatnonzero(kept))
        base.append(alt[kept])
        count.append(seen[kept])
    site, base, count = (np.concatenate(v) for v in (site, base, count))
    order = np.lexsort((base, site))
    return Pile(
        (Region("chr1", 0, sites, ""),), np.array([0, sites]), codes, tri, contexts.tracts(codes),
        deep, np.full(sites, 60.0), site[order], base[order], count[order],
        np.full(site.size, 60.0), (),
    )  # fmt: skip


def called(pile, normals=None, **settings):
    return call_library(pile, (), frozenset(), normals, {**SETTINGS, **settings})


def hits(found, pile):
    threshold = found.evaluated.threshold
    return {e.pos for e in found.evaluated.evidence if e.p <= threshold}


def twin_tail(counts, n, a, b):
    """Add up the probabilities of all counts with as much evidence or more."""
    weights = weights_of(np.array(a, float), np.array(b, float))
    total = {0: 1.0}
    for m, x, y, w in zip(n, a, b, weights.tolist(), strict=True):
        new = {}
        for j in range(m + 1):
            p = binom(m, j) * np.exp(betaln(x + j, y + m - j) - betaln(x, y))
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


def test_benjamini_hochberg():
    p = np.array([0.01, 0.001, 0.02, 0.5])
    assert benjamini_hochberg(p, 10).tolist() == pytest.approx([0.05, 0.01, 0.2 / 3, 1])


def test_the_limit_of_detection_is_detected_so_often():
    n, a, b = np.array([800, 700, 0]), np.array([1.0, 2, 1]), np.array([1e5, 4e6, 10])
    share = share_detected(n, a, b, 1e-6, 2, 0.95)
    rng = np.random.default_rng(3)
    x = rng.binomial(n, share, (4000, 3))
    p = tails(x, np.tile(n, (4000, 1)), np.tile(a, (4000, 1)), np.tile(b, (4000, 1)))
    assert np.mean(p <= 1e-6) == pytest.approx(0.95, abs=0.015)
    assert share_detected([1, 1, 0], a, b, 1e-12, 2, 0.95) is None
    even = limit_of_detection(np.array([3000]), np.array([1.0]), np.array([1e6]), 1e-4, 2)
    assert even == pytest.approx(1 - 0.05 ** (1 / 3000), rel=1) and even > 1 / 3000


def test_rates_are_drawn_to_the_mean_of_their_class():
    errors, bases = np.array([0.0, 400, 20]), np.array([1e3, 1e6, 1e6])
    mean = 421 / (2.001e6 + 1e4)
    fit = among(errors, bases, 1e-4)
    rate, uncertainty = fit.rate(errors, bases)
    assert rate[1] == pytest.approx(4e-4, rel=0.02)
    assert rate[2] == pytest.approx(2e-5, rel=0.3)
    assert 0.5 * mean < rate[0] < 1.1 * mean
    assert uncertainty[0] > 0.3 > uncertainty[1]
    less, _ = fit.rate(errors, bases, np.array([0, 390, 0]))
    assert less[1] < 0.05 * rate[1] and less[0] == rate[0]
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
        assert not hits(found, pile)
        number = 3 * pile.sites
        for p, slack in ((1e-2, 1.0), (1e-3, 1.0), (1e-4, 1.4)):
            assert (found.evaluated.p_values <= p).sum() <= slack * p * number


@pytest.mark.parametrize(("share", "least"), [(0.0025, 0.85), (0.005, 0.98)])
def test_variants_are_found(share, least):
    rng = np.random.default_rng(4)
    where = np.sort(rng.choice(np.arange(1, 19_999), 40, replace=False))
    pile = simulated(5, sites=20_000, depth=(50, 100, 1500, 1400), uneven=2,
                     variants=[(w, share) for w in where])  # fmt: skip
    found = hits(called(pile), pile)
    assert len(found & set(where.tolist())) >= least * 40
    assert not found - set(where.tolist())


def test_a_panel_of_normals_knows_a_site_that_errs():
    bad, real = 500, 900
    normals = [simulated(20 + k, sites=3000, variants=[(bad, 0.004)]) for k in range(4)]
    own = simulated(30, sites=3000, variants=[(bad, 0.004), (real, 0.006)])
    assert hits(called(own), own) == {bad, real}
    assert hits(called(own, normals_of(normals)), own) == {real}


def test_what_is_germline_in_a_normal_is_no_error_there():
    normals = [simulated(20 + k, sites=3000, variants=[(500, 0.5)] * (k == 0)) for k in range(3)]
    own = simulated(30, sites=3000, variants=[(500, 0.01)])
    assert hits(called(own, normals_of(normals)), own) == {500}


def test_the_same_in_any_order_and_twice():
    pile = simulated(9, sites=5000, variants=[(700, 0.02)])
    one, two = called(pile), called(dataclasses.replace(pile))
    assert [e.p for e in one.evaluated.evidence] == [e.p for e in two.evaluated.evidence]
