"""Simulated molecules of plasma: their lengths, their number, the variants they carry."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from liquidbiopsy.simulate.plasma_molecules import length_shares, simulate_molecules
from liquidbiopsy.simulate.plasma_panel import (
    read_lengths,
)
from liquidbiopsy.simulate.plasma_parameters import PlasmaParameters, Variant


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
