"""Columns of the CTC assay's detail tables; those of a channel repeat for every channel's name."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from liquidbiopsy.core.reviews import REVIEW_METRICS
from liquidbiopsy.core.tables import Table, column, flag, real, text, whole

CALLS = ("ctc", "ctc_cluster", "leukocyte", "tdev", "bare_nucleus", "artefact", "uncertain")

PLACE = (
    column("specimen_id", text, "Specimen", nullable=False),
    column(
        "cell_id", text, "Name made from the place of the event, not from its order", nullable=False
    ),
    column("image", text, "Image as ctc.tsv names it", nullable=False),
    column("role", text, "`sample`, `control_high` or `control_low`", nullable=False),
    column(
        "frame",
        whole,
        "Number of the frame in the order of the files, from 0; 0 where there is one",
        nullable=False,
    ),
    column("x_px", real, "Centre in the frame, from its left edge", "[px]", nullable=False),
    column("y_px", real, "Centre in the frame, from its top edge", "[px]", nullable=False),
    column(
        "x_um",
        real,
        "Centre on the slide; frames without a grid lie side by side",
        "um",
        nullable=False,
    ),
    column("y_um", real, "Centre on the slide", "um", nullable=False),
)

CALL = (
    column(
        "call",
        text,
        "What the event counts as: the last review, else the automatic call",
        nullable=False,
    ),
    column("auto_call", text, "Call of the gates", nullable=False),
    column("confidence", real, "How far inside the gate, 0.5 at its edge to 1"),
    column("reviewer", text, "Who made the review that counts"),
    column("review_reason", text, "Reason given in that review"),
)

SHAPE = (
    column("nuclei", whole, "Number of nuclei", nullable=False),
    column("area_um2", real, "Area of the event", "um2", nullable=False),
    column("diameter_um", real, "Diameter of the circle of equal area", "um", nullable=False),
    column("eccentricity", real, "Eccentricity of the ellipse of equal moments, 0 to 1"),
    column("p2a", real, "Perimeter² / (4π area) of the event; 1 for a disc"),
    column("overlay", real, "Share of the nuclear area that has cytokeratin, 0 to 1"),
    column("edge", flag, "Whether the event touches the edge of what was imaged", nullable=False),
    column("nucleus_area_um2", real, "Area of the nuclei", "um2", nullable=False),
    column("nucleus_p2a", real, "Perimeter² / (4π area) of the largest nucleus"),
    column("nucleus_eccentricity", real, "Eccentricity of the largest nucleus"),
    column("cytokeratin_area_um2", real, "Area with cytokeratin", "um2", nullable=False),
    column("cytokeratin_p2a", real, "Perimeter² / (4π area) of the cytokeratin"),
    column("cytokeratin_eccentricity", real, "Eccentricity of the cytokeratin"),
)  # fmt: skip

MEASURES = (
    ("mean", "Mean over the event, background taken off", "{counts}"),
    ("max", "Maximum over the event, background taken off", "{counts}"),
    ("sum", "Sum over the event, background taken off", "{counts}"),
    ("sd", "Standard deviation over the event", "{counts}"),
    (
        "snr",
        "Mean over local background, in robust standard deviations of the background; of leukocyte "
        "what 7 in 10 sectors exceed, without a neighbour's glow; of markers so with the sectors' "
        "upper quartiles, as a membrane's brightness counts",
        "1",
    ),
)

OBJECTS = Table(
    name="objects",
    row="one event with what was measured of it, before any call",
    columns=(*PLACE, *SHAPE),
    order=("specimen_id", "image", "frame", "y_px", "x_px"),
)

CELLS = Table(
    name="cells",
    row="one event: a cell, a cluster, a vesicle, debris",
    columns=(*PLACE, *CALL, *SHAPE),
    order=("specimen_id", "image", "frame", "y_px", "x_px"),
)

IMAGES = Table(
    name="images",
    row="one image of a specimen and how reading it went",
    columns=(
        column("specimen_id", text, "Specimen", nullable=False),
        column("image", text, "Image as ctc.tsv names it", nullable=False),
        column("platform", text, "Platform", nullable=False),
        column("role", text, "`sample`, `control_high` or `control_low`", nullable=False),
        column("status", text, "`measured` or `failed`", nullable=False),
        column("reason", text, "Why it failed, or which frames were lost"),
        column("frames", whole, "Frames that the image should have"),
        column(
            "frames_lost", whole, "Frames missing, unreadable, out of focus, saturated or blank"
        ),
        column("pixel_size_um", real, "Edge of a pixel", "um"),
        column("markers", pa.list_(text), "Channels beside nucleus, cytokeratin and leukocyte"),
        column("simulated", flag, "Whether the file says that its data are simulated"),
    ),
    order=("specimen_id", "image"),
)


def channel_columns(channels: Iterable[str]) -> list[pa.Field]:
    """The measures of each channel as Arrow fields, channel by channel."""
    return [
        column(f"{channel}_{name}", real, f"{channel}: {words}", unit)
        for channel in channels
        for name, words, unit in MEASURES
    ]


def grade_columns(markers: Iterable[str]) -> list[pa.Field]:
    """The grade of each marker as Arrow fields."""
    words = "0 to 3 by the thresholds in the settings; null where the event is not a tumour cell"
    return [column(f"{marker}_grade", whole, f"{marker}: {words}") for marker in markers]


CROPS = Table(
    name="crops",
    row="one channel of the picture of one event with cytokeratin",
    columns=(
        column("specimen_id", text, "Specimen", nullable=False),
        column("cell_id", text, "Cell", nullable=False),
        column("channel", text, "Channel", nullable=False),
        column("place", whole, "Place of the channel in the platform's order", nullable=False),
        column("height", whole, "Height of the picture", "[px]", nullable=False),
        column("width", whole, "Width of the picture", "[px]", nullable=False),
        column("pixel_size_um", real, "Edge of a pixel", "um"),
        column(
            "pixels",
            pa.binary(),
            "Counts over the background by rows, unsigned, 16 bit, little-endian",
            "{counts}",
        ),
    ),
    order=("specimen_id", "cell_id", "place"),
)

TABLES = (
    OBJECTS.with_columns(channel_columns(["<channel>"])),
    CELLS.with_columns(channel_columns(["<channel>"]) + grade_columns(["<marker>"])),
    IMAGES,
    CROPS,
)

ANALYTES = {
    "ctc_count": (
        "{cells}",
        "Circulating tumour cells: events called `ctc` or `ctc_cluster`, a cluster being one. "
        "`value` is the raw count and `denominator` the volume in ml that it stands over, since "
        "cut-offs are counts in a stated volume; the count of control cells has the control's "
        "role, `control_high` or `control_low`, as `target`",
    ),
    "ctc_cluster_count": ("{cells}", "Events called `ctc_cluster`; they are in `ctc_count` too"),
    "tdev_count": (
        "{cells}",
        "Tumour-derived vesicles: small cytokeratin objects without a nucleus",
    ),
    "ctc_<marker>_positive_count": (
        "{cells}",
        "Counted tumour cells whose grade of the marker is at least `positive_grade`",
    ),
    "ctc_<marker>_status": (
        "1",
        "1 where the marker's rule holds over the graded tumour cells, else 0. `target` is the "
        "rule and its version, `count` the positive of the `denominator` graded cells, `reason` "
        "the interval of their share; `inadequate` where there is no tumour cell to grade",
    ),
}
"""Analyte -> unit, and what it is."""

METRICS = {
    "readable": ("an image", "1", "Whether the image could be read, 1 or 0"),
    "frames": ("an image", "{frames}", "Frames that the image should have"),
    "frames_lost": (
        "an image",
        "{frames}",
        "Frames missing, unreadable, blank, saturated or out of focus; the limit is "
        "`max_lost_frames` of its frames",
    ),
    "pixel_size": (
        "an image",
        "um",
        "Pixel size in the file, where the settings (`limit`) give one too; passes within 2 %",
    ),
    "ctc_count": ("an image", "{cells}", "As the analyte, in this image"),
    "ctc_cluster_count": ("an image", "{cells}", "As the analyte, in this image"),
    "tdev_count": ("an image", "{cells}", "As the analyte, in this image"),
    "leukocyte_count": ("an image", "{cells}", "Events called `leukocyte` in this image"),
    "simulated": ("an image", "1", "1 where the file says that its data are simulated"),
    "present": ("a frame", "1", "0 for a frame that is missing or cannot be read"),
    "signal": ("a frame", "1", "0 where nucleus, cytokeratin or leukocyte is without a picture"),
    "focus": (
        "a frame",
        "1",
        "Share of the nuclear channel's detail that is fine, 0 to 1; null where there is too "
        "little to judge by, which passes; the limit is `min_focus`",
    ),
    "saturation": (
        "a frame",
        "1",
        "Largest share of saturated pixels in any channel; the limit is `max_saturated`",
    ),
    "focus:<channel>": ("a frame", "1", "The same of one channel, for information"),
    "saturation:<channel>": ("a frame", "1", "Share of one channel's pixels that are saturated"),
    "control_cells": ("a control's role", "{cells}", "Control cells found; passes in their range"),
    **REVIEW_METRICS,
}
"""Metric of the quality table -> item that it is of, unit, and what it is."""
