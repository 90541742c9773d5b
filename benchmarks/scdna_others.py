"""Single cells beside CNVkit, on the same corrected bins of the same cells.

`python -m benchmarks.scdna_others --others PYTHON --output FOLDER` writes others.md and
others.json; PYTHON is one that has CNVkit (never ours). CNVkit segments each cell by itself and is
told what it cannot know: the true level of two copies in each cell, from which `call` (method
clonal) has its integers. Ours is told nothing; it has the cells of a specimen together, and in a
second turn each by itself. Seconds are of the processor, in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from benchmarks.ctdna_segments import matched
from benchmarks.scdna_accuracy import parameters
from benchmarks.scdna_cells import Specimen, changes, measured, settings, some, specimen, table
from liquidbiopsy.scdna.matrix import Matrix
from liquidbiopsy.scdna.profiles import profiles_of
from liquidbiopsy.simulate.single_cells import WGA

TOGETHER, ALONE = "ours, together", "ours, alone"
LEAST = 2.0**-5  # of a ratio, as of CNVkit's references
Result = Mapping[str, Any]


def centred(made: Specimen, matrix: Matrix, cells: np.ndarray) -> dict[str, np.ndarray]:
    """Log2 of ratios to the genome's mean, and what brings it to 0 at two copies by the truth."""
    used, base = matrix.used, matrix.base
    ratio = matrix.ratio[cells]
    mean = np.array([np.nanmean(row[base]) for row in ratio])
    log2 = np.log2(np.maximum(np.nan_to_num(ratio) / mean[:, None], LEAST))
    shift = []
    for row, cell in zip(log2, cells.tolist(), strict=True):
        truth = made.truth(cell)
        own = base & (truth > 0)
        shift.append(float(np.median(np.log2(truth[own] / 2) - row[own])))
    bins = matrix.bins
    names = np.array([f"chr{name}" for name in bins.contigs])[bins.contig]
    return {
        "log2": log2[:, used], "shift": np.array(shift), "chrom": names[used],
        "start": bins.start[used], "end": bins.end[used],
    }  # fmt: skip


def others(python: str | None, given: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """CNVkit's, in a Python of its own."""
    if python is None:
        return {}
    script = Path(__file__).with_name("scdna_cnvkit.py")
    with tempfile.TemporaryDirectory() as place:
        np.savez(f"{place}/in.npz", **dict(given))
        clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        command = [python, str(script), f"{place}/in.npz", f"{place}/out.json"]
        subprocess.run(command, check=True, env=clean)
        found: dict[str, Any] = json.loads(Path(f"{place}/out.json").read_text(encoding="utf-8"))
        return found


def compared(
    python: str | None, patient: int, wga: str, seed: int, cells: int
) -> list[dict[str, Any]]:
    """A row a cell and method."""
    p = replace(parameters(patient, wga, seed, cells), doublets=0.0, failed=0.0)
    made = specimen(p)
    matrix, quality = measured(made)
    own, used = np.flatnonzero(quality.passed), matrix.used
    contig = matrix.bins.contig[used]
    start = process_time()
    copies = profiles_of(matrix, quality, settings()).per_bin()[own][:, used]
    methods: dict[str, Any] = {TOGETHER: {
        "copies": copies, "found": [changes(row, contig) for row in copies],
        "seconds": (process_time() - start) / own.size,
    }}  # fmt: skip
    start = process_time()
    parts = [some(matrix, quality, own[k : k + 1]) for k in range(own.size)]
    alone = np.array([profiles_of(*part, settings()).per_bin()[0, used] for part in parts])
    seconds = (process_time() - start) / own.size
    found = [changes(row, contig) for row in alone]
    methods[ALONE] = {"copies": alone, "found": found, "seconds": seconds}
    for name, other in others(python, centred(made, matrix, own)).items():
        called = np.asarray(other["copies"])  # breakpoints are changes of called copies, as ours
        methods[name] = {**other, "found": [changes(row, contig) for row in called]}
    rows = []
    autosomal = matrix.base[used]
    for name, result in methods.items():
        for k, cell in enumerate(own.tolist()):
            whole = np.full(used.size, -1)
            whole[used] = result["copies"][k]
            right = made.right(cell, whole)[used][autosomal]
            truth = changes(made.truth(cell)[used], contig)
            breaks = result["found"][k]
            rows.append({
                "method": name, "wga": wga, "patient": patient, "cell": cell,
                "altered": bool(made.genome[cell] < len(p.clones)),
                "found": len(breaks), "there": len(truth),
                "same1": matched(breaks, truth, 1), "same2": matched(breaks, truth, 2),
                "right": float(right.mean()), "seconds": result["seconds"],
            })  # fmt: skip
    return rows


def told(rows: Sequence[Result]) -> str:
    """The table."""
    lines = []
    methods = list(dict.fromkeys(r["method"] for r in rows))
    kinds = list(dict.fromkeys(r["wga"] for r in rows))
    first = np.mean([r["seconds"] for r in rows if r["method"] == methods[0]])
    for name in methods:
        own = [r for r in rows if r["method"] == name]
        both = sum(r["found"] + r["there"] for r in own)
        normal = [r["found"] for r in own if not r["altered"]]
        seconds = float(np.mean([r["seconds"] for r in own]))

        def by_kind(wga: str, own: Sequence[Result] = own) -> str:
            part = [r for r in own if r["wga"] == wga]
            same, many = (sum(r[k] for r in part) for k in ("same2", "found"))
            f1 = 2 * same / max(many + sum(r["there"] for r in part), 1)
            return f"{f1:.3f} / {100 * np.mean([r['right'] for r in part]):.1f}"

        lines.append([
            name, *(f"{2 * sum(r[k] for r in own) / max(both, 1):.3f}" for k in ("same1", "same2")),
            f"{sum(r['same2'] for r in own) / max(sum(r['found'] for r in own), 1):.3f}",
            f"{sum(r['same2'] for r in own) / max(sum(r['there'] for r in own), 1):.3f}",
            f"{100 * np.mean([r['right'] for r in own]):.1f}",
            f"{np.mean(normal):.1f}" if normal else "-",
            f"{1000 * seconds:.1f}", f"{seconds / first:.1f}", *(by_kind(k) for k in kinds),
        ])  # fmt: skip
    heads = [
        "method", "F1 within 1 bin", "within 2", "precision", "recall", "autosomal bins right, %",
        "breakpoints a normal cell", "ms a cell", "times ours",
        *(f"{kind}: F1 (2), bins %" for kind in kinds),
    ]  # fmt: skip
    cells = len({(r["patient"], r["wga"], r["cell"]) for r in rows})
    return f"{cells} cells\n\n" + table(heads, lines) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--others", help="a Python with CNVkit")
    parser.add_argument("--patients", type=int, default=3)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--cells", type=int, default=20)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    rows += compared(None, 0, WGA[0], options.seed, options.cells)  # compiles what is compiled
    rows.clear()
    for patient in range(options.patients):
        for wga in WGA:
            rows += compared(options.others, patient, wga, options.seed, options.cells)
            print(f"patient {patient}, {wga}: measured", flush=True)
    text = told(rows)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "others.md").write_text(text, encoding="utf-8")
    (options.output / "others.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
