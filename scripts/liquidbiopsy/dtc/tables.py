"""Columns of the DTC assay's detail tables."""

from __future__ import annotations

import pyarrow as pa

from liquidbiopsy.core.reviews import REVIEW_METRICS
from liquidbiopsy.core.tables import Table, column, flag, real, text, whole

STAINED, ISOTYPE = "stained", "isotype_control"

TUMOUR_CELL, PROBABLE, HAEMATOPOIETIC = "tumour_cell", "probable", "haematopoietic"
SQUAMOUS, DEGENERATED, ARTEFACT, UNCERTAIN = "squamous", "degenerated", "artefact", "uncertain"
CALLS = (TUMOUR_CELL, PROBABLE, HAEMATOPOIETIC, SQUAMOUS, DEGENERATED, ARTEFACT, UNCERTAIN)

PLACE = (
    column("specimen_id", text, "Specimen", nullable=False),
    column("slide_id", text, "Slide as dtc.tsv names it", nullable=False),
    column(
        "cell_id", text, "Name made from slide and place of the object, not from its order",
        nullable=False,
    ),
    column("role", text, "Role of the slide: `stained` or `isotype_control`", nullable=False),
    column("x_px", real, "Centre on the slide at full resolution, from its left edge", "[px]",
           nullable=False),
    column("y_px", real, "Centre on the slide at full resolution, from its top edge", "[px]",
           nullable=False),
    column("evaluated", flag, "Whether it lies in the part of the slide that is evaluated; others "
           "are not counted", nullable=False),
)  # fmt: skip

CALL = (
    column("call", text, "What the object counts as: the last review, else the automatic call",
           nullable=False),
    column("auto_call", text, "Call of the gates", nullable=False),
    column("confidence", real, "How far inside the gate, 0.5 at its edge to 1"),
    column("reviewer", text, "Who made the review that counts"),
    column("review_reason", text, "Reason given in that review"),
)  # fmt: skip

FEATURES = (
    column("nuclei", whole, "Number of nuclei in or under the stain"),
    column("area_um2", real, "Area of the object, stain and nuclei together", "um2"),
    column("nucleus_area_um2", real, "Area of its largest nucleus, 0 without one", "um2"),
    column("nucleus_ratio", real, "Area of its largest nucleus over the median nucleus of the "
           "slide"),
    column("median_nucleus_ratio", real, "Median area of its nuclei over the same: about 1 where "
           "they are of cells that only lie under it; 0 without one"),
    column("nc_ratio", real, "Area of all its nuclei over its area, 0 to 1"),
    column("nucleus_od", real, "Mean optical density of haematoxylin in its nuclei, over the "
           "background; 0 without one"),
    column("stain_area_um2", real, "Stained area", "um2"),
    column("stain_mean_od", real, "Mean optical density of the chromogen in the stained area, over "
           "the background"),
    column("stain_max_od", real, "98th percentile of the same"),
    column("stain_snr", real, "Mean optical density of the chromogen in robust standard deviations "
           "of the background"),
    column("stain_cv", real, "Standard deviation over mean of the chromogen's density in the "
           "stained area: small where the stain is even"),
    column("filament", real, "Share of the variance of the chromogen's density that lies in thin "
           "lines, 0 to 1"),
    column("vacuoles", real, "Share of the object that is unstained holes off the nuclei, 0 to 1"),
    column("stain_over_nucleus", real, "Share of the nuclear area that is stained, 0 to 1"),
    column("stain_coverage", real, "Share of the object that is stained, 0 to 1"),
    column("stains_together", real, "Correlation of the densities of the two stains over the "
           "object, -1 to 1: near 1 where it is black, as dirt is"),
    column("least_haematoxylin", real, "Density of haematoxylin over that of the chromogen, 20th "
           "percentile over the stained area: high in what is grey, which has both everywhere"),
    column("blackness", real, "Median over the stained area of the optical density in the colour "
           "that passes best: what is high takes all colours away"),
    column("roundness", real, "4π area / perimeter² of the object; 1 for a disc"),
    column("eccentricity", real, "Eccentricity of the ellipse of equal moments, 0 to 1"),
    column("nucleus_roundness", real, "4π area / perimeter² of the largest nucleus; 0 without one"),
    column("colour_angle", real, "Angle between the object's optical density and what the slide's "
           "two stains can make", "deg"),
    column("edge", flag, "Whether it touches the edge of the image"),
)  # fmt: skip

ORDER = ("specimen_id", "slide_id", "y_px", "x_px")

OBJECTS = Table(
    name="objects",
    row="one stained object with what was measured of it, before any call",
    columns=(
        *PLACE,
        *FEATURES,
        column("outline", pa.list_(real), "Outline on the slide at full resolution: x and y of "
               "each corner in turn, the last joined to the first", "[px]", nullable=False),
    ),
    order=ORDER,
)  # fmt: skip

CELLS = Table(
    name="cells",
    row="one stained object: a cell, a cluster, debris",
    columns=(*PLACE, *CALL, *FEATURES),
    order=ORDER,
)

SLIDES = Table(
    name="slides",
    row="one slide of a specimen and how reading it went",
    columns=(
        column("specimen_id", text, "Specimen", nullable=False),
        column("slide_id", text, "Slide as dtc.tsv names it", nullable=False),
        column("image", text, "Image as dtc.tsv names it", nullable=False),
        column("chromogen", text, "Chromogen as dtc.tsv names it", nullable=False),
        column("role", text, "`stained` or `isotype_control`", nullable=False),
        column("status", text, "`measured`, `inadequate` or `failed`", nullable=False),
        column("reason", text, "Why it failed or is inadequate"),
        column("scored", flag, "Whether stained cells were looked for: not where the stain is not "
               "that of tumour cells in marrow", nullable=False),
        column("remarks", pa.list_(text), "What else a reader should know: colours that were not "
               "estimated, a white that was assumed", nullable=False),
        column("width_px", whole, "Width", "[px]"),
        column("height_px", whole, "Height", "[px]"),
        column("pixel_size_um", real, "Edge of a pixel", "um"),
        column("working_um", real, "Edge of a pixel at which nuclei were counted", "um"),
        column("mnc", real, "Nuclei in the evaluated area", "{cells}"),
        column("mnc_low", real, "Lower limit of the 95 % interval of `mnc`", "{cells}"),
        column("mnc_high", real, "Upper limit of the 95 % interval of `mnc`", "{cells}"),
        column("mnc_repeat_error", real, "Relative difference between counts of the same ground at "
               "shifted tilings"),
        column("nucleus_area_um2", real, "Median area of a single nucleus", "um2"),
        column("cells_mm2", real, "Area with cells", "mm2"),
        column("evaluated_mm2", real, "Part of it that is evaluated", "mm2"),
        column("white", pa.list_(real), "Red, green and blue of clear glass, 0 to 255"),
        column("haematoxylin", pa.list_(real), "Colour of haematoxylin: unit optical density in "
               "red, green and blue"),
        column("stain", pa.list_(real), "Colour of the chromogen, likewise"),
        column("overview", pa.binary(), "JPEG file: the slide reduced"),
        column("overview_scale", real, "Pixels of the slide in one of the overview"),
        column("simulated", flag, "Whether the file says that its data are simulated",
               nullable=False),
    ),
    order=("specimen_id", "slide_id"),
)  # fmt: skip

CROPS = Table(
    name="crops",
    row="the picture of one stained object",
    columns=(
        column("specimen_id", text, "Specimen", nullable=False),
        column("cell_id", text, "Cell", nullable=False),
        column("height", whole, "Height of the picture", "[px]", nullable=False),
        column("width", whole, "Width of the picture", "[px]", nullable=False),
        column("pixel_size_um", real, "Edge of a pixel", "um", nullable=False),
        column("colour", pa.binary(), "Red, green and blue by pixels and rows, 8 bit",
               nullable=False),
        column("cytokeratin", pa.binary(), "Optical density of the chromogen in hundredths over 0, "
               "by rows, 8 bit", nullable=False),
        column("haematoxylin", pa.binary(), "Optical density of haematoxylin, likewise",
               nullable=False),
    ),
    order=("specimen_id", "cell_id"),
)  # fmt: skip

TABLES = (OBJECTS, CELLS, SLIDES, CROPS)

PER_MILLION = "10*-6"
ANALYTES = {
    "dtc_count": (
        PER_MILLION,
        "Disseminated tumour cells per million evaluated mononuclear cells: objects called "
        "`tumour_cell`, and `probable` ones where the isotype control has no stained cell. `count` "
        "is the raw count, `denominator` the cells it stands over",
    ),
    "dtc_probable_count": (
        PER_MILLION,
        "Objects called `probable`, counted in `dtc_count` or not; `reason` says which, and why",
    ),
    "mnc_evaluated": (
        "{cells}",
        "Nuclei in the evaluated area of all stained slides, with the interval that repeated "
        "counts of the same ground give (of slides on which no cell was scored only where there "
        "is no other); of the isotype control with `isotype_control` as `target`",
    ),
    "isotype_stained_count": (
        "{cells}",
        "Stained cells on the isotype control, over its mononuclear cells",
    ),
}
"""Analyte -> unit, and what it is."""

METRICS = {
    "readable": ("a slide", "1", "Whether the slide could be read, 1 or 0"),
    "pixel_size": (
        "a slide",
        "um",
        "Pixel size in the file, where the settings (`limit`) give one too; passes within 2 %",
    ),
    "evaluated_share": (
        "a slide",
        "1",
        "Share of the area with cells that is evaluated; the limit is `min_evaluated`",
    ),
    "stained_share": (
        "a slide",
        "1",
        "Share of the area with cells that is stained; the limit is `max_stained`",
    ),
    "diffuse_stain": (
        "a slide",
        "1",
        "Median optical density of the chromogen between the cells; the limit is `max_diffuse_od`",
    ),
    "nuclei": ("a slide", "{cells}", "Nuclei found on all of it, evaluated or not"),
    "mnc": ("a slide", "{cells}", "Nuclei in its evaluated area"),
    "mnc_repeat_error": (
        "a slide",
        "1",
        "Relative difference between counts of the same ground at shifted tilings",
    ),
    "stain_angle": (
        "a slide",
        "deg",
        "Angle between the estimated and the reference colour of the chromogen, where it was "
        "estimated; the limit is `max_angle`",
    ),
    "haematoxylin_angle": ("a slide", "deg", "The same of haematoxylin"),
    "focus": (
        "a tile, as `<slide>:<row>-<column>`",
        "1",
        "Median over its squares with cells of the share of detail that is fine; the limit is "
        "`min_focus`; a tile without cells has no row",
    ),
    "evaluated": ("a tile", "1", "Share of its area with cells that is evaluated"),
    "simulated": ("a slide", "1", "1 where the file says that its data are simulated"),
    "mnc_evaluated": (
        "`specimen`",
        "{cells}",
        "Nuclei evaluated on all stained slides; the limit is `min_mnc`",
    ),
    "isotype_clear": (
        "`isotype_control`",
        "1",
        "1 where the control has no stained cell, 0 where it has; null without a control",
    ),
    **REVIEW_METRICS,
}
"""Metric of the quality table -> item that it is of, unit, and what it is."""
