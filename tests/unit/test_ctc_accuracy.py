"""Tumour cells that are there are found, and none is made up: a small part of `make bench`."""

from functools import reduce
from operator import add

import pytest
from othermake.scenarios import CARTRIDGE, IMPOSTORS, SMALL, hard_scenarios
from othermake.slides import make_slide

from benchmarks import ctc_input
from benchmarks.ctc_grid import CONDITIONS
from benchmarks.ctc_methods import ours
from benchmarks.ctc_simulated import SLIDE, draw
from benchmarks.ctc_tally import GOAL, GOAL_SIGNAL, Tally

# seeds other than those that settings were chosen on, and than those of the benchmark
SEED = 31
SIMULATED = [("normal", 8), ("dense", 8), ("noisy camera", 12), ("uneven light", 20)]
SIMULATED += [("soft", 12), ("8-bit JPEG", 12)]
OTHER_MAKE = {
    "weak": {**SMALL, "signal": 8.0, "ctcs": 40, "clusters": 6},
    "impostors": {**CARTRIDGE, **IMPOSTORS, "signal": 12.0, "ctcs": 40, "clusters": 4},
    **{name: hard_scenarios()[name] for name in ("perinuclear", "speckles", "grainy", "eight_bit")},
}


@pytest.mark.parametrize("signal", [8, 12])
def test_simulated_slides(signal, tmp_path):
    tallies = {}
    for condition, at in SIMULATED:
        if (at > 8) == (signal > 8):
            made = {**SLIDE, **CONDITIONS[condition], "signal": at, "seed": SEED}
            given, truth = draw(tmp_path / condition, **made)
            tallies[condition] = Tally.of(ours(given), truth, GOAL_SIGNAL)
    check(tallies, at_least=60)


def test_slides_of_another_make(tmp_path):
    tallies = {}
    for name, parameters in OTHER_MAKE.items():
        slide = make_slide(SEED, **parameters)
        cells = ours(ctc_input.write(slide, tmp_path / name))
        tallies[name] = Tally.of(cells, slide.truth, GOAL_SIGNAL)
    check(tallies, at_least=150)


def check(tallies, at_least):
    """Recall, precision and the clusters of all slides together."""
    total = reduce(add, tallies.values())
    said = "\n".join(f"{name}: {tally.cells()}" for name, tally in tallies.items())
    assert total.truth >= at_least, said
    assert total.recall >= GOAL and total.precision >= GOAL, said
    assert total.clusters_called >= 0.9 * total.clusters > 0, said


def test_leukocytes_alone_give_no_tumour_cell(tmp_path):
    alone = {"ctc": 0, "ctc_clusters": 0, "columns": 5, "rows": 1, "leukocytes_per_frame": 150}
    given, truth = draw(tmp_path / "simulated", **{**SLIDE, **alone, "seed": SEED})
    assert given.n_frames == 5 and (truth["kind"] == "leukocyte").sum() > 500
    assert not Tally.of(ours(given), truth, 0.0).counted
    settings = {**CARTRIDGE, "grid": (1, 5), "ctcs": 0, "leukocytes": 150, "lobed": 0.4}
    slide = make_slide(SEED, **settings, clumps=10)
    given = ctc_input.write(slide, tmp_path / "other")
    assert given.n_frames == 5 and (slide.truth["kind"] == "leukocyte").sum() > 500
    assert not Tally.of(ours(given), slide.truth, 0.0).counted
