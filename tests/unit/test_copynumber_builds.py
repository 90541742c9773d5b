"""The build of a genome, told by its bins."""

import numpy as np
import pytest

from liquidbiopsy.copynumber.bins import Bins
from liquidbiopsy.copynumber.own_contigs import BUILDS, build_of_bins

NAMES = tuple([*map(str, range(1, 23)), "X", "Y"])


def bins_of(lengths, seed=1, names=NAMES, ends=True):
    """Bins of about 500 kb, no two alike, to the ends of contigs; Y is one wide bin in the end."""
    rng = np.random.default_rng(seed)
    contig, start, end = [], [], []
    for k, length in enumerate(lengths):
        cuts = np.cumsum(rng.integers(400_000, 650_000, length // 400_000))
        cuts = cuts[cuts < (length // 2 if names[k] == "Y" else length - 40_000)]
        first = np.append(0, cuts)
        start.append(first)
        end.append(np.append(cuts, length if ends else first[-1] + 500_000))
        contig.append(np.full(first.size, k, np.int16))
    return Bins(names, np.concatenate(contig), np.concatenate(start), np.concatenate(end))


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("build", BUILDS)
def test_bins_of_variable_width_tell_their_build(build, ends):
    assert build_of_bins(bins_of(BUILDS[build], ends=ends)) == build


@pytest.mark.parametrize("size", [100_000, 500_000, 1_000_000])
@pytest.mark.parametrize("build", BUILDS)
def test_bins_of_one_width_tell_their_build(build, size):
    starts = [np.arange(0, length, size) for length in BUILDS[build]]
    contig = np.repeat(np.arange(24, dtype=np.int16), [s.size for s in starts])
    start = np.concatenate(starts)
    assert build_of_bins(Bins(NAMES, contig, start, start + size)) == build


@pytest.mark.parametrize(
    "lengths",
    [
        [round(1.01 * n) for n in BUILDS["GRCh38"]],  # a genome that is longer
        [n // 2 for n in BUILDS["GRCh37"]],
        [54_000_000 // 24] * 24,
    ],
)
def test_bins_of_another_genome_tell_none(lengths):
    assert build_of_bins(bins_of(lengths)) is None


def test_one_contig_without_its_end_may_be_of_either():
    one = bins_of(BUILDS["GRCh38"][:1], names=("1",), ends=False)
    assert build_of_bins(one) is None
