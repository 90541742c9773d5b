"""Files that cBioPortal loads: a timeline of what was measured, and segments of copy number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from liquidbiopsy.core.words import plain

Row = Mapping[str, Any]

TIMELINE = (
    *("PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE", "TEST", "RESULT", "UNIT"),
    *("CI_LOW", "CI_HIGH", "STATUS", "SPECIMEN_ID"),
)
SEGMENTS = ("ID", "chrom", "loc.start", "loc.end", "num.mark", "seg.mean")


def timeline(observations: Iterable[Row]) -> str:
    """A line an observation, tab-separated; days from the index date as START_DATE."""
    lines = ["\t".join(TIMELINE)]
    for row in observations:
        of = f" {row['target']}" if row["target"] else ""
        about = (row["patient_id"], row["day"], None, "LAB_TEST", plain(row["analyte"]) + of)
        result = (row["value"], row["unit"], row["ci_low"], row["ci_high"])
        lines.append(_line((*about, *result, row["status"], row["specimen_id"])))
    return "\n".join(lines) + "\n"


def segments(rows: Iterable[Row]) -> str:
    """A line a segment, of plasma as `specimen.library`, of single cells as `specimen.cell`.

    The start is 1-based, as the format has it; a segment without a log2 ratio is left out, since
    copies alone do not give one. `num.mark` is the number of bins.
    """
    lines = ["\t".join(SEGMENTS)]
    for row in rows:
        log2 = row.get("log2")
        if log2 is None:
            continue
        part = row.get("library_id") or row.get("cell_id")
        name = ".".join(filter(None, (row["specimen_id"], part)))
        chrom = str(row["chrom"]).removeprefix("chr")
        lines.append(_line((name, chrom, row["start"] + 1, row["end"], row.get("bins"), log2)))
    return "\n".join(lines) + "\n"


def meta(study: str, data_file: str, segmented: bool, build: str = "hg38") -> str:
    """The text file that tells cBioPortal of a data file."""
    fields = {"cancer_study_identifier": study, "data_filename": data_file}
    if segmented:
        fields |= {"genetic_alteration_type": "COPY_NUMBER_ALTERATION", "datatype": "SEG"}
        fields |= {"reference_genome_id": build, "description": "Copy number segments"}
    else:
        fields |= {"genetic_alteration_type": "CLINICAL", "datatype": "TIMELINE"}
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def _line(cells: Iterable[object]) -> str:
    """Cells as text, free of tabs and line ends."""
    return "\t".join("" if c is None else " ".join(str(c).split()) for c in cells)
