"""Segmentation: breakpoints of simulated genomes and of a published profile, beside other programs.

`python -m benchmarks.ctdna_segments --output FOLDER` writes segments.md and segments.json. With
`--others PYTHON`, a Python that has ruptures or CNVkit (never ours), the same profiles go through
these in the same run. Seconds are of the processor, so that other work on the machine does not
count.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.segment import segment, segment_rows

SETTINGS = {"min_bins": 2, "false_breakpoints": 0.5, "outlier_sd": 3.0}
MEGABASES = (249, 243, 198, 191, 181, 171, 159, 146, 141, 136, 135, 134, 115, 107, 103, 90, 81, 78,
             59, 63, 48, 51, 155)  # fmt: skip
NOISES = ("normal", "t", "wave")
EVENTS = ((2, 6), (3, 4), (5, 2.5), (5, 4), (10, 2), (20, 1.5), (40, 1))  # bins, SNR
PER_GENOME, SD, TOLERANCE = 15, 0.15, 2
OURS = "ours"
DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", "../shared/data"))


def contigs(per_megabase: float = 1.0) -> np.ndarray:
    """Contig of each bin."""
    sizes = [int(per_megabase * m) for m in MEGABASES]
    return np.repeat(np.arange(len(sizes)), sizes)


def noise_of(rng: np.random.Generator, n: int, kind: str) -> np.ndarray:
    """Noise of standard deviation about 1: normal, Student's t with 4 degrees, or with waves."""
    if kind == "t":
        return rng.standard_t(4, n) / np.sqrt(2)
    waves = 0.3 * np.sin(2 * np.pi * np.arange(n) / rng.uniform(30, 80) + rng.uniform(0, 6))
    return rng.normal(size=n) + (waves if kind == "wave" else 0)


def levels_of(
    rng: np.random.Generator, contig: np.ndarray, bins: int, events: int
) -> tuple[np.ndarray, list[int]]:
    """Levels of 0 with gains and losses of 1, all so many bins long; and their breakpoints."""
    n = contig.size
    level, busy = np.zeros(n), np.zeros(n, bool)
    for _ in range(events):
        for _ in range(1000):
            low = int(rng.integers(bins, n - 2 * bins))
            near = slice(low - bins, low + 2 * bins)
            if contig[near][0] == contig[near][-1] and not busy[near].any():
                break
        busy[low : low + bins] = True
        level[low : low + bins] = rng.choice([-1, 1])
    changed = (np.diff(level) != 0) & (contig[1:] == contig[:-1])
    return level, (np.flatnonzero(changed) + 1).tolist()


def matched(found: list[int], truth: list[int], tolerance: int) -> int:
    """How many are the same within a tolerance, each used once, the nearest first."""
    pairs = sorted(
        (abs(f - t), f, t) for f in found for t in truth if abs(f - t) <= tolerance
    )  # fmt: skip
    used_found: set[int] = set()
    used_truth: set[int] = set()
    for _, f, t in pairs:
        if f not in used_found and t not in used_truth:
            used_found.add(f)
            used_truth.add(t)
    return len(used_truth)


def scores(found: list[int], truth: list[int], tolerance: int) -> dict[str, float]:
    """Precision, recall and F1."""
    same = matched(found, truth, tolerance)
    both = len(found) + len(truth)
    return {
        "precision": same / len(found) if found else float("nan"),
        "recall": same / len(truth) if truth else float("nan"),
        "f1": 2 * same / both if both else 1.0,
    }


def ours(values: np.ndarray, weight: np.ndarray, contig: np.ndarray) -> dict[str, Any]:
    """Breakpoints of each profile, and seconds for one."""
    firsts = set(np.flatnonzero(np.diff(contig, prepend=-1)).tolist())
    segment(values[0], weight, contig, SETTINGS)  # compiles
    start = process_time()
    found = [segment(y, weight, contig, SETTINGS).first.tolist() for y in values]
    seconds = (process_time() - start) / len(values)
    return {"found": [[k for k in each if k not in firsts] for each in found], "seconds": seconds}


def others(
    python: str | None,
    values: np.ndarray,
    weight: np.ndarray,
    contig: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
) -> dict[str, Any]:
    """The same by other programs, in a Python of their own; bins from `start` to before `end`."""
    if python is None:
        return {}
    script = Path(__file__).with_name("ctdna_segments_others.py")
    with tempfile.TemporaryDirectory() as place:
        arrays = {"weight": weight, "contig": contig, "start": start, "end": end}
        np.savez(f"{place}/in.npz", values=values, **arrays)
        clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        command = [python, str(script), f"{place}/in.npz", f"{place}/out.json"]
        subprocess.run(command, check=True, env=clean)
        return json.loads(Path(f"{place}/out.json").read_text(encoding="utf-8"))


def simulated(python: str | None, genomes: int, empty: int) -> dict[str, Any]:
    """F1 by length, SNR and noise, and false breakpoints where nothing changes."""
    contig = contigs()
    rows, values = [], []
    for kind in NOISES:
        for number in range(empty):
            rng = np.random.default_rng([71, NOISES.index(kind), number])
            rows.append({"noise": kind, "bins": 0, "snr": 0, "truth": []})
            values.append(SD * noise_of(rng, contig.size, kind))
        for bins, snr in EVENTS:
            for number in range(genomes):
                rng = np.random.default_rng([72, NOISES.index(kind), bins, int(10 * snr), number])
                level, truth = levels_of(rng, contig, bins, PER_GENOME)
                rows.append({"noise": kind, "bins": bins, "snr": snr, "truth": truth})
                values.append(SD * (snr * level + noise_of(rng, contig.size, kind)))
    stacked, weight = np.array(values), np.ones(contig.size)
    rank = np.arange(contig.size) - np.searchsorted(contig, contig)
    bins = 1_000_000 * rank, 1_000_000 * (rank + 1)
    methods = {OURS: ours(stacked, weight, contig)}
    methods |= others(python, stacked, weight, contig, *bins)
    table = []
    for name, result in methods.items():
        counts: dict[tuple[Any, ...], np.ndarray] = defaultdict(lambda: np.zeros(4))
        for row, found in zip(rows, result["found"], strict=True):
            same = matched(found, row["truth"], TOLERANCE)
            key = row["noise"], row["bins"], row["snr"]
            counts[key] += [same, len(found), len(row["truth"]), 1]
        for (kind, bins, snr), (same, got, there, many) in counts.items():
            table.append({
                "method": name, "noise": kind, "bins": bins, "snr": snr, "genomes": int(many),
                "f1": 2 * same / (got + there) if there else None, "found": got / many,
            })  # fmt: skip
    return {"rows": table, "seconds": {name: r["seconds"] for name, r in methods.items()}}


def published(python: str | None) -> dict[str, Any] | None:
    """CNVkit's profile p2-9_2 beside its stored segments."""
    bins_file, segments_file = (DATA / "copy_number" / f"p2-9_2.{kind}" for kind in ("cnr", "cns"))
    if not bins_file.exists():
        return None
    bins = list(csv.DictReader(bins_file.open(encoding="utf-8"), delimiter="\t"))
    names = list(dict.fromkeys(row["chromosome"] for row in bins))
    contig = np.array([names.index(row["chromosome"]) for row in bins])
    start, end = (np.array([int(row[k]) for row in bins]) for k in ("start", "end"))
    y, weight = (np.array([float(row[k]) for row in bins]) for k in ("log2", "weight"))
    stored, steps = [], []
    segments = list(csv.DictReader(segments_file.open(encoding="utf-8"), delimiter="\t"))
    for one, other in zip(segments[:-1], segments[1:], strict=True):
        if one["chromosome"] == other["chromosome"]:
            own = (contig == names.index(one["chromosome"])) & (end <= int(one["end"]))
            stored.append(int(np.flatnonzero(own)[-1]) + 1)
            steps.append(abs(float(one["log2"]) - float(other["log2"])))
    methods = {OURS: ours(y[None], weight, contig)}
    methods |= others(python, y[None], weight, contig, start, end)
    table = []
    for name, result in methods.items():
        (found,) = result["found"]
        for tolerance in (0, 1, 5):
            row = {"method": name, "breakpoints": len(found), "tolerance": tolerance}
            table.append({**row, **scores(found, stored, tolerance)})
    large = [k for k, step in zip(stored, steps, strict=True) if step >= SD]
    found = methods[OURS]["found"][0]
    return {
        "rows": table, "stored": len(stored), "large": len(large), "step": SD,
        "large_found": matched(found, large, 5), "small_found": matched(
            found, sorted(set(stored) - set(large)), 5),
        "seconds": {name: r["seconds"] for name, r in methods.items()},
    }  # fmt: skip


def many_cells(cells: int, per_megabase: float) -> dict[str, float]:
    """Cells segmented together and then each by itself: seconds and memory."""
    contig = contigs(per_megabase)
    rng = np.random.default_rng(73)
    level, truth = levels_of(rng, contig, 10, PER_GENOME)
    values = rng.normal(size=(cells, contig.size))
    values[: cells // 5] += 1.5 * level
    weight = np.ones(contig.size)
    segment_rows(
        values[:2], weight, contig, segment(values[:2], weight, contig, SETTINGS), SETTINGS
    )
    start = process_time()
    together = segment(values, weight, contig, SETTINGS)
    middle = process_time()
    segment_rows(values, weight, contig, together, SETTINGS)
    own = sorted(set(together.first.tolist()) - set(np.flatnonzero(np.diff(contig, prepend=-1))))
    return {
        "cells": cells, "bins": contig.size, "together_s": middle - start,
        "each_s": process_time() - middle, "f1": scores(own, truth, TOLERANCE)["f1"],
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def told(result: dict[str, Any]) -> str:
    """The results as Markdown."""
    lines = [
        f"Genomes of {contigs().size} bins with {PER_GENOME} gains and losses each; F1 of "
        f"breakpoints within {TOLERANCE} bins; settings {SETTINGS}",
        *_simulated_lines(**result["simulated"]),
        *(_published_lines(result["published"]) if result["published"] else []),
        "",
        "| cells | bins | together, s | each, s | F1 together | MB |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['cells']:,} | {r['bins']:,} | {r['together_s']:.1f} | {r['each_s']:.1f} | "
        f"{r['f1']:.3f} | {r['mb']:,.0f} |"
        for r in result["cells"]
    ]
    return "\n".join(lines) + "\n"


def _simulated_lines(rows: list[dict[str, Any]], seconds: dict[str, float]) -> list[str]:
    lines = ["", "| noise | bins | SNR | " + " | ".join(seconds) + " |"]
    lines.append("|---" * (3 + len(seconds)) + "|")
    for key in dict.fromkeys((r["noise"], r["bins"], r["snr"]) for r in rows):
        noise, bins, snr = key
        own = {r["method"]: r for r in rows if (r["noise"], r["bins"], r["snr"]) == key}
        if bins:
            cells = [noise, str(bins), str(snr), *(f"{own[m]['f1']:.3f}" for m in seconds)]
        else:
            cells = [noise, "none: found", "", *(f"{own[m]['found']:.2f}" for m in seconds)]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "| method | ms a genome | times ours |", "|---|---|---|"]
    for method, time in seconds.items():
        lines.append(f"| {method} | {1000 * time:,.1f} | {time / seconds[OURS]:,.1f} |")
    return lines


def _published_lines(real: dict[str, Any]) -> list[str]:
    lines = [
        "",
        f"CNVkit's p2-9_2: {real['stored']} breakpoints stored, {real['large']} with steps of "
        f"{real['step']} or more; of these ours has {real['large_found']} within 5 bins, of the "
        f"smaller ones {real['small_found']}",
        "",
        "| method | breakpoints | within | precision | recall | F1 |",
        "|---|---|---|---|---|---|",
    ]
    for r in real["rows"]:
        found = " | ".join(f"{r[k]:.3f}" for k in ("precision", "recall", "f1"))
        lines.append(f"| {r['method']} | {r['breakpoints']} | {r['tolerance']} | {found} |")
    return lines


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--others", help="a Python with ruptures or CNVkit")
    parser.add_argument("--genomes", type=int, default=2, help="genomes for each length and SNR")
    parser.add_argument(
        "--empty", type=int, default=20, help="genomes without changes for each noise"
    )
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {
        "simulated": simulated(arguments.others, arguments.genomes, arguments.empty),
        "published": published(arguments.others),
        "cells": [many_cells(100, 2), many_cells(1000, 1.955)],
    }
    text = told(result)
    (arguments.output / "segments.md").write_text(text, encoding="utf-8")
    (arguments.output / "segments.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
