"""Known mutations are read from VCF and tables, and what is wrong with them is named."""

import gzip

import pysam
import pytest

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctdna.mutations import Mutation, read_mutations

BASES = "AACGTACGGTTCAGCATTTTGCAC"  # chr1, from position 1
VCF = """##fileformat=VCFv4.2
##contig=<ID=chr1,length=24>
##INFO=<ID=PHASING,Number=1,Type=String,Description="Phase">
##FILTER=<ID=germline,Description="Germline">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=PS,Number=1,Type=Integer,Description="Phase set">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	tumour
chr1	3	.	C	G,T	.	PASS	PHASING=one	GT	0/1
chr1	8	.	GG	G	.	.	.	GT:PS	0|1:5
chr1	10	.	T	A	.	germline	.	GT:PS	1|0:5
"""


class Genome:
    """A contig of 24 bases."""

    def __init__(self, name="chr1", bases=BASES):
        self.bases, self.contigs = bases, {name: len(bases)}

    def fetch(self, chrom, start, end):
        return self.bases[start:end]


def table(tmp_path, text, name="mutations.tsv"):
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_table(tmp_path):
    text = "#Chrom\tgene\tpos\tREF\talt\tPhase\nchr1\tX\t3\tc\tG\tNA\n\nchr1\tX\t4\tG\tA\tp1\n"
    found = read_mutations(table(tmp_path, text), Genome())
    assert found == [
        Mutation("chr1", 3, "C", "G", None, "line 2"),
        Mutation("chr1", 4, "G", "A", "p1", "line 4"),
    ]
    assert str(found[0]) == "chr1:3 C>G"


def test_vcf_in_every_form(tmp_path):
    plain = table(tmp_path, VCF, "m.vcf")
    packed, binary = str(tmp_path / "m.vcf.gz"), str(tmp_path / "m.bcf")
    with gzip.open(packed, "wt") as handle:
        handle.write(VCF)
    with (
        pysam.VariantFile(plain) as source,
        pysam.VariantFile(binary, "wb", header=source.header) as target,
    ):
        for record in source:
            target.write(record)
    found = read_mutations(plain, Genome())
    assert [(m.pos, m.ref, m.alt, m.phase, m.filter) for m in found] == [
        (3, "C", "G", "one", ""), (3, "C", "T", "one", ""),
        (8, "GG", "G", "5|1", ""), (10, "T", "A", "5|0", "FILTER is germline"),
    ]  # fmt: skip
    assert found[0].record == "line 8"
    assert read_mutations(packed, Genome()) == found
    same = read_mutations(binary, Genome())
    assert same[0].record == "record 1"
    assert [str(m) + str(m.phase) + m.filter for m in same] == [
        str(m) + str(m.phase) + m.filter for m in found
    ]


def test_alleles_that_no_read_shows_are_left_out_and_the_others_stay(tmp_path):
    """Callers write symbolic alleles, breakends and `*` beside substitutions: VCF 4.3, 5."""
    head = VCF[: VCF.index("\tFORMAT\ttumour")] + "\n"
    lines = ["3\t.\tC\tG,*", "5\t.\tN\t<DEL>", "5\t.\tN\t<DEL>", "7\t.\tC\tC[chr1:9[", "8\t.\tG\t."]
    text = head + "".join(f"chr1\t{line}\t.\tPASS\t.\n" for line in lines)
    found = read_mutations(table(tmp_path, text, "m.vcf"), Genome())
    assert [m.alt for m in found if not m.filter] == ["G"]
    assert [m.filter for m in found if m.filter] == [
        f"ALT is {alt}, which no read can show" for alt in ("*", "<DEL>", "<DEL>", "C[CHR1:9[", ".")
    ]


def test_remarks_before_the_names_of_columns(tmp_path):
    """A MAF begins with its version: docs.gdc.cancer.gov, MAF format."""
    names = "Chromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2"
    text = f"#version 2.4\n# ours\n{names}\nchr1\t3\tC\tG\n"
    assert read_mutations(table(tmp_path, text, "m.maf"), Genome()) == [
        Mutation("chr1", 3, "C", "G", None, "line 4")
    ]


HEADER = "CHROM\tPOS\tREF\tALT\n"
WRONG = {
    "": "is empty",
    HEADER: "holds no mutation",
    "CHROM,POS,REF,ALT\n": "line 1: no column CHROM; columns stand between tabs",
    "CHROM\tPOZ\tREF\tALT\n": "line 1: no column POS; did you mean 'poz'?",
    f"{HEADER}chr1\t1,003\tA\tC\n": "line 2: POS '1,003' is not a position",
    f"{HEADER}chr1\t0\tA\tC\n": "line 2: POS '0' is not a position",
    f"{HEADER}chr1\t3\t-\tC\n": "line 2: REF '-' is not a sequence of A, C, G and T",
    f"{HEADER}chr1\t3\tC\t<DEL>\n": "line 2: ALT '<DEL>' is not a sequence",
    f"{HEADER}chr1\t3\tC\tC\n": "line 2: REF and ALT are both C",
    f"{HEADER}1\t3\tC\tG\n": "contig '1' is .*, which call it 'chr1': the names differ by `chr`",
    f"{HEADER}chr7\t3\tC\tG\n": "line 2: contig 'chr7' is not in .*; did you mean 'chr1'",
    f"{HEADER}chr1\t25\tC\tG\n": "line 2: chr1:25 C>G lies past the end of chr1",
    f"{HEADER}chr1\t3\tC\tG\nchr1\t3\tC\tG\n": "line 3: chr1:3 C>G stands there twice.*line 2",
    f"{HEADER}chr1\t3\tC\tG\nchr1\t5\tG\tA\n": "line 3: REF is G at chr1:5, but .* has T there",
    f"{HEADER}chr1\t2\tC\tG\nchr1\t9\tT\tA\n": "counts from 0: add 1 to POS",
    f"{HEADER}chr1\t4\tC\tG\nchr1\t7\tA\tT\n": "POS is 1 too high",
    f"{HEADER}chr1\t3\tG\tC\nchr1\t5\tC\tT\n": "REF and ALT are swapped",
    f"{HEADER}chr1\t14\tC\tT\n": "the other strand fits",
}


@pytest.mark.parametrize("text", WRONG)
def test_mistakes_are_named(tmp_path, text):
    with pytest.raises(InputError, match=WRONG[text]) as error:
        read_mutations(table(tmp_path, text), Genome())
    assert "mutations.tsv: " in str(error.value)


def test_unreadable(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_mutations(str(tmp_path / "none.vcf"))
    (tmp_path / "x.tsv").write_bytes(b"CHROM\tPOS\xff\xfe")
    with pytest.raises(InputError, match="is not a text file"):
        read_mutations(str(tmp_path / "x.tsv"))
    cut = gzip.compress(VCF.encode())[:-30]
    (tmp_path / "x.vcf.gz").write_bytes(cut)
    with pytest.raises(InputError, match="cannot be read"):
        read_mutations(str(tmp_path / "x.vcf.gz"))
    changed = bytearray(gzip.compress(VCF.encode()))
    changed[40:80] = bytes(40)
    (tmp_path / "x.vcf.gz").write_bytes(changed)
    with pytest.raises(InputError, match="cannot be read"):
        read_mutations(str(tmp_path / "x.vcf.gz"))


def test_what_is_not_known_is_not_held_against_a_mutation(tmp_path):
    file = table(tmp_path, f"{HEADER}chr1\t3\tA\tG\n")
    assert len(read_mutations(file, Genome(bases="N" * 24))) == 1
    with pytest.raises(InputError, match=r"which call it '1': the names differ by `chr`"):
        read_mutations(file, None, {"1": 100})
