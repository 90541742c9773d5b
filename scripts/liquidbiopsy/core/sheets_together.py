"""Sheets held against each other, and against the settings: what one alone cannot tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from liquidbiopsy.core.assay import Assay
from liquidbiopsy.core.errors import did_you_mean
from liquidbiopsy.core.paths import real_paths
from liquidbiopsy.core.sheets import Sheet, check_references


def check_shared(sheets: Mapping[str, Sheet], assays: Mapping[str, Assay], named: set[str]) -> None:
    """Check the sheets that all assays share; `named` are the assays that the settings name."""
    specimens = sheets["specimens"]
    for sheet, column in ((sheets["patients"], "patient_id"), (specimens, "specimen_id")):
        _check_case(sheet, column)
    check_references(specimens, "patient_id", sheets["patients"].values("patient_id"), "patients")
    check_references(specimens, "assay", named, "the settings' assays")
    if "events" in sheets:
        known = sheets["patients"].values("patient_id")
        check_references(sheets["events"], "patient_id", known, "patients")
    if "reviews" in sheets:
        reviews = sheets["reviews"]
        check_references(reviews, "specimen_id", specimens.values("specimen_id"), "specimens")
        assay_of = {row["specimen_id"]: row["assay"] for row in specimens.rows}
        for index, row in enumerate(reviews.rows):
            assay = assays.get(assay_of.get(row["specimen_id"], ""))
            if assay and row["call"] and row["call"] not in assay.calls:
                hint = did_you_mean(row["call"], assay.calls)
                reviews.report(
                    index, "call", f"'{row['call']}' is not a call of {assay.name}{hint}"
                )


def _check_case(sheet: Sheet, column: str) -> None:
    """Refuse IDs that differ by case alone: they would share a folder on some file systems."""
    first: dict[str, str] = {}
    for index, row in enumerate(sheet.rows):
        name = row[column]
        if name and first.setdefault(name.lower(), name) != name:
            message = f"'{name}' differs from '{first[name.lower()]}' by upper and lower case alone"
            sheet.report(index, column, message)


def check_own(
    sheet: Sheet, specimens: Sheet, assay: Assay, config: Mapping[str, Any], look: bool
) -> None:
    """Check an assay's sheet against the specimens and against the settings."""
    all_ids = specimens.values("specimen_id")
    mine = {r["specimen_id"] for r in specimens.rows if r["assay"] == assay.name}
    check_references(sheet, "specimen_id", all_ids, "specimens")
    others = all_ids - mine
    for index, row in enumerate(sheet.rows):
        if row["specimen_id"] in others:
            message = f"'{row['specimen_id']}' is a specimen of another assay"
            sheet.report(index, "specimen_id", message)
    described = {None, *sheet.values("specimen_id")}
    for index, row in enumerate(specimens.rows):
        if row["assay"] == assay.name and row["specimen_id"] not in described:
            message = f"'{row['specimen_id']}' has no row in {sheet.file}"
            specimens.report(index, "specimen_id", message)
    settings = config["assays"][assay.name]
    for name, column in assay.sheet_schema["properties"].items():
        if look and ["specimen_id", name] in assay.sheet_schema.get("unique", []):
            _check_same_file(sheet, name)
        if "key_of" in column:
            key = column["key_of"]
            own = key in assay.settings_schema.get("properties", {})
            known = set((settings if own else config).get(key, {}))
            check_references(sheet, name, known, f"assays.{assay.name}.{key}" if own else key)


def _check_same_file(sheet: Sheet, column: str) -> None:
    """Refuse one file under two spellings in one specimen: it would count twice."""
    named: dict[str, set[str]] = defaultdict(set)
    for row in sheet.rows:
        if row[column] is not None:
            named[row["specimen_id"]].add(row[column])
    several = {specimen: paths for specimen, paths in named.items() if len(paths) > 1 and specimen}
    real = real_paths(path for paths in several.values() for path in paths)
    first: dict[tuple[str, str], int] = {}
    for index, row in enumerate(sheet.rows if several else []):
        if row[column] is not None and row["specimen_id"] in several:
            key = (row["specimen_id"], real[row[column]])
            other = first.setdefault(key, index)
            if other != index and sheet.rows[other][column] != row[column]:
                line = sheet.lines[first[key]]
                message = f"'{row[column]}' is the file of row {line - 1} (line {line})"
                sheet.report(index, column, message)
