"""Bins of equally many places to which reads map uniquely, beside a plain count of k-mers."""

from collections import Counter
from pathlib import Path

import numpy as np
import pysam
import pytest

from liquidbiopsy.copynumber.bins import same_bins
from liquidbiopsy.copynumber.counting import count_reads
from liquidbiopsy.copynumber.mappable import (
    cut,
    mappable_reference,
    mappable_tiles,
    read_mappable_bins,
)
from liquidbiopsy.core.errors import UserError
from liquidbiopsy.reads.reference import open_reference

COMPLEMENT = str.maketrans("ACGT", "TGCA")
K = 20


def bases(seed: int, n: int) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), n))


def contigs() -> dict[str, str]:
    """Contigs with repeats: within one, on the other strand, on another, and unknown bases."""
    one, two = list(bases(1, 6000)), bases(2, 3000)
    one[1000:1300] = one[200:500]
    one[2000:2200] = list("".join(one[3000:3200]).translate(COMPLEMENT)[::-1])
    one[4000:4100] = list("N" * 100)
    return {"chr1": "".join(one), "2": two, "scaffold": two[700:900] + bases(3, 200)}


def fasta(folder: Path, sequences: dict[str, str]) -> str:
    path = folder / "genome.fa"
    lines = [f">{name}\n" + "\n".join(s[i : i + 60] for i in range(0, len(s), 60))
             for name, s in sequences.items()]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def plain_tiles(sequences: dict[str, str], k: int, tile: int) -> dict[str, list[int]]:
    words = {n: [s[i : i + k] for i in range(len(s) - k + 1)] for n, s in sequences.items()}
    both = lambda w: min(w, w.translate(COMPLEMENT)[::-1])  # noqa: E731
    seen = Counter(both(w) for own in words.values() for w in own)
    found = {}
    for name, own in words.items():
        counts = [0] * -(-len(sequences[name]) // tile)
        for i, word in enumerate(own):
            counts[i // tile] += "N" not in word and seen[both(word)] == 1
        found[name] = counts
    return found


@pytest.mark.parametrize(("k", "tile"), [(20, 100), (33, 7), (70, 1000)])
def test_unique_places_are_those_of_a_plain_count(tmp_path: Path, k: int, tile: int) -> None:
    sequences = contigs()
    with open_reference(fasta(tmp_path, sequences)) as reference:
        found = mappable_tiles(reference, k, tile, tmp_path)
    expected = plain_tiles(sequences, k, tile)
    assert set(found) == {"1", "2"}
    assert found["1"].tolist() == expected["chr1"] and found["2"].tolist() == expected["2"]
    assert not list(tmp_path.glob(".bases-*"))


def test_parts_do_not_change_what_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_reference(fasta(tmp_path, contigs())) as reference:
        whole = mappable_tiles(reference, K, 50, tmp_path)
        monkeypatch.setattr("liquidbiopsy.copynumber.mappable.PART", 1500)
        parts = mappable_tiles(reference, K, 50, tmp_path)
    assert all(whole[name].tolist() == parts[name].tolist() for name in whole)


def test_bins_of_a_contig_have_the_same_mass_and_cover_it() -> None:
    tiles = {"1": np.repeat([10, 0, 5], 400), "X": np.full(300, 10)}
    lengths = {"1": 12_000 - 3, "X": 3000}
    bins, share = cut(tiles, lengths, 10, 1000)
    for name, own in ((n, bins.of(n)) for n in bins.contigs):
        assert bins.start[own][0] == 0 and bins.end[own][-1] == lengths[name]
        assert (bins.start[own][1:] == bins.end[own][:-1]).all()
        mass = share[own] * (bins.end[own] - bins.start[own])
        assert np.ptp(mass) <= 20 + 1e-6, name
    wide = bins.end - bins.start
    assert wide.max() > 4000  # over the stretch without a unique place
    assert len(bins) == pytest.approx(sum(lengths.values()) / 1000, abs=2)


def test_the_table_comes_back_and_counts_reads(tmp_path: Path) -> None:
    sequences = contigs()
    path = str(tmp_path / "bins.parquet")
    mappable_reference(fasta(tmp_path, sequences), 1000, K, "code", path)
    made = read_mappable_bins(path)
    assert made.bins.contigs == ("1", "2") and same_bins(made.bins, read_mappable_bins(path).bins)
    assert (made.acgt <= 1).all() and (made.mappability <= 1).all() and made.acgt.min() < 1
    rng = np.random.default_rng(5)
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": n, "LN": len(s)} for n, s in sequences.items()]}
    starts = []
    with pysam.AlignmentFile(str(tmp_path / "r.bam"), "wb", header=header) as bam:
        for tid, name in enumerate(("chr1", "2")):
            for start in rng.integers(0, len(sequences[name]) - 30, 300):
                read = pysam.AlignedSegment(bam.header)
                read.query_name, read.flag, read.reference_id = f"r{start}", 0, tid
                read.reference_start, read.mapping_quality = int(start), 60
                read.cigarstring, read.query_sequence = "30M", "A" * 30
                bam.write(read)
                starts.append((tid, int(start)))
    fragments = {"min_mapq": 30, "max_length": 1000, "short": (100, 150), "long": (151, 220),
                 "window_bp": 1000}  # fmt: skip
    settings = {"min_mapq": 20, "duplicates": "flagged", "fragments": fragments}
    counted = count_reads(str(tmp_path / "r.bam"), "r.bam", made.bins, None, settings)
    expected = np.zeros(len(made.bins))
    for tid, start in starts:
        own = made.bins.of(("1", "2")[tid])
        at = np.searchsorted(made.bins.start[own], start, side="right") - 1
        expected[own.start + at] += 1
    assert counted.count.tolist() == expected.tolist()


def test_a_reference_of_no_use_leaves_its_reason(tmp_path: Path) -> None:
    (tmp_path / "empty.fa").write_text("")
    path = str(tmp_path / "bins.parquet")
    mappable_reference(str(tmp_path / "empty.fa"), 1000, K, "code", path)
    with pytest.raises(UserError, match=r"empty\.fa") as found:
        read_mappable_bins(path)
    assert str(tmp_path) not in str(found.value)
    mappable_reference(fasta(tmp_path, {"virus": bases(4, 500)}), 1000, K, "code", path)
    with pytest.raises(UserError, match="no bin of chromosomes"):
        read_mappable_bins(path)
