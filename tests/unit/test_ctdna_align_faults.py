"""A library that cannot be aligned: each fault of its files is told, and nothing is left behind."""

import gzip
import os
from pathlib import Path

import pysam
import pytest
from library_steps import reads_in as reads
from library_steps import run_align
from sequenced import aligned, indexed, rx, unaligned

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads import sorting
from liquidbiopsy.reads.sorting import Sorter


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return indexed(tmp_path_factory.mktemp("faults"), 300)


@pytest.fixture
def run(lab, tmp_path):
    """Return a function that aligns a library and gives its row and the path of its reads."""

    def work(*, name="out", **more):
        return run_align(tmp_path / name, lab, **more)

    return work


def bad_bams(lab):
    """Yield name, file and what must be said of it."""
    made = lab.pairs(2000)
    sound = lab.write_bam("sound.bam", aligned(made, lab.contigs, tags=rx))
    content = Path(sound).read_bytes()

    def put(name, data):
        path = lab.folder / name
        path.write_bytes(data)
        return {"bam": str(path)}

    yield put("cut.bam", content[:-28]), "cut.bam: is cut off"
    yield put("half.bam", content[: len(content) // 2]), "half.bam: is cut off"
    middle = len(content) // 2
    broken = content[:middle] + bytes(400) + content[middle + 400 :]
    yield put("broken.bam", broken), "broken.bam: record "
    yield put("text.bam", b"hello, this is no BAM file\n" * 9), "text.bam: is neither BAM nor CRAM"
    yield put("empty.bam", b""), "empty.bam: is"
    yield {"bam": lab.write_bam("none.bam", [])}, "none.bam: has no reads"
    yield {"bam": str(lab.folder / "nowhere.bam")}, "nowhere.bam: does not exist"
    mixed = [*unaligned(made[:1], tags=rx), *unaligned(made[1:2], tags=rx, single=True)]
    said = f"mixed.bam: record 3 '{made[1].name}' is a single read among pairs"
    yield {"bam": lab.write_bam("mixed.bam", mixed, {})}, said
    odd = list(unaligned(made[:2], tags=rx))
    said = f"odd.bam: record 3 '{made[1].name}' is of a pair, and the end of the file follows it"
    yield {"bam": lab.write_bam("odd.bam", odd[:3], {})}, said
    partly = aligned(made[:5], lab.contigs, tags=rx)
    partly[3]["tags"] = []
    said = f"partly.bam: record 4 '{partly[3]['query_name']}' has no barcode in RX"
    yield {"bam": lab.write_bam("partly.bam", partly)}, said
    named = lab.write_bam("other.bam", aligned(made[:5], lab.contigs), {"1": 6000, "2": 4000})
    yield {"bam": named}, "other.bam: contig 1 is not in genome.fa, which calls it chr1"
    none = lab.write_bam("noumi.bam", aligned(made[:5], lab.contigs))
    yield {"bam": none, "umi": "rx"}, "noumi.bam: record 1"
    yield {"bam": sound, "reference": False, "index": False, "whitelist": "no/w.txt"}, "no/w.txt"


def test_faulty_bam_files(lab, run):
    for number, (row, words) in enumerate(bad_bams(lab)):
        found, path = run(name=f"bad{number}", **row)
        assert found["status"] == "failed" and found["pairs"] is None, words
        assert words in found["reason"] and str(lab.folder) not in found["reason"]
        assert reads(path) == []


def test_other_faults(lab, run, tmp_path):
    first, second = lab.fastq
    short = tmp_path / "short.fastq.gz"
    short.write_bytes(Path(first).read_bytes()[:-3000])
    cram = lab.folder / "x.cram"
    sound = lab.write_bam("for_cram.bam", aligned(lab.made[:5], lab.contigs, tags=rx))
    pysam.view("-C", "-T", str(lab.fasta), "-o", str(cram), sound, catch_stdout=False)
    both = {"fq1": first, "fq2": second}
    lines = gzip.decompress(Path(first).read_bytes()).decode().splitlines(keepends=True)
    late, odd, page = (tmp_path / n for n in ("late.fastq", "odd.fastq", "page.fastq.gz"))
    late.write_text("".join(lines[4:]))
    odd.write_text("".join([*lines[:9], "ACGTAC\n", *lines[10:]]))
    page.write_text("<html>not found</html>")
    for row, words in (
        ({"fq1": str(short), "fq2": second}, "short.fastq.gz: is cut off in record"),
        ({"fq1": str(late), "fq2": second}, "record"),
        ({"fq1": str(odd), "fq2": second}, "record 3"),
        ({"fq1": str(page), "fq2": second}, "page.fastq.gz: record 1 cannot be read"),
        ({**both, "reference": False, "index": False}, "cannot be aligned without a reference"),
        ({**both, "read_structure": ["8Q", "+T"]}, "read_structure of the panel: '8Q'"),
        ({"fq1": first}, "names neither a pair of FASTQ files nor a BAM file"),
        ({**both, "program": "bwa-mem2"}, "bwa-mem2: is not on PATH (install it, or set"),
        ({"bam": str(cram), "reference": False}, "is CRAM, which cannot be read without"),
    ):
        found, path = run(**row)
        assert (found["status"], reads(path)) == ("failed", [])
        assert words in found["reason"]


@pytest.mark.parametrize("many", [1, 30_000])
def test_samtools_that_gives_up_says_why(lab, tmp_path, many):
    """As on a full disk: here the place of the output is a folder."""
    (tmp_path / "taken").mkdir()
    (record, *_) = reads(lab.write_bam("one.bam", aligned(lab.made, lab.contigs)))
    place = tmp_path / "taken"
    with (
        pytest.raises(OSError, match=r"samtools sort: .*taken"),
        Sorter(record.header, sorting.COORDINATE, place, 1) as sorter,
    ):
        for _ in range(many):
            sorter.write(record)
        sorter.finish()
    assert os.listdir(tmp_path) == ["taken"]


def test_the_fault_is_told_not_the_broken_pipe(lab, tmp_path):
    (record, *_) = reads(lab.write_bam("one.bam", aligned(lab.made, lab.contigs)))
    with (
        pytest.raises(InputError, match="x.bam: record 9"),
        Sorter(record.header, sorting.NAME, tmp_path / "x", 1, to_file=False) as sorter,
    ):
        for _ in range(30_000):
            sorter.write(record)
        raise InputError("x.bam", "record 9")
    assert os.listdir(tmp_path) == []
