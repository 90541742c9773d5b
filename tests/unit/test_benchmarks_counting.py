"""The reads of the counting benchmark are sound, and both ways of counting them agree."""

import pysam
import pytest

from benchmarks.ctdna_counting import bare, check, ours, plain, told
from benchmarks.low_pass_reads import write_low_pass


def test_both_count_the_same(tmp_path):
    path = tmp_path / "reads.bam"
    written = write_low_pass(path, 3_000, flagged=True)
    found, loop = ours(path), plain(path)
    check(found, loop)
    assert sum(bare(path).values()) == found.totals.counted > 0.7 * written
    assert found.totals.flagged_duplicates > 0.03 * written
    with pytest.raises(RuntimeError, match="other numbers"):
        check(found, (loop[0] + loop[0], *loop[1:]))


def test_reads_are_sorted_and_whole(tmp_path):
    path = tmp_path / "reads.bam"
    written = write_low_pass(path, 3_000, flagged=False)
    with pysam.AlignmentFile(str(path)) as bam:
        reads = list(bam)
    places = [(read.reference_id, read.reference_start) for read in reads]
    assert len(reads) == written and places == sorted(places)
    for read in reads[:200]:
        assert read.infer_query_length() == len(read.query_sequence) == len(read.query_qualities)
        assert {"NM", "MD", "MC", "AS", "XS", "RG"} == {tag for tag, _ in read.get_tags()}
    found = ours(path)
    assert (found.totals.duplicates, found.notes) == ("ends", ())
    assert 0.7 < found.totals.same_ends / (0.05 * written) < 1.1


def test_table():
    result = {"reads": 10, "bytes": 77.0, "seconds": {"a": [1.0, 2.0, 1.0], "b": [4.0, 6.0, 5.0]},
              "growth": [{"reads": 10, "seconds": 2.0, "mb": 5.0}]}  # fmt: skip
    lines = told(result).splitlines()
    assert "| a | 10 | 1.00 (1.00-1.00) |" in lines
    assert "| b | 2 | 4.00 (3.00-5.00) |" in lines
    assert lines[-1] == "| 10 | 5 | 5 |"
