"""A run: its settings, its assays and its sheets, read once and checked as a whole."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from liquidbiopsy.core.assay import Assay, check_choices, read_assay
from liquidbiopsy.core.errors import CheckError, Problem, UserError, did_you_mean
from liquidbiopsy.core.paths import existing, expand_path, real_paths
from liquidbiopsy.core.rules import read_rules
from liquidbiopsy.core.settings import check_settings, read_yaml, with_defaults
from liquidbiopsy.core.sheets import Sheet, check_references, read_sheet, rows_that_stay

SETTINGS = "config.yaml"
SHARED_SHEETS = ("patients", "specimens", "events", "reviews")


@dataclass(frozen=True)
class Specimen:
    """One specimen with the rows of its assay's sheet."""

    row: dict[str, Any]
    """Its row of specimens.tsv."""
    items: tuple[dict[str, Any], ...]
    """Its rows of the assay's sheet."""
    reviews: tuple[dict[str, Any], ...]
    """People's calls, in the order in which they were made."""
    path_columns: tuple[str, ...]
    """Columns of the assay's sheet that hold paths."""

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Raw files and folders that can be read; the rest is for its report.

        They are looked at when they are asked for: a job needs those of its own specimen alone.
        """
        named = [row[c] for row in self.items for c in self.path_columns if row[c] is not None]
        return tuple(existing(p for path in named for p in expand_path(path)))


@dataclass(frozen=True)
class Run:
    """All that the rules need to know of a run."""

    config: dict[str, Any]
    assays: dict[str, Assay]
    patients: dict[str, dict[str, Any]]
    events: dict[str, list[dict[str, Any]]]
    specimens: dict[str, dict[str, Specimen]]
    """Assay -> specimen_id -> specimen."""

    def specimens_of(self, patient_id: str) -> list[dict[str, Any]]:
        """A patient's rows of specimens.tsv, by day."""
        return list(self._by_patient.get(patient_id, []))

    @cached_property
    def _by_patient(self) -> dict[str, list[dict[str, Any]]]:
        """Rows of specimens.tsv of each patient, by day; each is looked up many times."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for of_assay in self.specimens.values():
            for specimen in of_assay.values():
                found[specimen.row["patient_id"]].append(specimen.row)
        for rows in found.values():
            rows.sort(key=lambda r: (r["day"], r["assay"], r["specimen_id"]))
        return dict(found)


_latest: list[Run] = []


def current_run() -> Run:
    """The run that the root Snakefile has read; assay modules, which cannot see it, ask here."""
    return _latest[-1]


def read_run(config: Mapping[str, Any], root: str | Path, *, look: bool = True) -> Run:
    """Read and check the settings and all sheets.

    Parameters
    ----------
    config : dict
        Settings as Snakemake read them.
    root : path
        Folder of the root Snakefile.
    look : bool
        Whether files are looked at, to tell one under two names. The jobs of a cluster read all
        sheets again, and what was told before they were sent out they need not ask anew.

    Raises
    ------
    CheckError
        Anything in the settings or the sheets is wrong; all of it in one listing.
    """
    workflow = Path(root) / "workflow"
    schemas = {p.name.split(".")[0]: read_yaml(p) for p in (workflow / "schemas").glob("*.yaml")}
    filled = with_defaults(dict(config), schemas["config"])
    problems = check_settings(filled, schemas["config"], SETTINGS)
    if not _has_its_parts(filled):
        raise CheckError(problems)
    if not problems:
        problems = _check_rules(filled["rules"])
    assays: dict[str, Assay] = {}
    for name, settings in filled["assays"].items():
        try:
            assays[name] = read_assay(name, workflow / "assays", settings.get("snakefile"))
        except UserError as error:
            problems.append(Problem(SETTINGS, 0, "", str(error)))
            continue
        schema = assays[name].settings_schema
        own = {k: v for k, v in settings.items() if k != "snakefile"}
        filled["assays"][name] = with_defaults(own, schema)
        found = check_settings(filled["assays"][name], schema, SETTINGS, f"assays.{name}")
        if not found and not isinstance(filled["assays"][name].get("sheet"), str):
            found = [Problem(SETTINGS, 0, "", f"assays.{name}: sheet is missing")]
        if not found:
            words = check_choices(assays[name], filled["assays"][name])
            found = [Problem(SETTINGS, 0, "", message) for message in words]
        problems += found
        if found:  # its sheet hangs on its settings
            del assays[name]
    try:
        with rows_that_stay():
            run = _read_sheets(filled, assays, schemas, look)
    except CheckError as error:
        problems += error.problems
    if problems:
        raise CheckError(problems)
    filled["results"] = os.path.normpath(filled["results"])
    _latest[:] = [run]
    return run


def _check_rules(listed: Sequence[str]) -> list[Problem]:
    """What is wrong with the decision rules that the settings list."""
    try:
        read_rules(listed)
    except CheckError as error:
        return error.problems
    return []


def _has_its_parts(config: Mapping[str, Any]) -> bool:
    """Whether settings, sound or not, name sheets and assays that can be looked at."""
    sheets, assays = config.get("sheets"), config.get("assays")
    return (
        isinstance(sheets, Mapping)
        and {"patients", "specimens"} <= set(sheets)
        and all(isinstance(path, str) for path in sheets.values())
        and isinstance(assays, Mapping)
        and len(assays) > 0
        and all(isinstance(settings, Mapping) for settings in assays.values())
        and all(isinstance(settings.get("snakefile", ""), str) for settings in assays.values())
    )


def _read_sheets(
    config: dict[str, Any], assays: dict[str, Assay], schemas: Mapping[str, Any], look: bool
) -> Run:
    """Read every sheet of a run whose settings are sound, and check one against another."""
    sheets = {
        name: read_sheet(config["sheets"][name], schemas[name], look=look)
        for name in SHARED_SHEETS
        if config["sheets"].get(name)
    }
    own = {
        name: read_sheet(config["assays"][name]["sheet"], assay.sheet_schema, look=look)
        for name, assay in assays.items()
    }
    unread = [s for s in (*sheets.values(), *own.values()) if s.problems and not s.rows]
    if not unread:  # a sheet that could not be read would make every reference to it a problem
        _check_shared(sheets, assays, set(config["assays"]))
        for name, assay in assays.items():
            _check_own(own[name], sheets["specimens"], assay, config, look)
    problems = [p for s in (*sheets.values(), *own.values()) for p in s.problems]
    if problems:
        raise CheckError(problems)
    reviews = _by_specimen(sheets["reviews"].rows if "reviews" in sheets else [])
    events = defaultdict(list)
    for row in sheets["events"].rows if "events" in sheets else []:
        events[row["patient_id"]].append(row)
    specimens: dict[str, dict[str, Specimen]] = {name: {} for name in assays}
    items = {name: _by_specimen(own[name].rows) for name in assays}
    paths = {name: assay.path_columns for name, assay in assays.items()}
    for row in sheets["specimens"].rows:
        key, name = row["specimen_id"], row["assay"]
        if name not in assays:  # its settings are wrong, which is told
            continue
        specimens[name][key] = Specimen(
            row, tuple(items[name][key]), tuple(reviews.get(key, ())), paths[name]
        )
    patients = {row["patient_id"]: row for row in sheets["patients"].rows}
    return Run(config, assays, patients, dict(events), specimens)


def _by_specimen(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Rows of a sheet by the specimen that they are of, in their order."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["specimen_id"]].append(row)
    return found


def _check_shared(
    sheets: Mapping[str, Sheet], assays: Mapping[str, Assay], named: set[str]
) -> None:
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


def _check_own(
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
