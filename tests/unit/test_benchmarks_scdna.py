"""What the benchmarks of single cells count by, on cases whose answer is known."""

import numpy as np
import pytest

from benchmarks.scdna_accuracy import parameters
from benchmarks.scdna_cells import adjusted_rand, changes, measured, settings, specimen
from liquidbiopsy.scdna.profiles import profiles_of


def test_the_rand_index_is_one_for_the_same_groups_and_nought_for_one_group_of_two() -> None:
    one = np.array([0, 0, 0, 1, 1, 1])
    assert adjusted_rand(one, 1 - one) == 1
    assert adjusted_rand(one, np.zeros(6, int)) == pytest.approx(0)
    assert -0.5 < adjusted_rand(one, np.array([0, 1, 0, 1, 0, 1])) < 0.2


def test_changes_are_within_contigs() -> None:
    copies, contig = np.array([2, 2, 3, 3, 2, 4]), np.array([0, 0, 0, 1, 1, 1])
    assert list(changes(copies, contig)) == [2, 4, 5]


def test_a_small_specimen_is_scored_against_its_truth() -> None:
    made = specimen(parameters(1, "ampli1", 5, 10))
    matrix, quality = measured(made)
    profiles = profiles_of(matrix, quality, settings())
    cell = int(np.flatnonzero(quality.passed)[0])
    per_bin = profiles.per_bin()
    assert made.right(cell, per_bin[cell])[matrix.used].mean() > 0.5
    assert not made.right(cell, per_bin[cell] + 1)[matrix.used].all()
