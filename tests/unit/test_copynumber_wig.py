"""WIG files of counts and tracks, GC of a reference, centromeres: read, and refused by name."""

import gzip

import numpy as np
import pysam
import pytest

from liquidbiopsy.copynumber import gc_content
from liquidbiopsy.copynumber.bins import grid
from liquidbiopsy.copynumber.gc_content import gc_of_reference
from liquidbiopsy.copynumber.regions import build_note, in_centromeres, known_build
from liquidbiopsy.copynumber.tracks import names_note, track_on
from liquidbiopsy.copynumber.wig import as_bins, read_wig
from liquidbiopsy.core.errors import InputError

TWO = (
    "fixedStep chrom=chr2 start=1 step=100 span=100\n5\n6\nfixedStep chrom=chr1 start=1 step=100\n"
)


def written(tmp_path, text, name="a.wig"):
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_counts_become_bins_in_genome_order(tmp_path):
    text = f"track type=wiggle_0\n{TWO}1\n\n2\n3\nfixedStep chrom=chrM start=1 step=100\n9\n"
    wig = read_wig(written(tmp_path, text))
    assert (wig.step, wig.names) == (100, ("chr2", "chr1", "chrM"))
    bins, count = as_bins(wig)
    assert bins.contigs == ("1", "2")
    assert count.tolist() == [1, 2, 3, 5, 6]
    assert bins.start.tolist() == [0, 100, 200, 0, 100]
    assert bins.end.tolist() == [100, 200, 300, 100, 200]


def test_gzip_and_windows_line_ends_read_the_same(tmp_path):
    plain = read_wig(written(tmp_path, f"{TWO}1\n"))
    path = tmp_path / "b.wig.gz"
    path.write_bytes(gzip.compress(f"{TWO}1\n".replace("\n", "\r\n").encode()))
    zipped = read_wig(str(path))
    assert zipped.names == plain.names
    for name, values in plain.values.items():
        np.testing.assert_array_equal(zipped.values[name], values)


def test_bins_that_a_file_leaves_out_are_without_reads(tmp_path):
    text = (
        "fixedStep chrom=1 start=101 step=100\n7\nfixedStep chrom=1 start=301 step=100 span=100\n8"
    )
    wig = read_wig(written(tmp_path, text))
    np.testing.assert_array_equal(wig.values["1"], [np.nan, 7, np.nan, 8])
    assert as_bins(wig)[1].tolist() == [0, 7, 0, 8]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("track type=wiggle_0\n", "is empty"),
        ("fixedStep chrom=1 start=1 step=100\n", "is empty"),
        ("variableStep chrom=1\n1 5\n", "line 1 is variableStep"),
        ("5\n", "line 1: a value before"),
        (f"{TWO}x\n", "line 5 is no number: 'x'"),
        (f"{TWO}1 2\n", "line 5 is no number"),
        (f"{TWO}inf\n", "line 5 is no number"),
        (f"{TWO}1\nfixedStep chrom=3 start=1 step=200\n", "line 6: step 200, and 100 on line 1"),
        (f"{TWO}1\nfixedStep chrom=3 start=51 step=100\n1\n", "line 6: start 51 is not at"),
        (f"{TWO}1\nfixedStep chrom=1 start=1 step=100\n1\n", "line 6: 1 has bins twice"),
        ("fixedStep chrom=1 start=1 step=100 span=1\n5\n", "span 1 make no row of bins"),
        ("fixedStep chrom=1 start=0 step=100\n5\n", "line 1: start 0"),
        ("fixedStep chrom=1 step=100\n5\n", "line 1: no chrom, start and step"),
        ("fixedStep chrom=1 start=9999999999901 step=100\n5\n", "beyond any contig"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path, text, words):
    with pytest.raises(InputError, match=words) as caught:
        read_wig(written(tmp_path, text))
    assert caught.value.file.endswith("a.wig")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_wig(str(tmp_path / "none.wig"))
    cut = tmp_path / "cut.wig.gz"
    cut.write_bytes(gzip.compress(TWO.encode() * 99)[:-20])
    with pytest.raises(InputError, match="cut off"):
        read_wig(str(cut))
    (tmp_path / "b.wig").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not a text file"):
        read_wig(str(tmp_path / "b.wig"))


def test_counts_below_zero_and_other_genomes_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"-1 reads at 1:101.*GC track"):
        as_bins(read_wig(written(tmp_path, "fixedStep chrom=1 start=1 step=100\n4\n-1\n")))
    with pytest.raises(InputError, match="no chromosome 1 to 22"):
        as_bins(read_wig(written(tmp_path, "fixedStep chrom=chrVI start=1 step=100\n4\n")))


def track(tmp_path, values, step=100, name="gc.wig"):
    lines = [
        f"fixedStep chrom={contig} start=1 step={step} span={step}\n{own}\n"
        for contig, own in values.items()
    ]
    return read_wig(written(tmp_path, "".join(lines), name))


def test_a_track_is_laid_on_the_bins(tmp_path):
    bins = grid({"1": 250, "2": 100, "Y": 90}, 100)
    values = track_on(bins, track(tmp_path, {"chr2": "0.5", "chr1": "0.4\n-1\n0.6", "chrM": "7"}))
    np.testing.assert_array_equal(values, [0.4, np.nan, 0.6, 0.5, np.nan])


@pytest.mark.parametrize(
    ("values", "step", "words"),
    [
        ({"1": "0.4\n0.4\n0.5", "2": "0.5"}, 50, "bins of 50 bases, and the counts of 100"),
        ({"1": "0.4\n0.4", "2": "0.5"}, 100, "another build: 2 bins on chromosome 1, where .* 3"),
        ({"1": "0.4\n0.4\n0.5"}, 100, "has no chromosome 2"),
        ({"1": "0.4\n41\n0.5", "2": "0.5"}, 100, "has 41 at 1:101"),
    ],
)
def test_a_track_of_other_bins_is_refused(tmp_path, values, step, words):
    with pytest.raises(InputError, match=words):
        track_on(grid({"1": 250, "2": 100}, 100), track(tmp_path, values, step))


def test_names_that_differ_by_chr_are_said():
    said = names_note({"a.bam": ["chrM", "chr1"], "b.wig": ["chr2"], "gc.wig": ["MT", "1"]})
    assert said == (
        "contigs are named chr1, … in a.bam, b.wig and 1, … in gc.wig: taken as the same"
    )
    assert names_note({"a.bam": ["chr1"], "gc.wig": ["chr1"], "none.wig": []}) == ""


def test_gc_is_counted_as_by_hand(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    made = {n: "".join(rng.choice(list("ACGTNacgtRn"), s)) for n, s in (("chr1", 250), ("2", 99))}
    lines = [
        f">{name} text > with signs\n"
        + "".join(f"{seq[k : k + 13]}\r\n" for k in range(0, len(seq), 13))
        for name, seq in {"un1": "ACGT", **made}.items()
    ]
    path = tmp_path / "a.fa"
    path.write_text("".join(lines))
    monkeypatch.setattr(gc_content, "PIECE", 7)
    bins = grid({"chr1": 250, "chr2": 99}, 40)
    gc, acgt = gc_of_reference(str(path), bins)
    for k, name in enumerate(bins.chrom()):
        own = made["chr1" if name == "1" else "2"][bins.start[k] : bins.end[k]].upper()
        known = sum(own.count(base) for base in "ACGT")
        assert acgt[k] == pytest.approx(known / len(own))
        assert gc[k] == pytest.approx((own.count("G") + own.count("C")) / known)
    pysam.tabix_compress(str(path), str(tmp_path / "a.fa.gz"))
    zipped = gc_of_reference(str(tmp_path / "a.fa.gz"), bins)
    np.testing.assert_array_equal(zipped[0], gc)
    np.testing.assert_array_equal(zipped[1], acgt)


def test_gc_of_a_bin_without_bases_is_not_known(tmp_path):
    path = written(tmp_path, ">1\n" + "N" * 100 + "G" * 50 + "\n", "a.fa")
    wig = track(tmp_path, {"1": "0\n3"})  # its last bin is longer than the contig
    gc, acgt = gc_of_reference(path, as_bins(wig)[0])
    np.testing.assert_array_equal(gc, [np.nan, 1])
    np.testing.assert_array_equal(acgt, [0, 1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("ACGT\n", "does not begin with >"),
        (">2\n" + "A" * 300, "has no chromosome 1"),
        (">1\n" + "A" * 500, "another build: chromosome 1 has 500 bases, and bins up to 300"),
        (">1\n" + "A" * 150, "another build"),
        (">1\nACGT\x01\n", "letters of no base"),
    ],
)
def test_a_reference_that_is_not_that_of_the_bins_is_named(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        gc_of_reference(written(tmp_path, text, "a.fa"), grid({"1": 300}, 100))


def test_a_reference_packed_by_gzip_is_named(tmp_path):
    (tmp_path / "a.fa.gz").write_bytes(gzip.compress(b">1\nACGT\n"))
    with pytest.raises(InputError, match="not by bgzip"):
        gc_of_reference(str(tmp_path / "a.fa.gz"), grid({"1": 4}, 2))


@pytest.mark.parametrize(
    ("name", "build"), [("hg19", "GRCh37"), ("hs37d5", "GRCh37"), ("hg38", "GRCh38")]
)
def test_builds_are_known_by_their_usual_names(name, build):
    assert known_build(name) == known_build(build) == build
    assert build_note(name) == ""


def test_centromeres_are_those_of_the_build():
    bins = grid({"1": 249_250_621, "8": 146_364_022}, 1_000_000)
    inside = in_centromeres(bins, "hg19", 0)
    assert bins.start[inside].tolist() == [
        k * 1_000_000 for k in (*range(121, 125), *range(43, 47))
    ]
    wide = in_centromeres(bins, "GRCh37", 500_000)
    assert wide.sum() == inside.sum() + 2  # 121.5 - 0.5 Mb touches one more, 46.8 + 0.5 another
    assert in_centromeres(bins, "GRCh38", 0)[bins.of("1")].sum() == 5
    assert not in_centromeres(bins, "mm10", 100_000).any()
    assert not in_centromeres(bins, None, 100_000).any()
    assert build_note("mm10").endswith("build mm10 is not among GRCh37, GRCh38")
