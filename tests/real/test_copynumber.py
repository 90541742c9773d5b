"""Published profiles segmented: a tumour's chromosome 6, a plasma, healthy donors, a panel."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from copies import SETTINGS as CORRECTION
from repository import ROOT

from liquidbiopsy.copynumber.genes import genes_in, per_bin
from liquidbiopsy.copynumber.normals import read_normals
from liquidbiopsy.copynumber.profile import profile_of
from liquidbiopsy.copynumber.ready import read_ready
from liquidbiopsy.copynumber.segment import segment, segment_profile
from liquidbiopsy.copynumber.tracks import track_on
from liquidbiopsy.copynumber.wig import as_bins, read_wig

DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", ROOT / "../shared/data")).resolve()
COPIES, FRACTION = DATA / "copy_number", DATA / "tumour_fraction"
SETTINGS = {"min_bins": 2, "false_breakpoints": 0.5, "outlier_sd": 3.0}

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not COPIES.exists(), reason="the shared data are not at hand: set LIQUIDBIOPSY_SHARED_DATA"
    ),
]


def profile(counts, gc, mappability, normals=None):
    bins, count = as_bins(read_wig(str(counts)))
    tracks = [track_on(bins, read_wig(str(path))) for path in (gc, mappability)]
    return profile_of(bins, count, *tracks, "hg19", normals, CORRECTION)


def inner(segments):
    """Index of the first bin of each segment that is not the first of its contig."""
    begins = np.flatnonzero(np.diff(segments.contig, prepend=-1) == 0)
    return segments.first[begins]


def test_events_of_a_tumours_chromosome_that_are_plain_to_see():
    """Where medians of 100 bins to both sides differ by 0.25, a breakpoint lies within 30 bins."""
    own = profile(*(COPIES / f"hmmcopy_{k}.wig.gz" for k in ("tumour", "gc", "map")))
    used = np.flatnonzero(own.used)
    log2 = own.log2[used]
    step = np.zeros(log2.size)
    for k in range(100, log2.size - 100):
        step[k] = abs(np.median(log2[k : k + 100]) - np.median(log2[k - 100 : k]))
    peaks = [
        k for k in np.flatnonzero(step > 0.25) if step[k] == step[max(0, k - 100) : k + 100].max()
    ]
    places = own.bins.start[used[peaks]] / 1e6
    assert len(np.unique(np.round(places))) >= 8
    found = inner(segment_profile(own, SETTINGS))
    ranks = np.searchsorted(used, found)
    assert all(np.abs(ranks - k).min() <= 30 for k in peaks)
    # 10 kb bins of 171 Mb: no forest of breakpoints
    assert found.size < 120


def test_a_plasma_has_the_breakpoints_of_ichorcna_and_its_gains():
    normals = read_normals(str(FRACTION / "healthy_donors_1Mb.log2.tsv"))
    paths = (FRACTION / n for n in ("MBC_315.ctDNA.reads.wig", "gc_hg19_1000kb.wig"))
    own = profile(*paths, FRACTION / "map_hg19_1000kb.wig", normals)
    found = segment_profile(own, SETTINGS)
    with (FRACTION / "MBC_315.ichorcna.seg.txt").open(encoding="utf-8") as handle:
        stored = list(csv.DictReader(handle, delimiter="\t"))
    theirs = {
        (b["chrom"][3:], (int(b["start"]) - 1) // 10**6)
        for a, b in zip(stored[:-1], stored[1:], strict=True)
        if a["chrom"] == b["chrom"]
    }
    starts = inner(found)
    ours = {(own.bins.contigs[own.bins.contig[k]], own.bins.start[k] // 10**6) for k in starts}
    assert len(theirs & ours) >= 0.8 * len(theirs) and len(ours) <= 1.6 * len(theirs)
    # tumour fraction 0.255 and ploidy 1.90, as published, make copies of log2
    level = per_bin(found, found.mean, len(own.bins))
    copies = (2**level * (0.255 * 1.9 + 0.745 * 2) - 0.745 * 2) / 0.255
    rows, note = genes_in(own.bins, "hg19", own.used, own.log2, copies, 1.9)
    calls = {row["gene"]: row["call"] for row in rows}
    assert note == "" and calls["MYC"] == "gained" and calls["TP53"] == "lost"
    assert calls["CCND1"] in ("gained", "amplified")
    (ccnd1,) = (row for row in rows if row["gene"] == "CCND1")
    assert round(ccnd1["copies"]) >= 4  # its own bin is not used: both sides have the same


def test_healthy_donors_have_hardly_any_breakpoint():
    """Each against the median of the others: 0.5 false ones are allowed in each."""
    with (FRACTION / "healthy_donors_1Mb.log2.tsv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    names = [name for name in rows[0] if name.startswith("HD")]
    rows = [row for row in rows if row["chrom"].isdigit()]
    log2 = np.array([[float(row[n]) if row[n] != "NA" else np.nan for n in names] for row in rows])
    known = np.isfinite(log2).sum(1) > 3
    log2, contig = log2[known], np.array([int(row["chrom"]) for row in rows])[known]
    found = []
    for k in range(len(names)):
        own = log2[:, k] - np.nanmedian(np.delete(log2, k, 1), axis=1)
        found.append(segment(own, np.ones(own.size), contig, SETTINGS).first.size - 22)
    assert len(names) == 14 and np.mean(found) <= 1 and np.median(found) <= 1


def test_a_panel_is_segmented_as_its_data_allow():
    """The stored segments are of wavelets at a low bar: more than half of their steps are noise.

    Of 289 breakpoints, 107 are steps of less than 0.1, a noisy bin alone being 0.17; few of these
    are found, and most of ours are theirs.
    """
    own = read_ready(str(COPIES / "p2-9_2.cnr"), CORRECTION)
    with (COPIES / "p2-9_2.cns").open(encoding="utf-8") as handle:
        segments = list(csv.DictReader(handle, delimiter="\t"))
    stored, steps = [], []
    for a, b in zip(segments[:-1], segments[1:], strict=True):
        if a["chromosome"] == b["chromosome"]:
            place = own.bins.of(a["chromosome"].removeprefix("chr"))
            last = np.searchsorted(own.bins.end[place], int(a["end"]))
            stored.append(place.start + int(last) + 1)
            steps.append(abs(float(a["log2"]) - float(b["log2"])))
    steps = np.array(steps)
    assert len(stored) == 289 and (steps < 0.1).sum() == 107
    found = inner(segment_profile(own, SETTINGS))
    apart = np.abs(found[:, None] - np.array(stored)).min(axis=0)
    near = np.abs(found[:, None] - np.array(stored)).min(axis=1)
    assert (near <= 5).mean() >= 0.6 and 40 <= found.size <= 120
    assert (apart[steps < 0.1] <= 1).mean() < 0.1 < 0.3 < (apart[steps > 0.4] <= 5).mean()
