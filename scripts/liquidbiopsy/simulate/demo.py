"""The demo cohort: `python -m liquidbiopsy.simulate.demo FOLDER` writes its images.

The sheets that describe it are in config/. Six invented patients and the laboratory's controls, on
four makes of microscope; two files are damaged on purpose, to show what a run makes of them.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

from liquidbiopsy.simulate.demo_marrow import write_marrow_demo
from liquidbiopsy.simulate.demo_plasma import write_plasma_demo
from liquidbiopsy.simulate.demo_single_cells import write_single_cells_demo
from liquidbiopsy.simulate.demo_whole_genome import write_whole_genome_demo
from liquidbiopsy.simulate.parameters import (
    CYTOKERATIN,
    HER2,
    LEUKOCYTE,
    NUCLEUS,
    SIMULATED,
    SlideParameters,
)
from liquidbiopsy.simulate.writers import write_slide, write_table


@dataclass(frozen=True)
class Make:
    """A make of microscope: how its slides look and how they are written."""

    slide: SlideParameters
    """What its slides have in common."""
    writing: dict[str, Any] = field(default_factory=dict)
    """Arguments of `write_slide`."""


#: By the names of the platforms in config/config.yaml.
PLATFORMS = {
    "celltracks": Make(
        SlideParameters(columns=4, rows=2, channels=(NUCLEUS, CYTOKERATIN, LEUKOCYTE, HER2)),
        {"layout": "frames", "compression": "zlib"},
    ),
    "hdsca": Make(
        SlideParameters(
            frame_width_px=1362,
            frame_height_px=1004,
            pixel_size_um=0.59,
            columns=4,
            rows=3,
            order="raster",
            channels=(NUCLEUS, CYTOKERATIN, LEUKOCYTE, HER2),
            bit_depth=8,
            leukocytes_per_frame=90,
        ),
        {"layout": "blocks", "image_format": "jpg"},
    ),
    "ome": Make(
        SlideParameters(
            frame_width_px=1024,
            frame_height_px=1024,
            pixel_size_um=0.5,
            columns=3,
            rows=3,
            overlap_px=100,
            order="raster",
            channels=(NUCLEUS, LEUKOCYTE, CYTOKERATIN),
            bit_depth=16,
            defocus_um=0.3,
        ),
        {"layout": "stack", "compression": "zlib", "tile": 256},
    ),
    "png_channels": Make(
        SlideParameters(
            frame_width_px=1920,
            frame_height_px=1600,
            pixel_size_um=0.65,
            columns=1,
            rows=1,
            bit_depth=16,
            illumination_loss=0.4,
            leukocytes_per_frame=150,
        ),
        {"layout": "channels", "image_format": "png"},
    ),
}

LOW_HER2 = {"marker_fractions": (0.6, 0.3, 0.1, 0.0)}
HIGH_HER2 = {"marker_fractions": (0.1, 0.1, 0.2, 0.6)}
CONTROL_CELLS = {
    **HIGH_HER2,
    "leukocytes_per_frame": 4.0,
    "ctc_diameter_um": 15.0,
    "signal": 40.0,
    "signal_spread": 0.3,
    "tdev": 2,
    "double_positive": 0,
    "touching_fraction": 0.0,
}


@dataclass(frozen=True)
class Specimen:
    """One simulated specimen of the cohort."""

    specimen_id: str
    """As in config/specimens.tsv."""
    platform: str
    """A key of `PLATFORMS`."""
    ctc: int
    """Single CTCs."""
    clusters: int = 0
    """Clusters of CTCs, each one event."""
    changes: dict[str, Any] = field(default_factory=dict)
    """Other fields of `SlideParameters`."""
    damage: str = ""
    """`missing`: its image is not written; `truncated`: its image ends half way."""


SPECIMENS = (
    # P01, metastatic: a high count that falls after the first cycle.
    Specimen("P01_baseline", "celltracks", 24, 3, LOW_HER2),
    Specimen("P01_cycle1", "celltracks", 3, 0, LOW_HER2),
    Specimen("P01_cycle3", "celltracks", 1, 0, LOW_HER2),
    # P02, metastatic: stays at five or more and progresses.
    Specimen("P02_baseline", "hdsca", 11, 1, LOW_HER2),
    Specimen("P02_cycle1", "hdsca", 9, 1, LOW_HER2),
    Specimen("P02_cycle4", "hdsca", 18, 2, LOW_HER2),
    # P03, early: one CTC, then none.
    Specimen("P03_baseline", "ome", 1),
    Specimen("P03_postop", "ome", 0, 0, {"tdev": 2}),
    # P04, metastatic: the primary tumour is HER2 negative, the CTCs are not.
    Specimen("P04_baseline", "celltracks", 9, 0, HIGH_HER2),
    Specimen("P04_cycle1", "celltracks", 6, 0, HIGH_HER2),
    # P05: most frames of the first specimen are out of focus; the repeat is sound.
    Specimen("P05_baseline", "celltracks", 7, 0, LOW_HER2 | {"out_of_focus_fraction": 0.75}),
    Specimen("P05_repeat", "celltracks", 7, 1, LOW_HER2),
    # P06: one file is missing and one ends half way.
    Specimen("P06_baseline", "png_channels", 4),
    Specimen("P06_cycle1", "png_channels", 2, damage="missing"),
    Specimen("P06_cycle2", "ome", 2, damage="truncated"),
    # The laboratory's control cells.
    Specimen("C01_high", "celltracks", 60, 0, CONTROL_CELLS),
    Specimen("C01_low", "celltracks", 10, 0, CONTROL_CELLS),
)


def parameters_of(specimen: Specimen) -> SlideParameters:
    """Return what a specimen's slide is made from; its place in the cohort is its seed."""
    make = PLATFORMS[specimen.platform].slide
    return replace(
        make,
        seed=1000 + SPECIMENS.index(specimen),
        ctc=specimen.ctc,
        ctc_clusters=specimen.clusters,
        **specimen.changes,
    )


def write_specimen(specimen: Specimen, folder: Path) -> pd.DataFrame | None:
    """Write one specimen, in place of an older one; return its truth, None if it has no file.

    Parameters
    ----------
    specimen : Specimen
        One of `SPECIMENS`.
    folder : Path
        The folder of all specimens; each has one of its own in it.
    """
    readme = folder / specimen.specimen_id / "README.md"
    if readme.exists() and SIMULATED in readme.read_text(encoding="utf-8"):
        shutil.rmtree(readme.parent)
    if specimen.damage == "missing":
        return None
    writing = PLATFORMS[specimen.platform].writing
    slide = write_slide(folder / specimen.specimen_id, parameters_of(specimen), **writing)
    if specimen.damage == "truncated":
        path = Path(slide.image)
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size // 2)
    return slide.truth


def write_demo(folder: Path) -> None:
    """Write the images of the demo cohort and their truth, telling how far it is.

    Parameters
    ----------
    folder : Path
        Where to: the images go to `folder/ctc/<specimen>/images`.
    """
    start = perf_counter()
    rows = []
    for number, specimen in enumerate(SPECIMENS, start=1):
        since = perf_counter()
        truth = write_specimen(specimen, folder / "ctc")
        told = "image left out on purpose"
        if truth is not None:
            events = int(truth["kind"].isin(["ctc", "ctc_cluster"]).sum())
            leukocytes = int((truth["kind"] == "leukocyte").sum())
            told = f"{events} CTC among {leukocytes} leukocytes"
            if specimen.damage:
                told += f", {specimen.damage} on purpose"
            rows.append({"specimen_id": specimen.specimen_id, "ctc_count": events})
        spent = perf_counter() - since
        print(
            f"[{number:2d}/{len(SPECIMENS)}] {specimen.specimen_id:<13} {specimen.platform:<13}"
            f"{told} ({spent:.1f} s)",
            flush=True,
        )
    write_table(folder / "ctc" / "counts.tsv", pd.DataFrame(rows))
    (folder / "README.md").write_text(
        f"# {SIMULATED}\n\nThe demo cohort. Its sheets are in config/; ctc/counts.tsv, "
        "dtc/counts.tsv and the\ntables named truth say what is on the slides.\n",
        encoding="utf-8",
    )
    print(f"simulated {len(rows)} specimens into {folder} in {perf_counter() - start:.0f} s")


def main() -> None:
    """Write the cohort into the folder named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m liquidbiopsy.simulate.demo FOLDER")
    write_demo(Path(sys.argv[1]))
    write_marrow_demo(Path(sys.argv[1]))
    write_plasma_demo(Path(sys.argv[1]))
    write_whole_genome_demo(Path(sys.argv[1]))
    write_single_cells_demo(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
