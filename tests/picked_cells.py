"""Picked cells in bins with known copies, for the tests of single cells; not the simulator's."""

import numpy as np
from copies import SETTINGS as CORRECTION
from copies import bias, genome

from liquidbiopsy.scdna.cell_quality import quality_of
from liquidbiopsy.scdna.matrix import matrix_of
from liquidbiopsy.scdna.profiles import profiles_of

SETTINGS = {
    "correction": CORRECTION,
    "baseline": {"altered_max": 0.02, "low_gini_max": 0.12, "low_gini_cells": 3},
    "quality": {
        "reads_min": 50_000, "mapd_max": 0.7, "gini_max": 0.5, "covered_min": 0.8,
        "duplicates_max": 0.9, "breadth_min": 0.0,
    },
    "profiles": {
        "min_bins": 2, "false_breakpoints": 0.1, "outlier_sd": 4.0, "ploidy_min": 1.4,
        "ploidy_max": 7.0, "doubled_share": 0.3, "level_error": 0.01, "copies_max": 100,
        "doublet_score_min": 2.0,
    },
}  # fmt: skip
BINS, GC, MAPPABILITY = genome(3, 500_000)
NORMAL = {"Y": 0}
#: A breast cancer: arms gained and lost, some of them in part.
TUMOUR = {"Y": 0, "1": 3, "8": 3, "16": 1, "5": 1, "20": 4, "11:0-25": 1, "14": 3, "17:35-45": 12}
SISTER = {**TUMOUR, "3": 1, "7": 3, "12:10-50": 3, "18": 1, "5": 2}
#: The same, doubled, with changes since.
DOUBLED = {
    "Y": 0, "": 4, "1": 6, "8": 5, "16": 2, "5": 3, "20": 7, "11:0-25": 2, "14": 5, "17:35-45": 20,
    "X": 4,
}  # fmt: skip


def copies_of(changes):
    """Copies in bins; `changes` by contig or `contig:from-to` in Mb, "" for all the others."""
    copies = np.full(len(BINS), float(changes.get("", 2)))
    for name, number in changes.items():
        contig, _, part = name.partition(":")
        if not contig:
            continue
        own = BINS.of(contig)
        low, high = (float(x) * 1e6 for x in (part or "0-1000").split("-"))
        inside = (BINS.start[own] >= low) & (BINS.end[own] <= high)
        copies[own] = np.where(inside, number, copies[own])
    return copies


def cell(seed, changes, depth=200.0, noise=0.004, wave=0.03, shared=0.1, copies=None):
    """Reads of a cell: amplified copies, a wave of its own, GC of its own, and a shared bias."""
    rng = np.random.default_rng((seed, 1))
    own = copies_of(changes) if copies is None else copies
    amplified = rng.gamma(np.maximum(own, 1e-9) / noise) * noise if noise else own
    place = np.arange(len(BINS))
    waves = sum(np.sin(place / width + rng.uniform(0, 7)) for width in (3, 11, 40))
    peak = rng.normal(0, 0.01)
    of_bins = np.random.default_rng(99).normal(0, shared, len(BINS))
    rate = (amplified + 0.02) * np.exp(wave * waves / np.sqrt(1.5) + of_bins)
    rate = rate * bias(GC + peak, MAPPABILITY)
    return rng.poisson(rate * depth * len(BINS) / rate.sum()).astype(float)


def made(kinds, roles=None, settings=SETTINGS, seed=0, **how):
    """Matrix, quality and profiles of cells of the kinds (changes), one after the other."""
    count = np.array([cell(1000 * seed + k, kind, **how) for k, kind in enumerate(kinds)])
    return profiled(count, roles, settings)


def profiled(count, roles=None, settings=SETTINGS, **more):
    """Matrix, quality and profiles of counts."""
    tumour = np.ones(len(count), bool) if roles is None else np.asarray(roles, bool)
    names = [f"c{k}" for k in range(len(count))]
    about = {"gc": GC, "mappability": MAPPABILITY, "build": None, "bins": BINS, **more}
    ratio = about.pop("ratio", None)
    matrix = matrix_of(
        about["bins"], names, tumour, count, about["gc"], about["mappability"], about["build"],
        settings, ratio=ratio,
    )  # fmt: skip
    quality = quality_of(matrix, settings)
    return matrix, quality, profiles_of(matrix, quality, settings)


def right(profiles, cell, changes):
    """Share of the used bins whose copies are those of the changes."""
    used = profiles.matrix.used
    return float((profiles.per_bin()[cell, used] == copies_of(changes)[used]).mean())
