"""The panel of normals: what it has learnt, how it is kept, and against what it is held."""

import dataclasses

import numpy as np
import pytest
from copies import LENGTHS, SETTINGS, genome, reads

from liquidbiopsy.copynumber.middle import middle_of, spread_of
from liquidbiopsy.copynumber.noise import mad
from liquidbiopsy.copynumber.normals import make_normals, read_normals, write_normals
from liquidbiopsy.copynumber.profile import profile_of
from liquidbiopsy.core.errors import InputError, UserError
from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.core.provenance import Provenance

WOMAN, MAN = {"Y": 0.3}, {"X": 1, "Y": 1}  # some reads of a woman look like those of Y


@pytest.fixture(scope="module")
def world():
    """A genome, what its bins do in every sample, and eight normals, half of them men."""
    bins, gc, mappability = genome()
    effect = 2 ** np.random.default_rng(9).normal(0, 0.08, len(bins))

    def profile(seed, depth, copies, normals=None):
        count = reads(seed, bins, gc, mappability, depth, copies, effect)
        return profile_of(bins, count, gc, mappability, None, normals, SETTINGS)

    donors = {
        f"N{k}": profile(k, depth, MAN if k % 2 else WOMAN)
        for k, depth in enumerate((900, 1000, 1500, 3000, 100, 1200, 800, 2000))
    }
    return bins, effect, profile, make_normals(donors), donors


def test_the_panel_learns_what_bins_do(world):
    bins, effect, _, normals, _ = world
    own = bins.autosomal & np.isfinite(normals.median)
    error = normals.median[own] - np.log2(effect[own])
    assert np.std(error) < 0.03 < 0.08
    assert normals.n == 8 and normals.names == tuple(f"N{k}" for k in range(8))
    assert np.argmax(normals.noise) == 4  # the one of a hundred reads a bin


def test_sex_chromosomes_stand_at_their_own_medians(world):
    bins, _, _, normals, _ = world
    x, y = normals.log2[bins.of("X")], normals.log2[bins.of("Y")]
    np.testing.assert_allclose(np.nanmedian(x, axis=0), 0, atol=1e-12)
    assert np.isnan(y[:, ::2]).all() and np.isfinite(np.nanmedian(y[:, 1::2], axis=0)).all()
    assert abs(np.nanmedian(normals.median[bins.of("X")])) < 0.02


@pytest.mark.parametrize(("copies", "level"), [(WOMAN, 0), (MAN, -1)])
def test_a_sample_is_quieter_against_the_panel_and_keeps_its_sex(world, copies, level):
    bins, _, profile, normals, _ = world
    alone, held = profile(77, 1000, copies), profile(77, 1000, copies, normals)
    both = alone.used & held.used
    assert held.used.sum() > 0.95 * alone.used.sum()
    assert mad(bins, held.log2, both) < 0.7 * mad(bins, alone.log2, both)
    assert np.nanmedian(held.log2[bins.of("X")]) == pytest.approx(level, abs=0.03)


def test_bins_that_the_panel_lacks_are_not_used(world):
    bins, _, profile, normals, _ = world
    log2 = normals.log2.copy()
    log2[:50] = np.nan
    log2[60, :4] = np.nan  # half of them know it still
    log2[61, :5] = np.nan
    fewer = dataclasses.replace(normals, log2=log2)
    held, whole = profile(77, 1000, WOMAN, fewer), profile(77, 1000, WOMAN, normals)
    assert not held.used[:50].any() and not held.used[61]
    np.testing.assert_array_equal(held.used[62:], whole.used[62:])


def test_a_bin_in_which_normals_differ_widely_is_not_used(world):
    bins, _, profile, normals, _ = world
    log2 = normals.log2.copy()
    own = int(np.flatnonzero(profile(77, 1000, WOMAN, normals).used)[5])
    log2[own] = [1, -1, 1, -1, 1, -1, 1, -1]
    wide = dataclasses.replace(normals, log2=log2)
    assert not profile(77, 1000, WOMAN, wide).used[own]
    log2[own] = np.array([1, -1, 1, -1, 1, -1, 1, -1]) * 0.12  # within what is borne, but noisier
    noisy = dataclasses.replace(normals, log2=log2)
    held, usual = (profile(77, 1000, WOMAN, panel) for panel in (noisy, normals))
    assert held.used[own] and held.noise[own] > 1.3 * usual.noise[own]


def test_leaving_one_out_is_the_panel_made_without_it(world):
    *_, normals, donors = world
    without = normals.leave_out("N3")
    other = make_normals({name: own for name, own in donors.items() if name != "N3"})
    assert without.names == other.names and without.n == 7
    np.testing.assert_array_equal(without.median, other.median)
    np.testing.assert_array_equal(without.spread, other.spread)
    assert normals.leave_out("unknown") is normals
    with pytest.raises(UserError, match="nothing is left of the panel without N1"):
        make_normals({"N1": donors["N1"]}).leave_out("N1")


def test_a_panel_is_written_and_read_the_same(world, tmp_path):
    bins, _, _, normals, _ = world
    for name in ("a", "b"):
        write_normals(normals, str(tmp_path / name), Provenance("code"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    read = read_normals(str(tmp_path / "a"))
    assert read.names == normals.names and read.bins.contigs == bins.contigs
    np.testing.assert_allclose(read.log2, normals.log2, atol=1e-12)
    table = read_table(tmp_path / "a")
    assert table.column_names[:4] == ["chrom", "start", "end", "log2 N0"]
    assert all({b"description", b"unit"} <= set(f.metadata) for f in table.schema)


@pytest.mark.parametrize("from_one", [True, False])
def test_a_table_of_log2_is_a_panel(world, tmp_path, from_one):
    bins, _, profile, normals, _ = world
    rows = [
        [
            f"chr{c}",
            str(s + from_one),
            str(e),
            *("NA" if np.isnan(v) else repr(float(v)) for v in x),
        ]
        for c, s, e, x in zip(bins.chrom(), bins.start, bins.end, normals.log2, strict=True)
    ]
    del rows[7:9]
    path = tmp_path / "panel.tsv"
    lines = [["chrom", "start", "end", *normals.names], *rows[::-1]]
    path.write_text("".join("\t".join(line) + "\n" for line in lines))
    read = read_normals(str(path))
    median, spread = read.on(bins)
    assert np.isnan(median[7:9]).all()
    kept = np.delete(np.arange(len(bins)), [7, 8])
    np.testing.assert_allclose(median[kept], normals.median[kept], atol=1e-3)
    assert not profile(77, 1000, WOMAN, read).used[7:9].any()


def test_panels_of_other_bins_are_refused(world):
    bins, *_, normals, donors = world
    for size, lengths, words in (
        (500_000, LENGTHS, "has bins of 1000000 bases, and the sample of 500000"),
        (1_000_000, {**LENGTHS, "7": 58_000_000}, "another build: .* that at 7:58000001"),
    ):
        with pytest.raises(InputError, match=words):
            normals.on(genome(size=size, lengths=lengths)[0])
    longer = bins.end.copy()
    longer[8] -= 1
    with pytest.raises(InputError, match="another build: .* that at 1:8000001"):
        normals.on(dataclasses.replace(bins, end=longer))
    other = genome(lengths={**LENGTHS, "7": 58_000_000})[0]
    odd = dataclasses.replace(donors["N1"], bins=other)
    with pytest.raises(UserError, match="N1 has other bins than N0"):
        make_normals({**donors, "N1": odd})
    with pytest.raises(UserError, match="no library"):
        make_normals({})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("chrom\tstart\tend\n1\t0\t100\n", "has no library"),
        ("chrom\tend\tHD1\n1\t100\t0.1\n", "no column start"),
        ("chrom,start,end,HD1\n", "no column chrom"),
        ("chrom\tstart\tend\tHD1\n1\t0\t100\tx1\n", "row 1, column HD1: 'x1' is no number"),
        ("chrom\tstart\tend\tHD1\n1\t0\t100\t1.02\n", "column HD1 is no corrected log2"),
        ("chrom\tstart\tend\tHD1\n1\t0\t100\n", "is no table"),
        ("chrom\tstart\tend\tHD1\n1\t0\t100\t0\n1\t0\t100\t0\n", "row 2 is empty or overlaps"),
        ("chrom\tstart\tend\tHD1\tHD1\n1\t0\t100\t0\t0\n", "the column 'HD1' twice"),
    ],
)
def test_a_broken_panel_is_named(tmp_path, text, words):
    path = tmp_path / "panel.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_normals(str(path))


def test_the_middle_is_a_median_that_heeds_noise():
    rng = np.random.default_rng(2)
    equal = rng.normal(0, 0.1, (500, 6))
    middle = middle_of(equal, np.full(6, 0.1))
    assert np.abs(middle - np.median(equal, axis=1)).max() < 0.06
    assert middle.std() < np.median(equal, axis=1).std()
    noise = np.array([0.05, 0.05, 0.5, 0.5, 0.5, 0.5])
    unlike = rng.normal(0, 1, (500, 6)) * noise
    assert middle_of(unlike, noise).std() < 0.05 < np.median(unlike, axis=1).std()
    equal[0, 0] = 5  # a variant of one person
    assert abs(middle_of(equal, np.full(6, 0.1))[0] - middle[0]) < 0.15
    holes = np.array([[np.nan, 0.2, 0.4], [np.nan, np.nan, 0.3]])
    np.testing.assert_allclose(middle_of(holes, np.ones(3)), [0.3, np.nan], atol=1e-9)


def test_spread_finds_bins_that_vary_and_shrinks_the_rest():
    rng = np.random.default_rng(4)
    log2 = rng.normal(0, 0.1, (2000, 8))
    log2[:100] *= 4
    spread = spread_of(log2, np.full(8, 0.1), middle_of(log2, np.full(8, 0.1)))
    assert np.median(spread[100:]) == pytest.approx(0.1, rel=0.1)
    assert np.median(spread[:100]) > 2.5 * np.median(spread[100:])
    assert spread[100:].std() < 0.7 * log2[100:].std(axis=1, ddof=1).std()
    np.testing.assert_array_equal(spread_of(log2[:, :1], np.ones(1), log2[:, 0]), 0)
