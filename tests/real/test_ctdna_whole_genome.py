"""Whole genomes: a real patient against 14 real donors, with the settings as they ship."""

import os
from pathlib import Path

import numpy as np
import pytest
import yaml
from repository import ROOT

from liquidbiopsy.copynumber.bins import Profile
from liquidbiopsy.copynumber.normals import Normals, read_normals
from liquidbiopsy.copynumber.profile import profile_of
from liquidbiopsy.copynumber.tracks import track_on
from liquidbiopsy.copynumber.wig import as_bins, read_wig
from liquidbiopsy.core.settings import with_defaults
from liquidbiopsy.ctdna.tumour_fraction import Estimate, estimate

DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", ROOT.parent / "shared" / "data"))
FOLDER = DATA / "tumour_fraction"
DONORS = [f"HD{k}" for k in (1, 2, 10, 11, 12, 13, 16, 17, 18, 19, 20, 21, 22, 23)]

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="../shared/data is not there")


def settings() -> dict:
    path = ROOT / "workflow" / "assays" / "ctdna" / "config.schema.yaml"
    return with_defaults({}, yaml.safe_load(path.read_text("utf-8")))["wgs"]


@pytest.fixture(scope="module")
def panel() -> Normals:
    return read_normals(str(FOLDER / "healthy_donors_1Mb.log2.tsv"))


def patient(panel: Normals | None) -> tuple[Profile, Estimate]:
    own = settings()
    bins, count = as_bins(read_wig(str(FOLDER / "MBC_315.ctDNA.reads.wig")))
    gc = track_on(bins, read_wig(str(FOLDER / "gc_hg19_1000kb.wig")))
    mappability = track_on(bins, read_wig(str(FOLDER / "map_hg19_1000kb.wig")))
    profile = profile_of(bins, count, gc, mappability, "hg19", panel, own["correction"])
    return profile, estimate(profile, own["copies"])


@pytest.fixture(scope="module")
def measured(panel: Normals) -> tuple[Profile, Estimate]:
    return patient(panel)


def test_fraction_and_ploidy_are_those_of_ichorcna(measured: tuple[Profile, Estimate]) -> None:
    _, found = measured
    assert found.status == "measured" and found.sex == "female"
    assert found.fraction == pytest.approx(0.255, abs=0.03)
    assert found.ploidy == pytest.approx(1.90, abs=0.1)
    assert found.fraction_low < found.fraction < found.fraction_high
    assert [s.score for s in found.solutions] == sorted(
        (s.score for s in found.solutions), reverse=True
    )


def test_without_a_panel_they_are_near(panel: Normals) -> None:
    _, found = patient(None)
    assert found.fraction == pytest.approx(0.265, abs=0.04)
    assert found.ploidy == pytest.approx(1.916, abs=0.1)


def median_copies(found: Estimate, profile: Profile, contig: str, low: float, high: float) -> float:
    """Median copies of the used bins between two places, in Mb."""
    own, bins = profile.bins.of(contig), profile.bins
    within = (bins.start[own] >= low * 1e6) & (bins.end[own] <= high * 1e6)
    copies = found.genome.copies[own][within]
    return float(np.median(copies[copies >= 0]))


def test_the_known_gains_are_there(measured: tuple[Profile, Estimate]) -> None:
    profile, found = measured
    assert median_copies(found, profile, "11", 68, 81) >= 4
    assert median_copies(found, profile, "8", 95, 145) >= 3
    assert median_copies(found, profile, "16", 1, 32) >= 3


def test_states_agree_with_the_stored_segments(measured: tuple[Profile, Estimate]) -> None:
    profile, found = measured
    same, bins = [], profile.bins
    for line in (FOLDER / "MBC_315.ichorcna.seg.txt").read_text().splitlines()[1:]:
        fields = line.split("\t")
        own = bins.of(fields[1].removeprefix("chr"))
        within = (bins.start[own] >= int(fields[2]) - 1) & (bins.end[own] <= int(fields[3]))
        copies = found.genome.copies[own][within & bins.autosomal[own]]
        stored = int(fields[6])
        same += [np.sign(c - 2) == np.sign(stored - 2) for c in copies if c >= 0]
    assert len(same) > 2000 and np.mean(same) >= 0.9


@pytest.mark.parametrize("name", DONORS)
def test_no_tumour_is_detected_in_a_donor(panel: Normals, name: str) -> None:
    """Each against the others; its own log2 is taken as the panel's file has it."""
    others = panel.leave_out(name)
    log2 = panel.log2[:, panel.names.index(name)] - others.median
    log2 = log2 - np.nanmedian(log2[panel.bins.autosomal])
    used, unknown = np.isfinite(log2), np.full(len(panel.bins), np.nan)
    profile = Profile(
        panel.bins, unknown, unknown, unknown, np.exp2(log2), log2, np.full(used.size, 0.02), used
    )
    found = estimate(profile, settings()["copies"])
    assert found.status == "not_detected" and np.isnan(found.fraction)
    assert found.limit > 0
