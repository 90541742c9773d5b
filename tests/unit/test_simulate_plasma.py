"""The files of simulated libraries: the same again, and they say that they are simulated."""

import ast
import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plasma_library import records

import liquidbiopsy.simulate.demo_plasma as demo
from liquidbiopsy.simulate.plasma import write_plasma
from liquidbiopsy.simulate.plasma_layers import copies, family_sizes
from liquidbiopsy.simulate.plasma_molecules import simulate_molecules
from liquidbiopsy.simulate.plasma_panel import (
    read_panel,
)
from liquidbiopsy.simulate.plasma_parameters import PlasmaParameters
from liquidbiopsy.simulate.plasma_reads import read_pairs


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
