"""The figures of the segmentation benchmark are counted as they say."""

import numpy as np

from benchmarks.ctdna_segments import SD, contigs, levels_of, matched, noise_of, ours, scores, told


def test_breakpoints_are_matched_once_each_the_nearest_first():
    assert matched([10, 12], [11], 1) == 1
    assert matched([10, 11, 30], [11, 12, 33], 2) == 2
    assert matched([5], [5], 0) == 1 and matched([], [5], 3) == 0
    assert scores([10, 50], [11, 90, 91], 1) == {"precision": 0.5, "recall": 1 / 3, "f1": 0.4}
    assert scores([], [], 1)["f1"] == 1


def test_planted_levels_have_the_breakpoints_that_are_told():
    contig = contigs()
    level, truth = levels_of(np.random.default_rng(1), contig, 5, 15)
    assert len(truth) == 30 and (level != 0).sum() == 75
    assert all(level[k] != level[k - 1] and contig[k] == contig[k - 1] for k in truth)
    again, _ = levels_of(np.random.default_rng(1), contig, 5, 15)
    np.testing.assert_array_equal(again, level)
    for kind in ("normal", "t", "wave"):
        assert abs(noise_of(np.random.default_rng(2), 20_000, kind).std() - 1) < 0.08
    result = ours((SD * 6 * level)[None] + SD * np.random.default_rng(3).normal(
        size=contig.size), np.ones(contig.size), contig)  # fmt: skip
    assert matched(result["found"][0], truth, 1) >= 28 and result["seconds"] > 0


def test_what_is_told_holds_all_methods():
    rows = [
        {"method": m, "noise": "t", "bins": b, "snr": 2, "f1": f, "found": 1.5, "genomes": 1}
        for m in ("ours", "other")
        for b, f in ((0, None), (5, 0.5))
    ]
    simulated = {"rows": rows, "seconds": {"ours": 0.01, "other": 0.04}}
    cells = {"cells": 9, "bins": 7, "together_s": 1.0, "each_s": 2.0, "f1": 1.0, "mb": 5.0}
    text = told({"simulated": simulated, "published": None, "cells": [cells]})
    assert "| other | 40.0 | 4.0 |" in text and "| t | 5 | 2 | 0.500 | 0.500 |" in text
    assert "| t | none: found |  | 1.50 | 1.50 |" in text
