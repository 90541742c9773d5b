"""Spiked and unspiked slides: are all spiked ones found, and none of the others?

For each chromogen, slides with 1 to 20 tumour cells among many nuclei and slides with none; both
have stained marrow cells, degenerated cells, debris and pigment. Slides of the first make are by
`liquidbiopsy.simulate`, of the second by tests/othermake_dtc.

`python -m benchmarks.dtc_accuracy --make first --output FOLDER`
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from benchmarks.dtc_methods import ROOT, matched, ours
from liquidbiopsy.simulate.marrow_parameters import MarrowParameters
from liquidbiopsy.simulate.marrow_writers import write_marrow

CHROMOGENS = ("dab", "fast_red", "new_fuchsin", "aec")
CLASSES = {  # kind in the truth -> call it should have
    "tumour_cell": "tumour_cell", "tumour": "tumour_cell", "probable": "probable",
    "haematopoietic_stained": "haematopoietic", "tinged": "haematopoietic",
    "plasma": "haematopoietic", "squamous": "squamous", "squame": "squamous",
    "degenerated": "degenerated", "rotten": "degenerated", "debris": "artefact",
    "crumb": "artefact", "pigment": "artefact", "soot": "artefact",
}  # fmt: skip


def first_make(
    folder: Path, chromogen: str, spiked: int, nuclei: int, seed: int
) -> tuple[Any, ...]:
    """A slide of the package's own simulator."""
    rng = np.random.default_rng(seed)
    edge = int(np.sqrt(nuclei / 3300) * 1000 / 0.5)
    clusters = min(spiked // 5, 3)
    parameters = MarrowParameters(
        seed=seed, width_px=edge, height_px=edge, chromogen=chromogen, nuclei=nuclei,
        tumour=spiked - clusters, clusters=clusters, probable=nuclei // 20_000,
        degenerated=nuclei // 10_000,
        squamous=nuclei // 30_000, stained=nuclei // 400, debris=nuclei // 1500,
        pigment=nuclei // 1500, stain_od=float(rng.uniform(0.4, 0.75)),
        background_od=float(rng.uniform(0.01, 0.07)), defocus_um=float(rng.uniform(0, 0.5)),
    )  # fmt: skip
    written = write_marrow(folder / "slide.svs", parameters)
    return written.image, written.truth, written.nuclei


def second_make(
    folder: Path, chromogen: str, spiked: int, nuclei: int, seed: int
) -> tuple[Any, ...]:
    """A slide of the tests' simulator."""
    sys.path.insert(0, str(ROOT / "tests"))
    import tifffile
    from othermake_dtc.recipe import Recipe
    from othermake_dtc.slide import make

    rng = np.random.default_rng(seed)
    groups = min(spiked // 5, 3)
    side = int(np.sqrt(nuclei / 3000) * 1000 / 0.5)
    made = make(
        Recipe(
            seed=seed, side_px=side, dye=chromogen, tumour=spiked - groups, groups=groups,
            rotten=nuclei // 10_000, squames=nuclei // 30_000, plasma=nuclei // 2000,
            tinged=nuclei // 400, giants=nuclei // 20_000, crumbs=nuclei // 1500,
            soot=nuclei // 1500, keratin=float(rng.uniform(0.5, 1.0)),
            haze=float(rng.uniform(0.01, 0.08)), blur_um=float(rng.uniform(0.4, 0.8)),
        )
    )  # fmt: skip
    image = folder / "slide.tif"
    per_cm = 1e4 / 0.5
    tifffile.imwrite(
        image, made.picture, photometric="rgb", tile=(512, 512), compression="jpeg",
        compressionargs={"level": 85}, resolution=(per_cm, per_cm), resolutionunit="CENTIMETER",
    )  # fmt: skip
    return image, made.truth, len(made.nuclei)


def slides(
    make: str, spiked: int, unspiked: int, nuclei: int, seed: int, kept: Path | None
) -> Iterator[tuple[str, int, pd.DataFrame, int, Any]]:
    """Each slide with its truth and what was found on it, one at a time.

    Making a slide takes ten times as long as reading it: those in the folder `kept` are not made
    again.
    """
    for number, chromogen in enumerate(CHROMOGENS):
        for k in range(spiked + unspiked):
            cells = 1 + round(19 * k / max(1, spiked - 1)) if k < spiked else 0
            own = seed + 1000 * number + k
            with tempfile.TemporaryDirectory() as passing:
                folder = kept / f"{make}_{chromogen}_{cells}_{nuclei}_{own}" if kept else passing
                image, truth, true_nuclei = made(Path(folder), make, chromogen, cells, nuclei, own)
                yield chromogen, cells, truth, true_nuclei, ours(image, chromogen, threads=2)


def made(
    folder: Path, make: str, chromogen: str, cells: int, nuclei: int, seed: int
) -> tuple[Path, pd.DataFrame, int]:
    """A slide in a folder, with its truth; made anew where it is not there."""
    said = folder / "made.json"
    if not said.exists():
        folder.mkdir(parents=True, exist_ok=True)
        maker = first_make if make == "first" else second_make
        image, truth, true_nuclei = maker(folder, chromogen, cells, nuclei, seed)
        truth[["kind", "x_px", "y_px"]].to_csv(folder / "kinds.csv", index=False)
        said.write_text(json.dumps({"image": image.name, "nuclei": true_nuclei}), "utf-8")
    known = json.loads(said.read_text("utf-8"))
    return folder / known["image"], pd.read_csv(folder / "kinds.csv"), known["nuclei"]


def one_slide(chromogen: str, cells: int, truth: pd.DataFrame, nuclei: int, found: Any) -> dict:
    """What one slide shows."""
    um = float(found.slide["pixel_size_um"])
    radii = np.sqrt(found.cells["area_um2"].to_numpy(float) / np.pi)
    places = found.cells[["x_px", "y_px"]].to_numpy(float)
    counted = (found.cells["call"] == "tumour_cell").to_numpy()
    tumour = truth["kind"].isin(["tumour_cell", "tumour"]).to_numpy()
    true_places = truth[["x_px", "y_px"]].to_numpy(float)
    hit, mine = matched(true_places[tumour], places[counted], um, radii[counted])
    pairs: Counter[tuple[str, str]] = Counter()
    for kind, x, y in truth[["kind", "x_px", "y_px"]].itertuples(index=False):
        if kind in CLASSES and len(places):
            apart = np.hypot(places[:, 0] - x, places[:, 1] - y) * um
            nearest = int(apart.argmin())
            if apart[nearest] <= max(8.0, radii[nearest]):
                pairs[CLASSES[kind], str(found.cells["call"].iloc[nearest])] += 1
    return {
        "chromogen": chromogen, "spiked": cells, "found": int(hit.sum()),
        "false": int((~mine).sum()),
        "probable": int((found.cells["call"] == "probable").sum()), "nuclei": nuclei,
        "denominator_error": float(found.slide["mnc"]) / nuclei - 1,
        "pairs": [[*k, n] for k, n in sorted(pairs.items())],
    }  # fmt: skip


def kappa(pairs: Counter[tuple[str, str]]) -> float:
    """Cohen's kappa of classes told and true."""
    total = sum(pairs.values())
    agreed = sum(n for (a, b), n in pairs.items() if a == b) / total
    names = {name for pair in pairs for name in pair}
    true = {c: sum(n for (a, _), n in pairs.items() if a == c) / total for c in names}
    told = {c: sum(n for (_, b), n in pairs.items() if b == c) / total for c in names}
    chance = sum(true[c] * told[c] for c in names)
    return (agreed - chance) / (1 - chance)


def table(rows: list[dict]) -> str:
    """The figures by chromogen, as Markdown."""
    lines = [
        "| chromogen | spiked slides found | cells found | false on spiked | unspiked with a "
        "cell | kappa | denominator, mean (largest) |",
        "|---|---|---|---|---|---|---|",
    ]
    for chromogen in dict.fromkeys(r["chromogen"] for r in rows):
        mine = [r for r in rows if r["chromogen"] == chromogen]
        spiked, plain = [r for r in mine if r["spiked"]], [r for r in mine if not r["spiked"]]
        pairs: Counter[tuple[str, str]] = Counter()
        for row in mine:
            for true, told, n in row["pairs"]:
                pairs[true, told] += n
        errors = np.array([r["denominator_error"] for r in mine])
        cells, found = sum(r["spiked"] for r in spiked), sum(r["found"] for r in spiked)
        lines.append(
            f"| {chromogen} | {sum(r['found'] > 0 for r in spiked)} of {len(spiked)} | {found} of "
            f"{cells} | {sum(r['false'] for r in spiked)} | "
            f"{sum(r['false'] > 0 for r in plain)} of {len(plain)} | {kappa(pairs):.2f} | "
            f"{100 * errors.mean():+.1f} % ({100 * errors[np.abs(errors).argmax()]:+.1f} %) |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Make the slides, count, and write accuracy.md and accuracy.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--make", choices=("first", "second"), default="first")
    parser.add_argument("--nuclei", type=int, default=100_000)
    parser.add_argument("--spiked", type=int, default=20)
    parser.add_argument("--unspiked", type=int, default=10)
    parser.add_argument("--seed", type=int, default=70_000)
    parser.add_argument("--slides", type=Path, help="folder in which the slides are kept")
    a = parser.parse_args()
    cv2.setNumThreads(1)
    a.output.mkdir(parents=True, exist_ok=True)
    rows = []
    for slide in slides(a.make, a.spiked, a.unspiked, a.nuclei, a.seed, a.slides):
        rows.append(one_slide(*slide))
        print({k: v for k, v in rows[-1].items() if k != "pairs"}, flush=True)
        (a.output / "accuracy.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
        (a.output / "accuracy.md").write_text(table(rows), encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
