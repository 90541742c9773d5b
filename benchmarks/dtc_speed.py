"""Speed on one core: decoding alone, the plain pipeline, ours; in one run, on the same slides.

`python -m benchmarks.dtc_speed --output FOLDER` writes speed.md and speed.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

from benchmarks import dtc_plain
from benchmarks.dtc_methods import matched, ours
from liquidbiopsy.imaging.slides import open_slide
from liquidbiopsy.simulate.marrow_parameters import MarrowParameters
from liquidbiopsy.simulate.marrow_writers import write_marrow

REPEATS = 3
WINDOW_PX = 2048
SLIDES = {  # um a pixel -> edge of the slide in pixels
    0.5: 8000,
    0.25: 10000,
}


def decode(image: Path) -> float:
    """Seconds to read a slide once by windows, and nothing else."""
    start = perf_counter()
    slide = open_slide(str(image))
    for top in range(0, slide.height, WINDOW_PX):
        for left in range(0, slide.width, WINDOW_PX):
            bottom, right = min(top + WINDOW_PX, slide.height), min(left + WINDOW_PX, slide.width)
            slide.read(top, left, bottom, right)
    slide.close()
    return perf_counter() - start


def measure(um: float, edge: int, folder: Path) -> dict[str, object]:
    """Seconds and recall of each on one simulated slide, in turn and repeated."""
    nuclei = int(3500 * (edge * um / 1000) ** 2)
    parameters = MarrowParameters(
        seed=11, width_px=edge, height_px=edge, pixel_size_um=um, nuclei=nuclei, tumour=20,
        stained=60, debris=25, pigment=25, degenerated=5,
    )  # fmt: skip
    written = write_marrow(folder / "slide.svs", parameters)
    truth = written.truth[written.truth["kind"] == "tumour_cell"][["x_px", "y_px"]].to_numpy(float)
    times: dict[str, list[float]] = {"decode": [], "plain": [], "ours": []}
    recall: dict[str, float] = {}
    ours(written.image, "dab")  # compiles
    for _ in range(REPEATS):
        times["decode"].append(decode(written.image))
        start = perf_counter()
        found = ours(written.image, "dab")
        times["ours"].append(perf_counter() - start)
        start = perf_counter()
        slide = open_slide(str(written.image))
        plain = dtc_plain.run(slide, "dab", um)
        slide.close()
        times["plain"].append(perf_counter() - start)
    cells = found.cells[found.cells["call"] == "tumour_cell"]
    for name, places in (
        ("ours", cells[["x_px", "y_px"]].to_numpy(float)), ("plain", plain.cells)
    ):  # fmt: skip
        hit, mine = matched(truth, places, um, np.zeros(len(places)))
        recall[name] = float(hit.mean())
        recall[f"{name}_false"] = int((~mine).sum())
    ratios = {
        "plain / ours": [p / o for p, o in zip(times["plain"], times["ours"], strict=True)],
        "ours / decode": [o / d for o, d in zip(times["ours"], times["decode"], strict=True)],
    }
    counts = {"ours": float(found.slide["mnc"]), "plain": float(plain.nuclei)}  # type: ignore[arg-type]
    return {
        "um_per_px": um, "megapixels": edge**2 / 1e6, "nuclei": written.nuclei, "seconds": times,
        "ratios": ratios, "recall": recall,
        "denominator_error": {k: v / written.nuclei - 1 for k, v in counts.items()},
    }  # fmt: skip


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    arguments.output.mkdir(parents=True, exist_ok=True)
    rows = []
    for um, edge in SLIDES.items():
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(um, edge, Path(folder)))
    lines = [
        "| um/px | plain / ours (range) | ours / decode (range) | recall ours, plain | false ours, "
        "plain | nuclei ours, plain |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        told = [str(row["um_per_px"])]
        for values in row["ratios"].values():  # type: ignore[attr-defined]
            told.append(f"{np.median(values):.1f} ({min(values):.1f}-{max(values):.1f})")
        recall, error = row["recall"], row["denominator_error"]
        told.append(f"{recall['ours']:.2f}, {recall['plain']:.2f}")  # type: ignore[index]
        told.append(f"{recall['ours_false']}, {recall['plain_false']}")  # type: ignore[index]
        told.append(f"{error['ours']:+.3f}, {error['plain']:+.3f}")  # type: ignore[index]
        lines.append("| " + " | ".join(told) + " |")
    text = "\n".join(lines) + "\n"
    (arguments.output / "speed.md").write_text(text, encoding="utf-8")
    (arguments.output / "speed.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
