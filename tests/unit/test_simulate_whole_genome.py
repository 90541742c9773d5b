"""Simulated tracks and counts of whole genomes are what their truth says."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import liquidbiopsy.simulate.demo_whole_genome as demo
from liquidbiopsy.simulate.karyotypes import draw_clones
from liquidbiopsy.simulate.whole_genome import (
    WholeGenomeParameters,
    copies_of,
    expected,
    gc_curve,
    ploidy_of,
    simulate_counts,
)
from liquidbiopsy.simulate.whole_genome_builds import (
    CONTIGS,
    MB,
    Bins,
    fixed_bins,
)
from liquidbiopsy.simulate.whole_genome_segments import copies_in, segments_of
from liquidbiopsy.simulate.whole_genome_tracks import Tracks, make_tracks
from liquidbiopsy.simulate.whole_genome_writers import write_tracks, write_whole_genome

#: A library of which nothing but its copies and chance makes the counts.
PLAIN = {"gc_bias": 0.0, "site_bias": 0.0, "waves": 0.0, "spread": 0.0, "stray": 0.0, "piles": 0.0}


@pytest.fixture(scope="module")
def tracks() -> Tracks:
    return make_tracks("GRCh38", 5)


@pytest.fixture(scope="module")
def bins() -> Bins:
    return fixed_bins("GRCh38", MB)


# --- tracks ---


def test_tracks_are_like_real_ones(tracks, bins):
    gc, mappability = tracks.over(bins)
    known = np.isfinite(gc)
    low, median, high = np.percentile(gc[known], [1, 50, 99])
    assert 0.33 < low < 0.37 and 0.38 < median < 0.42 and 0.49 < high < 0.58
    gaps = np.diff(gc[bins.contig == 1])
    near = np.nanstd(gaps) / np.nanstd(gc[bins.contig == 1])
    assert 0.6 < near < 1.1  # neighbours are alike: independent ones would have 1.41
    autosomal = known & (bins.contig < 22)
    assert 0.95 < np.median(mappability[autosomal]) < 0.99
    assert 0.02 < (mappability[autosomal] < 0.9).mean() < 0.15
    dark = mappability == 0
    assert 150 < dark.sum() < 260 and np.isnan(gc[dark]).all()
    one = bins.contig == 0
    assert dark[one][125:142].all() and not dark[one][[5, 110, 150]].any()
    assert tracks.mappability[[0, -1]].tolist() == [0, 0]
    assert np.nanmean(gc[bins.contig == 18]) > np.nanmean(gc[bins.contig == 3]) + 0.07
    small = fixed_bins("GRCh38", 100_000)
    tenth = tracks.over(small)[1][:10].mean()
    assert tenth == pytest.approx(mappability[0])
    assert np.array_equal(make_tracks("GRCh38", 5).gc, tracks.gc)
    assert not np.array_equal(make_tracks("GRCh38", 6).gc, tracks.gc)


# --- counts ---


def test_counts_are_the_copies_and_nothing_else_where_nothing_else_is(tracks, bins):
    clones = draw_clones("her2", 7, clones=2, doubled=False)
    p = WholeGenomeParameters(clones, (0.8, 0.2), 0.3, seed=1, reads=2e7, **PLAIN)
    counts = simulate_counts(p, tracks, bins)
    assert counts.sum() == pytest.approx(2e7, rel=0.001)
    normal, tumour = copies_of(p, bins, "GRCh38")
    found = segments_of(clones, "GRCh38")
    by_hand = 0.7 * copies_in(segments_of((), "GRCh38"), bins)[0]
    by_hand = by_hand + 0.3 * np.array([0.8, 0.2]) @ copies_in(found, bins)
    assert normal + tumour == pytest.approx(by_hand)
    mean = tracks.sums(tracks.mappability, bins) * (normal + tumour)
    mean *= 2e7 / mean.sum()
    lit = (tracks.over(bins)[1] > 0.5) & (mean > 100)
    z = ((counts - mean) / np.sqrt(np.maximum(mean, 1)))[lit]
    assert abs(z.mean()) < 0.1 and z.std() == pytest.approx(1, abs=0.1)
    assert (counts[tracks.over(bins)[1] == 0] == 0).all()
    assert ploidy_of(p, found) == pytest.approx(0.8 * found.ploidy[0] + 0.2 * found.ploidy[1])
    every, own = expected(p, tracks)
    share = 0.3 * ploidy_of(p, found) / (0.7 * 2 + 0.3 * ploidy_of(p, found))
    assert own.sum() / every.sum() == pytest.approx(share, abs=0.01)


def test_each_bias_is_there_and_of_its_own(tracks, bins):
    def log2(seed=1, **changes):
        p = WholeGenomeParameters(seed=seed, reads=1e9, **{**PLAIN, **changes})
        gc, mappability = tracks.over(bins)
        good = np.isfinite(gc) & (mappability > 0.9) & (bins.contig < 22)
        x = np.log2(np.maximum(simulate_counts(p, tracks, bins), 1) / mappability.clip(0.1))
        return (x - np.median(x[good]))[good], gc[good]

    flat, _ = log2()
    assert flat.std() < 0.005
    bent, gc = log2(gc_bias=1.0)
    assert bent[gc > 0.46].mean() - bent[gc < 0.37].mean() > 0.2
    assert len({gc_curve(WholeGenomeParameters(seed=k)) for k in range(9)}) == 9
    first, second = log2(seed=1, site_bias=0.05)[0], log2(seed=2, site_bias=0.05)[0]
    assert first.std() == pytest.approx(0.05, rel=0.15)
    assert np.corrcoef(first, second)[0, 1] > 0.98
    first, second = log2(seed=1, waves=0.05)[0], log2(seed=2, waves=0.05)[0]
    assert first.std() == pytest.approx(0.05, rel=0.15)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.4
    assert np.corrcoef(first[10:], first[:-10])[0, 1] > 0.4
    noisy = log2(spread=0.04)[0]
    assert noisy.std() == pytest.approx(0.04 / np.log(2), rel=0.1)
    assert abs(np.corrcoef(noisy[1:], noisy[:-1])[0, 1]) < 0.1


def test_sexes_differ_in_x_and_y_and_women_have_a_pile_on_y(tracks, bins):
    shares = {}
    for sex in ("female", "male"):
        counts = simulate_counts(WholeGenomeParameters(seed=3, sex=sex, reads=1e7), tracks, bins)
        x, y = (counts[bins.contig == CONTIGS.index(c)] for c in "XY")
        shares[sex] = np.median(x) / np.median(counts[bins.contig < 22]), y.sum() / 1e7, y.max()
    assert shares["female"][0] == pytest.approx(2 * shares["male"][0], rel=0.05)
    assert shares["female"][1] < 0.001 < 0.002 < shares["male"][1]
    assert shares["female"][2] > 100


def test_equal_seeds_give_equal_counts_and_layers_their_own_streams(tracks, bins):
    p = WholeGenomeParameters(draw_clones("luminal", 2), fraction=0.1, seed=4)
    counts = simulate_counts(p, tracks, bins)
    assert np.array_equal(counts, simulate_counts(p, tracks, bins))
    assert not np.array_equal(counts, simulate_counts(replace(p, seed=5), tracks, bins))
    assert np.array_equal(
        expected(p, tracks)[0], expected(replace(p, reads=9, spread=1), tracks)[0]
    )
    for changes, said in (
        ({"fraction": 1.2}, "from 0 to 1"), ({"clones": ()}, "needs the tumour"),
        ({"shares": (0.5, 0.5)}, "a share for each"), ({"shares": (0.5,)}, "add up to 0.5"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            replace(p, **changes)


# --- files ---


def read(path: Path) -> dict[str, list[str]]:
    """Values of a WIG by its declaration lines."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        if line.startswith("fixedStep"):
            found[line] = values = []
        else:
            values.append(line)
    return found


@pytest.mark.parametrize("prefix", ["", "chr"])
def test_wigs_are_as_hmmcopy_writes_them(tmp_path, tracks, prefix):
    clones = draw_clones("luminal", 2, clones=2)
    p = WholeGenomeParameters(clones, fraction=0.2, library_id="lib")
    written = write_whole_genome(tmp_path, p, tracks, prefix=prefix)
    found = read(written.wig)
    heads = [f"fixedStep chrom={prefix}{c} start=1 step=1000000 span=1000000" for c in CONTIGS]
    assert list(found) == heads and written.wig.name == "lib.simulated.wig"
    assert [int(x) for values in found.values() for x in values] == written.counts.tolist()
    gc, mappability = (read(path) for path in write_tracks(tmp_path, tracks, prefix=prefix))
    assert list(gc) == list(mappability) == heads
    assert all(len(gc[h]) == len(mappability[h]) == len(found[h]) for h in heads)
    assert gc[heads[0]][130] == "-1" and mappability[heads[0]][130] == "0"
    assert all(x == "-1" or 0.3 < float(x) < 0.7 for values in gc.values() for x in values)
    truth = pd.read_csv(tmp_path / "lib.truth.tsv", sep="\t", comment="#").iloc[0]
    assert truth["fraction"] == 0.2 and truth["build"] == "GRCh38" and truth["sex"] == "female"
    segments = pd.read_csv(tmp_path / "lib.segments.tsv", sep="\t", comment="#", dtype={0: str})
    assert (segments["copies"] == segments[["clone1", "clone2"]].mean(axis=1)).all()
    length = (segments["end"] - segments["start"])[~segments["chrom"].isin(["X", "Y"])]
    mean = np.average(segments["copies"][length.index], weights=length)
    assert truth["ploidy"] == pytest.approx(mean, abs=1e-4)
    for file in tmp_path.glob("*.tsv"):
        assert "SIMULATED" in file.read_text().splitlines()[0]


def test_nothing_is_shared_with_the_analysis():
    folder = Path(demo.__file__).parent
    files = [*folder.glob("*whole_genome*.py"), folder / "karyotypes.py"]
    assert len(files) >= 9
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("liquidbiopsy"):
                assert node.module.split(".")[1] in ("core", "simulate"), file.name
