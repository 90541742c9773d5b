"""Accuracy of finding tumour cells, ours beside plain, on slides of another make that are hard.

    python -m benchmarks.ctc_accuracy [--output results/ctc_accuracy] [scenario …]

Counts are pooled over slides of three seeds that were not looked at while settings were chosen.
Tumour cells with less than 8 noise sd where they lie, or cut by a frame's border, are left out.
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
from benchmarks.ctc_tally import COLUMNS, GOAL_SIGNAL, RULE, Tally
from tests.othermake.matching import Agreement, match_labels
from tests.othermake.scenarios import hard_scenarios
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


def one_scenario(
    name: str, parameters: dict[str, Any], seeds: list[int], methods: list[str]
) -> dict[str, Any]:
    """Score each method over some seeds; a method that fails has its error instead."""
    row: dict[str, Any] = {}
    for seed in seeds:
        slide = make_slide(seed, **parameters)
        with tempfile.TemporaryDirectory() as folder:
            given = ctc_input.write(slide, Path(folder))
            for method in methods:
                try:
                    cells = METHODS[method](given)
                    assert cells is not None
                    frames = [
                        k for k in (0, slide.n_frames - 1) if k not in slide.settings.out_of_focus
                    ]
                    found = row.setdefault(method, {"tally": Tally(), "nuclei": (0, 0, 0)})
                    if "error" in found:
                        continue
                    found["tally"] += Tally.of(cells, slide.truth, GOAL_SIGNAL)
                    nuclei = nuclei_agreement(method, slide, frames)
                    found["nuclei"] = np.add(found["nuclei"], nuclei).tolist()
                # one method's failure must not hide the other's figures
                except Exception as error:
                    row[method] = {"error": f"{type(error).__name__}: {error}"}
    return row


def to_markdown(rows: dict[str, dict[str, Any]], real: dict[str, float]) -> str:
    """The result as a page."""
    lines = [f"| scenario | method | {COLUMNS} | nuclei F1 |", f"|---|---|{RULE}|---:|"]
    total: dict[str, Tally] = {}
    fallen: dict[str, list[str]] = {}
    for name, row in rows.items():
        for method, r in row.items():
            if "error" in r:
                lines.append(f"| {name} | {method} | {r['error']} |" + " |" * 7)
                fallen.setdefault(method, []).append(f"{name} (failed)")
                continue
            tally, f1 = r["tally"], Agreement(*r["nuclei"]).f1
            lines.append(f"| {name} | {method} | {tally.cells()} | {f1:.3f} |")
            total[method] = total.get(method, Tally()) + tally
            below = fallen.setdefault(method, [])
            if not tally.reached:
                below.append(f"{name} ({tally.recall:.3f}, {tally.precision:.3f})")
    lines += [f"| all | {method} | {tally.cells()} | |" for method, tally in total.items()]
    for method, names in fallen.items():
        lines += [
            "",
            f"Goal, recall and precision of at least 0.95, {method}: reached in "
            f"{len(rows) - len(names)} of {len(rows)} scenarios"
            + (f"; NOT in {', '.join(names)}." if names else "."),
        ]
    for method, f1 in real.items():
        lines += ["", f"Nuclei of the annotated real image, F1 at IoU 0.5, {method}: {f1:.3f}"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the comparison and write it as JSON and Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", help="names; all where none is given")
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--methods", nargs="+", choices=list(NUCLEI), default=list(NUCLEI))
    parser.add_argument(
        "--pixel-sizes",
        type=float,
        nargs="+",
        default=[0.4, 0.5, 0.64],
        help="µm, each assumed of the real image, whose own is unknown",
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
        rows[name] = one_scenario(name, known[name], options.seeds, options.methods)
    real = {}
    for method in options.methods:
        for pixel_size_um in options.pixel_sizes:
            agreement = real_nuclei(method, pixel_size_um)
            if agreement:
                real[f"{method}, {pixel_size_um:g} µm/px"] = agreement.f1
    page = to_markdown(rows, real)
    print(page)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        for row in rows.values():
            for r in row.values():
                if "tally" in r:
                    r["tally"] = r["tally"].row()
        result = {"scenarios": rows, "real_nuclei_f1": real}
        options.output.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
        options.output.with_suffix(".md").write_text(page)


if __name__ == "__main__":
    main()
