"""Breadth of a cell, found while its reads are counted, beside a plain loop over them."""

from pathlib import Path

import numpy as np
import pysam
import pytest

from liquidbiopsy.copynumber.bins import grid
from liquidbiopsy.copynumber.counting import count_reads
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.scdna.breadth import Breadth
from liquidbiopsy.scdna.cell_files import FRAGMENTS, Genome, read_aligned

LENGTHS = {"chr1": 60_000, "chrX": 30_000, "chrM": 16_000}
SETTINGS = {"counts": {"bin_size": 10_000, "min_mapq": 20, "duplicates": "flagged"}}
CIGARS = ("50M", "10S40M", "20M300N30M", "25M5D25M", "20M5I25M")


def written(path: Path, number: int) -> str:
    rng = np.random.default_rng(number)
    header = {"SQ": [{"SN": name, "LN": n} for name, n in LENGTHS.items()]}
    with pysam.AlignmentFile(str(path), "wb", header=header) as handle:
        for k in range(number):
            read = pysam.AlignedSegment(handle.header)
            read.query_name, read.query_sequence = f"r{k}" * int(rng.integers(1, 4)), "A" * 50
            read.flag = int(rng.choice([0, 16, 0x4, 0x100, 0x200, 0x400, 0x800], p=[
                0.4, 0.3, 0.06, 0.06, 0.06, 0.06, 0.06]))  # fmt: skip
            read.reference_id = int(rng.integers(3))
            read.reference_start = int(
                rng.integers(list(LENGTHS.values())[read.reference_id] - 400)
            )
            read.cigarstring = str(rng.choice(CIGARS))
            read.mapping_quality = int(rng.integers(61))
            handle.write(read)
    return str(path)


def slowly(path: str) -> float:
    """Each base marked by itself."""
    seen = {name: np.zeros(n, bool) for name, n in LENGTHS.items() if name != "chrM"}
    with pysam.AlignmentFile(path, "rb", check_sq=False) as handle:
        for read in handle.fetch(until_eof=True):
            if read.flag & 0xF04 or read.mapping_quality < 20 or read.reference_name == "chrM":
                continue
            seen[read.reference_name][read.reference_start : read.reference_end] = True
    return sum(int(one.sum()) for one in seen.values()) / sum(map(len, seen.values()))


@pytest.mark.parametrize("number", [40, 3000])
def test_breadth_is_that_of_a_plain_loop(tmp_path: Path, number: int) -> None:
    path = written(tmp_path / "c.bam", number)
    found = read_aligned(path, "c.bam", Genome(None, None, None), SETTINGS)
    assert found.breadth == slowly(path) > 0


def test_a_file_is_opened_for_its_bins_and_read_once(tmp_path: Path) -> None:
    path = written(tmp_path / "c.bam", 500)
    bins = Genome(None, None, None).bins_of(path, "c.bam", 10_000)
    asked = {**SETTINGS["counts"], "fragments": FRAGMENTS}
    plain = count_reads(path, "c.bam", bins, None, asked)
    breadth = Breadth(61)
    watched = count_reads(path, "c.bam", bins, None, asked, watch=breadth.watch)
    assert (plain.count == watched.count).all() and plain.totals == watched.totals
    assert breadth.share() == 0  # no read maps so well


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("more", [-500, 500])
def test_a_cell_of_another_build_fails_whatever_its_bins(
    tmp_path: Path, fixed: bool, more: int
) -> None:
    path = written(tmp_path / "c.bam", 300)
    longer = {**LENGTHS, "chrX": LENGTHS["chrX"] + more}
    for name, lengths in (("same.fa", LENGTHS), ("other.fa", longer)):
        bases = [f">{contig.removeprefix('chr')}\n{'A' * n}\n" for contig, n in lengths.items()]
        (tmp_path / name).write_text("".join(bases))
    own = {name: n for name, n in LENGTHS.items() if name != "chrM"}
    bins = None if fixed else grid(own, 10_000)
    read_aligned(path, "c.bam", Genome(str(tmp_path / "same.fa"), None, bins), SETTINGS)
    other = Genome(str(tmp_path / "other.fa"), None, bins)
    words = rf"c\.bam: contig chrX has {LENGTHS['chrX']} bases, and the reference's has"
    with pytest.raises(InputError, match=words):
        read_aligned(path, "c.bam", other, SETTINGS)


def test_a_cram_file_has_bins_of_fixed_width_as_well(tmp_path: Path) -> None:
    path, fasta = written(tmp_path / "c.bam", 300), str(tmp_path / "g.fa")
    Path(fasta).write_text("".join(f">{name}\n{'A' * n}\n" for name, n in LENGTHS.items()))
    cram = str(tmp_path / "c.cram")
    pysam.view("-C", "-T", fasta, "-o", cram, path, catch_stdout=False)
    found = [read_aligned(p, "c", Genome(fasta, None, None), SETTINGS) for p in (path, cram)]
    assert (found[0].loaded.count == found[1].loaded.count).all()
