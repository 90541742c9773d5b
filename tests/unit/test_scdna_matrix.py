"""Cells by bins: correction, baseline, quality, and ready tables of cells."""

from dataclasses import replace

import numpy as np
import pytest
from picked_cells import BINS, GC, MAPPABILITY, NORMAL, SETTINGS, TUMOUR, cell, copies_of

from liquidbiopsy.copynumber.bins import grid
from liquidbiopsy.core.errors import InputError, UserError
from liquidbiopsy.scdna.cell_quality import mapd_of, quality_of
from liquidbiopsy.scdna.cell_tables import Loaded, gather, read_cells
from liquidbiopsy.scdna.evenness import gini_of
from liquidbiopsy.scdna.matrix import matrix_of, sizes_of


def matrix(count, roles=None, **more):
    tumour = np.ones(len(count), bool) if roles is None else np.asarray(roles, bool)
    names = [f"c{k}" for k in range(len(count))]
    gc = more.pop("gc", GC)
    mappability = more.pop("mappability", MAPPABILITY)
    return matrix_of(BINS, names, tumour, count, gc, mappability, None, SETTINGS, **more)


def off(made, row, changes):
    """Standard deviation of a cell's ratios about its copies, over autosomes."""
    truth = copies_of(changes) / 2
    own = made.base & (truth > 0)
    return float(np.std(made.ratio[row, own] / truth[own]))


def level(made, row, contig):
    """Median ratio of a contig in a cell."""
    own = np.zeros(len(BINS), bool)
    own[BINS.of(contig)] = True
    return np.median(made.ratio[row, own & made.used])


# --- ratios


def test_ratios_are_copies_over_those_at_the_median():
    made = matrix(np.array([cell(k, TUMOUR) for k in range(2)]))
    assert made.m == 2 and made.baseline.startswith("none: no normal cells")
    for name, ratio in (("1", 1.5), ("16", 0.5), ("20", 2.0), ("2", 1.0), ("X", 1.0)):
        assert level(made, 0, name) == pytest.approx(ratio, rel=0.05)
    assert np.median(made.ratio[0, made.base]) == pytest.approx(1)
    known = made.ratio[0] > 0
    np.testing.assert_allclose(made.expected(0)[known], made.count[0, known] / made.ratio[0, known])


def test_what_normal_cells_have_in_common_is_taken_out():
    kinds = [TUMOUR] * 2 + [NORMAL] * 8
    count = np.array([cell(k, kind) for k, kind in enumerate(kinds)])
    with_it = matrix(count, [True, True] + [False] * 8)
    without = matrix(count[:2])
    assert with_it.baseline == "8 normal cells"
    assert off(without, 0, TUMOUR) > 0.13 and off(with_it, 0, TUMOUR) < 0.105
    own = BINS.of("17")
    at = with_it.ratio[0, own][(copies_of(TUMOUR)[own] == 12) & with_it.used[own]]
    assert np.mean(at) == pytest.approx(6, rel=0.05)


def test_one_noisy_normal_cell_adds_no_noise_to_the_others():
    count = np.array([cell(k, TUMOUR, shared=0.0) for k in range(2)])
    normal = cell(9, NORMAL, depth=30, noise=0.1, shared=0.0)
    with_it = matrix(np.vstack([count, normal]), [True, True, False])
    assert with_it.baseline == "1 normal cell"
    assert off(with_it, 0, TUMOUR) < 1.03 * off(matrix(count), 0, TUMOUR)


def test_without_normal_cells_even_ones_serve_and_a_tumour_is_none_of_them():
    count = np.array([cell(k, NORMAL if k < 4 else TUMOUR) for k in range(8)])
    made = matrix(count)
    assert made.baseline == "no normal cells; 4 cells of low Gini coefficient instead"
    assert off(made, 7, TUMOUR) < 0.12
    quiet = {"Y": 0, "1": 3}  # as even as a normal cell, but for one contig
    made = matrix(np.array([cell(k, quiet) for k in range(8)]))
    assert made.baseline.startswith("none")
    assert level(made, 0, "1") == pytest.approx(1.5, rel=0.05)


def test_a_tumour_cell_given_as_normal_is_left_out_and_told():
    kinds = [TUMOUR, NORMAL, NORMAL, TUMOUR]
    count = np.array([cell(k, kind) for k, kind in enumerate(kinds)])
    made = matrix(count, [True, False, False, False])
    assert made.baseline == "2 normal cells; 1 more are too poor or have changes"
    assert level(made, 0, "1") == pytest.approx(1.5, rel=0.05)


def test_a_mans_x_stays_half_whatever_the_sex_of_the_baseline():
    man = {"X": 1, "Y": 1}
    count = np.array([cell(k, {**TUMOUR, **man} if k < 2 else man) for k in range(6)])
    made = matrix(count, [True, True] + [False] * 4)
    for name in ("X", "Y"):
        assert level(made, 0, name) == pytest.approx(0.5, rel=0.05)


def test_cells_of_ratios_stay_as_they_are_and_contigs_not_known_stay_so():
    count = np.array([cell(k, TUMOUR) for k in range(2)])
    ratio = np.full(count.shape, np.nan)
    ratio[1] = copies_of(TUMOUR) / 2 * 7
    count[1] = np.nan
    count[0, BINS.of("22")] = np.nan
    made = matrix(count, ratio=ratio)
    np.testing.assert_allclose(made.ratio[1], copies_of(TUMOUR) / 2)
    assert np.isnan(made.ratio[0, BINS.of("22")]).all()
    assert (made.expected(1) == 1).all()
    alone = matrix(np.full((1, len(BINS)), np.nan), ratio=ratio[1:], gc=None, mappability=None)
    assert alone.baseline.startswith("none: the cells came as ratios")


def test_without_a_track_of_mappability_bins_that_no_cell_has_are_not_used():
    count = np.array([cell(k, NORMAL) for k in range(4)])
    count[:, 100:103] = 1
    made = matrix(count, [False] * 4, mappability=None)
    assert not made.used[100:103].any() and made.used.mean() > 0.9


def test_the_last_bin_of_a_contig_has_reads_by_its_width_or_is_not_used():
    contigs, size = ("1", "2"), 500_000
    bins = grid({"1": 400 * size + 300_000, "2": 400 * size + 100_000}, size)
    gc = np.random.default_rng(1).uniform(0.36, 0.5, len(bins))
    width = (bins.end - bins.start) / size
    count = np.random.default_rng(0).poisson(200 * width)[None].astype(float)
    made = matrix_of(bins, ["a"], np.ones(1, bool), count, gc, None, None, SETTINGS)
    last = [bins.of(name).stop - 1 for name in contigs]
    assert made.used[last].tolist() == [True, False] and made.used.sum() >= 798
    assert made.ratio[0, last[0]] == pytest.approx(1, abs=0.3)
    assert sizes_of(bins, False)[0] == 1 and sizes_of(bins, False)[last[0]] == pytest.approx(0.6)
    mixed = replace(bins, start=bins.start // 2 * np.arange(len(bins)), end=bins.end * 9)
    assert (sizes_of(mixed, False) == 1).all() and not (sizes_of(mixed, True) == 1).all()


def test_bins_cut_by_mappable_places_have_reads_by_these_whatever_their_width():
    size = 500_000
    bins = grid({"1": 400 * size}, size)  # all of one width, as most such bins may be
    places = np.full(len(bins), 450_000.0)
    places[10:20] *= 0.6
    assert (sizes_of(bins, False) == 1).all()
    assert sizes_of(bins, False, places)[9:11] == pytest.approx([1, 0.6])
    wide = replace(bins, start=bins.start * 2, end=bins.end + bins.start)
    assert (sizes_of(wide, False, places) == sizes_of(bins, False, places)).all()
    count = np.random.default_rng(0).poisson(places / 1000)[None].astype(float)
    gc = np.random.default_rng(1).uniform(0.36, 0.5, len(bins))
    made = matrix_of(
        bins, ["a"], np.ones(1, bool), count, gc, None, None, SETTINGS, mappable_bp=places
    )
    assert np.median(made.ratio[0, 10:20]) == pytest.approx(1, abs=0.05)


# --- quality


def test_each_cell_that_fails_keeps_its_row_and_says_why():
    few = np.random.default_rng(0).multinomial(500, np.full(len(BINS), 1 / len(BINS)))
    count = np.array([cell(0, TUMOUR), np.zeros(len(BINS)), few, cell(1, TUMOUR, noise=1.0)])
    count = np.vstack([count, np.full((2, len(BINS)), np.nan)])
    found = quality_of(
        matrix(count), SETTINGS, duplicates=np.array([0.95, *[np.nan] * 5]),
        failed={"c4": "c4.bam: is no BAM file"},
    )  # fmt: skip
    assert found.passed.tolist() == [False] * 6
    assert found.reason[0] == "95% duplicates, more than 90%"
    assert found.reason[1] == "0 reads, fewer than 50000"
    assert found.reason[2].startswith("500 reads, fewer than 50000")
    assert "MAPD" in found.reason[3]
    assert found.reason[4] == "c4.bam: is no BAM file"
    assert found.reason[5] == "no reads in the bins that are used"
    assert found.reads[0] > 50_000 and found.covered[0] == 1 and np.isnan(found.reads[5])


def test_mapd_is_the_noise_of_a_cell_and_not_its_copies():
    rng = np.random.default_rng(1)
    noise = np.exp2(rng.normal(0, 0.3, len(BINS)))
    ratio = np.array([copies_of(kind) / 2 * noise for kind in (NORMAL, TUMOUR)]) + 1e-3
    made = matrix(np.full(ratio.shape, np.nan), ratio=ratio)
    for k in range(2):
        assert mapd_of(made, k) == pytest.approx(0.3 * np.sqrt(2) * 0.6745, rel=0.05)


def test_gini_is_that_of_all_pairs():
    values = np.array([0.0, 1.0, 1.5, 4.0, np.nan])
    known = values[:4]
    pairs = np.abs(known[:, None] - known[None]).mean() / (2 * known.mean())
    assert gini_of(values) == pytest.approx(pairs)
    assert gini_of(np.ones(9)) == pytest.approx(0)
    assert np.isnan(gini_of(np.zeros(3))) and np.isnan(gini_of(np.array([np.nan])))


# --- tables


def write(path, columns):
    names = list(columns)
    lines = ["\t".join(names)]
    lines += ["\t".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


PLACE = {"chrom": ["chr1", "chr1", "chr2"], "start": [0, 10, 0], "end": [10, 20, 10]}


@pytest.mark.parametrize(
    ("a", "b", "kind", "first"),
    [
        ([3, 4, 5], [0, 9, 7], "count", [3, 4, 5]),
        ([1, 2, "NA"], [0.5, 1, 1], "ratio", [1, 2, np.nan]),
        ([1, 0, -20], [0.5, 1, 1], "ratio", [2, 1, 0]),  # log2, as one is below 0
    ],
)
def test_a_table_has_a_column_a_cell(tmp_path, a, b, kind, first):
    found = read_cells(write(tmp_path / "t.tsv", {**PLACE, "a": a, "b": b}), ["a", "b"])
    own = found["a"].count if kind == "count" else found["a"].ratio
    np.testing.assert_allclose(own, first)
    assert (found["b"].count is None) == (kind != "count")


def runs(numbers, bins=40):
    return np.repeat(numbers, bins).tolist()


def test_whole_numbers_in_long_runs_are_copies_and_not_reads(tmp_path, caplog):
    """As Ginkgo's SegCopy: held for reads, they would be too few."""
    a, b = runs([2, 3, 4, 2, 1]), runs([3, 3, 15, 2, 4])
    rng = np.random.default_rng(0)
    few = [rng.poisson(3, len(a)).tolist() for _ in range(2)]  # reads, as few in a bin
    sparse = rng.poisson(0.02, len(a)).tolist()  # hardly a read: as good as one long run
    deep = runs([200, 300, 400, 200, 100])
    places = {"chrom": ["1"] * len(a), "start": range(len(a)), "end": range(1, len(a) + 1)}

    def read(*columns):
        named = dict(zip("abc", columns, strict=False))
        return read_cells(write(tmp_path / "t.tsv", {**places, **named}), list(named))

    found = read(a, b)
    np.testing.assert_allclose(found["a"].ratio, np.array(a) / np.mean(a))
    np.testing.assert_allclose(found["b"].ratio, np.array(b) / np.mean(b))
    assert "taken for copies" in caplog.text
    gone = read(a, b, [0] * len(a))
    assert gone["c"].count is None and not gone["c"].ratio.any()
    alone = read_cells(write(tmp_path / "u.tsv", {**places, "count": b}), ["T1"])["T1"]
    np.testing.assert_allclose(alone.ratio, found["b"].ratio)
    for reads in ((few[0], few[1]), (sparse, sparse), (deep, deep), (few[0], sparse, a)):
        assert all(cell.ratio is None for cell in read(*reads).values())


def test_a_table_of_one_cell_may_name_its_values(tmp_path):
    path = write(tmp_path / "t.tsv", {**PLACE, "log2": [0, 1, -1]})
    np.testing.assert_allclose(read_cells(path, ["a"])["a"].ratio, [1, 2, 0.5])
    with pytest.raises(InputError, match="neither a column a nor log2"):
        read_cells(write(tmp_path / "u.tsv", {**PLACE, "other": [0, 1, 1]}), ["a"])
    found = read_cells(write(tmp_path / "v.tsv", {**PLACE, "cell1": [0, 1, 1]}), ["cel1", "cell1"])
    assert "no column cel1" in found["cel1"] and "cell1" in found["cel1"]
    assert not isinstance(found["cell1"], str)


def test_a_cell_id_stands_for_names_that_it_cannot_have(tmp_path):
    columns = {**PLACE, "T1.c2": [0, 1, 1], "x.y": [0, 0, 1], "x y": [1, 0, 0], "x_z": [1, 1, 1]}
    found = read_cells(write(tmp_path / "t.tsv", columns), ["T1_c2", "x_y", "x_z"])
    np.testing.assert_array_equal(found["T1_c2"].count, [0, 1, 1])
    np.testing.assert_array_equal(found["x_z"].count, [1, 1, 1])
    assert "'x.y' and 'x y' may both be the cell x_y (rename one of them)" in found["x_y"]


def test_cells_of_other_bins_than_most_fail_and_the_others_go_on():
    small, large = grid({"1": 50}, 10), grid({"1": 50}, 25)
    one = Loaded(small, np.arange(5.0), None, "a.wig")
    cells = {"a": one, "b": replace(one, source="b.wig"), "d": "d.bam: is not there"}
    cells["c"] = Loaded(large, None, np.ones(2), "c.tsv")
    found = gather(["c", "a", "d", "b"], cells)
    assert found.bins == small and found.count.shape == (4, 5)
    assert found.failed["c"].startswith("c.tsv: has other bins than most of the specimen's cells")
    assert found.failed["d"] == "d.bam: is not there"
    assert np.isnan(found.count[[0, 2]]).all() and np.isnan(found.ratio).all()
    with pytest.raises(UserError, match="no cell could be read: d.bam: is not there"):
        gather(["d"], {"d": "d.bam: is not there"})
