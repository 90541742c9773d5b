"""The simulated plasma libraries are what their truth says, and say that they are simulated."""

import ast
import gzip
import hashlib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest

import liquidbiopsy.simulate.demo_plasma as demo
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.simulate.genome import (
    Genome,
    GenomeParameters,
    make_genome,
    read_genome,
    write_genome,
)
from liquidbiopsy.simulate.plasma import write_plasma
from liquidbiopsy.simulate.plasma_layers import GAIN, LOSS, copies, damage, family_sizes
from liquidbiopsy.simulate.plasma_molecules import length_shares, simulate_molecules
from liquidbiopsy.simulate.plasma_panel import (
    draw_variants,
    left_aligned,
    read_lengths,
    read_panel,
    spread_panel,
)
from liquidbiopsy.simulate.plasma_parameters import ADAPTERS, PlasmaParameters, Region, Variant
from liquidbiopsy.simulate.plasma_reads import read_pairs
from liquidbiopsy.simulate.plasma_writers import write_mutations, write_panel

COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
#: A library in which nothing goes wrong.
CLEAN = {
    "deamination": 0.0, "oxidation": 0.0, "pcr_error": 0.0, "umi_error": 0.0, "stutter": 0.0,
    "error_excess": 0.0, "no_calls": 0.0, "sequencing_stutter": 0.0, "names_tell": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def genome() -> Genome:
    return make_genome(GenomeParameters(seed=1))


@pytest.fixture(scope="module")
def panel(genome) -> tuple[Region, ...]:
    return spread_panel(genome, 6, 250, 1)


@pytest.fixture(scope="module")
def variants(genome, panel) -> tuple[Variant, ...]:
    found = draw_variants(genome, panel, 1, vaf=0.1, snvs=4, indels=6, mnvs=2, phased=2)
    found += draw_variants(genome, panel, 2, kind="germline_het", snvs=3, indels=2, taken=found)
    return found + draw_variants(genome, panel, 3, kind="germline_hom", snvs=1, taken=found)


def back(bases: str) -> str:
    return bases.translate(COMPLEMENT)[::-1]


def records(path: Path) -> list[tuple[str, str, str]]:
    """Name, bases and qualities of every read."""
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert set(lines[2::4]) == {"+"}
    return list(zip(lines[::4], lines[1::4], lines[3::4], strict=True))


def library(tmp_path, genome, panel, variants=(), **changes):
    """Write a library, and read it as a table: molecule, strand, one, two, q1, q2."""
    made = {**CLEAN, "seed": 5, "input_ng": 1.0, "read_pairs": 2500, **changes}
    written = write_plasma(tmp_path, PlasmaParameters(panel, variants, **made), genome)
    rows = []
    for one, two in zip(records(written.fq1), records(written.fq2), strict=True):
        assert one[0] == two[0]
        _, serial, molecule, strand = one[0].split(":")
        assert int(serial) == len(rows) + 1
        rows.append((int(molecule), strand, one[1], two[1], one[2], two[2]))
    columns = ["molecule", "strand", "one", "two", "q1", "q2"]
    return written, pd.DataFrame(rows, columns=columns)


def on_reference(written, reads, genome, prefix=13):
    """Differences from the reference: molecule, strand, mate, cycle, reference base, base read.

    Reads are laid where the truth says, and turned so that bases are of the upper strand.
    """
    truth = written.molecules.set_index("molecule")
    length = written.parameters.read_length - prefix
    rows = []
    for row in reads.itertuples():
        place = truth.loc[row.molecule]
        text = genome.text(place["chrom"], place["start"], place["end"])
        for mate, read in ((1, row.one), (2, row.two)):
            turned = (row.strand == "T") != (mate == 1)
            expected = (back(text) if turned else text)[:length]
            seen = read[prefix : prefix + len(expected)]
            if seen == expected:
                continue
            for k, (a, b) in enumerate(zip(expected, seen, strict=True)):
                if a != b:
                    pair = (back(a), back(b)) if turned else (a, b)
                    rows.append((row.molecule, row.strand, mate, k, *pair))
    return pd.DataFrame(rows, columns=["molecule", "strand", "mate", "cycle", "ref", "alt"])


# --- genome ---


def test_genome_is_like_one_and_reads_back(tmp_path):
    parameters = GenomeParameters(seed=4)
    genome = write_genome(tmp_path / "sim.fa", parameters)
    text = (tmp_path / "sim.fa").read_text()
    heads = [line for line in text.splitlines() if line.startswith(">")]
    assert [head.split()[0] for head in heads] == [">sim1", ">sim2", ">sim3"]
    assert all("SIMULATED" in head for head in heads)
    assert max(len(line) for line in text.splitlines() if line not in heads) == 60
    again = read_genome(tmp_path / "sim.fa")
    assert again.names == genome.names
    assert np.array_equal(again.codes, genome.codes)
    assert np.array_equal(again.masked, genome.masked)
    codes = genome.codes
    assert np.isin(codes, (1, 2)).mean() == pytest.approx(0.41, abs=0.03)
    strong = (codes == 1).mean() * (codes == 2).mean()
    assert ((codes[:-1] == 1) & (codes[1:] == 2)).mean() < 0.5 * strong
    assert genome.text("sim1", 0, 50_000).count("A" * 9) > 3
    for x in genome.paralogs:
        pair = codes[x.first : x.first + x.length], codes[x.second : x.second + x.length]
        assert (pair[0] != pair[1]).mean() == pytest.approx(0.04, abs=0.02)
    other = make_genome(replace(parameters, seed=5))
    assert not np.array_equal(other.codes, codes)


def test_genome_is_read_from_bgzip_and_errors_name_the_file(tmp_path):
    plain, packed = tmp_path / "g.fa", tmp_path / "g.fa.gz"
    plain.write_text(">a some words\nACGT\nNacg\n>b\nTTTT\n")
    pysam.tabix_compress(str(plain), str(packed))
    for path in (plain, packed):
        genome = read_genome(path)
        assert genome.names == ("a", "b")
        assert genome.text("a", 0, 8) == "ACGTNACG"
        assert genome.masked.tolist() == [False] * 4 + [True] * 4 + [False] * 4
        assert genome.place(9) == ("b", 1)
    assert read_genome(plain, ("b",)).codes.tolist() == [3] * 4
    with pytest.raises(InputError, match="g.fa"):
        read_genome(plain, ("c",))
    with pytest.raises(InputError, match="none.fa"):
        read_genome(tmp_path / "none.fa")


def test_panel_lies_clear_of_repeats_or_in_paralogs_as_asked(genome, tmp_path):
    for paralogous in (0, 2):
        panel = spread_panel(genome, 8, 250, 3, paralogous)
        inside = [
            genome.masked[genome.start_of(r.chrom) + r.start :][: r.end - r.start].mean()
            for r in panel
        ]
        assert sorted(inside) == [0.0] * (8 - paralogous) + [1.0] * paralogous
        write_panel(tmp_path / "panel.bed", panel)
        assert read_panel(tmp_path / "panel.bed") == panel
    (tmp_path / "bad.bed").write_text("sim1\t5\t10\nsim1\tx\t10\n")
    with pytest.raises(InputError, match="line 2"):
        read_panel(tmp_path / "bad.bed")


def test_variants_are_those_asked_for_and_left_aligned(genome, panel, variants, tmp_path):
    def kinds(v):
        return "snv" if len(v.ref) == len(v.alt) == 1 else (
            "mnv" if len(v.ref) == len(v.alt) else "indel"
        )  # fmt: skip

    tumour = [v for v in variants if v.kind == "tumour"]
    counts = pd.Series([kinds(v) for v in tumour]).value_counts()
    assert counts.to_dict() == {"snv": 8, "indel": 6, "mnv": 2}
    assert sorted(len([v for v in tumour if v.phase == p]) for p in {v.phase for v in tumour})[
        :2
    ] == [2, 2]
    for v in variants:
        assert genome.text(v.chrom, v.pos - 1, v.pos - 1 + len(v.ref)) == v.ref
        assert any(r.chrom == v.chrom and r.start < v.pos <= r.end for r in panel)
        if kinds(v) == "indel":
            assert left_aligned(genome, v) == v and v.ref[-1] != v.alt[-1]
    write_mutations(tmp_path / "m.tsv", variants)
    lines = (tmp_path / "m.tsv").read_text().splitlines()
    assert lines[0] == "CHROM\tPOS\tREF\tALT\tPHASING\tNOTE"
    assert all(line.endswith("\tsimulated") for line in lines[1:])
    assert len(lines) == 1 + len(tumour)


# --- molecules ---


def test_fragments_are_as_long_as_cell_free_dna(genome, panel, tmp_path):
    p = PlasmaParameters(panel, input_ng=20)
    shares = length_shares(p)
    assert shares.sum() == pytest.approx(1)
    assert np.argmax(shares) in (166, 167)
    peaks = [x for x in range(80, 140) if shares[x] == shares[x - 4 : x + 5].max()]
    assert np.diff(peaks) == pytest.approx([10.4] * 5, abs=0.6)
    assert 0.03 < shares[260:400].sum() < 0.08
    molecules = simulate_molecules(p, genome)
    lengths = molecules.end - molecules.start
    assert np.argmax(np.bincount(lengths)) == pytest.approx(167, abs=5)
    assert np.array_equal(np.diff(molecules.offsets), lengths)
    (tmp_path / "lengths.tsv").write_text("length\tcount\n100\t3\n200\t1\n")
    given = replace(p, lengths=read_lengths(tmp_path / "lengths.tsv"))
    assert length_shares(given)[[100, 200]].tolist() == [0.75, 0.25]
    with pytest.raises(ValueError, match="fragments"):
        length_shares(replace(p, fragments="other"))


def test_input_makes_the_depth(genome, panel):
    p = PlasmaParameters(panel, input_ng=10, conversion=0.4, off_target=0.05)
    molecules = simulate_molecules(p, genome)
    middles = [genome.start_of(r.chrom) + (r.start + r.end) // 2 for r in panel]
    depth = [((molecules.start <= x) & (molecules.end > x)).sum() for x in middles]
    assert np.mean(depth) == pytest.approx(10 * 330 * 0.4, rel=0.04)
    on = np.zeros(len(molecules), bool)
    for r in panel:
        at = genome.start_of(r.chrom)
        on |= (molecules.end > at + r.start) & (molecules.start < at + r.end)
    assert 1 - on.mean() == pytest.approx(0.05, rel=0.2)


def test_molecules_have_the_variants_asked_for(genome, panel, variants):
    molecules = simulate_molecules(PlasmaParameters(panel, variants, input_ng=20), genome)
    phases, sides = defaultdict(list), defaultdict(list)
    for number, v in enumerate(variants):
        at = genome.start_of(v.chrom) + v.pos - 1
        spans = (molecules.start <= at) & (molecules.end > at + len(v.ref))
        has = np.zeros(len(molecules), bool)
        has[molecules.carriers[molecules.carriers[:, 1] == number, 0]] = True
        n, share = spans.sum(), v.share
        assert (has & spans).sum() == pytest.approx(
            n * share, abs=4.5 * np.sqrt(n * share * (1 - share)) + 1e-9
        )
        if v.phase:
            phases[v.phase].append((spans, has))
        if v.kind == "germline_het":
            sides[v.chrom].append((spans, has, v.haplotype))
    assert len(phases) == 2
    for (one, first), (two, second) in phases.values():
        both = one & two
        assert both.sum() > 500 and np.array_equal(first[both], second[both])
    for found in sides.values():
        for one, first, a in found:
            for two, second, b in found:
                both = one & two
                assert np.array_equal(first[both], second[both] == (a == b))


def test_bases_of_molecules_are_those_of_a_plain_twin(genome, panel, variants):
    molecules = simulate_molecules(PlasmaParameters(panel, variants, input_ng=3), genome)
    carried = defaultdict(list)
    for molecule, number in molecules.carriers:
        carried[molecule].append(variants[number])
    checked = 0
    for m, found in carried.items():
        chrom, start = genome.place(int(molecules.start[m]))
        end = start + int(molecules.end[m] - molecules.start[m])
        text, edge = [], False
        letters = list(genome.text(chrom, start, end))
        for v in found:
            at = v.pos - 1 - start
            if at < 0 or at + len(v.ref) >= len(letters):
                edge = True  # ends inside the variant: looked at below
                break
            letters[at : at + len(v.ref)] = [v.alt, *[""] * (len(v.ref) - 1)]
        text = "".join(letters)
        bases = molecules.bases[molecules.offsets[m] : molecules.offsets[m + 1]]
        got = "".join("ACGT"[b] for b in bases)
        if edge:
            assert abs(len(got) - (end - start)) <= 7
        else:
            assert got == text
            checked += 1
    assert checked > 1000


def test_a_wrong_reference_base_is_refused(genome, panel):
    wrong = Variant(panel[0].chrom, panel[0].start + 50, "N", "A")
    with pytest.raises(ValueError, match="is not N in the genome"):
        simulate_molecules(PlasmaParameters(panel, (wrong,)), genome)
    with pytest.raises(ValueError, match="differ in kind or vaf"):
        PlasmaParameters(panel, (replace(wrong, phase="a"), replace(wrong, phase="a", vaf=0.5)))


def test_short_molecules_are_likelier_mutated_if_asked(genome, panel):
    at = panel[0].start + 120
    ref = genome.text(panel[0].chrom, at, at + 1)
    variant = Variant(panel[0].chrom, at + 1, ref, "A" if ref != "A" else "C", vaf=0.2)
    p = PlasmaParameters(panel, (variant,), input_ng=40, tumour_short=2.0)
    molecules = simulate_molecules(p, genome)
    place = genome.start_of(variant.chrom) + at
    spans = (molecules.start <= place) & (molecules.end > place)
    has = np.isin(np.arange(len(molecules)), molecules.carriers[:, 0])
    short = molecules.end - molecules.start < 151
    assert has[spans].mean() == pytest.approx(0.2, abs=0.02)
    ratio = has[spans & short].mean() / has[spans & ~short].mean()
    assert ratio == pytest.approx(2.0, rel=0.15)


# --- reads ---


def test_barcodes_of_both_strands_are_each_others_mirror(tmp_path, genome, panel, variants):
    written, reads = library(tmp_path, genome, panel)
    assert not len(on_reference(written, reads, genome))
    assert set(reads["one"].str[8:13]) == set(reads["two"].str[8:13]) == {"TGACT"}
    assert (reads["one"].str.len() == 150).all()
    pairs = defaultdict(set)
    for row in reads.itertuples():
        ends = (row.one[:8], row.two[:8])
        pairs[row.molecule].add(ends if row.strand == "T" else ends[::-1])
    assert all(len(found) == 1 for found in pairs.values())
    assert len({next(iter(x)) for x in pairs.values()}) == len(pairs)
    both = reads.groupby("molecule")["strand"].nunique()
    assert (both == 2).sum() > 300
    sizes = written.molecules.set_index("molecule")
    counted = reads.groupby(["molecule", "strand"]).size().unstack(fill_value=0)
    assert (counted["T"] == sizes.loc[counted.index, "upper_reads"]).all()
    assert (counted["B"] == sizes.loc[counted.index, "lower_reads"]).all()


def test_single_barcode_known_barcodes_and_read_through(tmp_path, genome, panel):
    changes = {
        "structures": ("3S4M+T", "+T"), "umis": ("ACGT", "TTTT"), "lengths": ((60, 1.0),),
    }  # fmt: skip
    written, reads = library(tmp_path, genome, panel, **changes)
    assert set(reads["one"].str[:3]) == {"TGA"}
    assert set(reads["one"].str[3:7]) == {"ACGT", "TTTT"}
    truth = written.molecules.set_index("molecule")
    for row in reads.head(200).itertuples():
        place = truth.loc[row.molecule]
        text = genome.text(place["chrom"], place["start"], place["end"])
        text = text if row.strand == "T" else back(text)
        assert row.one[7:] == (text + ADAPTERS[0] + "G" * 60)[:143]
        assert row.two == (back(text) + back(row.one[:7]) + ADAPTERS[1] + "G" * 60)[:150]
    _, dual = library(tmp_path, genome, panel, lengths=((60, 1.0),))
    for row in dual.head(200).itertuples():
        assert row.one[13:] == (row.one[13:73] + back(row.two[:13]) + ADAPTERS[0] + "G" * 60)[:137]


def test_damage_is_of_one_strand_only(tmp_path, genome, panel):
    for rate, expected in (
        ("deamination", {"T": {("C", "T")}, "B": {("G", "A")}}),
        ("oxidation", {"T": {("G", "T")}, "B": {("C", "A")}}),
    ):
        written, reads = library(tmp_path, genome, panel, **{rate: 0.01})
        found = on_reference(written, reads, genome)
        for strand, kinds in expected.items():
            mine = found[found["strand"] == strand]
            assert set(zip(mine["ref"], mine["alt"], strict=True)) == kinds
        # All reads of a strand have its lesions.
        keys = ["molecule", "strand", "mate", "cycle"]
        sizes = reads.groupby(["molecule", "strand"]).size()
        seen = found.groupby(keys).size()
        assert (seen == sizes.loc[[key[:2] for key in seen.index]].to_numpy()).all()
        p = replace(written.parameters, input_ng=20)
        molecules = simulate_molecules(p, genome)
        changes = damage(p, molecules, np.ones((len(molecules), 2), np.int64))
        bases = np.isin(molecules.bases, (1, 2)).sum()  # C above is G below
        assert len(changes.family) == pytest.approx(bases * 0.01, rel=0.03)


def test_repair_copies_the_damage_of_overhangs_onto_both_strands(genome, panel):
    p = PlasmaParameters(panel, overhang_bp=4.0, overhang_deamination=0.1)
    p = replace(p, deamination=0.0, oxidation=0.0)
    molecules = simulate_molecules(p, genome)
    found = damage(p, molecules, np.ones((len(molecules), 2), np.int64))
    upper = {(f // 2, x) for f, x in zip(found.family, found.pos, strict=True) if f % 2 == 0}
    lower = {(f // 2, x) for f, x in zip(found.family, found.pos, strict=True) if f % 2}
    assert len(upper) > 500 and upper == lower
    length = np.diff(molecules.offsets)[found.family // 2]
    assert np.median(np.minimum(found.pos, length - 1 - found.pos)) < 8


def test_errors_of_pcr_are_inherited_within_a_family(genome, panel):
    p = PlasmaParameters(panel, input_ng=2, pcr_error=2e-4, stutter=0.0, sequencing_stutter=0.0)
    molecules = simulate_molecules(p, genome)
    sizes = family_sizes(p, molecules, 60_000)
    changes = copies(p, molecules, sizes)
    spread = changes.last - changes.first
    size = sizes.ravel()[changes.family]
    assert (spread <= size).all() and (np.diff(changes.family) >= 0).all()
    starts = np.concatenate([[0], np.cumsum(sizes.ravel())])
    assert (changes.first >= starts[changes.family]).all()
    assert (changes.last <= starts[changes.family + 1]).all()
    large = size >= 8
    assert 0.02 < (spread[large] > 1).mean() < 0.6  # early errors are shared, most are not
    # Each read went through cycles * e / (1 + e) copyings on average.
    inside = (changes.pos >= 0) & (changes.pos < np.diff(molecules.offsets)[changes.family // 2])
    lengths = np.diff(molecules.offsets)
    bases = (sizes.sum(axis=1) * lengths).sum()
    expected = p.cycles * p.efficiency / (1 + p.efficiency) * 2e-4
    assert spread[inside].sum() / bases == pytest.approx(expected, rel=0.05)
    assert np.mean(changes.what == 2) == pytest.approx(2 / 3, abs=0.02)
    barcode = spread[~inside].sum() / (sizes.sum() * 16)
    assert barcode == pytest.approx(expected * p.umi_error / p.pcr_error, rel=0.25)


def test_families_vary_as_a_branching_process_and_strands_get_lost(genome, panel):
    p = PlasmaParameters(panel, input_ng=8, efficiency=0.5, family_spread=0.0)
    molecules = simulate_molecules(p, genome)
    sizes = family_sizes(p, molecules, 40 * len(molecules))
    assert sizes.sum() == 40 * len(molecules)
    assert (sizes == 0).mean() == pytest.approx(0.15, abs=0.02)
    kept = sizes[sizes > 0]
    mean = 40 / 2 / 0.85
    assert kept.mean() == pytest.approx(mean, rel=0.02)
    assert kept.var() == pytest.approx(mean + mean**2 * (1 - 0.5) / (1 + 0.5), rel=0.1)


def test_runs_of_a_base_slip(tmp_path, genome, panel):
    p = PlasmaParameters(panel, input_ng=3, stutter=0.02, sequencing_stutter=0.0)
    molecules = simulate_molecules(p, genome)
    changes = copies(p, molecules, family_sizes(p, molecules, 20_000))
    slips = np.flatnonzero(changes.what >= LOSS)
    assert len(slips) > 200
    assert np.mean(changes.what[slips] == LOSS) == pytest.approx(0.7, abs=0.1)
    assert set(changes.what[slips]) == {LOSS, GAIN}
    for k in slips[:300]:
        at = molecules.offsets[changes.family[k] // 2] + changes.pos[k]
        assert len(set(molecules.bases[at : at + 4].tolist())) == 1
    # In the reads: the run is one longer or shorter, all else is there.
    written, reads = library(tmp_path, genome, panel, sequencing_stutter=0.2, lengths=((100, 1.0),))
    truth = written.molecules.set_index("molecule")
    slipped = defaultdict(int)
    for row in reads.itertuples():
        place = truth.loc[row.molecule]
        text = genome.text(place["chrom"], place["start"], place["end"])
        text = text if row.strand == "T" else back(text)
        end = row.one.index(back(row.two[:13]), 50)
        slipped[end - 13 - len(text)] += 1
    assert slipped[-1] > slipped[1] > 0 and slipped[0] > sum(slipped.values()) / 2


def test_errors_are_as_many_as_the_qualities_say(tmp_path, genome, panel):
    changes = {"error_excess": 1.0, "no_calls": 1e-3, "read_pairs": 6000}
    written, reads = library(tmp_path, genome, panel, **changes)
    found = on_reference(written, reads, genome)
    shown = np.frombuffer("".join(reads["q1"] + reads["q2"]).encode(), np.uint8)
    qualities = (shown - 33).reshape(-1, 2, 150)
    assert set(np.unique(qualities)) == {2, 11, 25, 37}
    letters = np.frombuffer("".join(reads["one"] + reads["two"]).encode(), np.uint8)
    unknown = letters.reshape(-1, 2, 150) == ord("N")
    assert ((qualities == 2) == unknown).all()
    assert unknown.mean() == pytest.approx(1e-3, rel=0.1)
    low = (qualities < 37).mean(axis=0)
    assert low[0, -30:].mean() > 3 * low[0, :30].mean() and low[1].mean() > 1.2 * low[0].mean()
    spacers = np.frombuffer(b"TGACT", np.uint8)
    wrong = (letters.reshape(-1, 2, 150)[:, :, 8:13] != spacers) & ~unknown[:, :, 8:13]
    truth = written.molecules.set_index("molecule")
    lengths = (truth["end"] - truth["start"]).loc[reads["molecule"]].to_numpy()
    shown_bases = np.arange(137)[None, None, :] < lengths[:, None, None]
    counted = {q: ((qualities[:, :, 13:] == q) & shown_bases).sum() for q in (11, 25, 37)}
    known = found[found["alt"] != "N"]
    total = sum(n * 10 ** (-q / 10) for q, n in counted.items())
    assert len(known) == pytest.approx(total, rel=0.06)
    for q in (11, 25):
        here = qualities[:, :, 8:13] == q
        n = here.sum()
        expected = n * 10 ** (-q / 10)
        assert wrong[here].sum() == pytest.approx(expected, abs=4 * np.sqrt(expected) + 1)
    jittered = library(tmp_path, genome, panel, quality_jitter=4)[1]
    assert len(set("".join(jittered["q1"]))) == 15


def test_hopped_reads_are_molecules_of_the_other_library(tmp_path, genome, panel):
    other = PlasmaParameters(panel, seed=99, input_ng=1.0)
    written, reads = library(tmp_path, genome, panel, hops=0.05, hops_from=other)
    hopped = written.molecules[written.molecules["hopped"] == 1]
    share = reads["molecule"].isin(hopped["molecule"]).mean()
    assert share == pytest.approx(0.05, abs=0.015)
    theirs = simulate_molecules(other, genome)
    places = set(zip(theirs.start.tolist(), theirs.end.tolist(), strict=True))
    for row in hopped.itertuples():
        at = genome.start_of(row.chrom)
        assert (at + row.start, at + row.end) in places
    with pytest.raises(ValueError, match="hops_from"):
        PlasmaParameters(panel, hops=0.1)


def test_raw_depth_decides_how_many_read_pairs(tmp_path, genome, panel):
    changes = {"read_pairs": 0, "raw_depth": 300.0, "input_ng": 0.5}
    written, reads = library(tmp_path, genome, panel, **changes)
    truth = written.molecules.set_index("molecule").loc[reads["molecule"]]
    region = panel[2]
    mine = truth[truth["chrom"] == region.chrom]
    middle = (region.start + region.end) // 2
    near = (mine["start"] <= middle) & (mine["end"] > middle)
    inside = (middle - mine["start"] < 137) | (mine["end"] - middle <= 137)
    assert (near & inside).sum() == pytest.approx(300, rel=0.3)
    assert len(reads) == written.read_pairs


def test_truth_of_variants_is_what_the_reads_show(tmp_path, genome, panel, variants):
    snvs = tuple(v for v in variants if len(v.ref) == len(v.alt) == 1)
    written, reads = library(tmp_path, genome, panel, snvs, read_pairs=4000, lengths=((320, 1.0),))
    truth = written.molecules.set_index("molecule")
    assert (written.variants["vaf"] == [v.share for v in snvs]).all()
    for row, v in zip(written.variants.itertuples(), snvs, strict=True):
        mutant, seen, strands = defaultdict(int), defaultdict(int), defaultdict(set)
        places = truth[(truth["chrom"] == v.chrom) & (truth["start"] < v.pos)]
        places = places[places["end"] >= v.pos]
        for read in reads[reads["molecule"].isin(places.index)].itertuples():
            place = places.loc[read.molecule]
            upper = (read.one, read.two) if read.strand == "T" else (read.two, read.one)
            from_left, from_right = v.pos - 1 - place["start"], place["end"] - v.pos
            if from_left < 137:
                base = upper[0][13 + from_left]
            elif from_right < 137:
                base = back(upper[1][13 + from_right])
            else:
                continue  # between the mates
            seen[read.molecule] += 1
            strands[read.molecule].add(read.strand)
            assert base in (v.ref, v.alt)
            mutant[read.molecule] += base == v.alt
        assert row.molecules == len(seen)
        assert row.mutant_molecules == sum(n > 0 for n in mutant.values())
        assert all(n in (0, seen[m]) for m, n in mutant.items())
        assert row.duplex == sum(len(x) == 2 for x in strands.values())
        assert row.families == sum(n > 1 for n in seen.values())
        assert row.mutant_families == sum(n > 0 and seen[m] > 1 for m, n in mutant.items())


# --- files ---


def test_same_seed_same_bytes_and_all_say_simulated(tmp_path, genome, panel, variants):
    digests = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        for level in (1, 6):
            p = PlasmaParameters(
                panel, variants, seed=seed, library_id=f"x{level}", input_ng=0.5, read_pairs=500
            )
            write_plasma(tmp_path / name, p, genome, level=level)
        files = sorted((tmp_path / name).iterdir())
        assert len(files) == 8
        digests.append([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])
        for file in files:
            content = file.read_bytes()
            content = gzip.decompress(content) if file.suffix == ".gz" else content
            assert b"simulated" in content.splitlines()[0].lower()
    a, b, c = digests
    assert a == b
    assert not set(a) & set(c)
    names = [row[0] for row in records(tmp_path / "a" / "x1_R1.fastq.gz")]
    assert names == [f"@simulated:{k + 1}" for k in range(500)]  # they tell nothing


def test_layers_have_seeds_of_their_own(genome, panel, variants):
    p = PlasmaParameters(panel, variants, input_ng=1)
    changed = replace(p, deamination=0.01, pcr_error=1e-3, low_end=0.3, efficiency=0.5)
    one, two = simulate_molecules(p, genome), simulate_molecules(changed, genome)
    assert np.array_equal(one.bases, two.bases) and np.array_equal(one.left, two.left)
    sizes = family_sizes(p, one, 3000)
    worse = replace(p, deamination=0.01)
    a, b = copies(p, one, sizes), copies(worse, one, sizes)
    assert np.array_equal(a.pos, b.pos)
    texts = [
        b"".join(first.tobytes() for first, _ in read_pairs(q, one, sizes, a)) for q in (p, worse)
    ]
    assert texts[0] == texts[1]


def test_nothing_is_shared_with_the_analysis():
    folder = Path(demo.__file__).parent
    files = [*folder.glob("*plasma*.py"), folder / "genome.py"]
    assert len(files) >= 8
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("liquidbiopsy"):
                assert node.module.split(".")[1] in ("core", "simulate"), file.name


def test_demo_writes_every_library_and_tells(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(demo.USUAL, "read_pairs", 400)
    monkeypatch.setattr(demo, "LEVEL", 1)
    demo.write_plasma_demo(tmp_path)
    told = capsys.readouterr().out.splitlines()
    assert len(told) == len(demo.LIBRARIES) + 1
    counts = pd.read_csv(tmp_path / "ctdna" / "counts.tsv", sep="\t", comment="#")
    assert (counts["read_pairs"] == 400).all()
    assert counts.loc[counts["tumour_vaf"] == 0, "mutant_molecules"].eq(0).all()
    for one in demo.LIBRARIES:
        folder = tmp_path / "ctdna" / one.specimen_id
        assert len(records(folder / f"{one.library_id}_R1.fastq.gz")) == 400
        if one.truncated:
            with pytest.raises(EOFError):
                records(folder / f"{one.library_id}_R2.fastq.gz")
        assert (tmp_path / "ctdna" / f"{one.patient_id}.mutations.tsv").exists()
    assert len(read_panel(tmp_path / "ctdna" / "panel.bed")) == 10
