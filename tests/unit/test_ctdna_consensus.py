"""Consensus bases beside fgbio's formulas told plainly, families, duplex, filters."""

import math

import numpy as np
import pytest
from umi_reads import (
    SETTINGS,
    fgbio_base,
    fgbio_single,
    ln,
    pair,
    read,
    settings,
    two_trials,
    write,
)

from liquidbiopsy.ctdna.consensus import OUTCOMES, call_consensus
from liquidbiopsy.ctdna.consensus_bam import records_of
from liquidbiopsy.ctdna.consensus_stream import is_duplex
from liquidbiopsy.ctdna.group import grouped
from liquidbiopsy.ctdna.likelihood import call_agreed, call_mixed, model_of
from liquidbiopsy.reads.bam import BamReader
from liquidbiopsy.reads.chunks import chunk_of
from liquidbiopsy.reads.fields import tag_at

MODEL = model_of(SETTINGS["consensus"])
LETTERS = "=ACMGRSVTWYHKDBN"
TURN = str.maketrans("ACGTN", "TGCAN")


# --- one base


def called(*observed):
    lead = np.zeros(4)
    for base, q in observed:
        lead["ACGT".index(base)] += MODEL.weight[q]
    base, q = call_mixed(lead, MODEL.pre)
    return ("ACGT"[base] if base >= 0 else "N"), q


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        # by hand: e = 10^-3 + 10^-4 - 4/3 10^-7 = 0.0010999; 3 (e/3)^2 / (1-e)^2 = 4.04e-7 that
        # both are wrong, with 10^-4.5 before the UMI 3.2e-5
        ([("A", 30), ("A", 30)], ("A", 44)),
        # the pre-UMI error alone counts where it is more than e^6 times the rest
        ([("C", 37)] * 5, ("C", 45)),
        # A: 0.99890 * 0.0100987 / 3, C: 0.0010999 / 3 * 0.98990: 0.098 that A is wrong
        ([("A", 30), ("C", 20)], ("A", 10)),
        ([("A", 30), ("C", 30)], ("N", 2)),
        # G leads by ln(0.99890 / 0.00036662) = 7.91: 3.67e-4, with 10^-4.5 before the UMI 3.99e-4
        ([("G", 30), ("G", 30), ("T", 30)], ("G", 33)),
    ],
)
def test_golden_bases(observed, expected):
    assert called(*observed) == expected == fgbio_base(observed)


def test_golden_single_read():
    """Q30 with Q40 after the UMI: 0.0010999, Q29.6."""
    assert MODEL.single[30] == 29 == fgbio_single(30)
    for q in range(94):
        assert MODEL.single[q] == fgbio_single(q)


@pytest.mark.parametrize("seed", range(3))
def test_bases_beside_the_twin(seed):
    rng = np.random.default_rng(seed)
    for _ in range(300):
        n = int(rng.integers(1, 9))
        bases = rng.choice(list("AAAAAACGT"), n)
        observed = [(str(b), int(q)) for b, q in zip(bases, rng.integers(10, 42, n), strict=True)]
        assert called(*observed) == fgbio_base(observed)


def test_agreeing_bases_are_looked_up_exactly():
    for lead in np.concatenate([np.linspace(0.01, 40, 4001), MODEL.steps[3:], [1e3]]):
        assert call_agreed(lead, MODEL) == call_mixed(np.array([0, lead, 0, 0]), MODEL.pre)[1]


def test_two_trials_is_symmetric_and_no_less_than_either():
    for a, b in ((10, 40), (45, 40), (2, 93)):
        both = two_trials(ln(a), ln(b))
        assert both == two_trials(ln(b), ln(a)) and both >= max(ln(a), ln(b))
        assert math.exp(both) <= math.exp(ln(a)) + math.exp(ln(b))


# --- molecules


def consensus(path, chosen=SETTINGS, umi="rx", size=1 << 22):
    """Consensus reads of a file as dicts: bases and qualities as sequenced."""
    made, outcomes = [], []
    with BamReader(str(path), size) as reader:
        for chunk, found, strategy in grouped(reader, chosen, umi):
            duplex = is_duplex(strategy, chosen["consensus"]["duplex"])
            called = call_consensus(chunk, found, chosen["consensus"], duplex)
            outcomes += [OUTCOMES[k] for k in called.outcome]
            records, _ = records_of(chunk, found, called, len(outcomes), duplex, "m:", "g")
            made += [_told(chunk_of(records, 2), i) for i in range(len(chunk_of(records, 2)))]
    return made, outcomes


def _told(chunk, i):
    n, back = int(chunk.length[i]), chunk.flag[i] & 16
    packed = chunk.data[chunk.seq[i] : chunk.seq[i] + (n + 1) // 2]
    bases = "".join(LETTERS[b >> 4] + LETTERS[b & 15] for b in packed)[:n]
    quals = chunk.data[chunk.qual[i] : chunk.qual[i] + n].tolist()
    found = {
        "bases": bases.translate(TURN)[::-1] if back else bases,
        "quals": quals[::-1] if back else quals,
        "flag": int(chunk.flag[i]), "pos": int(chunk.pos[i]), "tlen": int(chunk.tlen[i]),
    }  # fmt: skip
    ops = chunk.data[chunk.cigar[i] : chunk.cigar[i] + 4 * chunk.n_cigar[i]].view("<u4")
    found["cigar"] = "".join(f"{op >> 4}{'MIDNSHP=X'[op & 15]}" for op in ops)
    for tag in ("cD", "cM", "cE", "aD", "bD", "aE", "bE", "RX", "MI", "MD", "NM"):
        at = tag_at(chunk.data, chunk.tags[i], chunk.end[i], ord(tag[0]), ord(tag[1]))
        if at < 0:
            continue
        kind, rest = chr(chunk.data[at]), chunk.data[at + 1 : chunk.end[i]].tobytes()
        if kind == "Z":
            found[tag] = rest[: rest.index(b"\0")].decode()
        else:
            found[tag] = np.frombuffer(rest[:4], "<i4" if kind == "i" else "<f4")[0].item()
    return found


def random_family(rng, n, length, strands="A"):
    """A molecule's two ends as forward bases, and n pairs with errors, Ns and poor bases."""
    insert = int(rng.integers(length - 20, 2 * length))
    truth = rng.integers(0, 4, insert)
    reads = []
    for k in range(n):
        ends = []
        size = int(rng.integers(length - 8, length + 1))
        for side in (0, 1):
            size = min(size, insert)
            part = (truth[:size] if side == 0 else truth[insert - size :]).copy()
            wrong = rng.random(size) < 0.05
            part[wrong] = rng.integers(0, 4, int(wrong.sum()))
            quals = rng.choice([2, 9, 10, 15, 25, 37, 41], size)
            bases = "".join("ACGT"[b] if rng.random() > 0.02 else "N" for b in part)
            at = 1000 if side == 0 else 1000 + insert - size
            ends.append((at, bases, quals.tolist()))
        strand = strands[k % len(strands)]
        reads += pair(f"r{k}", *ends, "AAAA-CCCC" if strand == "A" else "CCCC-AAAA", strand)
    return reads, insert


def twin_strand(reads, insert):
    """fgbio's consensus of one strand's reads of one end, from their 5' ends."""
    sources = []
    for one in reads:
        bases, quals = one.query_sequence, list(one.query_qualities)
        if one.is_reverse:
            bases, quals = bases.translate(TURN)[::-1], quals[::-1]
        kept = list(zip(bases, quals, strict=True))[:insert]
        kept = [(b, q) if q >= 10 and b != "N" else ("N", 0) for b, q in kept]
        while kept and kept[-1][0] == "N":
            kept.pop()
        if kept:
            sources.append(kept)
    columns = []
    for c in range(max(map(len, sources), default=0)):
        seen = [s[c] for s in sources if len(s) > c and s[c][0] != "N"]
        if not seen:
            columns.append(("N", 2, 0, 0))
        elif len(sources) == 1:
            columns.append((seen[0][0], fgbio_single(seen[0][1]), 1, 0))
        else:
            base, q = fgbio_base(seen)
            most = max(sum(b == x for b, _ in seen) for x in "ACGT")
            agree = sum(b == base for b, _ in seen) if base != "N" else most
            columns.append((base, q, len(seen), len(seen) - agree))
    return columns, sources


@pytest.mark.parametrize("n", [1, 2, 3, 7, 30])
@pytest.mark.parametrize("seed", range(4))
def test_simplex_beside_the_twin(tmp_path, n, seed):
    reads, insert = random_family(np.random.default_rng(seed), n, 60)
    made, outcomes = consensus(write(tmp_path / "a.bam", reads))
    assert outcomes == ["kept"] and len(made) == 2
    for which, found in enumerate(made):
        mine = [r for r in reads if r.is_read2 == bool(which)]
        columns, _ = twin_strand(mine, insert)
        assert found["bases"] == "".join(c[0] for c in columns)
        assert found["quals"] == [c[1] for c in columns]
        depths = [c[2] for c in columns]
        assert (found["cD"], found["cM"]) == (max(depths), min(depths))
        assert found["cE"] == pytest.approx(sum(c[3] for c in columns) / sum(depths), rel=1e-6)
        assert (found["aD"], found["bD"]) == (found["cD"], 0)
        assert found["RX"] == "AAAA-CCCC" and found["cigar"] == f"{len(columns)}M"
        assert bool(found["flag"] & 0x80) == bool(which) and found["flag"] & 0x3 == 0x3


@pytest.mark.parametrize("n", [2, 5, 12])
@pytest.mark.parametrize("seed", range(4))
def test_duplex_beside_the_twin(tmp_path, n, seed):
    reads, insert = random_family(np.random.default_rng(seed), n, 60, "AB")
    made, outcomes = consensus(write(tmp_path / "a.bam", reads))
    assert outcomes == ["kept"] and len(made) == 2
    for which, found in enumerate(made):  # its first read lies left, as strand A's
        back = bool(which)
        end = [r for r in reads if r.is_reverse == back]
        a, _ = twin_strand([r for r in end if r.is_read2 == back], insert)
        b, _ = twin_strand([r for r in end if r.is_read2 != back], insert)
        expected = []
        for (x, p, _, _), (y, q, _, _) in zip(a, b, strict=False):
            expected.append((x, min(93, p + q)) if x == y != "N" else ("N", 2))
        assert found["bases"] == "".join(e[0] for e in expected)
        assert found["quals"] == [e[1] for e in expected]
        m = len(expected)
        assert found["aD"] == max(c[2] for c in a[:m]) and found["bD"] == max(c[2] for c in b[:m])
        assert found["cD"] == max(x[2] + y[2] for x, y in zip(a, b, strict=False))
        assert found["flag"] & (0x10 | 0x40 | 0x80) == (0x90 if back else 0x40)
        assert found["RX"] == "AAAA-CCCC"


@pytest.mark.parametrize("umi", ["rx", "none"])
@pytest.mark.parametrize("n", [2, 5, 12])
@pytest.mark.parametrize("seed", range(2))
def test_strands_that_are_not_joined_are_one_family(tmp_path, seed, n, umi):
    """All reads of an end, whichever strand they are of, and no read of the other end."""
    reads, insert = random_family(np.random.default_rng(seed), n, 60, "AB")
    chosen = settings(consensus={"duplex": "off"})
    made, outcomes = consensus(write(tmp_path / "a.bam", reads), chosen, umi)
    assert outcomes == ["kept"] and len(made) == 2
    for which, found in enumerate(made):
        columns, _ = twin_strand([r for r in reads if r.is_reverse == bool(which)], insert)
        assert found["bases"] == "".join(c[0] for c in columns)
        assert found["quals"] == [c[1] for c in columns]
        assert found["cD"] == max(c[2] for c in columns) and "aD" not in found
        assert found["flag"] & (0x10 | 0x40 | 0x80) == (0x90 if which else 0x40)
        assert found.get("RX") == ("AAAA-CCCC" if umi == "rx" else None)


def test_a_bottom_strand_alone_that_is_not_joined(tmp_path):
    reads = pair("c", (1000, S40), (1100, S40), "CC-AA", "B")
    off = settings(consensus={"duplex": "off"})
    first, second = consensus(write(tmp_path / "a.bam", reads), off)[0]
    assert first["flag"] & 0x50 == 0x50 and second["flag"] & 0x90 == 0x80
    assert (first["RX"], second["RX"], first["cD"]) == ("CC-AA", "CC-AA", 1)


S40 = "ACGTTGCAGT" * 4


def changed(at, base, bases=S40):
    return bases[:at] + base + bases[at + 1 :]


def test_strands_that_disagree_are_n(tmp_path):
    """A change on one strand alone is damage; on both it is a mutation."""
    damaged, mutated = changed(7, "T"), changed(20, "A")
    both = changed(7, "T", mutated)
    reads = [
        *pair("a", (1000, both), (1100, S40), "AA-CC"),
        *pair("b", (1000, both), (1100, S40), "AA-CC"),
        *pair("c", (1000, mutated), (1100, S40), "CC-AA", "B"),
    ]
    left, right = consensus(write(tmp_path / "a.bam", reads))[0]
    assert left["bases"] == changed(7, "N", mutated) and left["quals"][7] == 2
    assert left["quals"][0] == 45 + fgbio_single(37)
    assert right["bases"] == S40.translate(TURN)[::-1] and damaged[7] == "T"
    assert (left["aD"], left["bD"], left["cD"]) == (2, 1, 3)
    assert left["cE"] == pytest.approx(1 / 120)  # of the less sure strand
    off = settings(consensus={"duplex": "off"})
    simplex = consensus(tmp_path / "a.bam", off)[0][0]
    assert "aD" not in simplex


def test_a_bottom_strand_alone_keeps_its_reads(tmp_path):
    reads = pair("c", (1000, S40), (1100, S40), "CC-AA", "B")
    first, second = consensus(write(tmp_path / "a.bam", reads))[0]
    assert first["flag"] & 0x50 == 0x50 and second["flag"] & 0x90 == 0x80
    # as fgbio: the strand that was read is a, whichever it is
    assert (first["aD"], first["bD"], first["RX"]) == (1, 0, "CC-AA")
    assert first["tlen"] == -140 and second["tlen"] == 140


def test_reads_of_another_alignment_are_left_out(tmp_path):
    gone = S40[:10] + S40[12:]
    reads = [
        *pair("a", (1000, S40), (1100, S40), "A-C"),
        *pair("b", (1000, gone, 37, "10M2D28M"), (1100, S40), "A-C"),
        *pair("c", (1000, gone, 37, "10M2D28M"), (1100, S40), "A-C"),
        *pair("d", (1003, gone[:30], 37, "3S7M2D20M"[:9]), (1100, S40), "A-C"),
        *pair("e", (1000, S40[:8]), (1100, S40), "A-C"),  # too short to tell
    ]
    left, right = consensus(write(tmp_path / "a.bam", reads))[0]
    assert left["bases"] == gone and left["cigar"] == "10M2D28M" and left["cD"] == 4
    assert right["cD"] == 5


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_both_strands_of_a_short_fragment_are_cut(tmp_path, names):
    """Adapter lies beyond a 30 bp fragment on both strands alike: no duplex base is made of it."""
    left, right = S40[:30] + "T" * 10, "G" * 10 + S40[:30]
    ends = (1000, left, 37, "30M10S"), (1000, right, 37, "10S30M")
    reads = [
        *pair(names[0], *ends, "AA-CC"),
        *pair(names[1], *ends, "CC-AA", "B"),
    ]
    one, other = consensus(write(tmp_path / "a.bam", reads))[0]
    assert (one["aD"], one["bD"]) == (1, 1)
    assert one["bases"] == S40[:30] and one["cigar"] == "30M"
    assert other["bases"] == S40[:30].translate(TURN)[::-1] and other["cigar"] == "30M"


@pytest.mark.parametrize("back", [False, True])
def test_bases_beyond_the_mates_start_are_cut(tmp_path, back):
    """A 30 bp fragment read over 40 bases: ten of adapter at each end."""
    left, right = S40[:30] + "T" * 10, "G" * 10 + S40[:30]
    reads = pair("a", (1000, left, 37, "30M10S"), (1000, right, 37, "10S30M"), "A-C")
    if back:  # aligned through, with a deletion on the way
        reads = pair("a", (1000, left[:38], 37, "20M2D18M"), (1000, right, 37, "10S30M"), "A-C")
    one, other = consensus(write(tmp_path / "a.bam", reads))[0]
    assert one["bases"] == S40[:28] if back else one["bases"] == S40[:30]
    assert one["cigar"] == ("20M2D8M" if back else "30M")
    assert other["bases"] == S40[:30].translate(TURN)[::-1] and other["cigar"] == "30M"
    assert other["pos"] == 1000


def test_filters(tmp_path):
    worse = changed(5, "A" if S40[5] != "A" else "C")
    reads = [
        *pair("a", (1000, S40), (1100, S40), "AAAA-CCCC"),
        *pair("b", (1000, worse), (1100, S40), "AAAA-CCCC"),
        *pair("c", (1000, S40), (1100, S40), "AAAA-CCCC"),
        *pair("d", (1000, S40), (1100, S40), "GGGG-TTTT"),
    ]
    file = write(tmp_path / "a.bam", reads)

    def run(**chosen):
        return consensus(file, settings(consensus=chosen))

    assert run()[1] == ["kept", "kept"]
    made, outcomes = run(max_base_error=0.1)
    assert outcomes == ["kept", "kept"] and made[0]["bases"] == changed(5, "N")
    assert run(min_reads=2)[1] == ["kept", "few_reads"]
    assert run(min_reads=2, duplex="off")[1] == ["kept", "few_reads"]
    assert run(min_strand_reads=4)[1] == ["few_strand_reads", "few_strand_reads"]
    assert run(max_read_error=0.005)[1] == ["read_errors", "kept"]
    assert run(max_base_error=0.1, max_no_calls=0.01)[1] == ["no_calls", "kept"]
    assert run(min_consensus_q=44, max_no_calls=1.0)[0][2]["bases"] == "N" * 40


@pytest.mark.parametrize("rx", ["ACGT", "AC-GT"])
def test_single_end_reads(tmp_path, rx):
    reads = [read(f"a{k}", 16, 500, S40, rx=rx) for k in range(3)]
    (found,) = consensus(write(tmp_path / "a.bam", reads))[0]
    assert (found["flag"], found["pos"], found["cD"], found["RX"]) == (16, 500, 3, rx)
    assert found["bases"] == S40.translate(TURN)[::-1] and set(found["quals"]) == {45}


def test_md_follows_the_consensus(tmp_path):
    """Where the reads tell the reference by MD, the consensus does, too."""
    wrong = changed(3, "A")  # the genome has T there
    reads = [
        read("a", 0, 500, wrong, rx="ACGT", tags=[("MD", "3T36"), ("NM", 1)]),
        *(read(x, 0, 500, S40, rx="ACGT", tags=[("MD", "40"), ("NM", 0)]) for x in "bc"),
        *(read(x, 16, 700, S40[:10] + S40[12:], cigar="10M2D28M", rx="ACGT",
               tags=[("MD", "0C9^GT5G22"), ("NM", 4)]) for x in "de"),
    ]  # fmt: skip
    one, other = consensus(write(tmp_path / "a.bam", reads))[0]
    assert (one["MD"], one["NM"]) == ("40", 0)
    assert (other["MD"], other["NM"]) == ("0C9^GT5G22", 4)


def test_a_cut_reverse_read_keeps_its_md(tmp_path):
    """The 3' end of a reverse read, its left one, has poor bases: place and MD move."""
    quals = [2] * 15 + [37] * 23
    reads = [read("d", 16, 700, S40[:10] + S40[12:], quals, "10M2D28M", rx="ACGT",
                  tags=[("MD", "0C9^GT5G22"), ("NM", 4)])]  # fmt: skip
    (found,) = consensus(write(tmp_path / "a.bam", reads))[0]
    assert (found["pos"], found["cigar"], found["MD"]) == (717, "23M", "0G22")


@pytest.mark.parametrize("size", [1, 2_000])
def test_chunks_do_not_matter(tmp_path, size):
    rng, reads = np.random.default_rng(5), []
    for m in range(30):
        family, _ = random_family(rng, int(rng.integers(1, 6)), 50, "AB")
        for one in family:
            one.query_name = f"{m}.{one.query_name}"
            one.reference_start += 40 * (m // 3)
        reads += family
    file = write(tmp_path / "a.bam", reads)

    def told(made):
        return [{k: v for k, v in m.items() if k != "MI"} for m in made]

    whole, some = consensus(file), consensus(file, size=size)
    assert told(whole[0]) == told(some[0]) and whole[1] == some[1]
