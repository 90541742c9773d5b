"""What lengths and ends of fragments say: numbers by hand, windows, molecules of a panel."""

import math

import low_pass
import numpy as np
import pytest
from scipy.stats import binom

from liquidbiopsy.copynumber.bins import Bins, grid
from liquidbiopsy.copynumber.counting import SINGLE, Fragments, count_reads
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctdna.fragment_lengths import fragment_lengths
from liquidbiopsy.ctdna.fragment_period import period_of
from liquidbiopsy.ctdna.fragment_windows import window_rows
from liquidbiopsy.ctdna.fragments import (
    MOTIFS,
    features_of,
    length_rows,
    mode_of,
    motif_diversity,
    motif_rows,
    ratio_of,
)
from liquidbiopsy.reads.panel import Region

NARROW, WIDE = 2_000, 10_000


def plasma(n, rng, swing=0.0, period=10.4):
    """Lengths of n fragments with a trend and a wave below the nucleosome; shape (401,)."""
    length = np.arange(401)
    shape = np.exp(-(((length - 166) / 22) ** 2) / 2) + 0.05 * np.exp(-((length - 150) ** 2) / 5e3)
    wave = np.where(length < 151, swing * np.cos(2 * np.pi * (length - 112) / period), 0)
    share = shape * np.exp(wave) * (length > 40)
    return rng.multinomial(n, share / share.sum())


def fragments(short, long, lengths=(160, 230), size=NARROW, reached=()):
    """Fragments with so many short and long ones in each window of two contigs."""
    windows = grid({"1": lengths[0] * 100, "2": lengths[1] * 100}, size)
    counts = np.zeros(401, np.int64)
    counts[120], counts[170] = np.sum(short), np.sum(long)
    motifs = np.zeros(256, np.int64)
    mask = np.isin(np.arange(len(windows)), reached)
    counts_of = np.array([short, long], float)
    return Fragments(counts, 0, motifs, 0, windows, *counts_of, mask, 0)


def test_ratio_and_its_exact_interval():
    lengths = np.zeros(401, np.int64)
    lengths[[99, 100, 150, 151, 220, 221]] = 50, 20, 10, 40, 60, 70
    found = ratio_of(lengths, (100, 150), (151, 220))
    assert (found.short, found.long, found.value) == (30, 100, 0.3)
    share = [end / (1 + end) for end in (found.low, found.high)]
    assert binom.sf(29, 130, share[0]) == pytest.approx(0.025)
    assert binom.cdf(30, 130, share[1]) == pytest.approx(0.025)
    none = ratio_of(np.zeros(401, np.int64), (100, 150), (151, 220))
    assert (none.value, none.low, none.short) == (None, None, 0)


def test_mode_is_the_first_of_the_commonest():
    lengths = np.zeros(401, np.int64)
    lengths[[140, 160, 165, 166, 170, 175]] = 30, 300, 401, 401, 365, 340
    found = mode_of(lengths)
    # 365 of 766 is no rare draw of an even coin (p 0.2), 340 of 741 is (p 0.03)
    assert (found.length, found.low, found.high, found.count) == (165, 165, 170, 401)


def test_interval_of_the_mode_holds_it():
    rng, held = np.random.default_rng(0), 0
    for _ in range(200):
        found = mode_of(plasma(5_000, rng))
        held += found.low <= 166 <= found.high
    assert held >= 190


def test_motif_diversity():
    motifs = np.zeros(256, np.int64)
    assert motif_diversity(motifs) is None
    motifs[7] = 12
    assert motif_diversity(motifs) == 0
    assert motif_diversity(np.full(256, 3)) == pytest.approx(1)
    motifs[[8, 9, 10]] = 12
    assert motif_diversity(motifs) == pytest.approx(math.log(4) / math.log(256))


@pytest.mark.parametrize("swing", [0.1, 0.3])
def test_swing_is_found_with_its_error(swing):
    rng, found = np.random.default_rng(1), []
    for _ in range(60):
        found.append(period_of(plasma(60_000, rng, swing), 10.4, (80, 150)))
    amplitude = np.array([one.amplitude for one in found])
    assert amplitude.mean() == pytest.approx(swing, abs=0.02)
    assert amplitude.std() == pytest.approx(np.mean([one.error for one in found]), rel=0.3)
    assert np.median([one.crest for one in found]) == pytest.approx(112, abs=0.5)


def test_no_swing_where_there_is_none():
    found = period_of(plasma(60_000, np.random.default_rng(2)), 10.4, (80, 150))
    assert found.amplitude < 3.5 * found.error
    other = plasma(60_000, np.random.default_rng(3), 0.3, period=7)
    assert period_of(other, 10.4, (80, 150)).amplitude < 0.08
    assert period_of(plasma(300, np.random.default_rng(4)), 10.4, (80, 150)) is None
    assert period_of(np.zeros(401, np.int64), 10.4, (80, 150)) is None


def test_rows_of_lengths_and_motifs():
    given = fragments([0] * 20, [1] * 20)
    given.motifs[[0, 27, 255]] = 1, 2, 1
    assert length_rows(given) == [{"length": 170, "count": 20}]
    rows = motif_rows(given)
    assert [row["motif"] for row in rows] == list(MOTIFS) == sorted(MOTIFS)
    assert rows[27] == {"motif": "ACGT", "count": 2, "share": 0.5}
    features = features_of(given, low_pass.settings())
    assert (features.fragments, features.mode.length, features.ends) == (20, 170, 4)
    assert (features.ratio.value, features.period) == (0.0, None)
    assert {row["share"] for row in motif_rows(fragments([0] * 20, [1] * 20))} == {None}


def test_wide_windows_leave_out_gaps():
    short, long = list(range(20)), [10] * 20
    known, gc = np.ones(20), np.linspace(0.4, 0.6, 20)
    known[[1, 8]] = 0.999, np.nan
    gc[8] = np.nan
    rows = window_rows(fragments(short, long), gc, known, low_pass.settings())
    narrow, wide = rows[:20], rows[20:]
    assert [row["gap"] for row in narrow] == [k in (1, 8) for k in range(20)]
    assert narrow[1]["short"] == 1 and narrow[8]["gc"] is None
    assert narrow[8] == {
        "chrom": "2", "start": 0, "end": 2_000, "size": 2_000, "short": 8, "long": 10, "ratio": 0.8,
        "gc": None, "gap": True, "windows": 1,
    }  # fmt: skip
    assert [(r["chrom"], r["start"], r["end"], r["windows"]) for r in wide] == [
        ("1", 0, 10_000, 4), ("1", 10_000, 16_000, 3), ("2", 0, 10_000, 4),
        ("2", 10_000, 20_000, 5), ("2", 20_000, 23_000, 1),
    ]  # fmt: skip
    assert [row["short"] for row in wide] == [0 + 2 + 3 + 4, 18, 9 + 10 + 11 + 12, 75, 18]
    assert wide[0]["ratio"] == 9 / 40 and wide[0]["size"] == 10_000
    assert wide[0]["gc"] == pytest.approx(gc[[0, 2, 3, 4]].mean())
    assert wide[2]["gc"] == pytest.approx(gc[9:13].mean())
    # the last window of contig 2 has half the size: it is in no wide one
    assert [row["gap"] for row in wide] == [True, False, True, False, True]


def test_windows_that_an_excluded_region_reaches_into_are_as_gaps():
    given = fragments([1] * 20, [2] * 20, reached=[3, 4])
    rows = window_rows(given, np.full(20, 0.5), np.ones(20), low_pass.settings())
    assert [k for k, row in enumerate(rows[:20]) if row["gap"]] == [3, 4]
    assert [row["windows"] for row in rows[20:]] == [3, 3, 5, 5, 1]
    blind = window_rows(given, None, None, low_pass.settings())
    assert [row["windows"] for row in blind[20:]] == [3, 3, 5, 5, 1]


def test_without_a_reference_gaps_are_not_known():
    rows = window_rows(fragments([1] * 20, [0] * 20), None, None, low_pass.settings())
    assert {(row["gap"], row["gc"], row["ratio"]) for row in rows} == {(None, None, None)}
    assert [row["windows"] for row in rows[20:]] == [5, 3, 5, 5, 1]
    none = Bins((), *(np.empty(0, kind) for kind in (np.int16, np.int64, np.int64)))
    no = np.empty(0)
    empty = Fragments(np.zeros(5, int), 0, np.zeros(256, int), 0, none, no, no, no.astype(bool), 0)
    assert window_rows(empty, None, None, low_pass.settings()) == []


PANEL = [Region("chr1", 1_000, 1_200), Region("chr1", 20_000, 21_000), Region("chr2", 5, 10_000)]


def test_molecules_of_a_panel(tmp_path):
    reads = low_pass.random_reads(4, crowded=40)
    path = low_pass.write(tmp_path / "a.bam", reads[::-1], sort=False)
    chosen = low_pass.settings()
    found = fragment_lengths(path, "a.bam", PANEL, None, chosen)
    bins = grid({"chr1": 40_000, "chr2": 25_000}, 40_000)
    target = [(r.chrom.removeprefix("chr"), r.start, r.end) for r in PANEL]
    plain = low_pass.plain_count(path, bins, chosen, on_target=target, ends=False)
    fates, count, lengths, motifs, _, others = plain
    np.testing.assert_array_equal(found.count, count)
    assert found.totals.elsewhere == fates["elsewhere"] > 0
    assert {n: c for n, c in enumerate(found.fragments.lengths) if c} == dict(lengths)
    own = dict(zip(MOTIFS, found.fragments.motifs, strict=True))
    assert {motif: n for motif, n in own.items() if n} == dict(motifs)
    assert found.fragments.too_long == others["too_long"]
    whole = count_reads(low_pass.write(tmp_path / "b.bam", reads), "b.bam", bins, None, chosen)
    assert 0 < sum(lengths.values()) < whole.fragments.lengths.sum()
    assert window_rows(found.fragments, None, None, chosen) == []


def test_a_panel_of_another_genome_or_of_single_reads_is_named(tmp_path):
    reads = low_pass.random_reads(4, 50)
    path = low_pass.write(tmp_path / "a.bam", reads)
    with pytest.raises(InputError, match=r"a.bam: knows none of the panel's contigs \(7 "):
        fragment_lengths(path, "a.bam", [Region("chr7", 1, 2)], None, low_pass.settings())
    for read in reads:
        read.update(flag=read["flag"] & 16, mate=(-1, -1), tlen=0, mc=None)
    single = low_pass.write(tmp_path / "b.bam", reads[:-1])
    found = fragment_lengths(single, "b.bam", PANEL, None, low_pass.settings())
    assert (found.fragments, found.reason) == (None, SINGLE)
