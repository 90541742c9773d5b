"""The bins of a real plasma and of fourteen donors, as ichorCNA's own example has them."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from copies import SETTINGS
from repository import ROOT

from liquidbiopsy.copynumber.bins import grid
from liquidbiopsy.copynumber.gc_content import gc_of_reference
from liquidbiopsy.copynumber.noise import mad
from liquidbiopsy.copynumber.normals import read_normals
from liquidbiopsy.copynumber.profile import profile_of
from liquidbiopsy.copynumber.quality import quality
from liquidbiopsy.copynumber.ready import read_ready
from liquidbiopsy.copynumber.regions import in_centromeres
from liquidbiopsy.copynumber.tracks import track_on
from liquidbiopsy.copynumber.wig import as_bins, read_wig
from liquidbiopsy.core.errors import InputError

DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", ROOT / "../shared/data")).resolve()
PLASMA, CHR6 = DATA / "tumour_fraction", DATA / "copy_number"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not PLASMA.exists(),
        reason="the shared data are not at hand: set LIQUIDBIOPSY_SHARED_DATA",
    ),
]


@pytest.fixture(scope="module")
def plasma():
    """Bins, counts, GC and mappability of the patient, and the donors."""
    bins, count = as_bins(read_wig(str(PLASMA / "MBC_315.ctDNA.reads.wig")))
    gc, mappability = (
        track_on(bins, read_wig(str(PLASMA / f"{kind}_hg19_1000kb.wig"))) for kind in ("gc", "map")
    )
    normals = read_normals(str(PLASMA / "healthy_donors_1Mb.log2.tsv"))
    return bins, count, gc, mappability, normals


def test_the_patient_is_quieter_against_the_donors(plasma):
    *sample, normals = plasma
    bins = sample[0]
    alone, held = (profile_of(*sample, "hg19", panel, SETTINGS) for panel in (None, normals))
    before, after = quality(alone), quality(held)
    assert before.reads == 3_052_419
    assert before.used > 2500 and after.used > 2490
    assert before.gc_correlation_before > 0.75 and abs(after.gc_correlation_after) < 0.06
    assert after.gc_bias_after < 0.05 * before.gc_bias_before
    both = alone.used & held.used
    assert mad(bins, held.log2, both) < 0.98 * mad(bins, alone.log2, both)
    assert mad(bins, held.log2, both) < 0.067


def test_segments_have_the_level_that_ichorcna_found(plasma):
    *sample, normals = plasma
    held = profile_of(*sample, "hg19", normals, SETTINGS)
    chrom, apart = np.array(held.bins.chrom()), []
    for row in pd.read_csv(PLASMA / "MBC_315.ichorcna.seg.txt", sep="\t").itertuples():
        own = held.used & (chrom == row.chrom.removeprefix("chr"))
        own &= (held.bins.start >= row.start - 1) & (held.bins.end <= row.end)
        apart.append(np.median(held.log2[own]) - row._6)
    assert len(apart) == 45
    assert np.abs(np.array(apart) - np.median(apart)).max() < 0.03
    assert abs(np.median(apart)) < 0.02


def test_donors_left_out_one_by_one_are_quieter_too(plasma):
    normals = plasma[-1]
    shares = []
    for name, own in zip(normals.names, normals.log2.T, strict=True):
        others = normals.leave_out(name).median
        used = np.isfinite(own) & np.isfinite(others) & normals.bins.autosomal
        shares.append(mad(normals.bins, own - others, used) / mad(normals.bins, own, used))
    assert len(shares) == 14
    assert np.median(shares) < 0.99 and max(shares) < 1.03


def test_centromeres_are_those_of_the_gap_table(plasma):
    bins = plasma[0]
    inside = in_centromeres(bins, "hg19", 100_000)
    chrom, own = np.array(bins.chrom()), np.zeros(len(bins), bool)
    table = pd.read_csv(PLASMA / "GRCh37.p13_centromere_UCSC-gapTable.txt", sep="\t")
    for row in table.itertuples():
        near = (bins.start < row.End + 100_000) & (bins.end > row.Start - 100_000)
        own |= (chrom == str(row.Chr)) & near
    np.testing.assert_array_equal(inside, own)


def test_tracks_of_another_step_are_refused(plasma):
    with pytest.raises(InputError, match="bins of 500000 bases, and the counts of 1000000"):
        track_on(plasma[0], read_wig(str(PLASMA / "gc_hg19_500kb.wig")))


def test_chromosome_6_alone_at_10_kb(plasma):
    bins, count = as_bins(read_wig(str(CHR6 / "hmmcopy_tumour.wig.gz")))
    gc, mappability = (
        track_on(bins, read_wig(str(CHR6 / f"hmmcopy_{kind}.wig.gz"))) for kind in ("gc", "map")
    )
    found = profile_of(bins, count, gc, mappability, "GRCh37", None, SETTINGS)
    measured = quality(found)
    assert len(bins) == 17_090 and measured.used > 12_000
    assert measured.mad < 0.075
    assert measured.gc_bias_after < 0.2 * measured.gc_bias_before
    with pytest.raises(InputError, match="another build"):
        other = grid({"6": 170_805_979}, 10_000)  # of GRCh38
        track_on(other, read_wig(str(CHR6 / "hmmcopy_gc.wig.gz")))


def test_gc_of_real_sequence_is_that_of_the_track():
    fasta = DATA / "fragments" / "hg19.chr1.10Mb.fa.gz"
    gc, acgt = gc_of_reference(str(fasta), grid({"chr1": 9_999_999}, 1_000_000))
    track = read_wig(str(PLASMA / "gc_hg19_1000kb.wig")).values["1"][:10]
    known = track > 0
    np.testing.assert_allclose(gc[known], track[known], atol=1e-3)
    assert (acgt > 0.4).all() and (acgt[5:] > 0.99).all()


def test_cnvkit_bins_are_read_whole():
    found = read_ready(str(CHR6 / "p2-9_2.cnr"), SETTINGS)
    assert len(found.bins) == 18_759 and found.used.sum() > 18_700
    assert quality(found).mad == pytest.approx(0.163, abs=0.001)
