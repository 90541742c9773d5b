"""Simulated genomes, panels and variants are what is asked for, and read back."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pysam
import pytest

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.simulate.genome import (
    GenomeParameters,
    make_genome,
    read_genome,
    write_genome,
)
from liquidbiopsy.simulate.plasma_panel import (
    left_aligned,
    read_panel,
    spread_panel,
)
from liquidbiopsy.simulate.plasma_writers import write_mutations, write_panel


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
