"""What the reports say, in the terminal: `python -m liquidbiopsy.report.summary results`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.core.settings import read_yaml
from liquidbiopsy.core.tables import FAILED, INADEQUATE
from liquidbiopsy.core.words import number, plain, signed_day
from liquidbiopsy.report.sections import marker_of

HEADER = ("patient", "day", "visit", "assay", "result", "95 % CI", "in", "markers", "status")
TO_THE_RIGHT = (1, 4, 6)
LONGEST_REASON = 60
ASSAYS = Path(__file__).resolve().parents[3] / "workflow" / "assays"


def main(arguments: Sequence[str]) -> int:
    """Print the reports' places and the table; 1 where the cohort's table is not there."""
    results = Path(arguments[0] if arguments else "results")
    table = results / "cohort" / "report.parquet"
    if not table.is_file():
        print(f"{table} is not there; has the workflow run to its end?", file=sys.stderr)
        return 1
    rows = read_table(table).to_pylist()
    print(aligned([HEADER, *lines(rows, headlines())]))
    print()
    for patient in dict.fromkeys(row["patient_id"] for row in rows):
        print(f"  {results}/reports/{patient}/report.html")
    for page in ("cohort/index.html", "run/quality.html", "run/excluded.tsv"):
        print(f"  {results}/{page}")
    return 0


def headlines() -> dict[str, list[str]]:
    """What each assay that ships with the workflow puts on a timeline, the most telling first."""
    declared = {path.parent.name: read_yaml(path) for path in sorted(ASSAYS.glob("*/assay.yaml"))}
    return {name: [a["analyte"] for a in own.get("timeline", [])] for name, own in declared.items()}


def lines(
    rows: Sequence[Mapping[str, Any]], first: Mapping[str, Sequence[str]] | None = None
) -> list[tuple[str, ...]]:
    """A line for each specimen: the count of its assay, or what `first` names, or what there is.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of report.parquet, sorted as they are there.
    first : mapping, optional
        Assay -> analytes that are shown before others.
    """
    found = []
    for _, same in groupby(rows, key=lambda r: (r["patient_id"], r["day"], r["specimen_id"])):
        of_specimen = list(same)
        assay = of_specimen[0]["assay"]
        named = [f"{assay}_count", *(first or {}).get(assay, [])]
        own = ([r for r in of_specimen if r["analyte"] == name] for name in named)
        counts = next(filter(None, own), [])
        row = min(counts or of_specimen, key=lambda r: r["target"] is not None)
        found.append(_line(row, of_specimen))
    return found


def _line(row: Mapping[str, Any], of_specimen: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    interval = ""
    if row["ci_low"] is not None and row["ci_high"] is not None:
        interval = f"{number(row['ci_low'])}–{number(row['ci_high'])}"
    status = row["status"]
    if status in (FAILED, INADEQUATE) and row["reason"]:
        reason = " ".join(row["reason"].split())
        long = len(reason) > LONGEST_REASON
        status += ": " + (reason[: LONGEST_REASON - 1] + "…" if long else reason)
    return (
        row["patient_id"],
        signed_day(row["day"]),
        row["visit"] or "",
        row["assay"] + (f" ({row['target']})" if row["target"] else ""),
        number(row["value"]),
        interval,
        number(row["denominator"]),
        ", ".join(filter(None, map(_marker, of_specimen))),
        status,
    )


def _marker(row: Mapping[str, Any]) -> str:
    """`HER2 positive`, or blank where the row is not the usable status of a marker."""
    name = marker_of(row)
    if name is None or row["value"] is None or row["status"] in (FAILED, INADEQUATE):
        return ""
    return f"{plain(name)} {'positive' if row['value'] else 'negative'}"


def aligned(table: Sequence[Sequence[str]]) -> str:
    """Rows of text as columns of equal width, numbers to the right."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    out = []
    for row in table:
        cells = [
            cell.rjust(width) if i in TO_THE_RIGHT else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        out.append("  ".join(cells).rstrip())
    return "\n".join(out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
