"""Read structures, barcodes, whitelists, FASTQ pairs, panels: each fault named by its place."""

import gzip
import lzma
import re
from pathlib import Path

import pytest
from sequenced import Sequenced

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.reads import umis
from liquidbiopsy.reads.fastq import read_fastq, read_pairs, template_name
from liquidbiopsy.reads.panel import Region, check_panel, read_panel
from liquidbiopsy.reads.reference import open_reference
from liquidbiopsy.reads.structures import check_structures, structure_of
from liquidbiopsy.reads.templates import templates_of_fastq
from liquidbiopsy.reads.umis import Umis, read_whitelist, umi_of_name


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return Sequenced(tmp_path_factory.mktemp("parts"))


@pytest.mark.parametrize(
    ("text", "needed", "template", "umi", "sample"),
    [
        ("8M5S+T", 14, "TTTT", ["ACGTACGT"], []),
        ("+T", 1, "ACGTACGTCCCCCTTTT", [], []),
        ("4M4B5S+T", 14, "TTTT", ["ACGT"], ["ACGT"]),
        ("2M6S2M3S4T", 17, "TTTT", ["AC", "CC"], []),
    ],
)
def test_structures(text, needed, template, umi, sample):
    read = "ACGTACGTCCCCCTTTT"
    own = structure_of(text)
    assert own.needed == needed and read[own.template] == template
    assert [read[s] for s in own.umi] == umi and [read[s] for s in own.sample] == sample


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["8M5S+T"], "2 read structures are needed"),
        (["8M5S", "+T"], "0 templates"),
        (["8X+T", "+T"], "'8X+T' is not a read structure"),
        (["8C+T", "+T"], "kind C"),
        (["+M5T", "+T"], "'+M5T' is not a read structure"),
        (["5T5S5T", "+T"], "2 templates"),
        (["", "+T"], "0 templates"),
        (["0M+T", "+T"], "'0M+T' is not a read structure"),
    ],
)
def test_wrong_structures(texts, words):
    (message,) = check_structures(texts)
    assert words in message


@pytest.mark.parametrize(
    ("name", "umi"),
    [
        ("SRR2057595.665063_CGCCG", "CGCCG"),
        ("A:1:FC:1:1101:1:2:ACGT", "ACGT"),
        ("A:1:FC:1:1101:1:2:ACGT+TTGA", "ACGT-TTGA"),
        ("A:1:FC:1:1101:1:2:rAACC+TTGA", "GGTT-TTGA"),
        ("a_b:acgt-ttga", "ACGT-TTGA"),
        ("A:1:FC:1:1101:1:2", None),
        ("plain", None),
        ("ACGT", None),
    ],
)
def test_barcodes_of_names(name, umi):
    assert umi_of_name(name) == umi


def test_whitelist(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("AAAA\nTTTT\n\nAATT\nggcc\n")
    made = Umis(umis.RX, read_whitelist(str(path)))
    assert made.tags("AAAA-GGCC", "IIII FFFF") == [
        ("RX", "AAAA-GGCC", "Z"), ("QX", "IIII FFFF", "Z"),
    ]  # fmt: skip
    assert made.tags("CAAA-GGCN") == [("RX", "AAAA-GGCC", "Z"), ("OX", "CAAA-GGCN", "Z")]
    assert made.tags("AAAT") is None  # as near to AAAA as to AATT
    assert made.tags("CCAA-GGCC") is None and made.tags("AAA") is None
    assert (made.corrected, made.rejected) == (1, 3)
    for text, words in (("ACGT\nAC-T\n", "line 2: 'AC-T'"), ("\n", "has no barcodes")):
        path.write_text(text)
        with pytest.raises(InputError, match=words):
            read_whitelist(str(path))
    with pytest.raises(InputError, match="cannot be read as text: No such file"):
        read_whitelist(str(tmp_path / "none.txt"))


def test_pairs_are_read(lab):
    made = lab.pairs(50)
    for zipped in (True, False):
        files = lab.write_fastq(made, "sound", zipped)
        assert [template_name(one) for one, _ in read_pairs(*files)] == [p.name for p in made]


def record(name, bases="ACGTACGTTGACTAAAA"):
    return f"@{name}\n{bases}\n+\n{'I' * len(bases)}\n"


TWO = record("a/1") + record("b/1")
BAD_FASTQ = [
    (TWO, record("a/2") + record("c/2"), r"r2\.fq: record 2 is 'c/2', and 'b/1' in r1\.fq"),
    (TWO, record("a/2"), r"r2\.fq: ends after record 1; r1\.fq has more"),
    (record("a/1"), TWO, r"r1\.fq: ends after record 1; r2\.fq has more"),
    ("", TWO, r"r1\.fq: has no reads"),
    (TWO, "", r"r2\.fq: has no reads"),
    (TWO[:-5], TWO, r"r1\.fq: record 2, line 8, is not FASTQ"),
    (TWO[: len(TWO) // 2 + 8], TWO, r"r1\.fq: is cut off in record 2"),
    (">a\nACGT\n>b\nACGT\n", TWO, r"r1\.fq: record 1, line 1, is not FASTQ"),
    (TWO.encode() + b"\x80", TWO, r"r1\.fq: record 1 or one soon after it is not FASTQ"),
]


@pytest.mark.parametrize(("first", "second", "words"), BAD_FASTQ)
def test_faulty_fastq(tmp_path, first, second, words):
    for name, text in (("r1.fq", first), ("r2.fq", second)):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=words):
        list(read_pairs(str(tmp_path / "r1.fq"), str(tmp_path / "r2.fq")))


def test_the_first_reads_twice(lab, tmp_path):
    """A copy of R1 under the name of R2 is in step with it, and would be aligned as pairs."""
    first, second = lab.write_fastq(lab.pairs(60), "twice")
    copy = tmp_path / "copy_R2.fastq.gz"
    copy.write_bytes(Path(first).read_bytes())
    with pytest.raises(InputError, match=r"copy_R2.fastq.gz: has the reads of twice.* once more"):
        list(read_pairs(first, str(copy)))
    assert len(list(read_pairs(first, second))) == 60


def test_cut_off_gzip_and_missing_file(lab, tmp_path):
    first, second = lab.write_fastq(lab.pairs(3000), "cut")
    whole = gzip.decompress(Path(first).read_bytes())
    short = tmp_path / "short.fastq.gz"
    short.write_bytes(Path(first).read_bytes()[:-4000])
    with pytest.raises(InputError, match=r"short\.fastq\.gz: is cut off in record \d+") as caught:
        list(read_pairs(str(short), second))
    number = int(re.search(r"record (\d+)", str(caught.value))[1])
    assert 1000 < number <= whole.count(b"\n") // 4
    damaged = bytearray(Path(second).read_bytes())
    damaged[5000:5010] = bytes(10)
    short.write_bytes(damaged)
    with pytest.raises(InputError, match=r"short\.fastq\.gz: record \d+"):
        list(read_pairs(first, str(short)))
    with pytest.raises(InputError, match=r"none\.fq: does not exist"):
        list(read_pairs(first, str(tmp_path / "none.fq")))


@pytest.mark.parametrize(("ends", "packed"), [("gz", gzip.compress), ("xz", lzma.compress)])
def test_bytes_that_are_changed_are_named_with_their_file(tmp_path, ends, packed):
    """Each library that unpacks has errors of its own; none is to be a traceback."""
    text = "".join(record(f"read{k}") for k in range(5000))
    damaged = bytearray(packed(text.encode()))
    damaged[100:150] = bytes(50)
    (tmp_path / f"bad.fq.{ends}").write_bytes(damaged)
    with pytest.raises(InputError, match=rf"bad\.fq\.{ends}: record 1"):
        list(read_fastq(str(tmp_path / f"bad.fq.{ends}")))


@pytest.mark.parametrize("name", ["read/{}", "read {}:N:0:ACGT+TTGC"])
def test_swapped_files_of_unlike_structures(tmp_path, name):
    """Their barcodes would be cut from the wrong reads, and each pair be a molecule of its own."""
    files = []
    for k in ("1", "2"):
        files.append(str(tmp_path / f"r{k}.fq"))
        Path(files[-1]).write_text(f"@{name.format(k)}\n{'ACGTTGCA' * 3}\n+\n{'I' * 24}\n")
    unlike = structure_of("8M+T"), structure_of("+T")
    assert len(list(templates_of_fastq(*files, unlike, Umis(umis.STRUCTURE)))) == 1
    with pytest.raises(InputError, match=r"r2\.fq: record 1 'read.*second read.*are swapped"):
        list(templates_of_fastq(*files[::-1], unlike, Umis(umis.STRUCTURE)))
    alike = structure_of("8M+T"), structure_of("8M+T")
    assert len(list(templates_of_fastq(*files[::-1], alike, Umis(umis.STRUCTURE)))) == 1


def test_templates(lab):
    made = lab.pairs(3)
    files = lab.write_fastq(made, "templates")
    both = structure_of("8M5S+T"), structure_of("8M5S+T")
    found = list(templates_of_fastq(*files, both, Umis(umis.STRUCTURE)))
    for pair, template in zip(made, found, strict=True):
        assert template.name == pair.name
        assert tuple(read.bases for read in template.reads) == pair.reads
        assert template.reads[0].qualities == "I" * lab.length
        rx, qx = "-".join(pair.umis), "FFFFFFFF FFFFFFFF"
        assert template.reads[1].tags == [("RX", rx, "Z"), ("QX", qx, "Z")]
    long = structure_of("8M66S+T"), structure_of("+T")
    words = rf"templates_1\.fastq\.gz: record 1 '{made[0].name}' has 73 bases; .* 8M66S\+T needs 75"
    with pytest.raises(InputError, match=words):
        list(templates_of_fastq(*files, long, Umis(umis.STRUCTURE)))
    for source, where in ((umis.NAME, "at the end of its name"), (umis.RX, "in RX")):
        with pytest.raises(InputError, match=rf"record 1 '{made[0].name}' has no barcode {where}"):
            list(templates_of_fastq(*files, both, Umis(source)))


def test_panel(lab, tmp_path):
    bed = tmp_path / "panel.bed"
    bed.write_text(
        "browser position chr1\ntrack name=x\n# note\nchrom\tstart\tend\n"
        "chr2\t10\t20\tb\nchr1\t50\t80\tx\n\nchr1\t70\t90\ty\nchr1\t90\t95\nchr1 5 9 z\n"
    )
    regions = read_panel(str(bed))
    assert regions == [
        Region("chr1", 5, 9, "z"),
        Region("chr1", 50, 90, "x,y"),
        Region("chr1", 90, 95),
        Region("chr2", 10, 20, "b"),
    ]
    with open_reference(str(lab.fasta)) as genome:
        check_panel(regions, genome, str(bed))
        with pytest.raises(InputError, match=r"chr3:1-2: genome\.fa has no contig chr3"):
            check_panel([*regions, Region("chr3", 1, 2)], genome, str(bed))
        with pytest.raises(InputError, match=r"chr2:3990-4001 goes over the end of chr2"):
            check_panel([Region("chr2", 3990, 4001)], genome, str(bed))


def test_a_first_region_whose_name_says_start_is_no_header(tmp_path):
    bed = tmp_path / "panel.bed"
    bed.write_text("chr1\t50\t80\tTERT_start_codon\nchr1\t90\t95\ty\n")
    assert [r.start for r in read_panel(str(bed))] == [50, 90]
    packed = gzip.compress(bed.read_bytes())
    bed.write_bytes(packed)
    assert [r.start for r in read_panel(str(bed))] == [50, 90]
    bed.write_bytes(packed[:-12])
    with pytest.raises(InputError, match=r"panel\.bed: is cut off or damaged"):
        read_panel(str(bed))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("chr1\t5\tx\n", "line 1: start and end are no numbers: '5', 'x'"),
        ("chr1\t5\t9\nchr1\t9\t9\n", "line 2: the region ends before it begins: 9-9"),
        ("chr1\t-1\t9\n", "line 1: the region ends before"),
        ("chr1\t5\n", "line 1 has no chrom, start and end"),
        ("# nothing\ntrack x\n", "the panel is empty"),
        ("", "the panel is empty"),
        (b"\xff\xfe\x00", "is not text, or not in UTF-8"),
        (None, "cannot be read: No such file"),
    ],
)
def test_faulty_panels(tmp_path, text, words):
    bed = tmp_path / "panel.bed"
    if text is not None:
        bed.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=re.escape(str(bed)) + ".*" + re.escape(words)):
        read_panel(str(bed))
