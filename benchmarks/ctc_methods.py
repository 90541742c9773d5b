"""The ways to find tumour cells that are compared, behind one signature."""

# each imports its own libraries, so that none carries the others' memory
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tifffile

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

SCHEMA = Path(__file__).resolve().parents[1] / "workflow/assays/ctc/config.schema.yaml"


@dataclass(frozen=True)
class Given:
    """A folder of multi-page TIFFs, one a frame, and what there is to know about it."""

    folder: str
    channels: tuple[str, ...]
    pixel_size_um: float
    frame_shape: tuple[int, int]
    n_frames: int
    columns: int
    order: str = "raster"
    overlap_px: int = 0
    layout: str = "frames"

    @property
    def mpx(self) -> float:
        """Positions on the slide in millions of pixels, each seen in every channel."""
        return self.n_frames * self.frame_shape[0] * self.frame_shape[1] / 1e6


def decode(given: Given) -> None:
    """Read all frames and do nothing with them."""
    for path in sorted(Path(given.folder).glob("*.tif")):
        tifffile.imread(path)


def plain(given: Given) -> pd.DataFrame:
    """The straightforward scikit-image pipeline."""
    from benchmarks import ctc_plain

    return ctc_plain.run(
        given.folder,
        list(given.channels),
        given.pixel_size_um,
        given.columns,
        given.order,
        given.overlap_px,
    )


def ours(given: Given) -> pd.DataFrame:
    """The workflow's own detection, portable gates and grades, all as they come by default."""
    import pandas as pd

    from liquidbiopsy.core.gates import call_events, resolve_gates
    from liquidbiopsy.core.settings import read_yaml, with_defaults
    from liquidbiopsy.ctc.detect import detect_image
    from liquidbiopsy.ctc.features import features
    from liquidbiopsy.ctc.markers import grade, marker_settings

    schema = read_yaml(SCHEMA)
    platform = {
        **{"layout": given.layout, "channels": list(given.channels), "columns": given.columns},
        **{"pixel_size_um": given.pixel_size_um, "overlap_px": given.overlap_px},
        **{"order": given.order},
    }
    settings = with_defaults({"platforms": {"bench": platform}}, schema)
    item = {"specimen_id": "S1", "image": given.folder, "platform": "bench", "role": "sample"}
    found = detect_image(item, settings["platforms"]["bench"], settings, "slide", threads=1)
    n = len(found.columns.get("x_um", ()))
    columns = {name: found.columns.get(name, [float("nan")] * n) for name in features([])}
    calls, _ = call_events(resolve_gates("portable", "ctc"), columns, n)
    more = {name: found.columns[name] for name in ("x_um", "y_um")} if n else {}
    graded = marker_settings(settings, schema)
    for marker, how in graded.items() if n else ():
        more[f"{marker}_grade"] = grade(found.columns[f"{marker}_{how['measure']}"], how["grades"])
    names = ["call", "x_um", "y_um", *(f"{marker}_grade" for marker in graded)]
    return pd.DataFrame({"call": calls, **more}, columns=names)


def plain_nuclei(image: NDArray[np.generic], pixel_size_um: float) -> NDArray[np.integer]:
    """Nuclei of one plane, as labels, by the scikit-image pipeline."""
    from benchmarks import ctc_plain

    return ctc_plain.segment_nuclei(image, pixel_size_um)


def ours_nuclei(image: NDArray[np.generic], pixel_size_um: float) -> NDArray[np.integer]:
    """The workflow's own nuclei of one plane, as labels."""
    from liquidbiopsy.core.settings import read_yaml, with_defaults
    from liquidbiopsy.ctc.events import Scale, find_events, frame_surfaces

    platform = {"layout": "stack", "channels": ["nucleus"]}
    settings = with_defaults({"platforms": {"bench": platform}}, read_yaml(SCHEMA))
    scale = Scale.of(settings["detection"], pixel_size_um)
    surfaces = frame_surfaces({"nucleus": image}, {}, scale.square_px)
    return find_events(image, None, surfaces, scale).nuclei.labels


# from a slide to events with call, x_um, y_um (or to nothing)
METHODS: dict[str, Callable[[Given], pd.DataFrame | None]] = {
    "decode": decode,
    "plain": plain,
    "ours": ours,
}
# from a plane and its pixel size to labels
NUCLEI: dict[str, Callable[[NDArray[np.generic], float], NDArray[np.integer]]] = {
    "plain": plain_nuclei,
    "ours": ours_nuclei,
}
