"""Hidden Markov models against every path through short chains, counted one by one."""

from itertools import product

import numpy as np
import pytest

from liquidbiopsy.copynumber.hmm import (
    FIRST,
    distances,
    forward,
    forward_backward,
    most_probable,
    student,
    student_constant,
)

STATES = 3


def chain(seed: int, bins: int = 6) -> tuple[np.ndarray, ...]:
    """Densities, distances (two contigs), where states go, and how soon they are left."""
    rng = np.random.default_rng(seed)
    density = rng.uniform(0.05, 1, (bins, STATES))
    distance = rng.uniform(0.1, 2, bins)
    distance[[0, bins // 2]] = FIRST
    jump = rng.dirichlet(np.ones(STATES))
    return density, distance, jump, rng.uniform(0.3, 2, STATES)


def step(distance: float, jump: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Probabilities of going from each state to each."""
    if distance < 0:
        return np.tile(jump, (STATES, 1))
    stay = np.exp(-distance * rate)
    return np.diag(stay) + (1 - stay)[:, None] * jump


def all_paths(
    density: np.ndarray, distance: np.ndarray, jump: np.ndarray, rate: np.ndarray
) -> dict[tuple[int, ...], float]:
    """The probability of each path and the data."""
    found = {}
    steps = [step(d, jump, rate) for d in distance]
    for path in product(range(STATES), repeat=len(distance)):
        p = jump[path[0]] * density[0, path[0]]
        for t in range(1, len(path)):
            p *= steps[t][path[t - 1], path[t]] * density[t, path[t]]
        found[path] = p
    return found


@pytest.mark.parametrize("seed", range(5))
def test_passes_and_path_are_those_of_all_paths(seed: int) -> None:
    model = chain(seed)
    paths = all_paths(*model)
    total = sum(paths.values())
    posterior = np.zeros((6, STATES))
    for path, p in paths.items():
        for t, state in enumerate(path):
            posterior[t, state] += p / total
    filtered, norm = np.empty((6, STATES)), np.empty(6)
    assert forward(*model, filtered, norm) == pytest.approx(np.log(total))
    assert forward_backward(*model, filtered, norm) == pytest.approx(np.log(total))
    np.testing.assert_allclose(filtered, posterior, rtol=1e-9)
    assert tuple(most_probable(*model)) == max(paths, key=paths.__getitem__)


def test_density_is_students_t() -> None:
    from scipy.stats import t

    x, scale, means = np.array([0.1, -0.4, np.nan]), np.array([0.1, 0.2, 0.1]), np.array([0, 0.3])
    density = np.empty((3, 2))
    student(x, scale, means, 7.0, 1.0, density)
    constant = student_constant(x, scale, 7.0, 1.0)
    expected = t.pdf(x[:2, None], 7, means, scale[:2, None])
    logs = np.log(density[:2]).sum(axis=0) + constant
    np.testing.assert_allclose(logs, np.log(expected).sum(axis=0))
    assert (density[2] == 1).all()


def test_distances_begin_anew_on_each_contig() -> None:
    found = distances(np.array([0, 0, 1, 1], np.int16), np.array([1.0, 3, 1, 5]), 2.0)
    assert found.tolist() == [FIRST, 1.0, FIRST, 2.0]
