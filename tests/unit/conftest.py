"""A simulated genome with a panel and variants in it, made once."""

import pytest

from liquidbiopsy.simulate.genome import (
    Genome,
    GenomeParameters,
    make_genome,
)
from liquidbiopsy.simulate.plasma_panel import (
    draw_variants,
    spread_panel,
)
from liquidbiopsy.simulate.plasma_parameters import Region, Variant


@pytest.fixture(scope="session")
def genome() -> Genome:
    return make_genome(GenomeParameters(seed=1))


@pytest.fixture(scope="session")
def panel(genome) -> tuple[Region, ...]:
    return spread_panel(genome, 6, 250, 1)


@pytest.fixture(scope="session")
def variants(genome, panel) -> tuple[Variant, ...]:
    found = draw_variants(genome, panel, 1, vaf=0.1, snvs=4, indels=6, mnvs=2, phased=2)
    found += draw_variants(genome, panel, 2, kind="germline_het", snvs=3, indels=2, taken=found)
    return found + draw_variants(genome, panel, 3, kind="germline_hom", snvs=1, taken=found)
