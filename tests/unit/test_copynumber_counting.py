"""Reads counted in bins in one pass: against a plain loop, and what is wrong with a file named."""

import low_pass
import numpy as np
import pysam
import pytest

from liquidbiopsy.copynumber import count_pass
from liquidbiopsy.copynumber.as_bam import read_alignments
from liquidbiopsy.copynumber.bins import Bins, grid
from liquidbiopsy.copynumber.counting import DUPLICATES, SINGLE, count_reads
from liquidbiopsy.copynumber.excluded import excluded_regions
from liquidbiopsy.copynumber.own_contigs import BUILDS, build_of, match_contigs
from liquidbiopsy.copynumber.record_stream import RecordStream
from liquidbiopsy.copynumber.seen_ends import SLOTS, USED, no_ends, seen, with_room
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctdna.fragments import MOTIFS
from liquidbiopsy.reads import bgzf
from liquidbiopsy.reads.panel import Region

BINS = grid(low_pass.CONTIGS, 5_000)
EXCLUDED = [("1", 2_000, 3_900), ("1", 3_700, 4_000), ("1", 9_000, 16_100), ("2", 0, 2_000)]
REGIONS = [Region(f"chr{c}", a, b) for c, a, b in EXCLUDED]
MERGED = [("1", 2_000, 4_000), ("1", 9_000, 16_100), ("2", 0, 2_000)]


def counted(path, reference=None, bins=BINS, **changes):
    chosen = low_pass.settings(**changes)
    return count_reads(path, "a.bam", bins, reference, chosen, REGIONS)


def assert_same(found, path, ends=None, bins=BINS, **changes):
    """Compare with the plain loop, number by number."""
    chosen = low_pass.settings(**changes)
    plain = low_pass.plain_count(path, bins, chosen, MERGED, ends=ends)
    fates, count, lengths, motifs, windows, others = plain
    np.testing.assert_array_equal(found.count, count)
    totals = found.totals
    for name in ("not_primary", "unmapped", "failed_qc", "elsewhere", "low_mapq", "outside"):
        assert getattr(totals, name) == fates[name], name
    assert totals.flagged_duplicates == fates["flagged_duplicates"]
    assert (totals.same_ends, totals.counted) == (others["again"], count.sum())
    assert totals.records == sum(fates.values())
    fragments = found.fragments
    assert {n: c for n, c in enumerate(fragments.lengths) if c} == dict(lengths)
    assert {m: c for m, c in zip(MOTIFS, fragments.motifs, strict=True) if c} == dict(motifs)
    for name in ("too_long", "ends_left_out", "excluded"):
        assert getattr(fragments, name) == others[name], name
    size = chosen["fragments"]["window_bp"]
    assert list(np.flatnonzero(fragments.reached)) == [4, 5, 6, 7, 8]
    for kind, values in (("short", fragments.short), ("long", fragments.long)):
        for k, chrom in enumerate(fragments.windows.chrom()):
            assert values[k] == windows[kind, chrom, fragments.windows.start[k] // size]
        assert values.sum() == sum(n for (own, *_), n in windows.items() if own == kind)
    return totals, others


@pytest.mark.parametrize("seed", range(4))
def test_flagged_duplicates_are_out(tmp_path, seed):
    path = low_pass.write(tmp_path / "a.bam", low_pass.random_reads(seed))
    totals, others = assert_same(counted(path), path)
    assert totals.duplicates == "flagged"
    assert totals.flagged_duplicates and not totals.same_ends
    assert min(others[k] for k in ("too_long", "ends_left_out", "excluded")) > 0


@pytest.mark.parametrize("mc", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_without_flags_those_of_the_same_ends_are_out(tmp_path, seed, mc):
    reads = low_pass.random_reads(seed, flagged=False, mc=mc, crowded=40)
    path = low_pass.write(tmp_path / "a.bam", reads)
    totals, _ = assert_same(counted(path), path)
    assert totals.duplicates == "ends"
    assert totals.same_ends > 100


def test_the_way_can_be_chosen(tmp_path):
    path = low_pass.write(tmp_path / "a.bam", low_pass.random_reads(9, crowded=40))
    both, _ = assert_same(counted(path, duplicates="ends"), path, ends=True, duplicates="ends")
    assert both.same_ends and both.flagged_duplicates
    flags, _ = assert_same(counted(path, duplicates="flagged"), path, ends=False)
    assert flags.counted == both.counted + both.same_ends


def test_strands_tell_ends_apart(tmp_path):
    usual = {"tid": 0, "pos": 1_000, "cigar": "50M", "seq": "A" * 50, "mapq": 60, "mc": "50M",
             "tlen": 0}  # fmt: skip
    made = [(65, 1_199), (65 | 32, 1_150), (65 | 32, 1_150), (1 | 64 | 8, 1_199)]
    reads = [{**usual, "name": f"r{k}", "flag": flag, "mate": (0, mate)}
             for k, (flag, mate) in enumerate(made)]  # fmt: skip
    found = counted(low_pass.write(tmp_path / "a.bam", reads))
    assert (found.totals.counted, found.totals.same_ends) == (3, 1)


@pytest.mark.parametrize("flagged", [True, False])
def test_chunks_change_nothing(tmp_path, flagged):
    reads = low_pass.random_reads(3, flagged=flagged, crowded=40)
    path = low_pass.write(tmp_path / "a.bam", reads)
    limits = count_pass.limits_of(low_pass.settings(), DUPLICATES["auto"], on_target=False)
    found = []
    for size in (1, 3_000, 1 << 23):
        with RecordStream(path, chunk=size) as reader:
            index = match_contigs(reader.header.contigs, BINS, path).index
            places = count_pass.places_of(index, BINS, grid(low_pass.CONTIGS, 2_000), REGIONS)
            found.append(count_pass.tallies_of(reader, limits, places))
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


def test_memory_of_ends_hangs_on_depth_alone():
    ends = with_room(no_ends(400), 3 * SLOTS)
    for five in range(0, 20 * SLOTS, 3):
        assert not seen(ends, 0, five, five + 150, 1)
        assert not seen(ends, 0, five, five + 160, 1)
        assert seen(ends, 0, max(five - 900, 0), max(five - 900, 0) + 160, 1)
    assert ends.state[USED] <= 2 * SLOTS
    assert not seen(ends, 1, five, five + 150, 1)  # of another contig


def test_cram_says_the_same(tmp_path):
    rng = np.random.default_rng(1)
    fasta = tmp_path / "genome.fa"
    with open(fasta, "w") as out:
        for name, size in low_pass.CONTIGS.items():
            out.write(f">{name}\n{''.join(rng.choice(list('ACGT'), size))}\n")
    bam = low_pass.write(tmp_path / "a.bam", low_pass.random_reads(5))
    cram = str(tmp_path / "a.cram")
    pysam.view("-C", "-T", str(fasta), "-o", cram, bam, catch_stdout=False)
    one, other = counted(bam), counted(cram, str(fasta))
    np.testing.assert_array_equal(one.count, other.count)
    assert one.totals == other.totals
    for name in ("lengths", "motifs", "short", "long"):
        np.testing.assert_array_equal(
            getattr(one.fragments, name), getattr(other.fragments, name), name
        )
    with pytest.raises(InputError, match=r"a\.bam: is CRAM, which cannot be read without"):
        counted(cram)
    with read_alignments(cram, "a.bam", str(fasta)) as (_, contigs):
        assert contigs == low_pass.CONTIGS  # and the rest is not waited for
    with pytest.raises(InputError, match="contig chr1 has 40000 bases, and the bins"):
        counted(cram, str(fasta), grid({"1": 50_000}, 5_000))
    (tmp_path / "cut.cram").write_bytes((tmp_path / "a.cram").read_bytes()[:-3000])
    with pytest.raises(InputError, match=r"a\.bam: cannot be read as CRAM: "):
        counted(str(tmp_path / "cut.cram"), str(fasta))
    fasta.unlink()  # where the file says that its reference is
    (tmp_path / "other.fa").write_text(">chr9\nACGT\n")
    with pytest.raises(InputError, match=r"a\.bam: cannot be read as CRAM"):
        counted(cram, str(tmp_path / "other.fa"))


def test_names_with_and_without_chr_are_one(tmp_path):
    reads = low_pass.random_reads(6)
    bare = {name.removeprefix("chr"): size for name, size in low_pass.CONTIGS.items()}
    one = counted(low_pass.write(tmp_path / "a.bam", reads))
    other = counted(low_pass.write(tmp_path / "b.bam", reads, bare))
    np.testing.assert_array_equal(one.count, other.count)
    assert (one.contig_names[0], other.contig_names[0]) == ("chr1", "1")


def test_single_reads_have_no_fragments(tmp_path):
    rng = np.random.default_rng(2)
    reads = [r for k in range(50) for r in low_pass.template(rng, f"t{k}", 0, 100 * k, 150)]
    for read in reads:
        read.update(flag=read["flag"] & 16, mate=(-1, -1), tlen=0, mc=None)
    found = counted(low_pass.write(tmp_path / "a.bam", [*reads, *reads]))
    assert (found.fragments, found.reason) == (None, SINGLE)
    assert (found.totals.counted, found.totals.same_ends) == (100, 100)
    loose = low_pass.random_reads(0, 50)
    for read in loose:
        read["flag"] &= ~2
    assert "no read pair is flagged as proper" in counted(
        low_pass.write(tmp_path / "b.bam", loose)
    ).reason  # fmt: skip


def test_absent_contigs_are_not_known(tmp_path):
    bins = grid({**low_pass.CONTIGS, "chrY": 8_000}, 5_000)
    found = counted(low_pass.write(tmp_path / "a.bam", low_pass.random_reads(7)), bins=bins)
    assert np.isnan(found.count[bins.of("Y")]).all()
    assert not np.isnan(found.count[: bins.of("Y").start]).any()
    assert found.notes == ("the file does not know the contigs Y",)


def test_a_reference_cut_short_will_do_where_reads_lie_in_it(tmp_path):
    path = low_pass.write(tmp_path / "a.bam", low_pass.random_reads(7))
    longer = {**low_pass.CONTIGS, "chr1": 90_000}
    wide = low_pass.write(tmp_path / "b.bam", low_pass.random_reads(7), longer)
    found = counted(wide)
    np.testing.assert_array_equal(found.count, counted(path).count)
    assert "only the beginning of chr1" in found.notes[0]
    with pytest.raises(InputError, match=r"\d+ reads lie beyond the end of chr1"):
        counted(path, bins=grid({"1": 30_000, "2": 25_000}, 5_000))


def test_other_builds_are_named():
    order = [*map(str, range(1, 23)), "X", "Y"]
    old, new = (dict(zip(order, BUILDS[b], strict=True)) for b in ("GRCh37", "GRCh38"))
    assert (build_of(old), build_of({"7": new["7"]}), build_of({"1": 5})) == (
        "GRCh37", "GRCh38", None,
    )  # fmt: skip
    whole = r"contig 1 has 249250621 bases \(GRCh37\), .* one with 248956422 \(GRCh38\)"
    with pytest.raises(InputError, match=whole):
        match_contigs(old, grid(new, 1_000_000), "a.bam")
    with pytest.raises(InputError, match=r"contig chr1 has 248956422 bases \(GRCh38\)"):
        match_contigs({"chr1": new["1"]}, grid(old, 1_000_000), "a.bam")
    full = grid({"1": 249_250_621}, 1_000_000)  # as a WIG has it, all bins whole
    full = Bins(full.contigs, full.contig, full.start, full.start + 1_000_000)
    assert match_contigs(old, full, "a.bam").partial == ()


BAD = {
    "has both": ({"chr1": 40_000, "1": 40_000}, "has both chr1 and 1 for contig 1"),
    "shorter": ({"chr1": 35_000}, "contig chr1 has 35000 bases, and the bins .* 40000"),
    "others": ({"plasmid": 40_000}, "has no contig that is counted: its contigs are plasmid"),
    "no reads": ({"chr1": 40_000}, "has no reads"),
}


@pytest.mark.parametrize("which", BAD)
def test_headers_that_do_not_fit_are_named(tmp_path, which):
    contigs, words = BAD[which]
    with pytest.raises(InputError, match=f"a.bam: {words}"):
        counted(low_pass.write(tmp_path / "a.bam", [], contigs))


def test_files_that_cannot_be_counted_are_named(tmp_path):
    reads = low_pass.random_reads(8, 300, flagged=False)
    whole = low_pass.write(tmp_path / "a.bam", reads)
    cut = tmp_path / "cut.bam"
    cut.write_bytes((tmp_path / "a.bam").read_bytes()[:-2_000])
    mixed = low_pass.write(tmp_path / "mixed.bam", reads[::-1], sort=False)
    (tmp_path / "empty.bam").write_bytes(b"")
    (tmp_path / "text.bam").write_text("@HD\tVN:1.6\n" * 9)
    for path, words in (
        (str(cut), "cut off"), (mixed, "has no flagged duplicates, and is not sorted"),
        (str(tmp_path / "none.bam"), "does not exist"), (str(tmp_path / "text.bam"), "not a BAM"),
        (str(tmp_path / "empty.bam"), "is empty"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=rf"a\.bam: .*{words}"):
            counted(path)
    assert counted(mixed, duplicates="flagged").totals.counted
    by_contig = sorted(reads, key=lambda r: (-r["tid"], r["pos"]))
    with pytest.raises(InputError, match="is not sorted"):
        counted(low_pass.write(tmp_path / "turned.bam", by_contig, sort=False))
    with pytest.raises(InputError, match=r"no read that counts: of \d+, .* of low mapping quality"):
        counted(whole, min_mapq=61)
    lost = [{**read, "tid": 3} for read in reads[:20]]
    with pytest.raises(InputError, match="no read that counts: .* are on other contigs"):
        counted(low_pass.write(tmp_path / "lost.bam", lost))


def test_damaged_records_are_named(tmp_path):
    path = low_pass.write(tmp_path / "a.bam", low_pass.random_reads(8, 300))
    whole = bytearray(b"".join(bgzf.blocks(path)))
    with RecordStream(path) as reader:
        _, starts = next(reader.pieces())
        shift = len(whole) - int(reader._used)  # of the header, which is done with
        at = shift + int(starts[7])
    whole[at + 4] = 9  # its contig: there are four
    with bgzf.BgzfWriter(str(tmp_path / "b.bam")) as out:
        out.write(whole)
    with pytest.raises(InputError, match="a.bam: record 8 is damaged"):
        counted(str(tmp_path / "b.bam"))


def test_the_shipped_list_is_of_its_build(tmp_path):
    regions = excluded_regions("hg19", None)
    assert len(regions) > 400
    lengths = dict(zip([*map(str, range(1, 23)), "X", "Y"], BUILDS["GRCh37"], strict=True))
    assert all(0 <= r.start < r.end <= lengths[r.chrom] for r in regions)
    assert excluded_regions("GRCh38", None) == excluded_regions(None, None) == []
    (tmp_path / "own.bed").write_text("chr1\t10\t20\n")
    assert excluded_regions("hg19", str(tmp_path / "own.bed")) == [Region("chr1", 10, 20)]
