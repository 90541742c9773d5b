"""Clones against the ratios of their cells: what rounding parts, what is told, normal cells."""

import numpy as np
import pyarrow as pa
import pytest
from clone_cells import SETTINGS

from liquidbiopsy.scdna.cell_levels import empty, fill, levels_of
from liquidbiopsy.scdna.clones import clones_of
from liquidbiopsy.scdna.clones_levels import Levels, heaps, held, scales
from liquidbiopsy.scdna.shared_segments import Shared

MB = 1_000_000
CONTIG = np.repeat(np.arange(12), 4).astype(np.int16)  # a dozen of 80 Mb, four segments each
START = np.tile(np.arange(4) * 20 * MB, 12)
SHARED = Shared(tuple("abcdefghijkl"), CONTIG, START, START + 20 * MB, np.empty((0, 48)))
NORMAL = np.full(48, 2)


def trunk(doubled=False):
    """Copies of a tumour, (segments,)."""
    found = NORMAL.copy()
    found[[0, 1, 9, 20, 33]] = [3, 3, 1, 1, 4]
    return 2 * found if doubled else found


def picked(profiles, many, sd, seed=0):
    """Levels and rounded copies of so many cells of each profile, with noise and a scale of each.

    `sd` is the noise of a segment with two copies.
    """
    rng = np.random.default_rng(seed)
    true = np.repeat(np.asarray(profiles, float), many, axis=0)
    copies = np.maximum(true + sd * np.sqrt(true / 2) * rng.standard_normal(true.shape), 0)
    scale = true.mean(axis=1, keepdims=True) * rng.uniform(0.95, 1.05, (len(true), 1))
    bins = np.full(true.shape, 40.0)
    return Levels(copies / scale, bins, np.full(len(true), sd * np.sqrt(40))), np.round(copies)


def clustered(levels, whole, normal=NORMAL, told=True):
    m = len(whole)
    return clones_of(
        whole, CONTIG, SHARED.length, np.ones(m, bool), np.ones(m), normal, SETTINGS,
        levels if told else None,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_a_level_between_two_numbers_of_copies_parts_no_clone(seed):
    between = trunk() + np.where(np.arange(48) == 40, 0.5, 0.0)  # biased alike in every cell
    levels, whole = picked([between], [40], 0.08, seed)
    alone = clustered(levels, whole, told=False)
    assert len(alone.names) == 2  # half of the cells are rounded up, half down
    assert clustered(levels, whole).names == ("clone1",)


@pytest.mark.parametrize("sd", [0.05, 0.2, 0.35])
def test_clones_that_differ_in_their_ratios_stay(sd):
    other = trunk()
    other[[5, 14, 25, 44]] = [3, 1, 3, 1]
    levels, whole = picked([trunk(), other], [25, 15], sd, 5)
    found = clustered(levels, whole)
    assert [len(set(part)) for part in np.split(found.clone, [25])] == [1, 1]
    assert len(found.names) == 2 and found.clone[0] != found.clone[-1]


def test_noise_as_of_mda_makes_no_clones():
    levels, whole = picked([trunk()], [45], 0.4, 2)
    assert clustered(levels, whole).names == ("clone1",)


@pytest.mark.parametrize("doubled", [False, True])
def test_leukocytes_among_cells_of_a_tumour_are_normal(doubled):
    levels, whole = picked([trunk(doubled), NORMAL], [30, 2], 0.15, 3)
    found = clustered(levels, whole)
    assert found.of_cells() == ["clone1"] * 30 + ["normal"] * 2


def test_a_cell_with_a_mistaken_ploidy_is_no_clone():
    levels, whole = picked([trunk(True)], [20], 0.1, 4)
    whole[7] = np.round(whole[7] * 1.25)
    assert clustered(levels, whole).of_cells() == ["clone1"] * 20


def test_one_heap_is_one_and_two_are_two_whatever_they_were_begun_with():
    rng = np.random.default_rng(0)
    one, ones = rng.normal(0, 0.3, 60), np.full(60, 0.09)
    assert heaps(one, ones, one > 0) < 5  # cut in the middle
    assert heaps(one, ones, one > 0.4) < 5  # its tail cut off
    two = np.concatenate([rng.normal(-0.5, 0.15, 45), rng.normal(0.5, 0.15, 15)])
    assert heaps(two, np.full(60, 0.02), two > 0) > 20
    assert heaps(two, np.full(60, 0.02), np.ones(60, bool)) == 0


def test_groups_keep_their_numbers():
    other = trunk()
    other[[5, 14, 25]] = [4, 0, 4]
    levels, _ = picked([trunk(), other], [10, 6], 0.1)
    of = np.repeat([0, 2, 1], [5, 5, 6])  # one clone in two groups
    kept = held(of, np.stack([trunk(), other, trunk()]), levels, 5.0)
    assert len(set(kept[:10])) == 1 and set(kept[10:]) == {1} and kept[0] in (0, 2)
    np.testing.assert_allclose(scales(levels, np.full(48, np.nan)), 1)


def test_levels_are_means_of_the_used_bins_in_a_segment():
    chrom = ["a"] * 8 + ["z"] + ["b"]
    start = np.array([*range(0, 80, 10), 0, 0]) * MB
    ratio = np.array([1, 2, np.nan, 4, 5, 5, 7, 7, 9, 3.0])
    used = np.array([True] * 6 + [False] + [True] * 3)
    found = empty(2, SHARED)
    fill(found, SHARED, chrom, start, start + 10 * MB, used, {1: ratio})
    np.testing.assert_allclose(found.ratio[1, :5], [1.5, 4, 5, 7, 3])
    assert found.bins[1, :5].tolist() == [2, 1, 2, 1, 1]
    assert np.isnan(found.ratio[0]).all() and np.isnan(found.ratio[1, 5:]).all()
    table = pa.table({
        "chrom": chrom, "start": start, "end": start + 10 * MB, "used": used, "c1": ratio,
    })  # fmt: skip
    cells = [
        {"specimen_id": "S", "cell_id": name, "noise": noise}
        for name, noise in (("gone", None), ("c1", 0.3))
    ]
    again = levels_of(cells, SHARED, {"S": table})
    np.testing.assert_allclose(again.ratio[1], found.ratio[1])
    assert again.noise[1] == 0.3 and np.isnan(again.ratio[0]).all()
