"""Integer profiles of cells: against truth, at the edges, as rows; kernels' plain twins."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from picked_cells import (
    BINS,
    DOUBLED,
    GC,
    MAPPABILITY,
    NORMAL,
    SETTINGS,
    SISTER,
    TUMOUR,
    cell,
    copies_of,
    made,
    profiled,
    right,
)

from liquidbiopsy.copynumber.bins import Bins
from liquidbiopsy.scdna import joint
from liquidbiopsy.scdna.cell_tables import read_cells
from liquidbiopsy.scdna.copies import usual_prices
from liquidbiopsy.scdna.copies_kernel import likeliest
from liquidbiopsy.scdna.gene_places import run_lengths, sex_of
from liquidbiopsy.scdna.observe import of_genes
from liquidbiopsy.scdna.profiles import UNKNOWN
from liquidbiopsy.scdna.rows import bin_rows, cell_rows, gene_rows, segment_rows


@pytest.fixture(scope="module")
def specimen():
    kinds = [TUMOUR] * 8 + [SISTER] * 6 + [NORMAL] * 3
    return kinds, made(kinds, [True] * 14 + [False] * 3)


def test_copies_are_those_of_the_truth(specimen):
    kinds, (matrix, quality, profiles) = specimen
    assert quality.passed.all() and (profiles.confidence > 0.8).all()
    for k, kind in enumerate(kinds):
        assert right(profiles, k, kind) > 0.99
    assert (profiles.per_bin()[:, ~matrix.used] == UNKNOWN).all()
    assert len(profiles.segments) < 50
    assert sex_of(profiles.matrix, profiles.passed) == "female"


def test_an_amplification_of_one_cell_among_many_survives():
    """Three bins, in one of 80 cells: in the sum over all cells it is lost."""
    own = {**TUMOUR, "4:30-31.5": 9}
    kinds = [TUMOUR] * 79 + [own]
    _, _, profiles = made(kinds, seed=7)
    at = profiles.per_bin()[:, (copies_of(own) == 9) & profiles.matrix.used]
    assert at.shape[1] == 3 and np.abs(at[79] - 9).max() <= 2
    assert (at[:79] == 2).all()


@pytest.mark.parametrize("kind", [TUMOUR, DOUBLED])
def test_noisy_cells_are_right_in_most_bins(kind):
    _, _, profiles = made([kind] * 10, seed=3, noise=0.12, wave=0.06, depth=100.0)
    assert np.mean([right(profiles, k, kind) for k in range(10)]) > 0.95


def test_what_gains_have_of_their_own_gc_is_not_taken_for_bias():
    gc = GC.copy()
    odd = {"Y": 0, "4": 3, "9": 3, "13": 3, "18": 1}
    for name in ("4", "9", "13"):
        gc[BINS.of(name)] -= 0.03
    rng = np.random.default_rng(5)
    rate = copies_of(odd) * np.exp(-(((gc - 0.46) / 0.15) ** 2)) * 100
    count = np.array([rng.poisson(rate).astype(float) for _ in range(4)])
    _, _, profiles = profiled(count, gc=np.clip(gc, 0.3, 0.6), mappability=None)
    for k in range(4):
        assert right(profiles, k, odd) > 0.985
    own = np.zeros(len(BINS), bool)
    own[BINS.of("9")] = True
    assert np.median(profiles.matrix.ratio[0, own & profiles.matrix.used]) > 1.44


# --- edges


def test_no_cell_that_passed_is_no_error():
    count = np.zeros((2, len(BINS)))
    matrix, quality, profiles = profiled(count)
    assert not profiles.passed.any() and np.isnan(profiles.ploidy).all()
    assert (profiles.per_bin() == UNKNOWN).all()
    assert segment_rows(profiles).num_rows == 0
    rows = cell_rows(matrix, quality, profiles)
    assert [row["status"] for row in rows] == ["failed"] * 2
    assert rows[0]["reason"] == "0 reads, fewer than 50000" and rows[0]["ploidy"] is None
    assert gene_rows(profiles, "GRCh38")[0].num_rows == 0
    assert bin_rows(profiles).num_rows == len(BINS)


def test_cells_that_fail_do_not_change_the_others():
    good = np.array([cell(k, TUMOUR) for k in range(3)])
    bad = np.vstack([np.zeros(len(BINS)), good[0], good[1:], np.full(len(BINS), np.nan)])
    one, other = profiled(good)[2], profiled(bad)[2]
    np.testing.assert_array_equal(one.per_bin(), other.per_bin()[1:4])
    assert other.passed.tolist() == [False, True, True, True, False]


def test_two_cells_that_are_the_same_have_the_same():
    count = cell(3, TUMOUR)
    _, _, profiles = profiled(np.array([count, count]))
    np.testing.assert_array_equal(*profiles.copies)
    assert right(profiles, 0, TUMOUR) > 0.99


def test_a_man_has_one_x_and_one_y():
    man = {**TUMOUR, "X": 1, "Y": 1}
    kinds = [man] * 4 + [{"X": 1, "Y": 1}] * 2
    for roles in (None, [True] * 4 + [False] * 2):
        _, _, profiles = made(kinds, roles)
        assert all(right(profiles, k, kind) > 0.99 for k, kind in enumerate(kinds))
        assert sex_of(profiles.matrix, profiles.passed) == "male"


def test_ratios_without_any_noise_and_of_any_height_do():
    ratio = np.array([copies_of(kind) * 0.7 for kind in (TUMOUR, SISTER, NORMAL)])
    nothing = np.full(ratio.shape, np.nan)
    _, quality, profiles = profiled(nothing, ratio=ratio, gc=None, mappability=None)
    assert quality.passed.all() and np.isnan(quality.reads).all()
    for k, kind in enumerate((TUMOUR, SISTER, NORMAL)):
        assert right(profiles, k, kind) > 0.995


def test_one_contig_alone_does():
    own = BINS.of("11")
    bins = Bins(("11",), np.zeros(own.stop - own.start, np.int16), BINS.start[own], BINS.end[own])
    kinds = [TUMOUR] * 3 + [NORMAL] * 2
    count = np.array([cell(k, kind, depth=800)[own] for k, kind in enumerate(kinds)])
    found = profiled(count, gc=GC[own], mappability=MAPPABILITY[own], bins=bins)[2]
    truth = copies_of(TUMOUR)[own][found.matrix.used]
    assert (found.per_bin()[0, found.matrix.used] == truth).mean() > 0.95
    assert len(found.segments) == 2


def test_bins_of_any_width_do():
    rng = np.random.default_rng(0)
    edges = np.unique(np.concatenate([[0], rng.choice(np.arange(1, 2799), 1500, False), [2800]]))
    parts = [np.arange(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    parts = [p for p in parts if BINS.contig[p[0]] == BINS.contig[p[-1]]]
    bins = Bins(
        BINS.contigs, np.array([BINS.contig[p[0]] for p in parts]),
        np.array([BINS.start[p[0]] for p in parts]), np.array([BINS.end[p[-1]] for p in parts]),
    )  # fmt: skip
    flat = {"Y": 0, "1": 3, "8": 3, "16": 1}
    cells = [cell(k, flat) for k in range(3)]
    count = np.array([[one[p].sum() for p in parts] for one in cells])
    shares = [np.array([track[p].mean() for p in parts]) for track in (GC, MAPPABILITY)]
    found = profiled(count, gc=shares[0], mappability=shares[1], bins=bins)[2]
    truth = np.array([copies_of(flat)[p[0]] for p in parts])
    used = found.matrix.used & (truth > 0)
    assert (found.per_bin()[0, used] == truth[used]).mean() > 0.97


def test_blocks_of_cells_give_nearly_what_all_together_do(monkeypatch, specimen):
    kinds, (_, _, together) = specimen
    monkeypatch.setattr(joint, "BLOCK", 6)
    monkeypatch.setattr(joint, "KEPT", 0)
    again = made(kinds, [True] * 14 + [False] * 3)[2]
    assert (again.per_bin() == together.per_bin()).mean() > 0.998


def test_the_same_cells_give_the_same_again(specimen):
    kinds, (_, _, first) = specimen
    again = made(kinds, [True] * 14 + [False] * 3)[2]
    np.testing.assert_array_equal(first.copies, again.copies)
    for name in ("ploidy", "confidence", "noise", "doublet_score"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))


# --- rows


def test_rows_of_segments_are_runs_of_the_same_copies(specimen):
    _, (matrix, quality, profiles) = specimen
    rows = segment_rows(profiles).to_pylist()
    assert rows[0]["cell_id"] == "c0" and rows[0]["chrom"] == "1" and rows[0]["copies"] == 3
    for one, other in zip(rows, rows[1:], strict=False):
        if (one["cell_id"], one["chrom"]) == (other["cell_id"], other["chrom"]):
            assert one["copies"] != other["copies"] and one["end"] <= other["start"]
    assert sum(row["bins"] for row in rows if row["cell_id"] == "c3") == matrix.used.sum()
    amplified = [r for r in rows if r["cell_id"] == "c0" and r["copies"] > 10]
    assert amplified[0]["ratio"] == pytest.approx(6, rel=0.1)
    told = cell_rows(matrix, quality, profiles)
    assert [row["role"] for row in told] == ["tumour_cell"] * 14 + ["normal_cell"] * 3
    assert told[0]["status"] == "measured" and told[0]["reason"] is None
    assert told[0]["doublet"] is False and told[0]["duplicates"] is None


def test_genes_are_called_in_each_cell(specimen):
    _, (_, _, profiles) = specimen
    table, note = gene_rows(profiles, "hg38")
    rows = {(r["cell_id"], r["gene"]): r for r in table.to_pylist()}
    assert note == ""
    tumour, normal = rows["c0", "ERBB2"], rows["c16", "ERBB2"]
    assert tumour["call"] == "amplified" and tumour["copies"] == pytest.approx(12, abs=1)
    assert tumour["copies_low"] < tumour["copies"] < tumour["copies_high"]
    assert tumour["bins"] == 1 and normal["call"] == "neutral" and normal["copies"] == 2
    none, note = gene_rows(profiles, None)
    assert none.num_rows == 0 and note.startswith("no genes: build not given")


def test_a_gene_in_no_used_bin_is_not_told_by_its_neighbours(specimen):
    _, (matrix, _, profiles) = specimen
    place = matrix.bins.of("17").start + int(np.searchsorted(
        matrix.bins.end[matrix.bins.of("17")], 39_700_063))  # fmt: skip
    used = matrix.used.copy()
    used[place] = False
    without = replace(profiles, matrix=replace(matrix, used=used))
    rows = [r for r in gene_rows(without, "hg38")[0].to_pylist() if r["gene"] == "ERBB2"]
    assert {(r["bins"], r["copies"], r["call"]) for r in rows} == {(0, None, None)}
    assert list(of_genes(rows)) == []


def test_a_table_of_bins_can_be_read_again(tmp_path, specimen):
    _, (matrix, _, profiles) = specimen
    path = str(tmp_path / "bins.parquet")
    pq.write_table(bin_rows(profiles), path)
    found = read_cells(path, ["c0", "c16"])
    used = matrix.used
    np.testing.assert_allclose(
        found["c16"].ratio[used], profiles.matrix.ratio[16, used], rtol=1e-6, atol=1e-7
    )
    assert found["c0"].count is None and np.isnan(found["c0"].ratio[~used]).all()


def test_bins_of_a_segment_are_counted_within_contigs():
    copies = np.array([[2, 2, 3, 3, 3, 2]], np.int16)
    contig = np.array([0, 0, 0, 0, 1, 1], np.int16)
    assert run_lengths(copies, contig).tolist() == [[2, 2, 2, 2, 1, 1]]


# --- twins


def plain_path(y, weight, mean, contig, price, most):
    """Least cost over all paths, by the recursion as it is written in books."""
    n, k = y.size, mean.size
    own = np.minimum((y[:, None] - mean[None]) ** 2 * weight[:, None], most)
    own[weight <= 0] = 0
    cost, back = [own[0]], []
    for i in range(1, n):
        step = price[i] if contig[i] == contig[i - 1] else 0.0
        total = cost[-1][:, None] + step * (1 - np.eye(k))
        back.append(total.argmin(axis=0))
        cost.append(total.min(axis=0) + own[i])
    path = [int(np.argmin(cost[-1]))]
    for choice in back[::-1]:
        path.append(int(choice[path[-1]]))
    path = np.array(path[::-1])
    changed = (np.diff(path) != 0) & (np.diff(contig) == 0)
    return cost[-1].min(), own[np.arange(n), path].sum() + price[1:][changed].sum()


@pytest.mark.parametrize("seed", range(5))
def test_the_path_of_copies_costs_no_more_than_that_of_its_plain_twin(seed):
    rng = np.random.default_rng(seed)
    n = 120
    contig = np.repeat([0, 1, 2], 40).astype(np.int16)
    truth = np.repeat(rng.choice(5, 12), 10)
    mean = np.arange(6.0)
    y = truth + rng.normal(0, 0.5, n)
    y[7] = 40.0
    weight = np.where(rng.random(n) < 0.1, 0.0, rng.uniform(1, 4, n))
    price = rng.choice([4.0, 15.0], n)
    path = likeliest(y, weight, mean, contig, price, 20.0)
    least, again = plain_path(y, weight, mean, contig, price, 20.0)
    own = np.minimum((y - mean[path]) ** 2 * weight, 20.0)
    changed = (np.diff(path) != 0) & (np.diff(contig) == 0)
    assert own.sum() + price[1:][changed].sum() == pytest.approx(least) == pytest.approx(again)


def test_changes_that_many_cells_have_cost_less():
    copies = np.full((100, 4), 2, np.int16)
    copies[:60, 2:] = 3
    price = usual_prices(copies, np.full(4, 20.0))
    assert price[2] < 7 and (price[[0, 1, 3]] > 12).all()
    assert usual_prices(copies, np.full(4, 3.0)).tolist() == [3.0] * 4


def test_a_change_where_cells_share_one_costs_less():
    contig = np.repeat([0, 1], 200).astype(np.int16)
    price = joint.prices(contig, np.array([0, 50, 200, 300]), SETTINGS["profiles"])
    assert price[50] == price[300] < price[51] == price[0]
