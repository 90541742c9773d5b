"""Speed and accuracy of finding tumour cells, beside a plain scikit-image pipeline.

    python -m benchmarks.ctc_speed [--frames 12] [--repeats 3] [--output results/ctc_speed]

Each measurement is a process of its own on one thread: decoding alone, the plain pipeline, and
ours take turns, so that a slow spell of the machine falls on all. Imports and compilation are
done on one frame before the clock starts, and reported. The slide is simulated, by the generator
that the detector was not tuned on, and the calls are scored against its truth.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.ctc_methods import Given

# scientific imports wait until the threads are set and the clock of the start runs

ONE_THREAD = {
    name: "1"
    for name in (
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"),
        *("TIFFFILE_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"),
    )
}


# --- one measurement, in a process of its own


def measure(method: str, given: Given, warm: Given, cells_path: Path | None) -> dict[str, float]:
    """Time one method after a warm-up; seconds, and peak memory in MB."""
    started = time.perf_counter()
    from benchmarks.ctc_methods import METHODS

    run = METHODS[method]
    run(warm)
    start_s = time.perf_counter() - started
    wall, cpu = time.perf_counter(), time.process_time()
    cells = run(given)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if cells is not None and cells_path is not None:
        cells[["call", "x_um", "y_um"]].to_csv(cells_path, index=False)
    return {"cpu_s": cpu, "wall_s": wall, "start_s": start_s, "peak_mb": peak_mb()}


def peak_mb() -> float:
    """Peak resident memory of this process.

    Linux's own high-water mark, as getrusage also counts the parent's memory at the fork.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def in_process(
    method: str, given: Given, warm: Given, cells_path: Path | None = None
) -> dict[str, float]:
    """Run `measure` in a fresh process on one thread."""
    job = {
        "method": method,
        "given": asdict(given),
        "warm": asdict(warm),
        "cells": str(cells_path) if cells_path else None,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ctc_speed", "--job", json.dumps(job)],
        env={**os.environ, **ONE_THREAD},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{method}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def work(job: dict[str, Any]) -> None:
    """The other end of `in_process`."""
    import cv2

    from benchmarks.ctc_methods import Given

    cv2.setNumThreads(1)
    cells = Path(job["cells"]) if job["cells"] else None
    result = measure(job["method"], Given(**job["given"]), Given(**job["warm"]), cells)
    print(json.dumps(result))


# --- the table


def compare(n_frames: int, repeats: int, cartridge: int, compression: str | None) -> dict[str, Any]:
    """Measure all methods in turns; returns what `to_markdown` shows."""
    import pandas as pd

    from benchmarks import ctc_input
    from benchmarks.ctc_accuracy import nuclei_agreement
    from benchmarks.ctc_methods import METHODS
    from tests.othermake.score import score

    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        print(f"drawing {n_frames} frames", file=sys.stderr, flush=True)
        slide = ctc_input.cartridge(n_frames)
        given = ctc_input.write(slide, root / "frames", compression)
        warm = ctc_input.repeated(given, root / "warm", 1)
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in METHODS}
        failed: dict[str, str] = {}
        for repeat in range(repeats):
            for name in METHODS:
                if name in failed:
                    continue
                print(f"round {repeat + 1} of {repeats}: {name}", file=sys.stderr, flush=True)
                try:
                    result = in_process(name, given, warm, root / f"{name}.csv")
                    runs[name].append(result)
                except RuntimeError as error:
                    failed[name] = str(error)
        rows = {}
        for name, results in runs.items():
            if not results:
                continue
            row = {key: median(r[key] for r in results) for key in results[0]}
            row["cpu_s_per_mpx"] = row["cpu_s"] / given.mpx
            row["mpx_per_s"] = given.mpx / row["cpu_s"]
            row["wall_mpx_per_s"] = given.mpx / row["wall_s"]
            if (root / f"{name}.csv").exists():
                got = score(pd.read_csv(root / f"{name}.csv"), slide.truth, min_signal=8.0)
                row |= {"recall": got.recall, "precision": got.precision, "f1": got.f1}
                row["nuclei_f1"] = nuclei_agreement(name, slide, [0, n_frames // 2]).f1
            rows[name] = row
        ratios = {
            f"{a} / {b}": sorted(
                x["cpu_s"] / y["cpu_s"] for x, y in zip(runs[a], runs[b], strict=False)
            )
            for a, b in (("plain", "ours"), ("ours", "decode"), ("plain", "decode"))
            if runs[a] and runs[b]
        }
        memory = {}
        if cartridge:
            long = ctc_input.repeated(given, root / "cartridge", cartridge)
            for name in ("decode", "ours"):
                if name not in failed:
                    print(f"{cartridge} frames: {name}", file=sys.stderr, flush=True)
                    memory[name] = in_process(name, long, warm)
    return {
        "frames": n_frames,
        "channels": len(given.channels),
        "mpx": given.mpx,
        "repeats": repeats,
        "compression": compression,
        "methods": rows,
        "cpu_ratios": ratios,
        "cartridge_frames": cartridge,
        "cartridge_gpx": cartridge * given.mpx / n_frames * len(given.channels) / 1e3,
        "cartridge": memory,
        "failed": failed,
    }


def to_markdown(result: dict[str, Any]) -> str:
    """The result as a page."""
    lines = [
        f"{result['frames']} frames of {result['channels']} channels, "
        f"{result['mpx']:.1f} Mpx of slide, compression {result['compression'] or 'none'}; "
        f"one thread, median of {result['repeats']} rounds.",
        "",
        "| | Mpx/s of CPU | CPU s/Mpx | Mpx/s of wall | start s | peak MB "
        "| recall | precision | nuclei F1 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, r in result["methods"].items():
        keys = ("recall", "precision", "nuclei_f1")
        accuracy = " | ".join(f"{r[key]:.3f}" if key in r else "" for key in keys)
        lines.append(
            f"| {name} | {r['mpx_per_s']:.2f} | {r['cpu_s_per_mpx']:.4f} "
            f"| {r['wall_mpx_per_s']:.2f} | {r['start_s']:.1f} | {r['peak_mb']:.0f} "
            f"| {accuracy} |"
        )
    lines += ["", "| ratio of CPU time | median | least | greatest |", "|---|---:|---:|---:|"]
    for name, values in result["cpu_ratios"].items():
        lines.append(f"| {name} | {median(values):.2f} | {values[0]:.2f} | {values[-1]:.2f} |")
    for name, r in result["cartridge"].items():
        lines.append("")
        lines.append(
            f"A cartridge of {result['cartridge_frames']} frames, "
            f"{result['cartridge_gpx']:.2f} Gpx, {name}: {r['wall_s']:.1f} s, "
            f"peak {r['peak_mb']:.0f} MB."
        )
    lines += [f"\nNot measured, {reason}" for reason in result["failed"].values()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the comparison and write it as JSON and Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=12, help="frames, a multiple of four")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--cartridge", type=int, default=175, help="frames of the memory test, or 0"
    )
    parser.add_argument("--compression", help="of the frames: lzw, zlib, zstd; none by default")
    parser.add_argument("--output", type=Path, help="write OUTPUT.json and OUTPUT.md")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        work(json.loads(options.job))
        return
    result = compare(options.frames, options.repeats, options.cartridge, options.compression)
    page = to_markdown(result)
    print(page)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
        options.output.with_suffix(".md").write_text(page)
    sys.exit(1 if result["failed"] else 0)


if __name__ == "__main__":
    main()
