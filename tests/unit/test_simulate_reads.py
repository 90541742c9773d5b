"""Simulated reads of plasma: barcodes, damage and errors are what the truth says."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from plasma_library import back, library, on_reference

from liquidbiopsy.simulate.plasma_layers import GAIN, LOSS, copies, damage, family_sizes
from liquidbiopsy.simulate.plasma_molecules import simulate_molecules
from liquidbiopsy.simulate.plasma_parameters import ADAPTERS, PlasmaParameters


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
