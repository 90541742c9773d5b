"""Accuracy of finding tumour cells over signal, density, light, blur and noise; false ones; grades.

    python -m benchmarks.ctc_grid [--parts grid alone grades] [--output results/ctc_grid]

Everything runs with the settings and gates as they come by default. The grid is drawn by the
package's own simulator, with seeds that were not looked at while settings were chosen; slides of
another make are compared by `benchmarks.ctc_accuracy`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import ctc_input
from benchmarks.ctc_methods import Given, ours
from benchmarks.ctc_simulated import (
    BASE,
    DENSITIES,
    EVEN,
    JPEG,
    NOISY,
    QUIET,
    SLIDE,
    SOFT,
    UNEVEN,
    draw,
)
from benchmarks.ctc_tally import COLUMNS, GOAL_SIGNAL, RULE, Tally
from liquidbiopsy.core.intervals import exact_poisson
from liquidbiopsy.ctc.markers import grade
from liquidbiopsy.simulate.parameters import HER2
from tests.othermake.scenarios import CARTRIDGE, hard_scenarios
from tests.othermake.score import TUMOUR, match
from tests.othermake.slides import Slide, make_slide

SEEDS = (11, 12, 13)
SIGNALS = (4, 6, 8, 12, 20, 50)  # noise sd at full light
CENTRE = {**EVEN, **QUIET, "leukocytes_per_frame": DENSITIES["normal"]}
# one thing at a time around the centre, and the corners that matter
CONDITIONS: dict[str, dict[str, Any]] = {
    "normal": CENTRE,
    "sparse": {**CENTRE, "leukocytes_per_frame": DENSITIES["sparse"]},
    "dense": {**CENTRE, "leukocytes_per_frame": DENSITIES["dense"]},
    "uneven light": {**CENTRE, **UNEVEN},
    "soft": {**CENTRE, **SOFT},
    "noisy camera": {**CENTRE, **NOISY},
    "dense, uneven": {**CENTRE, **UNEVEN, "leukocytes_per_frame": DENSITIES["dense"]},
    "dense, soft": {**CENTRE, **SOFT, "leukocytes_per_frame": DENSITIES["dense"]},
    **{
        f"{name}, uneven, soft, noisy": {**UNEVEN, **SOFT, **NOISY, "leukocytes_per_frame": n}
        for name, n in DENSITIES.items()
    },
    "8-bit JPEG": {**CENTRE, **JPEG, "layout": "blocks"},
}

FALSE_GOAL = 1.0  # false tumour cells in 100 frames of leukocytes, at the most
BATCH = (2, 5)  # rows and columns of frames that are drawn at a time, to bound memory


# --- the grid


def grid(seeds: tuple[int, ...] = SEEDS) -> Iterator[dict[str, Any]]:
    """Score every condition at every signal, pooled over the seeds."""
    for condition, parameters in CONDITIONS.items():
        for signal in SIGNALS:
            print(f"{condition}, signal {signal}", file=sys.stderr, flush=True)
            whole, bright = [], []
            for seed in seeds:
                with tempfile.TemporaryDirectory() as folder:
                    given, truth = draw(
                        Path(folder), **{**SLIDE, **parameters, "signal": signal, "seed": seed}
                    )
                    cells = ours(given)
                whole.append(Tally.of(cells, truth, 0.0))
                bright.append(Tally.of(cells, truth, GOAL_SIGNAL))
            yield {
                "condition": condition,
                "signal": signal,
                "tally": reduce(add, whole),
                "where_bright": reduce(add, bright),
            }


def grid_page(rows: list[dict[str, Any]]) -> str:
    """The grid as a page: in short, in full, and where the goal is not reached."""
    lines = matrix(rows)
    lines += ["", f"| condition | signal | {COLUMNS} |", f"|---|---:|{RULE}|"]
    lines += [f"| {r['condition']} | {r['signal']} | {r['tally'].cells()} |" for r in rows]
    held = [r for r in rows if r["where_bright"].truth]
    fallen = [r for r in held if not r["where_bright"].reached]
    lines += [
        "",
        f"Goal, recall and precision of at least 0.95 among cells with {GOAL_SIGNAL:g} noise sd "
        f"or more where they lie: reached in {len(held) - len(fallen)} of {len(held)} rows.",
    ]
    for r in fallen:
        t = r["where_bright"]
        lines.append(
            f"- NOT reached: {r['condition']}, signal {r['signal']}: recall {t.recall:.3f}, "
            f"precision {t.precision:.3f} of {t.truth} events"
        )
    return "\n".join(lines) + "\n"


def matrix(rows: list[dict[str, Any]]) -> list[str]:
    """Recall and precision of all cells, a condition a line and a signal a column."""
    lines = [f"| recall / precision at signal | {' | '.join(map(str, SIGNALS))} |"]
    lines.append("|---|" + "---|" * len(SIGNALS))
    for condition in dict.fromkeys(r["condition"] for r in rows):
        tallies = [r["tally"] for r in rows if r["condition"] == condition]
        shares = (f"{t.recall:.3f} / {t.precision:.3f}" for t in tallies)
        lines.append(f"| {condition} | {' | '.join(shares)} |")
    return lines


# --- leukocytes alone


def leukocyte_slides(batches: int) -> Iterator[tuple[str, Given, pd.DataFrame]]:
    """Slides without a tumour cell, of both makers, a batch of ten frames at a time."""
    rows, columns = BATCH
    own = {  # the default numbers of what is not a cell, for ten frames
        **{"rows": rows, "columns": columns, "ctc": 0, "ctc_clusters": 0, "double_positive": 5},
        **{"tdev": 14, "bare_nuclei": 10, "debris": 7, "fibres": 2, "leukocytes_per_frame": 150},
    }
    other = {
        **{**CARTRIDGE, "grid": (rows, columns), "ctcs": 0, "leukocytes": 150, "clumps": 20},
        **{"lobed": 0.4, "spread": 0.3, "shade": "vignette", "shade_depth": 0.4, "bleed": 0.01},
    }
    for seed in range(11, 11 + batches):
        with tempfile.TemporaryDirectory() as folder:
            yield ("own simulator", *draw(Path(folder), **{**own, "seed": seed}))
        slide = make_slide(seed, **other)
        with tempfile.TemporaryDirectory() as folder:
            yield "other make", ctc_input.write(slide, Path(folder)), slide.truth


def alone(batches: int = 10) -> dict[str, dict[str, Any]]:
    """False tumour cells by maker."""
    found: dict[str, dict[str, Any]] = {}
    for maker, given, truth in leukocyte_slides(batches):
        print(f"leukocytes alone, {maker}", file=sys.stderr, flush=True)
        row = found.setdefault(maker, {"frames": 0, "leukocytes": 0, "tally": Tally()})
        row["frames"] += given.n_frames
        row["leukocytes"] += int((truth["kind"] == "leukocyte").sum())
        row["tally"] += Tally.of(ours(given), truth, 0.0)
    return found


def alone_page(found: dict[str, dict[str, Any]]) -> str:
    """False tumour cells as a page."""
    lines = [
        "| leukocytes alone | frames | leukocytes | false tumour cells | in 100 frames (95 %) "
        "| on | goal, at most 1 |",
        "|---|---:|---:|---:|---|---|---|",
    ]
    for maker, row in found.items():
        n, hundreds = row["tally"].counted, row["frames"] / 100
        low, high = (bound / hundreds for bound in exact_poisson(n))
        on = ", ".join(f"{kind} {k}" for kind, k in sorted(row["tally"].false_on.items()))
        reached = "reached" if n / hundreds <= FALSE_GOAL else "NOT reached"
        lines.append(
            f"| {maker} | {row['frames']} | {row['leukocytes']} | {n} "
            f"| {n / hundreds:.1f} ({low:.2f}–{high:.2f}) | {on} | {reached} |"
        )
    return "\n".join(lines) + "\n"


# --- marker grades


def graded(seeds: tuple[int, ...] = SEEDS) -> dict[str, pd.DataFrame]:
    """HER2 level and grade of every tumour cell that was found, by maker."""
    own = {
        **{**SLIDE, "channels": (*BASE, HER2), "ctc": 60, "leukocytes_per_frame": 150},
        "marker_fractions": (0.25, 0.25, 0.25, 0.25),
    }
    other = {**hard_scenarios()["her2"], "ctcs": 60, "clusters": 6}
    parts: dict[str, list[pd.DataFrame]] = {"own simulator": [], "other make": []}
    for seed in seeds:
        print(f"grades, seed {seed}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            given, truth = draw(Path(folder), **{**own, "seed": seed})
            parts["own simulator"].append(paired(ours(given), truth))
        slide = make_slide(seed, **other)
        with tempfile.TemporaryDirectory() as folder:
            cells = ours(ctc_input.write(slide, Path(folder)))
        truth = slide.truth.assign(her2_signal=her2_over_cells(slide))
        parts["other make"].append(paired(cells, truth))
    return {maker: pd.concat(tables, ignore_index=True) for maker, tables in parts.items()}


def her2_over_cells(slide: Slide) -> list[float]:
    """Mean HER2 of each tumour cell over all of it, in noise sd; NaN for what is none.

    Its level says how bright the membrane alone is, which is a third to a half of a cell.
    """
    s, means = slide.settings, []
    for cell in slide.truth.itertuples():
        y, x, reach = (v / s.pixel_size_um for v in (cell.y_um, cell.x_um, cell.reach_um))
        window = slice(max(0, int(y - reach)), int(y + reach) + 2)
        window = window, slice(max(0, int(x - reach)), int(x + reach) + 2)
        inside = slide.canvas["cytokeratin"][window] > 0.5 * cell.signal * s.noise_sd
        lit = cell.kind in TUMOUR and inside.any()
        means.append(
            float(slide.canvas["her2"][window][inside].mean() / s.noise_sd) if lit else np.nan
        )
    return means


def paired(cells: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Level, true signal and grade of the tumour cells that were found."""
    cells = cells[cells["call"].isin(TUMOUR)]
    truth = truth[truth["kind"].isin(TUMOUR) & ~truth["cut"]]
    places = (table[["x_um", "y_um"]].to_numpy(float) for table in (cells, truth))
    i, j = match(*places, radius=8.0)
    return pd.DataFrame(
        {
            "level": truth["her2"].to_numpy()[j],
            "signal": truth["her2_signal"].to_numpy(float)[j],
            "grade": cells["her2_grade"].to_numpy()[i],
        }
    )


def kappa(truth: np.ndarray, found: np.ndarray) -> float:
    """Cohen's kappa of two gradings, unweighted; NaN where chance alone agrees."""
    names = np.union1d(truth, found)
    by_chance = sum((truth == k).mean() * (found == k).mean() for k in names)
    return float(((truth == found).mean() - by_chance) / (1 - by_chance))


def grades_page(tables: dict[str, pd.DataFrame]) -> str:
    """Agreement of the grades as a page."""
    lines = []
    for maker, t in tables.items():
        level, given = t["level"].to_numpy(), t["grade"].to_numpy()
        by_signal = grade(t["signal"].to_numpy(), (3, 8, 20))
        lines += [
            f"HER2, {maker}: {len(t)} events, {np.mean(level == given):.3f} with their level's "
            f"grade, {np.mean(abs(level - given) <= 1):.3f} within one; kappa "
            f"{kappa(level, given):.3f} with the level, {kappa(by_signal, given):.3f} with the "
            "grade of the true mean over the cell.",
            "",
            "| level | graded 0 | 1+ | 2+ | 3+ |",
            "|---|---:|---:|---:|---:|",
        ]
        for k in range(4):
            counts = [str(int(((level == k) & (given == g)).sum())) for g in range(4)]
            lines.append(f"| {k} | {' | '.join(counts)} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Run the parts and write them as JSON and Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = ("grid", "alone", "grades")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--batches", type=int, default=10, help="ten frames each, leukocytes alone")
    parser.add_argument("--output", type=Path, help="write OUTPUT.json and OUTPUT.md")
    options = parser.parse_args()
    pages, result = [], {}
    if "grid" in options.parts:
        rows = list(grid())
        pages.append(grid_page(rows))
        result["grid"] = [
            {**r, "tally": r["tally"].row(), "where_bright": r["where_bright"].row()} for r in rows
        ]
    if "alone" in options.parts:
        found = alone(options.batches)
        pages.append(alone_page(found))
        result["alone"] = {k: {**r, "tally": r["tally"].row()} for k, r in found.items()}
    if "grades" in options.parts:
        tables = graded()
        pages.append(grades_page(tables))
        result["grades"] = {maker: t.to_dict("list") for maker, t in tables.items()}
    page = "\n".join(pages)
    print(page)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
        options.output.with_suffix(".md").write_text(page)


if __name__ == "__main__":
    main()
