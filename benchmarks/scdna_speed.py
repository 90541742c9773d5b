"""Time and memory of single cells, from a matrix of counts to profiles, clones, trees and picture.

`python -m benchmarks.scdna_speed --output FOLDER` writes speed.md and speed.json: 100, 1,000 and
10,000 cells in bins of 500 kb, each number in a process of its own. Cells are cheap ones: of four
clones and 8 % normal cells, 4 % doublets, amplified copies drawn by a gamma distribution, and reads
by Poisson's, on one bias of GC. `seconds` are of the processor and of the clock; peak memory is
that of the process, and what it had with the counts alone is told beside it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.scdna_cells import (
    BUILD,
    Joined,
    adjusted_rand,
    ground,
    joined,
    settings,
    table,
)
from liquidbiopsy.scdna.cell_quality import quality_of
from liquidbiopsy.scdna.matrix import matrix_of
from liquidbiopsy.scdna.profiles import Profiles, profiles_of
from liquidbiopsy.scdna.rows import segment_rows
from liquidbiopsy.scdna.trees import cell_order, cell_tree, clone_tree
from liquidbiopsy.simulate.karyotypes import draw_clones
from liquidbiopsy.simulate.whole_genome_builds import fixed_bins
from liquidbiopsy.simulate.whole_genome_segments import NORMAL, copies_in, segments_of

SIZES = (100, 1_000, 10_000)
READS, SHAPE = 250.0, 0.01
NORMALS, DOUBLETS, OFTEN = 0.08, 0.04, (0.45, 0.3, 0.17, 0.08)
GOAL_S, GOAL_MB, GOAL_CELLS = 60.0, 2048.0, 1_000
WARM = 12  # cells that all is compiled with before


def cells_of(cells: int, seed: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts, shape (m, n); role, and genome of each cell (4 is normal, -1 a doublet)."""
    _, bins, gc, mappability = ground()
    clones = draw_clones("her2", 6, BUILD, len(OFTEN), doubled=False)
    copies = copies_in(segments_of([*clones, NORMAL], BUILD), fixed_bins(BUILD, 500_000))
    bias = np.nan_to_num(np.exp(-12 * (gc - 0.42) ** 2)) * mappability
    rng = np.random.default_rng((seed, cells))
    bias *= np.exp(rng.normal(0, 0.05, len(bins)))
    many = round(cells * NORMALS)
    genome = np.append(rng.choice(len(OFTEN), cells - many, p=OFTEN), np.full(many, len(OFTEN)))
    two = rng.choice(cells - many, round(cells * DOUBLETS), replace=False)
    counts = np.empty((cells, len(bins)), np.float32)
    for k, own in enumerate(genome):
        counts[k] = _reads(rng, copies[own], bias)
    for k in two:
        other = (genome[k] + int(rng.integers(1, len(copies)))) % len(copies)
        counts[k] = _reads(rng, copies[genome[k]] + copies[other], bias)
    truth = genome.copy()
    truth[two] = -1
    return counts, genome < len(OFTEN), truth


def _reads(rng: np.random.Generator, copies: np.ndarray, bias: np.ndarray) -> np.ndarray:
    depth = READS * float(np.exp(0.3 * rng.standard_normal()))
    rate = (rng.gamma(np.maximum(copies, 1e-6) / SHAPE) * SHAPE + 0.02) * bias
    found: np.ndarray = rng.poisson(rate * (depth * np.count_nonzero(bias) / rate.sum()))
    return found


def pictured(profiles: Profiles, groups: Joined, order: np.ndarray) -> int | None:
    """Bytes of the heat map; None where the package has none."""
    try:
        chart = importlib.import_module("liquidbiopsy.report.cells_chart")
        colours = importlib.import_module("liquidbiopsy.report.colours")
        import pandas as pd

        draw, of_clones = chart.cells_svgs, colours.clone_colours
        roles = {role: colour for role, (colour, _) in colours.ROLES.items()}
    except (ImportError, AttributeError):
        return None
    of = groups.clones.of_cells()
    words = ["tumour_cell" if one else "normal_cell" for one in profiles.matrix.roles]
    cells = pd.DataFrame({
        "specimen_id": "S1", "cell_id": list(profiles.cells), "role": words,
        "clone": [name or "none" for name in of],
    }).iloc[order]  # fmt: skip
    segments = segment_rows(profiles).to_pandas().assign(specimen_id="S1")
    palette = [of_clones(name for name in of if name), roles, {"S1": "#123456"}]
    made = draw(cells.reset_index(drop=True), segments, palette, ("Cells", "Copies"), "speed")
    return None if made is None else sum(map(len, made.svgs.values()))


def run(cells: int, told: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """All steps on so many cells: seconds of each, memory, and how right it is."""
    counts, roles, truth = cells_of(cells)
    _, bins, gc, mappability = ground()
    own = settings()
    result: dict[str, Any] = {"cells": cells, "bins": len(bins), "counts_mb": peak_mb()}
    steps: dict[str, dict[str, float]] = {}

    def timed(name: str, step: Callable[[], Any]) -> Any:
        wall, cpu = perf_counter(), process_time()
        found = step()
        steps[name] = {
            "cpu_s": process_time() - cpu, "wall_s": perf_counter() - wall, "peak_mb": peak_mb()
        }  # fmt: skip
        told(f"{cells} {name} {steps[name]}")
        return found

    names = [f"c{k}" for k in range(cells)]
    matrix = timed("correction", lambda: matrix_of(
        bins, names, roles, counts, gc, mappability, BUILD, own))  # fmt: skip
    quality = timed("quality", lambda: quality_of(matrix, own))
    profiles = timed("profiles", lambda: profiles_of(matrix, quality, own))
    groups: Joined = timed("clones", lambda: joined(profiles))
    contig, normal = groups.shared.contig, groups.normal
    of_clones = timed("tree of clones", lambda: clone_tree(
        groups.clones, contig, normal, own["tree"]))  # fmt: skip
    tree = timed("tree of cells", lambda: cell_tree(
        groups.shared.values, names, groups.clones, of_clones, contig, normal, own["tree"]
    ))  # fmt: skip
    order = timed("order", lambda: cell_order(names, groups.clones, of_clones, tree))
    size = timed("heat map", lambda: pictured(profiles, groups, order))
    if size is None:
        del steps["heat map"]
    single = groups.counted & (truth >= 0)
    two = (truth < 0) & profiles.passed
    return {
        **result, "steps": steps, "heat_map_bytes": size,
        "cpu_s": sum(s["cpu_s"] for s in steps.values()),
        "wall_s": sum(s["wall_s"] for s in steps.values()), "peak_mb": peak_mb(),
        "passed": int(profiles.passed.sum()), "used": int(matrix.used.sum()),
        "segments": len(profiles.segments), "clones": len(groups.clones.names),
        "ari": adjusted_rand(truth[single], groups.clones.clone[single]),
        "doublets": [int(profiles.doublet[two].sum()), int(two.sum())],
        "false_doublets": int(profiles.doublet[truth >= 0].sum()),
    }  # fmt: skip


def peak_mb() -> float:
    """Most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(cells: int) -> dict[str, Any]:
    """A run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scdna_speed", "--job", str(cells)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def told(results: list[dict[str, Any]]) -> str:
    """The tables."""
    names = list(dict.fromkeys(name for r in results for name in r["steps"]))
    lines = [
        [name, *(
            "{cpu_s:.1f} ({wall_s:.1f}), {peak_mb:,.0f}".format(**r["steps"][name])
            if name in r["steps"] else "-" for r in results
        )] for name in names
    ]  # fmt: skip
    lines.append(["all", *(f"{r['cpu_s']:.1f} ({r['wall_s']:.1f})" for r in results)])
    lines.append(["peak, MB (with counts alone)",
                  *(f"{r['peak_mb']:,.0f} ({r['counts_mb']:,.0f})" for r in results)])  # fmt: skip
    growth = ["growth of time, times that of the cells", "-"]
    for one, two in zip(results[:-1], results[1:], strict=True):
        growth.append(f"{two['cpu_s'] / one['cpu_s'] / (two['cells'] / one['cells']):.2f}")
    lines.append(growth)
    for name in ("passed", "segments", "clones"):
        lines.append([name, *(f"{r[name]:,}" for r in results)])
    lines.append(["adjusted Rand index", *(f"{r['ari']:.4f}" for r in results)])
    lines.append(["doublets caught", *("{} of {}".format(*r["doublets"]) for r in results)])
    lines.append(["single cells taken for two", *(str(r["false_doublets"]) for r in results)])
    heads = ["seconds of the processor (of the clock), MB so far",
             *(f"{r['cells']:,} cells" for r in results)]  # fmt: skip
    first = results[0]
    text = (
        f"{first['bins']:,} bins, of which {first['used']:,} used; {os.cpu_count()} processors\n\n"
        + table(heads, lines)
    )
    for r in results:
        if r["cells"] == GOAL_CELLS:
            met = r["wall_s"] < GOAL_S and r["peak_mb"] < GOAL_MB
            text += (
                f"\n\nGoal, {GOAL_CELLS:,} cells under {GOAL_S:.0f} s and {GOAL_MB / 1024:.0f} GB: "
                + ("reached" if met else "not reached")
            )
        if r["heat_map_bytes"] is None:
            text += f"\n\n{r['cells']:,} cells: no heat map in this version"
    return text + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--job", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        run(WARM)
        print(json.dumps(run(options.job, lambda line: print(line, file=sys.stderr))))
        return
    results = [apart(cells) for cells in options.sizes]
    text = told(results)
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "speed.md").write_text(text, encoding="utf-8")
        (options.output / "speed.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
