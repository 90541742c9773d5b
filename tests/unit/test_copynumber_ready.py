"""Bins that another program has made ready: CNVkit's, plain tables, one column a cell."""

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from copies import SETTINGS, genome, reads

from liquidbiopsy.copynumber.profile import profile_of
from liquidbiopsy.copynumber.ready import read_ready
from liquidbiopsy.core.errors import InputError

CNR = (
    "chromosome\tstart\tend\tgene\tlog2\tdepth\tweight\n"
    "chr2\t500\t600\tA,B\t0.5\t10\t0.25\n"
    "chr1\t100\t300\tBackground\t-0.25\t3\t1\n"
    "chr1\t290\t400\tX\t-20\t0\t0.9\n"
    "chr1\t400\t500\tX\t0.1\t5\t0\n"
    "chrUn_1\t0\t500\tX\t9\t5\t1\n"
)


def written(tmp_path, text, name="a.cnr"):
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_a_table_of_cnvkit_is_taken_as_it_is(tmp_path):
    found = read_ready(written(tmp_path, CNR), SETTINGS)
    assert found.bins.chrom() == ["1", "1", "1", "2"]
    assert found.bins.start.tolist() == [100, 290, 400, 500]
    assert found.used.tolist() == [True, False, False, True]  # no coverage; no weight
    np.testing.assert_array_equal(found.log2, [-0.25, np.nan, np.nan, 0.5])
    np.testing.assert_allclose(found.corrected[[0, 3]], 2 ** np.array([-0.25, 0.5]))
    assert found.noise[3] == pytest.approx(2 * found.noise[0])  # a quarter of the weight
    assert np.isnan(found.count).all() and np.isnan(found.gc).all()


def table_of(bins, **columns):
    return {"chrom": bins.chrom(), "start": bins.start, "end": bins.end, **columns}


def as_text(columns, from_one=False):
    shifted = {**columns, "start": np.asarray(columns["start"]) + from_one}
    rows = zip(*shifted.values(), strict=True)
    return "\n".join("\t".join(map(str, row)) for row in [tuple(columns), *rows]) + "\n"


@pytest.mark.parametrize("form", ["tsv", "gz", "from_one", "parquet"])
def test_counts_are_corrected_by_the_gc_beside_them(tmp_path, form):
    bins, gc, mappability = genome()
    count = reads(1, bins, gc, mappability)
    columns = table_of(bins, reads=count.astype(int), GC=gc, map=mappability)
    path = tmp_path / "a.bins"
    if form == "parquet":
        pq.write_table(pa.table(columns), path)
    elif form == "gz":
        path.write_bytes(gzip.compress(f"# made by hand\n{as_text(columns)}".encode()))
    else:
        path.write_text(as_text(columns, form == "from_one"))
    found = read_ready(str(path), SETTINGS, build="hg19")
    other = profile_of(bins, count, gc, mappability, "hg19", None, SETTINGS)
    np.testing.assert_array_equal(found.bins.start, bins.start)
    np.testing.assert_array_equal(found.used, other.used)
    np.testing.assert_allclose(found.log2, other.log2)


def test_ratios_have_their_logarithms(tmp_path):
    text = "chr\tstart\tend\tratio\n1\t0\t10\t2\n1\t10\t20\t0\n1\t20\t30\tNA\n1\t30\t40\t0.5\n"
    found = read_ready(written(tmp_path, text), SETTINGS)
    np.testing.assert_array_equal(found.log2, [1, np.nan, np.nan, -1])
    assert found.used.tolist() == [True, False, False, True]


def test_a_table_that_r_wrote(tmp_path):
    """Text between quotation marks, thousands as 1e+06, NA; ichorCNA's name of the log2."""
    path = tmp_path / "plasma.correctedDepth.txt"
    path.write_text(
        '"chr"\t"start"\t"end"\t"log2_TNratio_corrected"\n'
        '"chr1"\t1\t1e+06\t0.5\n"chr1"\t1000001\t2e+06\tNA\n"X"\t1\t1e+06\t"-0.25"\n'
    )
    made = read_ready(str(path), {})
    assert made.bins.contigs == ("1", "X")
    assert made.bins.start.tolist() == [0, 10**6, 0]
    assert made.log2[[0, 2]].tolist() == [0.5, -0.25] and not made.used[1]


def test_a_column_a_cell_is_what_its_numbers_look_like(tmp_path):
    bins, gc, mappability = genome()
    count = reads(1, bins, gc, mappability)
    ratio = count / count.mean()
    with np.errstate(divide="ignore"):
        log2 = np.maximum(np.log2(ratio), -30)
    columns = table_of(bins, c1=count.astype(int), c2=ratio, c3=log2)
    path = written(tmp_path, as_text(columns))
    by_count, by_ratio, by_log2 = (read_ready(path, SETTINGS, c) for c in ("c1", "c2", "c3"))
    np.testing.assert_array_equal(by_count.count, count)
    own = by_ratio.used
    np.testing.assert_allclose(by_ratio.log2[own], by_log2.log2[own], atol=1e-9)
    np.testing.assert_allclose(by_ratio.corrected[own], ratio[own])
    with pytest.raises(InputError, match="has no column c9"):
        read_ready(path, SETTINGS, "c9")


HEAD = "chrom\tstart\tend\tlog2\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("chrom\tstart\tlog2\n1\t0\t1\n", "has no column end"),
        ("chrom\tstart\tend\tdepth\n1\t0\t5\t1\n", "has no column log2, ratio or count"),
        (f"{HEAD}1\t0\t5\t0.1\n1\tx\t9\t0.1\n", "row 2, column start: 'x' is no number"),
        (f"{HEAD}1\t0\t5\t0.1\n1\t5\t9\tlow\n", "row 2, column log2: 'low' is no number"),
        (f"{HEAD}1\t9\t5\t0.1\n", "row 1 is empty or overlaps|row 1: start and end are no place"),
        (f"{HEAD}1\t-1\t5\t0.1\n", "row 1: start and end are no place"),
        (f"{HEAD}1\t0\t\t0.1\n", "row 1: start and end are no place"),
        (f"{HEAD}1\t0\t5.5\t0.1\n", "row 1: start and end are no place"),
        (f"{HEAD}2\t0\t9\t1\n1\t5\t9\t1\n1\t5\t9\t0.1\n", "row 3 is empty or overlaps another"),
        (f"{HEAD}1\t0\t9\t1\n1\t2\t8\t0.1\n", "row 2 is empty or overlaps another"),
        (f"{HEAD}GL000191\t0\t5\t0.1\n", "has no bin of chromosomes 1 to 22, X and Y"),
        (f"{HEAD}1\t0\t5\n", "is no table"),
        ("chrom\tstart\tend\tcount\n1\t0\t5\t-4\n", "row 1: a count below 0"),
        ("chrom\tstart\tend\tratio\n1\t0\t5\t1\n1\t5\t9\t-4\n", "row 2: a ratio below 0"),
        ("chrom\tstart\tend\tcount\tgc\n1\t0\t5\t4\t41\n", "row 1, column gc: not a share"),
    ],
)
def test_a_broken_table_is_named_with_its_row(tmp_path, text, words):
    with pytest.raises(InputError, match=words) as caught:
        read_ready(written(tmp_path, text), SETTINGS)
    assert caught.value.file.endswith("a.cnr")


def test_bins_without_ends_reach_to_the_next(tmp_path):
    starts = {"1": [0, 100, 190, 9000, 9100], "23": [50, 160], "24": [7]}
    rows = [f"{c}\t{s}\t{k}\t1.5" for c, of in starts.items() for k, s in enumerate(of)]
    path = written(tmp_path, "\n".join(["chrom\tchrompos\tabspos\tratio", *rows]) + "\n")
    bins = read_ready(path, SETTINGS).bins
    assert bins.chrom() == [*"11111", "X", "X", "Y"]
    assert bins.start.tolist() == [0, 100, 190, 9000, 9100, 50, 160, 7]
    assert bins.end.tolist() == [100, 190, 290, 9100, 9200, 160, 260, 107]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_ready(str(tmp_path / "none.cnr"), SETTINGS)
    (tmp_path / "a").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="is no table"):
        read_ready(str(tmp_path / "a"), SETTINGS)
    (tmp_path / "b").write_bytes(gzip.compress(CNR.encode() * 99)[:-60])
    with pytest.raises(InputError):
        read_ready(str(tmp_path / "b"), SETTINGS)
    (tmp_path / "c").write_bytes(b"chrom\tstart\tend\tlog2\n1\t0\t5\t\xff\xfe\n")
    with pytest.raises(InputError, match="is no table"):
        read_ready(str(tmp_path / "c"), SETTINGS)
