"""Real plasma reads: counts as a plain loop has them, fragments as FinaleToolkit has them.

FinaleToolkit takes a fragment of a proper pair by its first read, with a mapping quality of 30, and
puts it into the window of its midpoint. It left out fragments in ENCODE's excludable regions where
one lies in a window, and lost the few whose first read does not reach the window of their midpoint.
"""

import csv
import os
from pathlib import Path

import low_pass
import numpy as np
import pytest
from repository import ROOT

from liquidbiopsy.copynumber.bins import grid
from liquidbiopsy.copynumber.counting import SINGLE, count_reads
from liquidbiopsy.copynumber.excluded import excluded_regions
from liquidbiopsy.copynumber.gc_content import gc_of_reference
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.core.settings import read_yaml, with_defaults
from liquidbiopsy.ctdna.fragment_lengths import fragment_lengths
from liquidbiopsy.ctdna.fragment_period import period_of
from liquidbiopsy.ctdna.fragment_windows import window_rows
from liquidbiopsy.ctdna.fragments import MOTIFS, features_of
from liquidbiopsy.reads.panel import Region

DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", ROOT / "../shared/data")).resolve()
CRAM = DATA / "fragments" / "hg19.chr1.6Mb.cram"
FASTA = str(DATA / "fragments" / "hg19.chr1.10Mb.fa.gz")
BINS = grid({"chr1": 9_999_999}, 500_000)  # what there is of the reference
READ_BP = 6_000_000  # of chr1 that there are reads of
SETTINGS = low_pass.settings(max_length=1000, window_bp=100_000, wide_window_bp=5_000_000)

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not CRAM.exists(), reason="the shared data are not at hand: set LIQUIDBIOPSY_SHARED_DATA"
    ),
]


@pytest.fixture(scope="module")
def counted():
    excluded = excluded_regions("GRCh37", None)
    return count_reads(str(CRAM), CRAM.name, BINS, FASTA, SETTINGS, excluded)


@pytest.fixture(scope="module")
def windows(counted):
    """Narrow windows that have reads, by their start."""
    gc, known = gc_of_reference(FASTA, counted.fragments.windows)
    rows = window_rows(counted.fragments, gc, known, SETTINGS)
    return {r["start"]: r for r in rows if r["size"] == 100_000 and r["start"] < READ_BP}


def expected():
    with open(DATA / "fragments" / "delfi_100kb.expected.csv") as handle:
        rows = list(csv.DictReader(handle))
    return {int(r["start"]): r for r in rows if r["contig"] == "1" and int(r["start"]) < READ_BP}


def test_lengths(counted):
    found = features_of(counted.fragments, SETTINGS)
    assert found.fragments == 42_931
    assert found.mode.length == 166
    assert found.mode.low <= 166 <= found.mode.high <= 170
    assert found.ratio.value == pytest.approx(0.185, abs=0.005)
    assert found.ratio.low < 0.185 < found.ratio.high < 0.195
    assert found.motif_diversity == pytest.approx(0.926, abs=0.001)
    assert MOTIFS[int(np.argmax(counted.fragments.motifs))] == "CCCA"


def test_lengths_swing_with_the_helix(counted):
    lengths = counted.fragments.lengths
    found = {p: period_of(lengths, p / 10, (80, 150)).amplitude for p in range(70, 150)}
    assert 10.0 <= max(found, key=found.get) / 10 <= 10.8
    own = period_of(lengths, 10.4, (80, 150))
    assert own.amplitude > 5 * own.error
    assert own.crest == pytest.approx(112, abs=1.5)


def test_windows_are_those_of_finaletoolkit(windows):
    """Within one fragment, but where the next window touches a gap of the assembly."""
    known = expected()
    assert len(known) == 50
    differences = {}
    for start, row in known.items():
        own = windows[start]
        assert own["gc"] == pytest.approx(float(row["gc"]), abs=1e-4)
        differences[start] = max(abs(own[k] - float(row[k])) for k in ("short", "long"))
    assert [start for start in known if windows[start]["gap"]] == [2_500_000]
    near = {s + step for s, w in windows.items() if w["gap"] for step in (-100_000, 100_000)}
    assert max(d for start, d in differences.items() if start not in near) <= 1
    assert max(differences.values()) <= 2
    assert sum(d == 0 for d in differences.values()) >= 44


def test_windows_that_touch_gaps_are_marked(windows):
    touched = [0, 1, 2, 3, 4, 5, 26, 38, 39]  # x 100 kb, from the runs of N in the sequence
    touched.insert(6, 25)  # an excluded region reaches from there up to the gap in the next
    assert [s // 100_000 for s, row in windows.items() if row["gap"]] == touched


def test_excluded_regions_tell_the_rest(counted):
    """Without them three windows have more; that of 0.5 Mb touches a gap."""
    whole = count_reads(str(CRAM), CRAM.name, BINS, FASTA, SETTINGS)
    more = whole.fragments.long - counted.fragments.long
    assert {k: n for k, n in enumerate(more) if n} == {5: 33, 7: 21, 57: 94}


def test_counts_are_those_of_a_plain_loop(counted):
    plain = low_pass.plain_count(str(CRAM), BINS, SETTINGS, fasta=FASTA)
    fates, count, lengths, motifs, _, _ = plain
    np.testing.assert_array_equal(counted.count, count)
    assert (counted.totals.records, counted.totals.counted) == (125_376, count.sum())
    assert counted.totals.flagged_duplicates == fates["flagged_duplicates"]
    assert counted.totals.duplicates == "flagged"
    assert {n: c for n, c in enumerate(counted.fragments.lengths) if c} == dict(lengths)
    own = dict(zip(MOTIFS, counted.fragments.motifs, strict=True))
    assert {motif: n for motif, n in own.items() if n} == dict(motifs)


def test_reference_cut_short_is_said_or_refused(counted, tmp_path):
    assert "only the beginning of chr1" in counted.notes[0]
    declared = grid({"1": 249_250_621}, 500_000)
    found = count_reads(str(CRAM), CRAM.name, declared, FASTA, SETTINGS)
    np.testing.assert_array_equal(found.count[:20], counted.count)
    assert found.notes == counted.notes
    short = tmp_path / "short.fa"
    short.write_text(">chr1\n" + "ACGT" * 250_000 + "\n")
    with pytest.raises(InputError, match="6Mb.cram: has reads beyond the end of the reference"):
        count_reads(str(CRAM), CRAM.name, grid({"1": 1_000_000}, 500_000), str(short), SETTINGS)


def test_molecules_of_a_small_panel():
    path = str(DATA / "mrd" / "T1.bam")
    panel = [Region("chr14", 106_327_422, 106_328_049)]
    found = fragment_lengths(path, "T1.bam", panel, None, SETTINGS)
    bins = grid({"14": 107_349_540}, 107_349_540)
    target = [("14", panel[0].start, panel[0].end)]
    _, _, lengths, _, _, _ = low_pass.plain_count(path, bins, SETTINGS, (), target, False)
    assert {n: c for n, c in enumerate(found.fragments.lengths) if c} == dict(lengths)
    assert sum(lengths.values()) > 1_000
    assert 160 <= features_of(found.fragments, SETTINGS).mode.length <= 172


def test_single_reads_are_said():
    path = str(DATA / "umi" / "umi_tools_chr19.bam")
    found = fragment_lengths(path, "x.bam", [Region("chr19", 0, 60_000_000)], None, SETTINGS)
    assert (found.fragments, found.reason) == (None, SINGLE)


def test_defaults_of_the_schema_are_those_tested():
    schema = read_yaml(ROOT / "workflow/assays/ctdna/config.schema.yaml")
    default = with_defaults({}, schema)["wgs"]
    assert {k: default["fragments"][k] for k in SETTINGS["fragments"]} == SETTINGS["fragments"]
    assert (default["min_mapq"], default["duplicates"]) == (20, "auto")
