"""Arrow schemas of the tables all assays share: the single source of every column.

An assay describes its own detail tables in `liquidbiopsy/<assay>/tables.py` by the same means, and
docs/tables.md is generated from both.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

SCHEMA_VERSION = "1"

MEASURED, NOT_DETECTED, INADEQUATE, FAILED = "measured", "not_detected", "inadequate", "failed"
PROBLEMS = (FAILED, INADEQUATE)
"""States that are no result, the worst first."""


def column(
    name: str, kind: pa.DataType, description: str, unit: str = "1", *, nullable: bool = True
) -> pa.Field:
    """An Arrow field that carries its description and its UCUM unit."""
    return pa.field(
        name, kind, nullable=nullable, metadata={"description": description, "unit": unit}
    )


@dataclass(frozen=True)
class Table:
    """A kind of table: its name, what a row is, its columns, its sort order."""

    name: str
    row: str
    """What one row is."""
    columns: tuple[pa.Field, ...]
    order: tuple[str, ...] = ()
    """Columns that the rows are sorted by."""

    @property
    def schema(self) -> pa.Schema:
        """The columns as an Arrow schema, in the order in which they are written."""
        return pa.schema(self.columns)

    def with_columns(self, extra: list[pa.Field]) -> Table:
        """The same table with further columns at its end."""
        return Table(self.name, self.row, (*self.columns, *extra), self.order)


text, whole, real, flag = pa.string(), pa.int32(), pa.float64(), pa.bool_()

OBSERVATIONS = Table(
    name="observations",
    row="one statement of a specimen; `report.parquet` has the same columns",
    columns=(
        column("patient_id", text, "Pseudonym of the patient", nullable=False),
        column("specimen_id", text, "Specimen the statement rests on", nullable=False),
        column("assay", text, "Assay that made it", nullable=False),
        column("visit", text, "Label of the visit, as the sheet gives it"),
        column("day", whole, "Days from the patient's index date", "d", nullable=False),
        column("analyte", text, "What was looked for", nullable=False),
        column("target", text, "What the analyte is of, where there are several"),
        column(
            "status", text, "`measured`, `not_detected`, `inadequate` or `failed`", nullable=False
        ),
        column("value", real, "The result, in `unit`"),
        column("ci_low", real, "Lower limit of the 95 % interval, in `unit`"),
        column("ci_high", real, "Upper limit of the 95 % interval, in `unit`"),
        column("lod", real, "Limit of detection, in `unit`"),
        column("unit", text, "UCUM unit of value, interval and limit"),
        column("ci_method", text, "How the interval was computed"),
        column("count", real, "Raw count, never rescaled"),
        column(
            "denominator", real, "Volume in ml, or cells or molecules, that the count stands over"
        ),
        column("reason", text, "Why it is inadequate or failed; of a measured one, a remark"),
        column("source_table", text, "Detail table behind the value"),
        column("source_id", text, "Row or key in that table"),
    ),
    order=("patient_id", "day", "assay", "specimen_id", "analyte", "target"),
)

QUALITY = Table(
    name="quality",
    row="one measurement of how well an item of a specimen came out",
    columns=(
        column("specimen_id", text, "Specimen", nullable=False),
        column("item", text, "What was measured: a frame, a channel, an image", nullable=False),
        column("metric", text, "Name of the measurement", nullable=False),
        column("value", real, "Its value, in `unit`"),
        column("unit", text, "UCUM unit"),
        column("limit", real, "Bound from the settings, where there is one"),
        column("passed", flag, "Whether the bound is met; null where there is no bound"),
    ),
    order=("specimen_id", "item", "metric"),
)

DECISIONS = Table(
    name="decisions",
    row="one rule applied to one patient",
    columns=(
        column("patient_id", text, "Pseudonym of the patient", nullable=False),
        column("rule_id", text, "Rule", nullable=False),
        column("rule_version", text, "Version of the rule", nullable=False),
        column("rule_sha256", text, "Checksum of the rule's file", nullable=False),
        column("title", text, "What the rule tells"),
        column(
            "outcome",
            text,
            "What the rule says; `not_applicable` where it is not for the patient, `indeterminate` "
            "where something that it needs is not known",
            nullable=False,
        ),
        column("reason", text, "What the outcome rests on, or why there is none"),
        column(
            "inputs",
            pa.list_(pa.struct([("specimen_id", text), ("analyte", text)])),
            "Observations the rule used",
        ),
        column("day", whole, "Day of the newest of them, from the patient's index date", "d"),
        column("lead_time_days", whole, "Days between the two events that the rule names", "d"),
        column(
            "straddles",
            flag,
            "Whether the outcome is another one at an end of the 95 % interval of an observation; "
            "null where nothing was held against a cut-off",
        ),
        column("interval_note", text, "The same in words, with the interval"),
        column("evidence", text, "`positive`, `negative` or `prognostic_only`"),
        column("citation", text, "DOIs of the rule's sources"),
        column("caveat", text, "What to bear in mind"),
    ),
    order=("patient_id", "rule_id"),
)

THUMBNAILS = Table(
    name="thumbnails",
    row="one small picture of a cell, for galleries and reports",
    columns=(
        column("specimen_id", text, "Specimen", nullable=False),
        column("cell_id", text, "Cell", nullable=False),
        column("picture", text, "What it shows: a channel, `overlay`", nullable=False),
        column("png", pa.binary(), "PNG file"),
        column("pixel_size_um", real, "Edge of one pixel of the picture", "um"),
    ),
    order=("specimen_id", "cell_id"),
)

SHARED_TABLES = (OBSERVATIONS, QUALITY, DECISIONS, THUMBNAILS)
