"""Breakpoints of single cells against depth.

`python -m benchmarks.scdna_depth --output FOLDER` writes depth.md, depth.tsv and depth.json. The
same tumours and cells at each depth, by each kind of amplification, without doublets or failed
cells; a breakpoint is found within one bin of 500 kb, or within two. With `--alone`, each cell is
also profiled by itself, as if it were the only one of its specimen.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ctdna_segments import matched
from benchmarks.scdna_accuracy import parameters
from benchmarks.scdna_cells import (
    changes,
    measured,
    settings,
    some,
    specimen,
    table,
)
from liquidbiopsy.scdna.profiles import Profiles, profiles_of
from liquidbiopsy.simulate.single_cells import WGA

DEPTHS, TOLERANCES, CELLS = (0.02, 0.05, 0.1, 0.2, 0.5), (1, 2), 30
TOGETHER, ALONE = "together", "alone"
Rows = Sequence[dict[str, Any]]


def measured_rows(
    patient: int, wga: str, depth: float, seed: int, cells: int, alone: bool
) -> list[dict[str, Any]]:
    """A row a cell that passed, and way of profiling it."""
    p = replace(parameters(patient, wga, seed, cells, depth), doublets=0.0, failed=0.0)
    made = specimen(p)
    matrix, quality = measured(made)
    contig = matrix.bins.contig[matrix.used]
    about = {"patient": patient, "wga": wga, "depth": depth}

    def row(profiles: Profiles, at: int, cell: int, how: str) -> dict[str, Any]:
        copies, used = profiles.per_bin()[at], matrix.used
        found, truth = changes(copies[used], contig), changes(made.truth(cell)[used], contig)
        same = {f"same{t}": matched(found, truth, t) for t in TOLERANCES}
        right = int(made.right(cell, copies)[used].sum())
        return {
            **about, "how": how, "cell": cell, "found": len(found), "there": len(truth), **same,
            "bins": int(used.sum()), "right": right,
        }  # fmt: skip

    rows = []
    together = profiles_of(matrix, quality, settings())
    for k in np.flatnonzero(quality.passed).tolist():
        rows.append(row(together, k, k, TOGETHER))
        if alone:
            one = profiles_of(*some(matrix, quality, np.array([k])), settings())
            rows.append(row(one, 0, k, ALONE))
    rows += [{**about, "how": "failed", "cell": k} for k in np.flatnonzero(~quality.passed)]
    return rows


def f1(rows: Rows, tolerance: int) -> float:
    """F1 over the breakpoints of all rows."""
    same = sum(r[f"same{tolerance}"] for r in rows)
    both = sum(r["found"] + r["there"] for r in rows)
    return 2 * same / both if both else float("nan")


def told(rows: Rows) -> str:
    """The curves as tables."""
    parts = []
    depths = sorted({r["depth"] for r in rows})
    for how in (TOGETHER, ALONE):
        own = [r for r in rows if r["how"] == how]
        if not own:
            continue
        kinds = [name for name in WGA if any(r["wga"] == name for r in own)]
        for tolerance in TOLERANCES:
            lines = []
            for depth in depths:
                here = [r for r in own if r["depth"] == depth]
                if not here:
                    continue
                by_kind = [[r for r in here if r["wga"] == name] for name in kinds]
                same = sum(r[f"same{tolerance}"] for r in here)
                lines.append([
                    f"{depth:g}x", *(f"{f1(some_, tolerance):.3f}" for some_ in by_kind),
                    f"{f1(here, tolerance):.3f}",
                    f"{same / max(sum(r['found'] for r in here), 1):.3f}",
                    f"{same / max(sum(r['there'] for r in here), 1):.3f}",
                    f"{100 * np.mean([r['right'] / r['bins'] for r in here]):.1f}",
                    len(here),
                    sum(r["how"] == "failed" and r["depth"] == depth for r in rows),
                ])  # fmt: skip
            heads = [
                "depth", *kinds, "all kinds", "precision", "recall", "bins right, %", "cells",
                "failed",
            ]  # fmt: skip
            title = f"F1 of breakpoints within {tolerance} bin{'s' * (tolerance > 1)}, cells {how}"
            parts.append(title + "\n\n" + table(heads, lines))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--patients", type=int, default=3)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--cells", type=int, default=CELLS)
    parser.add_argument("--alone", action="store_true", help="each cell also by itself")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for patient in range(options.patients):
        for wga in WGA:
            for depth in DEPTHS:
                own = patient, wga, depth, options.seed, options.cells, options.alone
                rows += measured_rows(*own)
    text = told(rows)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "depth.md").write_text(text, encoding="utf-8")
    names = list(dict.fromkeys(name for r in rows for name in r))
    with (options.output / "depth.tsv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, names, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    curve = [
        {"how": how, "depth": depth, "within": t, "f1": f1(
            [r for r in rows if (r["how"], r["depth"]) == (how, depth)], t)}
        for how in (TOGETHER, ALONE) if any(r["how"] == how for r in rows)
        for depth in DEPTHS for t in TOLERANCES
    ]  # fmt: skip
    (options.output / "depth.json").write_text(json.dumps(curve, indent=1), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
