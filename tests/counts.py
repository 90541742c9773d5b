"""Simulated counts for tests: piles of molecules with errors of known rates, and their calling."""

import numpy as np
from molecules import SETTINGS

from liquidbiopsy.ctdna import contexts
from liquidbiopsy.ctdna.library_variants import call_library
from liquidbiopsy.ctdna.pileup import Pile
from liquidbiopsy.reads.panel import Region

RATES = (3e-4, 5e-5, 1e-5, 5e-7)
"""Errors of a base, to each of three others, by class."""


def simulated(seed, sites=40_000, depth=(50, 100, 1500, 400), uneven=None, variants=()):
    """Make a pile with errors of known rates; `variants` are (site, share of molecules)."""
    rng = np.random.default_rng(seed)
    codes = np.random.default_rng(1).integers(0, 4, sites).astype(np.uint8)
    tri = contexts.trinucleotides(codes)
    of_kind = np.random.default_rng(7).gamma(1.0, 1, contexts.CHANGES)
    mean = np.array(depth)[:, None, None] * np.array([0.47, 0.03])
    deep = rng.poisson(np.broadcast_to(mean, (sites, 4, 2, 2))).astype(np.int32)
    site, base, count = [], [], []
    for step in (1, 2, 3):
        alt = ((codes + step) % 4).astype(np.uint8)
        change = np.maximum(contexts.change_of(tri, alt), 0)
        both = np.stack([of_kind[change], of_kind[contexts.complement(change)]], axis=1)
        if uneven:
            both = both * rng.gamma(uneven, 1 / uneven, (sites, 2))
        rate = np.array(RATES)[:, None, None] * both[:, None, :, None] * np.array([1, 3.0])
        seen = rng.binomial(deep, np.minimum(rate, 0.1)).astype(np.int32)
        for where, share in variants:
            if step == 1:
                seen[where] += rng.binomial(deep[where], share).astype(np.int32)
        seen[tri < 0] = 0
        kept = seen.sum(axis=(1, 2, 3)) > 0
        site.append(np.flatnonzero(kept))
        base.append(alt[kept])
        count.append(seen[kept])
    site, base, count = (np.concatenate(v) for v in (site, base, count))
    order = np.lexsort((base, site))
    return Pile(
        (Region("chr1", 0, sites, ""),), np.array([0, sites]), codes, tri, contexts.tracts(codes),
        deep, np.full(sites, 60.0), site[order], base[order], count[order],
        np.full(site.size, 60.0), (),
    )  # fmt: skip


def called(pile, normals=None, **settings):
    """Call a pile of no hotspot."""
    return call_library(pile, (), frozenset(), normals, {**SETTINGS, **settings})


def hits(found):
    """Return places at which an allele is called."""
    return {e.pos for e in found.evaluated.evidence if e.p <= e.threshold}
