"""Grouping: the networks of UMIs, positions and strands, what is left out, chunk borders."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from umi_reads import pair, read, settings, write

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctdna import umi_graph
from liquidbiopsy.ctdna.group import group_bam, umi_text

DOCUMENTED = {"ACGT": 456, "TCGT": 2, "CCGT": 2, "ACAT": 72, "ACAG": 1, "AAAT": 90}
"""The example of UMI-tools' documentation."""
KINDS = {"identity": 0, "adjacency": 1, "directional": 2}


def clustered(counts, strategy, edits=1):
    """Groups of UMIs as sets, by the compiled code."""
    umis = sorted(counts)
    codes = np.array([int("".join(str("ACGT".index(b)) for b in u), 4) for u in umis], np.uint64)
    sizes = np.array([counts[u] for u in umis], np.int64)
    leader = umi_graph.cluster(codes, sizes, len(umis[0]), edits, KINDS[strategy])
    groups = defaultdict(set)
    for u, lead in zip(umis, leader, strict=True):
        assert leader[lead] == lead
        groups[umis[lead]].add(u)
    return dict(groups)


def differ(a, b):
    return sum(x != y for x, y in zip(a, b, strict=True))


def plain(counts, strategy, edits=1):
    """UMI-tools' networks told plainly."""
    near = {u: {v for v in counts if u != v and differ(u, v) <= edits} for u in counts}
    ranked = sorted(counts, key=lambda u: (-counts[u], u))
    groups, taken = {}, set()
    for seed in ranked:
        if seed in taken:
            continue
        if strategy == "identity":
            groups[seed] = {seed}
            continue
        found, queue = {seed}, [seed]
        while queue:
            a = queue.pop()
            for b in near[a] - found - taken:
                if strategy == "adjacency" or counts[a] >= 2 * counts[b] - 1:
                    found.add(b)
                    queue.append(b)
        taken |= found
        if strategy == "directional":
            groups[seed] = found
            continue
        inside = [u for u in ranked if u in found]
        leads, reached = [], set()
        while reached != found:
            leads.append(inside[len(leads)])
            reached |= {leads[-1]} | near[leads[-1]] & found
        left = found - set(leads)
        for lead in leads:
            groups[lead] = {lead} | (near[lead] & left)
            left -= groups[lead]
    return groups


def test_the_documented_example():
    assert clustered(DOCUMENTED, "directional") == {
        "ACGT": {"ACGT", "TCGT", "CCGT", "ACAT", "ACAG"}, "AAAT": {"AAAT"}
    }  # fmt: skip
    assert clustered(DOCUMENTED, "adjacency") == {
        "ACGT": {"ACGT", "TCGT", "CCGT"}, "AAAT": {"AAAT"}, "ACAT": {"ACAT", "ACAG"}
    }  # fmt: skip
    assert len(clustered(DOCUMENTED, "identity")) == 6


@pytest.mark.parametrize("n", [60, 260])
@pytest.mark.parametrize("edits", [1, 2])
@pytest.mark.parametrize("strategy", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_networks_beside_a_plain_twin(strategy, edits, seed, n):
    """Crowded positions too, where neighbours are looked up by their parts."""
    assert (n > umi_graph.FEW) == (n == 260)
    rng = np.random.default_rng(seed)
    counts = Counter()
    while len(counts) < n:
        umi = rng.integers(0, 4, 6)
        counts["".join("ACGT"[b] for b in umi)] += int(rng.geometric(0.2))
        for _ in range(int(rng.integers(0, 4))):
            other = umi.copy()
            other[rng.integers(0, 6)] = rng.integers(0, 4)
            counts["".join("ACGT"[b] for b in other)] += 1
    assert clustered(counts, strategy, edits) == plain(counts, strategy, edits)


@pytest.mark.parametrize("length", [1, 16, 31, 32])
def test_long_and_short_umis(length):
    counts = {"A" * length: 9, "A" * (length - 1) + "C": 2, "T" * length: 1}
    expected = [1, 2] if length > 1 else [3]
    assert sorted(map(len, clustered(counts, "directional").values())) == expected
    assert umi_text(int("3" * length, 4), length << 8) == "T" * length


def partition(table):
    """Read -> (UMI, the reads of its molecule)."""
    rows = table.to_pylist()
    members = defaultdict(set)
    for row in rows:
        members[row["molecule"]].add(row["read"])
    assert sorted(members) == list(range(len(members)))
    return {row["read"]: (row["umi"], frozenset(members[row["molecule"]])) for row in rows}


S40 = "ACGTTGCAGT" * 4


def test_positions_strands_and_umis(tmp_path):
    """What makes two pairs one molecule: both unclipped ends, the strands, the UMI."""
    reads = [
        *pair("a", (1000, S40), (1100, S40), "AAAA-CCCC"),
        *pair("b", (1004, S40, 37, "4S36M"), (1100, S40), "AAAA-CCCC"),  # clipped: the same end
        *pair("c", (1000, S40), (1100, S40, 37, "37M3S"), "AAAA-CCCG"),  # an error
        *pair("d", (1000, S40), (1101, S40), "AAAA-CCCC"),  # another right end
        *pair("e", (1000, S40), (1100, S40), "CCCC-AAAA", "B"),  # its bottom strand
        *pair("f", (1000, S40), (1100, S40), "AAAA-CCCC", "B"),  # UMIs swapped: another molecule
        *pair("g", (1000, S40), (1100, S40), "GGGG-CCCC"),
        *pair("h", (1000, S40), (1100, S40), "AAAA-CCCC", tid=1),
    ]
    file = write(tmp_path / "a.bam", reads)
    table = group_bam(file, settings())
    found = partition(table)
    assert found["a"] == ("AAAA-CCCC", frozenset("abce"))
    assert {found[r][1] for r in "dfgh"} == {frozenset(r) for r in "dfgh"}
    strands = {row["read"]: row["strand"] for row in table.to_pylist()}
    assert strands == {**dict.fromkeys("abcdgh", "A"), "e": "B", "f": "B"}
    apart = partition(group_bam(file, settings(umi={"strategy": "directional"})))
    assert apart["a"][1] == frozenset("abc") and apart["e"][1] == frozenset("e")
    exact = partition(group_bam(file, settings(umi={"strategy": "identity"})))
    assert exact["a"][1] == frozenset("ab") and exact["c"][1] == frozenset("c")


def test_single_reads_go_by_their_own_end(tmp_path):
    reads = [
        read("a", 0, 500, S40, rx="ACGT"),
        read("b", 0, 502, S40, cigar="2S38M", rx="ACGT"),
        read("c", 16, 500, S40, rx="ACGT"),
        read("d", 16, 501, S40, rx="ACGT"),
        read("e", 16, 498, S40, cigar="20M2D17M3S", rx="ACGT"),  # its clipped end is c's
        *pair("f", (500, S40), (500, S40), "ACGT"),
    ]
    found = partition(group_bam(write(tmp_path / "a.bam", reads), settings()))
    assert found["a"][1] == frozenset("ab") and found["f"][1] == frozenset("f")
    assert found["c"][1] == frozenset("ce") and found["d"][1] == frozenset("d")


def test_what_is_left_out(tmp_path):
    lone = read("lone", 0x1 | 0x8 | 0x40, 1000, S40, rx="ACGT")
    mate = read("lone", 0x1 | 0x4 | 0x80, 1000, S40, rx="ACGT")
    mate.cigarstring, mate.mapping_quality = None, 0
    mate.set_tag("MC", "40M")
    for one in (lone, mate):
        one.next_reference_id, one.next_reference_start = 0, 1000
    low = pair("low", (1000, S40), (1100, S40), "ACGT")
    low[1].mapping_quality = 0
    supplementary = read("good", 0x1 | 0x40 | 0x800 | 0x20, 2000, S40, cigar="20M20S")
    supplementary.next_reference_id, supplementary.next_reference_start = 0, 1100
    supplementary.set_tag("MC", "40M")
    bare = pair("bare", (1000, S40), (1100, S40), None)
    reads = [
        *pair("good", (1000, S40), (1100, S40), "ACGT"), supplementary, lone, mate, *low, *bare,
        *pair("n", (1000, S40), (1100, S40), "ACNT"),
        pair("gone", (1000, S40), (1100, S40), "ACGT")[0],
    ]  # fmt: skip
    file = write(tmp_path / "a.bam", reads)
    assert set(partition(group_bam(file, settings()))) == {"good"}
    from liquidbiopsy.ctdna.consensus_stream import Tally, consensus_records
    from liquidbiopsy.ctdna.templates import FATES
    from liquidbiopsy.reads.bam import BamReader

    tally = Tally()
    with BamReader(file) as reader:
        list(consensus_records(reader, settings(), "x:", "x", tally))
    fates = dict(zip(FATES, tally.fates.tolist(), strict=True))
    assert fates == {
        "grouped": 2, "secondary": 1, "unmapped": 0, "mate_unmapped": 2, "low_mapq": 2, "no_umi": 2,
        "umi_with_n": 2, "mate_missing": 1, "failed_qc": 0,
    }  # fmt: skip
    by_place = partition(group_bam(file, settings(), umi="none"))
    assert by_place["good"][1] == {"good", "n", "bare"}


def crowd(seed, positions=40, most=30):
    """Pairs at some positions with UMIs that err."""
    rng, reads, k = np.random.default_rng(seed), [], 0
    for _ in range(positions):
        at, length = int(rng.integers(100, 90_000)), int(rng.integers(60, 300))
        for _ in range(int(rng.integers(1, most))):
            parts = ["".join("ACGT"[b] for b in rng.integers(0, 2, 4)) for _ in range(2)]
            strand = "AB"[int(rng.integers(0, 2))]
            rx = "-".join(parts if strand == "A" else parts[::-1])
            right = (at + length - 40, S40)
            reads += pair(f"q{k}", (at, S40), right, rx, strand)
            k += 1
    return reads


@pytest.mark.parametrize("strategy", ["paired", "directional", "adjacency", "identity"])
def test_chunks_do_not_matter(tmp_path, strategy):
    file = write(tmp_path / "a.bam", crowd(3))
    chosen = settings(umi={"strategy": strategy})
    whole = group_bam(file, chosen)
    assert len(set(whole["molecule"].to_pylist())) > 100
    for size in (1, 3_000, 50_000):
        assert group_bam(file, chosen, chunk=size).equals(whole)


def test_a_file_in_another_order_is_sorted_first(tmp_path):
    reads = crowd(4)
    ordered = group_bam(write(tmp_path / "a.bam", reads), settings())
    rng = np.random.default_rng(0)
    shuffled = [reads[i] for i in rng.permutation(len(reads))]
    again = group_bam(write(tmp_path / "b.bam", shuffled, order=False), settings())
    assert again.equals(ordered)


def test_umis_in_names(tmp_path):
    reads = [read(f"x{k}_ACGT", 0, 500, S40) for k in range(3)] + [read("y_TTTT", 0, 500, S40)]
    found = partition(group_bam(write(tmp_path / "a.bam", reads), settings(), umi="name"))
    assert sorted(len(group) for _, group in set(found.values())) == [1, 3]


def test_a_umi_that_is_too_long_is_named(tmp_path):
    file = write(tmp_path / "a.bam", [read("long", 0, 500, S40, rx="A" * 33)])
    with pytest.raises(InputError, match=r"a\.bam: the read 'long' has a UMI of more than 32"):
        group_bam(file, settings())
    whole = write(tmp_path / "b.bam", [read("long", 0, 500, S40, rx="A" * 16 + "-" + "C" * 16)])
    assert group_bam(whole, settings())["umi"].to_pylist() == ["A" * 16 + "-" + "C" * 16]


def test_paired_needs_two_umis(tmp_path):
    file = write(tmp_path / "a.bam", pair("a", (500, S40), (600, S40), "ACGT"))
    with pytest.raises(InputError, match="carry one UMI each, but umi.strategy is paired"):
        group_bam(file, settings(umi={"strategy": "paired"}))


def test_a_crowded_position_stays_near_linear():
    """Twice the UMIs at one position take about twice the time, not four times."""
    from time import perf_counter

    rng = np.random.default_rng(1)
    times = []
    for n in (25_000, 100_000):
        codes = np.unique(rng.integers(0, 4**12, n).astype(np.uint64))
        counts = rng.geometric(0.3, len(codes))
        umi_graph.cluster(codes[:300], counts[:300], 12, 1, 2)
        start = perf_counter()
        leader = umi_graph.cluster(codes, counts, 12, 1, 2)
        times.append(perf_counter() - start)
        assert len(np.unique(leader)) > n / 2
    assert times[1] < 10 * times[0] + 0.05
