"""Simulated reads of whole genomes: fragments, ends, bases, flags, and the BAM they are in."""

import hashlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pysam
import pytest

import liquidbiopsy.simulate.demo_whole_genome as demo
from liquidbiopsy.simulate.karyotypes import clone_of, draw_clones
from liquidbiopsy.simulate.whole_genome import WholeGenomeParameters, copies_of
from liquidbiopsy.simulate.whole_genome_bam import write_reads
from liquidbiopsy.simulate.whole_genome_bases import codes_of, mixed, scaled, write_reference
from liquidbiopsy.simulate.whole_genome_builds import CONTIGS, MB, chromosomes, fixed_bins
from liquidbiopsy.simulate.whole_genome_reads import (
    END_WEIGHTS,
    ReadParameters,
    normal_lengths,
    place_fragments,
    tumour_lengths,
)
from liquidbiopsy.simulate.whole_genome_tracks import make_tracks

SCALE = 1000
GENOME = WholeGenomeParameters(draw_clones("her2", 7), fraction=0.3, seed=6, library_id="lib")


@pytest.fixture(scope="module")
def tracks():
    return make_tracks("GRCh38", 5)


@pytest.fixture(scope="module")
def small(tracks, tmp_path_factory):
    """A library on a genome of 3 Mb, and the genome."""
    folder = tmp_path_factory.mktemp("small")
    p = ReadParameters(GENOME, 4000, read_length=100, duplicates=0.1, unmapped=0.02)
    write_reference(folder / "sim.fa", scaled(tracks, SCALE))
    return write_reads(folder, p, tracks, scale=SCALE), folder


def records(path):
    with pysam.AlignmentFile(str(path)) as file:
        return list(file.fetch(until_eof=True))


# --- fragments ---


def test_lengths_are_those_of_cell_free_dna():
    normal, tumour = normal_lengths(), tumour_lengths(0.6)
    assert normal.sum() == pytest.approx(1) and tumour.sum() == pytest.approx(1)
    assert np.argmax(normal) in (166, 167) and np.argmax(tumour) in range(143, 148)
    peaks = [x for x in range(90, 150) if normal[x] == normal[x - 4 : x + 5].max()]
    assert np.diff(peaks) == pytest.approx([10.4] * (len(peaks) - 1), abs=0.8)
    assert tumour[100:151].sum() > 2 * normal[100:151].sum()
    assert tumour_lengths(0.0) == pytest.approx(normal)


def test_fragments_follow_the_copies(tracks):
    clean = {"gc_bias": 0.0, "site_bias": 0.0, "waves": 0.0, "stray": 0.0, "piles": 0.0}
    clone = clone_of(["8q+", "16q-", "17q12 (ERBB2)"], 3)
    genome = WholeGenomeParameters((clone,), fraction=0.5, seed=2, **clean)
    p = ReadParameters(genome, end_preference=0.0)
    found = place_fragments(p, tracks, scaled(tracks), 60_000)
    arms = fixed_bins("GRCh38", 40 * MB)
    first = np.searchsorted(arms.contig, found.contig) + found.start // (40 * MB)
    counts = np.bincount(first, minlength=len(arms))
    normal, tumour = copies_of(genome, arms, "GRCh38")
    mean = tracks.sums(tracks.mappability, arms) * (normal + tumour)
    mean *= 60_000 / mean.sum()
    z = (counts - mean)[mean > 50] / np.sqrt(mean[mean > 50])
    assert abs(z).max() < 5 and z.std() == pytest.approx(1, abs=0.25)
    assert found.tumour.mean() == pytest.approx(
        (mean * tumour)[mean > 0].sum() / (mean * (normal + tumour))[mean > 0].sum(), abs=0.01
    )
    order = np.lexsort((found.start, found.contig))
    assert np.array_equal(order, np.arange(60_000))
    short = (found.length >= 100) & (found.length <= 150)
    assert short[found.tumour].mean() > 2 * short[~found.tumour].mean()


def test_ends_prefer_what_real_ones_do(tracks):
    g = scaled(tracks, SCALE)
    whole = [codes_of(g, k) for k in range(len(CONTIGS))]
    pairs = Counter()
    for codes in whole:
        pairs.update((4 * codes[:-1] + codes[1:])[(codes[:-1] < 4) & (codes[1:] < 4)].tolist())
    usual = np.array([pairs[k] for k in range(16)], float)
    for power in (0.0, 1.0):
        genome = WholeGenomeParameters(gc_bias=0.0, site_bias=0.0)
        p = ReadParameters(genome, end_preference=power)
        found = place_fragments(p, tracks, g, 30_000)
        ends = np.zeros(16)
        for c, start, length in zip(found.contig, found.start, found.length, strict=True):
            a, b = whole[c][start : start + 2]
            d, e = whole[c][start + length - 2 : start + length]
            ends[4 * a + b] += 1
            ends[4 * (3 - e) + 3 - d] += 1
        ratio = (ends / ends.sum()) / (usual / usual.sum())
        wanted = np.ravel(END_WEIGHTS) ** power
        wanted /= (wanted * usual).sum() / usual.sum()
        assert ratio == pytest.approx(wanted, rel=0.12)


# --- bases ---


def test_bases_are_a_hash_of_their_place(tracks, tmp_path):
    g = scaled(tracks, SCALE, seed=3)
    with pytest.raises(ValueError, match="scale it down by 50"):
        write_reference(tmp_path / "x.fa", scaled(tracks, 20))
    for scale in (0, 3, 2000):
        with pytest.raises(ValueError, match="must divide 10000"):
            scaled(tracks, scale)
    codes = codes_of(g, 2)
    assert len(codes) == chromosomes("GRCh38")[2].length // SCALE
    assert not np.array_equal(codes, codes_of(scaled(tracks, SCALE, seed=4), 2))
    for place in range(31, len(codes), 5003):  # plain twin
        limit = int(g.strong[g.first_cell[2] + place // g.cell_bp])
        z = int(mixed((3 << 40) + (2 << 32) + place))
        own = 1 + (z & 1) if z >> 32 < limit else 3 * (z & 1)
        assert codes[place] == (own if limit else 4)
    whole = np.concatenate([codes_of(g, k) for k in range(len(CONTIGS))])
    cells = fixed_bins("GRCh38", MB)
    gc, _ = tracks.over(cells)
    at = 0
    seen = []
    for k in range(len(CONTIGS)):
        for size in np.diff(np.append(cells.start[cells.contig == k] // SCALE, g.lengths[k])):
            part = whole[at : at + size]
            known = part[part < 4]
            seen.append(np.isin(known, (1, 2)).mean() if len(known) > 900 else np.nan)
            at += size
    good = np.isfinite(gc) & np.isfinite(seen)
    assert np.corrcoef(gc[good], np.array(seen)[good])[0, 1] > 0.85
    assert abs(np.nanmean(np.array(seen)[good] - gc[good])) < 0.002


def test_reads_are_the_references(small):
    written, folder = small
    fasta = pysam.FastaFile(str(folder / "sim.fa"))
    assert list(fasta.references) == [f"chr{c}" for c in CONTIGS]
    mapped = [r for r in records(written.bam) if not r.is_unmapped]
    for r in mapped:
        text = fasta.fetch(r.reference_name, r.reference_start, r.reference_end)
        assert r.query_sequence == text
    with pysam.AlignmentFile(str(written.bam)) as file:
        assert list(file.references) == list(fasta.references)
        assert list(file.lengths) == list(fasta.lengths)


# --- records ---


def test_records_are_sound_and_say_simulated(small):
    written, _ = small
    found = records(written.bam)
    assert len(found) == 8000 and all(r.query_name.startswith("simulated:") for r in found)
    pysam.quickcheck(str(written.bam))
    with pysam.AlignmentFile(str(written.bam)) as file:
        assert file.header["HD"]["SO"] == "coordinate" and "SIMULATED" in file.header["CO"][0]
        assert file.header["RG"][0]["SM"] == "simulated_lib"
        inside = [r.query_name for r in file.fetch("chr8", 20_000, 60_000)]
    twin = [r for r in found if r.reference_name == "chr8"]
    assert inside == [
        r.query_name for r in twin if r.reference_start < 60_000 and r.reference_end > 20_000
    ]
    mapped = [r for r in found if not r.is_unmapped]
    places = [(r.reference_id, r.reference_start) for r in mapped]
    assert places == sorted(places) and found[: len(mapped)] == mapped
    pairs = {}
    for r in found:
        pairs.setdefault(r.query_name, []).append(r)
    for pair in pairs.values():
        one, two = pair
        assert {one.is_read1, two.is_read1} == {True, False} and one.is_paired
        if one.is_unmapped:
            assert two.is_unmapped and one.mate_is_unmapped and one.mapping_quality == 0
            continue
        assert not one.is_reverse and two.is_reverse and one.mate_is_reverse
        assert one.next_reference_start == two.reference_start
        assert two.next_reference_start == one.reference_start
        span = two.reference_end - one.reference_start
        assert (one.template_length, two.template_length) == (span, -span)
        assert one.query_length == two.query_length == min(100, span)
        assert one.is_proper_pair and one.is_duplicate == two.is_duplicate
    assert 0.4 < np.mean([pair[0].is_read1 for pair in pairs.values()]) < 0.6


def test_the_truth_counts_what_is_there(small):
    written, folder = small
    found = records(written.bam)
    mapped = [r for r in found if not r.is_unmapped]
    truth = pd.read_csv(folder / "lib.truth.tsv", sep="\t", comment="#").iloc[0]
    assert truth["pairs"] == 4000 and truth["reads"] == len(found)
    assert truth["duplicate_pairs"] == 400 == sum(r.is_duplicate for r in mapped) / 2
    assert truth["unmapped_pairs"] == 80 == (len(found) - len(mapped)) / 2
    assert truth["low_mapq_reads"] == sum(r.mapping_quality < 20 for r in mapped)
    assert truth["low_mapq_reads"] > 0.02 * len(mapped) * 0.8
    unique = [r.template_length for r in mapped if not r.is_duplicate and not r.is_reverse]
    lengths = pd.read_csv(folder / "lib.lengths.tsv", sep="\t", comment="#")
    assert Counter(unique) == dict(zip(lengths["length"], lengths["fragments"], strict=True))
    assert lengths["tumour"].sum() == truth["tumour_fragments"] == written.fragments.tumour.sum()
    copies = Counter(
        (r.reference_id, r.reference_start, r.template_length)
        for r in mapped
        if not r.is_reverse and r.is_duplicate
    )
    first = {(r.reference_id, r.reference_start, r.template_length) for r in mapped}
    assert set(copies) <= first and sum(copies.values()) == 400


def test_duplicates_unmarked_single_ends_and_plain_names(tracks, tmp_path):
    p = ReadParameters(GENOME, 1000, paired=False, mark_duplicates=False, prefix="")
    found = records(write_reads(tmp_path, p, tracks).bam)
    assert len(found) == 1000 and len({r.query_name for r in found}) == 1000
    assert {r.flag for r in found} == {0, 4, 16}
    assert all(r.template_length == 0 and r.next_reference_id == -1 for r in found)
    with pysam.AlignmentFile(str(tmp_path / "lib.simulated.bam")) as file:
        assert file.references == CONTIGS
        assert file.lengths == tuple(one.length for one in chromosomes("GRCh38"))
    for changes in ({"pairs": 0}, {"read_length": 10}, {"duplicates": 0.99, "unmapped": 0.02}):
        with pytest.raises(ValueError, match="reads|pairs"):
            replace(p, **changes)


def test_equal_parameters_give_equal_bytes(tracks, tmp_path):
    p = ReadParameters(GENOME, 3000)
    digests = []
    for name, made in (("a", p), ("b", p), ("c", replace(p, genome=replace(GENOME, seed=7)))):
        write_reads(tmp_path / name, made, tracks)
        files = sorted((tmp_path / name).iterdir())
        assert [f.name.removeprefix("lib.") for f in files] == [
            "lengths.tsv", "segments.tsv", "simulated.bam", "simulated.bam.bai", "truth.tsv",
        ]  # fmt: skip
        digests.append([hashlib.sha256(f.read_bytes()).hexdigest() for f in files])
    assert digests[0] == digests[1] != digests[2]


def test_demo_writes_every_library_and_tells(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(demo.USUAL, "pairs", 500)
    monkeypatch.setattr(demo, "DONORS", demo.DONORS[:4])
    monkeypatch.setattr(demo, "BIN_BP", 5 * MB)
    demo.write_whole_genome_demo(tmp_path)
    assert len(capsys.readouterr().out.splitlines()) == len(demo.LIBRARIES) + 1
    folder = tmp_path / "ctdna"
    for one in demo.LIBRARIES:
        assert (folder / one.specimen_id / f"genome.simulated.{one.kind}").exists()
    for name in ("gc", "mappability", *demo.DONORS):
        assert (folder / "genome" / f"{name}.simulated.wig").read_text().startswith("fixedStep")
    told = pd.read_csv(folder / "genome" / "libraries.tsv", sep="\t", comment="#")
    assert told["fraction"].tolist() == [one.fraction for one in demo.LIBRARIES]
    assert "17q12 (ERBB2)" in told["clones"][0] and told["clones"][3] == "none"
    assert (folder / "genome" / "donor04.truth.tsv").read_text().count("\tmale\t") == 1
