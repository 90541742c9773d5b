"""The marrow slides of the demo cohort; the sheets that describe them are in config/."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

from liquidbiopsy.simulate.marrow_parameters import MarrowParameters
from liquidbiopsy.simulate.marrow_writers import write_marrow
from liquidbiopsy.simulate.writers import write_table

USUAL: dict[str, Any] = {
    "width_px": 2400, "height_px": 2400, "pixel_size_um": 0.5, "nuclei": 4200, "stained": 30,
    "debris": 6, "pigment": 6,
}  # fmt: skip
ISOTYPE: dict[str, Any] = {"stained": 0, "debris": 2, "background_od": 0.03}


@dataclass(frozen=True)
class Slide:
    """One slide of the cohort."""

    specimen_id: str
    """As in config/specimens.tsv."""
    file: str
    """Its name; the ending says how it is written."""
    chromogen: str
    cells: dict[str, int] = field(default_factory=dict)
    """Cells of each kind, by the fields of `MarrowParameters`."""
    changes: dict[str, Any] = field(default_factory=dict)
    """Other fields of `MarrowParameters`."""
    truncated: bool = False


SLIDES = (
    # P03, early: tumour cells at diagnosis, none a year later.
    Slide("P03_marrow", "cytokeratin.svs", "dab", {"tumour": 3, "clusters": 1, "degenerated": 2}),
    Slide("P03_marrow", "isotype.svs", "dab", changes=ISOTYPE),
    Slide("P03_marrow_1y", "cytokeratin.svs", "dab", {"squamous": 1}, {"ink": True}),
    Slide("P03_marrow_1y", "isotype.svs", "dab", changes=ISOTYPE),
    # P06, early: probable cells that a clear isotype control lets count.
    Slide("P06_marrow", "cytokeratin.ome.tif", "fast_red", {"probable": 2}, {"spot": True}),
    Slide("P06_marrow", "isotype.ome.tif", "fast_red", changes={**ISOTYPE, "spot": True}),
    # P07, early: a probable cell, and one on the isotype control too: not counted.
    Slide("P07_marrow", "cytokeratin.png", "new_fuchsin", {"probable": 1}),
    Slide("P07_marrow", "isotype.png", "new_fuchsin", {"probable": 1}, ISOTYPE),
    # P07 again: the file ends half way.
    Slide("P07_marrow_repeat", "cytokeratin.svs", "new_fuchsin", {"tumour": 1}, truncated=True),
    # P08, DCIS: a tumour cell and a probable one, without an isotype control.
    Slide("P08_marrow", "cytokeratin.tif", "aec", {"tumour": 1, "probable": 1}),
)


def write_marrow_demo(folder: Path) -> None:
    """Write the marrow slides and their truth, telling how far it is.

    Parameters
    ----------
    folder : Path
        Where to: the slides go to `folder/dtc/<specimen>`.
    """
    start, rows = perf_counter(), []
    for number, slide in enumerate(SLIDES, start=1):
        since = perf_counter()
        made = {**USUAL, "seed": 5000 + number, "chromogen": slide.chromogen}
        parameters = MarrowParameters(**{**made, **slide.cells, **slide.changes})
        image = folder / "dtc" / slide.specimen_id / slide.file
        written = write_marrow(image, parameters)
        kinds = written.truth["kind"].value_counts()
        counts = {kind: int(kinds.get(kind, 0)) for kind in ("tumour_cell", "probable")}
        if slide.truncated:
            with image.open("r+b") as file:
                file.truncate(image.stat().st_size // 2)
        rows.append(
            {
                "specimen_id": slide.specimen_id, "slide_id": slide.file.split(".")[0],
                **counts, "nuclei": written.nuclei,
            }
        )  # fmt: skip
        told = f"{counts['tumour_cell']} tumour cells among {written.nuclei} nuclei"
        told += ", truncated on purpose" if slide.truncated else ""
        spent = perf_counter() - since
        print(
            f"[{number:2d}/{len(SLIDES)}] {slide.specimen_id:<17} {slide.file:<19} {told}"
            f" ({spent:.1f} s)",
            flush=True,
        )
    write_table(folder / "dtc" / "counts.tsv", pd.DataFrame(rows))
    print(f"simulated {len(rows)} marrow slides in {perf_counter() - start:.0f} s")
