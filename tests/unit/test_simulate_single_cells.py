"""Simulated single cells: cells as planned, counts as their copies, the bias of each kind."""

from dataclasses import replace

import numpy as np
import pytest

from liquidbiopsy.simulate.karyotypes import clone_of, draw_clones
from liquidbiopsy.simulate.single_cells import (
    WGA,
    CellParameters,
    count_blocks,
    plan_cells,
    simulate_cells,
    truth_of,
)
from liquidbiopsy.simulate.single_cells_bias import averaged, gc_curve, ground_of, waves_of
from liquidbiopsy.simulate.single_cells_parameters import LEUKOCYTE, Cell
from liquidbiopsy.simulate.whole_genome_builds import AUTOSOMES, CONTIGS, MB, Bins, fixed_bins
from liquidbiopsy.simulate.whole_genome_segments import copies_in, segments_of
from liquidbiopsy.simulate.whole_genome_tracks import Tracks, make_tracks

#: Cells of which nothing but their copies and chance makes the counts.
PLAIN = {"noise": 0.0, "gc_bias": 0.0, "recurrent": 0.0, "site_bias": 0.0, "stray": 0.0}
PLAIN |= {"piles": 0.0, "depth_spread": 0.0, "failed": 0.0}


@pytest.fixture(scope="module")
def tracks() -> Tracks:
    return make_tracks("GRCh38", 5)


@pytest.fixture(scope="module")
def bins() -> Bins:
    return fixed_bins("GRCh38", 500_000)


@pytest.fixture(scope="module")
def good(tracks, bins):
    """Autosomal bins that are mappable almost throughout."""
    gc, mappability = tracks.over(bins)
    return np.isfinite(gc) & (mappability > 0.9) & (bins.contig < AUTOSOMES)


def cell(genomes=(LEUKOCYTE,), **changes) -> Cell:
    """An ordinary cell."""
    one = Cell("c1", "tumour_cell", genomes, 0.05, 1.0, 0.2, 0.1)
    return replace(one, **changes)


# --- which cells ---


def test_a_plan_has_the_cells_that_were_asked_for():
    clones = draw_clones("her2", 7, clones=3, doubled=False)
    p = CellParameters(
        clones, (0.6, 0.3, 0.1), cells=400, normal=0.1, mispicked=0.05, doublets=0.1, failed=0.05
    )
    cells = plan_cells(p)
    assert cells == plan_cells(p) and cells != plan_cells(replace(p, seed=1))
    assert len({c.cell_id for c in cells}) == 400
    truth = truth_of(p, cells, "GRCh38")
    control = truth["role"] == "normal_cell"
    assert control.sum() == 40 and (truth["clone"][control] == "normal").all()
    assert (truth["clone"][~control] == "normal").sum() == 20
    doublets = [c for c in cells if c.doublet]
    assert len(doublets) == 40 and all(len(set(c.genomes)) == 2 for c in doublets)
    assert 10 <= sum(LEUKOCYTE in c.genomes for c in doublets) <= 30
    failures = [c.failed for c in cells if c.failed]
    assert sorted(failures) == ["few_reads"] * 10 + ["low_input"] * 10
    single = truth[~control & (truth["doublet"] == 0) & (truth["clone"] != "normal")]
    shares = single["clone"].value_counts(normalize=True)
    assert shares["clone1"] == pytest.approx(0.6, abs=0.1)
    assert shares["clone3"] == pytest.approx(0.1, abs=0.06)
    ploidy = segments_of(clones, "GRCh38").ploidy
    assert (single["ploidy"] == ploidy[single["clone"].str[-1].astype(int) - 1]).all()
    both = truth[truth["clone"] == "clone1+normal"]["ploidy"]
    assert len(both) and both.to_numpy() == pytest.approx(ploidy[0] + 2)


def test_a_plan_of_one_clone_or_none():
    alone = plan_cells(CellParameters(draw_clones("quiet", 1), cells=50, doublets=0.2))
    assert {c.genomes for c in alone if c.doublet} == {(0, LEUKOCYTE)}
    none = plan_cells(CellParameters(cells=20, doublets=0.5))
    assert {(c.role, c.genomes) for c in none} == {("normal_cell", (LEUKOCYTE,))}
    for changes, said in (
        ({"wga": "pcr"}, "must be one of dop_pcr"), ({"shares": (0.5, 0.5)}, "a share for each"),
        ({"normal": 1.2}, "from 0 to 1"), ({"normal": 0.6, "doublets": 0.6}, "over 1 in all"),
        ({"cells": 0}, "a cell or more"), ({"read_length": 10}, "20 to 300"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            CellParameters(draw_clones("quiet", 1), **changes)


# --- counts ---


def test_counts_are_the_copies_and_nothing_else_where_nothing_else_is(tracks, bins, good):
    clones = draw_clones("her2", 7, clones=2, doubled=False)
    p = CellParameters(clones, cells=6, **PLAIN)
    cells = [cell((0,)), cell((1,)), cell((0, 1)), cell((0, LEUKOCYTE))]
    cells = [replace(c, noise=0.0, depth=0.5) for c in cells]
    made = simulate_cells(p, tracks, bins, cells)
    first, second = copies_in(segments_of(clones, "GRCh38"), bins)
    normal = copies_in(segments_of((), "GRCh38"), bins)[0]
    lit = tracks.sums(tracks.mappability * (tracks.cells.end - tracks.cells.start), bins)
    for k, copies in enumerate((first, second, first + second, first + normal)):
        assert made.copies[k] == pytest.approx(copies)
        mean = lit * copies
        mean *= 0.5 * 3_088_269_832 / 100 / mean.sum()
        there = good & (mean > 0)
        z = ((made.counts[k] - mean)[there]) / np.sqrt(mean[there])
        assert abs(z.mean()) < 0.05 and z.std() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("wga", WGA)
def test_means_follow_copies_in_every_kind(tracks, bins, good, wga):
    clones = (clone_of(["1q+", "16q-", "17q12 (ERBB2)"], 3),)
    p = CellParameters(clones, cells=60, normal=0.5, doublets=0, failed=0, wga=wga, seed=2)
    made = simulate_cells(p, tracks, bins)
    part = made.counts / made.counts.sum(axis=1, keepdims=True)
    tumour = (made.truth["clone"] == "clone1").to_numpy()
    ratio = part[tumour].mean(axis=0)[good] / part[~tumour].mean(axis=0)[good]
    copies = made.copies[tumour][0][good]
    two = np.median(ratio[copies == 2])
    for state in (1, 3, round(float(copies.max()))):
        found = np.mean(ratio[copies == state]) / two
        assert found == pytest.approx(state / 2, rel=0.25 if wga == "mda" else 0.08), state


def test_a_doubled_genome_has_the_double_of_its_copies(tracks, bins):
    clones = draw_clones("luminal", 2, clones=2, doubled=True)
    p = CellParameters(clones, cells=10, normal=0.2, doublets=0, failed=0)
    made = simulate_cells(p, tracks, bins)
    tumour = made.truth["clone"] != "normal"
    assert (made.truth["ploidy"][tumour] > 3).all()
    assert made.truth["reads"].to_numpy() == pytest.approx(made.counts.sum(axis=1), rel=0.01)


# --- what amplification does ---


def residuals(tracks, bins, good, **changes):
    """log2 of leukocytes without their GC curve, shape (cells, bins), and without the baseline."""
    p = CellParameters(cells=40, failed=0, noise_spread=0, depth_spread=0, depth=0.3, **changes)
    made = simulate_cells(p, tracks, bins)
    gc, mappability = tracks.over(bins)
    found = np.log2(np.maximum(made.counts, 1) / mappability.clip(0.1))[:, good]
    for k, row in enumerate(found):
        peak, bend = gc_curve(p, k)
        row += bend * (gc[good] - peak) ** 2 / np.log(2)
    found -= np.median(found, axis=1, keepdims=True)
    return found, found[:20] - found[20:].mean(axis=0)


def test_kinds_differ_as_they_should(tracks, bins, good):
    spread, rough, shared, far = {}, {}, {}, {}
    for wga in WGA:
        raw, rest = residuals(tracks, bins, good, wga=wga, seed=4)
        spread[wga], rough[wga] = rest.std(), np.median(np.abs(np.diff(rest, axis=1)))
        half = raw[:20].mean(axis=0), raw[20:].mean(axis=0)
        shared[wga] = np.cov(*half)[0, 1] / raw.var(axis=1).mean()
        far[wga] = np.mean([np.corrcoef(row[6:], row[:-6])[0, 1] for row in rest])
    assert spread["mda"] > 2.5 * spread["malbac"] > 2.5 * spread["ampli1"]
    assert rough["mda"] > 2.5 * rough["malbac"] and spread["dop_pcr"] < 0.15
    # What recurs is most of MALBAC's bias, and little of MDA's; a baseline takes it out.
    assert shared["malbac"] > 0.5 and shared["mda"] < 0.15
    # The waves of MDA are longer than others': they are seen 3 Mb apart.
    assert far["mda"] > 0.08 and all(far[wga] < 0.05 for wga in WGA if wga != "mda")


def test_malbac_prefers_what_is_rich_in_gc(tracks, bins, good):
    gc = tracks.over(bins)[0][good]
    slope = {}
    for wga in WGA:
        p = CellParameters(cells=4, failed=0, wga=wga, recurrent=0, noise=0)
        part = simulate_cells(p, tracks, bins).counts[:, good]
        slope[wga] = np.polyfit(gc, np.log(part.mean(axis=0)), 1)[0]
    assert slope["malbac"] > 3 > 2 * abs(slope["dop_pcr"])
    curves = [gc_curve(p, k) for k in range(9)]
    assert len(set(curves)) == 9 and gc_curve(replace(p, gc_bias=0), 1)[1] == 0


def test_noise_averages_out_over_amplicons_and_copies(tracks, good):
    # The mean of autocorrelated noise over a width: by hand on a fine grid.
    for width, length in ((500_000, 33_000), (100_000, 200_000)):
        x = np.arange(0, width, width / 2000)
        by_hand = np.exp(-np.abs(x[:, None] - x) / length).mean()
        assert averaged(np.array([width]), length)[0] == pytest.approx(by_hand, rel=0.01)
    quiet = {**PLAIN, "noise": 1.0, "noise_spread": 0.0, "depth_spread": 0.0}
    mda = CellParameters((clone_of(["1q+"], 3),), cells=1, wga="mda", **quiet)
    mda = replace(mda, seed=3)
    found = {}
    for size in (250_000, MB):
        bins = fixed_bins("GRCh38", size)
        lit = tracks.over(bins)[1] > 0.99
        for ploidy, genomes in ((2, (LEUKOCYTE,)), (4, (LEUKOCYTE, LEUKOCYTE))):
            one = cell(genomes, depth=50.0, dropout=0.0)
            counts = simulate_cells(mda, tracks, bins, [one]).counts[0]
            waves = waves_of(mda, ground_of(mda, tracks, bins), one, 0)
            flat = (counts / np.exp2(waves))[lit & (bins.contig < AUTOSOMES)]
            found[size, ploidy] = flat.var() / flat.mean() ** 2
    for (size, ploidy), variance in found.items():
        expected = WGA["mda"].amplicon_spread * averaged(np.array([size]), 33_000)[0] / ploidy
        assert variance == pytest.approx(expected, rel=0.15)


def test_waves_are_as_long_as_the_kind_says_and_the_same_in_bins_of_any_size(tracks):
    p = CellParameters(cells=1, wga="mda")
    small, large = (fixed_bins("GRCh38", size) for size in (500_000, MB))
    one = cell()
    ground = ground_of(p, tracks, small)
    fine = np.array([waves_of(p, ground, one, k) for k in range(30)])
    whole = waves_of(p, ground_of(p, tracks, large), one, 0)
    on = small.contig == 0
    pairs = fine[0][on][: on.sum() // 2 * 2].reshape(-1, 2).mean(axis=1)
    assert whole[large.contig == 0][: len(pairs) - 1] == pytest.approx(pairs[:-1])
    assert fine.std() == pytest.approx(0.25, rel=0.1)
    for lag, expected in ((6, np.exp(-1)), (12, np.exp(-2))):
        found = np.mean(fine[:, lag:] * fine[:, :-lag]) / fine.var()
        assert found == pytest.approx(expected, abs=0.06)


def test_what_went_wrong_is_seen(tracks, bins, good):
    p = CellParameters(cells=60, failed=0.5, depth_spread=0, noise_spread=0, seed=5)
    made = simulate_cells(p, tracks, bins)
    reads = made.counts.sum(axis=1)
    why = made.truth["failure"].to_numpy()
    assert reads[why == "few_reads"].max() < 5500 < 1_000_000 < reads[why != "few_reads"].min()
    part = made.counts[:, good] / made.counts[:, good].mean(axis=1, keepdims=True)
    assert part[why == "low_input"].std(axis=1).min() > 1.5 * part[why == "none"].std(axis=1).max()
    assert made.truth["dropout"][why == "low_input"].min() >= 0.6
    assert ((why != "none") == made.truth["failed"]).all()


def test_another_persons_dna_dampens_the_copies(tracks, bins, good):
    clone = clone_of(["16q-"], 1)
    p = CellParameters((clone,), cells=1, **PLAIN)
    one = cell((0,), noise=0.0, depth=1.0, contamination=0.5)
    counts = simulate_cells(p, tracks, bins, [one]).counts[0]
    event = clone.events[0]
    lost = (bins.contig == CONTIGS.index("16")) & (bins.start > event.start)
    lit = tracks.over(bins)[1]
    lost, kept = (lit > 0.9) & lost & (bins.end < event.end), good & (bins.contig == 1)
    ratio = (counts[lost] / lit[lost]).mean() / (counts[kept] / lit[kept]).mean()
    assert ratio == pytest.approx(0.75, abs=0.02)


def test_cells_are_the_same_in_any_block_and_no_two_are_alike(tracks, bins):
    p = CellParameters(draw_clones("basal", 2, clones=2), cells=7, seed=9, wga="malbac")
    whole = simulate_cells(p, tracks, bins).counts
    for block in (1, 3):
        parts = list(count_blocks(p, tracks, bins, block=block))
        assert np.array_equal(np.concatenate([counts for _, counts in parts]), whole)
        assert parts[-1][0] == slice(6, 7)
    assert len({row.tobytes() for row in whole}) == 7
    other = simulate_cells(replace(p, seed=10), tracks, bins).counts
    assert not np.array_equal(other[0], whole[0])
    # Another run: another bias that recurs, and the same cells.
    apart = replace(p, run=1)
    assert plan_cells(apart) == plan_cells(p)
    fields = [ground_of(one, tracks, bins).shared for one in (p, apart)]
    assert abs(np.corrcoef(*fields)[0, 1]) < 0.1
    uneven = Bins(bins.contig[::3], bins.start[::3], (bins.start[::3] + bins.end[::3]) // 2)
    assert simulate_cells(p, tracks, uneven).counts.shape == (7, len(uneven))
