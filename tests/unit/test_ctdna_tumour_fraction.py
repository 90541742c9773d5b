"""Tumour fraction and copies on profiles made by arithmetic, with the settings as they ship."""

import numpy as np
import pytest
import yaml
from repository import ROOT

from liquidbiopsy.copynumber.bins import Profile, grid
from liquidbiopsy.copynumber.profile import profile_of
from liquidbiopsy.core.settings import with_defaults
from liquidbiopsy.ctdna.tumour_fraction import Estimate, estimate
from liquidbiopsy.ctdna.tumour_fraction_segments import segments_of
from liquidbiopsy.ctdna.tumour_fraction_states import copies_at, level

LENGTHS = {str(k): 100_000_000 for k in range(1, 23)} | {"X": 100_000_000}
CHANGES = {"1": 3, "5": 1, "8": 4, "11": 1, "13": 3, "16": 1, "17": 3, "20": 4}


def wgs() -> dict:
    path = ROOT / "workflow" / "assays" / "ctdna" / "config.schema.yaml"
    return with_defaults({}, yaml.safe_load(path.read_text("utf-8")))["wgs"]


def settings() -> dict:
    return wgs()["copies"]


def profile(
    fraction: float, changes: dict[str, int], noise: float = 0.03, seed: int = 1
) -> Profile:
    """log2 of a woman's plasma whose tumour has other copies on some contigs."""
    bins = grid(LENGTHS, 1_000_000)
    copies = np.array([changes.get(name, 2) for name in bins.chrom()], float)
    ratio = (1 - fraction) + fraction * copies / 2
    log2 = np.log2(ratio / np.median(ratio))
    log2 += np.random.default_rng(seed).normal(0, noise, len(bins))
    unknown, used = np.full(len(bins), np.nan), np.ones(len(bins), bool)
    return Profile(
        bins, unknown, unknown, unknown, np.exp2(log2), log2, np.full(len(bins), noise), used
    )


@pytest.fixture(scope="module")
def measured() -> tuple[Profile, Estimate]:
    made = profile(0.3, CHANGES)
    return made, estimate(made, settings())


def test_fraction_ploidy_and_copies_are_found(measured: tuple[Profile, Estimate]) -> None:
    made, found = measured
    assert found.status == "measured" and found.fraction == pytest.approx(0.3, abs=0.02)
    assert found.fraction_low < found.fraction < found.fraction_high
    truth = [CHANGES.get(name, 2) for name in made.bins.chrom()]
    assert found.ploidy == pytest.approx(np.mean(truth[:2200]), abs=0.05)
    assert np.mean(found.genome.copies == truth) > 0.98


def test_segments_are_the_contigs_that_differ(measured: tuple[Profile, Estimate]) -> None:
    made, found = measured
    told = {s.contig: s for s in segments_of(found, made) if s.bins > 50}
    for contig, copies in CHANGES.items():
        assert told[contig].copies == copies
        assert told[contig].copies_low < copies < told[contig].copies_high


def test_nothing_is_detected_where_nothing_differs() -> None:
    for seed in range(3):
        found = estimate(profile(0.0, {}, seed=seed), settings())
        assert found.status == "not_detected" and np.isnan(found.fraction)
        assert 0 < found.limit < 0.3


def test_the_limit_rises_with_noise() -> None:
    quiet, loud = (
        estimate(profile(0.0, {}, noise=noise), settings()).limit for noise in (0.02, 0.08)
    )
    assert quiet < loud


def test_a_high_amplification_is_told_beyond_the_states() -> None:
    made = profile(0.3, CHANGES)
    own = made.bins.of("17")
    made.log2[own.start + 40 : own.start + 44] = np.log2(0.7 + 0.3 * 25 / 2)
    found = estimate(made, settings())
    assert found.genome.copies[own.start + 41] == pytest.approx(25, abs=4)


def test_too_few_bins_are_inadequate() -> None:
    made = profile(0.3, CHANGES)
    made.used[30:] = False
    made.log2[30:] = np.nan
    found = estimate(made, settings())
    assert found.status == "inadequate" and "30 autosomal bins" in found.reason


@pytest.mark.parametrize(("reads", "status"), [(1, "inadequate"), (40, "not_detected")])
def test_too_few_reads_are_inadequate(reads: int, status: str) -> None:
    """Of a read in a bin noise cannot be told: a limit of 0.06 was stated on 1,000 reads."""
    bins = grid(LENGTHS, 1_000_000)
    count = np.random.default_rng(7).poisson(reads, len(bins)).astype(float)
    made = profile_of(bins, count, None, None, None, None, wgs()["correction"])
    found = estimate(made, settings())
    assert found.status == status
    if status == "inadequate":
        assert found.reason.startswith("1 reads in the middle bin, of 5 at least")
        assert np.isnan(found.limit)


def test_level_and_copies_are_each_others_inverse() -> None:
    copies = np.array([0.0, 1.0, 2.0, 7.5])
    log2 = np.log2(level(0.4, copies)) + 0.1
    np.testing.assert_allclose(copies_at(log2, 0.4, 0.1), copies, atol=1e-9)
