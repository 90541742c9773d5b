"""Reference genomes: opened wherever they lie, indexed for BWA, held against other files."""

import gzip
import os

import pysam
import pytest
from sequenced import Sequenced

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctdna.mutations import read_mutations
from liquidbiopsy.reads.align import contigs_of
from liquidbiopsy.reads.reference import (
    check_contigs,
    check_index,
    index_reference,
    open_reference,
)


@pytest.fixture
def lab(tmp_path):
    return Sequenced(tmp_path)


def bgzipped(lab):
    path = lab.folder / "zipped.fa.gz"
    pysam.tabix_compress(str(lab.fasta), str(path), force=True)
    return path


@pytest.mark.parametrize("zipped", [False, True])
def test_reference_is_opened_where_nothing_can_be_written(lab, zipped):
    fasta = bgzipped(lab) if zipped else lab.fasta
    before = sorted(os.listdir(lab.folder))
    lab.folder.chmod(0o555)
    try:
        with open_reference(str(fasta)) as genome:
            assert genome.contigs == lab.contigs and list(genome.contigs) == list(lab.contigs)
            assert genome.fetch("chr2", 65, 205) == lab.genome["chr2"][65:205]
            with pytest.raises(InputError, match="chr2:0-4001 is not in it: chr2 has 4000 bases"):
                genome.fetch("chr2", 0, 4001)
            with pytest.raises(InputError, match="chr9:0-1 is not in it: has no such contig"):
                genome.fetch("chr9", 0, 1)
    finally:
        lab.folder.chmod(0o755)
    assert sorted(os.listdir(lab.folder)) == before


def test_codes_of_several_bases_are_not_known(tmp_path):
    """A known mutation at such a base fits; its list failed as one of another build."""
    (tmp_path / "g.fa").write_text(">chr1\nACGTRmAC\nGTNN\n")
    (tmp_path / "m.tsv").write_text("CHROM\tPOS\tREF\tALT\nchr1\t5\tA\tC\n")
    with open_reference(str(tmp_path / "g.fa")) as genome:
        assert genome.fetch("chr1", 0, 12) == "ACGTNNACGTNN"
        assert len(read_mutations(str(tmp_path / "m.tsv"), genome)) == 1


@pytest.mark.parametrize("zipped", [False, True])
def test_index(lab, zipped):
    fasta, folder = bgzipped(lab) if zipped else lab.fasta, lab.folder / "made" / "genome1"
    index_reference(str(fasta), str(folder))
    ends = {"amb", "ann", "bwt", "pac", "sa", "dict", "fai"} | ({"gzi"} if zipped else set())
    assert {f.name for f in folder.iterdir()} == {f"genome.{end}" for end in ends}
    assert os.listdir(lab.folder / "made") == ["genome1"]
    assert contigs_of(f"{folder}/genome") == lab.contigs
    assert not any(str(lab.folder).encode() in f.read_bytes() for f in folder.iterdir())
    first = {f.name: f.read_bytes() for f in folder.iterdir()}
    index_reference(str(fasta), str(folder))
    assert {f.name: f.read_bytes() for f in folder.iterdir()} == first
    with open_reference(str(fasta), f"{folder}/genome") as genome:
        assert genome.fetch("chr1", 100, 200) == lab.genome["chr1"][100:200]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"ACGT\n", "is not FASTA"),
        (b">chr1\nACGT\nA\nACGT\n", "cannot be indexed"),
        (b">chr1\n>chr2\n", "cannot be indexed"),
        (gzip.compress(b">chr1\nACGT\n", mtime=0), "is compressed by gzip"),
        (None, "does not exist"),
    ],
)
def test_faulty_reference(lab, content, words):
    path = lab.folder / "faulty.fa"
    if content is not None:
        path.write_bytes(content)
    index_reference(str(path), f"{path}.d")  # which stops no run
    assert os.listdir(f"{path}.d") == ["genome.problem.json"]
    assert not list(lab.folder.glob(".*part"))
    for use in (
        lambda: open_reference(str(path)),
        lambda: check_index(f"{path}.d/genome", str(path)),
    ):
        with pytest.raises(InputError, match=f"faulty.fa: {words}"):
            use()


@pytest.mark.parametrize(
    "content", [b">a\nACGTACGT\n>a\nGGGG\n", b">a\n>b\nACGTACGTAC\n", b">a\nACGT ACGT\n"]
)
def test_contigs_that_bwa_and_samtools_see_differently(lab, content):
    path = lab.folder / "odd.fa"
    path.write_bytes(content)
    index_reference(str(path), f"{path}.d")
    with pytest.raises(InputError, match=r"odd\.fa: a contig stands there twice, is without bases"):
        check_index(f"{path}.d/genome", str(path))


def test_a_mended_reference_is_indexed_over_the_diagnosis(lab):
    path = lab.folder / "mended.fa"
    path.write_bytes(b"")
    for content in (b"", lab.fasta.read_bytes()):
        path.write_bytes(content)
        index_reference(str(path), f"{path}.d")
    check_index(f"{path}.d/genome", str(path))
    assert contigs_of(f"{path}.d/genome") == lab.contigs


def test_cut_off_reference(lab):
    path = bgzipped(lab)
    path.write_bytes(path.read_bytes()[:-1500])
    with pytest.raises(InputError, match="is cut off: the block that ends"):
        open_reference(str(path))


def test_contigs_are_compared(lab):
    with open_reference(str(lab.fasta)) as genome:
        check_contigs({"chr2": 4000}, genome, "x.bam")
        for names, words in (
            ({"chr1": 6000, "chr2": 4001}, r"chr2 has 4001 bases, and 4000 in genome\.fa"),
            ({"chr1": 6000, "chr7": 9}, r"contig chr7 is not in genome\.fa \(give"),
            ({"1": 6000}, r"contig 1 is not in .*, which calls it chr1: the names differ by `chr`"),
        ):
            with pytest.raises(InputError, match=rf"x\.bam: .*{words}"):
                check_contigs(names, genome, "x.bam")


def test_index_that_is_none(lab):
    with pytest.raises(InputError, match=r"is no BWA index: none\.amb is not there"):
        contigs_of(str(lab.folder / "none"))
