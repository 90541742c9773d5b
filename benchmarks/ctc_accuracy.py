"""Accuracy of finding tumour cells, ours beside plain, on held-out slides that are hard.

python -m benchmarks.ctc_accuracy [--output results/ctc_accuracy] [scenario …]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from benchmarks import ctc_input
from benchmarks.ctc_methods import METHODS, NUCLEI
from tests.othermake.matching import Agreement, match_labels
from tests.othermake.scenarios import hard_scenarios
from tests.othermake.score import score
from tests.othermake.slides import Slide, make_slide

HERE = Path(__file__).resolve().parent.parent


def nuclei_agreement(name: str, slide: Slide, frames: list[int]) -> Agreement:
    """How a method's nuclei agree with the truth at IoU 0.5, over some frames of a slide."""
    found = [
        match_labels(NUCLEI[name](slide.frame(k)[0], slide.settings.pixel_size_um), slide.labels(k))
        for k in frames
    ]
    return Agreement(*np.sum(found, axis=0).tolist())


def real_nuclei(name: str, pixel_size_um: float) -> Agreement | None:
    """The same on the annotated real image, or None where it is not at hand."""
    data = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", HERE / "../shared/data")) / "imaging"
    if not (data / "img2d.tif").exists():
        return None
    image, truth = (tifffile.imread(data / f"{what}.tif") for what in ("img2d", "mask2d"))
    return match_labels(NUCLEI[name](image, pixel_size_um), truth)


def one_scenario(name: str, parameters: dict[str, Any], seed: int) -> dict[str, Any]:
    """Score each method on one slide; a method that fails has its error instead."""
    slide = make_slide(seed, **parameters)
    row: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        given = ctc_input.write(slide, Path(folder))
        for method in NUCLEI:
            try:
                cells = METHODS[method](given)
                assert cells is not None
                got = score(cells, slide.truth, min_signal=8.0)
                frames = [
                    k for k in (0, slide.n_frames - 1) if k not in slide.settings.out_of_focus
                ]
                row[method] = {
                    "truth": got.n_truth,
                    "recall": got.recall,
                    "precision": got.precision,
                    "clusters": f"{got.clusters_called}/{got.clusters}",
                    "false_kinds": got.false_kinds,
                    "nuclei_f1": nuclei_agreement(method, slide, frames).f1,
                }
            except Exception as error:  # one method's failure must not hide the other's figures
                row[method] = {"error": f"{type(error).__name__}: {error}"}
    return row


def to_markdown(rows: dict[str, dict[str, Any]], real: dict[str, float]) -> str:
    """The result as a page."""
    lines = [
        "| scenario | method | truth | recall | precision | clusters | nuclei F1 | false on |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for name, row in rows.items():
        for method, r in row.items():
            if "error" in r:
                lines.append(f"| {name} | {method} | {r['error']} | | | | | |")
                continue
            false = ", ".join(f"{kind} {n}" for kind, n in r["false_kinds"].items())
            lines.append(
                f"| {name} | {method} | {r['truth']} | {r['recall']:.3f} | {r['precision']:.3f} "
                f"| {r['clusters']} | {r['nuclei_f1']:.3f} | {false} |"
            )
    for method, f1 in real.items():
        lines += ["", f"Nuclei of the annotated real image, F1 at IoU 0.5, {method}: {f1:.3f}."]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the comparison and write it as JSON and Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", help="names; all where none is given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--pixel-size",
        type=float,
        default=0.4,
        help="µm assumed of the real image, whose own is unknown",
    )
    parser.add_argument("--output", type=Path, help="write OUTPUT.json and OUTPUT.md")
    options = parser.parse_args()
    known = hard_scenarios()
    unknown = set(options.scenarios) - set(known)
    if unknown:
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    rows = {}
    for name in options.scenarios or known:
        print(name, file=sys.stderr, flush=True)
        rows[name] = one_scenario(name, known[name], options.seed)
    real = {}
    for method in NUCLEI:
        try:
            agreement = real_nuclei(method, options.pixel_size)
        except NotImplementedError:
            continue
        if agreement:
            real[method] = agreement.f1
    page = to_markdown(rows, real)
    print(page)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        result = {"scenarios": rows, "real_nuclei_f1": real}
        options.output.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
        options.output.with_suffix(".md").write_text(page)


if __name__ == "__main__":
    main()
