"""Circulating tumour cells with scikit-image: what a user would write in an afternoon.

The yardstick of `ctc_speed.py`. It does the usual steps with the usual calls, each once: smooth,
take the background away, threshold, split touching nuclei by a distance-transform watershed,
`regionprops_table` over all channels, thresholds in robust standard deviations.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage import feature, filters, measure, morphology, segmentation

Image = NDArray[np.floating]
Labels = NDArray[np.integer]

SMOOTH_UM = 0.6
BACKGROUND_UM = 20.0
LOCAL_UM = 20.0
CYTOPLASM_UM = 2.0  # how far a cell reaches beyond its nucleus
PROPERTIES = (
    "label",
    "area",
    "centroid",
    "eccentricity",
    "perimeter",
    "intensity_mean",
    "intensity_max",
    "intensity_std",
)


def subtract_background(image: NDArray, pixel_size_um: float) -> tuple[Image, float]:
    """Smoothed image without its background, and the robust sd of what is left."""
    image = image.astype(np.float32)
    smooth = filters.gaussian(image, SMOOTH_UM / pixel_size_um, preserve_range=True)
    smooth -= filters.gaussian(image, BACKGROUND_UM / pixel_size_um, preserve_range=True)
    smooth -= np.median(smooth)
    # below the median there are no cells, only noise
    sd = 1.4826 * float(np.median(-smooth[smooth < 0])) if (smooth < 0).any() else 1.0
    return smooth, max(sd, 1e-3)


def foreground(flat: Image, sd: float, pixel_size_um: float, least_um2: float) -> NDArray[np.bool_]:
    """Pixels above Otsu's threshold (never below 4 sd), without specks and holes."""
    mask = flat > max(4 * sd, 0.8 * filters.threshold_otsu(flat))
    mask = ndi.binary_fill_holes(morphology.opening(mask, morphology.disk(1)))
    least = max(4, int(least_um2 / pixel_size_um**2))
    return morphology.remove_small_objects(mask, max_size=least)


def split_touching(mask: NDArray[np.bool_], pixel_size_um: float) -> Labels:
    """Label objects, touching ones split at the necks of the distance transform."""
    depth = filters.gaussian(ndi.distance_transform_edt(mask), 1.0 / pixel_size_um)
    peaks = feature.peak_local_max(
        depth,
        min_distance=max(2, round(3.0 / pixel_size_um)),
        labels=measure.label(mask),
        exclude_border=False,
    )
    seeds = np.zeros(mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return segmentation.watershed(-depth, seeds, mask=mask)


def segment_nuclei(image: NDArray, pixel_size_um: float) -> Labels:
    """Nuclei of one plane as a label image, 0 is background."""
    return _nuclei(*subtract_background(image, pixel_size_um), pixel_size_um)


def _nuclei(flat: Image, sd: float, pixel_size_um: float) -> Labels:
    mask = foreground(flat, sd, pixel_size_um, least_um2=12.0)
    block = 2 * round(LOCAL_UM / pixel_size_um / 2) + 1
    mask &= flat > filters.threshold_local(flat, block)
    return split_touching(mask, pixel_size_um)


def find_events(
    frame: NDArray,
    channels: list[str],
    pixel_size_um: float,
    snr_positive: float = 4.0,
    snr_negative: float = 3.0,
) -> pd.DataFrame:
    """Events of one frame (channels, rows, columns), with their calls and measures."""
    flat, sd = {}, {}
    for name, plane in zip(channels, frame, strict=True):
        flat[name], sd[name] = subtract_background(plane, pixel_size_um)
    nuclei = _nuclei(flat["nucleus"], sd["nucleus"], pixel_size_um)
    stained = foreground(flat["cytokeratin"], sd["cytokeratin"], pixel_size_um, least_um2=4.0)
    stained = measure.label(stained)
    cells = segmentation.expand_labels(nuclei, CYTOPLASM_UM / pixel_size_um)

    stack = np.stack([flat[name] for name in channels], axis=-1)
    table = _measure(cells, stack, channels, sd, pixel_size_um)
    is_tumour = (table["cytokeratin_snr"] > snr_positive) & (table["leukocyte_snr"] <= snr_negative)
    is_leukocyte = (table["leukocyte_snr"] > snr_negative) & ~is_tumour
    table["call"] = np.select([is_tumour, is_leukocyte], ["ctc", "leukocyte"], "bare_nucleus")
    table["nuclei"] = 1

    # a cytokeratin object is the tumour cell, or the cluster, whose nuclei lie in it
    pairs = pd.DataFrame({"nucleus": cells.ravel(), "stain": stained.ravel()})
    pairs = pairs[(pairs["nucleus"] > 0) & (pairs["stain"] > 0)]
    most = pairs.value_counts().reset_index().drop_duplicates("nucleus")
    table = table.merge(most, how="left", left_on="label", right_on="nucleus")
    table = _join_clusters(table)
    without = np.setdiff1d(np.arange(1, stained.max() + 1), pairs["stain"])
    fragments = _measure(
        np.where(np.isin(stained, without), stained, 0), stack, channels, sd, pixel_size_um
    )
    fragments["call"], fragments["nuclei"] = "tdev", 0
    return pd.concat([table.drop(columns=["nucleus", "stain", "count"]), fragments])


def _join_clusters(table: pd.DataFrame) -> pd.DataFrame:
    """Tumour cells of one cytokeratin object become one event, at their mean place."""
    tumour = (table["call"] == "ctc") & table["stain"].notna()
    together = table[tumour].groupby("stain")
    clusters = together.mean(numeric_only=True)
    clusters["nuclei"] = together.size()
    clusters["area_um2"] = together["area_um2"].sum()
    clusters["call"] = np.where(clusters["nuclei"] > 1, "ctc_cluster", "ctc")
    return pd.concat([table[~tumour], clusters.reset_index()], ignore_index=True)


def _measure(
    labels: Labels,
    stack: Image,
    channels: list[str],
    sd: dict[str, float],
    pixel_size_um: float,
) -> pd.DataFrame:
    found = measure.regionprops_table(labels, stack, properties=PROPERTIES)
    names = {"centroid-0": "y_px", "centroid-1": "x_px", "area": "area_um2"}
    for index, name in enumerate(channels):
        for what in ("mean", "max", "std"):
            names[f"intensity_{what}-{index}"] = f"{name}_{what}"
    table = pd.DataFrame(found).rename(columns=names)
    table["area_um2"] *= pixel_size_um**2
    for name in channels:
        table[f"{name}_snr"] = table[f"{name}_mean"] / sd[name]
    return table


def own_part(
    events: pd.DataFrame, shape: tuple[int, int], place: tuple[int, int], overlap_px: int
) -> pd.DataFrame:
    """Drop events that the frame to the left or above has as well."""
    row, column = place
    seen = (events["x_px"] < overlap_px / 2) & (column > 0)
    seen |= (events["y_px"] < overlap_px / 2) & (row > 0)
    seen |= events["x_px"] >= shape[1] - overlap_px / 2
    seen |= events["y_px"] >= shape[0] - overlap_px / 2
    return events[~seen]


def run(
    folder: Path | str,
    channels: list[str] | None = None,
    pixel_size_um: float = 0.64,
    columns: int = 1,
    order: str = "raster",
    overlap_px: int = 0,
    pattern: str = "*.tif",
) -> pd.DataFrame:
    """Events of a folder of multi-page TIFFs, one a frame.

    Parameters
    ----------
    folder
        Where the frames are, in the order of their names.
    channels
        Names of the pages: `nucleus`, `cytokeratin` and `leukocyte` are needed.
    pixel_size_um
        Width of a pixel.
    columns, order
        Frames in a row of the stage, and its way over them: `raster` or `serpentine`.
    overlap_px
        Pixels that neighbouring frames share; of these each keeps its half.
    """
    channels = channels or ["nucleus", "cytokeratin", "leukocyte"]
    tables = []
    for number, path in enumerate(sorted(Path(folder).glob(pattern))):
        frame = tifffile.imread(path)
        events = find_events(frame, channels, pixel_size_um)
        row, column = divmod(number, columns)
        if order == "serpentine" and row % 2:
            column = columns - 1 - column
        height, width = frame.shape[1:]
        if overlap_px:
            events = own_part(events, (height, width), (row, column), overlap_px)
        events = events.assign(
            frame=number,
            x_um=(column * (width - overlap_px) + events["x_px"]) * pixel_size_um,
            y_um=(row * (height - overlap_px) + events["y_px"]) * pixel_size_um,
        )
        tables.append(events)
    return pd.concat(tables, ignore_index=True)
