"""BAM files as arrays: every field as pysam reads it, chunks, and files that are cut off."""

from array import array
from pathlib import Path

import numpy as np
import pysam
import pytest
import umi_reads

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads import bgzf
from liquidbiopsy.reads.bam import BamReader
from liquidbiopsy.reads.chunks import chunk_of
from liquidbiopsy.reads.fields import five_prime, pack_umi, tag_at, text_tag


def some_reads(n, seed=0):
    """Reads of every kind: clipped, with indels, unmapped, with tags of all types."""
    rng = np.random.default_rng(seed)
    found = []
    for k in range(n):
        length = int(rng.integers(20, 151))
        seq = "".join("ACGTN"[b] for b in rng.integers(0, 5, length))
        a = length // 3
        cigar = rng.choice(
            [f"{length}M", f"4S{length - 4}M", f"3H{a}M2I{length - a - 2}M",
             f"{a}M5D{length - a - 6}M6S", f"{a}M100N{length - a}M"]
        )  # fmt: skip
        tags = [("XA", "text"), ("XB", 7), ("XC", 3.5), ("XD", "c"), ("RX", "ACGT-TTTT")]
        rng.shuffle(tags)
        one = umi_reads.read(
            f"r{k}", int(rng.choice([0, 16, 1 | 64, 1 | 128 | 16, 256, 1024])),
            int(rng.integers(100, 90_000)), seq, rng.integers(0, 42, length).tolist(), cigar,
            tid=int(rng.integers(0, 2)) if k % 7 else 0, mapq=int(rng.integers(0, 61)),
        )  # fmt: skip
        one.reference_start = min(one.reference_start, 40_000)
        for tag, value in tags:
            one.set_tag(tag, value)
        one.set_tag("XE", array("h", [1, -2, 3]))
        if k % 11 == 0:
            one.flag, one.reference_id, one.reference_start, one.cigarstring = 4, -1, -1, None
        found.append(one)
    return found


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return umi_reads.write(tmp_path_factory.mktemp("bam") / "a.bam", some_reads(3000), order=False)


@pytest.mark.parametrize("size", [1, 5_000, 1 << 23])
def test_fields_are_those_that_pysam_reads(file, size):
    with pysam.AlignmentFile(file) as whole:
        expected = list(whole)
    k = 0
    with BamReader(file, size) as reader:
        assert reader.header.contigs == umi_reads.CONTIGS
        for chunk in reader:
            assert chunk.first == k
            for i in range(len(chunk)):
                one = expected[k]
                k += 1
                assert chunk.name_of(i) == one.query_name
                assert (chunk.tid[i], chunk.pos[i]) == (one.reference_id, one.reference_start)
                assert (chunk.flag[i], chunk.mapq[i]) == (one.flag, one.mapping_quality)
                assert (chunk.tlen[i], chunk.length[i]) == (one.template_length, one.query_length)
                assert chunk.n_cigar[i] == len(one.cigartuples or [])
                quals = chunk.data[chunk.qual[i] : chunk.qual[i] + chunk.length[i]]
                assert list(quals) == list(one.query_qualities)
                at, stop = text_tag(chunk.data, chunk.tags[i], chunk.end[i], 82, 88)
                assert bytes(chunk.data[at:stop]) == b"ACGT-TTTT"
                assert tag_at(chunk.data, chunk.tags[i], chunk.end[i], 90, 90) == -1
                if one.cigartuples:
                    clips = one.cigartuples[:: -1 if one.is_reverse else 1]
                    clip = 0
                    for op, length in clips:
                        if op not in (4, 5):
                            break
                        clip += length
                    start = one.reference_end - 1 + clip
                    if not one.is_reverse:
                        start = one.reference_start - clip
                    args = chunk.cigar[i], chunk.n_cigar[i], chunk.pos[i], chunk.flag[i]
                    assert five_prime(chunk.data, *args) == start
    assert k == len(expected)


@pytest.mark.parametrize("size", [3_000, 40_000])
def test_records_given_back_come_again(file, size):
    seen, turns = [], 0
    with BamReader(file, size) as reader:
        for chunk in reader:
            turns += 1
            keep = len(chunk) if reader.ended else len(chunk) * (turns % 3) // 3
            seen += [(chunk.first + i, chunk.name_of(i)) for i in range(keep)]
            reader.give_back(keep)
    with pysam.AlignmentFile(file) as whole:
        assert seen == list(enumerate(one.query_name for one in whole))


def test_kept_chunks_stay(file):
    with BamReader(file, 20_000, keep=True) as reader:
        chunks = list(reader)
    names = [chunk.name_of(i) for chunk in chunks for i in range(len(chunk))]
    assert names == [f"r{k}" for k in range(3000)]


def test_records_in_memory(file):
    with BamReader(file) as reader:
        (chunk,) = reader
        data = chunk.data[chunk.start[0] : chunk.end[-1]].copy()
    again = chunk_of(data, 2)
    np.testing.assert_array_equal(again.pos, chunk.pos)
    with pytest.raises(ValueError, match="damaged"):
        chunk_of(data[:-1], 2)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.999])
def test_a_file_that_is_cut_off_is_named_with_the_record(file, tmp_path, share):
    whole = Path(file).read_bytes()
    short = tmp_path / "short.bam"
    short.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match=r"short\.bam: .*ends within.*record") as error:
        list(BamReader(str(short), 10_000))
    assert "cut off" in str(error.value)


def test_a_file_without_its_end_marker_is_cut_off(file, tmp_path):
    short = tmp_path / "short.bam"
    short.write_bytes(Path(file).read_bytes()[: -len(bgzf.END)])
    with pytest.raises(InputError, match="no end marker"):
        list(BamReader(str(short)))


def test_damage_is_found(file, tmp_path):
    damaged = bytearray(Path(file).read_bytes())
    damaged[len(damaged) // 2] ^= 0x55
    path = tmp_path / "damaged.bam"
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=r"damaged\.bam: .*damaged"):
        list(BamReader(str(path), 1000))


def test_a_record_that_contradicts_itself_is_named(file, tmp_path):
    with BamReader(file) as reader:
        (chunk,) = reader
        before_its_end = int(chunk.end[-1] - chunk.start[77])
    body = bytearray(b"".join(bgzf.blocks(file)))
    at = len(body) - before_its_end
    body[at + 20 : at + 24] = (10_000).to_bytes(4, "little")  # bases
    path = tmp_path / "odd.bam"
    with bgzf.BgzfWriter(str(path)) as out:
        out.write(body)
    with pytest.raises(InputError, match=r"odd\.bam: record 78 is damaged"):
        list(BamReader(str(path)))


@pytest.mark.parametrize("content", [b"", b"no BAM at all, but long enough for a header"])
def test_no_bam(tmp_path, content):
    path = tmp_path / "x.bam"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.bam"):
        BamReader(str(path))
    with pytest.raises(InputError, match="No such file"):
        BamReader(str(tmp_path / "none.bam"))


def test_blocks_written_are_blocks_read(tmp_path):
    rng = np.random.default_rng(1)
    data = rng.integers(0, 20, 300_000).astype(np.uint8).tobytes()
    files = []
    for name, sizes in (("a", [300_000]), ("b", [1, 70_000, 100_000, 129_999])):
        path, at = tmp_path / name, 0
        with bgzf.BgzfWriter(str(path)) as out:
            for size in sizes:
                out.write(data[at : at + size])
                at += size
        assert b"".join(bgzf.blocks(str(path))) == data
        files.append(path.read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ACGT", (0, 0b00011011, 0, 4, 0)),
        ("AC-gt", (0, 0b0001, 0b1011, 2, 2)),
        ("A+T", (0, 0, 3, 1, 1)),
        ("ACNT", (2, None)),
        ("", (1, None)),
        ("A-C-G", (1, None)),
        ("A" * 33, (3, None)),
    ],
)
def test_pack_umi(text, expected):
    data = np.frombuffer(b"xx" + text.encode() + b"x", np.uint8)
    found = pack_umi(data, 2, 2 + len(text))
    assert found[0] == expected[0]
    if expected[1] is not None:
        assert tuple(int(v) for v in found) == expected
